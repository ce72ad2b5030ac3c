/* test_log.c - log.h: lines are written whole, and no text from outside begins a line of its
 * own. */
#include "support.h"

#include "base/log.h"

#include <errno.h>
#include <pthread.h>

struct caught {
    char line[2048];
    int count;
};

static void catch_line(void *context, const char *line)
{
    struct caught *c = context;
    snprintf(c->line, sizeof c->line, "%s", line);
    c->count++;
}

static void each_line_names_the_program(void **state)
{
    struct caught c = {.count = 0};
    (void)state;
    log_program("send");
    log_attach(catch_line, &c);
    log_line("%s failed: %d", "open", 2);
    log_attach(NULL, NULL);
    assert_int_equal(c.count, 1);
    assert_string_equal(c.line, "pollchat send: open failed: 2");
}

static void control_bytes_cannot_forge_a_line(void **state)
{
    struct caught c = {.count = 0};
    (void)state;
    log_attach(catch_line, &c);
    log_line("%s", "a\nb\r\x1b[2Jc\td\x7f\x01");
    log_attach(NULL, NULL);
    assert_int_equal(c.count, 1);
    assert_contains(c.line, "a?b??[2Jc?d??");
}

static void long_lines_are_cut(void **state)
{
    struct caught c = {.count = 0};
    char text[5000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_attach(catch_line, &c);
    log_line("%s", text);
    log_attach(NULL, NULL);
    assert_true(strlen(c.line) >= 1000 && strlen(c.line) < 1024);
}

static void logging_keeps_errno(void **state)
{
    struct caught c = {.count = 0};
    (void)state;
    log_attach(catch_line, &c);
    errno = ENOSPC;
    log_line("x");
    assert_int_equal(errno, ENOSPC);
    log_attach(NULL, NULL);
}

/* Returns what a child writes to stderr. */
static void read_stderr_of(void (*function)(void), char *out, size_t size)
{
    int ends[2];
    int status = 0;
    size_t length = 0;
    ssize_t count = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        function();
        _exit(0);
    }
    close(ends[1]);
    while ((count = read(ends[0], out + length, size - 1 - length)) > 0) {
        length += (size_t)count;
    }
    out[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void *log_many(void *name)
{
    for (int i = 0; i < 200; i++) {
        log_line("%s%s%s", (const char *)name, (const char *)name, (const char *)name);
    }
    return NULL;
}

static void log_from_threads(void)
{
    static char names[2][11] = {"aaaaaaaaaa", "bbbbbbbbbb"};
    pthread_t threads[2];
    log_program("poll");
    pthread_create(&threads[0], NULL, log_many, names[0]);
    pthread_create(&threads[1], NULL, log_many, names[1]);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
}

static void lines_of_threads_reach_stderr_whole(void **state)
{
    static char out[64 * 1024];
    char *rest = NULL;
    int lines = 0;
    (void)state;
    read_stderr_of(log_from_threads, out, sizeof out);
    for (char *line = strtok_r(out, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        bool whole = strcmp(line, "pollchat poll: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") == 0 ||
                     strcmp(line, "pollchat poll: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb") == 0;
        if (!whole) {
            fail_msg("a mixed line: %s", line);
        }
        lines++;
    }
    assert_int_equal(lines, 400);
}

static void *log_once(void *unused)
{
    struct caught own = {.count = 0};
    (void)unused;
    log_attach(catch_line, &own);
    log_line("from the thread");
    log_attach(NULL, NULL);
    return own.count == 1 ? &log_once : NULL;
}

static void a_sink_gets_only_lines_of_its_thread(void **state)
{
    struct caught c = {.count = 0};
    pthread_t thread;
    void *good = NULL;
    (void)state;
    log_attach(catch_line, &c);
    assert_int_equal(pthread_create(&thread, NULL, log_once, NULL), 0);
    assert_int_equal(pthread_join(thread, &good), 0);
    assert_non_null(good);
    assert_int_equal(c.count, 0);
    log_line("here");
    assert_int_equal(c.count, 1);
    log_attach(NULL, NULL);
}

static bool what_is_not_hidden_is_due(void *context, const char *line, uint64_t *left_out)
{
    int *count = context;
    *left_out = (uint64_t)(*count)++;
    return strstr(line, "hidden") == NULL;
}

static void a_guard_skips_lines_and_the_next_line_says_how_many(void **state)
{
    struct caught c = {.count = 0};
    int count = 0;
    (void)state;
    log_program("send");
    log_attach(catch_line, &c);
    log_guard(what_is_not_hidden_is_due, &count);
    log_line("seen");
    assert_string_equal(c.line, "pollchat send: seen");
    log_line("hidden");
    assert_int_equal(c.count, 1);
    log_line("seen");
    assert_string_equal(c.line, "pollchat send: seen (and 2 times more since this was last written)");
    log_guard(NULL, NULL);
    log_line("hidden");
    assert_string_equal(c.line, "pollchat send: hidden");
    log_attach(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_names_the_program),
        cmocka_unit_test(control_bytes_cannot_forge_a_line),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(logging_keeps_errno),
        cmocka_unit_test(lines_of_threads_reach_stderr_whole),
        cmocka_unit_test(a_guard_skips_lines_and_the_next_line_says_how_many),
        cmocka_unit_test(a_sink_gets_only_lines_of_its_thread),
    };
    return RUN(tests);
}
