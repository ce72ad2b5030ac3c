/* test_store_many.c - many processes and many threads use a store at once, from an empty one on.
 * Each case runs for each store of store_kinds.
 */
#include "senders_support.h"

#include "base/clock.h"

#include <pthread.h>
#include <sys/mman.h>

enum { WRITERS = 8, READERS = 2, EACH = 40, ALL = WRITERS * EACH };
enum { NAMES = 12 }; /* fewer than one person may own */

/* Shared by all processes: the seq that each writer was told for each id of its two sets. */
struct shared {
    uint64_t told[WRITERS][2][EACH];
};
static struct shared *shared;
static int gate[2]; /* children start when its writing end is closed */

static void wait_for_gate(void)
{
    char byte;
    close(gate[1]);
    NEED(read(gate[0], &byte, 1) == 0);
}

/* Sends its own ids and those of the next writer, so that two writers send every id at about the
 * same time. */
static void send_two_sets(struct store *s, const struct place *p, int writer, bool open_each_time)
{
    for (int i = 0; i < EACH; i++) {
        for (int set = 0; set < 2; set++) {
            struct err e = ERR_INIT;
            struct store_job job;
            char id[32];
            snprintf(id, sizeof id, "%d-%d", (writer + set) % WRITERS, i);
            struct store *own = open_each_time ? try_open(p, STORE_WRITE, &e) : s;
            int outcome = own == NULL ? -1 : append(own, id, id, &job, &e);
            if (outcome != STORE_STORED && outcome != STORE_REPEATED) {
                fprintf(stderr, "%s: outcome %d, error %d: %s\n", id, outcome, (int)e.code, e.text);
                _exit(99);
            }
            shared->told[writer][set][i] = job.seq;
            if (open_each_time) {
                store_close(own);
            }
        }
    }
}

static void write_by_process(const struct place *p, int writer)
{
    struct err e = ERR_INIT;
    wait_for_gate();
    struct store *s = try_open(p, STORE_WRITE, &e);
    if (s == NULL) {
        fprintf(stderr, "open: %d %s\n", (int)e.code, e.text);
        _exit(99);
    }
    send_two_sets(s, p, writer, false);
    store_close(s);
}

static void write_by_short_lived_process(const struct place *p, int writer)
{
    wait_for_gate();
    send_two_sets(NULL, p, writer, true);
}

/* Reads the room from the start until it has seen all messages: each once, and in order. */
static void follow(struct store *s)
{
    struct err e = ERR_INIT;
    uint64_t since = 0;
    int64_t start = clock_mono_ms();
    while (since < ALL) {
        struct store_page page;
        struct store_room room;
        NEED(clock_mono_ms() - start < PATIENCE_MS);
        NEED(store_read_begin(s, &e) == 0);
        NEED(store_room(s, "lobby", &room, &e) == 0);
        NEED(read_room(s, "lobby", since, &page, &e) == 0);
        store_read_end(s);
        NEED(page.more || since + page.count == room.head);
        for (size_t i = 0; i < page.count; i++) {
            NEED(page.messages[i].seq == ++since);
        }
        if (page.count == 0) {
            clock_sleep_ms(1);
        }
        store_page_fini(&page);
    }
}

static void read_by_process(const struct place *p, int reader)
{
    struct err e = ERR_INIT;
    (void)reader;
    wait_for_gate();
    struct store *s = try_open(p, STORE_READ, &e);
    NEED(s != NULL);
    follow(s);
    store_close(s);
}

/* Both senders of an id were told the same seq, and no seq is missing. */
static void assert_told_the_same(const struct place *p)
{
    bool seen[ALL + 1] = {false};
    for (int writer = 0; writer < WRITERS; writer++) {
        for (int i = 0; i < EACH; i++) {
            uint64_t seq = shared->told[writer][0][i];
            assert_int_equal(shared->told[(writer + WRITERS - 1) % WRITERS][1][i], seq);
            assert_in_range(seq, 1, ALL);
            assert_false(seen[seq]);
            seen[seq] = true;
        }
    }
    struct store *s = open_store(p, STORE_READ);
    assert_int_equal(count_contiguous(s, "lobby"), ALL);
    store_close(s);
}

