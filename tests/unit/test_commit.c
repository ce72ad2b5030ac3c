/* test_commit.c - commit.h: many senders share few transactions, and one sender's error does not
 * affect the others.
 *
 * Site and store are fakes, which replace those of the library: they count calls, wait at a gate
 * and fail on demand. A draft's id says what happens: "full…" and "busy…" fail in each transaction.
 */
#include "support.h"

#include "base/err.h"
#include "site/commit.h"
#include "site/head_files.h"
#include "site/positions.h"
#include "site/site.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

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
    (void)now;
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
    pthread_t thread;
    struct commit *commit;
    struct chat_draft draft;
    struct store_job job;
    struct err e;
    char epoch[CHAT_EPOCH_SIZE];
    int result;
    atomic_int task; /* the kernel's id of the thread, just before it sends */
};

static void *send_one(void *argument)
{
    struct sender *s = argument;
    atomic_store(&s->task, gettid());
    s->result = commit_append(s->commit, &s->job, s->epoch, &s->e);
    return NULL;
}

static void start(struct sender *s, struct commit *c, const char *id)
{
    memset(s, 0, sizeof *s);
    s->commit = c;
    chat_draft_init(&s->draft);
    snprintf(s->draft.id, sizeof s->draft.id, "%s", id);
    s->job.draft = &s->draft;
    s->result = 99;
    assert_int_equal(pthread_create(&s->thread, NULL, send_one, s), 0);
}

static void join(struct sender *s)
{
    assert_int_equal(pthread_join(s->thread, NULL), 0);
}

static void reset(void)
{
    pthread_mutex_lock(&fake.lock);
    fake.no_store = fake.gate_closed = false;
    fake.borrowed = fake.returned = fake.appends = fake.stored = fake.known = fake.published = fake.replaced = 0;
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

/* The sender sleeps in the kernel, so it is in the queue: it sleeps nowhere else after setting
 * `task`. */
static void wait_until_queued(struct sender *s)
{
    static const struct timespec tick = {.tv_nsec = 1000000};
    for (int sleeping = 0; sleeping < 3; nanosleep(&tick, NULL)) {
        char path[64];
        char state = '?';
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", atomic_load(&s->task));
        FILE *file = fopen(path, "re");
        if (file != NULL && fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
            state = '?';
        }
        if (file != NULL) {
            fclose(file);
        }
        sleeping = state == 'S' ? sleeping + 1 : 0;
    }
}

/* One sender waits at the gate in the store while the others queue up after it; then the gate
 * opens. */
static void send_behind_a_gate(struct sender *senders, size_t count, const char *(*id)(size_t i))
{
    struct commit *c = commit_new(NULL, 1000);
    set_gate(true);
    start(&senders[0], c, id(0));
    wait_until_a_sender_writes();
    for (size_t i = 1; i < count; i++) {
        start(&senders[i], c, id(i));
        wait_until_queued(&senders[i]);
    }
    set_gate(false);
    for (size_t i = 0; i < count; i++) {
        join(&senders[i]);
    }
    commit_free(c);
    assert_int_equal(fake.borrowed, fake.returned);
    assert_int_equal(fake.known, fake.stored);
    assert_int_equal(fake.begun, 0);
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
    struct commit *c = commit_new(NULL, 1000);
    (void)state;
    reset();
    start(&s, c, "good");
    join(&s);
    assert_int_equal(s.result, 0);
    assert_int_equal(s.e.code, ERR_NONE);
    assert_int_equal(s.job.outcome, STORE_STORED);
    assert_int_equal(s.job.seq, 1);
    assert_int_equal(s.job.time_ms, 1000);
    assert_string_equal(s.epoch, "EPOCHEPOCHEPOCHEPOCHEP");
    assert_int_equal(fake.appends, 1);
    assert_int_equal(fake.returned, 1);
    commit_free(c);
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
        assert_int_equal(senders[i].result, 0);
        assert_int_equal(senders[i].job.outcome, STORE_STORED);
        assert_int_equal(senders[i].job.seq, i + 1); /* in the order of arrival */
    }
}

