/* body.c - see body.h. */
#include "web/body.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "system/budget.h"
#include "web/private/slow_senders.h"
#include "web/private/web_carrier.h"

#include <stdint.h>

enum {
    READ_PIECE = 64 * 1024,
    BODY_COPIES = 3, /* the body, its fields, and the text in the draft */
    CROWDED = -3,    /* beside -1 and WEB_CARRIER_LATE */
    CROWDED_MS = 10, /* between two attempts to get a part of the budget */
    CROWDED_TRIES = 20,
    SLOW_MS = 5000, /* a peer that has been sending its body for this long may be cut off */
    /* A body may take BODY_MS plus its length divided by BODY_BYTES_PER_MS. Behind Apache's
     * mod_proxy_fcgi, behind Caddy and by plain CGI it arrives as slowly as the client sends it,
     * and occupies a thread or a process meanwhile. */
    BODY_MS = 20000,
    BODY_BYTES_PER_MS = 16,
    /* An unwanted body is read for at most DRAIN_MS, so that the answer gets through: the time is
     * what costs. A body that has already arrived is read to its end, up to the size that web
     * servers let pass. */
    DRAIN_MS = 2000,
    DRAIN_BYTES = 16 * 1024 * 1024,
};

/* *out: the announced Content-Length, or -1 when there is none. -1 with ERR_INPUT when it is no
 * number. */
static int announced_length(const struct request *request, int64_t *out, struct err *e)
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

/* Without a Content-Length, standard input of a CGI program has an end only if the client sent a
 * chunked body. Apache's mod_cgid then passes no Content-Length; nginx passes both headers. */
static bool reads_to_end(const struct request *request)
{
    return request->carrier->body_has_end || request_variable(request, "HTTP_TRANSFER_ENCODING") != NULL;
}

/* Counts a body of this many bytes, and the copies made of it, as in work. When the budget is used
 * up, cuts off the peers that have been slow for the longest time, which frees what they had sent.
 * False: still too much is in work. */
static bool count_body(struct request *request, size_t bytes)
{
    size_t wanted = bytes > BUDGET_SMALL ? bytes * BODY_COPIES : 0;
    for (int tries = 0; wanted > request->counted; tries++) {
        if (budget_take(wanted - request->counted, request->counted)) {
            request->counted = wanted;
        } else if (tries == CROWDED_TRIES) {
            return false;
        } else {
            slow_senders_cut_oldest(SLOW_MS);
            clock_sleep_ms(CROWDED_MS);
        }
    }
    return true;
}

/* Reads at most `most` bytes and no more than the limit; stops at the end. Returns -1 when the peer
 * broke off, WEB_CARRIER_LATE when it took longer than a body of `announced` bytes may take,
 * CROWDED when too many bytes are in work in this process. announced = -1: unknown; then the bytes
 * that have come count. */
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
        ssize_t count = request->carrier->read(request, to, room, began + BODY_MS + length / BODY_BYTES_PER_MS);
        if (count <= 0) {
            request->body_ended = count != WEB_CARRIER_LATE;
            return (int)count;
        }
        buf_grew(into, (size_t)count);
        left -= (uint64_t)count;
        if (!count_body(request, into->length)) {
            return CROWDED;
        }
    }
    return 0;
}

static int too_large(size_t limit, struct err *e)
{
    return err_set(e, ERR_TOO_LARGE, "The body is too long: at most %zu bytes are allowed.", limit);
}

/* For a result of read_up_to below -1. */
static int not_read(int result, const struct buf *into, struct err *e)
{
    if (result == CROWDED) {
        return err_set(e, ERR_CROWDED, "The server is busy with too many long messages. Try again in a moment.");
    }
    return err_set(
        e, ERR_SLOW,
        "The body came too slowly: %zu bytes arrived in the time that is allowed, %d seconds and %d more for each megabyte.",
        into->length, BODY_MS / 1000, 1000 / BODY_BYTES_PER_MS);
}

static int read_announced(struct request *request, uint64_t announced, struct buf *into, struct err *e)
{
    if (announced > into->limit) {
        return too_large(into->limit, e);
    }
    int result = read_up_to(request, into, announced, (int64_t)announced);
    if (result < -1) {
        return not_read(result, into, e);
    }
    if (result != 0 || into->length < announced) {
        return err_set(e, ERR_INPUT, "The connection broke off: %zu of %llu bytes of the body arrived.", into->length,
                       (unsigned long long)announced);
    }
    /* A CGI program must not read past the body: the server need not close standard input (RFC
     * 3875, section 4.2). */
    request->body_ended = request->body_ended || !request->carrier->body_has_end;
    return 0;
}

static int read_to_end(struct request *request, struct buf *into, struct err *e)
{
    char one = 0;
    int result = read_up_to(request, into, into->limit, -1);
    if (result == 0 && !request->body_ended) { /* the limit is reached: does one more byte come? */
        ssize_t count = request->carrier->read(request, &one, 1, clock_mono_ms() + BODY_MS);
        if (count > 0) {
            return too_large(into->limit, e);
        }
        request->body_ended = count != WEB_CARRIER_LATE;
        result = (int)count;
    }
    if (result < -1) {
        return not_read(result, into, e);
    }
    return result == 0 ? 0
                       : err_set(e, ERR_INPUT, "The connection broke off after %zu bytes of the body.", into->length);
}

int body_read(struct request *request, struct buf *into, struct err *e)
{
    int64_t announced = 0;
    if (announced_length(request, &announced, e) != 0) {
        return -1;
    }
    if (announced >= 0) {
        return read_announced(request, (uint64_t)announced, into, e);
    }
    if (reads_to_end(request)) {
        return read_to_end(request, into, e);
    }
    request->body_ended = true;
    return 0;
}

bool body_skip(struct request *request)
{
    char piece[16 * 1024];
    int64_t announced = -1;
    uint64_t left = DRAIN_BYTES;
    int64_t deadline = clock_mono_ms() + DRAIN_MS;
    if (request->body_ended || announced_length(request, &announced, NULL) != 0 ||
        (announced < 0 && !reads_to_end(request))) {
        return true;
    }
    if (!request->carrier->body_has_end && announced >= 0 && (uint64_t)announced < left) {
        left = (uint64_t)announced;
    }
    while (left > 0) {
        ssize_t count = request->carrier->read(request, piece, left < sizeof piece ? (size_t)left : sizeof piece,
                                               deadline);
        if (count <= 0) {
            request->body_ended = count != WEB_CARRIER_LATE;
            return request->body_ended;
        }
        left -= (uint64_t)count;
    }
    return !request->carrier->body_has_end;
}
