/* limiter.c - see limiter.h. */
#include "site/limiter.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "shared/limit_rates.h"
#include "shared/limits.h"
#include "shared/site_key.h"
#include "site/store_options.h"
#include "store/store_upkeep.h"
#include "system/conf.h"
#include "system/file.h"
#include "system/file_system.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AGAIN_MS = 100,          /* before the next try to map the file, such as when the database is made */
    NEW_MS = 10 * 60 * 1000, /* a key is new for so long after its first message */
    PAST_MAX = 16,           /* files that were removed; other threads may still count in them */
    V4_BYTES = 3,            /* /24 */
    V6_BYTES = 8,            /* /64 */
    V6_WIDE_BYTES = 6,
};

struct limiter {
    const struct conf *conf;
    _Atomic(struct limits *) table; /* NULL: none yet */
    _Atomic int64_t next_try;       /* monotonic ms */
    atomic_bool costs_process;      /* a poll does */
    pthread_mutex_t lock;           /* of what follows, and for changes of table */
    struct limits *past[PAST_MAX];
    size_t past_count;
};

struct limiter *limiter_new(const struct conf *conf)
{
    struct limiter *l = ck_calloc(1, sizeof *l);
    l->conf = conf;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void limiter_free(struct limiter *l)
{
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < l->past_count; i++) {
        limits_close(l->past[i]);
    }
    limits_close(atomic_load(&l->table));
    pthread_mutex_destroy(&l->lock);
    free(l);
}

/* ---- the table ---- */

/* A new data folder gets no file before its database: a folder with other files is none of ours. */
static bool can_be_shared(const struct conf *conf)
{
    const struct store_options options = store_options_of(conf);
    bool is_begun = options.address != NULL ? file_exists(conf->data) : store_exists(&options);
    return is_begun && !file_system_is_network(conf->data);
}

static struct limits *open_shared(const struct conf *conf)
{
    char path[CONF_TEXT_MAX + 16];
    struct site_key key;
    struct site_key_hash hash;
    if (!can_be_shared(conf) || site_key_load(&key, conf->data, NULL) != 0) {
        return NULL;
    }
    site_key_hash_init(&key, "limits", &hash);
    snprintf(path, sizeof path, "%s/chat.limits", conf->data);
    return limits_open(path, &hash);
}

static struct limits *open_private(void)
{
    struct site_key_hash hash;
    site_key_hash_init(NULL, "limits", &hash);
    return limits_open(NULL, &hash);
}

/* Maps the file, or makes a table for this process if it has none yet. The lock is held. */
static void open_table(struct limiter *l)
{
    struct limits *old = atomic_load(&l->table);
    struct limits *table = l->past_count < PAST_MAX ? open_shared(l->conf) : NULL;
    if (old != NULL && (table == NULL || !limits_are_shared(table))) {
        limits_close(table);
        return;
    }
    atomic_store(&l->table, table != NULL ? table : open_private());
    if (old != NULL) {
        l->past[l->past_count++] = old;
    }
}

static bool must_open(const struct limiter *l)
{
    const struct limits *table = atomic_load(&l->table);
    return table == NULL || !limits_are_shared(table);
}

static struct limits *table_of(struct limiter *l)
{
    if (must_open(l) && clock_mono_ms() >= atomic_load(&l->next_try)) {
        pthread_mutex_lock(&l->lock);
        if (must_open(l) && clock_mono_ms() >= atomic_load(&l->next_try)) {
            open_table(l);
            atomic_store(&l->next_try, clock_mono_ms() + AGAIN_MS);
        }
        pthread_mutex_unlock(&l->lock);
    }
    return atomic_load(&l->table);
}

void limiter_look_after(struct limiter *l)
{
    const struct limits *table = atomic_load(&l->table);
    if (table != NULL && limits_are_replaced(table)) {
        pthread_mutex_lock(&l->lock);
        open_table(l);
        pthread_mutex_unlock(&l->lock);
    }
}

bool limiter_is_shared(struct limiter *l)
{
    return limits_are_shared(table_of(l));
}

/* ---- cells ---- */

/* What a request is counted for. */
struct list {
    const struct conf *conf;
    struct limits *table;
    size_t count;
    bool costs_process;
    struct limits_cell cells[LIMITS_CELLS_MAX];
    struct {
        enum limit_rates_kind kind;
        enum limit_rates_whose whose;
    } what[LIMITS_CELLS_MAX];
};

static void add(struct list *list, enum limit_rates_kind kind, enum limit_rates_whose whose, const void *bytes,
                size_t length, uint64_t cost)
{
    unsigned number = (unsigned)kind * LIMIT_RATES__WHOSE + (unsigned)whose;
    CK(list->count < LIMITS_CELLS_MAX);
    list->what[list->count].kind = kind;
    list->what[list->count].whose = whose;
    list->cells[list->count++] = (struct limits_cell){
        .who = limits_who(list->table, number, bytes, length),
        .rate = limit_rates_of(list->conf, kind, whose, list->costs_process),
        .cost = cost,
    };
}