static void while_the_store_is_blocked_few_senders_wait_and_others_are_refused(void **state)
{
    struct sender leader;
    static struct sender waiting[3];
    static struct sender surplus[2];
    struct sender late;
    struct commit *c = commit_new(NULL, COUNT(waiting));
    (void)state;
    reset();
    set_gate(true);
    start(&leader, c, "good");
    wait_until_a_sender_writes();
    for (size_t i = 0; i < COUNT(waiting); i++) {
        start(&waiting[i], c, good_id(i));
        wait_until_queued(&waiting[i]);
    }
    for (size_t i = 0; i < COUNT(surplus); i++) {
        start(&surplus[i], c, "good");
    }
    for (size_t i = 0; i < COUNT(surplus); i++) { /* these give up while the gate is closed */
        join(&surplus[i]);
        assert_int_equal(surplus[i].result, -1);
        assert_int_equal(surplus[i].e.code, ERR_BUSY);
    }
    start(&late, c, "good");
    join(&late);
    assert_int_equal(late.e.code, ERR_BUSY);
    set_gate(false);
    join(&leader);
    assert_int_equal(leader.result, 0);
    for (size_t i = 0; i < COUNT(waiting); i++) {
        join(&waiting[i]);
        assert_int_equal(waiting[i].result, 0);
    }
    assert_int_equal(fake.stored, 1 + COUNT(waiting));
    start(&late, c, "good"); /* then it works as before */
    join(&late);
    assert_int_equal(late.result, 0);
    commit_free(c);
}

static void no_sender_waits_in_the_queue_longer_than_the_busy_timeout(void **state)
{
    struct sender leader;
    static struct sender waiting[3];
    struct commit *c = commit_new(NULL, 100);
    (void)state;
    reset();
    settings.busy_timeout = 10;
    set_gate(true);
    start(&leader, c, "good");
    wait_until_a_sender_writes();
    for (size_t i = 0; i < COUNT(waiting); i++) {
        start(&waiting[i], c, good_id(i));
    }
    for (size_t i = 0; i < COUNT(waiting); i++) {
        join(&waiting[i]);
        assert_int_equal(waiting[i].e.code, ERR_BUSY);
    }
    set_gate(false);
    join(&leader);
    assert_int_equal(leader.result, 0);
    assert_int_equal(fake.stored, 1); /* a sender that gave up is not stored later */
    settings.busy_timeout = 60000;
    commit_free(c);
}

static void a_group_has_a_limit_and_all_senders_get_their_turn(void **state)
{
    static struct sender senders[150];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), good_id);
    assert_int_equal(fake.greatest_group, 128);
    assert_int_equal(fake.stored, 150);
    for (size_t i = 0; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].result, 0);
        assert_int_equal(senders[i].job.seq, i + 1);
    }
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
        assert_int_equal(senders[i].result, full ? -1 : 0);
        assert_int_equal(senders[i].e.code, full ? ERR_FULL : ERR_NONE);
        assert_string_equal(senders[i].e.text, full ? "full" : "");
        assert_int_equal(senders[i].job.seq > 0, !full);
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
    assert_int_equal(senders[0].result, 0);
    for (size_t i = 1; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].result, -1);
        assert_int_equal(senders[i].e.code, ERR_FULL);
        assert_int_equal(senders[i].job.outcome, 0); /* unchanged */
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
    assert_int_equal(senders[0].result, 0);
    for (size_t i = 1; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].result, -1);
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
    assert_int_equal(senders[0].result, 0);
    assert_int_equal(senders[1].e.code, ERR_FULL);
    for (size_t i = 2; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].result, -1);
        assert_int_equal(senders[i].e.code, ERR_BUSY);
        assert_int_equal(senders[i].job.outcome, 0);
    }
    assert_int_equal(fake.stored, 1);
}

static void without_a_store_all_get_the_reason_and_the_next_sender_tries_again(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, 1000);
    (void)state;
    reset();
    fake.no_store = true;
    start(&s, c, "good");
    join(&s);
    assert_int_equal(s.result, -1);
    assert_int_equal(s.e.code, ERR_READONLY);
    assert_int_equal(fake.appends, 0);
    assert_int_equal(fake.returned, 0);
    fake.no_store = false;
    start(&s, c, "good");
    join(&s);
    assert_int_equal(s.result, 0);
    commit_free(c);
}

