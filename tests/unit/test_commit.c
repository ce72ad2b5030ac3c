/* test_commit.c - commit.h: many senders share few transactions, one sender's error does not affect
 * the others, and no sender's thread waits.
 *
 * Site and store are fakes, which replace those of the library: they count calls, wait at a gate
 * and fail on demand. A draft's id says what happens: "full…" and "busy…" fail in each transaction.
 */
#include "fake_clock.h"
#include "support.h"

#include "base/ck.h"
#include "base/err.h"
#include "site/commit.h"
#include "site/head_files.h"
#include "site/positions.h"
#include "site/site.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>

struct store {
    int unused;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct store store;
    bool no_store;    /* site_borrow fails */
    bool gate_closed; /* store_append waits */
    int replaced;     /* so many handles are of a database that was replaced, when they are given back */
    int inside;       /* threads in store_append now */
    int borrowed;
    int returned;
    int appends;
    int stored;
    int begun;     /* commits that positions.h was told of, less those whose end it was told */
    int known;     /* messages that positions.h was told of */
    int published; /* jobs that were passed to head_files.h */
    int rests;     /* calls of site_rest */
    int rests_now;
    size_t greatest_group;
    uint64_t seq;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct store *site_borrow(struct site *s, struct err *e)
{
    (void)s;
    pthread_mutex_lock(&fake.lock);
    bool none = fake.no_store;
    fake.borrowed += none ? 0 : 1;
    pthread_mutex_unlock(&fake.lock);
    if (none) {
        err_set(e, ERR_READONLY, "no store");
        return NULL;
    }
    return &fake.store;
}

bool site_return(struct site *s, struct store *handle)
{
    (void)s;
    assert_ptr_equal(handle, &fake.store);
    pthread_mutex_lock(&fake.lock);
    fake.returned++;
    bool is_current = fake.replaced == 0;
    fake.replaced -= is_current ? 0 : 1;
    pthread_mutex_unlock(&fake.lock);
    return is_current;
}

/* The fake site knows no positions; the tests of the programs cover ringing. */
struct positions *site_positions(struct site *s)
{
    (void)s;
    return NULL;
}

void positions_commit_begin(struct positions *p, struct store *handle, struct positions_commit *c)
{
    (void)p;
    c->store = handle;
    pthread_mutex_lock(&fake.lock);
    fake.begun++;
    pthread_mutex_unlock(&fake.lock);
}

/* The error tells whether the jobs are durable. */
void positions_commit_end(struct positions *p, struct positions_commit *c, const struct store_job *jobs, size_t count,
                          const struct err *e)
{
    (void)p;
    assert_ptr_equal(c->store, &fake.store);
    pthread_mutex_lock(&fake.lock);
    fake.begun--;
    for (size_t i = 0; e->code == ERR_NONE && i < count; i++) {
        fake.known += jobs[i].outcome == STORE_STORED;
    }
    pthread_mutex_unlock(&fake.lock);
}

void head_files_publish(struct site *site, struct store *store, const struct store_job *jobs, size_t count)
{
    (void)site;
    assert_ptr_equal(store, &fake.store);
    for (size_t i = 0; i < count; i++) {
        fake.published += jobs[i].outcome == STORE_STORED;
    }
}

struct metrics_file *site_metrics(struct site *s)
{
    (void)s;
    return NULL;
}

static struct conf settings = {.busy_timeout = 60000};

const struct conf *site_loaded_conf(const struct site *s)
{
    (void)s;
    return &settings;
}

void site_rest(struct site *s, bool now)
{
    (void)s;
    pthread_mutex_lock(&fake.lock);
    fake.rests++;
    fake.rests_now += now;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

const char *store_epoch(const struct store *s)
{
    (void)s;
    return "EPOCHEPOCHEPOCHEPOCHEP";
}

static bool any_begins(const struct store_job *jobs, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(jobs[i].draft->id, word, strlen(word)) == 0) {
            return true;
        }
    }
    return false;
}

