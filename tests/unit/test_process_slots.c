/* test_crew.c - process_slots.h: processes of this one's making stand for those of a host. */
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
    snprintf(folder, sizeof folder, "/tmp/pollchat-crew-XXXXXX");
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

/* Another process, that is there, and has written if so; it stays until the end. */
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

static int hold(bool stays, unsigned *seconds)
{
    const struct process_slots_request r = {.conf = &conf, .allowed = &allowed, .stays = stays};
    *seconds = 25;
    return process_slots_hold(bell, &r, seconds);
}

static bool can_hold(bool stays)
{
    const struct process_slots_request r = {.conf = &conf, .allowed = &allowed, .stays = stays};
    return process_slots_can_hold(bell, &r);
}

/* Holds as many as it gets for the whole time; the host has so many processes of poll, and one of
 * send if so. */
static unsigned held_of(unsigned processes, bool sender)
{
    unsigned seconds = 25;
    unsigned count = 0;
    for (unsigned i = 0; i < processes; i++) {
        add_process(true, false);
    }
    if (sender) {
        add_process(false, true);
    }
    while (can_hold(true) && hold(true, &seconds) >= 0 && seconds == 25) {
        count++;
    }
    return count;
}

static void of_four_polls_and_a_sender_one_is_left_to_answer(void **state)
{
    (void)state;
    assert_int_equal(held_of(4, true), 3);
    assert_false(can_hold(true));
}

static void without_a_sender_two_are_left(void **state)
{
    (void)state;
    assert_int_equal(held_of(5, false), 3);
}

static void many_processes_hold_six(void **state)
{
    (void)state;
    assert_int_equal(held_of(12, true), 6);
}

static void the_last_process_is_tried_for_seconds_and_then_left_alone(void **state)
{
    unsigned seconds = 0;
    (void)state;
    add_process(true, false);
    add_process(true, false);
    add_process(false, true);
    assert_true(hold(true, &seconds) >= 0);
    assert_int_equal(seconds, 25);
    int token = hold(true, &seconds);
    assert_true(token >= 0);
    assert_true(seconds <= 10);
    assert_false(can_hold(true));
    slots_release(bell, token);
    assert_int_equal(hold(true, &seconds), -1);
}

static void by_plain_cgi_two_are_held_until_more_were_there_at_once(void **state)
{
    unsigned seconds = 0;
    (void)state;
    assert_true(hold(false, &seconds) >= 0 && hold(false, &seconds) >= 0);
    assert_int_equal(hold(false, &seconds), -1);
    for (int i = 0; i < 7; i++) {
        add_process(true, false);
    }
    assert_true(hold(false, &seconds) >= 0);
    assert_int_equal(seconds, 25);
}

static void who_is_in_the_way_of_a_sender_leaves(void **state)
{
    (void)state;
    int own = slots_join(bell, 600);
    assert_false(process_slots_leaves(bell, own, &conf)); /* the only one */
    add_process(true, false);
    assert_true(process_slots_leaves(bell, own, &conf));
    own = slots_join(bell, 600);
    add_process(false, true);
    assert_false(process_slots_leaves(bell, own, &conf)); /* it has found its way */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_four_polls_and_a_sender_one_is_left_to_answer, open_all, close_all),
        cmocka_unit_test_setup_teardown(without_a_sender_two_are_left, open_all, close_all),
        cmocka_unit_test_setup_teardown(many_processes_hold_six, open_all, close_all),
        cmocka_unit_test_setup_teardown(the_last_process_is_tried_for_seconds_and_then_left_alone, open_all, close_all),
        cmocka_unit_test_setup_teardown(by_plain_cgi_two_are_held_until_more_were_there_at_once, open_all, close_all),
        cmocka_unit_test_setup_teardown(who_is_in_the_way_of_a_sender_leaves, open_all, close_all),
    };
    return RUN(tests);
}
