/* json_out.c - see json_out.h. */
#include "format/json_out.h"

#include "base/buf.h"
#include "base/clock.h"
#include "format/json.h"

#include <stddef.h>
#include <string.h>

void json_out_init(struct json_out *o, struct buf *to)
{
    *o = (struct json_out){.to = to};
}

static void begin(struct json_out *o, const char *key)
{
    if (o->has_before) {
        buf_addc(o->to, ',');
    }
    if (key != NULL) {
        buf_addf(o->to, "\"%s\":", key);
    }
    o->has_before = true;
}

void json_out_open(struct json_out *o, const char *key, char bracket)
{
    begin(o, key);
    buf_addc(o->to, bracket);
    o->has_before = false;
}

void json_out_close(struct json_out *o, char bracket)
{
    buf_addc(o->to, bracket);
    o->has_before = true;
}

void json_out_text(struct json_out *o, const char *key, const char *value)
{
    begin(o, key);
    json_text(o->to, value, strlen(value));
}

void json_out_number(struct json_out *o, const char *key, int64_t value)
{
    begin(o, key);
    buf_addf(o->to, "%lld", (long long)value);
}

void json_out_bool(struct json_out *o, const char *key, bool value)
{
    begin(o, key);
    buf_adds(o->to, value ? "true" : "false");
}

void json_out_null(struct json_out *o, const char *key)
{
    begin(o, key);
    buf_adds(o->to, "null");
}

void json_out_time(struct json_out *o, const char *key, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE] = "";
    if (wall_ms != 0) {
        clock_text(wall_ms, text);
    }
    json_out_text(o, key, text);
}

void json_out_lines(struct json_out *o, const char *key, const char *lines)
{
    json_out_open(o, key, '[');
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        begin(o, NULL);
        json_text(o->to, lines, length);
        lines += length + (lines[length] == '\n');
    }
    json_out_close(o, ']');
}
