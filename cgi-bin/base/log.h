/* log.h - lines for the owner of the site: what failed and where to look.
 *
 * A line goes to stderr. While a thread answers a FastCGI request, it goes to that request's error
 * stream instead, because web servers throw a FastCGI program's stderr away but keep that stream.
 * Not for visitors. A line never holds a message's text.
 * Threads: any; a line is written whole. log_attach() is per thread.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

typedef void log_sink(void *context, const char *line); /* line without a line break */

/* Returns false to leave the line out. True: the line is written; *left_out (0 before the call)
 * says how many equal lines were left out since the last one. Must not log. */
typedef bool log_gate(void *context, const char *line, uint64_t *left_out);

/* Writes "pollchat PROGRAM: text". Control bytes become '?', and at most 1,022 bytes are kept.
 * Keeps errno. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

void log_program(const char *name); /* borrowed forever; call once at start */
/* NULL: every line is written. Call it before there is a second thread */
void log_guard(log_gate *gate, void *context);
/* lines of this thread go there; NULL: back to stderr */
void log_attach(log_sink *sink, void *context);

#endif
