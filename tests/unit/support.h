/* support.h - shared by the unit tests: cmocka, escapes, case files, functions that must abort.
 *
 * Tests run in the root folder of the repository.
 *
 * A case file (tests/cases/<topic>/<case>) is a list of `key: value` lines. A line that begins with
 * '#' says what the case proves; empty lines are skipped. In values \n \r \t \\ and \xHH stand for
 * bytes, so that hostile input is readable. The test that reads the cases documents its keys; an
 * unknown key fails.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RUN(tests) cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL)

/* UNIT_TEST='a_backup*' build/asan/unit/test_store_backup runs only the tests whose names match. */
__attribute__((constructor)) static inline void support_filter(void)
{
    const char *pattern = getenv("UNIT_TEST");
    if (pattern) {
        cmocka_set_test_filter(pattern);
    }
}

/* Pseudo-random numbers for property tests (xorshift64*, Vigna), the same in each run. */
static inline uint64_t support_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717ULL;
}

/* For struct members that are not const, because they usually own their text. */
static inline char *support_lend(const char *text)
{
    char *lent = NULL;
    memcpy(&lent, &text, sizeof lent);
    return lent;
}

static inline bool support_contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

#define assert_contains(text, part) support_assert_contains(text, part, __FILE__, __LINE__)
static inline void support_assert_contains(const char *text, const char *part, const char *file, int line)
{
    if (!support_contains(text, part)) {
        print_error("\"%s\"\n  does not contain\n\"%s\"\n", text, part);
        _fail(file, line);
    }
}

static inline void assert_without(const char *text, const char *part)
{
    if (support_contains(text, part)) {
        fail_msg("\"%s\"\n  contains\n\"%s\"", text, part);
    }
}

/* Whether the function ends its process by a failed CK. It runs in a child, without its output. */
static inline bool support_aborts(void (*function)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
        for (size_t i = 0; i < COUNT(fatal); i++) {
            /* cmocka's handlers would continue with the next test, in the child. */
            signal(fatal[i], SIG_DFL);
        }
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(2);
        }
        function();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static inline int support_hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* \n \r \t \\ \xHH; NUL behind. Freed by the caller. */
static inline char *support_unescape(const char *text, size_t *length)
{
    char *out = malloc(strlen(text) + 1);
    size_t at = 0;
    assert_non_null(out);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != '\\') {
            out[at++] = *c;
            continue;
        }
        c++;
        switch (*c) {
        case 'n':
            out[at++] = '\n';
            break;
        case 'r':
            out[at++] = '\r';
            break;
        case 't':
            out[at++] = '\t';
            break;
        case '\\':
            out[at++] = '\\';
            break;
        case 'x':
            if (support_hex(c[1]) < 0 || support_hex(c[2]) < 0) {
                fail_msg("a bad \\x in: %s", text);
            }
            out[at++] = (char)(support_hex(c[1]) * 16 + support_hex(c[2]));
            c += 2;
            break;
        default:
            fail_msg("an unknown escape in: %s", text);
        }
    }
    out[at] = '\0';
    *length = at;
    return out;
}

enum { SUPPORT_LINES_MAX = 32 };

struct support_case {
    char path[300];
    char *text;                      /* of the file, split into the lines below */
    char *keys[SUPPORT_LINES_MAX];   /* into text */
    char *values[SUPPORT_LINES_MAX]; /* unescaped, owned */
    size_t lengths[SUPPORT_LINES_MAX];
    bool used[SUPPORT_LINES_MAX];
    size_t count;
};

static inline char *support_read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "re");
    size_t size = 0;
    if (file == NULL) {
        fail_msg("%s can't be opened; run the tests in the repository's root", path);
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, size, file), size);
    text[size] = '\0';
    fclose(file);
    if (length != NULL) {
        *length = size;
    }
    return text;
}

static inline void support_case_read(struct support_case *c)
{
    char *rest = NULL;
    c->text = support_read_file(c->path, NULL);
    for (char *line = strtok_r(c->text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *colon = strchr(line, ':');
        if (line[0] == '#') {
            continue;
        }
        if (colon == NULL || c->count == SUPPORT_LINES_MAX) {
            fail_msg("%s: too many lines, or one that isn't key: value: %s", c->path, line);
            return;
        }
        *colon = '\0';
        colon += colon[1] == ' ' ? 2 : 1;
        c->keys[c->count] = line;
        c->values[c->count] = support_unescape(colon, &c->lengths[c->count]);
        c->count++;
    }
}

/* Returns the first unused value of the key and marks it as used; NULL if there is none. */
static inline const char *support_case_value(struct support_case *c, const char *key, size_t *length)
{
    for (size_t i = 0; i < c->count; i++) {
        if (!c->used[i] && strcmp(c->keys[i], key) == 0) {
            c->used[i] = true;
            if (length != NULL) {
                *length = c->lengths[i];
            }
            return c->values[i];
        }
    }
    return NULL;
}

static inline void support_case_done(struct support_case *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (!c->used[i]) {
            fail_msg("%s: nobody asked for the key '%s'", c->path, c->keys[i]);
        }
        free(c->values[i]);
    }
    free(c->text);
}

/* Runs each case of a folder, and prints a case's name if it fails. There must be at least `least`
 * cases, so that an empty folder fails. */
static inline void support_each_case(const char *folder, size_t least, void (*run)(struct support_case *c))
{
    struct dirent **names = NULL;
    int found = scandir(folder, &names, NULL, alphasort);
    size_t count = 0;
    if (found < 0) {
        fail_msg("%s can't be read; run the tests in the repository's root", folder);
    }
    for (int i = 0; i < found; i++) {
        if (names[i]->d_name[0] != '.') {
            struct support_case c = {.count = 0};
            snprintf(c.path, sizeof c.path, "%s/%s", folder, names[i]->d_name);
            support_case_read(&c);
            run(&c);
            support_case_done(&c);
            count++;
        }
        free(names[i]);
    }
    free(names);
    assert_true(count >= least);
}

#endif
