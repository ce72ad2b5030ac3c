/* json.h - writing JSON. (Parsing: chat/json_read.h.)
 *
 * One function for each kind of object, so a message looks the same everywhere. The formats are
 * described in www/API.md. Compact, UTF-8, each object without line breaks.
 * Pure. Threads: any.
 */
#ifndef JSON_H
#define JSON_H

#include "chat/answer.h"
#include "chat/chat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err_more;
struct findings;
struct status;

/* A text as a JSON string, with its quotes. */
void json_text(struct buf *out, const char *bytes, size_t length);

/* {"epoch","room"} and the members of json_message. */
void json_sent(struct buf *out, const char *epoch, const char *room, const struct chat_message *m);

/* {"held":true,"epoch","room","id","why"}: the message waits for a moderator. */
void json_held(struct buf *out, const char *epoch, const struct chat_draft *d, const char *why);

/* One message: {["room",]"seq","time","name","text","type","id"[,"reply_to"][,"target"]
 * [,"targets":[[41,60],...]][,"edited"][,"mark":"7f3a"][,"role"][,"signed":true][,"alike":true]
 * [,"fresh":true]}; room may be NULL. */
void json_message(struct buf *out, const char *room, const struct chat_message *m);

/* The position of a stream: {"type":"cursor","epoch","room","next","head","oldest"[,"gap"]}; for
 * several rooms as below. */
void json_position(struct buf *out, const struct answer *a);

/* {"epoch","head"} and a line feed: the contents of a head file (head_files.h). */
void json_head(struct buf *out, const char *epoch, uint64_t head);

/* {"epoch","room","messages":[...],"next","head","oldest","more","wait"[,"poll_after"]
 * [,"watch"][,"gap"]}; for several rooms without "room", with next, head, oldest, watch as objects
 * and gap as an array. */
void json_answer(struct buf *out, const struct answer *a);

/* One line for each message. */
void json_messages_lines(struct buf *out, const struct answer *a);

/* The same, and as last line the answer without its messages: {"type":"cursor","epoch",...}. */
void json_answer_lines(struct buf *out, const struct answer *a);

/* The site's status (status.h). */
void json_status(struct buf *out, const struct status *s);

/* {"version","time","secure","authorization","forwarded","data_address",
 * "findings":[{"topic","state","text"}]}:
 * get_doctor.h. time is RFC 3339; data_address may be "". */
struct json_doctor {
    const char *version;
    int64_t time_ms;
    bool secure; /* the request came over HTTPS */
    /* the request had an Authorization header, which some servers don't pass to programs */
    bool authorization;
    bool forwarded; /* the request came through a proxy that says so */
    const char *data_address;
    const struct findings *findings;
};
void json_doctor(struct buf *out, const struct json_doctor *d);

/* {"bytes"}: the length of a body that was received. */
void json_received(struct buf *out, uint64_t bytes);

/* RFC 9457: {"type","title","status","detail"[,"field"][,"epoch"]} and the members of `more`. Texts
 * that aren't UTF-8 are left out. */
struct json_problem {
    const char *type;
    const char *title;
    int status;
    const char *detail;
    const char *field;           /* may be NULL or "" */
    const char *epoch;           /* may be NULL or "" */
    const struct err_more *more; /* ERR_MORE of them (err.h), or NULL */
};
void json_problem(struct buf *out, const struct json_problem *p);

#endif
