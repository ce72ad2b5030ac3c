/* fcgi_support.h - what a web server sends by FastCGI, as bytes. */
#ifndef FCGI_SUPPORT_H
#define FCGI_SUPPORT_H

#include "support.h"

#include "base/buf.h"
#include "web/private/fcgi_record.h"

enum {
    FCGI_BEGIN = 1,
    FCGI_ABORT = 2,
    FCGI_PARAMS = 4,
    FCGI_STDIN = 5,
    FCGI_DATA = 8,
    FCGI_GET_VALUES = 9,
    FCGI_RESPONDER = 1,
    FCGI_ID = 1, /* of the request, where the test doesn't say another one */
};

static inline void fcgi_put(struct buf *out, unsigned type, unsigned id, const char *bytes, size_t length,
                            unsigned padding)
{
    static const char blanks[255];
    const unsigned char header[FCGI_RECORD_HEADER_BYTES] = {
        FCGI_RECORD_VERSION,          (unsigned char)type,   (unsigned char)(id >> 8), (unsigned char)id,
        (unsigned char)(length >> 8), (unsigned char)length, (unsigned char)padding,   0};
    assert_true(length < 65536 && padding < 256);
    buf_add(out, header, sizeof header);
    buf_add(out, bytes, length);
    buf_add(out, blanks, padding);
}

static inline void fcgi_put_begin(struct buf *out, unsigned role)
{
    const char begin[8] = {0, (char)role, 0};
    fcgi_put(out, FCGI_BEGIN, FCGI_ID, begin, sizeof begin, 0);
}

/* Adds a length of a name or a value: in one byte where it fits, in four with `is_long`. */
static inline void fcgi_put_length(struct buf *out, size_t length, bool is_long)
{
    if (!is_long && length < 128) {
        buf_addc(out, (char)length);
        return;
    }
    buf_addc(out, (char)(unsigned char)(0x80U | length >> 24));
    buf_addc(out, (char)(unsigned char)(length >> 16));
    buf_addc(out, (char)(unsigned char)(length >> 8));
    buf_addc(out, (char)(unsigned char)length);
}

static inline void fcgi_put_pair(struct buf *out, const char *name, const char *value)
{
    fcgi_put_length(out, strlen(name), false);
    fcgi_put_length(out, strlen(value), false);
    buf_adds(out, name);
    buf_adds(out, value);
}

/* Adds a request up to the end of its parameters. variables: NAME=VALUE, NULL at the end. */
static inline void fcgi_put_head(struct buf *out, const char *const *variables)
{
    struct buf params;
    buf_init(&params, BUF_UNLIMITED);
    for (; *variables != NULL; variables++) {
        const size_t name = strcspn(*variables, "=");
        fcgi_put_length(&params, name, false);
        fcgi_put_length(&params, strlen(*variables + name + 1), false);
        buf_add(&params, *variables, name);
        buf_adds(&params, *variables + name + 1);
    }
    fcgi_put_begin(out, FCGI_RESPONDER);
    for (size_t at = 0; at < params.length; at += FCGI_RECORD_CONTENT_MAX) {
        const size_t left = params.length - at;
        fcgi_put(out, FCGI_PARAMS, FCGI_ID, params.bytes + at,
                 left < FCGI_RECORD_CONTENT_MAX ? left : FCGI_RECORD_CONTENT_MAX, 0);
    }
    fcgi_put(out, FCGI_PARAMS, FCGI_ID, "", 0, 0);
    buf_fini(&params);
}

/* Adds `length` bytes of a body, without its end. */
static inline void fcgi_put_body(struct buf *out, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at += FCGI_RECORD_CONTENT_MAX) {
        const size_t left = length - at;
        fcgi_put(out, FCGI_STDIN, FCGI_ID, bytes + at, left < FCGI_RECORD_CONTENT_MAX ? left : FCGI_RECORD_CONTENT_MAX,
                 0);
    }
}

static inline void fcgi_put_end(struct buf *out)
{
    fcgi_put(out, FCGI_STDIN, FCGI_ID, "", 0, 0);
}

#endif
