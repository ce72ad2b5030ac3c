/* reading.c - see reading.h. */
#include "site/reading.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "shared/metrics_file.h"
#include "site/positions.h"
#include "site/site.h"
#include "store/store_replica.h"
#include "system/budget.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* What the functions of one reading share. */
struct work {
    struct reading *g;
    const struct query *q;
    const struct reading_how *how;
    struct store *store;
    struct positions_asked asked;
    size_t budget; /* what is left of the answer's */
};

enum {
    COPIES = 2, /* of a text in work: as read, and in the answer */
    CROWDED_MS = 2,
    CROWDED_TRIES = 100, /* other requests are done in some milliseconds */
    CROWDED_THREADS = 8, /* that may wait at once: half of them by default */
};

/* ---- positions and ETag ---- */

/* The greatest one fits: a quote, 22 bytes of the epoch, and twice a hyphen with 16 digits. */
static_assert(sizeof((struct reading *)NULL)->etag > 1 + CHAT_EPOCH_SIZE + 2 * 17 + 1, "the ETag fits");

static char *put_hex(char *to, uint64_t number)
{
    int shift = 60;
    while (shift > 0 && number >> shift == 0) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        *to++ = "0123456789abcdef"[number >> shift & 0xF];
    }
    *to = '\0';
    return to;
}

/* An answer to one URL depends on the epoch, and on head and oldest of each room (a change of a
 * message raises head). The ETag has a hash over them; the numbers of a single room stand in it as
 * they are, so that two states of it never have the same ETag. */
static void make_etag(struct reading *g, const struct query *q)
{
    uint64_t hash = HASH_START;
    if (q->count == 1) {
        char *to = stpcpy(stpcpy(stpcpy(g->etag, "\""), g->epoch), "-");
        to = stpcpy(put_hex(to, g->rooms[0].head), "-");
        (void)stpcpy(put_hex(to, g->rooms[0].oldest), "\"");
        return;
    }
    for (size_t i = 0; i < q->count; i++) {
        hash = hash_bytes(hash, &g->rooms[i].head, sizeof g->rooms[i].head);
        hash = hash_bytes(hash, &g->rooms[i].oldest, sizeof g->rooms[i].oldest);
    }
    snprintf(g->etag, sizeof g->etag, "\"%.22s-%016llx\"", g->epoch, (unsigned long long)hash);
}

/* The closing quote of an ETag, perhaps with what a web server that compresses answers adds before
 * it (mod_deflate, mod_brotli, Caddy). */
static bool is_end_of_etag(const char *at)
{
    static const char *const ends[] = {"\"", "-gzip\"", "-br\"", "-zstd\""};
    bool found = false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        found = found || strncmp(at, ends[i], strlen(ends[i])) == 0;
    }
    return found;
}

/* If-None-Match is * or a list of tags, perhaps weak ones (W/ before them; a proxy that compresses
 * marks them so). */
static bool etag_matches(const char *header, const char *etag)
{
    char opening[sizeof((struct reading *)NULL)->etag];
    size_t length = strlen(etag) - 1;
    if (header == NULL) {
        return false;
    }
    memcpy(opening, etag, length);
    opening[length] = '\0';
    bool matches = strcmp(header, "*") == 0;
    for (const char *at = header; !matches && (at = strstr(at, opening)) != NULL;) {
        at += length;
        matches = is_end_of_etag(at);
    }
    return matches;
}

static int read_positions(const struct work *w, struct store_room *found, struct err *e)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < w->q->count; i++) {
        result = store_room(w->store, w->g->rooms[i].name, &found[i], e);
    }
    return result;
}

/* ---- messages ---- */

