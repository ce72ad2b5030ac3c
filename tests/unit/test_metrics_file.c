/* test_metrics_file.c - metrics_file.h, metrics.h, status.h: counters of all processes are added
 * up, and are written for people and for Prometheus. */
#include "support.h"

#include "base/buf.h"
#include "format/json.h"
#include "format/status.h"
#include "shared/metrics_file.h"

#include <pthread.h>
#include <sys/stat.h>

static char folder[64];
static char path[80];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-tally.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/chat.tally", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void *add_many(void *metrics_file)
{
    for (int i = 0; i < 10000; i++) {
        metrics_file_add(metrics_file, METRICS_MESSAGES, 1);
        metrics_file_observe(metrics_file, METRICS_GROUP, 3, 1);
        metrics_file_gauge(metrics_file, METRICS_QUEUED, 1);
        metrics_file_gauge(metrics_file, METRICS_QUEUED, -1);
    }
    return NULL;
}

static void threads_and_processes_count_together(void **state)
{
    pthread_t threads[2];
    struct metrics c;
    struct metrics_file *t = metrics_file_open(path);
    (void)state;
    assert_true(metrics_file_is_shared(t));
    pid_t child = fork();
    if (child == 0) {
        struct metrics_file *own = metrics_file_open(path);
        add_many(own);
        metrics_file_gauge(own, METRICS_PARKED_POLLS, 7);
        _exit(0); /* as if killed: its gauges stay in the file */
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, t), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    metrics_file_gauge(t, METRICS_PARKED_POLLS, 2);
    metrics_file_read(t, &c);
    assert_int_equal(c.counter[METRICS_MESSAGES], 30000);
    assert_int_equal(metrics_total(METRICS_GROUP, &c.histogram[METRICS_GROUP]), 30000);
    assert_int_equal(c.histogram[METRICS_GROUP].sum, 90000);
    assert_int_equal(c.gauge[METRICS_PARKED_POLLS], 2); /* of the running processes */
    assert_int_equal(c.gauge[METRICS_QUEUED], 0);
    metrics_file_close(t);
    t = metrics_file_open(path);
    metrics_file_read(t, &c);
    assert_int_equal(c.counter[METRICS_MESSAGES], 30000); /* counters stay after their processes */
    assert_int_equal(c.gauge[METRICS_PARKED_POLLS], 0);
    metrics_file_close(t);
}

static void a_foreign_a_truncated_and_an_impossible_file_stop_no_process(void **state)
{
    struct metrics c;
    (void)state;
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("something else", file);
    fclose(file);
    struct metrics_file *t = metrics_file_open(path);
    assert_true(metrics_file_is_shared(t));
    metrics_file_add(t, METRICS_2XX, 1);
    metrics_file_read(t, &c);
    assert_int_equal(c.counter[METRICS_2XX], 1);
    metrics_file_close(t);

    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    file = fopen(path, "we"); /* of the right size, with other bytes */
    assert_non_null(file);
    for (off_t i = 0; i < st.st_size; i++) {
        fputc('x', file);
    }
    fclose(file);
    t = metrics_file_open(path);
    assert_true(metrics_file_is_shared(t));
    metrics_file_read(t, &c);
    assert_int_equal(c.counter[METRICS_2XX], 0);
    metrics_file_close(t);

    t = metrics_file_open("/proc/no/such/folder/chat.tally");
    assert_false(metrics_file_is_shared(t));
    metrics_file_add(t, METRICS_2XX, 5);
    metrics_file_read(t, &c);
    assert_int_equal(c.counter[METRICS_2XX], 5);
    metrics_file_close(t);
    metrics_file_add(NULL, METRICS_2XX, 1);
    metrics_file_gauge(NULL, METRICS_QUEUED, 1);
    metrics_file_observe(NULL, METRICS_GROUP, 1, 1);
    metrics_file_close(NULL);
}

static void counters_of_a_single_process_can_be_added_to_the_shared_ones(void **state)
{
    struct metrics c;
    struct metrics_file *own = metrics_file_open(NULL);
    struct metrics_file *shared = metrics_file_open(path);
    (void)state;
    metrics_file_add(own, METRICS_5XX, 4);
    metrics_file_observe(own, METRICS_LATENCY, 700, 2);
    metrics_file_add(shared, METRICS_5XX, 1);
    metrics_file_add_all(shared, own);
    metrics_file_read(shared, &c);
    assert_int_equal(c.counter[METRICS_5XX], 5);
    assert_int_equal(c.histogram[METRICS_LATENCY].sum, 1400);
    metrics_file_close(own);
    metrics_file_close(shared);
}

