/* test_limits.c - limits.h: debts are counted by all processes, outlive them, and stay bounded. */
#include "support.h"

#include "shared/limits.h"
#include "shared/site_key.h"

#include <fcntl.h>
#include <sys/stat.h>

static const int64_t start = INT64_C(1790000000000); /* wall ms */
static const struct limits_rate ten_a_minute = {.amount = 10, .burst = 5, .seconds = 60};
static const struct limits_rate many = {.amount = 1000, .burst = 1000, .seconds = 60};

static struct site_key_hash hash;
static char folder[64];
static char path[80];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-limits.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/chat.limits", folder);
    memset(&hash, 7, sizeof hash);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static struct limits_cell cell_of(const struct limits *l, const char *who, struct limits_rate rate)
{
    return (struct limits_cell){.who = limits_who(l, 1, who, strlen(who)), .rate = rate, .cost = 1};
}

static unsigned take(struct limits *l, const char *who, int64_t now)
{
    struct limits_refusal refusal;
    const struct limits_cell cell = cell_of(l, who, ten_a_minute);
    int result = limits_take(l, &cell, 1, now, &refusal);
    assert_int_equal(result == 0, refusal.wait_s == 0);
    return refusal.wait_s;
}

static unsigned count_taken(struct limits *l, const char *who, int64_t now)
{
    unsigned taken = 0;
    while (taken < 1000 && take(l, who, now) == 0) {
        taken++;
    }
    return taken;
}

static void a_burst_is_allowed_then_the_rate(void **state)
{
    struct limits *l = limits_open(NULL, &hash);
    (void)state;
    assert_int_equal(count_taken(l, "ann", start), 5);
    assert_int_equal(take(l, "ann", start), 6); /* one every six seconds */
    assert_int_equal(take(l, "ann", start + 5999), 1);
    assert_int_equal(take(l, "ann", start + 6000), 0);
    assert_int_equal(take(l, "ann", start + 6000), 6);
    assert_int_equal(count_taken(l, "bob", start), 5);
    assert_int_equal(count_taken(l, "ann", start + 3600000), 5); /* it is never more than the burst */
    limits_close(l);
}

static void an_hour_at_the_rate_is_never_refused_and_at_twice_the_rate_half_is(void **state)
{
    struct limits *l = limits_open(NULL, &hash);
    unsigned refused = 0;
    (void)state;
    for (int i = 0; i < 600; i++) {
        assert_int_equal(take(l, "ann", start + i * 6000), 0);
    }
    for (int i = 0; i < 1200; i++) {
        refused += take(l, "bob", start + i * 3000) != 0;
    }
    assert_in_range(refused, 590, 600);
    limits_close(l);
}

static void a_refusal_changes_no_debt_of_any_cell_and_names_the_longest_wait(void **state)
{
    struct limits *l = limits_open(NULL, &hash);
    struct limits_refusal refusal;
    (void)state;
    struct limits_cell cells[] = {cell_of(l, "key", ten_a_minute), cell_of(l, "network", many),
                                  cell_of(l, "room", ten_a_minute)};
    assert_int_equal(count_taken(l, "room", start), 5);
    assert_int_equal(limits_look(l, cells, COUNT(cells), start, &refusal), -1);
    assert_int_equal(limits_take(l, cells, COUNT(cells), start, &refusal), -1);
    assert_int_equal(refusal.cell, 2);
    assert_int_equal(refusal.wait_s, 6);
    assert_int_equal(count_taken(l, "key", start), 5);
    assert_int_equal(limits_take(l, cells, 0, start, &refusal), 0);
    limits_close(l);
}

static void what_is_given_back_can_be_taken_again(void **state)
{
    struct limits *l = limits_open(NULL, &hash);
    (void)state;
    assert_int_equal(count_taken(l, "ann", start), 5);
    const struct limits_cell cell = cell_of(l, "ann", ten_a_minute);
    limits_give_back(l, &cell, 1, start);
    assert_int_equal(count_taken(l, "ann", start), 1);
    for (int i = 0; i < 20; i++) {
        limits_give_back(l, &cell, 1, start);
    }
    assert_int_equal(count_taken(l, "ann", start), 5); /* never more than the burst */
    limits_close(l);
}

static void a_cost_above_the_burst_takes_the_whole_burst_and_amount_0_is_no_limit(void **state)
{
    struct limits *l = limits_open(NULL, &hash);
    struct limits_refusal refusal;
    (void)state;
    struct limits_cell cell = cell_of(l, "ann", ten_a_minute);
    cell.cost = UINT64_MAX;
    assert_int_equal(limits_take(l, &cell, 1, start, &refusal), 0);
    assert_int_equal(limits_take(l, &cell, 1, start, &refusal), -1);
    assert_int_equal(refusal.wait_s, 30);
    cell.rate.amount = 0;
    assert_int_equal(limits_take(l, &cell, 1, start, &refusal), 0);
    limits_close(l);
}

