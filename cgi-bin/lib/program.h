/* program.h - what the handlers of poll share. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "waiting.h"

#include <stdbool.h>
#include <stdint.h>

struct site;

struct program {
    struct site *site;
    struct waiting *waiting;
    bool fastcgi;
    int64_t began_ms; /* monotonic */
};

/* Where nobody watches for commits without a ring (yet, or in a process for one request), the files are asked instead. */
static inline bool program_uses_bell(const struct program *p)
{
    return p->fastcgi && waiting_is_watched(p->waiting);
}

#endif
