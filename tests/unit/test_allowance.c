/* test_allowance.c - how many requests may wait behind which web server; needs what process.h notes
 * at the start. */
#include "support.h"

#include "system/allowance.h"
#include "system/apache_workers.h"
#include "system/conf.h"
#include "system/conf_print.h"
#include "system/process.h"
#include "system/process_limit.h"

#include <stdio.h>
#include <string.h>
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
    unsigned most = 0;
    int result[2];
    int status = 0;
    assert_int_equal(pipe(result), 0);
    prctl(PR_SET_NAME, parent);
    pid_t child = fork();
    if (child == 0) {
        struct allowance allowed;
        struct rlimit limit;
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = files;
        bool is_set = setrlimit(RLIMIT_NOFILE, &limit) == 0;
        process_note_start();
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        allowance_find(&allowed, ALLOWANCE_CONNECTIONS, &automatic, 0);
        _exit(is_set && write(result[1], &allowed.most, sizeof most) == (ssize_t)sizeof most ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(result[0], &most, sizeof most), sizeof most);
    close(result[0]);
    close(result[1]);
    return most;
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
    assert_int_equal(connections_of("systemd", 4096), 250);
    assert_int_equal(connections_of("multiwatch", 1024), 250);
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
        char words[ALLOWANCE_WHY_SIZE];
        allowance_why(&allowed, words);
        assert_non_null(strstr(words, cases[i].workers == 0 ? "can't be seen" : "MaxRequestWorkers"));
    }
}

static void each_reason_has_its_words(void **state)
{
    char words[ALLOWANCE_WHY_SIZE];
    char others[ALLOWANCE_WHY_SIZE] = "";
    (void)state;
    for (int reason = ALLOWANCE_BY_MAX_WAITING; reason <= ALLOWANCE_BY_HOST; reason++) {
        const struct allowance a = {.reason = (enum allowance_reason)reason, .seen = 4096, .programs = 2};
        allowance_why(&a, words);
        assert_true(strlen(words) > 0 && strcmp(words, others) != 0);
        assert_true(reason != ALLOWANCE_BY_LIGHTTPD || strstr(words, "4096 open files, shared") != NULL);
        memcpy(others, words, sizeof others);
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

/* The text of chat.conf.example without its line breaks. */
static void read_example(char *out, size_t size)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    conf_print_example(f);
    rewind(f);
    size_t length = fread(out, 1, size - 1, f);
    fclose(f);
    out[length] = '\0';
    for (char *at = out; (at = strstr(at, "\n; ")) != NULL;) {
        *at = ' ';
        memmove(at + 1, at + 3, strlen(at + 3) + 1);
    }
}

/* The example must have the number between these words. */
static void example_says(const char *example, const char *before, unsigned number, const char *after)
{
    char part[128];
    snprintf(part, sizeof part, "%s %u%s", before, number, after);
    assert_contains(example, part);
}

static void the_example_file_tells_the_numbers_that_auto_stands_for(void **state)
{
    static char example[32 * 1024];
    struct conf one = automatic;
    struct allowance allowed;
    (void)state;
    read_example(example, sizeof example);
    example_says(example, "started the program, at most", connections_of("lighttpd", 4096), ":");
    example_says(example, "Caddy and other servers auto is", connections_of("nginx", 4096), ".");
    example_says(example, "workers that Apache has now, at most", apache_workers_share(1000 * 1000), ".");
    example_says(example, "can't see Apache's processes, auto is", apache_workers_share(0), ".");
    example_says(example, "It is never more than", process_limit_polls_of(0), ",");
    one.max_waiting = 1;
    allowance_find(&allowed, ALLOWANCE_CONNECTIONS, &one, 0);
    example_says(example, "auto is a quarter of all, at least", allowed.most_per_client, " and");
    one.max_waiting = 100 * 1000;
    allowance_find(&allowed, ALLOWANCE_CONNECTIONS, &one, 0);
    example_says(example, "and at most", allowed.most_per_client, ".");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_lighttpd_three_quarters_of_its_connections_may_wait),
        cmocka_unit_test(the_example_file_tells_the_numbers_that_auto_stands_for),
        cmocka_unit_test(programs_of_one_lighttpd_share_its_connections),
        cmocka_unit_test(a_server_that_did_not_start_the_program_is_taken_for_a_small_one),
        cmocka_unit_test(a_third_of_apaches_workers_may_wait),
        cmocka_unit_test(each_reason_has_its_words),
        cmocka_unit_test(numbers_in_the_settings_are_used_as_they_are),
        cmocka_unit_test(one_address_may_have_a_quarter_and_at_most_a_hundred),
    };
    return RUN(tests);
}
