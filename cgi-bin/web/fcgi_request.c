/* fcgi_request.c - see fcgi_request.h. */
#include "web/fcgi_request.h"

#include "base/buf.h"
#include "web/private/fcgi_record.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    ROOM_RECORDS = 4, /* the last piece, the end of the output, the end of the request */
    TYPE_END_REQUEST = 3,
    TYPE_STDOUT = 6,
    TYPE_STDERR = 7,
};

void fcgi_request_output(struct buf *out, uint16_t id, const char *bytes, size_t length)
{
    size_t room = 0;
    /* for all of it */
    (void)buf_room(out, length + FCGI_RECORD_HEADER_BYTES * (length / FCGI_RECORD_CONTENT_MAX + ROOM_RECORDS), &room);
    while (length > 0) {
        size_t piece = length < FCGI_RECORD_CONTENT_MAX ? length : FCGI_RECORD_CONTENT_MAX;
        fcgi_record_header(out, TYPE_STDOUT, id, piece);
        buf_add(out, bytes, piece);
        bytes += piece;
        length -= piece;
    }
}

void fcgi_request_error(struct buf *out, uint16_t id, const char *line)
{
    size_t length = strnlen(line, FCGI_RECORD_CONTENT_MAX - 1);
    fcgi_record_header(out, TYPE_STDERR, id, length + 1);
    buf_add(out, line, length);
    buf_addc(out, '\n');
}

void fcgi_request_end(struct buf *out, uint16_t id)
{
    static const char complete[8] = {0}; /* application status 0, FCGI_REQUEST_COMPLETE */
    fcgi_record_header(out, TYPE_STDOUT, id, 0);
    fcgi_record_header(out, TYPE_END_REQUEST, id, sizeof complete);
    buf_add(out, complete, sizeof complete);
}

long fcgi_request_write(const struct fcgi_request *r, const char *bytes, size_t length)
{
    for (;;) {
        ssize_t count = send(r->connection, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            return (long)count;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return 0;
        }
        if (errno != EINTR) {
            return -1;
        }
    }
}

long fcgi_request_drop_input(const struct fcgi_request *r)
{
    char piece[16 * 1024];
    ssize_t count = recv(r->connection, piece, sizeof piece, MSG_DONTWAIT);
    if (count > 0) {
        return (long)count;
    }
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : -1;
}

int fcgi_request_unread(const struct fcgi_request *r)
{
    int bytes = 0;
    return ioctl(r->connection, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}
