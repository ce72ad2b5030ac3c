/* notices.c - see notices.h. */
#include "site/notices.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "shared/bell.h"
#include "shared/metrics_file.h"
#include "shared/room_heads.h"
#include "site/store_options.h"
#include "store/store_notices.h"
#include "system/conf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    TELL_MS = 20,
    ASK_MS = 5000,
    ASK_OFTEN_MS = 250,
    SUM_MS = 1000,            /* between two questions for the sum of all heads */
    SLACK_MS = 500,           /* an answer may take so long before the heads are doubted */
    RETRY_LEAST_MS = 250,     /* between two attempts to connect: the time grows from here, */
    RETRY_MOST_MS = 4000,     /* to here */
    COMPLAIN_AFTER_MS = 3000, /* notices that don't come through are told to the log after so long */
};

struct notices {
    const struct conf *conf;
    struct notices_site site;
    _Atomic int64_t sure_until; /* monotonic ms */
    pthread_mutex_t lock;       /* of all that follows up to the thread's own */
    pthread_cond_t changed;
    pthread_t thread;
    bool is_running;
    bool is_ending;
    struct store_changes pending;
    bool has_pending;
    struct store_notices *connection; /* changed by the thread alone */

    /* the thread's own */
    int64_t told_at;
    int64_t asked_at;
    int64_t summed_at;
    uint64_t rest;  /* sum of the heads of rooms that were not asked for by name */
    uint64_t named; /* hash of the names of the other rooms */
    int64_t unheard_since;
    struct metrics_file *gauged; /* the gauge was raised in it; NULL: none was */
    enum metrics_gauge gauge;
    bool has_complained;
    uint64_t rooms_made;
    uint64_t rules; /* the highest number that was heard of */
    int retry_ms;
};

struct notices *notices_new(const struct conf *conf, struct notices_site site)
{
    pthread_condattr_t attributes;
    struct notices *n = ck_calloc(1, sizeof *n);
    pthread_mutex_init(&n->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&n->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    n->conf = conf;
    n->site = site;
    n->retry_ms = RETRY_LEAST_MS;
    return n;
}

/* ---- metrics ---- */

static void count(struct notices *n, enum metrics_counter which, uint64_t times)
{
    metrics_file_add(n->site.metrics(n->site.context), which, times);
}

static void lower_gauge(struct notices *n)
{
    if (n->gauged != NULL) {
        metrics_file_gauge(n->gauged, n->gauge, -1);
        n->gauged = NULL;
    }
}

static void set_gauge(struct notices *n, bool is_heard)
{
    enum metrics_gauge gauge = is_heard ? METRICS_HEARING : METRICS_DEAF;
    struct metrics_file *file = n->site.metrics(n->site.context);
    if (n->gauged != file || n->gauge != gauge) {
        lower_gauge(n);
        metrics_file_gauge(file, gauge, 1);
        n->gauged = file;
        n->gauge = gauge;
    }
}

bool notices_are_sure(const struct notices *n)
{
    return clock_mono_ms() < atomic_load(&n->sure_until);
}

/* ---- telling ---- */

static void add(struct store_changes *to, const struct store_changes *from)
{
    for (size_t i = 0; i < from->count; i++) {
        store_changes_raise(to, from->rooms[i].room, from->rooms[i].head);
    }
    to->rules = from->rules > to->rules ? from->rules : to->rules;
    to->oldest_moved = to->oldest_moved || from->oldest_moved;
}

void notices_tell(struct notices *n, const struct store_changes *changes)
{
    if (changes->count == 0 && changes->rules == 0 && !changes->oldest_moved) {
        return;
    }
    pthread_mutex_lock(&n->lock);
    add(&n->pending, changes);
    if (!n->has_pending && n->connection != NULL) {
        store_notices_wake(n->connection);
    }
    n->has_pending = true;
    pthread_mutex_unlock(&n->lock);
}

/* Milliseconds until the thread has to tell something; -1: there is nothing. */
static int until_telling(struct notices *n)
{
    pthread_mutex_lock(&n->lock);
    bool has = n->has_pending;
    bool is_last = n->is_ending;
    pthread_mutex_unlock(&n->lock);
    int64_t left = n->told_at + TELL_MS - clock_mono_ms();
    return !has ? -1 : left > 0 && !is_last ? (int)left : 0;
}

static int tell(struct notices *n, struct err *e)
{
    if (until_telling(n) != 0) {
        return 0;
    }
    pthread_mutex_lock(&n->lock);
    struct store_changes changes = n->pending;
    n->pending = (struct store_changes){.count = 0};
    n->has_pending = false;
    pthread_mutex_unlock(&n->lock);
    n->told_at = clock_mono_ms();
    int result = store_notices_tell(n->connection, &changes, e);
    if (result == 0) {
        count(n, METRICS_NOTICES_SENT, 1);
    } else { /* the next connection tells it */
        pthread_mutex_lock(&n->lock);
        add(&n->pending, &changes);
        n->has_pending = true;
        pthread_mutex_unlock(&n->lock);
    }
    store_changes_fini(&changes);
    return result;
}

/* ---- what was heard ---- */

static void take_rules(struct notices *n, struct bell *b, uint64_t rules)
{
    (void)bell_raise_rules(b, rules);
    if (rules > n->rules) {
        n->rules = rules;
        room_heads_ring(b); /* waiting requests are looked at again under new rules */
    }
}

static void take_changes(struct notices *n, const struct store_changes *changes)
{
    struct bell *b = n->site.bell(n->site.context);
    bool has_risen = false;
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < changes->count; i++) {
        bool rises = room_heads_hear(b, changes->rooms[i].room, changes->rooms[i].head);
        has_risen = has_risen || rises;
    }
    take_rules(n, b, changes->rules);
    if (changes->oldest_moved) {
        room_heads_forget(b); /* the file has the former oldest seqs */
    } else if (has_risen) {
        room_heads_ring(b);
    }
}

