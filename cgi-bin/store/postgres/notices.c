/* notices.c - see notices.h. */
#include "store/postgres/private/notices.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "store/postgres/private/engine.h"
#include "store/postgres/private/fail.h"
#include "store/postgres/private/handle.h"
#include "store/postgres/private/link.h"
#include "store/postgres/private/seen.h"
#include "store/postgres/private/statements.h"
#include "store/postgres/private/takeover.h"
#include "store/sql/query.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    PAYLOAD_MOST = 7900, /* bytes of a notice: PostgreSQL allows 7,999 */
    ECHO_MS = 2000,      /* between two notices of this process to itself */
    LATE_MS = 1000,      /* an echo that takes longer is missing */
};

struct postgres_notices {
    struct store_notices base;
    struct postgres_handle *s;
    int wake_fd;
    bool is_heard;
    bool is_echo_due;          /* it was sent, and hasn't come back */
    int64_t heard_at;          /* behind a pool: when the last echo came; monotonic ms */
    int64_t echoed_at;         /* monotonic ms; 0: never */
    char echo[RANDOM_ID_SIZE]; /* the word that only this process sends */
    unsigned connection;       /* of the handle, that listens */
};

static struct postgres_notices *mine(struct store_notices *n)
{
    return (struct postgres_notices *)n;
}

/* ---- sending ---- */

/* Two chats in one database have channels of their own. */
static void add_channel(struct buf *out, const struct postgres_handle *s)
{
    buf_addf(out, "pollchat_%08" PRIx32, (uint32_t)s->lock);
}

/* The words need no quoting: names of rooms, numbers, ids. */
static void begin_notice(struct buf *out, const struct postgres_handle *s)
{
    buf_adds(out, "NOTIFY ");
    add_channel(out, s);
    buf_adds(out, ", '");
}

static int send_notice(struct postgres_handle *s, struct buf *notice, struct err *e)
{
    buf_adds(notice, "'");
    PGresult *sent = postgres_link_run(s, buf_text(notice), "send a notice", e);
    PQclear(sent);
    return sent != NULL ? 0 : -1;
}

/* One notice, with rooms from *at on, as many as fit. */
static int tell_some(struct postgres_handle *s, const struct store_changes *changes, size_t *at, struct err *e)
{
    struct buf notice;
    buf_init(&notice, BUF_UNLIMITED);
    begin_notice(&notice, s);
    size_t begin = notice.length;
    buf_addf(&notice, "rules=%" PRIu64 "%s", changes->rules, changes->oldest_moved ? " oldest" : "");
    while (*at < changes->count && notice.length - begin < PAYLOAD_MOST - CHAT_ROOM_MAX - 24) {
        buf_addf(&notice, " %s:%" PRIu64, changes->rooms[*at].room, changes->rooms[*at].head);
        (*at)++;
    }
    int result = send_notice(s, &notice, e);
    buf_fini(&notice);
    return result;
}

static int tell_all(struct postgres_handle *s, const struct store_changes *changes, struct err *e)
{
    size_t at = 0;
    int result = 0;
    do {
        result = tell_some(s, changes, &at, e);
    } while (result == 0 && at < changes->count);
    return result;
}

static int tell(struct store_notices *n, const struct store_changes *changes, struct err *e)
{
    return tell_all(mine(n)->s, changes, e);
}

static int tell_by(struct store *s, const struct store_changes *changes, struct err *e)
{
    return tell_all((struct postgres_handle *)s, changes, e);
}

static int send_echo(struct postgres_notices *n, struct err *e)
{
    struct buf notice;
    buf_init(&notice, BUF_UNLIMITED);
    begin_notice(&notice, n->s);
    buf_addf(&notice, "echo=%s", n->echo);
    int result = send_notice(n->s, &notice, e);
    buf_fini(&notice);
    n->echoed_at = clock_mono_ms();
    n->is_echo_due = true;
    return result;
}

/* ---- hearing ---- */

static void take_room(const char *word, const char *colon, struct store_changes *out)
{
    char room[CHAT_ROOM_MAX + 1];
    char *end = NULL;
    size_t length = (size_t)(colon - word);
    unsigned long long head = strtoull(colon + 1, &end, 10);
    if (length > 0 && length < sizeof room && *end == '\0' && head <= CHAT_SEQ_MAX) {
        memcpy(room, word, length);
        room[length] = '\0';
        store_changes_raise(out, room, head);
    }
}

/* A pool in transaction mode may lend the connection that ran LISTEN to any later statement, and
 * then notices come with the answer to that statement. So behind a pool only an echo counts, of any
 * process, that comes while no statement runs. */
