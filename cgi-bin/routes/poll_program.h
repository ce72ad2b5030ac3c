/* poll_program.h - what the handlers of poll share.
 *
 * Threads: any; nothing in it changes after the start.
 */
#ifndef POLL_PROGRAM_H
#define POLL_PROGRAM_H

#include "system/conf.h"
#include "wait/waiting.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct site;

struct poll_program {
    struct site *site;
    struct waiting *waiting;
    bool fastcgi;
    int64_t began_ms; /* monotonic */
};

/* How many bytes of text an answer may have. Where each request costs a process, so few that the
 * kernel takes the whole answer even if the client doesn't read (it takes up to about a megabyte).
 * Otherwise the rest would keep a process of mod_fcgid busy, and the server of a CGI program would
 * let the program wait. */
enum { POLL_PROGRAM_COSTLY_BYTES = 512 * 1024 };

static inline size_t poll_program_answer_bytes(const struct poll_program *p, const struct conf *conf)
{
    bool few = waiting_costs_a_process(p->waiting) && conf->max_answer > POLL_PROGRAM_COSTLY_BYTES;
    return few ? POLL_PROGRAM_COSTLY_BYTES : (size_t)conf->max_answer;
}

#endif