static void processes(struct place *p, void (*write)(const struct place *p, int writer))
{
    pid_t children[WRITERS + READERS];
    memset(shared, 0, sizeof *shared);
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < WRITERS + READERS; i++) {
        children[i] = start_child(i < WRITERS ? write : read_by_process, p, i);
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < WRITERS + READERS; i++) {
        assert_int_equal(wait_child(children[i]), 0);
    }
    assert_told_the_same(p);
}

static void processes_race_from_an_empty_store(void **state)
{
    processes(*state, write_by_process);
}

static void short_lived_processes_race_from_an_empty_store(void **state)
{
    processes(*state, write_by_short_lived_process);
}

/* ---- threads ---- */

struct work {
    const struct place *place;
    int writer;
    pthread_barrier_t *barrier;
};

static void *write_by_thread(void *argument)
{
    const struct work *w = argument;
    struct err e = ERR_INIT;
    pthread_barrier_wait(w->barrier);
    struct store *s = try_open(w->place, STORE_WRITE, &e);
    NEED(s != NULL);
    send_two_sets(s, w->place, w->writer, false);
    store_close(s);
    return NULL;
}

static void *read_by_thread(void *argument)
{
    const struct work *w = argument;
    struct err e = ERR_INIT;
    pthread_barrier_wait(w->barrier);
    struct store *s = try_open(w->place, STORE_READ, &e);
    NEED(s != NULL);
    follow(s);
    store_close(s);
    return NULL;
}

static void threads_race_from_an_empty_store(void **state)
{
    pthread_t threads[WRITERS + READERS];
    struct work work[WRITERS + READERS];
    pthread_barrier_t barrier;
    memset(shared, 0, sizeof *shared);
    pthread_barrier_init(&barrier, NULL, WRITERS + READERS);
    for (int i = 0; i < WRITERS + READERS; i++) {
        work[i] = (struct work){.place = *state, .writer = i, .barrier = &barrier};
        assert_int_equal(pthread_create(&threads[i], NULL, i < WRITERS ? write_by_thread : read_by_thread, &work[i]),
                         0);
    }
    for (int i = 0; i < WRITERS + READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&barrier);
    assert_told_the_same(*state);
}

/* ---- names ---- */

/* Each writer has a key of its own and wants all names; then again, when all are taken. */
static void claim_by_process(const struct place *p, int writer)
{
    struct err e = ERR_INIT;
    wait_for_gate();
    struct store *s = try_open(p, STORE_WRITE, &e);
    NEED(s != NULL);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < NAMES; i++) {
            char name[16];
            snprintf(name, sizeof name, "name-%c", 'm' + i); /* none looks like another */
            int outcome = SAY(s, .who = writer + 1, .name = name).outcome;
            NEED(outcome == STORE_STORED || outcome == STORE_NAME_TAKEN);
            shared->told[writer][round][i] = outcome == STORE_STORED;
        }
    }
    store_close(s);
}

static void a_name_that_processes_race_for_has_one_owner(void **state)
{
    pid_t children[WRITERS];
    memset(shared, 0, sizeof *shared);
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = start_child(claim_by_process, *state, i);
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(wait_child(children[i]), 0);
    }
    for (int i = 0; i < NAMES; i++) {
        uint64_t owners = 0;
        for (int writer = 0; writer < WRITERS; writer++) {
            owners += shared->told[writer][0][i];
            assert_int_equal(shared->told[writer][0][i], shared->told[writer][1][i]);
        }
        assert_int_equal(owners, 1);
    }
}

int main(void)
{
    static const struct store_case cases[] = {
        STORE_CASE(a_name_that_processes_race_for_has_one_owner),
        STORE_CASE(processes_race_from_an_empty_store),
        STORE_CASE(short_lived_processes_race_from_an_empty_store),
        STORE_CASE(threads_race_from_an_empty_store),
    };
    quiet_log();
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? 1 : RUN_FOR_EACH_STORE(cases);
}