static void great_rates_are_exact(void **state)
{
    const struct limits_rate rates[] = {{.amount = 1000, .burst = 4000, .seconds = 1},
                                        {.amount = UINT64_C(1) << 36, .burst = UINT64_C(1) << 35, .seconds = 60}};
    const uint64_t costs[] = {1, UINT64_C(1) << 26};
    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        struct limits *l = limits_open(NULL, &hash);
        struct limits_refusal refusal;
        struct limits_cell cell = cell_of(l, "ann", rates[i]);
        uint64_t taken = 0;
        cell.cost = costs[i];
        for (int64_t ms = 0; ms < 10000; ms++) {
            while (limits_take(l, &cell, 1, start + ms, &refusal) == 0) {
                taken += costs[i];
            }
        }
        uint64_t allowed = rates[i].burst + rates[i].amount * 10 / rates[i].seconds;
        assert_in_range(taken, allowed / 100 * 99, allowed);
        limits_close(l);
    }
}

static void debts_outlive_all_processes(void **state)
{
    struct limits *l = limits_open(path, &hash);
    (void)state;
    assert_true(limits_are_shared(l));
    assert_int_equal(count_taken(l, "ann", start), 5);
    limits_remember(l, limits_who(l, 2, "bob", 3), start);
    limits_close(l);
    l = limits_open(path, &hash);
    assert_int_equal(take(l, "ann", start + 1000), 5);
    assert_int_equal(limits_known_ms(l, limits_who(l, 2, "bob", 3), start + 1000), 1000);
    assert_false(limits_are_replaced(l));
    unlink(path);
    assert_true(limits_are_replaced(l));
    limits_close(l);
}

static void several_processes_take_together_what_one_may(void **state)
{
    enum { PROCESSES = 4 };
    int results[2];
    unsigned taken = 0;
    char byte = 0;
    (void)state;
    assert_int_equal(pipe(results), 0);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            struct limits *l = limits_open(path, &hash);
            struct limits_refusal refusal;
            const struct limits_cell cells[] = {cell_of(l, "network", many), cell_of(l, "room", many)};
            for (int tries = 0; tries < 2000; tries++) {
                if (limits_take(l, cells, COUNT(cells), start, &refusal) == 0) {
                    (void)!write(results[1], "x", 1);
                }
            }
            _exit(0);
        }
    }
    close(results[1]);
    while (read(results[0], &byte, 1) == 1) {
        taken++;
    }
    close(results[0]);
    for (int i = 0; i < PROCESSES; i++) {
        wait(NULL);
    }
    assert_int_equal(taken, 1000);
}

static void a_process_that_is_killed_leaves_a_table_that_works(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        int began[2];
        char byte = 0;
        assert_int_equal(pipe(began), 0);
        pid_t child = fork();
        if (child == 0) {
            struct limits *l = limits_open(path, &hash);
            char who[32];
            (void)!write(began[1], "x", 1);
            for (unsigned i = 0;; i++) {
                snprintf(who, sizeof who, "%u", i % 50000);
                (void)take(l, who, start + i / 100);
            }
        }
        assert_int_equal(read(began[0], &byte, 1), 1);
        usleep(1000 * (useconds_t)(round % 5));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        close(began[0]);
        close(began[1]);
        struct limits *l = limits_open(path, &hash);
        assert_int_equal(count_taken(l, "after", start + INT64_C(86400000) * (round + 1)), 5);
        limits_close(l);
    }
}

static void a_clock_that_jumps_delays_by_one_step_at_most_and_never_for_long(void **state)
{
    struct limits *l = limits_open(NULL, &hash);
    const int64_t back[] = {1000, 3600000, INT64_C(86400000) * 29, INT64_C(86400000) * 400, start};
    (void)state;
    for (size_t i = 0; i < COUNT(back); i++) {
        char who[32];
        snprintf(who, sizeof who, "ann %zu", i);
        assert_int_equal(count_taken(l, who, start), 5);
        int64_t now = start - back[i];
        unsigned wait_s = take(l, who, now);
        assert_in_range(wait_s, 0, 7);
        assert_int_equal(take(l, who, now + 7000), 0);
    }
    assert_int_equal(count_taken(l, "bob", start), 5);
    assert_int_equal(count_taken(l, "bob", start + INT64_C(86400000) * 365 * 40), 5); /* put forward */
    limits_close(l);
}

/* Each cell has a tag and a time by chance; no process crashes, loops or is refused for long. */
static void arbitrary_bytes_in_the_file_refuse_no_one_for_long(void **state)
{
    uint64_t random = 42;
    struct stat st;
    (void)state;
    limits_close(limits_open(path, &hash));
    assert_int_equal(stat(path, &st), 0);
    for (int round = 0; round < 3; round++) {
        int fd = open(path, O_RDWR);
        for (off_t at = 64; at < st.st_size; at += 8) {
            uint64_t cell = support_random(&random);
            assert_int_equal(pwrite(fd, &cell, sizeof cell, at), sizeof cell);
        }
        close(fd);
        struct limits *l = limits_open(path, &hash);
        char who[32];
        for (int i = 0; i < 20000; i++) {
            snprintf(who, sizeof who, "%d of %d", i, round);
            unsigned wait_s = take(l, who, start);
            assert_in_range(wait_s, 0, 6);
            (void)limits_known_ms(l, limits_who(l, 2, who, strlen(who)), start);
            limits_remember(l, limits_who(l, 2, who, strlen(who)), start);
            assert_true(limits_known_ms(l, limits_who(l, 2, who, strlen(who)), start) >= 0);
        }
        limits_close(l);
    }
}

