/* positions.c - see positions.h. */
#include "site/positions.h"

#include "base/blocking.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "shared/bell.h"
#include "shared/room_heads.h"
#include "site/handles.h"
#include "site/notices.h"
#include "site/store_options.h"
#include "store/store_news.h"
#include "store/store_notices.h"
#include "system/conf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BELLS_MAX = 64,
    CHECK_MS = 1000,      /* between two looks for another bell, and for commits that didn't ring */
    TIMER_LEAST_MS = 250, /* without a bell: the time between two looks at the store grows from here, */
    TIMER_MOST_MS = 1000, /* to here */
    PAUSE_MS = 100,       /* before the next sleep of a process that was woken by a silent commit */
};

struct positions {
    const struct conf *conf;
    enum store_mode mode;
    struct handles *handles;
    struct notices *notices;
    bool short_lived;
    struct metrics_file *(*metrics)(void *owner); /* NULL: nothing is counted */
    void *owner;
    _Atomic(struct bell *) watched; /* the watcher verifies its heads; NULL: no watcher does */
    pthread_mutex_t lock;           /* of all that follows */
    struct bell *bells[BELLS_MAX];  /* the last one is in use; another thread may still use an older one */
    size_t bell_count;
    int64_t bell_checked; /* monotonic ms */
    bool bell_complained;
    _Atomic uint64_t changes; /* of handles.h, when the last bell was that of the handle in use */
};

static struct bell *bell_for_notices(void *context);

static struct metrics_file *metrics_for_notices(void *context)
{
    const struct positions *p = context;
    return p->metrics != NULL ? p->metrics(p->owner) : NULL;
}