int store_append(struct store *s, struct store_job *jobs, size_t count, struct err *e)
{
    int result = 0;
    (void)s;
    pthread_mutex_lock(&fake.lock);
    fake.inside++;
    fake.appends++;
    fake.greatest_group = count > fake.greatest_group ? count : fake.greatest_group;
    if (fake.inside != 1) {
        fail_msg("two threads write with one handle");
    }
    pthread_cond_broadcast(&fake.changed);
    while (fake.gate_closed) {
        pthread_cond_wait(&fake.changed, &fake.lock);
    }
    if (any_begins(jobs, count, "full")) {
        result = err_set(e, ERR_FULL, "full");
    } else if (any_begins(jobs, count, "busy")) {
        result = err_set(e, ERR_BUSY, "busy");
    }
    for (size_t i = 0; i < count && result == 0; i++) {
        jobs[i].outcome = STORE_STORED;
        jobs[i].seq = ++fake.seq;
        jobs[i].time_ms = 1000;
        fake.stored++;
    }
    fake.inside--;
    pthread_mutex_unlock(&fake.lock);
    return result;
}

/* ---- senders ---- */

struct sender {
    struct commit_job job; /* first: a pointer to it is a pointer to this */
    struct chat_draft draft;
    struct err e;
    char epoch[CHAT_EPOCH_SIZE];
    int answers; /* how many times it was answered */
    int place;   /* among all that were answered, from 1 */
    pthread_t by;
};

static int answered; /* since reset() */

static void answer(struct commit_job *job, const char *epoch, const struct err *e)
{
    struct sender *s = (struct sender *)job;
    pthread_mutex_lock(&fake.lock);
    s->e = *e;
    snprintf(s->epoch, sizeof s->epoch, "%s", epoch);
    s->by = pthread_self();
    s->place = ++answered;
    s->answers++;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

static void prepare(struct sender *s, const char *id)
{
    memset(s, 0, sizeof *s);
    chat_draft_init(&s->draft);
    snprintf(s->draft.id, sizeof s->draft.id, "%s", id);
    s->job.store.draft = &s->draft;
    s->job.done = answer;
}

static void start(struct sender *s, struct commit *c, const char *id)
{
    prepare(s, id);
    commit_append(c, &s->job);
}

static bool is_answered(const struct sender *s)
{
    pthread_mutex_lock(&fake.lock);
    int answers = s->answers;
    pthread_mutex_unlock(&fake.lock);
    assert_in_range(answers, 0, 1);
    return answers == 1;
}

static void wait_for(const struct sender *s)
{
    pthread_mutex_lock(&fake.lock);
    while (s->answers == 0) {
        pthread_cond_wait(&fake.changed, &fake.lock);
    }
    pthread_mutex_unlock(&fake.lock);
}

static void send_and_wait(struct sender *s, struct commit *c, const char *id)
{
    start(s, c, id);
    wait_for(s);
}

static void reset(void)
{
    pthread_mutex_lock(&fake.lock);
    fake.no_store = fake.gate_closed = false;
    fake.borrowed = fake.returned = fake.appends = fake.stored = fake.known = fake.published = fake.replaced = 0;
    fake.rests = fake.rests_now = answered = 0;
    fake.greatest_group = 0;
    fake.seq = 0;
    pthread_mutex_unlock(&fake.lock);
}

static void set_gate(bool closed)
{
    pthread_mutex_lock(&fake.lock);
    fake.gate_closed = closed;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

static void wait_until_a_sender_writes(void)
{
    pthread_mutex_lock(&fake.lock);
    while (fake.inside == 0) {
        pthread_cond_wait(&fake.changed, &fake.lock);
    }
    pthread_mutex_unlock(&fake.lock);
}

/* One message waits at the gate in the store while the others are queued after it; then the gate
 * opens. */
static void send_behind_a_gate(struct sender *senders, size_t count, const char *(*id)(size_t i))
{
    struct commit *c = commit_new(NULL, true);
    set_gate(true);
    start(&senders[0], c, id(0));
    wait_until_a_sender_writes();
    for (size_t i = 1; i < count; i++) {
        start(&senders[i], c, id(i));
    }
    set_gate(false);
    for (size_t i = 0; i < count; i++) {
        wait_for(&senders[i]);
    }
    commit_free(c);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(senders[i].answers, 1);
        assert_int_equal(senders[i].place, i + 1);
    }
    assert_int_equal(fake.borrowed, fake.returned);
    assert_int_equal(fake.known, fake.stored);
    assert_int_equal(fake.begun, 0);
}

/* The commit at the gate becomes so old that the store counts as stuck. */
static void pass_until_stuck(void)
{
    fake_clock_pass(1000); /* as long as commit.h says */
}

static const char *good_id(size_t i)
{
    static _Thread_local char id[32];
    snprintf(id, sizeof id, "good%zu", i);
    return id;
}

/* ---- tests ---- */

static void one_sender_is_one_transaction(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    send_and_wait(&s, c, "good");
    assert_int_equal(s.e.code, ERR_NONE);
    assert_int_equal(s.job.store.outcome, STORE_STORED);
    assert_int_equal(s.job.store.seq, 1);
    assert_int_equal(s.job.store.time_ms, 1000);
    assert_string_equal(s.epoch, "EPOCHEPOCHEPOCHEPOCHEP");
    assert_int_equal(fake.appends, 1);
    commit_free(c);
    assert_int_equal(fake.returned, 1);
    commit_free(NULL);
}

static void senders_that_queue_up_during_a_transaction_share_the_next(void **state)
{
    static struct sender senders[50];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), good_id);
    assert_int_equal(fake.appends, 2);
    assert_int_equal(fake.greatest_group, 49);
    assert_int_equal(fake.stored, 50);
    for (size_t i = 0; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].job.store.outcome, STORE_STORED);
        assert_int_equal(senders[i].job.store.seq, i + 1); /* in the order of arrival */
    }
}

