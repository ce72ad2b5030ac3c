/* upkeep.h - lets the store forget what is old (store_retain.h), in quiet times.
 *
 * A process that writes calls it when no sender waits: about once a second if it stays, once before
 * it ends if it serves one request (plain CGI). Each call takes a short time. When nothing is old,
 * a process looks again after a minute.
 * Several processes of a site may do it at once: each step is a transaction that looks again.
 */
#ifndef UPKEEP_H
#define UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store_retain.h"

struct conf;
struct site;

struct upkeep {      /* zeros at first */
    int64_t next_ms; /* monotonic: nothing is looked for before */
};

/* How long the settings keep what. */
struct store_terms_kept upkeep_terms(const struct conf *conf);

/* Works for some 50 ms at most, one step longer, or until is_wanted(context). Does nothing before
 * the process has opened the store. Failures are logged, and it is tried again after a minute. */
void upkeep_run(struct upkeep *u, struct site *site, bool (*is_wanted)(void *context), void *context);

#endif