/* Its handle says so when it is given back; an error for another reason isn't tried again. */
static void a_message_that_met_a_replaced_database_is_tried_with_a_new_handle(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, 1000);
    (void)state;
    reset();
    fake.replaced = 2;
    start(&s, c, "busy");
    join(&s);
    assert_int_equal(s.e.code, ERR_BUSY);
    assert_int_equal(fake.appends, 3);
    fake.replaced = 2;
    start(&s, c, "full");
    join(&s);
    assert_int_equal(s.e.code, ERR_FULL);
    assert_int_equal(fake.appends, 4);
    commit_free(c);
}

static void the_error_argument_may_be_null_for_a_sender(void **state)
{
    struct chat_draft draft;
    struct store_job job = {.draft = &draft};
    char epoch[CHAT_EPOCH_SIZE] = "";
    struct commit *c = commit_new(NULL, 1000);
    (void)state;
    reset();
    chat_draft_init(&draft);
    snprintf(draft.id, sizeof draft.id, "full");
    assert_int_equal(commit_append(c, &job, epoch, NULL), -1);
    fake.no_store = true;
    assert_int_equal(commit_append(c, &job, epoch, NULL), -1);
    commit_free(c);
}

enum { BUSY_THREADS = 16, SENDS = 200 };

static void *send_many(void *argument)
{
    struct sender *s = argument;
    for (int i = 0; i < SENDS; i++) {
        bool fails = i % 10 == 9;
        struct store_job job = {.draft = &s->draft};
        struct err e = ERR_INIT;
        snprintf(s->draft.id, sizeof s->draft.id, fails ? "full" : "good");
        int result = commit_append(s->commit, &job, s->epoch, &e);
        s->result += result == 0 && job.outcome == STORE_STORED && job.seq > 0 && !fails;
        s->result += result == -1 && e.code == ERR_FULL && job.seq == 0 && fails;
    }
    return NULL;
}

/* In each interleaving each sender gets its own result, and all messages are stored once. Also run
 * under the thread sanitizer. */
static void many_senders_at_once_get_their_own_results(void **state)
{
    static struct sender senders[BUSY_THREADS];
    struct commit *c = commit_new(NULL, 1000);
    (void)state;
    reset();
    for (size_t i = 0; i < BUSY_THREADS; i++) {
        memset(&senders[i], 0, sizeof senders[i]);
        senders[i].commit = c;
        chat_draft_init(&senders[i].draft);
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
    }
    for (size_t i = 0; i < BUSY_THREADS; i++) {
        join(&senders[i]);
        assert_int_equal(senders[i].result, SENDS);
    }
    assert_int_equal(fake.stored, BUSY_THREADS * SENDS * 9 / 10);
    assert_int_equal(fake.seq, fake.stored);
    assert_int_equal(fake.borrowed, fake.returned);
    commit_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_sender_is_one_transaction),
        cmocka_unit_test(senders_that_queue_up_during_a_transaction_share_the_next),
        cmocka_unit_test(while_the_store_is_blocked_few_senders_wait_and_others_are_refused),
        cmocka_unit_test(no_sender_waits_in_the_queue_longer_than_the_busy_timeout),
        cmocka_unit_test(a_group_has_a_limit_and_all_senders_get_their_turn),
        cmocka_unit_test(an_error_affects_only_the_message_that_caused_it),
        cmocka_unit_test(if_all_fail_each_sender_gets_its_own_error),
        cmocka_unit_test(a_busy_store_is_not_tried_again_for_each_message),
        cmocka_unit_test(a_busy_store_ends_the_second_attempts_of_a_group),
        cmocka_unit_test(without_a_store_all_get_the_reason_and_the_next_sender_tries_again),
        cmocka_unit_test(a_message_that_met_a_replaced_database_is_tried_with_a_new_handle),
        cmocka_unit_test(the_error_argument_may_be_null_for_a_sender),
        cmocka_unit_test(many_senders_at_once_get_their_own_results),
    };
    return RUN(tests);
}