static void the_sender_goes_on_and_another_thread_commits_and_answers(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    set_gate(true);
    start(&s, c, "good"); /* returns although the gate is closed */
    assert_false(is_answered(&s));
    set_gate(false);
    wait_for(&s);
    assert_false(pthread_equal(s.by, pthread_self()));
    commit_free(c);
}

static void a_process_of_one_request_commits_in_the_calling_thread(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, false);
    (void)state;
    reset();
    start(&s, c, "good");
    assert_true(is_answered(&s));
    assert_true(pthread_equal(s.by, pthread_self()));
    assert_int_equal(s.e.code, ERR_NONE);
    start(&s, c, "full");
    assert_int_equal(s.e.code, ERR_FULL);
    commit_look_after(c);
    assert_int_equal(fake.rests, 1);
    commit_drain(c);
    commit_free(c);
}

/* How many of them were refused. */
static size_t count_refused(const struct sender *senders, size_t count)
{
    size_t refused = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_answered(&senders[i])) {
            assert_int_equal(senders[i].e.code, ERR_BUSY);
            refused++;
        }
    }
    return refused;
}

static void while_the_store_is_blocked_few_senders_wait_and_others_are_refused(void **state)
{
    struct sender first;
    static struct sender waiting[COMMIT_QUEUE_STUCK];
    static struct sender surplus[2];
    struct sender late;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    set_gate(true);
    start(&first, c, "good");
    wait_until_a_sender_writes();
    for (size_t i = 0; i < COUNT(waiting); i++) {
        start(&waiting[i], c, good_id(i));
    }
    for (size_t i = 0; i < COUNT(surplus); i++) {
        start(&surplus[i], c, "good");
    }
    commit_look_after(c); /* the store may be done at any moment */
    assert_int_equal(count_refused(surplus, COUNT(surplus)), 0);
    pass_until_stuck();
    start(&late, c, "good"); /* at once */
    assert_int_equal(count_refused(&late, 1), 1);
    commit_look_after(c);
    assert_int_equal(count_refused(surplus, COUNT(surplus)), COUNT(surplus));
    assert_int_equal(count_refused(waiting, COUNT(waiting)), 0);
    set_gate(false);
    for (size_t i = 0; i < COUNT(waiting); i++) {
        wait_for(&waiting[i]);
        assert_int_equal(waiting[i].e.code, ERR_NONE);
    }
    assert_int_equal(first.e.code, ERR_NONE);
    assert_int_equal(fake.stored, 1 + COUNT(waiting));
    send_and_wait(&late, c, "good"); /* then it works as before */
    assert_int_equal(late.e.code, ERR_NONE);
    commit_free(c);
}

static void no_sender_waits_in_the_queue_longer_than_the_busy_timeout(void **state)
{
    struct sender first;
    static struct sender waiting[3];
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    settings.busy_timeout = 10;
    set_gate(true);
    start(&first, c, "good");
    wait_until_a_sender_writes();
    for (size_t i = 0; i < COUNT(waiting); i++) {
        start(&waiting[i], c, good_id(i));
    }
    pass_until_stuck();
    commit_look_after(c);
    assert_int_equal(count_refused(waiting, COUNT(waiting)), COUNT(waiting));
    set_gate(false);
    wait_for(&first);
    assert_int_equal(first.e.code, ERR_NONE);
    commit_free(c);
    assert_int_equal(fake.stored, 1); /* a message that was refused is not stored later */
    settings.busy_timeout = 60000;
}

