/* test_commit.c - commit.h: many senders share few transactions, and no sender's thread waits. */
#include "commit_fakes.h"

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

static int change_two_rooms(struct commit_job *job, struct store *store, struct store_changes *changes, struct err *e)
{
    assert_ptr_equal(store, &fake.store);
    if (strcmp(((struct sender *)job)->draft.id, "full-act") == 0) {
        return err_set(e, ERR_FULL, "full");
    }
    store_changes_raise(changes, "lobby", 7);
    store_changes_raise(changes, "dev", 1);
    store_changes_raise(changes, "lobby", 8);
    store_changes_raise(changes, "lobby", 6); /* told late */
    return 0;
}

static void start_act(struct sender *s, struct commit *c, const char *id)
{
    prepare(s, id);
    s->job.run = change_two_rooms;
    commit_append(c, &s->job);
}

static void other_work_is_done_in_turn_between_groups_of_messages(void **state)
{
    static struct sender s[5];
    (void)state;
    reset();
    struct commit *c = commit_new(NULL, true);
    set_gate(true);
    start(&s[0], c, "good");
    wait_until_a_sender_writes();
    start(&s[1], c, "good");
    start_act(&s[2], c, "act");
    start(&s[3], c, "good");
    start_act(&s[4], c, "full-act");
    set_gate(false);
    for (int i = 0; i < 5; i++) {
        wait_for(&s[i]);
        assert_int_equal(s[i].place, i + 1);
        assert_int_equal(s[i].e.code, i == 4 ? ERR_FULL : ERR_NONE);
    }
    commit_free(c);
    assert_string_equal(s[2].epoch, "EPOCHEPOCHEPOCHEPOCHEP");
    assert_int_equal(fake.appends, 3);
    assert_int_equal(fake.raised, 2);
    assert_int_equal(fake.begun, 0);
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
        cmocka_unit_test(the_store_rests_in_the_committers_thread_when_the_queue_is_empty),
        cmocka_unit_test(a_process_that_ends_answers_all_messages_first),
        cmocka_unit_test(other_work_is_done_in_turn_between_groups_of_messages),
        cmocka_unit_test(one_thread_at_a_time_commits_also_when_the_committer_starts_late),
        cmocka_unit_test(many_senders_at_once_get_their_own_results),
    };
    return RUN(tests);
}