static void take_echo(struct postgres_notices *n, const char *echo, bool by_itself)
{
    if (n->s->is_pooled ? by_itself : strcmp(echo, n->echo) == 0) {
        n->is_heard = true;
        n->is_echo_due = false;
        n->heard_at = clock_mono_ms();
    }
}

static void take_word(struct postgres_notices *n, const char *word, bool by_itself, struct store_changes *out)
{
    static const char rules[] = "rules=";
    static const char echo[] = "echo=";
    const char *colon = strchr(word, ':');
    if (strncmp(word, rules, sizeof rules - 1) == 0) {
        uint64_t number = strtoull(word + sizeof rules - 1, NULL, 10);
        out->rules = number > out->rules ? number : out->rules;
    } else if (strncmp(word, echo, sizeof echo - 1) == 0) {
        take_echo(n, word + sizeof echo - 1, by_itself);
    } else if (strcmp(word, "oldest") == 0) {
        out->oldest_moved = true;
    } else if (colon != NULL) {
        take_room(word, colon, out);
    }
}

/* How many notices have come. by_itself: not with the answer to a statement. */
static int take_notices(struct postgres_notices *n, bool by_itself, struct store_changes *out)
{
    int count = 0;
    for (PGnotify *notice = PQnotifies(n->s->db); notice != NULL; notice = PQnotifies(n->s->db)) {
        char *rest = NULL;
        for (char *word = strtok_r(notice->extra, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
            take_word(n, word, by_itself, out);
        }
        PQfreemem(notice);
        count++;
    }
    return count;
}

/* The connection that listens is gone: what was told meanwhile is lost. */
static bool is_broken(const struct postgres_notices *n)
{
    return n->s->db == NULL || n->s->connections != n->connection || PQstatus(n->s->db) != CONNECTION_OK;
}

/* Waits for the socket or a wake. 1: woken, 0: something came or the time is up, -1: broken. */
static int wait_once(struct postgres_notices *n, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = PQsocket(n->s->db), .events = POLLIN}, {.fd = n->wake_fd, .events = POLLIN}};
    uint64_t wakes = 0;
    int ready = poll(fds, 2, timeout_ms);
    if (ready > 0 && fds[0].revents != 0 && PQconsumeInput(n->s->db) == 0) {
        return -1;
    }
    return ready > 0 && fds[1].revents != 0 && read(n->wake_fd, &wakes, sizeof wakes) > 0 ? 1 : 0;
}

/* Milliseconds until the next echo is to be sent, or missed. */
static int until_echo(const struct postgres_notices *n)
{
    int64_t left = n->echoed_at + (n->is_echo_due && n->is_heard ? LATE_MS : ECHO_MS) - clock_mono_ms();
    return left > 0 ? (int)left : 0;
}

static int look_after_echo(struct postgres_notices *n, struct err *e)
{
    int64_t now = clock_mono_ms();
    bool is_missing = n->s->is_pooled ? now - n->heard_at >= ECHO_MS + LATE_MS
                                      : n->is_echo_due && now - n->echoed_at >= LATE_MS;
    n->is_heard = n->is_heard && !is_missing;
    return n->echoed_at == 0 || now - n->echoed_at >= ECHO_MS ? send_echo(n, e) : 0;
}

static int listen_for(struct store_notices *base, int timeout_ms, struct store_changes *out, struct err *e)
{
    struct postgres_notices *n = mine(base);
    int64_t end = clock_mono_ms() + timeout_ms;
    for (;;) {
        if (is_broken(n) || look_after_echo(n, e) != 0 || is_broken(n)) {
            return postgres_fail_unreachable(e);
        }
        bool was_heard = n->is_heard;
        if (take_notices(n, false, out) > 0) {
            return 1;
        }
        int64_t left = end - clock_mono_ms();
        int echo = until_echo(n);
        int woken = left > 0 ? wait_once(n, left < echo ? (int)left : echo) : 1;
        if (woken < 0) {
            return postgres_fail_unreachable(e);
        }
        int taken = take_notices(n, true, out);
        if (taken > 0 || woken > 0 || was_heard != n->is_heard) {
            return taken > 0 ? 1 : 0;
        }
    }
}

static void wake(struct store_notices *n)
{
    const uint64_t one = 1;
    (void)!write(mine(n)->wake_fd, &one, sizeof one); /* full: it is awake */
}

static bool are_heard(const struct store_notices *n)
{
    return ((const struct postgres_notices *)n)->is_heard;
}

/* ---- asking ---- */

