/* test_kill.c - kill -9 at random moments, again and again on one database, while others go on writing and reading.
 *
 * A writer tells the parent each message that was answered, through a pipe, right after the answer. Whatever the moment of its
 * death, each of them is there afterwards with the seq that was told, once.
 */
#include "../unit/store_support.h"

#include <time.h>

enum { ROUNDS = 60, WRITERS = 3, ACK_BYTES = 2 * sizeof(uint64_t) };

static uint64_t random_state = 20240229;
static int acks[2];
static int round_number;

static void write_until_killed(const struct place *p, int writer)
{
    struct err e = ERR_INIT;
    close(acks[0]);
    for (uint64_t i = 0;; i++) {
        struct store *s = try_open(p, STORE_WRITE, &e);
        NEED(s != NULL);
        for (; i % 7 != 6; i++) { /* and opened anew now and then */
            struct store_job job;
            char id[40];
            snprintf(id, sizeof id, "%d-%d-%d", round_number, writer, (int)i);
            NEED(append(s, id, id, &job, &e) == STORE_STORED);
            const uint64_t ack[2] = {(uint64_t)writer << 32 | i, job.seq};
            NEED(write(acks[1], ack, ACK_BYTES) == ACK_BYTES); /* whole: shorter than PIPE_BUF */
        }
        store_close(s);
    }
}

static void wait_some_microseconds(void)
{
    struct timespec moment = {.tv_nsec = (long)(support_random(&random_state) % 3000000)};
    nanosleep(&moment, NULL);
}

/* Reads acks until all writers are gone; checks each against the store. */
static int check_acks(struct store *s)
{
    uint64_t ack[2];
    int count = 0;
    while (read(acks[0], ack, ACK_BYTES) == ACK_BYTES) {
        struct store_page page;
        char id[40];
        const struct store_range one = {.room = "lobby", .since = ack[1] - 1, .limit = 1, .budget = SIZE_MAX};
        snprintf(id, sizeof id, "%d-%d-%d", round_number, (int)(ack[0] >> 32), (int)(uint32_t)ack[0]);
        assert_int_equal(store_read(s, &one, &page, NULL), 0);
        if (page.count != 1 || page.messages[0].seq != ack[1] || strcmp(page.messages[0].id, id) != 0) {
            fail_msg("%s was answered with seq %d, which is %s", id, (int)ack[1],
                     page.count == 1 ? page.messages[0].id : "missing");
        }
        store_page_fini(&page);
        count++;
    }
    return count;
}

static void what_was_answered_survives_kill_9(void **state)
{
    struct place *p = *state;
    int answered = 0;
    for (round_number = 0; round_number < ROUNDS; round_number++) {
        pid_t writers[WRITERS];
        if (round_number == ROUNDS / 2) {
            remove_tree(p->folder); /* and from the start once more */
            answered = 0;
        }
        assert_int_equal(pipe(acks), 0);
        for (int i = 0; i < WRITERS; i++) {
            writers[i] = start_child(write_until_killed, p, i);
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
        answered += check_acks(reader);
        close(acks[0]);
        assert_true(count_contiguous(reader, "lobby") >= answered);
        store_close(reader);
        assert_int_equal(check_place(p), 0);
    }
    assert_true(answered > ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_BOTH_MODES(what_was_answered_survives_kill_9)};
    quiet_log();
    return RUN(tests);
}