static void a_log_line_is_due_once_a_minute_for_all_processes_together(void **state)
{
    uint64_t left_out = 9;
    int64_t now = 5;
    struct metrics_file *t = metrics_file_open(path);
    struct metrics_file *other = metrics_file_open(path);
    (void)state;
    assert_true(metrics_file_line_is_due(t, 7, now, &left_out));
    assert_int_equal(left_out, 0);
    for (int i = 0; i < 100; i++) {
        assert_false(metrics_file_line_is_due(i % 2 == 0 ? t : other, 7, now + 59999, &left_out));
    }
    /* Another line is not affected. */
    assert_true(metrics_file_line_is_due(t, 8, now + 59999, &left_out));
    assert_int_equal(left_out, 0);
    assert_true(metrics_file_line_is_due(other, 7, now + 60000, &left_out));
    assert_int_equal(left_out, 100);
    assert_false(metrics_file_line_is_due(t, 7, now + 60001, &left_out));
    metrics_file_close(t);
    metrics_file_close(other);
}

/* A line may contain a client's text, so it can be different each time. */
static void lines_that_always_differ_are_limited_as_well(void **state)
{
    struct metrics_file *t = metrics_file_open(NULL);
    uint64_t left_out = 0;
    unsigned written = 0;
    (void)state;
    for (uint64_t line = 1; line <= 1000; line++) {
        written += metrics_file_line_is_due(t, line, 1000, &left_out);
    }
    assert_int_equal(written, 32);
    assert_true(metrics_file_line_is_due(t, 5000, 61000, &left_out));
    assert_int_equal(left_out, 1000 - 32);
    metrics_file_close(t);
}

static void a_bucket_counts_values_up_to_its_bound(void **state)
{
    (void)state;
    assert_int_equal(metrics_bucket(METRICS_GROUP, 1), 0);
    assert_int_equal(metrics_bucket(METRICS_GROUP, 2), 1);
    assert_int_equal(metrics_bucket(METRICS_GROUP, 3), 2);
    assert_int_equal(metrics_bucket(METRICS_GROUP, 128), 7);
    assert_int_equal(metrics_bucket(METRICS_GROUP, 129), 8);
    assert_int_equal(metrics_bucket(METRICS_LATENCY, UINT64_MAX), 12);
    for (size_t h = 0; h < METRICS_HISTOGRAM__MAX; h++) {
        const struct metrics_scale *scale = &metrics_histograms[h];
        assert_true(scale->bounds >= 1 && scale->bounds <= METRICS_BOUNDS);
        for (size_t i = 1; i < scale->bounds; i++) {
            assert_true(scale->bound[i] > scale->bound[i - 1]);
        }
    }
}

static void percentiles_are_found_from_the_bounds(void **state)
{
    struct metrics_spread s = {{0}, 0};
    (void)state;
    assert_int_equal(metrics_share_below(METRICS_LATENCY, &s, 0.5), 0);
    s.bucket[1] = 98; /* up to 250 */
    s.bucket[5] = 2;  /* up to 5,000 */
    assert_int_equal(metrics_share_below(METRICS_LATENCY, &s, 0.5), 250);
    assert_int_equal(metrics_share_below(METRICS_LATENCY, &s, 0.98), 250);
    assert_int_equal(metrics_share_below(METRICS_LATENCY, &s, 0.99), 5000);
    s.bucket[12] = 900;
    assert_int_equal(metrics_share_below(METRICS_LATENCY, &s, 0.99), 1000000);
}

static struct status example(const struct metrics *c)
{
    return (struct status){.version = "1.2.3",
                           .uptime_s = 77,
                           .since_ms = 1700000000123,
                           .whole_site = true,
                           .has_bell = true,
                           .descriptors = 1024,
                           .processes = 20,
                           .max_held = 6,
                           .max_waiting = 256,
                           .why = "so",
                           .store = "SQLite",
                           .store_bytes = 4096,
                           .counts = c};
}

