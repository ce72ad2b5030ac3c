/* log.c - see log.h. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *program = "?";
static log_gate *guard;
static void *guard_context;
static _Thread_local log_sink *thread_sink;
static _Thread_local void *thread_context;

void log_program(const char *name)
{
    program = name;
}

void log_guard(log_gate *gate, void *context)
{
    guard = gate;
    guard_context = context;
}

void log_attach(log_sink *sink, void *context)
{
    thread_sink = sink;
    thread_context = context;
}

enum { LINE_SIZE = 1024 }; /* with a line break and NUL */

/* Returns false if the line is to be left out. Otherwise it may add to the line how many equal ones
 * were left out. */
static bool passes_guard(char line[LINE_SIZE])
{
    uint64_t left_out = 0;
    size_t length = strlen(line);
    if (guard != NULL && !guard(guard_context, line, &left_out)) {
        return false;
    }
    if (left_out > 0) {
        snprintf(line + length, LINE_SIZE - 1 - length, " (and %" PRIu64 " times more since this was last written)",
                 left_out);
    }
    return true;
}

/* A value from outside must neither begin a line of its own nor control a terminal: C0 and C1
 * controls (C2 80 to C2 9F). */
static void blank_controls(char *line)
{
    for (unsigned char *c = (unsigned char *)line; *c != '\0'; c++) {
        bool is_c1 = c[0] == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F;
        if (*c < 0x20 || *c == 0x7F || is_c1) {
            *c = '?';
            c[1] = is_c1 ? '?' : c[1];
        }
    }
}

static void write_line(char line[LINE_SIZE])
{
    if (thread_sink != NULL) {
        thread_sink(thread_context, line);
    } else {
        size_t length = strlen(line);
        line[length] = '\n';
        /* One write, so that lines of threads and processes don't mix. A log that can't be written
         * is no error. */
        ssize_t ignored = write(STDERR_FILENO, line, length + 1);
        (void)ignored;
    }
}

void log_line(const char *format, ...)
{
    int saved = errno;
    char line[LINE_SIZE];
    int head = snprintf(line, sizeof line - 1, "pollchat %s: ", program);
    va_list args;
    va_start(args, format);
    vsnprintf(line + head, sizeof line - 1 - (size_t)head, format, args);
    va_end(args);
    if (passes_guard(line)) {
        blank_controls(line);
        write_line(line);
    }
    errno = saved;
}