/* The network, and around an IPv6 network the wide one. */
static void add_network(struct list *list, enum limit_rates_kind kind, enum limit_rates_whose whose,
                        const struct limiter_who *who, uint64_t cost)
{
    static const unsigned char forged = 0;
    bool is_v6 = who->address.length == ADDRESS_V6;
    if (who->network == LIMITER_FORGED) {
        add(list, kind, whose, &forged, sizeof forged, cost);
    } else if (who->network == LIMITER_KNOWN) {
        add(list, kind, whose, who->address.bytes, is_v6 ? V6_BYTES : V4_BYTES, cost);
    }
    if (who->network == LIMITER_KNOWN && is_v6 && whose == LIMIT_RATES_NETWORK) {
        add(list, kind, LIMIT_RATES_WIDE, who->address.bytes, V6_WIDE_BYTES, cost);
    }
}

/* The key, or the guests of the network; then the network. */
static void add_client(struct list *list, enum limit_rates_kind kind, const struct limiter_who *who, uint64_t cost)
{
    if (who->has_key) {
        add(list, kind, LIMIT_RATES_KEY, who->key, sizeof who->key, cost);
    } else if (kind != LIMIT_RATES_POLLS && kind != LIMIT_RATES_STREAMS) {
        add_network(list, kind, LIMIT_RATES_GUESTS, who, cost);
    }
    add_network(list, kind, LIMIT_RATES_NETWORK, who, cost);
}

static bool is_limited(const struct limiter *l, const struct limiter_who *who)
{
    return l->conf->limits != 0 && (!who->is_local || l->conf->limit_local != 0);
}

void limiter_note_cost(struct limiter *l, bool costs_process)
{
    if (atomic_load(&l->costs_process) != costs_process) {
        atomic_store(&l->costs_process, costs_process);
    }
}

static void begin(struct list *list, struct limiter *l)
{
    list->conf = l->conf;
    list->table = table_of(l);
    list->costs_process = atomic_load(&l->costs_process);
    list->count = 0;
}

/* ---- words ---- */

static const char *const words[LIMIT_RATES__KINDS][LIMIT_RATES__WHOSE] = {
    [LIMIT_RATES_SENDS] =
        {[LIMIT_RATES_KEY] = "You write messages faster than this chat allows",
         [LIMIT_RATES_GUESTS] = "Visitors without a key write faster from your network than this chat allows",
         [LIMIT_RATES_NETWORK] = "More messages come from your network than this chat allows",
         [LIMIT_RATES_WIDE] = "More messages come from your network than this chat allows",
         [LIMIT_RATES_ROOM] = "More messages are written in this room than this chat allows",
         [LIMIT_RATES_ROOM_NEW] = "New visitors write more messages in this room than this chat allows"},
    [LIMIT_RATES_BYTES] = {[LIMIT_RATES_KEY] = "You send more text than this chat allows",
                           [LIMIT_RATES_GUESTS] =
                               "Visitors without a key send more text from your network than this chat allows",
                           [LIMIT_RATES_NETWORK] = "More text comes from your network than this chat allows",
                           [LIMIT_RATES_WIDE] = "More text comes from your network than this chat allows",
                           [LIMIT_RATES_ROOM] = "More text is sent to this room than this chat allows",
                           [LIMIT_RATES_ROOM_NEW] = "New visitors send more text to this room than this chat allows"},
    [LIMIT_RATES_POLLS] = {[LIMIT_RATES_KEY] = "You ask for news more often than this chat allows",
                           [LIMIT_RATES_NETWORK] = "Your network asks for news more often than this chat allows",
                           [LIMIT_RATES_WIDE] = "Your network asks for news more often than this chat allows"},
    [LIMIT_RATES_STREAMS] = {[LIMIT_RATES_KEY] = "You open streams more often than this chat allows",
                             [LIMIT_RATES_NETWORK] = "Your network opens streams more often than this chat allows",
                             [LIMIT_RATES_WIDE] = "Your network opens streams more often than this chat allows"},
    [LIMIT_RATES_CLAIMS] = {[LIMIT_RATES_NETWORK] = "More new visitors write from your network than this chat allows",
                            [LIMIT_RATES_WIDE] = "More new visitors write from your network than this chat allows",
                            [LIMIT_RATES_SITE] = "More new visitors write here than this chat allows"},
    [LIMIT_RATES_ACTS] = {[LIMIT_RATES_KEY] = "You do this faster than this chat allows",
                          [LIMIT_RATES_GUESTS] = "Visitors of your network do this faster than this chat allows",
                          [LIMIT_RATES_NETWORK] = "Visitors of your network do this faster than this chat allows",
                          [LIMIT_RATES_WIDE] = "Visitors of your network do this faster than this chat allows"},
    [LIMIT_RATES_SECRETS] = {[LIMIT_RATES_NETWORK] = "Too many wrong codes or passwords came from your network",
                             [LIMIT_RATES_WIDE] = "Too many wrong codes or passwords came from your network",
                             [LIMIT_RATES_SITE] = "Too many wrong codes or passwords were tried here"},
};

