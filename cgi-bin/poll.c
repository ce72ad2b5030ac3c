/* poll.c - the program behind GET /poll: everything that reads.
 *
 * Parses what is asked for, reads all rooms in one view of the store, renders. Never writes: the store is opened read
 * only. Not yet here: waiting; `wait` is granted as 0 and poll_after says when to ask again.
 */
#include "lib/answer.h"
#include "lib/ck.h"
#include "lib/conf.h"
#include "lib/cors.h"
#include "lib/err.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/line.h"
#include "lib/log.h"
#include "lib/query.h"
#include "lib/route.h"
#include "lib/serve.h"
#include "lib/site.h"
#include "lib/store.h"
#include "lib/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_SECONDS = 60 }; /* a page of old messages; short, as `head` in it ages */

struct program {
    struct site *site;
};

/* One poll's work: what was asked for, what was found. */
struct reading {
    const struct conf *conf;
    const struct query *query;
    struct answer answer;
    struct answer_room rooms[QUERY_ROOMS_MAX];
    struct store_page pages[QUERY_ROOMS_MAX];
    bool unchanged; /* the client's ETag is the present one */
    char etag[64];
};

static void reading_fini(struct reading *g)
{
    for (size_t i = 0; i < g->query->count; i++) {
        store_page_fini(&g->pages[i]);
    }
}

/* ---- positions and ETag ---- */

static uint64_t fnv1a(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ b[i]) * 1099511628211ULL;
    }
    return hash;
}

/* What an answer to one URL depends on: the epoch, and of each room head and oldest (a change of a message raises head).
 * FNV-1a (Fowler, Noll, Vo) over them; one room's numbers stand in clear, so that the common case can't collide. */
static void make_etag(struct reading *g, const char *epoch)
{
    uint64_t hash = 14695981039346656037ULL;
    if (g->query->count == 1) {
        snprintf(g->etag, sizeof g->etag, "\"%.22s-%llx-%llx\"", epoch, (unsigned long long)g->rooms[0].head,
                 (unsigned long long)g->rooms[0].oldest);
        return;
    }
    for (size_t i = 0; i < g->query->count; i++) {
        hash = fnv1a(hash, &g->rooms[i].head, sizeof g->rooms[i].head);
        hash = fnv1a(hash, &g->rooms[i].oldest, sizeof g->rooms[i].oldest);
    }
    snprintf(g->etag, sizeof g->etag, "\"%.22s-%016llx\"", epoch, (unsigned long long)hash);
}

/* If-None-Match: a list of tags, perhaps weak ones (a proxy that compresses marks them so), or *. */
static bool etag_matches(const char *header, const char *etag)
{
    return header != NULL && (strcmp(header, "*") == 0 || strstr(header, etag) != NULL);
}

static int find_positions(struct store *store, struct reading *g, struct err *e)
{
    for (size_t i = 0; i < g->query->count; i++) {
        struct store_room room;
        if (store_room(store, g->query->rooms[i].name, &room, e) != 0) {
            return -1;
        }
        g->rooms[i].name = g->query->rooms[i].name;
        g->rooms[i].head = room.head;
        g->rooms[i].oldest = room.oldest;
    }
    return 0;
}

/* ---- messages ---- */

static int read_page(struct store *store, struct reading *g, size_t i, const struct store_range *range, struct err *e)
{
    if (store_read(store, range, &g->pages[i], e) != 0) {
        return -1;
    }
    g->rooms[i].messages = g->pages[i].messages;
    g->rooms[i].count = g->pages[i].count;
    g->answer.more = g->answer.more || g->pages[i].more;
    return 0;
}

static uint64_t last_seq(const struct store_page *page, uint64_t otherwise)
{
    return page->count > 0 ? page->messages[page->count - 1].seq : otherwise;
}

/* Newer than since. What is left of limit and budget goes to the next room; a room for which nothing is left
 * keeps its place, and `more` brings the client back for it. */
static int read_since(struct store *store, struct reading *g, size_t i, uint32_t *limit, size_t *budget, struct err *e)
{
    struct answer_room *room = &g->rooms[i];
    const struct query_room *asked = &g->query->rooms[i];
    uint64_t since = asked->now || asked->since > room->head ? room->head : asked->since;
    const struct store_range range = {.room = room->name, .since = since, .limit = *limit, .budget = *budget};
    room->gap = since + 1 < room->oldest;
    room->next = since;
    if (since == room->head) {
        return 0;
    }
    if (*limit == 0 || *budget == 0) {
        g->answer.more = true;
        return 0;
    }
    if (read_page(store, g, i, &range, e) != 0) {
        return -1;
    }
    for (size_t m = 0; m < room->count; m++) {
        size_t length = room->messages[m].text_length;
        *budget -= length < *budget ? length : *budget;
    }
    *limit -= (uint32_t)room->count;
    room->next = last_seq(&g->pages[i], g->pages[i].more ? since : room->head);
    return 0;
}

