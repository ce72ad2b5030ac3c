/* test_kill.c - writers are killed with SIGKILL at random moments, again and again on one database,
 * while others write and read.
 *
 * After each stored message a writer tells its parent through a pipe. Whenever the writer is
 * killed, each of those messages is stored exactly once, with the number that the writer reported.
 */
#include "acks.h"

#include <time.h>

enum { ROUNDS = 60, WRITERS = 3 };

static uint64_t random_state = 20240229;

static void write_until_killed(const struct place *p, int writer)
{
    struct err e = ERR_INIT;
    close(acks[0]);
    for (uint32_t i = 0;; i++) {
        struct store *s = try_open(p, STORE_WRITE, &e);
        NEED(s != NULL);
        for (; i % 7 != 6; i++) { /* open the store again now and then */
            struct store_job job;
            char id[ACK_ID_SIZE];
            ack_id(id, writer, i);
            NEED(append(s, id, id, &job, &e) == STORE_STORED);
            ack_report(writer, i, job.seq);
        }
        store_close(s);
    }
}

static void wait_some_microseconds(void)
{
    struct timespec moment = {.tv_nsec = (long)(support_random(&random_state) % 3000000)};
    nanosleep(&moment, NULL);
}

static void answered_messages_survive_sigkill(void **state)
{
    struct place *p = *state;
    int answered = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t writers[WRITERS];
        if (round == ROUNDS / 2) {
            remove_tree(p->folder); /* start once more with an empty folder */
            answered = 0;
        }
        assert_int_equal(pipe(acks), 0);
        for (int i = 0; i < WRITERS; i++) {
            writers[i] = start_child(write_until_killed, p, round * WRITERS + i);
        }
        close(acks[1]);
        struct store *reader = open_store(p, STORE_READ);
        for (int i = 0; i < WRITERS; i++) {
            wait_some_microseconds();
            assert_int_equal(kill(writers[i], SIGKILL), 0);
            int status = wait_child(writers[i]);
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
            assert_true(count_contiguous(reader, "lobby") >= 0);
        }
        answered += acks_check(reader);
        close(acks[0]);
        assert_true(count_contiguous(reader, "lobby") >= answered);
        store_close(reader);
        assert_int_equal(check_place(p), 0);
    }
    assert_true(answered > ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_BOTH_MODES(answered_messages_survive_sigkill)};
    quiet_log();
    return RUN(tests);
}