static int listen_for(struct notices *n, int timeout_ms, struct err *e)
{
    struct store_changes heard = {.count = 0};
    int result = store_notices_listen(n->connection, timeout_ms, &heard, e);
    if (result > 0) {
        count(n, METRICS_NOTICES_HEARD, 1);
        take_changes(n, &heard);
    }
    store_changes_fini(&heard);
    return result < 0 ? -1 : 0;
}

/* ---- asking ---- */

static bool is_of(const struct bell *b, const struct store_asked *asked)
{
    return strncmp(bell_epoch(b), asked->epoch, CHAT_EPOCH_SIZE) == 0;
}

/* A head that was known before the question was durable. A sound database never has less. */
static bool has_lost(const struct bell *b, const struct store_asked *asked)
{
    bool has = false;
    for (size_t i = 0; is_of(b, asked) && !has && i < asked->count; i++) {
        has = asked->rooms[i].head < asked->rooms[i].known;
    }
    return has;
}

/* Has a room that wasn't asked for by name a new head? A request may wait in it: the bell's file
 * has no entry for it, as there are more rooms than entries, or other names have its place. When
 * other rooms are named than before, the sums can't be compared, and the answer is yes. */
static bool has_rest_moved(struct notices *n, const struct store_asked *asked)
{
    uint64_t rest = asked->sum;
    uint64_t named = HASH_START;
    for (size_t i = 0; i < asked->count; i++) {
        const struct store_asked_room *room = &asked->rooms[i];
        rest -= room->head;
        named = hash_bytes(named, room->room, strlen(room->room) + 1);
    }
    bool has = asked->wants_sum && (rest != n->rest || named != n->named);
    n->rest = asked->wants_sum ? rest : n->rest;
    n->named = asked->wants_sum ? named : n->named;
    return has;
}

/* Raises what has risen. A room that was made elsewhere is known to no process here, so all look
 * again. */
static void take_answer(struct notices *n, struct bell *b, uint64_t moment, const struct store_asked *asked)
{
    bool differs = has_rest_moved(n, asked);
    if (!is_of(b, asked) || asked->rooms_made != n->rooms_made) {
        n->rooms_made = asked->rooms_made;
        n->rules = asked->rules;
        room_heads_forget(b);
        return;
    }
    for (size_t i = 0; i < asked->count; i++) {
        const struct store_asked_room *room = &asked->rooms[i];
        uint64_t head = 0;
        uint64_t oldest = 0;
        bool is_known = room_heads_look(b, room->room, &head, &oldest);
        if (is_known && (room->head > head || room->oldest != oldest)) {
            room_heads_learned(b, moment, room->room, room->head, room->oldest);
            differs = true;
        }
    }
    take_rules(n, b, asked->rules);
    if (differs) {
        room_heads_ring(b);
    }
}

static int period_of(const struct notices *n)
{
    return store_notices_are_heard(n->connection) ? ASK_MS : ASK_OFTEN_MS;
}

/* A pool that swallows LISTEN is a matter for the operator: the chat is slower with it. */
static void watch_hearing(struct notices *n)
{
    int64_t now = clock_mono_ms();
    set_gauge(n, store_notices_are_heard(n->connection));
    if (store_notices_are_heard(n->connection)) {
        n->unheard_since = 0;
    } else if (n->unheard_since == 0) {
        n->unheard_since = now;
    } else if (now - n->unheard_since > COMPLAIN_AFTER_MS && !n->has_complained) {
        log_line("notices of the database don't come through, so it is asked for news %d times a second",
                 1000 / ASK_OFTEN_MS);
        n->has_complained = true;
    }
}

/* Rooms whose heads are known here, also those without a message: another host may have written the
 * first one. Each is named once. */
