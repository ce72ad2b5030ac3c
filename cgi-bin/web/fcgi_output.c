/* fcgi_output.c - see fcgi_output.h. */
#include "web/fcgi_output.h"

#include "web/fcgi_request.h"
#include "web/private/fcgi_record.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    ROUND = 8, /* records that are written with one call: more bytes than a socket takes at once */
    RECORD_BYTES = FCGI_RECORD_HEADER_BYTES + FCGI_RECORD_CONTENT_MAX,
    COMPLETE_BYTES = 8, /* application status 0, FCGI_REQUEST_COMPLETE */
    END_BYTES = 2 * FCGI_RECORD_HEADER_BYTES + COMPLETE_BYTES,
    SMALL_BYTES = 2048, /* an output of so many is copied: faster than several pieces */
};

/* What one call writes. */
struct gathered {
    size_t skip; /* bytes that were written before */
    size_t bytes;
    unsigned short count;               /* msg_iovlen has another type with musl; both hold this */
    struct iovec pieces[3 * ROUND + 1]; /* header, head and body of each record; the end */
    unsigned char headers[ROUND][FCGI_RECORD_HEADER_BYTES];
    unsigned char end[END_BYTES];
};

void fcgi_output_init(struct fcgi_output *o, bool is_last)
{
    buf_init(&o->head, BUF_UNLIMITED);
    buf_init(&o->body, BUF_UNLIMITED);
    o->is_last = is_last;
}

void fcgi_output_fini(struct fcgi_output *o)
{
    buf_fini(&o->head);
    buf_fini(&o->body);
}

static size_t content_length(const struct fcgi_output *o)
{
    return o->head.length + o->body.length;
}

static size_t size_without_end(const struct fcgi_output *o)
{
    size_t content = content_length(o);
    size_t records = (content + FCGI_RECORD_CONTENT_MAX - 1) / FCGI_RECORD_CONTENT_MAX;
    return content + records * FCGI_RECORD_HEADER_BYTES;
}

size_t fcgi_output_size(const struct fcgi_output *o)
{
    return size_without_end(o) + (o->is_last ? END_BYTES : 0);
}

static void add(struct gathered *g, void *bytes, size_t length)
{
    if (g->skip >= length) {
        g->skip -= length;
        return;
    }
    g->pieces[g->count++] = (struct iovec){.iov_base = (char *)bytes + g->skip, .iov_len = length - g->skip};
    g->bytes += length - g->skip;
    g->skip = 0;
}

/* Adds a record with `length` bytes of the content, beginning at `from`. */
static void add_record(struct gathered *g, unsigned char *header, const struct fcgi_output *o, unsigned id, size_t from,
                       size_t length)
{
    size_t of_head = from < o->head.length ? o->head.length - from : 0;
    of_head = of_head < length ? of_head : length;
    fcgi_record_header(header, FCGI_RECORD_STDOUT, id, length);
    add(g, header, FCGI_RECORD_HEADER_BYTES);
    if (of_head > 0) {
        add(g, o->head.bytes + from, of_head);
    }
    if (of_head < length) {
        add(g, o->body.bytes + (from + of_head - o->head.length), length - of_head);
    }
}

static void add_end(struct gathered *g, unsigned id)
{
    fcgi_record_header(g->end, FCGI_RECORD_STDOUT, id, 0);
    fcgi_record_header(g->end + FCGI_RECORD_HEADER_BYTES, FCGI_RECORD_END, id, COMPLETE_BYTES);
    memset(g->end + 2 * FCGI_RECORD_HEADER_BYTES, 0, COMPLETE_BYTES);
    add(g, g->end, END_BYTES);
}

/* Gathers records behind the first `from` bytes. */
static void gather(struct gathered *g, const struct fcgi_output *o, unsigned id, size_t from)
{
    size_t content = content_length(o);
    size_t before_end = size_without_end(o);
    bool is_end = from >= before_end;
    size_t at = is_end ? content : from / RECORD_BYTES * FCGI_RECORD_CONTENT_MAX;
    g->skip = is_end ? from - before_end : from % RECORD_BYTES;
    g->bytes = 0;
    g->count = 0;
    for (size_t i = 0; i < ROUND && at < content; i++) {
        size_t left = content - at;
        size_t length = left < FCGI_RECORD_CONTENT_MAX ? left : FCGI_RECORD_CONTENT_MAX;
        add_record(g, g->headers[i], o, id, at, length);
        at += length;
    }
    if (at == content && o->is_last) {
        add_end(g, id);
    }
}

static ssize_t send_pieces(const struct fcgi_request *r, struct gathered *g)
{
    const struct msghdr message = {.msg_iov = g->pieces, .msg_iovlen = g->count};
    char small[SMALL_BYTES];
    char *to = small;
    if (g->bytes > sizeof small) {
        return sendmsg(r->connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    for (size_t i = 0; i < g->count; i++) {
        to = mempcpy(to, g->pieces[i].iov_base, g->pieces[i].iov_len);
    }
    return send(r->connection, small, g->bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

long fcgi_output_write(const struct fcgi_output *o, const struct fcgi_request *r, size_t from)
{
    const size_t size = fcgi_output_size(o);
    size_t at = from;
    while (at < size) {
        struct gathered g;
        gather(&g, o, r->id, at);
        ssize_t count = send_pieces(r, &g);
        if (count < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
            return -1;
        }
        at += count > 0 ? (size_t)count : 0;
        if (count < 0 ? errno != EINTR : (size_t)count < g.bytes) {
            break;
        }
    }
    return (long)(at - from);
}
