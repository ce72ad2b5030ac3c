/* web_fcgi.c - see web_fcgi.h. */
#include "web/private/web_fcgi.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "web/answer_writer.h"
#include "web/fcgi_request.h"
#include "web/private/intake.h"
#include "web/private/web_carrier.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    LISTENING = 0,       /* descriptor, by the FastCGI specification, section 2.2 */
    PEER_TIMEOUT_S = 10, /* for a line of the request's error stream */
    HEAD_MS = 10000,     /* for a request's parameters; web servers have all of them before they connect */
    SKIP_BYTES = 64 * 1024,
    PAIR_MS = 10, /* between two attempts to get a pair of sockets */
    PAIR_TRIES = 200,
};

struct fcgi_incoming {
    struct request request; /* first: a pointer to it is a pointer to this */
    FCGX_Request fcgx;
    struct intake *in;
    struct buf out;  /* the answer, as records */
    bool has_logged; /* something was written to the request's error stream */
};

static struct fcgi_incoming *of(struct request *request)
{
    return (struct fcgi_incoming *)request;
}

static ssize_t fcgi_read(struct request *request, char *to, size_t size, int64_t deadline)
{
    static_assert((int)WEB_CARRIER_LATE == (int)INTAKE_LATE, "handed on as it is");
    return intake_body(of(request)->in, to, size, deadline);
}

/* Not by libfcgi: its output blocks for as long as the peer likes. */
static int fcgi_write(struct request *request, const char *bytes, size_t length)
{
    fcgi_request_output(&of(request)->out, (uint16_t)of(request)->fcgx.requestId, bytes, length);
    return 0;
}

/* Skips what has come of the request, up to SKIP_BYTES, without waiting. False: more of it is still
 * to come. */
static bool skip_to_the_end(struct intake *in)
{
    char piece[4 * 1024];
    size_t left = SKIP_BYTES;
    while (!intake_is_over(in) && left > 0) {
        ssize_t count = intake_body(in, piece, sizeof piece, 0);
        if (count < 0) {
            break;
        }
        left -= (size_t)count < left ? (size_t)count : left;
    }
    return intake_is_over(in);
}

/* Frees f, but neither its connection nor the answer in f->out. */
static struct fcgi_request let_go(struct fcgi_incoming *f)
{
    FCGX_Request *fcgx = &f->fcgx;
    const struct fcgi_request detached = {
        .connection = fcgx->ipcFd, .id = (uint16_t)fcgx->requestId, .unread = !skip_to_the_end(f->in)};
    intake_free(f->in);
    log_attach(NULL, NULL);
    if (f->has_logged) {
        FCGX_FFlush(fcgx->err);
    }
    FCGX_Free(fcgx, 0); /* frees buffers and parameters; the connection stays open */
    web_carrier_fini(&f->request);
    return detached;
}

/* Closes the connection after the answer, even if the peer asked to keep it: no thread would read
 * the next request on it. */
static void fcgi_finish(struct request *request)
{
    struct buf out = of(request)->out;
    const struct fcgi_request detached = let_go(of(request));
    free(of(request));
    fcgi_request_end(&out, detached.id);
    answer_writer_send_bytes(detached, out.bytes, out.length);
    buf_fini(&out);
}

static struct fcgi_request fcgi_detach(struct request *request)
{
    const struct fcgi_request detached = let_go(of(request));
    buf_fini(&of(request)->out);
    free(of(request));
    return detached;
}

/* The web server writes this stream to its error log, but discards the stderr of a FastCGI program.
 */
static void log_to_request(void *context, const char *line)
{
    struct fcgi_incoming *f = context;
    FCGX_PutS(line, f->fcgx.err);
    FCGX_PutS("\n", f->fcgx.err);
    f->has_logged = true;
}

static void fcgi_log_here(struct request *request)
{
    log_attach(log_to_request, of(request));
}

static int fcgi_connection(const struct request *request)
{
    return ((const struct fcgi_incoming *)request)->fcgx.ipcFd;
}

static const struct web_carrier carrier = {
    .read = fcgi_read,
    .write = fcgi_write,
    .finish = fcgi_finish,
    .detach = fcgi_detach,
    .connection = fcgi_connection,
    .log_here = fcgi_log_here,
    .body_has_end = true,
};

bool web_fcgi_is(void)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    /* The specification's own test, section 2.2: a listening socket has no peer. */
    return getpeername(LISTENING, (struct sockaddr *)&peer, &size) != 0 && errno == ENOTCONN;
}

/* The socket of a mod_fcgid process has the name FOLDER/PID.NUMBER, where PID is the process that
 * made the socket and started this program on it (proc_unix.c of mod_fcgid). */
