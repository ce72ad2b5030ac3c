/* fcgi_request.c - see fcgi_request.h. */
#include "web/fcgi_request.h"

#include "web/private/fcgi_record.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool fcgi_request_log(const struct fcgi_request *r, const char *line)
{
    char record[FCGI_RECORD_HEADER_BYTES + FCGI_REQUEST_LINE_MAX + 1];
    size_t length = strnlen(line, FCGI_REQUEST_LINE_MAX);
    fcgi_record_header((unsigned char *)record, FCGI_RECORD_STDERR, r->id, length + 1);
    memcpy(record + FCGI_RECORD_HEADER_BYTES, line, length);
    record[FCGI_RECORD_HEADER_BYTES + length] = '\n';
    length += FCGI_RECORD_HEADER_BYTES + 1;
    return send(r->connection, record, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
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
