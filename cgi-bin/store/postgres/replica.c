/* replica.c - see replica.h. */
#include "store/postgres/private/replica.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/postgres/private/link.h"
#include "store/postgres/private/schema.h"
#include "store/postgres/private/seen.h"
#include "store/postgres/private/statements.h"
#include "store/postgres/private/takeover.h"
#include "store/postgres/private/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ERASING_SIZE = 400,
    BEHIND_LEAST_MS = 10, /* pauses in which a replica that isn't far enough is left alone, at least */
    BEHIND_MOST_MS = 1000,
    AWAY_LEAST_MS = 250, /* the same for one that can't be used */
    AWAY_MOST_MS = 30000,
    OTHER_AFTER_MS = 3000,    /* the row of meta arrives late too: another one counts as late for so long */
    COMPLAIN_AFTER_MS = 5000, /* a replica that is behind is told to the log after so long */
};

/* What must be the same, beside the rooms. */
struct facts {
    char epoch[CHAT_EPOCH_SIZE];
    int64_t schema;
    int64_t rules;
    int64_t timeline; /* that the epoch holds for */
    int64_t system;
    int64_t timeline_now;       /* the server's; 0: it is a replica */
    char erasing[ERASING_SIZE]; /* the persons that are being erased, and how far they are */
};

struct postgres_replica {
    struct postgres_handle *handle;
    struct facts asked; /* of the primary */
    bool newest;        /* what was asked for, as in store_replica_ask */
    bool is_viewed;
    bool has_failed; /* a statement of the view */
    bool is_ahead;   /* when it was compared last */
};

/* Of the process, as are those below: for pages of the newest messages, and for others. */
static struct {
    _Atomic int64_t until; /* monotonic ms */
    _Atomic int64_t ms;    /* 0: the replica was fine */
} pauses[2];
static _Atomic int64_t bad_since;   /* monotonic ms; 0: the replica was fine */
static _Atomic int64_t other_since; /* monotonic ms; 0: its row of meta wasn't another one */
static _Atomic int last_state = STORE_REPLICA_USED;
static _Atomic int complained = STORE_REPLICA_USED; /* of what, to the log; USED: of nothing */

/* The facts, in each row, and a room; NULL if there is none. */
static const char ask_state[] =
    "SELECT epoch, schema, rules, timeline, system, " POSTGRES_TAKEOVER_TIMELINE ","
    " coalesce((SELECT string_agg(person_id || ':' || erasing, ' ' ORDER BY person_id) FROM person"
    " WHERE erasing IS NOT NULL), ''), name, head, oldest FROM meta LEFT JOIN room ON name = ANY(?) WHERE one = 1";
