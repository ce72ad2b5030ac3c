/* test_crew.c - crew.h: which thread handles a request, how many threads there are, and their end.
 *
 * A process has one crew, so each test runs in a child process. A failed check ends the child.
 */
#include "support.h"

#include "base/blocking.h"
#include "base/ck.h"
#include "base/clock.h"
#include "web/private/crew.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANGS_SECONDS = 100, THREADS_MOST = 64 };

/* What a web server sends, for this test: what the handler does. */
struct request {
    void (*handle)(struct request *request);
    struct request *behind;
    unsigned number;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects these */
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct request *first;
static struct request **last = &first;
static bool is_closed;
static pthread_t seen[THREADS_MOST]; /* threads that have handled requests */
static size_t threads;

static atomic_uint leaders; /* threads in next() */
static atomic_uint handled;
static atomic_uint in_work;
static atomic_uint left_alone;
static atomic_bool asks_in_next;
static atomic_bool presses;
static int useless_ms = 60000;
static sem_t go;
static sem_t ended;

static void push(struct request *request)
{
    pthread_mutex_lock(&lock);
    request->behind = NULL;
    *last = request;
    last = &request->behind;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
}

static void close_requests(void)
{
    pthread_mutex_lock(&lock);
    is_closed = true;
    pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
}

static struct request *next(void *context)
{
    CK(context == &crew_start && atomic_fetch_add(&leaders, 1) == 0);
    if (atomic_load(&asks_in_next)) {
        blocking_expected(); /* for example, a lock that another thread has for long */
    }
    pthread_mutex_lock(&lock);
    while (first == NULL && !is_closed) {
        pthread_cond_wait(&more, &lock);
    }
    struct request *request = first;
    if (request != NULL) {
        first = request->behind;
        last = first != NULL ? last : &first;
    }
    pthread_mutex_unlock(&lock);
    CK(atomic_fetch_sub(&leaders, 1) == 1);
    return request;
}

static void see_thread(void)
{
    size_t i = 0;
    pthread_mutex_lock(&lock);
    while (i < threads && !pthread_equal(seen[i], pthread_self())) {
        i++;
    }
    if (i == threads && threads < THREADS_MOST) {
        seen[threads++] = pthread_self();
    }
    pthread_mutex_unlock(&lock);
}

static void handle(struct request *request, void *context)
{
    CK(context == &crew_start);
    atomic_fetch_add(&in_work, 1);
    see_thread();
    if (request->handle != NULL) {
        request->handle(request);
    }
    atomic_fetch_sub(&in_work, 1);
    atomic_fetch_add(&handled, 1);
}

static bool is_pressed(void *context)
{
    CK(context == &crew_start);
    return atomic_load(&presses);
}

static void leave_alone(void *context)
{
    CK(context == &crew_start);
    atomic_fetch_add(&left_alone, 1);
}

static void end(void *context)
{
    CK(context == &crew_start && atomic_load(&in_work) == 0 && atomic_load(&leaders) == 0);
    sem_post(&ended);
}

static void start(unsigned most)
{
    const struct crew_options options = {.next = next,
                                         .handle = handle,
                                         .is_pressed = is_pressed,
                                         .leave_alone = leave_alone,
                                         .ended = end,
                                         .context = &crew_start,
                                         .most = most,
                                         .useless_ms = useless_ms};
    CK(crew_start(&options, NULL) == 0);
}

static void wait_for(sem_t *what)
{
    while (sem_wait(what) != 0) {
    }
}

static void await_handled(unsigned count)
{
    while (atomic_load(&handled) < count) {
        clock_sleep_ms(1);
    }
}

/* All threads end, and say so once. */
static void finish(void)
{
    int value = 0;
    close_requests();
    wait_for(&ended);
    clock_sleep_ms(5);
    CK(sem_getvalue(&ended, &value) == 0 && value == 0);
}

static size_t count_tasks(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/task");
    CK(directory != NULL);
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

static void await_tasks(size_t count)
{
    while (count_tasks() != count) {
        clock_sleep_ms(1);
    }
}

/* Runs the test in a child. */
static void run(void (*test)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka's handler would continue with the next test */
        signal(SIGSEGV, SIG_DFL);
        alarm(HANGS_SECONDS);
        CK(sem_init(&go, 0, 0) == 0 && sem_init(&ended, 0, 0) == 0);
        test();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ---- handlers ---- */

/* Blocks until another request lets it go on. */
static void block(struct request *request)
{
    (void)request;
    blocking_expected();
    wait_for(&go);
}

static void block_twice(struct request *request)
{
    block(request);
    block(request);
}

static void let_one_go(struct request *request)
{
    (void)request;
    sem_post(&go);
}

/* ---- who leads ---- */

static void never_blocking(void)
{
    enum { MANY = 1000 };
    static struct request requests[MANY];
    start(8);
    for (size_t i = 0; i < MANY; i++) {
        push(&requests[i]);
    }
    await_handled(MANY);
    CK(threads == 1 && atomic_load(&left_alone) == 0);
    finish();
}

static void requests_that_never_block_are_handled_by_one_thread(void **state)
{
    (void)state;
    run(never_blocking);
}

static void one_blocking(void)
{
    static struct request requests[] = {{.handle = block}, {.handle = NULL}, {.handle = let_one_go}, {.handle = NULL}};
    start(8);
    for (size_t i = 0; i < COUNT(requests); i++) {
        push(&requests[i]);
    }
    await_handled(COUNT(requests));
    CK(threads == 2 && atomic_load(&left_alone) == 0);
    finish();
}

static void while_one_request_blocks_another_thread_handles_the_next_ones(void **state)
{
    (void)state;
    run(one_blocking);
}

/* On one processor the thread that waits for the timer runs as soon as the timer is set, before the
 * thread that set it goes on. */
static void blocking_on_one_processor(void)
{
    enum { ROUNDS = 200 };
    static struct request requests[2 * ROUNDS];
    cpu_set_t allowed;
    cpu_set_t one;
    CK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    CPU_ZERO(&one);
    for (size_t i = 0; CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &allowed)) {
            CPU_SET(i, &one);
        }
    }
    CK(sched_setaffinity(0, sizeof one, &one) == 0);
    atomic_store(&presses, true);
    start(8);
    for (unsigned i = 0; i < ROUNDS; i++) {
        requests[2 * i].handle = block;
        requests[2 * i + 1].handle = let_one_go;
        push(&requests[2 * i]);
        push(&requests[2 * i + 1]);
        while (atomic_load(&handled) < 2 * (i + 1)) {
            sched_yield();
        }
    }
    finish();
}

static void on_one_processor_another_thread_handles_the_next_ones_too(void **state)
{
    (void)state;
    run(blocking_on_one_processor);
}

static pthread_t handled_by[2000];

/* Says that it may block, but doesn't. */
static void read_quickly(struct request *request)
{
    blocking_expected();
    handled_by[request->number] = pthread_self();
}

static void quick_reads(void)
{
    static struct request requests[COUNT(handled_by)];
    unsigned changes = 0;
    start(8);
    for (size_t i = 0; i < COUNT(requests); i++) {
        requests[i] = (struct request){.handle = read_quickly, .number = (unsigned)i};
        push(&requests[i]);
    }
    await_handled(COUNT(requests));
    for (size_t i = 1; i < COUNT(requests); i++) {
        changes += !pthread_equal(handled_by[i], handled_by[i - 1]);
    }
    CK(changes < COUNT(requests) / 4); /* each would be one, if the lead were passed on at once */
    finish();
}

static void a_request_that_could_block_but_does_not_keeps_the_lead(void **state)
{
    (void)state;
    run(quick_reads);
}

static void several_blocking(void)
{
    static struct request blocking[] = {{.handle = block_twice}, {.handle = block_twice}, {.handle = block_twice}};
    static struct request others[6] = {{.handle = let_one_go}, {.handle = let_one_go}, {.handle = let_one_go},
                                       {.handle = let_one_go}, {.handle = let_one_go}, {.handle = let_one_go}};
    start(16);
    for (int round = 1; round <= 50; round++) {
        for (size_t i = 0; i < COUNT(blocking); i++) {
            push(&blocking[i]);
        }
        for (size_t i = 0; i < COUNT(others); i++) {
            push(&others[i]);
        }
        await_handled((unsigned)round * (COUNT(blocking) + COUNT(others)));
    }
    /* or more: a thread that is done, but doesn't sleep yet, can't be woken */
    CK(threads >= 4 && threads < 16 && atomic_load(&left_alone) == 0);
    finish();
}

static void there_are_as_many_threads_as_requests_that_block_and_one_more(void **state)
{
    (void)state;
    run(several_blocking);
}

static void let_two_go(struct request *request)
{
    blocking_expected(); /* no other thread can lead */
    CK(atomic_load(&left_alone) == 1 && atomic_load(&in_work) == 3);
    let_one_go(request);
    let_one_go(request);
}

static void most_threads(void)
{
    static struct request requests[] = {{.handle = block}, {.handle = block}, {.handle = let_two_go}, {.handle = NULL}};
    start(3);
    for (size_t i = 0; i < COUNT(requests); i++) {
        push(&requests[i]);
    }
    await_handled(COUNT(requests));
    CK(threads == 3 && atomic_load(&left_alone) == 1);
    finish();
}

static void the_last_thread_of_those_allowed_is_told_that_no_other_can_lead(void **state)
{
    (void)state;
    run(most_threads);
}

static sem_t go_later;

static void block_for_longer(struct request *request)
{
    (void)request;
    blocking_expected(); /* no other thread can lead yet */
    wait_for(&go_later);
}

static void most_threads_and_one_is_done(void)
{
    static struct request requests[] = {{.handle = block}, {.handle = block_for_longer}, {.handle = NULL}};
    CK(sem_init(&go_later, 0, 0) == 0);
    start(2);
    push(&requests[0]);
    push(&requests[1]);
    while (atomic_load(&left_alone) == 0) {
        clock_sleep_ms(1);
    }
    push(&requests[2]);
    sem_post(&go); /* the first thread is done, and the second one still blocks */
    await_handled(2);
    sem_post(&go_later);
    await_handled(COUNT(requests));
    finish();
}

static void a_thread_that_is_done_leads_while_the_last_leader_blocks(void **state)
{
    (void)state;
    run(most_threads_and_one_is_done);
}

static void only_one(void)
{
    static struct request requests[3];
    start(1);
    for (size_t i = 0; i < COUNT(requests); i++) {
        requests[i].handle = i == 1 ? NULL : block;
        push(&requests[i]);
        sem_post(&go);
    }
    await_handled(COUNT(requests));
    CK(threads == 1 && atomic_load(&left_alone) == 2);
    finish();
}

static void a_single_thread_handles_all_requests(void **state)
{
    (void)state;
    run(only_one);
}

static void without_lead(void)
{
    static struct request requests[2] = {{.handle = block}, {.handle = let_one_go}};
    atomic_store(&asks_in_next, true);
    start(8);
    for (int i = 0; i < 10; i++) {
        blocking_expected(); /* this thread handles no request */
    }
    push(&requests[0]);
    push(&requests[1]);
    await_handled(2);
    CK(atomic_load(&left_alone) == 0);
    finish();
}

/* next() checks that it has one caller at a time. */
static void a_thread_that_handles_no_request_does_not_pass_the_lead_on(void **state)
{
    (void)state;
    run(without_lead);
}

/* ---- the end of threads ---- */

static void useless_threads(void)
{
    static struct request blocking[3] = {{.handle = block}, {.handle = block}, {.handle = block}};
    static struct request others[3] = {{.handle = let_one_go}, {.handle = let_one_go}, {.handle = let_one_go}};
    useless_ms = 100;
    start(8);
    size_t alone = count_tasks();
    for (unsigned round = 1; round <= 3; round++) {
        for (size_t i = 0; i < COUNT(blocking); i++) {
            push(&blocking[i]);
        }
        for (size_t i = 0; i < COUNT(others); i++) {
            push(&others[i]);
        }
        await_handled(round * 6);
        await_tasks(alone); /* one leads, the others have ended */
    }
    finish();
}

static void threads_that_were_of_no_use_end_and_new_ones_start(void **state)
{
    (void)state;
    run(useless_threads);
}

static void end_while_blocked(void)
{
    static struct request requests[2] = {{.handle = block}, {.handle = block}};
    start(8);
    push(&requests[0]);
    push(&requests[1]);
    while (atomic_load(&in_work) < 2) {
        clock_sleep_ms(1);
    }
    close_requests();
    clock_sleep_ms(50);
    CK(sem_trywait(&ended) != 0); /* two handlers are at work */
    sem_post(&go);
    await_handled(1);
    clock_sleep_ms(20);
    CK(sem_trywait(&ended) != 0);
    sem_post(&go);
    finish();
    CK(atomic_load(&handled) == 2);
}

static void the_end_is_told_once_when_the_last_handler_is_done(void **state)
{
    (void)state;
    run(end_while_blocked);
}

static void end_at_once(void)
{
    close_requests();
    start(8);
    finish();
    CK(atomic_load(&handled) == 0);
}

static void without_a_request_the_only_thread_ends(void **state)
{
    (void)state;
    run(end_at_once);
}

/* ---- all at once ---- */

static void block_at_random(struct request *request)
{
    for (unsigned i = 0; i < request->number % 3; i++) {
        blocking_expected();
        if (request->number % 5 == 0) {
            clock_sleep_ms(1);
        } else {
            sched_yield();
        }
    }
}

static void mix(int ms, unsigned most, unsigned count)
{
    uint64_t seed = 47;
    struct request *requests = calloc(count, sizeof *requests);
    CK(requests != NULL);
    useless_ms = ms;
    start(most);
    for (unsigned i = 0; i < count; i++) {
        requests[i].handle = block_at_random;
        requests[i].number = (unsigned)(support_random(&seed) >> 40);
        push(&requests[i]);
        if (requests[i].number % 7 == 0) {
            await_handled(i + 1); /* all threads sleep now, but the leader */
        }
    }
    await_handled(count);
    finish();
    CK(atomic_load(&handled) == count);
    free(requests);
}

static void mix_with_few_threads(void)
{
    mix(60000, 3, 5000);
}

static void mix_without_pause(void)
{
    atomic_store(&presses, true);
    mix(60000, 16, 5000);
}

static void mix_with_many_threads(void)
{
    mix(60000, 32, 5000);
}

static void mix_with_threads_that_end_at_once(void)
{
    mix(1, 8, 2000);
}

static void mix_with_threads_that_never_sleep(void)
{
    mix(0, 8, 1000);
}

/* Each request is handled once, one thread at a time waits for the next one, and none waits for
 * ever, whenever threads block, sleep and end. */
static void in_a_random_mix_each_request_is_handled(void **state)
{
    (void)state;
    run(mix_with_few_threads);
    run(mix_with_many_threads);
    run(mix_without_pause);
    run(mix_with_threads_that_end_at_once);
    run(mix_with_threads_that_never_sleep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_never_block_are_handled_by_one_thread),
        cmocka_unit_test(a_request_that_could_block_but_does_not_keeps_the_lead),
        cmocka_unit_test(while_one_request_blocks_another_thread_handles_the_next_ones),
        cmocka_unit_test(on_one_processor_another_thread_handles_the_next_ones_too),
        cmocka_unit_test(there_are_as_many_threads_as_requests_that_block_and_one_more),
        cmocka_unit_test(the_last_thread_of_those_allowed_is_told_that_no_other_can_lead),
        cmocka_unit_test(a_thread_that_is_done_leads_while_the_last_leader_blocks),
        cmocka_unit_test(a_single_thread_handles_all_requests),
        cmocka_unit_test(a_thread_that_handles_no_request_does_not_pass_the_lead_on),
        cmocka_unit_test(threads_that_were_of_no_use_end_and_new_ones_start),
        cmocka_unit_test(the_end_is_told_once_when_the_last_handler_is_done),
        cmocka_unit_test(without_a_request_the_only_thread_ends),
        cmocka_unit_test(in_a_random_mix_each_request_is_handled),
    };
    return RUN(tests);
}
