/* append.h - writing: messages of several senders in one transaction with one sync.
 *
 * What a message costs, in us of CPU time, in groups of so many (short texts, ids made by the
 * server; ext4, SQLite 3.40):
 *                                                      1    4   16   32  128
 *   sqlite_append                                     33   11  3.8  3.0  2.1
 *   the same rows and indexes, with SQLite alone      20    6  2.9  2.3  1.7
 *   one row in a table with one column and a rowid    13    4  1.3  1.0  0.4
 * The first two differ by what keeps removed files harmless: the flock, the record and some 20
 * looks at files per group. Most of the rest is pages: a group of 18 writes 7.5 of them to the log,
 * since a b-tree without rowid spreads its last rows over three pages again and again. Without the
 * index of ids it would be 4.8. With random ids it is 18.5, and 5.7 us in groups of 32.
 * SQLite without its memory statistics or its mutexes is no faster. One write per page of the log
 * instead of two would save less than 0.1 us per message.
 *
 * A text of 1 MiB takes 1.8 ms and is written twice, to the log and to the database. SQLite's cache
 * stays at 2 MB, however large the group is. Half of the time goes into finding the place: SQLite
 * compares with up to log2(n) other rows, and reads each of them as a whole if it is longer than
 * 1002 bytes. A table by rowid would take 1.0 ms.
 */
#ifndef SQLITE_APPEND_H
#define SQLITE_APPEND_H

#include "store/sqlite/private/handle.h"

int sqlite_append(struct store *base, struct store_job *jobs, size_t count, struct err *e); /* see store_append */

#endif