static const char begin_view[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

static struct postgres_handle *mine(struct store *base)
{
    return (struct postgres_handle *)base;
}

struct postgres_replica *postgres_replica_new(const struct store_options *options, enum store_mode mode,
                                              const struct sql_engine *engine)
{
    struct store_options of_replica = *options;
    of_replica.address = options->replica;
    if (options->replica == NULL || options->short_lived || mode != STORE_READ) {
        return NULL;
    }
    struct postgres_replica *r = ck_calloc(1, sizeof *r);
    r->handle = postgres_handle_new(&of_replica, STORE_READ);
    r->handle->sql.engine = engine;
    r->handle->is_replica = true;
    return r;
}

void postgres_replica_free(struct postgres_replica *r)
{
    if (r == NULL) {
        return;
    }
    postgres_link_close(r->handle);
    postgres_statements_free(r->handle);
    postgres_handle_free(r->handle);
    free(r);
}

/* ---- whether it is used ---- */

static void complain(const struct postgres_handle *replica, enum store_replica_state state)
{
    static const char *const texts[] = {[STORE_REPLICA_BEHIND] = "it is behind",
                                        [STORE_REPLICA_UNREACHABLE] = "it can't be used: ",
                                        [STORE_REPLICA_PROMOTED] = "it takes changes itself",
                                        [STORE_REPLICA_OTHER] = "it isn't one of this primary"};
    log_line("messages are read from the primary, not from the replica (%s): %s%s", replica->label, texts[state],
             state == STORE_REPLICA_UNREACHABLE ? replica->trouble : "");
}

/* Of several threads that fail at once, one begins it. */
static void begin_pause(bool newest, int64_t least, int64_t most)
{
    int64_t now = clock_mono_ms();
    int64_t until = atomic_load(&pauses[newest].until);
    int64_t pause = atomic_load(&pauses[newest].ms) * 2;
    pause = pause < least ? least : pause > most ? most : pause;
    if (now >= until && atomic_compare_exchange_strong(&pauses[newest].until, &until, now + pause)) {
        atomic_store(&pauses[newest].ms, pause);
    }
}

static void end_pause(bool newest)
{
    atomic_store(&pauses[newest].ms, 0);
    atomic_store(&pauses[newest].until, 0);
}

/* One complaint is enough until the replica is fine, unless a later one names a lasting reason. */
static bool is_news(enum store_replica_state state)
{
    int before = atomic_load(&complained);
    bool is_lasting = state == STORE_REPLICA_PROMOTED || state == STORE_REPLICA_OTHER;
    bool is_more = before == STORE_REPLICA_USED || (is_lasting && (int)state > before);
    return is_more && atomic_compare_exchange_strong(&complained, &before, (int)state);
}

static void note_bad(const struct postgres_replica *r, enum store_replica_state state)
{
    bool is_behind = state == STORE_REPLICA_BEHIND;
    int64_t now = clock_mono_ms();
    int64_t none = 0;
    if (is_behind) {
        begin_pause(r->newest, BEHIND_LEAST_MS, BEHIND_MOST_MS);
    } else {
        begin_pause(false, AWAY_LEAST_MS, AWAY_MOST_MS);
        begin_pause(true, AWAY_LEAST_MS, AWAY_MOST_MS);
    }
    atomic_store(&last_state, state);
    (void)atomic_compare_exchange_strong(&bad_since, &none, now);
    bool is_due = !is_behind || now - atomic_load(&bad_since) >= COMPLAIN_AFTER_MS;
    if (is_due && is_news(state)) {
        complain(r->handle, state);
    }
}

static void note_good(const struct postgres_replica *r)
{
    int before = atomic_exchange(&last_state, STORE_REPLICA_USED);
    atomic_store(&bad_since, 0);
    end_pause(r->newest);
    if (before != STORE_REPLICA_USED && before != STORE_REPLICA_BEHIND) {
        end_pause(!r->newest);
    }
    if (atomic_exchange(&complained, STORE_REPLICA_USED) != STORE_REPLICA_USED) {
        log_line("messages are read from the replica again (%s)", r->handle->label);
    }
}

void postgres_replica_failed(const struct postgres_handle *s)
{
    s->replica->has_failed = true;
    note_bad(s->replica, STORE_REPLICA_UNREACHABLE);
}

static enum store_replica_state state(const struct store *base)
{
    const struct postgres_handle *s = (const struct postgres_handle *)base;
    return s->replica != NULL ? (enum store_replica_state)atomic_load(&last_state) : STORE_REPLICA_NONE;
}

/* ---- questions ---- */

enum column { EPOCH, SCHEMA, RULES, TIMELINE, SYSTEM, TIMELINE_NOW, ERASING, NAME, HEAD, OLDEST };

static int take_facts(const struct sql_query *q, struct facts *out)
{
    int epoch = snprintf(out->epoch, sizeof out->epoch, "%s", sql_query_text_at(q, EPOCH));
    out->schema = sql_query_number_at(q, SCHEMA);
    out->rules = sql_query_number_at(q, RULES);
    out->timeline = sql_query_number_at(q, TIMELINE);
    out->system = sql_query_number_at(q, SYSTEM);
    out->timeline_now = sql_query_number_at(q, TIMELINE_NOW);
    int erasing = snprintf(out->erasing, sizeof out->erasing, "%s", sql_query_text_at(q, ERASING));
    return epoch < (int)sizeof out->epoch && erasing < (int)sizeof out->erasing ? 0 : -1;
}

static void take_room(const struct sql_query *q, const char *const *names, struct store_room *found, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], sql_query_text_at(q, NAME)) == 0) {
            found[i].head = (uint64_t)sql_query_number_at(q, HEAD);
            found[i].oldest = (uint64_t)sql_query_number_at(q, OLDEST);
        }
    }
}

static int take_state(struct sql_query *q, const char *const *names, struct facts *facts, struct store_room *found,
                      size_t count)
{
    int result = -1; /* without a row */
    for (size_t i = 0; i < count; i++) {
        found[i] = (struct store_room){.head = 0, .oldest = 1};
    }
    while (sql_query_next(q)) {
        result = take_facts(q, facts);
        take_room(q, names, found, count);
    }
    return result;
}

