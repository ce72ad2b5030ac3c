/* acks.h - writers report their stored messages to the parent, which checks them afterwards.
 *
 * A report is 16 bytes in a pipe, and therefore never split (PIPE_BUF): it is complete or absent,
 * even if the writer is killed. A message's id is "WRITER-NUMBER".
 */
#ifndef ACKS_H
#define ACKS_H

#include "../unit/sqlite_support.h"

enum { ACK_BYTES = 2 * sizeof(uint64_t), ACK_ID_SIZE = 40 };

static int acks[2]; /* the pipe: acks[0] of the parent, acks[1] of the writers */

static inline void ack_id(char id[ACK_ID_SIZE], int writer, uint32_t number)
{
    snprintf(id, ACK_ID_SIZE, "%d-%d", writer, (int)number);
}

static inline void ack_report(int writer, uint32_t number, uint64_t seq)
{
    const uint64_t ack[2] = {(uint64_t)writer << 32 | number, seq};
    NEED(write(acks[1], ack, ACK_BYTES) == ACK_BYTES);
}

static inline void ack_check(struct store *s, const uint64_t ack[2])
{
    struct store_page page;
    char id[ACK_ID_SIZE];
    const struct store_range one = {.room = "lobby", .since = ack[1] - 1, .limit = 1, .budget = SIZE_MAX};
    ack_id(id, (int)(ack[0] >> 32), (uint32_t)ack[0]);
    assert_int_equal(store_read(s, &one, &page, NULL), 0);
    if (page.count != 1 || page.messages[0].seq != ack[1] || strcmp(page.messages[0].id, id) != 0) {
        fail_msg("%s was answered with seq %d, which is %s", id, (int)ack[1],
                 page.count == 1 ? page.messages[0].id : "missing");
    }
    store_page_fini(&page);
}

/* Checks each report against the store until the pipe is empty (where it is non-blocking) or closed
 * by all writers. Returns how many there were. */
static inline int acks_check(struct store *s)
{
    uint64_t ack[2];
    int count = 0;
    while (read(acks[0], ack, ACK_BYTES) == ACK_BYTES) {
        ack_check(s, ack);
        count++;
    }
    return count;
}

#endif
