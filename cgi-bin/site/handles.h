/* handles.h - the idle store handles of a process, and whether their database is still the one
 * that is there.
 *
 * A handle that is given back is kept for the next borrower. An owner may replace the database at
 * any moment (a restored backup, a copy); then its handles are closed, and site.c opens new ones.
 * Threads: any; a handle itself is for one thread at a time.
 */
#ifndef HANDLES_H
#define HANDLES_H

#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct handles;

/* mode: of all handles. Never NULL. */
struct handles *handles_new(enum store_mode mode);
void handles_free(struct handles *all); /* closes those that are idle. NULL is fine */

/* An idle handle whose database is still there, to be used. While `most` handles are open (0: any
 * number may be) it waits for one, for timeout_ms at most. *may_open: none is idle, and the caller
 * may open one; if that fails it calls handles_not_opened. NULL without it: the time was up. */
struct store *handles_take(struct handles *all, unsigned most, unsigned timeout_ms, bool *may_open);
void handles_not_opened(struct handles *all);

/* Keeps the handle or closes it. False: its database was replaced. Only a writer needs to know
 * that, so a reader's handle is kept without a look; the next handles_take or handles_look_after
 * looks. */
bool handles_give_back(struct handles *all, struct store *handle);

/* The handle's database is still the one that is there. False: give it back, and take another
 * one. */
bool handles_is_current(struct handles *all, struct store *handle);

/* The same for a handle that is idle, which counts as a use of it. False also if none is idle. The
 * files aren't looked at if an idle handle was found current less than 100 ms ago; nor if that was
 * less than a second ago and another thread is looking, which a slow disk may delay. So a slow disk
 * delays one of many callers, and a replaced database is noticed after that time, or as soon as a
 * look at any handle of this process finds it. */
bool handles_are_current(struct handles *all);

/* Closes idle handles whose database was replaced; other processes may wait for that. Also rescues
 * what only these handles have (store.h). */
void handles_look_after(struct handles *all);

/* A handle that wasn't taken from here is about to be used. */
void handles_note_use(struct handles *all, const struct store *handle);

/* How often a handle was used whose database wasn't that of the handle used before it
 * (store_identity). What was known of the rooms until then is of another database, perhaps one
 * with the same epoch. A handle of the old database may live on in another thread, and the old
 * database may be put back; so it is each use that counts, and not the opening. */
uint64_t handles_changes(const struct handles *all);

#endif
