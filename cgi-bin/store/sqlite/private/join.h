/* join.h - a new connection takes the log that the other handles and processes have.
 *
 * In WAL, messages are in chat.db-wal until a checkpoint copies them into the database, and
 * chat.db-shm says where. A process that has these files open goes on with them when somebody
 * removes their names (a "clean-up" by FTP), and SQLite doesn't notice. A process that comes later
 * would make new files beside them: two histories of one database. To prevent that:
 *   - a handle joins only while the path names the files that this process's other handles have;
 *   - a removed log is put back by the first process that notices, before it closes its handle
 *     (rescue.h);
 *   - no process begins a new log while another one has the database open: the other one has the
 *     old log, and puts it back within a second. Nor does it join a log that SQLite made by itself
 *     in the moment when the old one was removed.
 * A process that begins a log has the flock, and names the log in the record (record.h).
 */
#ifndef SQLITE_JOIN_H
#define SQLITE_JOIN_H

#include "store/sqlite/private/handle.h"

enum sqlite_joined {
    JOINED,
    JOIN_FAILED, /* needs_maker or awaits_log is set, or it is another error */
    JOIN_AGAIN,  /* the files are changing: close the connection, and try again in a moment */
};

/* First thing after a database in WAL was connected: makes SQLite open log and shared memory, and
 * notes which files they are. Threads: any. */
enum sqlite_joined sqlite_join(struct sqlite_handle *s, struct err *e);

#endif
