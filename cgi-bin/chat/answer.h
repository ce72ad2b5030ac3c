/* answer.h - the answer to a poll, before it becomes JSON, lines or text.
 *
 * Pure data: site/reading fills it, format/json and format/tsv write it. Everything is borrowed.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "chat/chat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer_room {
    const char *name;
    const struct chat_message *messages;
    size_t count;
    uint64_t next;     /* the since of the next call */
    uint64_t head;     /* greatest seq of the room */
    uint64_t oldest;   /* smallest seq kept */
    const char *watch; /* address of the room's head file (head_files.h); NULL: there is none */
    /* Messages that were asked for are missing: before the first one here, between two, or behind
     * the last one. */
    bool gap;
};

struct answer {
    const char *epoch;
    const struct answer_room *rooms;
    size_t count;
    /* the query used the form for several rooms: next, head and oldest are objects by room */
    bool several;
    bool more;           /* a further call answers at once */
    unsigned wait;       /* seconds granted */
    unsigned poll_after; /* seconds until the client should ask again; sent when wait is 0 */
};

#endif