/* With one wait for the network. views: a view begins with it. */
static int ask_server(struct postgres_handle *s, bool views, const char *const *names, struct facts *facts,
                      struct store_room *found, size_t count)
{
    struct err ignored = ERR_INIT;
    struct sql_query all[2];
    size_t queries = 0;
    if (views) {
        sql_query_begin(&all[queries++], &s->sql, begin_view, "begin", &ignored);
    }
    struct sql_query *state = &all[queries++];
    sql_query_begin(state, &s->sql, ask_state, "compare the replica", &ignored);
    postgres_statements_bind_texts(state, names, count);
    int result = postgres_statements_ask_all(s, all, queries, "compare the replica", &ignored);
    if (result == 0) {
        s->open = views ? POSTGRES_VIEW : POSTGRES_NOTHING;
        result = take_state(state, names, facts, found, count);
    }
    for (size_t i = 0; i < queries; i++) {
        sql_query_end(&all[i]);
    }
    return result;
}

/* The primary can be compared. Otherwise the usual way finds out what is to be done. */
static bool is_settled(struct postgres_handle *s, const struct facts *f)
{
    struct err ignored = ERR_INIT;
    bool is_same_cluster = s->system == 0 || f->system == 0 || f->system == (int64_t)s->system;
    return is_same_cluster && strcmp(f->epoch, s->sql.epoch) == 0 && f->schema == postgres_schema_latest() &&
           f->timeline_now != 0 && f->timeline == f->timeline_now &&
           postgres_seen_check(s, f->timeline_now, &ignored) == 0;
}

static bool ask_primary(struct postgres_handle *s, const char *const *names, struct store_room *found, size_t count)
{
    return ask_server(s, false, names, &s->replica->asked, found, count) == 0 && is_settled(s, &s->replica->asked);
}

static bool ask(struct store *base, const char *const *names, struct store_room *found, size_t count, bool newest)
{
    struct postgres_handle *s = mine(base);
    if (s->replica == NULL || clock_mono_ms() < atomic_load(&pauses[newest].until)) {
        return false;
    }
    s->replica->newest = newest;
    return ask_primary(s, names, found, count);
}

/* ---- views ---- */

static enum store_replica_state compare_facts(const struct facts *primary, const struct facts *replica)
{
    bool is_same = strcmp(primary->epoch, replica->epoch) == 0 && primary->schema == replica->schema &&
                   primary->timeline == replica->timeline && primary->system == replica->system;
    if (replica->timeline_now != 0) {
        return STORE_REPLICA_PROMOTED;
    }
    if (!is_same) {
        return STORE_REPLICA_OTHER;
    }
    return primary->rules == replica->rules && strcmp(primary->erasing, replica->erasing) == 0 ? STORE_REPLICA_USED
                                                                                               : STORE_REPLICA_BEHIND;
}

static enum store_replica_state compare_rooms(struct postgres_replica *r, const struct store_room *primary,
                                              const struct store_room *replica, size_t count)
{
    bool is_same = true;
    bool is_behind = false;
    for (size_t i = 0; i < count; i++) {
        is_same = is_same && primary[i].head == replica[i].head && primary[i].oldest == replica[i].oldest;
        is_behind = is_behind || primary[i].head > replica[i].head || primary[i].oldest > replica[i].oldest;
    }
    r->is_ahead = !is_same && !is_behind;
    return is_same ? STORE_REPLICA_USED : STORE_REPLICA_BEHIND;
}

struct postgres_handle *postgres_replica_viewed(const struct postgres_handle *s)
{
    return s->replica != NULL && s->replica->is_viewed ? s->replica->handle : NULL;
}

static void end_view(struct postgres_replica *r)
{
    r->is_viewed = false;
    postgres_transaction_view_end(r->handle);
}

/* A replica is fine only if its pages could be read, too. */
void postgres_replica_end(struct postgres_handle *s)
{
    end_view(s->replica);
    if (!s->replica->has_failed) {
        note_good(s->replica);
    }
}