static int refuse(const struct list *list, const struct limits_refusal *refusal, struct err *e)
{
    enum limit_rates_kind kind = list->what[refusal->cell].kind;
    const char *what = words[kind][list->what[refusal->cell].whose];
    bool is_stored = kind == LIMIT_RATES_SENDS || kind == LIMIT_RATES_BYTES || kind == LIMIT_RATES_CLAIMS;
    unsigned minutes = refusal->wait_s >= 120 ? (refusal->wait_s + 59) / 60 : 0;
    unsigned number = minutes > 0 ? minutes : refusal->wait_s;
    err_set(e, ERR_RATE, "%s. %sTry again in %u %s%s.", what, is_stored ? "The message was not stored. " : "", number,
            minutes > 0 ? "minute" : "second", number == 1 ? "" : "s");
    if (e != NULL && e->code == ERR_RATE) {
        e->retry_s = refusal->wait_s;
    }
    return -1;
}

static int take(struct list *list, struct err *e)
{
    struct limits_refusal refusal;
    if (limits_take(list->table, list->cells, list->count, clock_wall_ms(), &refusal) == 0) {
        return 0;
    }
    return refuse(list, &refusal, e);
}

/* ---- what clients do ---- */

static int take_one(struct limiter *l, const struct limiter_who *who, enum limit_rates_kind kind, struct err *e)
{
    struct list list;
    if (!is_limited(l, who)) {
        return 0;
    }
    begin(&list, l);
    add_client(&list, kind, who, 1);
    return take(&list, e);
}

int limiter_poll(struct limiter *l, const struct limiter_who *who, struct err *e)
{
    return take_one(l, who, LIMIT_RATES_POLLS, e);
}

int limiter_stream(struct limiter *l, const struct limiter_who *who, struct err *e)
{
    return take_one(l, who, LIMIT_RATES_STREAMS, e);
}

int limiter_act(struct limiter *l, const struct limiter_who *who, struct err *e)
{
    return take_one(l, who, LIMIT_RATES_ACTS, e);
}

int limiter_send_begin(struct limiter *l, const struct limiter_who *who, struct err *e)
{
    struct list list;
    struct limits_refusal refusal;
    if (!is_limited(l, who)) {
        return 0;
    }
    begin(&list, l);
    if (who->has_key) { /* else the body may bring one */
        add_client(&list, LIMIT_RATES_SENDS, who, 1);
    } else {
        add_network(&list, LIMIT_RATES_SENDS, LIMIT_RATES_NETWORK, who, 1);
    }
    if (limits_look(list.table, list.cells, list.count, clock_wall_ms(), &refusal) == 0) {
        return 0;
    }
    return refuse(&list, &refusal, e);
}

static void add_claim(struct list *list, const struct limiter_who *who)
{
    if (who->network == LIMITER_UNKNOWN) {
        add(list, LIMIT_RATES_CLAIMS, LIMIT_RATES_SITE, "", 0, 1);
    } else {
        add_network(list, LIMIT_RATES_CLAIMS, LIMIT_RATES_NETWORK, who, 1);
    }
}

static void add_room(struct list *list, enum limit_rates_whose whose, const char *room, size_t text_length)
{
    add(list, LIMIT_RATES_SENDS, whose, room, strlen(room), 1);
    add(list, LIMIT_RATES_BYTES, whose, room, strlen(room), text_length);
}

/* A flood with new keys from many networks can use up only half of a room's limit, so visitors
 * that were there before can go on. */
int limiter_send(struct limiter *l, const struct limiter_who *who, const char *room, size_t text_length, struct err *e)
{
    struct list list;
    if (!is_limited(l, who)) {
        return 0;
    }
    begin(&list, l);
    uint64_t seen = limits_who(list.table, UINT32_MAX, who->key, sizeof who->key);
    int64_t known_ms = who->has_key ? limits_known_ms(list.table, seen, clock_wall_ms()) : 0;
    add_client(&list, LIMIT_RATES_SENDS, who, 1);
    add_client(&list, LIMIT_RATES_BYTES, who, text_length);
    add_room(&list, LIMIT_RATES_ROOM, room, text_length);
    if (known_ms < NEW_MS) {
        add_room(&list, LIMIT_RATES_ROOM_NEW, room, text_length);
    }
    if (known_ms < 0) {
        add_claim(&list, who);
    }
    if (take(&list, e) != 0) {
        return -1;
    }
    if (known_ms < 0) {
        limits_remember(list.table, seen, clock_wall_ms());
    }
    return 0;
}

