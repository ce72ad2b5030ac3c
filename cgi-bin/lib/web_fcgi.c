/* web_fcgi.c - see web_fcgi.h. */
#include "web_fcgi.h"

#include "ck.h"
#include "err.h"
#include "held.h"
#include "log.h"
#include "outflow.h"
#include "slow.h"
#include "web_carrier.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
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
    PEER_TIMEOUT_S = 10, /* the peer is a web server on this machine that has the whole request before it connects, */
    HEAD_MS = 10000,     /* so this is long for all of a request's parameters; */
    BODY_PIECE_MS =
        20000, /* but for its body, which Apache's mod_proxy_fcgi hands on as the client sends it: 64 KiB of it, or less */
};

struct fcgi_exchange {
    struct web_exchange web; /* first: a pointer to it is a pointer to this */
    FCGX_Request request;
    struct buf out;  /* the answer, as records */
    bool has_logged; /* something stands in the request's error stream */
};

static struct fcgi_exchange *of(struct web_exchange *x)
{
    return (struct fcgi_exchange *)x;
}

static ssize_t fcgi_read(struct web_exchange *x, char *to, size_t size)
{
    FCGX_Stream *in = of(x)->request.in;
    int token = slow_begin(of(x)->request.ipcFd, BODY_PIECE_MS);
    int count = FCGX_GetStr(to, size < INT_MAX ? (int)size : INT_MAX, in);
    slow_end(token);
    return count > 0 || FCGX_GetError(in) == 0 ? count : -1;
}

/* libfcgi's own output blocks for as long as the peer likes; so it isn't used. */
static int fcgi_write(struct web_exchange *x, const char *bytes, size_t length)
{
    held_output(&of(x)->out, (uint16_t)of(x)->request.requestId, bytes, length);
    return 0;
}

/* Frees x but its connection and what is to be written. */
static struct held let_go(struct fcgi_exchange *x)
{
    FCGX_Request *request = &x->request;
    const struct held held = {.connection = request->ipcFd, .id = (uint16_t)request->requestId};
    log_attach(NULL, NULL);
    if (x->has_logged) {
        FCGX_FFlush(request->err);
    }
    FCGX_Free(request, 0); /* buffers and parameters go, the connection stays open */
    web_exchange_fini(&x->web);
    return held;
}

/* The connection is closed behind the answer, whatever the peer asked for: the next request on it would wait for a reader that
 * isn't there. Its input has been read to the end, so closing doesn't reset it. */
static void fcgi_finish(struct web_exchange *x)
{
    struct buf out = of(x)->out;
    const struct held held = let_go(of(x));
    free(of(x));
    held_end(&out, held.id);
    outflow_send_bytes(held, out.bytes, out.length);
    buf_fini(&out);
}

static struct held fcgi_hold(struct web_exchange *x)
{
    const struct held held = let_go(of(x));
    buf_fini(&of(x)->out);
    free(of(x));
    return held;
}

/* The web server keeps this stream in its error log, while it throws a FastCGI program's stderr away. */
static void log_to_request(void *context, const char *line)
{
    struct fcgi_exchange *x = context;
    FCGX_PutS(line, x->request.err);
    FCGX_PutS("\n", x->request.err);
    x->has_logged = true;
}

static const struct web_carrier carrier = {
    .read = fcgi_read,
    .write = fcgi_write,
    .finish = fcgi_finish,
    .hold = fcgi_hold,
    .body_has_end = true,
};

bool web_fcgi_is(void)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    /* The specification's own test, section 2.2: a listening socket has no peer. */
    return getpeername(LISTENING, (struct sockaddr *)&peer, &size) != 0 && errno == ENOTCONN;
}

int web_fcgi_init(struct err *e)
{
    int flags = fcntl(LISTENING, F_GETFL);
    if (FCGX_Init() != 0) {
        return err_set(e, ERR_SYSTEM, "libfcgi could not start.");
    }
    /* Another process may share the socket and take the connection that woke this one: accept must not block then. */
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
            log_line("accept: %s", strerror(errno)); /* out of descriptors or memory: others must finish first */
            poll(&fds[1], 1, 100);
        }
    }
}

int web_fcgi_accept_more(void)
{
    return accept4(LISTENING, NULL, NULL, SOCK_CLOEXEC);
}

/* The socket of a mod_fcgid process has the name FOLDER/PARENT.NUMBER, of the process that made it and has started this program on it
 * (proc_unix.c there). */
static bool has_socket_to_itself(void)
{
    struct {
        struct sockaddr_un address;
        char end; /* the longest path has no 0 behind it */
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

void web_fcgi_refuse(void)
{
    if (has_socket_to_itself()) {
        (void)shutdown(LISTENING, SHUT_RD);
    }
}

static void set_timeouts(int connection)
{
    struct timeval limit = {.tv_sec = PEER_TIMEOUT_S};
    /* Not a socket that has them: then the peer is trusted to be quick. */
    (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

struct web_exchange *web_fcgi_read(int connection)
{
    struct fcgi_exchange *x = ck_calloc(1, sizeof *x);
    set_timeouts(connection);
    /* FCGX_Accept_r goes on with a connection that is there already and marked to be kept. Should that one fail, it
     * would accept another by itself, out of our hands: descriptor -1 makes it give up instead. */
    FCGX_InitRequest(&x->request, -1, 0);
    x->request.ipcFd = connection;
    x->request.keepConnection = 1;
    int own = dup(
        connection); /* libfcgi closes a connection that breaks off; the number must stay ours while it is watched */
    int token = slow_begin(own >= 0 ? own : connection, HEAD_MS);
    int result = FCGX_Accept_r(&x->request);
    slow_end(token);
    if (own >= 0) {
        close(own);
    }
    if (result != 0) {
        free(x);
        return NULL;
    }
    web_exchange_init(&x->web, &carrier, (const char *const *)x->request.envp);
    buf_init(&x->out, BUF_UNLIMITED);
    log_attach(log_to_request, x);
    return &x->web;
}
