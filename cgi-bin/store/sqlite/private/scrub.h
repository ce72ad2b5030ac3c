/* scrub.h - bytes of erased texts that SQLite leaves in the files.
 *
 * An UPDATE or DELETE with secure_delete overwrites a row's bytes where the row is. These are left:
 *   - the log: older frames have the page as it was. So the log is copied into the database, and
 *     its file emptied.
 *   - copies in the database: when SQLite divides a page, or joins two, it lays out their rows
 *     anew, and what isn't used afterwards keeps its old bytes, parts of rows that are elsewhere
 *     now. Of 1,500 texts erased in a database of eight rooms, 12 could still be read. So all pages
 *     are read, and what no row uses is overwritten.
 *   - caches: a process that changes a page writes its copy of the page, unused bytes included. So
 *     the scrubbing ends with a commit, which makes all connections read their pages again.
 *
 * A transaction that erases calls sqlite_scrub_owe, which sets meta.scrub. sqlite_write_end scrubs
 * when it has committed, before the caller answers. While a reader needs the log that isn't
 * possible; it is tried again each second (sqlite_scrub_rest), by the next process if this one is
 * killed. Reading a database of 100 MB takes 15 ms, during which senders wait; so one of more than
 * 64 MB isn't read for each of many changes, but a quarter of the time at most.
 *
 * Only the database and its log are scrubbed: backups, copies from before an upgrade or a restore,
 * and files that were kept aside have the texts of their time.
 */
#ifndef SQLITE_SCRUB_H
#define SQLITE_SCRUB_H

#include "store/sqlite/private/handle.h"

/* Inside a transaction that erases something. */
int sqlite_scrub_owe(struct sqlite_handle *s, struct err *e);
/* The same for what need not be gone before the answer: sqlite_scrub_rest does it later, so seldom
 * that scrubbing takes a hundredth of the time at most. */
int sqlite_scrub_owe_later(struct sqlite_handle *s, struct err *e);
/* After a commit: does what the handle owes. In WAL it needs the flock. Can't fail: what isn't done
 * stays owed. */
void sqlite_scrub_after(struct sqlite_handle *s);
void sqlite_scrub_rest(const struct store_options *options, bool now); /* a part of store_rest */

#endif
