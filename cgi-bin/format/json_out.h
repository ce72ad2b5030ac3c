/* json_out.h - writes small JSON answers member by member, with the commas.
 *
 * Not for messages, of which there may be thousands in an answer (json.h). A key is a word of this
 * program; within a list it is NULL.
 * Pure. Threads: a writer belongs to one.
 */
#ifndef JSON_OUT_H
#define JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

struct json_out {
    struct buf *to;
    bool has_before; /* a comma must come first */
};

void json_out_init(struct json_out *o, struct buf *to);
void json_out_open(struct json_out *o, const char *key, char bracket); /* '{' or '[' */
void json_out_close(struct json_out *o, char bracket);                 /* '}' or ']' */
void json_out_text(struct json_out *o, const char *key, const char *value);
void json_out_number(struct json_out *o, const char *key, int64_t value);
void json_out_bool(struct json_out *o, const char *key, bool value);
void json_out_null(struct json_out *o, const char *key);
/* RFC 3339; "" for 0. */
void json_out_time(struct json_out *o, const char *key, int64_t wall_ms);
/* A list of texts, which have '\n' between them. */
void json_out_lines(struct json_out *o, const char *key, const char *lines);

#endif