void limiter_send_refused(struct limiter *l, const struct limiter_who *who, const char *room, size_t text_length)
{
    struct list list;
    if (is_limited(l, who)) {
        begin(&list, l);
        uint64_t seen = limits_who(list.table, UINT32_MAX, who->key, sizeof who->key);
        add_room(&list, LIMIT_RATES_ROOM, room, text_length);
        if (!who->has_key || limits_known_ms(list.table, seen, clock_wall_ms()) < NEW_MS) {
            add_room(&list, LIMIT_RATES_ROOM_NEW, room, text_length);
        }
        limits_give_back(list.table, list.cells, list.count, clock_wall_ms());
    }
}

int limiter_claim(struct limiter *l, const struct limiter_who *who, struct err *e)
{
    struct list list;
    if (!is_limited(l, who) || !who->has_key) {
        return 0;
    }
    begin(&list, l);
    uint64_t seen = limits_who(list.table, UINT32_MAX, who->key, sizeof who->key);
    if (limits_known_ms(list.table, seen, clock_wall_ms()) < 0) {
        add_claim(&list, who);
        if (take(&list, e) != 0) {
            return -1;
        }
        limits_remember(list.table, seen, clock_wall_ms());
    }
    return 0;
}

static void list_secret(struct list *list, struct limiter *l, const struct limiter_who *who)
{
    begin(list, l);
    add_network(list, LIMIT_RATES_SECRETS, LIMIT_RATES_NETWORK, who, 1);
    add(list, LIMIT_RATES_SECRETS, LIMIT_RATES_SITE, "", 0, 1);
}

int limiter_secret(struct limiter *l, const struct limiter_who *who, struct err *e)
{
    struct list list;
    if (!is_limited(l, who)) {
        return 0;
    }
    list_secret(&list, l, who);
    return take(&list, e);
}

void limiter_secret_right(struct limiter *l, const struct limiter_who *who)
{
    struct list list;
    if (is_limited(l, who)) {
        list_secret(&list, l, who);
        limits_give_back(list.table, list.cells, list.count, clock_wall_ms());
    }
}

/* ---- slow mode ---- */

enum { PACE_NUMBER = UINT32_MAX - 1, PACE_HOUR = 3600, PACE_ID = CHAT_NAME_BYTES_MAX + CHAT_ROOM_MAX + 2 };

/* A rate has at most an hour, so a longer pace costs several of them. */
static void pace_cell(const struct limits *table, const struct limiter_who *who, const char *name, const char *room,
                      unsigned seconds, struct limits_cell *out)
{
    char id[PACE_ID];
    unsigned hours = (seconds + PACE_HOUR - 1) / PACE_HOUR;
    bool has_network = who->network == LIMITER_KNOWN && who->address.length != ADDRESS_NONE;
    const void *bytes = who->has_key ? (const void *)who->key : has_network ? who->address.bytes : (const void *)name;
    size_t length = who->has_key ? sizeof who->key : has_network ? V4_BYTES : strlen(name);
    if (!who->has_key && has_network && who->address.length == ADDRESS_V6) {
        length = V6_BYTES;
    }
    int room_length = snprintf(id, sizeof id, "%s", room) + 1;
    memcpy(id + room_length, bytes, length);
    *out = (struct limits_cell){.who = limits_who(table, PACE_NUMBER, id, (size_t)room_length + length),
                                .rate = {.amount = 1, .burst = hours, .seconds = (seconds + hours - 1) / hours},
                                .cost = hours};
}

int limiter_pace(struct limiter *l, const struct limiter_who *who, const char *name, const char *room, unsigned seconds,
                 struct err *e)
{
    struct limits_cell cell;
    struct limits_refusal refusal;
    struct limits *table = table_of(l);
    pace_cell(table, who, name, room, seconds, &cell);
    if (limits_take(table, &cell, 1, clock_wall_ms(), &refusal) == 0) {
        return 0;
    }
    err_set(e, ERR_SLOW_MODE,
            "Here each visitor writes once in %u seconds. The message was not stored. Try again in %u s.", seconds,
            refusal.wait_s);
    if (e != NULL && e->code == ERR_SLOW_MODE) {
        e->retry_s = refusal.wait_s;
    }
    return -1;
}

void limiter_pace_back(struct limiter *l, const struct limiter_who *who, const char *name, const char *room,
                       unsigned seconds)
{
    struct limits_cell cell;
    struct limits *table = table_of(l);
    pace_cell(table, who, name, room, seconds, &cell);
    limits_give_back(table, &cell, 1, clock_wall_ms());
}
