/* sse.h - server-sent events (HTML Living Standard, section 9.2): what is told, and where a client
 * that comes back goes on.
 *
 *   retry: 1500
 *   event: cursor
 *   data: {"type":"cursor","epoch":…,"room":…,"next":…,"head":…,"oldest":…}
 *
 *   id: 41                        one room: the seq
 *   data: {"seq":41,…}            the message as an answer of /poll has it
 *
 *   id: lobby:41,dev:7            several rooms: the position in each, this message included
 *   data: {"room":"lobby","seq":41,…}
 *
 *   :                             a comment: the connection lives
 *
 * The cursor comes first, and again where messages that were asked for are gone ("gap"). It has no
 * id, so no client takes it for a position to resume from.
 * Pure. Threads: any.
 */
#ifndef SSE_H
#define SSE_H

#include "chat/answer.h"
#include "chat/query.h"

struct buf;
struct err;

/* Writes the pause before a client reconnects, in ms, then the cursor. */
void sse_opening(struct buf *out, const struct answer *a, unsigned retry_ms);
void sse_cursor(struct buf *out, const struct answer *a);
void sse_messages(struct buf *out, const struct answer *a);
void sse_heartbeat(struct buf *out);

/* Moves q to the position in `id`, an id as above. Rooms that id doesn't name stay; names that q
 * doesn't have are skipped. -1 with ERR_INPUT; then q may be half moved. */
int sse_resume(struct query *q, const char *id, struct err *e);

#endif
