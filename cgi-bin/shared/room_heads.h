/* room_heads.h - the head and the oldest seq of each room as the database last reported them, so
 * that polls without news need no SQL.
 *
 * The database is the truth. A head in the table may be used only while no commit can have happened
 * unseen. The rules that make it so:
 *   - A writer calls room_heads_begin_commit(), commits, calls room_heads_raise() for each room,
 *     and room_heads_end_commit(), which rings.
 *   - A reader takes bell_seen(), then calls room_heads_look(). It may use a known head. Otherwise
 *     it takes room_heads_moment(), reads the database, and reports with room_heads_learned() what
 *     it read.
 *
 * No head is known between a writer's begin and end. If a writer dies in between, its mark stays;
 * the next look by any process finds that the writer is gone, begins a new generation and rings. A
 * generation is a number: heads of an older generation are unknown.
 * Threads and processes: any function may be called from any.
 */
#ifndef ROOM_HEADS_H
#define ROOM_HEADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bell;

/* Rooms beyond that have no known head and cost a read of the database each time. */
enum { ROOM_HEADS_MOST = 4096 };

/* The head and oldest seq of a room. False: not known. */
bool room_heads_look(struct bell *b, const char *room, uint64_t *head, uint64_t *oldest);

/* A token of now, to be taken BEFORE the database is read, for room_heads_learned. */
uint64_t room_heads_moment(const struct bell *b);

/* Records what the database, read after `moment`, has. Ignored if the generation has changed since.
 * That a room doesn't exist (head 0) is recorded in this process alone: the table is not for every
 * name that a stranger asks for. */
void room_heads_learned(struct bell *b, uint64_t moment, const char *room, uint64_t head, uint64_t oldest);

/* Some process is committing now. Also looks for writers that died. */
bool room_heads_has_writer(struct bell *b);

/* The same, for a writer that has the mark of room_heads_begin_commit: is there another one? */
bool room_heads_has_other_writer(struct bell *b, int mark);

/* Marks this thread as a writer. Returns a token for room_heads_end_commit. Can't fail. */
int room_heads_begin_commit(struct bell *b);
void room_heads_raise(struct bell *b, const char *room, uint64_t head);
void room_heads_end_commit(struct bell *b, int token); /* and rings */

/* A program on another host has committed: the room's head is at least this. False: that was known.
 * Doesn't ring. */
bool room_heads_hear(struct bell *b, const char *room, uint64_t head);
void room_heads_ring(struct bell *b); /* a commit elsewhere was heard of */

/* The rooms whose heads are known, in the order of the table. room: the result of the last call, or
 * NULL for the first one. NULL: there are no more. Borrowed until the bell is closed. */
const char *room_heads_next(const struct bell *b, const char *room);

/* The rooms that this process knows to have no message; they have no entry in the table. which: 0
 * to ROOM_HEADS_ABSENT - 1. False: there is none under this number. */
enum { ROOM_HEADS_ABSENT = 256 };
bool room_heads_absent(struct bell *b, size_t which, char *out, size_t size);

/* A stamp (store_stamp) names the state of the database's files that the known heads belong to.
 * Processes of one request need it, because they can't watch for commits without a ring. A writer
 * sets it before room_heads_end_commit. A reader whose files have another stamp drops all heads,
 * reads the database, records what it found, and swaps the stamp in with room_heads_restamp, which
 * does nothing if a writer was faster. */
uint64_t room_heads_stamp(const struct bell *b);
void room_heads_set_stamp(struct bell *b, uint64_t stamp);
void room_heads_restamp(struct bell *b, uint64_t found, uint64_t stamp);

/* Begins a new generation and rings: for when a process may have committed without ringing. Then
 * the number of the rules (bell_rules) isn't known either. */
void room_heads_forget(struct bell *b);

#endif