static int read_page(struct work *w, size_t i, const struct store_range *range, struct err *e)
{
    struct reading *g = w->g;
    if (store_read(w->store, range, &g->pages[i], e) != 0) {
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

/* True: messages of the range are missing, because retention, a purge or SQL removed them. begin:
 * the seq before the first one that was asked for. end: the last seq that the page reaches. */
static bool misses_some(const struct store_page *page, uint64_t begin, uint64_t end)
{
    uint64_t before = begin;
    for (size_t i = 0; i < page->count; i++) {
        if (page->messages[i].seq != before + 1) {
            return true;
        }
        before = page->messages[i].seq;
    }
    return before < end;
}

/* The seq after which a room is read. A since beyond the head counts as the head. */
static uint64_t start_of(const struct query_room *asked, const struct answer_room *room)
{
    return asked->now || asked->since > room->head ? room->head : asked->since;
}

/* Reads what is newer than since. What is left of limit and budget goes to the next room. A room
 * for which nothing is left keeps its position, and `more` tells the client to ask again at
 * once. */
static int read_since(struct work *w, size_t i, uint32_t *limit, size_t *budget, struct err *e)
{
    struct answer_room *room = &w->g->rooms[i];
    uint64_t since = start_of(&w->q->rooms[i], room);
    const struct store_range range = {
        .room = room->name, .since = since, .limit = *limit, .budget = *budget, .viewer = w->q->viewer};
    room->gap = since + 1 < room->oldest;
    room->next = since;
    if (since == room->head) {
        return 0;
    }
    if (*limit == 0 || *budget == 0) {
        w->g->answer.more = true;
        return 0;
    }
    if (read_page(w, i, &range, e) != 0) {
        return -1;
    }
    const struct store_page *page = &w->g->pages[i];
    *budget -= page->weight < *budget ? page->weight : *budget;
    *limit -= (uint32_t)room->count;
    room->gap = room->gap || misses_some(page, since, page->more ? 0 : room->head);
    room->next = last_seq(page, page->more ? since : room->head);
    return 0;
}

static int read_newer(struct work *w, struct err *e)
{
    uint32_t limit = w->q->limit;
    size_t budget = w->budget;
    for (size_t i = 0; i < w->q->count; i++) {
        if (read_since(w, i, &limit, &budget, e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Reads the last messages, or those before a seq. */
static int read_backwards(struct work *w, struct err *e)
{
    struct answer_room *room = &w->g->rooms[0];
    bool is_last = w->q->kind == QUERY_LAST;
    const struct store_range range = {.room = room->name,
                                      .before = is_last ? 0 : w->q->before,
                                      .limit = w->q->limit,
                                      .budget = w->budget,
                                      .backwards = true,
                                      .viewer = w->q->viewer};
    if (read_page(w, 0, &range, e) != 0) {
        return -1;
    }
    const struct store_page *page = &w->g->pages[0];
    uint64_t end = !is_last && w->q->before <= room->head ? w->q->before - 1 : room->head;
    bool has_begin = page->more && page->count > 0; /* older ones weren't asked for */
    room->gap = misses_some(page, has_begin ? page->messages[0].seq - 1 : room->oldest - 1, end);
    if (is_last) {
        w->g->answer.more = false; /* older ones may be there, but a call with since=next would find nothing */
    }
    room->next = last_seq(page, end);
    return 0;
}

/* ---- the whole ---- */

static int check_epoch(const struct work *w, struct err *e)
{
    if (w->q->epoch[0] == '\0' || strcmp(w->q->epoch, w->g->epoch) == 0) {
        return 0;
    }
    return err_field(
        e, ERR_EPOCH, "epoch",
        "Your messages are from another database. Forget them, and begin again with since=0 and without epoch.");
}

/* The positions are known. A client that is ahead of a room, or whose next messages were removed,
 * is told so at once: for it, there is something new. */
static bool has_nothing_new(const struct work *w)
{
    bool nothing = w->q->kind == QUERY_SINCE;
    for (size_t i = 0; nothing && i < w->q->count; i++) {
        const struct answer_room *room = &w->g->rooms[i];
        nothing = (w->q->rooms[i].now || w->q->rooms[i].since == room->head) && room->head + 1 >= room->oldest;
    }
    return nothing;
}

/* Sets how much may be read: all that an answer may have, or little if the process's budget is
 * used up. */
static void take_budget(struct work *w)
{
    size_t most = w->how->budget;
    bool small = most <= BUDGET_SMALL || w->how->always;
    if (!small && budget_take(most * COPIES, 0)) {
        w->g->counted = most * COPIES;
        small = true;
    }
    w->budget = small ? most : BUDGET_SMALL;
}

static size_t weight_read(const struct work *w)
{
    size_t weight = 0;
    for (size_t r = 0; r < w->q->count; r++) {
        weight += w->g->pages[r].weight;
    }
    return weight;
}

/* Waits until so much of the budget is left. Only some threads wait at once: the others have small
 * requests to answer. */
static bool wait_for_budget(size_t needed)
{
    static atomic_uint waiting;
    bool taken = false;
    if (atomic_fetch_add(&waiting, 1) < CROWDED_THREADS) {
        for (int tries = 0; !taken && tries < CROWDED_TRIES; tries++) {
            clock_sleep_ms(CROWDED_MS);
            taken = budget_take(needed, 0);
        }
    }
    atomic_fetch_sub(&waiting, 1);
    return taken;
}

/* After reading, only what was read stays counted. If that is more than what was taken, all is
 * given back before the thread waits: if several threads each kept a part and waited for the rest,
 * none would get it. */
static int settle_budget(struct work *w, struct err *e)
{
    size_t weight = weight_read(w);
    size_t needed = weight > BUDGET_SMALL && !w->how->always ? weight * COPIES : 0;
    if (needed <= w->g->counted) {
        budget_give_back(w->g->counted - needed);
        w->g->counted = needed;
        return 0;
    }
    budget_give_back(w->g->counted);
    w->g->counted = 0;
    if (!budget_take(needed, 0) && !wait_for_budget(needed)) {
        return err_set(e, ERR_CROWDED, "Too many requests ask for long messages at once. Try again in a moment.");
    }
    w->g->counted = needed;
    return 0;
}

/* Positions are known to all processes as soon as the store was asked for them. */
static void take_positions(struct work *w, const struct store_room *found)
{
    for (size_t i = 0; i < w->q->count; i++) {
        w->g->rooms[i].head = found[i].head;
        w->g->rooms[i].oldest = found[i].oldest;
    }
    positions_learn(&w->asked, w->g->rooms, w->q->count);
    make_etag(w->g, w->q);
    w->g->nothing_new = has_nothing_new(w);
    w->g->unchanged = etag_matches(w->how->if_none_match, w->g->etag);
}

static int read_messages(struct work *w, struct err *e)
{
    take_budget(w);
    return w->q->kind == QUERY_SINCE ? read_newer(w, e) : read_backwards(w, e);
}

/* One view of the store, so that head, oldest and messages are of the same moment. */
static int read_view(struct work *w, struct err *e)
{
    struct store_room found[QUERY_ROOMS_MAX];
    if (read_positions(w, found, e) != 0) {
        return -1;
    }
    take_positions(w, found);
    return w->g->unchanged ? 0 : read_messages(w, e);
}

/* True: it is known without the store that there is nothing new for the client. */
static bool read_memory(struct work *w, struct site *site)
{
    struct reading *g = w->g;
    if (w->q->kind != QUERY_SINCE || !positions_find(site_positions(site), g->rooms, w->q->count, g->epoch) ||
        check_epoch(w, NULL) != 0 || !has_nothing_new(w)) {
        return false;
    }
    make_etag(g, w->q);
    g->nothing_new = true;
    g->unchanged = etag_matches(w->how->if_none_match, g->etag);
    for (size_t i = 0; i < w->q->count; i++) {
        g->rooms[i].next = g->rooms[i].head;
    }
    return true;
}

static void drop_pages(struct work *w)
{
    for (size_t i = 0; i < w->q->count; i++) {
        store_page_fini(&w->g->pages[i]);
        w->g->rooms[i].messages = NULL;
        w->g->rooms[i].count = 0;
    }
    budget_give_back(w->g->counted);
    w->g->counted = 0;
    w->g->answer.more = false;
}

/* The process counts in another file as soon as the data folder exists. The gauge is lowered in the
 * file in which it was raised. */
static void gauge_replica(const struct work *w, struct site *site)
{
    static struct metrics_file *_Atomic gauged; /* of the process, which has one site; NULL: nowhere */
    bool is_away = store_replica_state(w->store) != STORE_REPLICA_USED;
    struct metrics_file *file = is_away ? site_metrics(site) : NULL;
    struct metrics_file *before = atomic_exchange(&gauged, file);
    if (before != file && before != NULL) {
        metrics_file_gauge(before, METRICS_REPLICA_AWAY, -1);
    }
    if (before != file && file != NULL) {
        metrics_file_gauge(file, METRICS_REPLICA_AWAY, 1);
    }
}

/* Counts for the owner what the replica is good for. An answer without a page isn't counted. */
static void count_page(const struct work *w, struct site *site, bool is_replica)
{
    if (!w->g->unchanged && !w->g->nothing_new) {
        metrics_file_add(site_metrics(site), is_replica ? METRICS_REPLICA_PAGES : METRICS_PRIMARY_PAGES, 1);
    }
}

/* Reads the messages in a view of the replica that has these positions. */
static bool read_there(struct work *w, const char *const *names, const struct store_room *found)
{
    struct err ignored = ERR_INIT;
    if (!store_replica_begin(w->store, names, found, w->q->count)) {
        return false;
    }
    int result = read_messages(w, &ignored);
    store_read_end(w->store);
    if (result != 0) {
        drop_pages(w);
    }
    return result == 0;
}

/* Positions from the primary, messages from a replica that has the same. False: all is to be read
 * from the primary. */
static bool read_replica(struct work *w, struct site *site)
{
    const char *names[QUERY_ROOMS_MAX];
    struct store_room found[QUERY_ROOMS_MAX];
    for (size_t i = 0; i < w->q->count; i++) {
        names[i] = w->g->rooms[i].name;
    }
    bool is_known = store_replica_ask(w->store, names, found, w->q->count, w->q->kind == QUERY_SINCE);
    if (is_known) {
        take_positions(w, found);
    }
    if (is_known && w->g->unchanged) {
        return true;
    }
    if (is_known && w->g->nothing_new) {
        return read_messages(w, NULL) == 0; /* there are none, so it reads nothing */
    }
    bool is_done = is_known && read_there(w, names, found);
    gauge_replica(w, site);
    return is_done;
}

static int read_store(struct work *w, struct site *site, struct err *e)
{
    int result = -1;
    bool has_replica = store_replica_state(w->store) != STORE_REPLICA_NONE;
    snprintf(w->g->epoch, sizeof w->g->epoch, "%s", store_epoch(w->store));
    if (check_epoch(w, e) != 0) {
        return -1;
    }
    positions_ask(site_positions(site), w->store, &w->asked);
    bool is_there = has_replica && read_replica(w, site);
    if (is_there) {
        result = 0;
    } else if (store_read_begin(w->store, e) == 0) {
        result = read_view(w, e);
        store_read_end(w->store);
    }
    if (has_replica && result == 0) {
        count_page(w, site, is_there);
    }
    return result == 0 ? settle_budget(w, e) : -1; /* it may wait a little, so not within the view */
}

/* Sets all but the rooms that weren't asked for, which are most of the struct. */
static void begin(struct reading *g, const struct query *q, const struct reading_how *how)
{
    g->answer = (struct answer){
        .epoch = g->epoch, .rooms = g->rooms, .count = q->count, .several = q->several, .poll_after = how->poll_after};
    for (size_t i = 0; i < q->count; i++) {
        const struct query_room *asked = &q->rooms[i];
        g->rooms[i] = (struct answer_room){.name = asked->name, .next = asked->now ? UINT64_MAX : asked->since};
        g->pages[i] = (struct store_page){.count = 0};
    }
    g->epoch[0] = '\0';
    g->etag[0] = '\0';
    g->counted = 0;
    g->unchanged = false;
    g->nothing_new = false;
}

int reading_take(struct reading *g, struct site *site, const struct query *q, const struct reading_how *how,
                 struct err *e)
{
    struct work w = {.g = g, .q = q, .how = how};
    begin(g, q, how);
    if (read_memory(&w, site)) {
        return 0;
    }
    w.store = site_borrow(site, e);
    if (w.store == NULL) {
        return -1;
    }
    int result = read_store(&w, site, e);
    site_return(site, w.store);
    return result;
}

void reading_drop_messages(struct reading *g)
{
    for (size_t i = 0; i < g->answer.count; i++) {
        store_page_fini(&g->pages[i]);
        g->rooms[i].messages = NULL;
        g->rooms[i].count = 0;
    }
}

void reading_fini(struct reading *g)
{
    budget_give_back(g->counted);
    g->counted = 0;
    reading_drop_messages(g);
}
