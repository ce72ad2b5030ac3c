/* log.c - see log.h. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *program = "?";
static _Thread_local log_sink *thread_sink;
static _Thread_local void *thread_context;

void log_program(const char *name)
{
    program = name;
}

void log_attach(log_sink *sink, void *context)
{
    thread_sink = sink;
    thread_context = context;
}

void log_line(const char *format, ...)
{
    int saved = errno;
    char line[1024];
    int head = snprintf(line, sizeof line - 1, "pollchat %s: ", program);
    va_list args;
    va_start(args, format);
    vsnprintf(line + head, sizeof line - 1 - (size_t)head, format, args);
    va_end(args);
    /* A value from outside must not start a line of its own, nor speak to a terminal: C0 and C1 controls (C2 80 to C2 9F). */
    for (unsigned char *c = (unsigned char *)line; *c != '\0'; c++) {
        bool is_c1 = c[0] == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F;
        if (*c < 0x20 || *c == 0x7F || is_c1) {
            *c = '?';
            c[1] = is_c1 ? '?' : c[1];
        }
    }
    if (thread_sink != NULL) {
        thread_sink(thread_context, line);
    } else {
        size_t length = strlen(line);
        line[length] = '\n';
        /* One write, so that lines of threads and processes don't mix. A log that can't be written is no error. */
        ssize_t ignored = write(STDERR_FILENO, line, length + 1);
        (void)ignored;
    }
    errno = saved;
}
