/* intake.c - see intake.h. */
#include "web/private/intake.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "web/private/fcgi_record.h"
#include "web/private/slow_senders.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    TYPE_BEGIN = 1,
    TYPE_ABORT = 2,
    TYPE_PARAMS = 4,
    TYPE_STDIN = 5,
    ROLE_RESPONDER = 1,
    BEGIN_BYTES = 8,
    BUFFER_BYTES = 8 * 1024,
    FOREIGN_MAX = 1024 * 1024, /* bytes of records of other requests; web servers send none */
    LONGEST_WAIT_MS = 60000,
};

struct header {
    unsigned type;
    unsigned id;
    size_t length;
    size_t padding;
};

struct intake {
    int connection;
    unsigned id;
    int64_t began;  /* monotonic ms */
    size_t content; /* bytes that are left of the body's current record */
    size_t padding; /* bytes that are left of its padding */
    bool is_over;
    size_t foreign;     /* bytes of skipped records of other requests */
    size_t header_size; /* bytes of the next record's header that have come */
    unsigned char header[FCGI_RECORD_HEADER_BYTES];
    size_t first; /* the bytes that came and are not used yet: from here */
    size_t last;  /* to here, exclusive */
    char bytes[BUFFER_BYTES];
};

struct intake *intake_new(int connection)
{
    struct intake *in = ck_calloc(1, sizeof *in);
    in->connection = connection;
    in->began = clock_mono_ms();
    return in;
}

void intake_free(struct intake *in)
{
    free(in);
}

bool intake_is_over(const struct intake *in)
{
    return in->is_over;
}

/* ---- bytes ---- */

/* False: the time is up. */
static bool wait_for_peer(const struct intake *in, int64_t deadline)
{
    int64_t left = deadline - clock_mono_ms();
    struct pollfd fd = {.fd = in->connection, .events = POLLIN};
    if (left <= 0) {
        return false;
    }
    int token = slow_senders_begin(in->connection, in->began);
    (void)poll(&fd, 1, left < LONGEST_WAIT_MS ? (int)left : LONGEST_WAIT_MS);
    slow_senders_end(token);
    return true;
}

/* Returns the number of bytes that came from the connection, -1 or INTAKE_LATE. */
static ssize_t receive(struct intake *in, char *to, size_t size, int64_t deadline)
{
    for (;;) {
        ssize_t count = recv(in->connection, to, size, MSG_DONTWAIT);
        if (count > 0) {
            return count;
        }
        if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            in->is_over = true;
            return -1;
        }
        if (!wait_for_peer(in, deadline)) {
            return INTAKE_LATE;
        }
    }
}

/* Takes up to `size` bytes. Small amounts go through the buffer. With to = NULL the bytes are
 * dropped. */
static ssize_t take(struct intake *in, char *to, size_t size, int64_t deadline)
{
    if (in->first == in->last) {
        bool directly = to != NULL && size >= BUFFER_BYTES;
        ssize_t count = receive(in, directly ? to : in->bytes, directly ? size : BUFFER_BYTES, deadline);
        if (count < 0 || directly) {
            return count;
        }
        in->first = 0;
        in->last = (size_t)count;
    }
    size_t count = in->last - in->first < size ? in->last - in->first : size;
    if (to != NULL) {
        memcpy(to, in->bytes + in->first, count);
    }
    in->first += count;
    return (ssize_t)count;
}

static int skip(struct intake *in, size_t *size, int64_t deadline)
{
    while (*size > 0) {
        ssize_t count = take(in, NULL, *size, deadline);
        if (count < 0) {
            return (int)count;
        }
        *size -= (size_t)count;
    }
    return 0;
}

/* ---- records ---- */

/* Returns 0, -1 or INTAKE_LATE; after INTAKE_LATE the next call continues. */
static int next_header(struct intake *in, struct header *h, int64_t deadline)
{
    const unsigned char *b = in->header;
    while (in->header_size < FCGI_RECORD_HEADER_BYTES) {
        ssize_t count = take(in, (char *)in->header + in->header_size, FCGI_RECORD_HEADER_BYTES - in->header_size,
                             deadline);
        if (count < 0) {
            return (int)count;
        }
        in->header_size += (size_t)count;
    }
    in->header_size = 0;
    *h = (struct header){
        .type = b[1], .id = (unsigned)b[2] << 8 | b[3], .length = (size_t)b[4] << 8 | b[5], .padding = b[6]};
    if (b[0] != FCGI_RECORD_VERSION) {
        in->is_over = true; /* it is no FastCGI, so what follows can't be read either */
        return -1;
    }
    return 0;
}

/* Adds a whole record's content to *out; -1 when it breaks off or doesn't fit. */
static int read_content(struct intake *in, const struct header *h, struct buf *out, int64_t deadline)
{
    size_t left = h->length;
    size_t padding = h->padding;
    while (left > 0) {
        size_t room = 0;
        char *to = buf_room(out, left, &room);
        ssize_t count = room < left ? -1 : take(in, to, left, deadline);
        if (count < 0) {
            return -1;
        }
        buf_grew(out, (size_t)count);
        left -= (size_t)count;
    }
    return skip(in, &padding, deadline) == 0 ? 0 : -1;
}

