/* fcgi_reader.c - see fcgi_reader.h. */
#include "web/private/fcgi_reader.h"

#include "base/ck.h"
#include "web/private/variables.h"

#include <stdbool.h>
#include <string.h>

enum {
    TYPE_BEGIN = 1,
    TYPE_ABORT = 2,
    TYPE_PARAMS = 4,
    TYPE_STDIN = 5,
    ROLE_RESPONDER = 1,
    SKIPPED_MAX = 1024 * 1024,
};

void fcgi_reader_init(struct fcgi_reader *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->params, FCGI_READER_PARAMS_MAX);
    buf_init(&r->body, 0);
}

void fcgi_reader_fini(struct fcgi_reader *r)
{
    buf_fini(&r->params);
    buf_fini(&r->body);
}

/* ---- records ---- */

/* A record of another request, or of another type. */
static void skip_record(struct fcgi_reader *r)
{
    r->use = FCGI_READER_SKIP;
    r->skipped += FCGI_RECORD_HEADER_BYTES + r->content + r->padding;
    if (r->skipped > SKIPPED_MAX) {
        r->stage = FCGI_READER_BROKEN;
    }
}

static void begin_head_record(struct fcgi_reader *r, unsigned type, uint16_t id)
{
    if (r->id != 0 && id == r->id && type == TYPE_PARAMS) {
        r->use = FCGI_READER_PARAMS;
        r->stage = r->content == 0 ? FCGI_READER_BODY : FCGI_READER_HEAD;
    } else if (r->id == 0 && id != 0 && type == TYPE_BEGIN && r->content == FCGI_READER_BEGIN_BYTES) {
        r->use = FCGI_READER_BEGIN;
        r->id = id;
    } else if (id != r->id || id == 0) { /* before a request has begun, all but management records are wrong */
        skip_record(r);
        r->stage = r->id == 0 && id != 0 ? FCGI_READER_BROKEN : r->stage;
    } else {
        r->stage = FCGI_READER_BROKEN;
    }
}

static void begin_body_record(struct fcgi_reader *r, unsigned type, uint16_t id)
{
    if (id != r->id || (type != TYPE_STDIN && type != TYPE_ABORT)) {
        skip_record(r);
    } else if (type == TYPE_ABORT) {
        r->stage = FCGI_READER_BROKEN;
    } else {
        r->use = FCGI_READER_STDIN;
        r->stage = r->content == 0 ? FCGI_READER_WHOLE : FCGI_READER_BODY;
    }
}

static void begin_record(struct fcgi_reader *r)
{
    const unsigned char *h = r->header;
    uint16_t id = (uint16_t)(h[2] << 8 | h[3]);
    r->header_size = 0;
    r->content = (uint32_t)h[4] << 8 | h[5];
    r->padding = h[6];
    if (h[0] != FCGI_RECORD_VERSION) {
        r->stage = FCGI_READER_BROKEN;
    } else if (r->stage == FCGI_READER_HEAD) {
        begin_head_record(r, h[1], id);
    } else {
        begin_body_record(r, h[1], id);
    }
}

static void take_begin(struct fcgi_reader *r, const char *bytes, size_t length)
{
    memcpy(r->begin + r->begin_size, bytes, length);
    r->begin_size = (uint16_t)(r->begin_size + length);
    if (r->begin_size == FCGI_READER_BEGIN_BYTES && (r->begin[0] != 0 || r->begin[1] != ROLE_RESPONDER)) {
        r->stage = FCGI_READER_BROKEN;
    }
}

static void take_body(struct buf *body, const char *bytes, size_t length)
{
    size_t room = body->limit - body->length;
    buf_add(body, bytes, length < room ? length : room);
    body->over = body->over || length > room;
}

static void take_content(struct fcgi_reader *r, const char *bytes, size_t length)
{
    switch (r->use) {
    case FCGI_READER_SKIP:
        break;
    case FCGI_READER_BEGIN:
        take_begin(r, bytes, length);
        break;
    case FCGI_READER_PARAMS:
        buf_add(&r->params, bytes, length);
        r->stage = r->params.over ? FCGI_READER_BROKEN : r->stage;
        break;
    case FCGI_READER_STDIN:
        take_body(&r->body, bytes, length);
        break;
    }
}

/* Takes a part of one record. Returns how many bytes were used, at least one. */
static size_t take_part(struct fcgi_reader *r, const char *bytes, size_t length)
{
    if (r->content > 0) {
        size_t used = length < r->content ? length : r->content;
        r->content -= (uint32_t)used;
        take_content(r, bytes, used);
        return used;
    }
    if (r->padding > 0) {
        size_t used = length < r->padding ? length : r->padding;
        r->padding -= (uint32_t)used;
        return used;
    }
    size_t left = FCGI_RECORD_HEADER_BYTES - (size_t)r->header_size;
    size_t used = length < left ? length : left;
    memcpy(r->header + r->header_size, bytes, used);
    r->header_size = (unsigned char)(r->header_size + used);
    if (used == left) {
        begin_record(r);
    }
    return used;
}

size_t fcgi_reader_take(struct fcgi_reader *r, const char *bytes, size_t length)
{
    const enum fcgi_reader_stage before = r->stage;
    size_t used = 0;
    while (used < length && r->stage == before && r->stage < FCGI_READER_WHOLE) {
        used += take_part(r, bytes + used, length - used);
    }
    return used;
}

/* ---- names and values ---- */

/* Takes one length: a byte, or four with the first bit set. False: it isn't complete. */
static inline bool take_length(const unsigned char **at, const unsigned char *end, size_t *out)
{
    const unsigned char *b = *at;
    size_t size = b < end && b[0] >= 0x80 ? 4 : 1;
    if ((size_t)(end - b) < size) {
        return false;
    }
    *out = size == 1 ? b[0] : (size_t)(b[0] & 0x7FU) << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
    *at += size;
    return true;
}

/* Finds the pairs. Puts a NUL behind each value, where a length is that has been read by then. The
 * number of pairs; -1: they don't fill the bytes exactly, or they are too many. */
static int find_pairs(const struct buf *params, struct variable found[FCGI_READER_PAIRS_MAX])
{
    const unsigned char *at = (const unsigned char *)params->bytes;
    const unsigned char *end = at + params->length;
    int pairs = 0;
    for (; at < end; pairs++) {
        char *behind = params->bytes + (at - (const unsigned char *)params->bytes); /* the pair before */
        size_t name = 0;
        size_t value = 0;
        if (pairs == FCGI_READER_PAIRS_MAX || !take_length(&at, end, &name) || !take_length(&at, end, &value) ||
            name > (size_t)(end - at) || value > (size_t)(end - at) - name) {
            return -1;
        }
        *behind = '\0';
        found[pairs] = (struct variable){
            .name = (const char *)at, .name_length = name, .value = (const char *)at + name};
        at += name + value;
    }
    return pairs; /* behind the last value is the NUL behind the buffer's bytes */
}

int fcgi_reader_variables(struct fcgi_reader *r, struct variable **out, size_t *count)
{
    struct variable found[FCGI_READER_PAIRS_MAX];
    int pairs = r->params.length > 0 ? find_pairs(&r->params, found) : 0;
    if (pairs < 0) {
        return -1;
    }
    *count = (size_t)pairs;
    *out = ck_malloc((*count + 1) * sizeof **out);
    memcpy(*out, found, *count * sizeof **out);
    return 0;
}