static void the_committer_itself_refuses_what_became_too_late_during_its_commit(void **state)
{
    struct sender first;
    struct sender late;
    struct sender fresh;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    settings.busy_timeout = 10;
    set_gate(true);
    start(&first, c, "good");
    wait_until_a_sender_writes();
    start(&late, c, "good");
    pass_until_stuck();
    start(&fresh, c, "good");
    set_gate(false);
    wait_for(&fresh);
    assert_int_equal(late.e.code, ERR_BUSY);
    assert_int_equal(fresh.e.code, ERR_NONE);
    commit_free(c);
    assert_int_equal(fake.stored, 2);
    settings.busy_timeout = 60000;
}

static void a_group_has_a_limit_and_all_senders_get_their_turn(void **state)
{
    static struct sender senders[150];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), good_id);
    assert_int_equal(fake.greatest_group, COMMIT_GROUP_MOST);
    assert_int_equal(fake.stored, 150);
    for (size_t i = 0; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].e.code, ERR_NONE);
        assert_int_equal(senders[i].job.store.seq, i + 1);
    }
}

/* The fakes don't read the texts, so these have none. */
static void start_large(struct sender *s, struct commit *c, size_t bytes)
{
    prepare(s, "good");
    s->draft.text_length = bytes;
    commit_append(c, &s->job);
}

static void large_messages_are_committed_in_groups_of_limited_size_in_order_of_arrival(void **state)
{
    struct sender first;
    struct sender small;
    static struct sender large[6];
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    set_gate(true);
    start(&first, c, "good");
    wait_until_a_sender_writes();
    for (size_t i = 0; i < COUNT(large); i++) {
        start_large(&large[i], c, i == 5 ? COMMIT_GROUP_BYTES * 2 : COMMIT_GROUP_BYTES / 2);
    }
    start(&small, c, "good");
    set_gate(false);
    wait_for(&small);
    assert_int_equal(fake.greatest_group, 2);
    assert_int_equal(fake.appends, 1 + 3 + 2); /* 2 + 2 + 1, the very large one, the small one */
    assert_int_equal(small.job.store.seq, 1 + COUNT(large) + 1);
    commit_free(c);
}

static void large_texts_that_take_too_much_memory_are_refused_and_small_ones_are_not(void **state)
{
    struct sender first;
    struct sender small;
    static struct sender large[3];
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    set_gate(true);
    start(&first, c, "good");
    wait_until_a_sender_writes();
    start_large(&large[0], c, COMMIT_QUEUE_BYTES * 2); /* the first one always has room */
    assert_false(is_answered(&large[0]));
    start_large(&large[1], c, 100000);
    assert_int_equal(count_refused(&large[1], 1), 1);
    start(&small, c, "good");
    assert_false(is_answered(&small));
    set_gate(false);
    wait_for(&small);
    assert_int_equal(large[0].e.code, ERR_NONE);
    assert_int_equal(small.e.code, ERR_NONE);
    start_large(&large[2], c, 100000);
    wait_for(&large[2]);
    assert_int_equal(large[2].e.code, ERR_NONE);
    commit_free(c);
}

static const char *every_seventh_is_full(size_t i)
{
    return i % 7 == 3 ? "full" : good_id(i);
}

static void an_error_affects_only_the_message_that_caused_it(void **state)
{
    static struct sender senders[21];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), every_seventh_is_full);
    for (size_t i = 0; i < COUNT(senders); i++) {
        bool full = i % 7 == 3;
        assert_int_equal(senders[i].e.code, full ? ERR_FULL : ERR_NONE);
        assert_string_equal(senders[i].e.text, full ? "full" : "");
        assert_int_equal(senders[i].job.store.seq > 0, !full);
    }
    assert_int_equal(fake.stored, 18);
    assert_int_equal(fake.published, 18);
    assert_int_equal(fake.seq, 18); /* the second attempt stores nothing twice */
}

static const char *first_good_rest_full(size_t i)
{
    return i == 0 ? "good" : "full";
}

static void if_all_fail_each_sender_gets_its_own_error(void **state)
{
    static struct sender senders[10];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), first_good_rest_full);
    assert_int_equal(senders[0].e.code, ERR_NONE);
    for (size_t i = 1; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].e.code, ERR_FULL);
        assert_int_equal(senders[i].job.store.outcome, 0); /* unchanged */
    }
}

