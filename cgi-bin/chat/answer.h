/* answer.h - what a poll is answered with, before it becomes JSON, lines or text.
 *
 * Pure data: poll fills it from the store, json.c and tsv.c write it. Everything is borrowed.
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
    const char *watch; /* where the head can be asked for as a file (head_files.h); NULL: nowhere */
    /* Messages that were asked for are gone: before the first one here, between two, or behind the
     * last one. */
    bool gap;
};

struct answer {
    const char *epoch;
    const struct answer_room *rooms;
    size_t count;
    /* asked for in the form of several rooms: next, head and oldest are objects by room */
    bool several;
    bool more;           /* a further call answers at once */
    unsigned wait;       /* seconds granted */
    unsigned poll_after; /* seconds until it is worth to ask again; told when wait is 0 */
};

#endif
