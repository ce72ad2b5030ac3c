/* test_allowance.c - how many requests may wait behind which web server; needs what process.h notes
 * at the start. */
#include "support.h"

#include "system/allowance.h"
#include "system/conf.h"
#include "system/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct conf automatic = {.max_waiting = CONF_AUTO,
                                      .max_waiting_apache = CONF_AUTO,
                                      .max_held = CONF_AUTO,
                                      .max_waiting_per_client = CONF_AUTO};

/* How many may wait by `auto` in a process whose parent has this name and that was started with a
 * limit of so many open files. The limit is raised afterwards, as the programs do it. */
static unsigned connections_of(const char *parent, rlim_t files)
{
    int status = 0;
    prctl(PR_SET_NAME, parent);
    pid_t child = fork();
    if (child == 0) {
        struct allowance allowed;
        struct rlimit limit;
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = files;
        int result = setrlimit(RLIMIT_NOFILE, &limit);
        process_note_start();
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        allowance_find(&allowed, ALLOWANCE_CONNECTIONS, &automatic, 0);
        _exit(result != 0 ? 255 : (int)(allowed.most / 8));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return (unsigned)WEXITSTATUS(status) * 8;
}

static void behind_lighttpd_three_quarters_of_its_connections_may_wait(void **state)
{
    (void)state;
    assert_int_equal(connections_of("lighttpd", 1024), 256); /* it admits 341 */
    assert_int_equal(connections_of("lighttpd", 256), 64);
    assert_int_equal(connections_of("lighttpd", 4096), 1024);
}

static void programs_of_one_lighttpd_share_its_connections(void **state)
{
    int ready[2];
    char byte = 0;
    (void)state;
    assert_int_equal(pipe(ready), 0);
    prctl(PR_SET_NAME, "lighttpd");
    pid_t other = fork();
    if (other == 0) {
        close(ready[1]);
        _exit(read(ready[0], &byte, 1) == 0 ? 0 : 1); /* until the test is over */
    }
    assert_int_equal(connections_of("lighttpd", 1024), 128);
    close(ready[1]);
    close(ready[0]);
    assert_int_equal(waitpid(other, NULL, 0), other);
    assert_int_equal(connections_of("lighttpd", 1024), 256);
}

static void a_server_that_did_not_start_the_program_is_taken_for_a_small_one(void **state)
{
    (void)state;
    assert_int_equal(connections_of("systemd", 4096), 250 / 8 * 8);
    assert_int_equal(connections_of("multiwatch", 1024), 250 / 8 * 8);
    assert_int_equal(connections_of("multiwatch", 512), 128);
}

static void a_third_of_apaches_workers_may_wait(void **state)
{
    static const struct {
        unsigned workers;
        unsigned most;
    } cases[] = {{0, 4}, {1, 1}, {2, 1}, {10, 3}, {25, 8}, {150, 50}, {65535, 250}};
    struct allowance allowed;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        allowance_find(&allowed, ALLOWANCE_WORKERS, &automatic, cases[i].workers);
        assert_int_equal(allowed.most, cases[i].most);
        assert_int_not_equal(allowed.why[0], '\0');
    }
}

static void numbers_in_the_settings_are_used_as_they_are(void **state)
{
    const struct conf c = {
        .max_waiting = 5, .max_waiting_apache = 6, .max_held = 7, .max_waiting_per_client = CONF_AUTO};
    struct allowance allowed;
    (void)state;
    allowance_find(&allowed, ALLOWANCE_CONNECTIONS, &c, 0);
    assert_int_equal(allowed.most, 5);
    allowance_find(&allowed, ALLOWANCE_WORKERS, &c, 9);
    assert_int_equal(allowed.most, 6);
    allowance_find(&allowed, ALLOWANCE_PROCESSES, &c, 0);
    assert_int_equal(allowed.most, 7);
}

static void one_address_may_have_a_quarter_and_at_most_a_hundred(void **state)
{
    struct conf c = {.max_waiting = 1000, .max_waiting_per_client = CONF_AUTO};
    struct allowance allowed;
    (void)state;
    allowance_find(&allowed, ALLOWANCE_CONNECTIONS, &c, 0);
    assert_int_equal(allowed.most_per_client, 100);
    c.max_waiting = 200;
    allowance_find(&allowed, ALLOWANCE_CONNECTIONS, &c, 0);
    assert_int_equal(allowed.most_per_client, 50);
    c.max_waiting = 3;
    allowance_find(&allowed, ALLOWANCE_CONNECTIONS, &c, 0);
    assert_int_equal(allowed.most_per_client, 1);
    c.max_waiting_per_client = 2;
    allowance_find(&allowed, ALLOWANCE_CONNECTIONS, &c, 0);
    assert_int_equal(allowed.most_per_client, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_lighttpd_three_quarters_of_its_connections_may_wait),
        cmocka_unit_test(programs_of_one_lighttpd_share_its_connections),
        cmocka_unit_test(a_server_that_did_not_start_the_program_is_taken_for_a_small_one),
        cmocka_unit_test(a_third_of_apaches_workers_may_wait),
        cmocka_unit_test(numbers_in_the_settings_are_used_as_they_are),
        cmocka_unit_test(one_address_may_have_a_quarter_and_at_most_a_hundred),
    };
    return RUN(tests);
}
