/* store_news.h - how a process learns that another one has committed to the store.
 *
 * Each store says by itself how. A process that knows it answers polls without news from memory;
 * site/positions.h says how, and what a store with another kind of notice leaves to decide.
 */
#ifndef STORE_NEWS_H
#define STORE_NEWS_H

#include "store/store.h"

enum store_news {
    STORE_NEWS_BELL,  /* all programs are on this host: they ring a bell in shared memory (bell.h) */
    STORE_NEWS_TIMER, /* they may be on several hosts: ask store_version on a timer */
    /* They may be on several hosts, and send each other notices (store_notices.h). Those of one
     * host ring a bell as well. */
    STORE_NEWS_NOTICES,
};

/* Of the store that the options name; none need be open. Can't fail. */
enum store_news store_news_by(const struct store_options *options);

/* A number that differs after each commit, also one of another program; found without a handle. 0:
 * unknown, as always with the other kinds; with STORE_NEWS_BELL it is never 0. */
uint64_t store_stamp(const struct store_options *options);

/* A number that differs from what this handle was told before, if another handle has committed
 * since. Cheap: no message is read, and ERR_BUSY comes within a tenth of a second. */
int store_version(struct store *s, uint64_t *out, struct err *e);

#endif
