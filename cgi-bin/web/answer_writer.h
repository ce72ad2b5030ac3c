/* answer_writer.h - writes the ends of answers, also to peers that read slowly, and closes the
 * connections.
 *
 * The caller gives a complete answer for a detached request (fcgi_request.h). What the peer takes
 * at once is written at once. The rest is written by one thread for all connections, when the peer
 * makes room (unsent.h). So no slow reader holds up a thread of the program, however long the
 * answer is.
 * A peer is given up when it made no progress for a minute (ten seconds where the connection costs
 * a process), and after ten minutes in any case. When many bytes are kept (budget.h), peers are
 * given up that made no progress for a second; when too many bytes or connections are kept
 * (ANSWER_WRITER_MOST), the peer that stood still for the longest time.
 * Where the peer still sends its request when the answer is written (`still_sends` in
 * fcgi_request.h), it has two seconds to read the answer; what it sends meanwhile is dropped.
 * Not for streams, which have more to say later: park.h.
 * Threads: any. The module has one thread, started when it is first needed.
 */
#ifndef ANSWER_WRITER_H
#define ANSWER_WRITER_H

#include "web/fcgi_request.h"

#include <stddef.h>
#include <stdint.h>

struct fcgi_output;
struct shared_bytes;

enum {
    ANSWER_WRITER_MOST = 16384,     /* connections with a rest to be written; a descriptor each */
    ANSWER_WRITER_STALL_MS = 60000, /* longest time without progress */
    ANSWER_WRITER_HURRY_MS = 10000, /* the same where the connection costs a process */
    ANSWER_WRITER_SHORT_MS = 1000,  /* the same when much is kept */
    ANSWER_WRITER_LONGEST_MS = 600000,
};

/* From here on a peer is given up after ANSWER_WRITER_HURRY_MS: each connection of this process
 * costs a process (mod_fcgid). Call it before there are threads. */
void answer_writer_hurry(void);

/* Called when the connection has been closed, from any thread. */
struct answer_writer_done {
    void (*call)(void *context, uint32_t tag);
    void *context;
    uint32_t tag;
};

/* Takes r: writes b, the last output, then closes the connection. The module keeps b for as long as
 * it needs it. done may be NULL. */
void answer_writer_send(struct fcgi_request r, struct shared_bytes *b, const struct answer_writer_done *done);

/* The same for an output that no other request shares. Takes its bytes. */
void answer_writer_send_own(struct fcgi_request r, struct fcgi_output *o);

/* How many connections have a rest to be written now. */
size_t answer_writer_count(void);

#endif
