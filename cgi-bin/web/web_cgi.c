/* web_cgi.c - see web_cgi.h. */
#include "web/private/web_cgi.h"

#include "base/ck.h"
#include "base/clock.h"
#include "web/private/web_carrier.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LONGEST_WAIT_MS = 60000,
    /* the server may take nothing for this long: a slow one occupies a process, of which there are
     * few */
    STALL_MS = 10000,
    FIRST_BYTES = 64 * 1024, /* as much as an empty pipe or socket takes at once */
    /* Bytes of a body that are written at once with the head. A program can be killed between two
     * writes, and Apache makes a complete answer with an empty body of the head alone. */
    TOGETHER_MAX = 64 * 1024,
    PIECE_BYTES = 4096, /* as much as one that poll() says is ready takes at once (PIPE_BUF) */
};

/* True: fd is ready for `events`, or broken, which the next call on it reports. False: the deadline
 * has passed. */
static bool is_ready(int fd, short events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - clock_mono_ms();
        struct pollfd p = {.fd = fd, .events = events};
        int result = poll(&p, 1, left <= 0 ? 0 : left < LONGEST_WAIT_MS ? (int)left : LONGEST_WAIT_MS);
        if (result > 0 || (result < 0 && errno != EINTR)) {
            return true;
        }
        if (left <= 0) {
            return false;
        }
    }
}

static ssize_t cgi_read(struct request *request, char *to, size_t size, int64_t deadline)
{
    ssize_t count = 0;
    (void)request;
    do {
        count = is_ready(STDIN_FILENO, POLLIN, deadline) ? read(STDIN_FILENO, to, size) : WEB_CARRIER_LATE;
    } while (count == -1 && errno == EINTR);
    return count;
}

static int write_all(const char *bytes, size_t length)
{
    static size_t most = FIRST_BYTES;
    while (length > 0) {
        if (!is_ready(STDOUT_FILENO, POLLOUT, clock_mono_ms() + STALL_MS)) {
            return -1;
        }
        ssize_t count = write(STDOUT_FILENO, bytes, length < most ? length : most);
        most = PIECE_BYTES;
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return -1;
        }
        bytes += count;
        length -= (size_t)count;
    }
    return 0;
}

static void cgi_write(struct request *request, struct buf *head, struct buf *body)
{
    (void)request;
    if (body->length <= TOGETHER_MAX) {
        buf_add(head, body->bytes, body->length);
        buf_fini(body);
    }
    if (write_all(head->bytes, head->length) == 0) {
        (void)write_all(body->bytes, body->length);
    }
    buf_fini(head);
    buf_fini(body);
}

static void cgi_finish(struct request *request)
{
    web_carrier_fini(request);
    free(request);
}

struct request *web_cgi_new(void)
{
    static const struct web_carrier carrier = {
        .read = cgi_read,
        .write = cgi_write,
        .finish = cgi_finish,
    };
    struct request *request = ck_calloc(1, sizeof *request);
    size_t count = 0;
    struct variable *variables = web_carrier_variables((const char *const *)environ, &count);
    web_carrier_init(request, &carrier, variables, count);
    return request;
}