/* Each name has its HELP and TYPE once, before its values, which are together. */
static void the_text_is_valid_for_prometheus(void **state)
{
    struct metrics c = {0};
    struct buf b;
    (void)state;
    c.counter[METRICS_POLL_REQUESTS] = 5;
    c.gauge[METRICS_PARKED_STREAMS] = 2;
    c.histogram[METRICS_LATENCY].bucket[0] = 3;
    c.histogram[METRICS_LATENCY].bucket[12] = 1;
    c.histogram[METRICS_LATENCY].sum = 2000300;
    const struct status s = example(&c);
    buf_init(&b, BUF_UNLIMITED);
    status_prometheus(&b, &s);
    const char *text = buf_text(&b);
    assert_contains(text, "# TYPE pollchat_requests_total counter\npollchat_requests_total{route=\"send\"} 0\n"
                          "pollchat_requests_total{route=\"poll\"} 5\npollchat_requests_total{route=\"stream\"} 0\n");
    assert_contains(text, "pollchat_parked{kind=\"poll\"} 0\npollchat_parked{kind=\"stream\"} 2\n");
    assert_contains(text, "pollchat_commit_to_write_seconds_bucket{le=\"0.0001\"} 3\n");
    assert_contains(text, "pollchat_commit_to_write_seconds_bucket{le=\"1\"} 3\n"
                          "pollchat_commit_to_write_seconds_bucket{le=\"+Inf\"} 4\n"
                          "pollchat_commit_to_write_seconds_sum 2.0003\npollchat_commit_to_write_seconds_count 4\n");
    assert_contains(text, "pollchat_info{version=\"1.2.3\",store=\"SQLite\",wake=\"bell\"} 1\n");
    char current[128] = "";
    char seen[4096] = "";
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        char name[128];
        if (sscanf(line, "# HELP %127s", name) == 1) {
            assert_false(support_contains(seen, name));
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s\n", name);
            snprintf(current, sizeof current, "%s", name);
        } else if (sscanf(line, "# TYPE %127s", name) == 1) {
            assert_string_equal(name, current);
        } else {
            assert_int_equal(strncmp(line, current, strlen(current)), 0);
        }
    }
    buf_fini(&b);
}

static void the_json_has_the_same_values(void **state)
{
    struct metrics c = {0};
    struct buf b;
    (void)state;
    c.counter[METRICS_STREAM_REQUESTS] = 6;
    c.counter[METRICS_4XX] = 7;
    c.gauge[METRICS_PARKED_POLLS] = 8;
    c.histogram[METRICS_GROUP].bucket[2] = 9;
    const struct status s = example(&c);
    buf_init(&b, BUF_UNLIMITED);
    json_status(&b, &s);
    const char *text = buf_text(&b);
    assert_contains(
        text,
        "{\"version\":\"1.2.3\",\"uptime\":77,\"counted_since\":\"2023-11-14T22:13:20.123Z\",\"counts_of\":\"site\","
        "\"wake\":\"bell\",\"descriptors\":1024,\"processes\":20,\"max_held\":6,\"max_waiting\":256,"
        "\"max_waiting_why\":\"so\",\"store\":{\"kind\":\"SQLite\",\"bytes\":4096},"
        "\"parked\":{\"polls\":8,\"streams\":0},\"listeners\":{\"heard\":0,\"deaf\":0},\"replica_away\":0,\"queued\":0,"
        "\"requests\":{\"send\":0,\"poll\":0,\"stream\":6,\"status\":0},");
    assert_contains(text, "\"answers\":{\"2xx\":0,\"3xx\":0,\"4xx\":7,\"5xx\":0}");
    assert_contains(
        text, "\"group_messages\":{\"count\":9,\"sum\":0,\"p50\":4,\"p99\":4,\"up_to\":{\"1\":0,\"2\":0,\"4\":9,");
    assert_contains(text, "\"128\":0,\"more\":0}},\"commit_us\":{\"count\":0,");
    buf_fini(&b);
}

static void statuses_have_their_class(void **state)
{
    (void)state;
    assert_int_equal(metrics_class(200), METRICS_2XX);
    assert_int_equal(metrics_class(304), METRICS_3XX);
    assert_int_equal(metrics_class(409), METRICS_4XX);
    assert_int_equal(metrics_class(503), METRICS_5XX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_and_processes_count_together, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_foreign_a_truncated_and_an_impossible_file_stop_no_process, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(counters_of_a_single_process_can_be_added_to_the_shared_ones, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_log_line_is_due_once_a_minute_for_all_processes_together, make_folder,
                                        remove_folder),
        cmocka_unit_test(lines_that_always_differ_are_limited_as_well),
        cmocka_unit_test(a_bucket_counts_values_up_to_its_bound),
        cmocka_unit_test(percentiles_are_found_from_the_bounds),
        cmocka_unit_test(the_text_is_valid_for_prometheus),
        cmocka_unit_test(the_json_has_the_same_values),
        cmocka_unit_test(statuses_have_their_class),
    };
    return RUN(tests);
}
