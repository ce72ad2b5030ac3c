/* test_process_limit.c - the limits of processes in the files of control groups, and how many polls
 * may wait under them. */
#include "support.h"

#include "system/conf.h"
#include "system/process_limit.h"

#include <sys/resource.h>
#include <sys/stat.h>

static char root[64]; /* stands for /sys/fs/cgroup */

static void put(const char *folder, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", root, folder);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    mkdir(path, 0700);
    strncat(path, "/pids.max", sizeof path - strlen(path) - 1);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/pollchat-limit-XXXXXX");
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command); /* NOLINT(cert-env33-c): a folder of our own making */
}

static void the_smallest_limit_around_a_process_counts(void **state)
{
    (void)state;
    put("/user.slice", "100\n");
    put("/user.slice/site", "max\n");
    put("/user.slice/site/deep", "300\n");
    put("/free", "max\n");
    put("/pids/old/site", "40\n");
    put("/pids", "max\n");
    assert_int_equal(process_limit_of_groups(root, "0::/user.slice/site/deep\n"), 100);
    assert_int_equal(process_limit_of_groups(root, "0::/user.slice/site\n"), 100);
    assert_int_equal(process_limit_of_groups(root, "0::/free\n"), 0);
    assert_int_equal(process_limit_of_groups(root, "0::/absent\n"), 0);
    assert_int_equal(process_limit_of_groups(root, "0::/\n"), 0);
    assert_int_equal(process_limit_of_groups(root, "5:cpu:/user.slice\n4:pids:/old/site\n0::/\n"), 40);
    assert_int_equal(process_limit_of_groups(root, "4:cpu,pids,memory:/old/site\n0::/user.slice"), 40);
    assert_int_equal(process_limit_of_groups(root, "4:cpuids:/old/site\n"), 0);
}

static void a_malformed_file_sets_no_limit(void **state)
{
    (void)state;
    put("/bad", "many\n");
    assert_int_equal(process_limit_of_groups(root, ""), 0);
    assert_int_equal(process_limit_of_groups(root, "\n\n::\n0:\n0\n:::::\n"), 0);
    assert_int_equal(process_limit_of_groups(root, "0::/bad\n"), 0);
    assert_int_equal(process_limit_of_groups("/nowhere", "0::/bad\n"), 0);
}

static void at_most_a_third_of_a_small_limit_may_wait(void **state)
{
    (void)state;
    assert_int_equal(process_limit_polls_of(0), 6);
    assert_int_equal(process_limit_polls_of(1), 0);
    assert_int_equal(process_limit_polls_of(20), 6);
    assert_int_equal(process_limit_polls_of(24), 6);
    assert_int_equal(process_limit_polls_of(100), 6);
    assert_int_equal(process_limit_polls_of(UINT64_MAX), 6);
}

static void a_number_in_max_held_wins_over_the_limit_that_is_seen(void **state)
{
    struct rlimit limit;
    struct conf c = {.max_held = 30};
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NPROC, &limit), 0);
    limit.rlim_cur = 12;
    assert_int_equal(setrlimit(RLIMIT_NPROC, &limit), 0);
    assert_int_equal(process_limit_polls(&c), 30);
    c.max_held = 0;
    assert_int_equal(process_limit_polls(&c), 0);
    c.max_held = CONF_AUTO;
    assert_true(process_limit_find() > 0 && process_limit_find() <= 12);
    assert_true(process_limit_polls(&c) <= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_smallest_limit_around_a_process_counts, make_root, remove_root),
        cmocka_unit_test_setup_teardown(a_malformed_file_sets_no_limit, make_root, remove_root),
        cmocka_unit_test(at_most_a_third_of_a_small_limit_may_wait),
        cmocka_unit_test(a_number_in_max_held_wins_over_the_limit_that_is_seen),
    };
    return RUN(tests);
}