static void take_rooms(struct bell *b, struct store_asked *asked)
{
    const char *name = NULL;
    asked->rooms = ck_calloc(ROOM_HEADS_MOST + ROOM_HEADS_ABSENT, sizeof *asked->rooms);
    while (b != NULL && asked->count < ROOM_HEADS_MOST && (name = room_heads_next(b, name)) != NULL) {
        struct store_asked_room *room = &asked->rooms[asked->count++];
        uint64_t oldest = 0;
        memcpy(room->room, name, sizeof room->room);
        room->known = room_heads_look(b, name, &room->known, &oldest) ? room->known : 0;
    }
    for (size_t i = 0; b != NULL && i < ROOM_HEADS_ABSENT; i++) {
        struct store_asked_room *room = &asked->rooms[asked->count];
        uint64_t head = 0;
        uint64_t oldest = 0;
        bool is_absent = room_heads_absent(b, i, room->room, sizeof room->room);
        bool has_entry = is_absent && room_heads_look(b, room->room, &head, &oldest) && head > 0;
        asked->count += is_absent && !has_entry;
    }
}

static int ask(struct notices *n, struct err *e)
{
    int64_t now = clock_mono_ms();
    int period = period_of(n);
    watch_hearing(n);
    if (n->asked_at != 0 && now - n->asked_at < period) {
        return 0;
    }
    struct bell *b = n->site.bell(n->site.context);
    bool wants_sum = n->asked_at == 0 || now - n->summed_at >= SUM_MS;
    struct store_asked asked = {.count = 0, .wants_sum = wants_sum};
    uint64_t moment = b != NULL ? room_heads_moment(b) : 0;
    take_rooms(b, &asked);
    int result = store_notices_ask(n->connection, &asked, e);
    if (result == 0 && b != NULL && has_lost(b, &asked)) {
        log_line("the database has fewer messages than before, so it gets a new epoch and clients start again");
        result = store_notices_doubt(n->connection, e);
        room_heads_forget(b);
    }
    if (result == 0) {
        if (b != NULL) {
            take_answer(n, b, moment, &asked);
        }
        if (b != NULL && n->asked_at == 0) { /* what was committed before this connection was there isn't known */
            room_heads_forget(b);
        }
        n->asked_at = now;
        n->summed_at = wants_sum ? now : n->summed_at;
        atomic_store(&n->sure_until, clock_mono_ms() + period + SLACK_MS);
    }
    free(asked.rooms);
    return result;
}

/* ---- the thread ---- */

static bool is_ending(struct notices *n)
{
    pthread_mutex_lock(&n->lock);
    bool is = n->is_ending;
    pthread_mutex_unlock(&n->lock);
    return is;
}

static void nap(struct notices *n)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += n->retry_ms / 1000;
    until.tv_nsec += (long)(n->retry_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&n->lock);
    while (!n->is_ending && pthread_cond_timedwait(&n->changed, &n->lock, &until) == 0) {
    }
    pthread_mutex_unlock(&n->lock);
    n->retry_ms = n->retry_ms * 2 < RETRY_MOST_MS ? n->retry_ms * 2 : RETRY_MOST_MS;
}

static void set_connection(struct notices *n, struct store_notices *connection)
{
    pthread_mutex_lock(&n->lock);
    n->connection = connection;
    pthread_mutex_unlock(&n->lock);
}

static bool connect(struct notices *n)
{
    const struct store_options options = store_options_of(n->conf);
    struct store_notices *connection = store_notices_open(&options, NULL);
    if (connection == NULL) {
        return false;
    }
    set_connection(n, connection);
    count(n, METRICS_CONNECTS, 1);
    n->asked_at = 0;
    n->unheard_since = 0;
    n->retry_ms = RETRY_LEAST_MS;
    return true;
}

static void disconnect(struct notices *n)
{
    struct store_notices *connection = n->connection;
    atomic_store(&n->sure_until, 0);
    lower_gauge(n);
    set_connection(n, NULL);
    store_notices_close(connection);
}

/* Milliseconds that the thread may listen for. */
static int until_next(struct notices *n)
{
    int64_t left = n->asked_at + period_of(n) - clock_mono_ms();
    int asking = left > 0 ? (int)left : 0;
    int telling = until_telling(n);
    return telling >= 0 && telling < asking ? telling : asking;
}

static void *run(void *argument)
{
    struct notices *n = argument;
    while (!is_ending(n) || (n->connection != NULL && until_telling(n) >= 0)) {
        struct err e = ERR_INIT;
        if (n->connection == NULL && !connect(n)) {
            nap(n);
        } else if (tell(n, &e) != 0 || ask(n, &e) != 0 || listen_for(n, until_next(n), &e) != 0) {
            disconnect(n);
        }
    }
    return NULL;
}

void notices_start(struct notices *n)
{
    pthread_mutex_lock(&n->lock);
    if (!n->is_running && !n->is_ending) {
        n->is_running = pthread_create(&n->thread, NULL, run, n) == 0;
    }
    pthread_mutex_unlock(&n->lock);
}

void notices_free(struct notices *n)
{
    pthread_mutex_lock(&n->lock);
    bool was_running = n->is_running;
    n->is_ending = true;
    pthread_cond_signal(&n->changed);
    if (n->connection != NULL) {
        store_notices_wake(n->connection);
    }
    pthread_mutex_unlock(&n->lock);
    if (was_running) {
        pthread_join(n->thread, NULL);
    }
    lower_gauge(n);
    store_notices_close(n->connection);
    store_changes_fini(&n->pending);
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->lock);
    free(n);
}
