/* body.c - see body.h. */
#include "web/body.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "web/private/body_limits.h"
#include "web/private/web_carrier.h"

#include <stdint.h>

enum { READ_PIECE = 64 * 1024 };

int body_limits_announced(const struct request *request, int64_t *out, struct err *e)
{
    const char *text = request_variable(request, "CONTENT_LENGTH");
    uint64_t value = 0;
    *out = -1;
    if (text == NULL) {
        return 0;
    }
    if (str_u64(text, 0, INT64_MAX, &value) != 0) {
        return err_set(e, ERR_INPUT, "The header Content-Length must be a whole number.");
    }
    *out = (int64_t)value;
    return 0;
}

static int too_large(size_t limit, struct err *e)
{
    return err_set(e, ERR_TOO_LARGE, "The body is too long: at most %zu bytes are allowed.", limit);
}

static int broke_off(size_t arrived, int64_t announced, struct err *e)
{
    if (announced < 0) {
        return err_set(e, ERR_INPUT, "The connection broke off after %zu bytes of the body.", arrived);
    }
    return err_set(e, ERR_INPUT, "The connection broke off: %zu of %lld bytes of the body arrived.", arrived,
                   (long long)announced);
}

static int too_crowded(struct err *e)
{
    return err_set(e, ERR_CROWDED, "The server is busy with too many long messages. Try again in a moment.");
}

static int too_slow(const struct buf *into, struct err *e)
{
    return err_set(
        e, ERR_SLOW,
        "The body came too slowly: %zu bytes arrived in the time that is allowed, %d seconds and %d more for each megabyte.",
        into->length, BODY_LIMITS_MS / 1000, 1000 / BODY_LIMITS_BYTES_PER_MS);
}

/* ---- reading it from standard input ---- */

/* Without a Content-Length, standard input of a CGI program has an end only if the client sent a
 * chunked body. Apache's mod_cgid then passes no Content-Length; nginx passes both headers. */
static bool reads_to_end(const struct request *request)
{
    return request_variable(request, "HTTP_TRANSFER_ENCODING") != NULL;
}

/* Reads at most `most` bytes and no more than the limit; stops at the end. Returns -1 when the peer
 * broke off, WEB_CARRIER_LATE when it took longer than a body of `announced` bytes may take.
 * announced = -1: unknown; then the bytes that have come count. Nothing is counted in the budget
 * (budget.h): this process has no other request. */
static int read_up_to(struct request *request, struct buf *into, uint64_t most, int64_t announced)
{
    int64_t began = clock_mono_ms();
    uint64_t left = most;
    while (left > 0) {
        int64_t length = announced >= 0 ? announced : (int64_t)into->length;
        size_t room = 0;
        char *to = buf_room(into, left < READ_PIECE ? (size_t)left : READ_PIECE, &room);
        if (room > left) {
            room = (size_t)left;
        }
        if (room == 0) {
            return 0;
        }
        ssize_t count = request->carrier->read(request, to, room,
                                               began + BODY_LIMITS_MS + length / BODY_LIMITS_BYTES_PER_MS);
        if (count <= 0) {
            request->body_ended = count != WEB_CARRIER_LATE;
            return (int)count;
        }
        buf_grew(into, (size_t)count);
        left -= (uint64_t)count;
    }
    return 0;
}

static int read_announced(struct request *request, uint64_t announced, struct buf *into, struct err *e)
{
    if (announced > into->limit) {
        return too_large(into->limit, e);
    }
    int result = read_up_to(request, into, announced, (int64_t)announced);
    if (result < -1) {
        return too_slow(into, e);
    }
    if (result != 0 || into->length < announced) {
        return broke_off(into->length, (int64_t)announced, e);
    }
    /* A CGI program must not read past the body: the server need not close standard input (RFC
     * 3875, section 4.2). */
    request->body_ended = true;
    return 0;
}

static int read_to_end(struct request *request, struct buf *into, struct err *e)
{
    char one = 0;
    int result = read_up_to(request, into, into->limit, -1);
    if (result == 0 && !request->body_ended) { /* the limit is reached: does one more byte come? */
        ssize_t count = request->carrier->read(request, &one, 1, clock_mono_ms() + BODY_LIMITS_MS);
        if (count > 0) {
            return too_large(into->limit, e);
        }
        request->body_ended = count != WEB_CARRIER_LATE;
        result = (int)count;
    }
    if (result < -1) {
        return too_slow(into, e);
    }
    return result == 0 ? 0 : broke_off(into->length, -1, e);
}

static int read_body(struct request *request, int64_t announced, struct buf *into, struct err *e)
{
    if (announced >= 0) {
        return read_announced(request, (uint64_t)announced, into, e);
    }
    if (reads_to_end(request)) {
        return read_to_end(request, into, e);
    }
    request->body_ended = true;
    return 0;
}

/* ---- taking what a carrier has collected ---- */

static int take_whole(struct request *request, int64_t announced, struct buf *into, struct err *e)
{
    if (request->body.length > into->limit) {
        return too_large(into->limit, e);
    }
    if (announced >= 0 && request->body.length < (uint64_t)announced) {
        return broke_off(request->body.length, announced, e);
    }
    buf_move(into, &request->body);
    return 0;
}

static int take_body(struct request *request, int64_t announced, struct buf *into, struct err *e)
{
    switch (request->body_state) {
    case WEB_CARRIER_WHOLE:
        return take_whole(request, announced, into, e);
    case WEB_CARRIER_TOO_LARGE:
        return too_large(into->limit, e);
    case WEB_CARRIER_SLOW:
        return too_slow(&request->body, e);
    case WEB_CARRIER_CROWDED:
        return too_crowded(e);
    case WEB_CARRIER_TO_READ:
    case WEB_CARRIER_BROKEN:
        break;
    }
    return broke_off(request->body.length, announced, e);
}

/* ---- both ---- */

int body_read(struct request *request, struct buf *into, struct err *e)
{
    int64_t announced = 0;
    if (body_limits_announced(request, &announced, e) != 0) {
        return -1;
    }
    return request->body_state == WEB_CARRIER_TO_READ ? read_body(request, announced, into, e)
                                                      : take_body(request, announced, into, e);
}

void body_skip(struct request *request)
{
    char piece[16 * 1024];
    int64_t announced = -1;
    uint64_t left = BODY_LIMITS_DRAIN_BYTES;
    int64_t deadline = clock_mono_ms() + BODY_LIMITS_DRAIN_MS;
    if (request->body_state != WEB_CARRIER_TO_READ || request->body_ended ||
        body_limits_announced(request, &announced, NULL) != 0 || (announced < 0 && !reads_to_end(request))) {
        return;
    }
    if (announced >= 0 && (uint64_t)announced < left) {
        left = (uint64_t)announced;
    }
    while (left > 0) {
        ssize_t count = request->carrier->read(request, piece, left < sizeof piece ? (size_t)left : sizeof piece,
                                               deadline);
        if (count <= 0) {
            break;
        }
        left -= (uint64_t)count;
    }
    request->body_ended = true;
}
