/* append.h - writing: messages of several senders in one transaction with one sync.
 *
 * What a message costs, in us of CPU time, in groups of so many (short texts; ext4, SQLite 3.40):
 *                                                      1    4   16   32  128
 *   sql_append, ids made here (made_id.h)          28  8.7  3.4  2.1  1.4
 *   ids of clients, each later one greater            31  9.3  3.7  2.7  1.9
 *   random ids of clients                             31   11  6.0  4.8  5.1
 *   one row in a table with one column and a rowid    13  3.6  1.4  0.7  0.4
 * The sender adds, in groups of 32: a guest's name 0.5, a key 0.6, a key with its name 1.0, which
 * are one search for each of key, person and name (authors.h).
 * A group pays once for what keeps removed files harmless: the flock, the record and some 20 looks
 * at files. Most of the rest is pages: a group of 18 writes 2.9 of them to the log; 5.9 with the
 * index of ids, since that b-tree spreads its last rows over three pages again and again; and 23.8
 * with random ids, which have no neighbours there.
 * SQLite without its memory statistics or its mutexes is no faster. One write per page of the log
 * instead of two would save less than 0.1 us per message.
 *
 * A text of 1 MiB takes 0.5 ms and is written twice, to the log and to the database. SQLite's cache
 * stays at 2 MB, however large the group is.
 */
#ifndef SQL_APPEND_H
#define SQL_APPEND_H

#include "store/sql/sql_store.h"

int sql_append(struct store *base, struct store_job *jobs, size_t count, struct err *e); /* see store_append */

#endif
