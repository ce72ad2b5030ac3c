/* notices.h - how a process learns of commits on other hosts, and tells them of its own
 * (STORE_NEWS_NOTICES). positions.h says who believes what.
 *
 * The heads in the bell's file are shared by the processes of one host. A thread of each process
 * that stays keeps them right. It has one connection to the store (store_notices.h), and
 *   - listens. A head that rises is raised in the file, and the bell rings.
 *   - tells of the commits of this process, at most once in TELL_MS, so that many commits cost few
 *     notices.
 *   - asks for the heads of all rooms that the file knows: every ASK_MS, for a notice may be lost;
 *     every ASK_OFTEN_MS while notices don't come through. At most every SUM_MS it asks for the sum
 *     of all heads too. If that has changed, and not by the rooms that were asked for, the bell
 *     rings: requests may wait in rooms for which the file has no entry.
 * So a commit on another host is known here after some milliseconds, without notices after
 * ASK_OFTEN_MS (in a room without an entry after SUM_MS), and if one notice is lost (a program is
 * killed between its commit and the notice) after ASK_MS. While the database can't be asked,
 * nothing is believed.
 *
 * Threads: any.
 */
#ifndef NOTICES_H
#define NOTICES_H

#include "store/store.h"

#include <stdbool.h>

struct bell;
struct conf;
struct metrics_file;
struct notices;

/* What the thread asks of the site; called from it. */
struct notices_site {
    struct bell *(*bell)(void *context);            /* the site's bell; NULL if there is none yet */
    struct metrics_file *(*metrics)(void *context); /* NULL: nothing is counted */
    void *context;
};

/* conf is borrowed; it must be loaded before notices_start. Never NULL. */
struct notices *notices_new(const struct conf *conf, struct notices_site site);
void notices_free(struct notices *n); /* ends the thread; what wasn't told yet is told first, within moments */

/* From the first call on the thread runs. */
void notices_start(struct notices *n);

/* The heads in the bell's file are those of the database, as it was a moment ago (see above). */
bool notices_are_sure(const struct notices *n);

/* Tells other hosts soon. Returns at once. */
void notices_tell(struct notices *n, const struct store_changes *changes);

#endif
