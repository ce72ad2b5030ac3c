/* test_remove.c - files of the database are removed again and again while programs run and are
 * killed.
 *
 * As in test_kill, each answered message is stored exactly once, with the number that was reported,
 * and in the same epoch. One process, the keeper, is never killed. It has the current log open
 * whenever files are removed: the contents of a log that no process has open cannot be restored.
 */
#include "acks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

enum { ROUNDS = 60, WRITERS = 3, KEEPER_MS = 2 };

/* Shared by all processes. */
struct common {
    _Atomic uint64_t log; /* inode of the log that the keeper has open; 0: none */
    atomic_bool end;
    pthread_mutex_t lock; /* taken while the keeper closes the store, and while files are removed */
    char epoch[CHAT_EPOCH_SIZE];
};

static struct common *common;
static uint64_t random_state = 20240301;

static uint64_t log_at(const struct place *p)
{
    struct stat st;
    return stat(in_place(p, "chat.db-wal"), &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static void nap(long ms)
{
    struct timespec moment = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&moment, NULL);
}

static struct store *open_again(const struct place *p, enum store_mode mode)
{
    struct err e = ERR_INIT;
    struct store *s = NULL;
    while ((s = try_open(p, mode, &e)) == NULL) {
        if (e.code != ERR_BUSY) {
            fprintf(stderr, "open: %s\n", e.text);
        }
        NEED(e.code == ERR_BUSY);
        nap(KEEPER_MS);
    }
    NEED(strcmp(store_epoch(s), common->epoch) == 0);
    return s;
}

/* Reads all the time, as poll does. The head must never go back. */
static void keep(const struct place *p, int ignored)
{
    uint64_t head = 0;
    (void)ignored;
    while (!atomic_load(&common->end)) {
        uint64_t before = log_at(p);
        struct store *s = open_again(p, STORE_READ);
        atomic_store(&common->log, before == log_at(p) ? before : 0);
        while (!store_is_stale(s) && !atomic_load(&common->end) && atomic_load(&common->log) != 0) {
            struct store_room room = {.head = 0};
            if (store_room(s, "lobby", &room, NULL) == 0) {
                NEED(room.head >= head || store_is_stale(s));
                head = room.head > head ? room.head : head;
            }
            nap(KEEPER_MS);
        }
        pthread_mutex_lock(&common->lock);
        atomic_store(&common->log, 0);
        store_close(s);
        pthread_mutex_unlock(&common->lock);
    }
}

static int append_surely(const struct place *p, struct store **s, const char *id, struct store_job *job)
{
    struct err e = ERR_INIT;
    int outcome = -1;
    while ((outcome = append(*s, id, id, job, &e)) < 0) {
        if (e.code != ERR_BUSY) {
            fprintf(stderr, "append: %s\n", e.text);
        }
        NEED(e.code == ERR_BUSY);
        err_clear(&e);
        if (store_is_stale(*s)) {
            store_close(*s);
            *s = open_again(p, STORE_WRITE);
        }
    }
    return outcome;
}

static void write_until_killed(const struct place *p, int writer)
{
    struct store *s = open_again(p, STORE_WRITE);
    for (uint32_t i = 0;; i++) {
        struct store_job job;
        char id[ACK_ID_SIZE];
        ack_id(id, writer, i);
        NEED(append_surely(p, &s, id, &job) == STORE_STORED);
        ack_report(writer, i, job.seq);
        if (i % 7 == 6) {
            store_close(s);
            s = open_again(p, STORE_WRITE);
        }
    }
}

/* Waits until the keeper has the current log open, and takes the lock. */
static void lock_beside_keeper(const struct place *p)
{
    pthread_mutex_lock(&common->lock);
    for (int waits = 0; atomic_load(&common->log) == 0 || atomic_load(&common->log) != log_at(p); waits++) {
        pthread_mutex_unlock(&common->lock);
        assert_true(waits < PATIENCE_MS);
        nap(1);
        pthread_mutex_lock(&common->lock);
    }
}

static void remove_some(const struct place *p)
{
    static const char *const names[] = {"chat.db-wal", "chat.db-shm", "chat.db-lock"};
    uint64_t which = support_random(&random_state) % 7 + 1; /* one or more of them */
    lock_beside_keeper(p);
    for (size_t i = 0; i < COUNT(names); i++) {
        if ((which >> i & 1) != 0) {
            (void)unlink(in_place(p, names[i]));
        }
    }
    pthread_mutex_unlock(&common->lock);
}

static int run_writers(const struct place *p)
{
    pid_t writers[WRITERS];
    int next = 0;
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = start_child(write_until_killed, p, next++);
    }
    for (int round = 0; round < ROUNDS; round++) {
        nap((long)(support_random(&random_state) % 8));
        remove_some(p);
        if (round % 3 == 0) { /* kill one, perhaps while it restores a file */
            int i = round / 3 % WRITERS;
            nap((long)(support_random(&random_state) % 4));
            assert_int_equal(kill(writers[i], SIGKILL), 0);
            int status = wait_child(writers[i]);
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
            writers[i] = start_child(write_until_killed, p, next++);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(kill(writers[i], SIGKILL), 0);
        (void)wait_child(writers[i]);
    }
    return next;
}

static void answered_messages_stay_whatever_is_removed(void **state)
{
    struct place *p = *state;
    common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(common != MAP_FAILED);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&common->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    struct store *s = open_store(p, STORE_WRITE);
    snprintf(common->epoch, sizeof common->epoch, "%s", store_epoch(s));
    store_close(s);
    assert_int_equal(pipe(acks), 0);
    assert_true(fcntl(acks[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(acks[1], F_SETPIPE_SZ, 1 << 20) > 0);
    pid_t keeper = start_child(keep, p, 0);
    run_writers(p);
    lock_beside_keeper(p); /* else the log that was removed last may go with the keeper */
    atomic_store(&common->end, true);
    pthread_mutex_unlock(&common->lock);
    assert_int_equal(wait_child(keeper), 0);
    struct store *reader = open_store(p, STORE_READ);
    assert_string_equal(store_epoch(reader), common->epoch);
    int answered = acks_check(reader);
    assert_true(answered > 0 && count_contiguous(reader, "lobby") >= answered);
    store_close(reader);
    assert_int_equal(check_place(p), 0);
    close(acks[0]);
    close(acks[1]);
    munmap(common, sizeof *common);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WAL(answered_messages_stay_whatever_is_removed)};
    quiet_log();
    return RUN(tests);
}