static void a_file_that_is_none_of_ours_gives_way_to_a_new_one(void **state)
{
    static const char junk[100] = "something else";
    (void)state;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
    close(fd);
    struct limits *l = limits_open(path, &hash);
    assert_true(limits_are_shared(l));
    assert_int_equal(count_taken(l, "ann", start), 5);
    assert_int_equal(truncate(path, 0), 0); /* while it is mapped */
    (void)take(l, "bob", start);
    assert_true(limits_are_replaced(l));
    limits_close(l);
    l = limits_open("/nonexistent/chat.limits", &hash);
    assert_false(limits_are_shared(l));
    assert_int_equal(count_taken(l, "ann", start), 5);
    limits_close(l);
}

static void a_million_addresses_grow_nothing_and_push_out_no_large_debt(void **state)
{
    struct stat before;
    struct stat after;
    char who[32];
    struct limits *l = limits_open(path, &hash);
    (void)state;
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(count_taken(l, "flooder", start), 5);
    for (unsigned i = 0; i < 1000000; i++) {
        snprintf(who, sizeof who, "%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal(take(l, who, start + 1), 0);
    }
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    assert_in_range(after.st_size, 1, 2 << 20);
    assert_int_not_equal(take(l, "flooder", start + 1), 0);
    limits_close(l);
}

static void the_site_remembers_for_thirty_days(void **state)
{
    const int64_t day = 86400000;
    struct limits *l = limits_open(NULL, &hash);
    uint64_t ann = limits_who(l, 2, "ann", 3);
    (void)state;
    assert_int_equal(limits_known_ms(l, ann, start), -1);
    limits_remember(l, ann, start);
    assert_int_equal(limits_known_ms(l, ann, start), 0);
    limits_remember(l, ann, start + day); /* the first time counts */
    assert_int_equal(limits_known_ms(l, ann, start + 29 * day), 29 * day);
    assert_int_equal(limits_known_ms(l, ann, start + 31 * day), -1);
    assert_int_equal(limits_known_ms(l, ann, start - 3600000), 0); /* the clock was put back */
    limits_remember(l, ann, start + 31 * day);
    assert_int_equal(limits_known_ms(l, ann, start + 32 * day), day);
    assert_int_equal(limits_known_ms(l, limits_who(l, 2, "bob", 3), start), -1);
    limits_close(l);
}

static void the_file_names_no_debtor(void **state)
{
    static const unsigned char address[] = {203, 0, 113, 9};
    struct site_key_hash other;
    struct limits *l = limits_open(path, &hash);
    struct limits_refusal refusal;
    (void)state;
    const struct limits_cell cell = {.who = limits_who(l, 1, address, sizeof address), .rate = ten_a_minute, .cost = 1};
    assert_int_equal(limits_take(l, &cell, 1, start, &refusal), 0);
    limits_close(l);
    char *bytes = malloc(4 << 20);
    int fd = open(path, O_RDONLY);
    ssize_t length = read(fd, bytes, 4 << 20);
    close(fd);
    assert_null(memmem(bytes, (size_t)length, address, sizeof address));
    free(bytes);
    memset(&other, 8, sizeof other);
    l = limits_open(path, &other);
    assert_int_not_equal(limits_who(l, 1, address, sizeof address), cell.who); /* not without the key */
    assert_int_not_equal(limits_who(l, 1, "a", 1), limits_who(l, 2, "a", 1));
    limits_close(l);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_burst_is_allowed_then_the_rate),
        TEST(an_hour_at_the_rate_is_never_refused_and_at_twice_the_rate_half_is),
        TEST(a_refusal_changes_no_debt_of_any_cell_and_names_the_longest_wait),
        TEST(what_is_given_back_can_be_taken_again),
        TEST(a_cost_above_the_burst_takes_the_whole_burst_and_amount_0_is_no_limit),
        TEST(great_rates_are_exact),
        TEST(debts_outlive_all_processes),
        TEST(several_processes_take_together_what_one_may),
        TEST(a_process_that_is_killed_leaves_a_table_that_works),
        TEST(a_clock_that_jumps_delays_by_one_step_at_most_and_never_for_long),
        TEST(arbitrary_bytes_in_the_file_refuse_no_one_for_long),
        TEST(a_file_that_is_none_of_ours_gives_way_to_a_new_one),
        TEST(a_million_addresses_grow_nothing_and_push_out_no_large_debt),
        TEST(the_site_remembers_for_thirty_days),
        TEST(the_file_names_no_debtor),
    };
    return RUN(tests);
}
