/* wal.h - what SQLite's log (chat.db-wal) and its index in shared memory (chat.db-shm) say.
 *
 * Read as SQLite's description of the file formats has it. All functions look at what the handle
 * has open, whatever the path names now. Take no lock: a writer may be at work meanwhile.
 */
#ifndef SQLITE_WAL_H
#define SQLITE_WAL_H

#include "store/sqlite/private/handle.h"

enum { WAL_HEADER_BYTES = 32 };

/* The offset at which the last valid frame of the log ends; *frame: the length of a frame. 0: the
 * log has no frame, or it is unknown; *frame is unchanged then. */
uint64_t sqlite_wal_end(const struct sqlite_handle *s, uint64_t *frame);
/* A number that is another one each time the log restarts; 0: unknown. */
uint64_t sqlite_wal_salts(const struct sqlite_handle *s);
/* The file at the log's path is shorter than the index says. */
bool sqlite_wal_is_cut(const struct sqlite_handle *s);
/* The index belongs to another log: no process may use it. */
bool sqlite_wal_is_mismatched(const struct sqlite_handle *s);
/* SQLite's open file of the log, with its size; borrowed while connected. NULL: not open. */
sqlite3_file *sqlite_wal_file(const struct sqlite_handle *s, sqlite3_int64 *size);

#endif