struct positions *positions_new(const struct conf *conf, enum store_mode mode, bool short_lived,
                                struct handles *handles)
{
    struct positions *p = ck_calloc(1, sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    p->conf = conf;
    p->mode = mode;
    p->short_lived = short_lived;
    p->handles = handles;
    p->notices = notices_new(
        conf, (struct notices_site){.bell = bell_for_notices, .metrics = metrics_for_notices, .context = p});
    return p;
}

void positions_count_in(struct positions *p, struct metrics_file *(*metrics)(void *owner), void *owner)
{
    p->metrics = metrics;
    p->owner = owner;
}

void positions_free(struct positions *p)
{
    if (p == NULL) {
        return;
    }
    notices_free(p->notices);
    for (size_t i = 0; i < p->bell_count; i++) {
        bell_close(p->bells[i]);
    }
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* ---- the bell ---- */

/* Of the store. 0: unknown, as where no bell is used. */
static uint64_t stamp_of_store(const struct positions *p)
{
    const struct store_options options = store_options_of(p->conf);
    return store_stamp(&options);
}

static enum store_news news_by(const struct positions *p)
{
    const struct store_options options = store_options_of(p->conf);
    return store_news_by(&options);
}

/* Other hosts write to the store as well: heads are right while the notices are. A site without
 * notices pays nothing for this question. */
static bool has_notices(const struct positions *p)
{
    const struct store_options options = store_options_of(p->conf);
    return options.address != NULL && store_news_by(&options) == STORE_NEWS_NOTICES;
}

static void path_of_bell(const struct positions *p, char path[CONF_TEXT_MAX + 16])
{
    snprintf(path, CONF_TEXT_MAX + 16, "%s/chat.bell", p->conf->data);
}

/* The lock is held here and in all functions up to positions_bell_of. */
static struct bell *last_bell(const struct positions *p)
{
    return p->bell_count > 0 ? p->bells[p->bell_count - 1] : NULL;
}

static void complain(struct positions *p, const struct err *e)
{
    if (!p->bell_complained) {
        log_line("programs can't wake each other, so they look for news on a timer: %s",
                 e->code != ERR_NONE ? e->text : "the file for wake-ups was replaced too often");
        p->bell_complained = true;
    }
}

static struct bell *open_bell(struct positions *p, const struct store *handle)
{
    char path[CONF_TEXT_MAX + 16];
    struct err e = ERR_INIT;
    if (news_by(p) == STORE_NEWS_TIMER) {
        return NULL;
    }
    path_of_bell(p, path);
    struct bell *b = p->bell_count < BELLS_MAX ? bell_open(path, store_epoch(handle), &e) : NULL;
    if (b != NULL) {
        p->bells[p->bell_count++] = b;
        return b;
    }
    complain(p, &e);
    if (p->mode == STORE_WRITE) {
        bell_abolish(path); /* this process will commit without a ring, so no process may believe the heads */
    }
    return NULL;
}

/* The handle still belongs to the database that is there. Without this question two processes, one
 * with an old handle and one with a new one, would replace each other's bell again and again. */
static bool is_of_present_database(struct store *handle)
{
    bool read = store_read_begin(handle, NULL) == 0;
    if (read) {
        store_read_end(handle);
    }
    return read && !store_is_stale(handle);
}

static struct bell *bell_with_lock(struct positions *p, struct store *handle)
{
    struct bell *b = last_bell(p);
    int64_t now = clock_mono_ms();
    bool due = p->mode == STORE_WRITE || now - p->bell_checked >= CHECK_MS || p->bell_checked == 0;
    bool good = b != NULL && strcmp(bell_epoch(b), store_epoch(handle)) == 0 && !(due && bell_is_replaced(b));
    p->bell_checked = due ? now : p->bell_checked;
    if (!good) {
        b = due && is_of_present_database(handle) ? open_bell(p, handle) : NULL;
    }
    uint64_t changes = handles_changes(p->handles);
    if (b != NULL && changes != atomic_load(&p->changes)) {
        room_heads_forget(b);
        /* The watched bell may be that of the database before; the watcher sets another one. */
        atomic_store(&p->watched, NULL);
        atomic_store(&p->changes, changes); /* last: see is_still_right */
    }
    return b;
}

struct bell *positions_bell_of(struct positions *p, struct store *handle)
{
    pthread_mutex_lock(&p->lock);
    struct bell *b = bell_with_lock(p, handle);
    pthread_mutex_unlock(&p->lock);
    if (!p->short_lived && has_notices(p)) {
        notices_start(p->notices);
    }
    return b;
}

static struct bell *bell_for_notices(void *context)
{
    struct positions *p = context;
    pthread_mutex_lock(&p->lock);
    struct bell *b = last_bell(p);
    pthread_mutex_unlock(&p->lock);
    return b;
}

struct bell *positions_bell(struct positions *p)
{
    struct bell *b = atomic_load(&p->watched);
    if (b == NULL) {
        blocking_expected();
        pthread_mutex_lock(&p->lock);
        b = last_bell(p);
        b = b != NULL && !bell_is_replaced(b) ? b : NULL;
        pthread_mutex_unlock(&p->lock);
    }
    return b;
}

/* The bell whose heads are those of the files as they are now, by its stamp. Opens no store: the
 * bell is taken as it is, of whichever database rang last. NULL if there is none. */
static struct bell *bell_in_step(struct positions *p)
{
    char path[CONF_TEXT_MAX + 16];
    if (has_notices(p)) {
        return notices_are_sure(p->notices) ? bell_for_notices(p) : NULL;
    }
    blocking_expected();
    pthread_mutex_lock(&p->lock);
    uint64_t stamp = stamp_of_store(p);
    if (stamp != 0 && p->bell_count == 0) {
        path_of_bell(p, path);
        p->bells[0] = bell_open_as_it_is(path);
        p->bell_count = p->bells[0] != NULL ? 1 : 0;
    }
    struct bell *b = stamp != 0 ? last_bell(p) : NULL;
    b = b != NULL && room_heads_stamp(b) == stamp && !bell_is_replaced(b) ? b : NULL;
    pthread_mutex_unlock(&p->lock);
    return b;
}

/* ---- reading ---- */

/* The watched bell is that of the database that is there. After a replacement the count of changes
 * differs until a handle of the new database has its bell. That handle's thread stores NULL in
 * `watched` before it stores the new count, so the order of the questions matters. */
static bool is_still_right(struct positions *p, const struct bell *watched)
{
    return handles_are_current(p->handles) && handles_changes(p->handles) == atomic_load(&p->changes) &&
           atomic_load(&p->watched) == watched && (!has_notices(p) || notices_are_sure(p->notices));
}

/* A client that was on another host may have seen more than this host knows of. */
static bool is_behind(const struct positions *p, const struct answer_room *room)
{
    return room->head < room->next && has_notices(p);
}

struct bell *positions_bell_in_step(struct positions *p)
{
    struct bell *watched = atomic_load(&p->watched);
    if (watched == NULL) {
        return bell_in_step(p);
    }
    return is_still_right(p, watched) ? watched : NULL;
}

bool positions_find(struct positions *p, struct answer_room *rooms, size_t count, char epoch[CHAT_EPOCH_SIZE])
{
    struct bell *watched = atomic_load(&p->watched);
    struct bell *b = watched != NULL ? watched : bell_in_step(p);
    bool known = b != NULL;
    for (size_t i = 0; i < count && known; i++) {
        known = room_heads_look(b, rooms[i].name, &rooms[i].head, &rooms[i].oldest) && rooms[i].head <= rooms[i].next &&
                !is_behind(p, &rooms[i]);
    }
    if (!known || (watched != NULL && !is_still_right(p, watched))) {
        return false;
    }
    memcpy(epoch, bell_epoch(b), CHAT_EPOCH_SIZE);
    epoch[CHAT_EPOCH_SIZE - 1] = '\0';
    return true;
}

void positions_ask(struct positions *p, struct store *handle, struct positions_asked *asked)
{
    struct bell *b = positions_bell_of(p, handle);
    *asked = (struct positions_asked){.store = handle, .bell = b};
    if (b != NULL && atomic_load(&p->watched) != b) {
        asked->found = room_heads_stamp(b); /* before the files are looked at: a writer in between sets another one */
        asked->stamp = stamp_of_store(p);
        if (asked->stamp == 0) {
            asked->bell = NULL; /* what is read could not be told from what comes later */
        } else if (asked->stamp != asked->found) {
            room_heads_forget(b); /* the heads are those of other files */
        }
    }
    asked->generation = b != NULL ? room_heads_moment(b) : 0;
}

/* The memory has these positions already. */
static bool has_all(struct bell *b, const struct answer_room *rooms, size_t count)
{
    bool has = true;
    for (size_t i = 0; i < count && has; i++) {
        uint64_t head = 0;
        uint64_t oldest = 0;
        has = room_heads_look(b, rooms[i].name, &head, &oldest) && head == rooms[i].head && oldest == rooms[i].oldest;
    }
    return has;
}

void positions_learn(const struct positions_asked *asked, const struct answer_room *rooms, size_t count)
{
    struct bell *b = asked->bell;
    if (b == NULL || (asked->stamp == 0 && has_all(b, rooms, count))) {
        return;
    }
    /* This question comes after the reading. If the file still has its name now, a process that
     * finds another one there later makes all forget, in a later generation. */
    if (store_is_stale(asked->store)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        room_heads_learned(b, asked->generation, rooms[i].name, rooms[i].head, rooms[i].oldest);
    }
    if (asked->stamp != 0) {
        room_heads_restamp(b, asked->found, asked->stamp);
    }
}

/* ---- committing ---- */

void positions_commit_begin(struct positions *p, struct store *handle, struct positions_commit *c)
{
    pthread_mutex_lock(&p->lock);
    struct bell *last = last_bell(p);
    *c = (struct positions_commit){.store = handle, .bell = bell_with_lock(p, handle)};
    c->left = last != c->bell ? last : NULL;
    pthread_mutex_unlock(&p->lock);
    if (c->bell == NULL) {
        return;
    }
    /* Before the stamps: a silent commit in between changes both. */
    c->has_notices = has_notices(p);
    bool has_version = !c->has_notices && store_version(handle, &c->version, NULL) == 0;
    bool is_alone = !room_heads_has_writer(c->bell);
    if (is_alone && stamp_of_store(p) != room_heads_stamp(c->bell)) {
        room_heads_forget(c->bell); /* a program has committed without a ring, and this commit would hide it */
    }
    c->is_alone = is_alone && has_version;
    c->seen = bell_seen(c->bell);
    c->mark = room_heads_begin_commit(c->bell);
}

/* A program has committed without a ring while this process waited for the database. If another
 * process of the site writes too, its commits can't be told from silent ones. */
static bool was_overtaken_silently(const struct positions_commit *c)
{
    uint64_t version = 0;
    return c->is_alone && store_version(c->store, &version, NULL) == 0 && version != c->version &&
           !room_heads_has_other_writer(c->bell, c->mark) && bell_seen(c->bell) == c->seen;
}

/* The commit is over, and its heads are raised. */
static void tell_commit(struct positions *p, struct positions_commit *c, const struct err *e)
{
    if (e->code == ERR_NONE) {
        room_heads_set_stamp(c->bell, stamp_of_store(p));
        /* stale: heads and stamp are of different files */
        if (store_is_stale(c->store) || was_overtaken_silently(c)) {
            room_heads_forget(c->bell);
        }
    } else if (e->code != ERR_BUSY) {
        /* a commit whose last step failed may have happened after all */
        room_heads_forget(c->bell);
    }
    room_heads_end_commit(c->bell, c->mark); /* rings */
}

/* Other hosts learn of the commit; those of this process that stay, soon. */
static void tell_hosts(struct positions *p, const struct positions_commit *c, const struct store_changes *changes)
{
    if (p->short_lived) {
        (void)store_tell(c->store, changes, NULL); /* a lost one is noticed elsewhere after a while (notices.h) */
    } else {
        notices_tell(p->notices, changes);
    }
}

static void end_commit(struct positions *p, struct positions_commit *c, const struct err *e)
{
    if (c->bell != NULL) {
        tell_commit(p, c, e);
    }
    if (c->left != NULL) {
        room_heads_forget(c->left); /* processes that sleep on it wake up, and find that it was replaced */
    }
}

void positions_commit_end(struct positions *p, struct positions_commit *c, const struct store_job *jobs, size_t count,
                          const struct err *e)
{
    for (size_t i = 0; c->bell != NULL && e->code == ERR_NONE && i < count; i++) {
        if (jobs[i].outcome == STORE_STORED) {
            room_heads_raise(c->bell, jobs[i].draft->room, jobs[i].seq);
        }
    }
    end_commit(p, c, e);
    if (has_notices(p) && e->code == ERR_NONE) {
        struct store_changes changes = {.count = 0};
        for (size_t i = 0; i < count; i++) {
            if (jobs[i].outcome == STORE_STORED) {
                store_changes_raise(&changes, jobs[i].draft->room, jobs[i].seq);
            }
        }
        tell_hosts(p, c, &changes);
        store_changes_fini(&changes);
    }
}

void positions_commit_changed(struct positions *p, struct positions_commit *c, const struct store_changes *changes,
                              const struct err *e)
{
    for (size_t i = 0; c->bell != NULL && e->code == ERR_NONE && i < changes->count; i++) {
        room_heads_raise(c->bell, changes->rooms[i].room, changes->rooms[i].head);
    }
    if (c->bell != NULL && changes->oldest_moved) {
        room_heads_forget(c->bell); /* the memory holds the former oldest seqs */
    }
    if (c->bell != NULL && changes->rules != 0 && e->code == ERR_NONE && !bell_raise_rules(c->bell, changes->rules)) {
        room_heads_forget(c->bell); /* a process that has read an older number doesn't set it then */
    }
    end_commit(p, c, e);
    if (has_notices(p) && e->code == ERR_NONE) {
        tell_hosts(p, c, changes);
    }
}

/* ---- learning of commits ---- */

/* The store has moved since it was last asked. Versions can be compared within one handle only, so
 * with a new one the safe answer is yes. */
static bool has_moved(struct positions_watch *w, struct store *handle, bool is_new)
{
    uint64_t version = 0;
    if (handle == NULL || store_version(handle, &version, NULL) != 0) {
        return false;
    }
    bool moved = is_new || version != w->version;
    w->version = version;
    return moved;
}

/* From here on, positions_find believes the heads of b. Not if another thread has found meanwhile
 * that the database was replaced: then b may be that of the old one. */
static void believe(struct positions *p, struct bell *b)
{
    pthread_mutex_lock(&p->lock);
    if (b == last_bell(p) && handles_changes(p->handles) == atomic_load(&p->changes)) {
        atomic_store(&p->watched, b);
    }
    pthread_mutex_unlock(&p->lock);
}

/* If the heads are those of other files, all are forgotten. While a process writes, that can't be
 * said: the question is left for the next round. */
static void compare_stamps(struct positions *p, struct positions_watch *w)
{
    uint32_t seen = bell_seen(w->bell);
    uint64_t told = room_heads_stamp(w->bell);
    uint64_t stamp = stamp_of_store(p);
    bool is_quiet = !room_heads_has_writer(w->bell) && bell_seen(w->bell) == seen;
    if (is_quiet && stamp != told) {
        room_heads_forget(w->bell);
        room_heads_restamp(w->bell, told, stamp); /* what is learned from now on is of these files or later ones */
    }
    if (is_quiet) {
        w->compared_at = clock_mono_ms();
        believe(p, w->bell);
    }
}

/* While it is quiet, the store's version tells of a commit that didn't ring; while people talk,
 * the stamp does. A ring is looked at as well, so that its commit isn't taken for a silent one
 * later. */
static void look_for_silent_commits(struct positions *p, struct positions_watch *w, struct store *handle, bool is_new)
{
    bool moved = !has_notices(p) && has_moved(w, handle, is_new); /* other hosts commit without a ring here */
    if (!w->rung && moved && bell_seen(w->bell) == w->seen) {
        room_heads_forget(w->bell);
    }
    if (clock_mono_ms() - w->compared_at >= CHECK_MS) {
        compare_stamps(p, w);
    }
}

/* If all heads were forgotten, the bell may have been replaced: the next call of positions_bell_of
 * looks, instead of a second later. */
static void doubt_bell(struct positions *p, struct positions_watch *w)
{
    uint64_t generation = room_heads_moment(w->bell);
    if (generation != w->generation) {
        w->generation = generation;
        pthread_mutex_lock(&p->lock);
        p->bell_checked = 0;
        pthread_mutex_unlock(&p->lock);
    }
}

static bool watch_bell(struct positions *p, struct positions_watch *w, struct store *handle, bool is_new)
{
    if (w->has_slept) {
        look_for_silent_commits(p, w, handle, is_new);
    }
    w->rung = bell_wait(w->bell, w->seen, CHECK_MS) == 1;
    w->has_slept = true;
    if (w->rung) {
        w->seen = bell_seen(w->bell);
        doubt_bell(p, w);
    }
    return w->rung;
}

static bool watch_timer(struct positions_watch *w, struct store *handle, bool is_new)
{
    if (has_moved(w, handle, is_new)) {
        w->timer_ms = TIMER_LEAST_MS;
        return true;
    }
    clock_sleep_ms(w->timer_ms);
    w->timer_ms += w->timer_ms < TIMER_MOST_MS ? TIMER_LEAST_MS : 0;
    return false;
}

/* No thread of this process heard the rings before this moment, so the first round reports news. */
static bool begin_watch(struct positions *p, struct positions_watch *w, struct bell *b)
{
    atomic_store(&p->watched, NULL);
    *w = (struct positions_watch){.bell = b, .timer_ms = TIMER_LEAST_MS};
    if (b != NULL) {
        w->seen = bell_seen(b);
        w->generation = room_heads_moment(b);
        compare_stamps(p, w);
    }
    return true;
}

bool positions_watch(struct positions *p, struct positions_watch *w, struct store *handle, bool is_new)
{
    struct bell *b = handle != NULL ? positions_bell_of(p, handle) : NULL;
    if (b != w->bell || w->timer_ms == 0) {
        return begin_watch(p, w, b);
    }
    return b != NULL ? watch_bell(p, w, handle, is_new) : watch_timer(w, handle, is_new);
}

void positions_sleep_begin(struct positions_sleep *s, struct bell *bell)
{
    *s = (struct positions_sleep){.bell = bell, .seen = bell_seen(bell)};
}

/* A program has committed, or has put other files there, and will not ring. A writer in the middle
 * of a commit will. */
static bool has_silent_commit(struct positions *p, const struct positions_sleep *s)
{
    return !room_heads_has_writer(s->bell) && bell_in_step(p) == NULL && !room_heads_has_writer(s->bell) &&
           bell_seen(s->bell) == s->seen;
}

int positions_sleep(struct positions *p, struct positions_sleep *s, int timeout_ms)
{
    bool rung = false;
    if (s->silent) { /* processes that look then ring themselves, and each ring would make all others look */
        clock_sleep_ms(PAUSE_MS);
        s->silent = false;
    }
    if (timeout_ms > 0 && !bell_is_replaced(s->bell)) {
        rung = bell_wait(s->bell, s->seen, timeout_ms) == 1;
        s->silent = !rung && has_silent_commit(p, s);
    }
    s->seen = rung || s->silent || timeout_ms == 0 ? bell_seen(s->bell) : s->seen;
    return bell_is_replaced(s->bell) ? -1 : rung || s->silent ? 1 : 0;
}
