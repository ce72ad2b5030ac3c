/* query.h - the parameters of GET /poll.
 *
 * One table lists the parameters. Unknown ones are ignored; a bad or empty value of a known one is
 * an error that names it.
 * Pure: fields in, struct out. Threads: any.
 */
#ifndef QUERY_H
#define QUERY_H

#include "chat/chat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct form;

enum { QUERY_ROOMS_MAX = 32, QUERY_LIMIT_DEFAULT = 100, QUERY_LIMIT_MAX = 1000, QUERY_WAIT_MAX = 60 };

enum query_kind {
    QUERY_SINCE,  /* newer than rooms[].since */
    QUERY_BEFORE, /* a page backwards: older than `before` */
    QUERY_LAST,   /* the last `limit` messages */
};

enum query_format { QUERY_JSON, QUERY_NDJSON, QUERY_TEXT };

struct query_room {
    char name[CHAT_ROOM_MAX + 1];
    uint64_t since;
    bool now; /* since=now: from the head at this moment */
};

struct query {
    enum query_kind kind;
    enum query_format format;
    size_t count; /* rooms; at least 1 */
    bool stream;  /* not one answer but all news as it comes: GET /stream sets it */
    bool several; /* the form for several rooms was used: room=a:5, or room more than once */
    uint64_t before;
    uint32_t limit;
    unsigned wait;  /* seconds, as asked for */
    int64_t viewer; /* not a parameter: the person whose own hidden messages are read too (store.h); 0: none */
    uint64_t rules; /* likewise: number of the rules that allowed it; 0: everyone may read the rooms */
    char epoch[65]; /* "" when not given */
    /* last, so that a copy can end behind `count` of them; the others are undefined */
    struct query_room rooms[QUERY_ROOMS_MAX];
};

/* Returns 0, or -1 with ERR_INPUT and the field. After -1 only q->format may be used. */
int query_parse(const struct form *fields, struct query *q, struct err *e);

#endif