static int read_newer(struct store *store, struct reading *g, struct err *e)
{
    uint32_t limit = g->query->limit;
    size_t budget = (size_t)g->conf->max_answer;
    for (size_t i = 0; i < g->query->count; i++) {
        if (read_since(store, g, i, &limit, &budget, e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The last ones, or those before a seq. */
static int read_backwards(struct store *store, struct reading *g, struct err *e)
{
    struct answer_room *room = &g->rooms[0];
    bool is_last = g->query->kind == QUERY_LAST;
    const struct store_range range = {.room = room->name,
                                      .before = is_last ? 0 : g->query->before,
                                      .limit = g->query->limit,
                                      .budget = (size_t)g->conf->max_answer,
                                      .backwards = true};
    if (read_page(store, g, 0, &range, e) != 0) {
        return -1;
    }
    if (is_last) {
        g->answer.more = false; /* older ones may be there, but a call with since=next would find nothing */
    }
    uint64_t end = !is_last && g->query->before <= room->head ? g->query->before - 1 : room->head;
    room->next = last_seq(&g->pages[0], end);
    return 0;
}

static int check_epoch(const struct store *store, const struct query *q, struct err *e)
{
    if (q->epoch[0] == '\0' || strcmp(q->epoch, store_epoch(store)) == 0) {
        return 0;
    }
    return err_field(e, ERR_EPOCH, "epoch",
                     "The messages you have are of another database; forget them and begin again with its epoch.");
}

/* In one view of the store, so that head, oldest and the messages belong together. */
static int read_all(struct store *store, struct reading *g, const char *if_none_match, struct err *e)
{
    int result = find_positions(store, g, e);
    if (result == 0) {
        make_etag(g, store_epoch(store));
        g->unchanged = etag_matches(if_none_match, g->etag);
    }
    if (result == 0 && !g->unchanged) {
        result = g->query->kind == QUERY_SINCE ? read_newer(store, g, e) : read_backwards(store, g, e);
    }
    return result;
}

/* ---- answering ---- */

static void render(struct web_reply *r, enum query_format format, const struct answer *a)
{
    switch (format) {
    case QUERY_JSON:
        web_header(r, "Content-Type", "application/json");
        json_answer(&r->body, a);
        break;
    case QUERY_NDJSON:
        web_header(r, "Content-Type", "application/x-ndjson");
        json_answer_lines(&r->body, a);
        break;
    case QUERY_TEXT:
        web_header(r, "Content-Type", "text/plain; charset=utf-8");
        line_answer(&r->body, a);
        break;
    }
}

static void answer_reading(struct web_exchange *x, const struct reading *g)
{
    struct web_reply r;
    web_reply_init(&r, g->unchanged ? 304 : 200);
    web_header(&r, "ETag", "%s", g->etag);
    if (g->query->kind == QUERY_BEFORE && g->query->before <= g->rooms[0].head + 1) {
        web_header(&r, "Cache-Control", "public, max-age=%d", (int)CACHE_SECONDS);
    }
    if (!g->unchanged) {
        render(&r, g->query->format, &g->answer);
    }
    web_answer(x, &r);
    web_reply_fini(&r);
}

static int read_store(struct web_exchange *x, struct program *p, struct reading *g, char epoch[CHAT_EPOCH_SIZE],
                      struct err *e)
{
    struct store *store = site_borrow(p->site, e);
    int result = -1;
    if (store == NULL) {
        return -1;
    }
    snprintf(epoch, CHAT_EPOCH_SIZE, "%s", store_epoch(store));
    if (check_epoch(store, g->query, e) == 0 && store_read_begin(store, e) == 0) {
        result = read_all(store, g, web_variable(x, "HTTP_IF_NONE_MATCH"), e);
        store_read_end(store);
    }
    site_return(p->site, store);
    return result;
}

static void answer_query(struct web_exchange *x, struct program *p, const struct conf *conf, const struct query *q)
{
    char epoch[CHAT_EPOCH_SIZE] = "";
    struct err e = ERR_INIT;
    struct reading *g = ck_calloc(1, sizeof *g);
    g->conf = conf;
    g->query = q;
    g->answer = (struct answer){.epoch = epoch,
                                .rooms = g->rooms,
                                .count = q->count,
                                .several = q->several,
                                .poll_after = (unsigned)conf->poll_after};
    if (read_store(x, p, g, epoch, &e) == 0) {
        answer_reading(x, g);
    } else {
        web_answer_problem(x, &e, e.code == ERR_EPOCH ? epoch : NULL, NULL);
    }
    reading_fini(g);
    free(g);
}

static void handle_poll(struct web_exchange *x, void *context)
{
    struct program *p = context;
    struct err e = ERR_INIT;
    struct query q;
    const struct conf *conf = site_conf(p->site, web_environment(x), &e);
    const struct form *fields = conf != NULL ? web_query(x, &e) : NULL;
    if (fields == NULL || query_parse(fields, &q, &e) != 0) {
        web_answer_problem(x, &e, NULL, NULL);
    } else {
        answer_query(x, p, conf, &q);
    }
}

static void handle(struct web_exchange *x, void *context)
{
    static const struct route routes[] = {{"poll", WEB_GET | WEB_HEAD, handle_poll}, {NULL, 0, NULL}};
    struct program *p = context;
    const struct conf *conf = site_conf(p->site, web_environment(x), NULL);
    if (conf != NULL) {
        cors_apply(x, conf->allow_origin);
    }
    route_dispatch(routes, x, context);
}

int main(void)
{
    struct program p = {.site = site_new(STORE_READ, !serve_is_fastcgi(), serve_stopping())};
    const struct serve how = {.handle = handle, .context = &p, .threads = site_threads()};
    log_program("poll");
    int status = serve(&how);
    site_free(p.site);
    return status;
}
