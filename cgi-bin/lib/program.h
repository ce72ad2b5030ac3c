/* program.h - what the handlers of poll share. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

struct site;
struct waiting;

struct program {
    struct site *site;
    struct waiting *waiting;
    bool fastcgi;
    int64_t began_ms; /* monotonic */
};

/* A process for one request has nobody who watches for commits without a ring: it asks the store. */
static inline bool program_uses_bell(const struct program *p)
{
    return p->fastcgi;
}

#endif
