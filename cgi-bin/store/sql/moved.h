/* moved.h - the mark of a database that `pollchat move` copies a chat into, or has moved it away
 * from.
 *
 * The mark is a part of meta.schema, which each transaction reads anyhow: the number of the schema,
 * plus SQL_MOVED_UNIT times the mark. So it costs nothing, needs no migration, and programs of
 * older versions respect it too: they take it for a newer schema and refuse to work.
 *
 * Programs answer 503 as long as there is a mark, to readers too: a reader that goes from host to
 * host would otherwise see the chat go back. The log says what to do.
 *
 * Threads: any.
 */
#ifndef SQL_MOVED_H
#define SQL_MOVED_H

#include <stdint.h>

struct err;
struct sql_store;

enum sql_moved { /* stored: never renumber */
                 SQL_MOVED_NOT,
                 SQL_MOVED_HERE, /* a move into this database has begun, and hasn't ended */
                 SQL_MOVED_AWAY, /* the chat is in another database now */
};

#define SQL_MOVED_UNIT 1000
#define SQL_MOVED_UNIT_TEXT "1000"

/* Sets the number of the schema (%d), and leaves the mark. */
#define SQL_MOVED_SET_SCHEMA "UPDATE meta SET schema = %d + schema / " SQL_MOVED_UNIT_TEXT " * " SQL_MOVED_UNIT_TEXT

/* Of what meta.schema contains: the number of the schema. */
uint64_t sql_moved_schema(uint64_t value);

/* For the begin of each transaction: sets s->moved from what meta.schema contains. -1 (ERR_BUSY):
 * there is a mark, and the handle isn't that of a move. */
int sql_moved_check(struct sql_store *s, uint64_t value, struct err *e);

#endif