/* Opens the view; it stays open if the result is STORE_REPLICA_USED. */
static enum store_replica_state view(struct postgres_handle *s, const char *const *names,
                                     const struct store_room *found, size_t count)
{
    struct postgres_replica *r = s->replica;
    struct facts facts;
    struct store_room *there = ck_calloc(count + 1, sizeof *there);
    enum store_replica_state state = STORE_REPLICA_UNREACHABLE;
    r->is_ahead = false;
    r->has_failed = false;
    if (ask_server(r->handle, true, names, &facts, there, count) == 0) {
        state = compare_facts(&r->asked, &facts);
        state = state == STORE_REPLICA_USED ? compare_rooms(r, found, there, count) : state;
    }
    free(there);
    r->is_viewed = state == STORE_REPLICA_USED;
    if (!r->is_viewed) {
        postgres_transaction_view_end(r->handle);
    }
    if (!r->is_viewed && state != STORE_REPLICA_BEHIND) { /* another server of the address may do */
        postgres_link_close(r->handle);
        r->handle->is_lost = false;
    }
    return state;
}

/* After an upgrade, or with a new epoch, the replica has the old row of meta for a moment. */
static enum store_replica_state give_time(enum store_replica_state state)
{
    int64_t now = clock_mono_ms();
    int64_t since = 0;
    if (state == STORE_REPLICA_USED || state == STORE_REPLICA_BEHIND) {
        atomic_store(&other_since, 0);
    }
    if (state != STORE_REPLICA_OTHER) {
        return state;
    }
    bool is_first = atomic_compare_exchange_strong(&other_since, &since, now);
    return is_first || now - since < OTHER_AFTER_MS ? STORE_REPLICA_BEHIND : STORE_REPLICA_OTHER;
}

static bool begin(struct store *base, const char *const *names, const struct store_room *found, size_t count)
{
    struct postgres_handle *s = mine(base);
    struct postgres_replica *r = s->replica;
    enum store_replica_state state = give_time(view(s, names, found, count));
    /* no fault: a commit came between the two questions, or another thread connects just now */
    if (state != STORE_REPLICA_USED && !r->is_ahead && !r->handle->is_refused) {
        note_bad(r, state);
    }
    return state == STORE_REPLICA_USED;
}

/* ---- for the doctor ---- */

/* Does the replica reach soon what the primary has now? */
static enum store_replica_state wait_for_it(struct postgres_handle *s)
{
    enum { TRIES = 20, NAP_MS = 100 };
    char text[120];
    struct err ignored = ERR_INIT;
    enum store_replica_state state = STORE_REPLICA_BEHIND;
    PGresult *row = postgres_link_run(s, "SELECT pg_current_wal_lsn()", "compare the replica", &ignored);
    if (row == NULL) {
        return STORE_REPLICA_UNKNOWN;
    }
    snprintf(text, sizeof text, "SELECT pg_last_wal_replay_lsn() >= '%s'", PQgetvalue(row, 0, 0));
    PQclear(row);
    for (int tries = 0; tries < TRIES && state == STORE_REPLICA_BEHIND; tries++) {
        clock_sleep_ms(tries > 0 ? NAP_MS : 0);
        row = postgres_link_run(s->replica->handle, text, "compare the replica", &ignored);
        state = row == NULL                       ? STORE_REPLICA_UNREACHABLE
                : PQgetvalue(row, 0, 0)[0] == 't' ? STORE_REPLICA_USED
                                                  : STORE_REPLICA_BEHIND;
        PQclear(row);
    }
    return state;
}

static enum store_replica_state look(struct postgres_handle *s)
{
    if (!ask_primary(s, NULL, NULL, 0)) {
        return STORE_REPLICA_UNKNOWN;
    }
    enum store_replica_state state = view(s, NULL, NULL, 0);
    if (state == STORE_REPLICA_USED) {
        end_view(s->replica);
    }
    return s->replica->handle->is_refused ? STORE_REPLICA_UNKNOWN : state;
}

static enum store_replica_state try_now(struct store *base)
{
    enum { SERVERS = 4 };
    struct postgres_handle *s = mine(base);
    if (s->replica == NULL) {
        return STORE_REPLICA_NONE;
    }
    enum store_replica_state state = look(s);
    for (int tries = 1; tries < SERVERS && state == STORE_REPLICA_UNREACHABLE; tries++) {
        state = look(s); /* after a silence at the next server of the address */
    }
    if (state == STORE_REPLICA_OTHER) { /* or its row of meta is an old one */
        (void)wait_for_it(s);
        state = look(s);
    }
    if (state == STORE_REPLICA_USED || state == STORE_REPLICA_BEHIND) {
        state = wait_for_it(s);
    }
    if (state != STORE_REPLICA_USED && state != STORE_REPLICA_UNKNOWN) {
        complain(s->replica->handle, state);
    }
    return state;
}

const struct replica_backend postgres_replica_backend = {
    .ask = ask, .begin = begin, .state = state, .try_now = try_now};
