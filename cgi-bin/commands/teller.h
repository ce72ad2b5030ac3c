/* teller.h - tells on stderr how far long work is.
 *
 * On a terminal, one line that counts. Elsewhere a line now and then, and only if the work takes
 * long.
 * Threads: one.
 */
#ifndef TELLER_H
#define TELLER_H

#include <stdbool.h>
#include <stdint.h>

struct teller {
    const char *what;
    bool is_terminal;
    unsigned percent;
    int64_t told; /* monotonic ms */
};

/* what: "copying the database"; borrowed. */
struct teller teller_of(const char *what);
void teller_tell(void *teller, unsigned percent); /* as struct store_progress wants it */
void teller_end(const struct teller *t);          /* ends the line, if there is one */

#endif
