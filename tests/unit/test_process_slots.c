/* test_process_slots.c - how many polls may wait where each keeps a process; child processes stand
 * for those of a host. */
#include "support.h"

#include "base/err.h"
#include "shared/bell.h"
#include "shared/room_heads.h"
#include "shared/slots.h"
#include "system/allowance.h"
#include "system/conf.h"
#include "wait/private/process_slots.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static struct bell *bell;
static const struct conf conf = {.max_held = CONF_AUTO, .max_waiting_per_client = CONF_AUTO};
static struct allowance allowed;
static pid_t children[16];
static size_t child_count;

static int open_all(void **state)
{
    char path[128];
    struct err e = ERR_INIT;
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-slots-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/chat.bell", folder);
    bell = bell_open(path, "AAAAAAAAAAAAAAAAAAAAAA", &e);
    allowance_find(&allowed, ALLOWANCE_PROCESSES, &conf, 0);
    child_count = 0;
    return bell != NULL ? 0 : -1;
}

static int close_all(void **state)
{
    char command[128];
    (void)state;
    for (size_t i = 0; i < child_count; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    bell_close(bell);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT(cert-env33-c): a folder of our own making */
}

/* Starts another process, which lasts until the end of the test. joins: it enters itself as a
 * process of poll. writes: it has written, as a process of send does. */
static void add_process(bool joins, bool writes)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        if (joins) {
            slots_join(bell, 600);
        }
        if (writes) {
            room_heads_end_commit(bell, room_heads_begin_commit(bell));
        }
        if (write(ready[1], &byte, 1) != 1) {
            _exit(1);
        }
        for (;;) {
            pause();
        }
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    children[child_count++] = child;
}

static int take(bool stays, unsigned *seconds)
{
    const struct process_slots_request r = {.conf = &conf, .allowed = &allowed, .stays = stays};
    *seconds = 25;
    return process_slots_take(bell, &r, seconds);
}

static bool is_free(bool stays)
{
    const struct process_slots_request r = {.conf = &conf, .allowed = &allowed, .stays = stays};
    return process_slots_are_free(bell, &r);
}

/* How many polls may wait for the whole time where the host has so many processes of poll, and
 * perhaps one of send. */
static unsigned waiting_in(unsigned processes, bool sender)
{
    unsigned seconds = 25;
    unsigned count = 0;
    for (unsigned i = 0; i < processes; i++) {
        add_process(true, false);
    }
    if (sender) {
        add_process(false, true);
    }
    while (is_free(true) && take(true, &seconds) >= 0 && seconds == 25) {
        count++;
    }
    return count;
}

static void with_a_process_of_send_one_of_four_processes_of_poll_stays_free(void **state)
{
    (void)state;
    assert_int_equal(waiting_in(4, true), 3);
    assert_false(is_free(true));
}

static void without_a_process_of_send_two_processes_of_poll_stay_free(void **state)
{
    (void)state;
    assert_int_equal(waiting_in(5, false), 3);
}

static void at_most_six_polls_wait_however_many_processes_there_are(void **state)
{
    (void)state;
    assert_int_equal(waiting_in(12, true), 6);
}

static void the_last_free_process_is_used_for_a_short_trial_and_then_left_free(void **state)
{
    unsigned seconds = 0;
    (void)state;
    add_process(true, false);
    add_process(true, false);
    add_process(false, true);
    assert_true(take(true, &seconds) >= 0);
    assert_int_equal(seconds, 25);
    int token = take(true, &seconds);
    assert_true(token >= 0);
    assert_true(seconds <= 10);
    assert_false(is_free(true));
    slots_release(bell, token);
    assert_int_equal(take(true, &seconds), -1);
}

static void by_plain_cgi_two_polls_wait_until_more_processes_were_seen_at_once(void **state)
{
    unsigned seconds = 0;
    (void)state;
    assert_true(take(false, &seconds) >= 0 && take(false, &seconds) >= 0);
    assert_int_equal(take(false, &seconds), -1);
    for (int i = 0; i < 7; i++) {
        add_process(true, false);
    }
    assert_true(take(false, &seconds) >= 0);
    assert_int_equal(seconds, 25);
}

static void an_idle_process_leaves_while_there_is_no_process_of_send(void **state)
{
    (void)state;
    int own = slots_join(bell, 600);
    assert_false(process_slots_leave(bell, own, &conf)); /* the only one */
    add_process(true, false);
    assert_true(process_slots_leave(bell, own, &conf));
    own = slots_join(bell, 600);
    add_process(false, true);
    assert_false(process_slots_leave(bell, own, &conf)); /* there is one now */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(with_a_process_of_send_one_of_four_processes_of_poll_stays_free, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(without_a_process_of_send_two_processes_of_poll_stay_free, open_all, close_all),
        cmocka_unit_test_setup_teardown(at_most_six_polls_wait_however_many_processes_there_are, open_all, close_all),
        cmocka_unit_test_setup_teardown(the_last_free_process_is_used_for_a_short_trial_and_then_left_free, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(by_plain_cgi_two_polls_wait_until_more_processes_were_seen_at_once, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(an_idle_process_leaves_while_there_is_no_process_of_send, open_all, close_all),
    };
    return RUN(tests);
}