static bool has_socket_to_itself(void)
{
    struct {
        struct sockaddr_un address;
        char end; /* the longest path has no NUL at its end */
    } own = {.address.sun_family = AF_UNSPEC};
    socklen_t size = sizeof own.address;
    if (getsockname(LISTENING, (struct sockaddr *)&own.address, &size) != 0 || own.address.sun_family != AF_UNIX) {
        return false;
    }
    char start[32];
    int length = snprintf(start, sizeof start, "%ld.", (long)getppid());
    const char *slash = strrchr(own.address.sun_path, '/');
    if (slash == NULL || strncmp(slash + 1, start, (size_t)length) != 0) {
        return false;
    }
    const char *number = slash + 1 + length;
    return *number != '\0' && number[strspn(number, "0123456789")] == '\0';
}

int web_fcgi_init(struct err *e)
{
    int flags = fcntl(LISTENING, F_GETFL);
    if (FCGX_Init() != 0) {
        return err_set(e, ERR_SYSTEM, "libfcgi could not start.");
    }
    if (has_socket_to_itself()) {
        answer_writer_hurry();
    }
    /* Another process may share the socket and accept the connection that woke this one; accept()
     * must not block then. */
    if (flags < 0 || fcntl(LISTENING, F_SETFL, flags | O_NONBLOCK) != 0) {
        return err_set(e, ERR_SYSTEM, "The listening socket can't be used: %s.", strerror(errno));
    }
    return 0;
}

static bool accept_may_be_repeated(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK || code == EINTR || code == ECONNABORTED || code == EPROTO;
}

int web_fcgi_accept(int stop_fd)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = LISTENING, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            return -1;
        }
        int connection = accept4(LISTENING, NULL, NULL, SOCK_CLOEXEC);
        if (connection >= 0) {
            return connection;
        }
        if (fds[1].revents != 0) {
            return -1;
        }
        if (!accept_may_be_repeated(errno)) {
            /* out of descriptors or memory: other requests must finish first */
            log_line("can't accept a connection: %s", strerror(errno));
            poll(&fds[1], 1, 100);
        }
    }
}

int web_fcgi_accept_more(void)
{
    return accept4(LISTENING, NULL, NULL, SOCK_CLOEXEC);
}

void web_fcgi_refuse(void)
{
    if (has_socket_to_itself()) {
        (void)shutdown(LISTENING, SHUT_RD);
    }
}

/* libfcgi writes its error stream with calls that block. */
static void set_timeout(int connection)
{
    struct timeval limit = {.tv_sec = PEER_TIMEOUT_S};
    (void)setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); /* on failure there is no limit */
}

/* When descriptors are short, other requests free some in a moment; so this tries for two seconds.
 */
static int make_pair(int pair[2])
{
    for (int tries = 0; socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0; tries++) {
        if (tries == PAIR_TRIES) {
            log_line("a request was dropped: can't make a pair of sockets: %s", strerror(errno));
            return -1;
        }
        clock_sleep_ms(PAIR_MS);
    }
    return 0;
}

/* Lets libfcgi read the parameters from a pair of sockets that holds nothing else. */
static int accept_head(FCGX_Request *request, const struct buf *head)
{
    int pair[2];
    if (make_pair(pair) != 0) {
        return -1;
    }
    bool fits = send(pair[0], head->bytes, head->length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)head->length;
    close(pair[0]); /* what was sent can still be read from the other end */
    if (!fits) {    /* a host with very small socket buffers (net.core.wmem_default) */
        log_line("a request was dropped: its headers, %zu bytes, don't fit into the buffer of a socket", head->length);
        close(pair[1]);
        return -1;
    }
    /* FCGX_Accept_r continues with a connection that is already open and marked to be kept. If that
     * fails it would accept another connection by itself; descriptor -1 makes it give up instead.
     */
    FCGX_InitRequest(request, -1, 0);
    request->ipcFd = pair[1];
    request->keepConnection = 1;
    if (FCGX_Accept_r(request) != 0) {
        return -1; /* the library has closed pair[1] */
    }
    close(pair[1]);
    return 0;
}

/* Reads the parameters. -1: the peer broke off, was too slow, or sent something else. */
static int read_head(struct fcgi_incoming *f, int connection)
{
    struct buf head;
    buf_init(&head, BUF_UNLIMITED);
    int result = intake_head(f->in, clock_mono_ms() + HEAD_MS, &head) == 0 ? accept_head(&f->fcgx, &head) : -1;
    buf_fini(&head);
    f->fcgx.ipcFd = connection; /* the error stream goes to the peer */
    return result;
}

struct request *web_fcgi_read(int connection)
{
    struct fcgi_incoming *f = ck_calloc(1, sizeof *f);
    set_timeout(connection);
    f->in = intake_new(connection);
    if (read_head(f, connection) != 0) {
        close(connection);
        intake_free(f->in);
        free(f);
        return NULL;
    }
    web_carrier_init(&f->request, &carrier, (const char *const *)f->fcgx.envp);
    buf_init(&f->out, BUF_UNLIMITED);
    fcgi_log_here(&f->request);
    return &f->request;
}