static const char *one_is_busy(size_t i)
{
    return i == 4 ? "busy" : good_id(i);
}

static void a_busy_store_is_not_tried_again_for_each_message(void **state)
{
    static struct sender senders[10];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), one_is_busy);
    assert_int_equal(fake.appends, 2);
    assert_int_equal(senders[0].e.code, ERR_NONE);
    for (size_t i = 1; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].e.code, ERR_BUSY);
    }
    assert_int_equal(fake.stored, 1);
}

static const char *full_then_busy(size_t i)
{
    return i == 1 ? "full" : i == 2 ? "busy" : good_id(i);
}

/* Each attempt could wait for the lock as long as the setting allows: one after the other, that
 * would take minutes. */
static void a_busy_store_ends_the_second_attempts_of_a_group(void **state)
{
    static struct sender senders[10];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), full_then_busy);
    assert_int_equal(fake.appends, 4); /* the first sender, the group, "full", "busy" */
    assert_int_equal(senders[0].e.code, ERR_NONE);
    assert_int_equal(senders[1].e.code, ERR_FULL);
    for (size_t i = 2; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].e.code, ERR_BUSY);
        assert_int_equal(senders[i].job.store.outcome, 0);
    }
    assert_int_equal(fake.stored, 1);
}

static void without_a_store_all_get_the_reason_and_the_next_sender_tries_again(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    fake.no_store = true;
    send_and_wait(&s, c, "good");
    assert_int_equal(s.e.code, ERR_READONLY);
    assert_int_equal(fake.appends, 0);
    assert_int_equal(fake.returned, 0);
    fake.no_store = false;
    send_and_wait(&s, c, "good");
    assert_int_equal(s.e.code, ERR_NONE);
    commit_free(c);
}

/* Its handle says so when it is given back; an error for another reason isn't tried again. */
static void a_message_that_met_a_replaced_database_is_tried_with_a_new_handle(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    fake.replaced = 2;
    send_and_wait(&s, c, "busy");
    assert_int_equal(s.e.code, ERR_BUSY);
    assert_int_equal(fake.appends, 3);
    fake.replaced = 2;
    send_and_wait(&s, c, "full");
    assert_int_equal(s.e.code, ERR_FULL);
    assert_int_equal(fake.appends, 4);
    commit_free(c);
}

static void the_store_rests_in_the_committers_thread_when_the_queue_is_empty(void **state)
{
    struct sender first;
    struct sender second;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    set_gate(true);
    start(&first, c, "good");
    wait_until_a_sender_writes();
    start(&second, c, "good");
    commit_look_after(c); /* returns although the gate is closed */
    assert_int_equal(fake.rests, 0);
    set_gate(false);
    pthread_mutex_lock(&fake.lock);
    while (fake.rests == 0) {
        pthread_cond_wait(&fake.changed, &fake.lock);
    }
    assert_int_equal(fake.stored, 2);
    pthread_mutex_unlock(&fake.lock);
    commit_free(c);
    assert_int_equal(fake.rests_now, 0);
}

static void *drain(void *argument)
{
    commit_drain(argument);
    pthread_mutex_lock(&fake.lock);
    assert_int_equal(answered, 3);
    assert_true(fake.rests_now >= 1);
    pthread_mutex_unlock(&fake.lock);
    return NULL;
}

static void a_process_that_ends_answers_all_messages_first(void **state)
{
    static struct sender senders[3];
    struct sender last;
    pthread_t threads[2];
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    set_gate(true);
    for (size_t i = 0; i < COUNT(senders); i++) {
        start(&senders[i], c, good_id(i));
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, drain, c), 0);
    }
    wait_until_a_sender_writes();
    set_gate(false);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    start(&last, c, "good"); /* queued after the first call, so the next one answers it */
    commit_drain(c);
    assert_true(is_answered(&last));
    assert_int_equal(last.e.code, ERR_NONE);
    assert_int_equal(fake.stored, 4);
    commit_free(c);
}

enum { BUSY_THREADS = 16, SENDS = 200 };

struct busy {
    pthread_t thread;
    struct commit *commit;
    int right; /* results */
};

static sem_t may_send;
static struct sender first_sender;

static void *send_when_allowed(void *argument)
{
    struct commit *to = argument;
    while (sem_wait(&may_send) != 0) {
    }
    start(&first_sender, to, "first");
    return NULL;
}

