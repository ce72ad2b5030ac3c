/* answer_writer.h - ends of answers that a peer doesn't take at once, and nobody may wait for.
 *
 * A complete answer for a held connection is given here. What the peer takes is written
 * at once; the rest by one thread for all, when there is room. So no slow reader holds up a thread
 * of the program, whatever the answer. A rest is given up when the peer took nothing of it for a
 * minute (ten seconds where the connection costs a process), and after ten minutes in any case.
 * When too many bytes or connections are kept (shared_bytes.h, ANSWER_WRITER_MOST), the rest that stood still
 * for the longest time is given up.
 * A peer that still sends its request when the answer is written (fcgi_request.h, `unread`) has two seconds
 * to read the answer; what it sends meanwhile is dropped.
 * Not for streams, which have something to say later: park.h.
 * Threads: any. One for the whole process, started when it is first needed.
 */
#ifndef ANSWER_WRITER_H
#define ANSWER_WRITER_H

#include "web/fcgi_request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shared_bytes;

enum {
    ANSWER_WRITER_MOST = 16384,     /* connections that are written to; a descriptor each */
    ANSWER_WRITER_STALL_MS = 60000, /* longest time without a byte taken */
    ANSWER_WRITER_HURRY_MS = 10000, /* the same where the connection costs a process */
    ANSWER_WRITER_LONGEST_MS = 600000,
};

/* From here on a rest is given up after ANSWER_WRITER_HURRY_MS: the connections of this process cost a
 * process each (mod_fcgid). Call it before there are threads. */
void answer_writer_hurry(void);

/* Called, from whichever thread, when the connection has been closed. */
struct answer_writer_end {
    void (*done)(void *context, uint32_t tag); /* NULL: nobody asks */
    void *context;
    uint32_t tag;
};

/* Takes h: writes b from `written` on, closes when all is out. b: whole records, the end of the request included; kept while it is
 * needed. */
void answer_writer_send(struct fcgi_request h, struct shared_bytes *b, size_t written,
                        const struct answer_writer_end *end);

/* The same for bytes that are nobody else's: copied only where the peer doesn't take them at once. */
void answer_writer_send_bytes(struct fcgi_request h, const char *bytes, size_t length);

size_t answer_writer_count(void); /* connections that are written to, now */

#endif
