/* findings.h - findings about a host: a sentence each, which an owner without a shell understands.
 *
 * Pure. Threads: a struct belongs to one caller.
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include <stddef.h>

struct buf;

enum finding_state {
    FINDING_FINE,
    FINDING_NOTE,  /* good to know; nothing needs to be done */
    FINDING_POOR,  /* works, but less well than it could */
    FINDING_WRONG, /* doesn't work until the owner mends it */
    FINDING__MAX
};

enum { FINDINGS_MAX = 32, FINDING_TEXT_SIZE = 512 };

struct finding {
    const char *topic; /* a word for programs; static */
    enum finding_state state;
    /* what was found and what to do about it; names no path of the host */
    char text[FINDING_TEXT_SIZE];
};

struct findings {
    struct finding list[FINDINGS_MAX];
    size_t count;
};

/* Adds a finding; dropped if the list is full. A text that is too long is cut. */
void findings_add(struct findings *f, const char *topic, enum finding_state state, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

const char *finding_word(enum finding_state state); /* "fine", "note", "poor", "wrong" */

/* The worst state of all; FINDING_FINE if there is none. */
enum finding_state findings_worst(const struct findings *f);

/* Writes lines for a shell: state, topic, text. */
void findings_lines(struct buf *out, const struct findings *f);

#endif