/* Skips a record of another request. -1 when too many bytes were skipped. */
static int skip_record(struct intake *in, const struct header *h, int64_t deadline)
{
    size_t size = FCGI_RECORD_HEADER_BYTES + h->length + h->padding;
    in->foreign += size;
    size -= FCGI_RECORD_HEADER_BYTES;
    return in->foreign <= FOREIGN_MAX && skip(in, &size, deadline) == 0 ? 0 : -1;
}

static void add_record(struct buf *out, unsigned type, unsigned id, const char *bytes, size_t length)
{
    fcgi_record_header(out, type, id, length);
    buf_add(out, bytes, length);
}

/* ---- the head ---- */

/* Reads until a request begins; sets in->id. */
static int read_begin(struct intake *in, int64_t deadline)
{
    struct header h;
    struct buf content;
    int result = -1;
    do {
        if (next_header(in, &h, deadline) != 0 || (h.id != 0 && h.type != TYPE_BEGIN) ||
            (h.id == 0 && skip_record(in, &h, deadline) != 0)) {
            return -1;
        }
    } while (h.id == 0);
    buf_init(&content, BEGIN_BYTES);
    if (h.length == BEGIN_BYTES && read_content(in, &h, &content, deadline) == 0 && content.bytes[0] == 0 &&
        content.bytes[1] == ROLE_RESPONDER) {
        in->id = h.id;
        result = 0;
    }
    buf_fini(&content);
    return result;
}

static int read_params(struct intake *in, struct buf *params, int64_t deadline)
{
    for (;;) {
        struct header h;
        if (next_header(in, &h, deadline) != 0) {
            return -1;
        }
        if (h.id != in->id) {
            if (skip_record(in, &h, deadline) != 0) {
                return -1;
            }
        } else if (h.type != TYPE_PARAMS || read_content(in, &h, params, deadline) != 0) {
            return -1;
        } else if (h.length == 0) {
            return 0;
        }
    }
}

/* Takes one length: a byte, or four with the first bit set. False: it isn't complete. */
static bool take_length(const char **at, const char *end, size_t *out)
{
    const unsigned char *b = (const unsigned char *)*at;
    size_t size = *at < end && b[0] >= 0x80 ? 4 : 1;
    if ((size_t)(end - *at) < size) {
        return false;
    }
    *out = size == 1 ? b[0] : (size_t)(b[0] & 0x7FU) << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
    *at += size;
    return true;
}

/* True when names and values fill the bytes exactly. */
static bool are_well_formed(const struct buf *params)
{
    const char *at = buf_text(params);
    const char *end = at + params->length;
    for (unsigned pairs = 0; at < end; pairs++) {
        size_t name = 0;
        size_t value = 0;
        if (pairs == INTAKE_PAIRS_MAX || !take_length(&at, end, &name) || !take_length(&at, end, &value) ||
            name > (size_t)(end - at) || value > (size_t)(end - at) - name) {
            return false;
        }
        at += name + value;
    }
    return true;
}

static void add_head(const struct intake *in, const struct buf *params, struct buf *head)
{
    /* 1: the library must not close its connection */
    static const char begin[BEGIN_BYTES] = {0, ROLE_RESPONDER, 1};
    add_record(head, TYPE_BEGIN, in->id, begin, sizeof begin);
    for (size_t at = 0; at < params->length; at += FCGI_RECORD_CONTENT_MAX) {
        size_t left = params->length - at;
        add_record(head, TYPE_PARAMS, in->id, params->bytes + at,
                   left < FCGI_RECORD_CONTENT_MAX ? left : FCGI_RECORD_CONTENT_MAX);
    }
    add_record(head, TYPE_PARAMS, in->id, NULL, 0);
}

int intake_head(struct intake *in, int64_t deadline, struct buf *head)
{
    struct buf params;
    buf_init(&params, INTAKE_PARAMS_MAX);
    int result = read_begin(in, deadline) == 0 && read_params(in, &params, deadline) == 0 && are_well_formed(&params)
                     ? 0
                     : -1;
    if (result == 0) {
        add_head(in, &params, head);
    }
    buf_fini(&params);
    return result;
}

/* ---- the body ---- */

/* Reads up to the next piece of the body. 1: there is one; 0: its end; -1 or INTAKE_LATE. */
static int next_piece(struct intake *in, int64_t deadline)
{
    while (in->content == 0) {
        struct header h;
        int result = skip(in, &in->padding, deadline);
        if (result != 0 || (result = next_header(in, &h, deadline)) != 0) {
            return result;
        }
        if (h.id != in->id || (h.type != TYPE_STDIN && h.type != TYPE_ABORT)) {
            in->padding = h.length + h.padding; /* skipped like padding */
            in->foreign += FCGI_RECORD_HEADER_BYTES + in->padding;
            in->is_over = in->foreign > FOREIGN_MAX;
            result = in->is_over ? -1 : 0;
        } else if (h.type == TYPE_ABORT || h.length == 0) {
            in->is_over = true;
            return h.type == TYPE_ABORT ? -1 : 0;
        } else {
            in->content = h.length;
            in->padding = h.padding;
        }
        if (result != 0) {
            return result;
        }
    }
    return 1;
}

ssize_t intake_body(struct intake *in, char *to, size_t size, int64_t deadline)
{
    if (in->is_over) {
        return 0;
    }
    int result = next_piece(in, deadline);
    if (result != 1) {
        return result;
    }
    ssize_t count = take(in, to, size < in->content ? size : in->content, deadline);
    if (count > 0) {
        in->content -= (size_t)count;
    }
    return count;
}