static int ask_meta(struct postgres_notices *n, struct store_asked *asked, struct err *e)
{
    struct sql_query q;
    int64_t timeline = 0;
    sql_query_begin(&q, &n->s->sql,
                    "SELECT epoch, rules, (SELECT ifnull(max(room_id), 0) FROM room), " POSTGRES_TAKEOVER_TIMELINE
                    " FROM meta",
                    "ask for the rules", e);
    if (sql_query_next(&q)) {
        snprintf(asked->epoch, sizeof asked->epoch, "%s", sql_query_text_at(&q, 0));
        asked->rules = (uint64_t)sql_query_number_at(&q, 1);
        asked->rooms_made = (uint64_t)sql_query_number_at(&q, 2);
        timeline = sql_query_number_at(&q, 3);
    }
    return sql_query_end(&q) == 0 && (timeline == 0 || postgres_seen_check(n->s, timeline, e) == 0) ? 0 : -1;
}

#define ASK_HEADS \
    "SELECT place, head, oldest FROM unnest(?) WITH ORDINALITY AS asked (name, place) JOIN room USING (name)"
static const char ask_for_heads[] = ASK_HEADS;
/* In one statement, and so of one moment. Places begin with 1. */
static const char ask_for_all[] = ASK_HEADS " UNION ALL SELECT 0, CAST(ifnull(sum(head), 0) AS bigint), 0 FROM room";

static int ask_heads(struct postgres_notices *n, struct store_asked *asked, struct err *e)
{
    struct sql_query q;
    const char **names = ck_calloc(asked->count, sizeof *names);
    for (size_t i = 0; i < asked->count; i++) {
        names[i] = asked->rooms[i].room;
        asked->rooms[i].head = 0;
        asked->rooms[i].oldest = 1;
    }
    sql_query_begin(&q, &n->s->sql, asked->wants_sum ? ask_for_all : ask_for_heads, "ask for heads", e);
    postgres_statements_bind_texts(&q, names, asked->count);
    while (sql_query_next(&q)) {
        int64_t place = sql_query_number_at(&q, 0);
        uint64_t head = (uint64_t)sql_query_number_at(&q, 1);
        if (place == 0) {
            asked->sum = head;
        } else {
            asked->rooms[place - 1].head = head;
            asked->rooms[place - 1].oldest = (uint64_t)sql_query_number_at(&q, 2);
        }
    }
    free(names);
    return sql_query_end(&q);
}

static int ask(struct store_notices *base, struct store_asked *asked, struct err *e)
{
    struct postgres_notices *n = mine(base);
    if (is_broken(n)) {
        return postgres_fail_unreachable(e);
    }
    postgres_takeover_note_sync(n->s);
    bool is_short = asked->count == 0 && !asked->wants_sum;
    return ask_meta(n, asked, e) == 0 && (is_short || ask_heads(n, asked, e) == 0) ? 0 : -1;
}

/* See takeover.h. */
static int doubt(struct store_notices *base, struct err *e)
{
    PGresult *done = postgres_link_run(mine(base)->s, "UPDATE meta SET timeline = 0", "ask for a new epoch", e);
    PQclear(done);
    return done != NULL ? 0 : -1;
}

/* ---- open, close ---- */

static void close_notices(struct store_notices *base)
{
    struct postgres_notices *n = mine(base);
    postgres_link_close(n->s);
    postgres_statements_free(n->s);
    postgres_handle_free(n->s);
    if (n->wake_fd >= 0) {
        close(n->wake_fd);
    }
    free(n);
}

static int begin_to_listen(struct postgres_notices *n, struct err *e)
{
    struct buf text;
    if (n->wake_fd < 0) {
        return err_set(e, ERR_SYSTEM, "This process has too many files open.");
    }
    if (postgres_link_open(n->s, e) != 0) {
        return -1;
    }
    buf_init(&text, BUF_UNLIMITED);
    buf_adds(&text, "LISTEN ");
    add_channel(&text, n->s);
    PGresult *done = postgres_link_run(n->s, buf_text(&text), "listen", e);
    buf_fini(&text);
    n->connection = n->s->connections;
    PQclear(done);
    return done != NULL ? 0 : -1;
}

static struct store_notices *open_notices(const struct store_options *options, struct err *e)
{
    struct postgres_notices *n = ck_calloc(1, sizeof *n);
    n->base.backend = &postgres_notices;
    n->s = postgres_handle_new(options, STORE_READ);
    n->s->sql.engine = &postgres_engine;
    n->s->takes_notices = true;
    n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    random_id(n->echo);
    if (begin_to_listen(n, e) != 0) {
        close_notices(&n->base);
        return NULL;
    }
    return &n->base;
}

const struct notices_backend postgres_notices = {
    .open = open_notices,
    .close = close_notices,
    .tell = tell,
    .tell_by = tell_by,
    .listen = listen_for,
    .wake = wake,
    .are_heard = are_heard,
    .doubt = doubt,
    .ask = ask,
};