static void allow_threads(bool allowed)
{
    struct rlimit limit;
    CK(getrlimit(RLIMIT_NPROC, &limit) == 0);
    limit.rlim_cur = allowed ? limit.rlim_max : 0;
    CK(setrlimit(RLIMIT_NPROC, &limit) == 0);
}

/* In a child, as another user: the limit doesn't count for root. */
static void begin_without_a_committer(void)
{
    static struct sender second;
    struct commit *c = commit_new(NULL, true);
    pthread_t thread;
    CK(getuid() != 0 || setuid(65534) == 0);
    CK(sem_init(&may_send, 0, 0) == 0);
    set_gate(true);
    CK(pthread_create(&thread, NULL, send_when_allowed, c) == 0);
    allow_threads(false);
    sem_post(&may_send);
    wait_until_a_sender_writes();
    allow_threads(true);
    start(&second, c, "second");
    clock_sleep_ms(50);
    pthread_mutex_lock(&fake.lock);
    CK(fake.inside == 1);
    pthread_mutex_unlock(&fake.lock);
    set_gate(false);
    wait_for(&first_sender);
    wait_for(&second);
    pthread_join(thread, NULL);
    CK(first_sender.place == 1 && second.place == 2);
}

static void one_thread_at_a_time_commits_also_when_the_committer_starts_late(void **state)
{
    (void)state;
    int status = 0;
    reset();
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka's handler would continue with the next test */
        begin_without_a_committer();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void *send_many(void *argument)
{
    struct busy *b = argument;
    for (int i = 0; i < SENDS; i++) {
        struct sender s;
        bool fails = i % 10 == 9;
        send_and_wait(&s, b->commit, fails ? "full" : "good");
        b->right += s.e.code == ERR_NONE && s.job.store.outcome == STORE_STORED && s.job.store.seq > 0 && !fails;
        b->right += s.e.code == ERR_FULL && s.job.store.seq == 0 && fails;
    }
    return NULL;
}

/* In each interleaving each sender gets its own result, and all messages are stored once. Also run
 * under the thread sanitizer. */
static void many_senders_at_once_get_their_own_results(void **state)
{
    static struct busy senders[BUSY_THREADS];
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    for (size_t i = 0; i < BUSY_THREADS; i++) {
        senders[i] = (struct busy){.commit = c};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
    }
    for (size_t i = 0; i < BUSY_THREADS; i++) {
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
        assert_int_equal(senders[i].right, SENDS);
    }
    commit_free(c);
    assert_int_equal(fake.stored, BUSY_THREADS * SENDS * 9 / 10);
    assert_int_equal(fake.seq, fake.stored);
    assert_int_equal(fake.borrowed, fake.returned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_sender_is_one_transaction),
        cmocka_unit_test(senders_that_queue_up_during_a_transaction_share_the_next),
        cmocka_unit_test(the_sender_goes_on_and_another_thread_commits_and_answers),
        cmocka_unit_test(a_process_of_one_request_commits_in_the_calling_thread),
        cmocka_unit_test(while_the_store_is_blocked_few_senders_wait_and_others_are_refused),
        cmocka_unit_test(no_sender_waits_in_the_queue_longer_than_the_busy_timeout),
        cmocka_unit_test(the_committer_itself_refuses_what_became_too_late_during_its_commit),
        cmocka_unit_test(a_group_has_a_limit_and_all_senders_get_their_turn),
        cmocka_unit_test(large_messages_are_committed_in_groups_of_limited_size_in_order_of_arrival),
        cmocka_unit_test(large_texts_that_take_too_much_memory_are_refused_and_small_ones_are_not),
        cmocka_unit_test(an_error_affects_only_the_message_that_caused_it),
        cmocka_unit_test(if_all_fail_each_sender_gets_its_own_error),
        cmocka_unit_test(a_busy_store_is_not_tried_again_for_each_message),
        cmocka_unit_test(a_busy_store_ends_the_second_attempts_of_a_group),
        cmocka_unit_test(without_a_store_all_get_the_reason_and_the_next_sender_tries_again),
        cmocka_unit_test(a_message_that_met_a_replaced_database_is_tried_with_a_new_handle),
        cmocka_unit_test(the_store_rests_in_the_committers_thread_when_the_queue_is_empty),
        cmocka_unit_test(a_process_that_ends_answers_all_messages_first),
        cmocka_unit_test(one_thread_at_a_time_commits_also_when_the_committer_starts_late),
        cmocka_unit_test(many_senders_at_once_get_their_own_results),
    };
    return RUN(tests);
}
