/* web_fcgi.c - see web_fcgi.h. */
#include "web/private/web_fcgi.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/log.h"
#include "web/answer_writer.h"
#include "web/fcgi_output.h"
#include "web/fcgi_request.h"
#include "web/private/fcgi_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fcgi_incoming {
    struct request request; /* first: a pointer to it is a pointer to this */
    struct buf params;      /* the variables' names and values */
    struct fcgi_output out; /* the answer */
    int connection;
    uint16_t id;
};

static struct fcgi_incoming *of(struct request *request)
{
    return (struct fcgi_incoming *)request;
}

/* ---- answers ---- */

static void fcgi_write(struct request *request, struct buf *head, struct buf *body)
{
    buf_move(&of(request)->out.head, head);
    buf_move(&of(request)->out.body, body);
}

static void free_incoming(struct fcgi_incoming *f)
{
    web_carrier_fini(&f->request);
    buf_fini(&f->request.body);
    buf_fini(&f->params);
    fcgi_output_fini(&f->out);
    free(f);
}

static struct fcgi_request fcgi_detach(struct request *request)
{
    struct fcgi_incoming *f = of(request);
    const struct fcgi_request detached = {
        .connection = f->connection, .id = f->id, .still_sends = !request->body_ended};
    log_attach(NULL, NULL);
    free_incoming(f);
    return detached;
}

/* Closes the connection after the answer, even if the peer asked to keep it. */
static void fcgi_finish(struct request *request)
{
    struct fcgi_output out = of(request)->out;
    fcgi_output_init(&of(request)->out, false);
    answer_writer_send_own(fcgi_detach(request), &out);
}

static int fcgi_connection(const struct request *request)
{
    return ((const struct fcgi_incoming *)request)->connection;
}

/* The web server writes the request's error stream to its error log, but discards the stderr of a
 * FastCGI program. */
static void fcgi_log(struct request *request, const char *line)
{
    const struct fcgi_request to = {.connection = of(request)->connection, .id = of(request)->id};
    if (!fcgi_request_log(&to, line)) {
        /* The peer has gone, or its socket can't take a kilobyte. Half a record would make the
         * answer unreadable. */
        shutdown(to.connection, SHUT_RDWR);
    }
}

/* ---- requests ---- */

struct request *web_fcgi_new(int connection, struct fcgi_reader *r)
{
    static const struct web_carrier carrier = {
        .write = fcgi_write,
        .finish = fcgi_finish,
        .detach = fcgi_detach,
        .connection = fcgi_connection,
        .log = fcgi_log,
    };
    struct variable *variables = NULL;
    size_t count = 0;
    if (fcgi_reader_variables(r, &variables, &count) != 0) {
        return NULL;
    }
    struct fcgi_incoming *f = ck_calloc(1, sizeof *f);
    f->connection = connection;
    f->id = r->id;
    f->params = r->params;
    buf_init(&r->params, 0);
    fcgi_output_init(&f->out, true);
    web_carrier_init(&f->request, &carrier, variables, count);
    return &f->request;
}

void web_fcgi_drop(struct request *request)
{
    free_incoming(of(request));
}

void web_fcgi_give(struct request *request, struct fcgi_reader *r, enum web_carrier_body state)
{
    request->body_ended = r->stage >= FCGI_READER_WHOLE;
    request->body_state = state;
    request->body = r->body;
    buf_init(&r->body, 0);
}

/* ---- the listening socket ---- */

bool web_fcgi_is(void)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    /* The specification's own test, section 2.2: a listening socket has no peer. */
    return getpeername(WEB_FCGI_LISTENING, (struct sockaddr *)&peer, &size) != 0 && errno == ENOTCONN;
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
    if (getsockname(WEB_FCGI_LISTENING, (struct sockaddr *)&own.address, &size) != 0 ||
        own.address.sun_family != AF_UNIX) {
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
    int flags = fcntl(WEB_FCGI_LISTENING, F_GETFL);
    if (has_socket_to_itself()) {
        answer_writer_hurry();
    }
    /* Another process may share the socket and accept the connection that woke this one; accept()
     * must not block then. */
    if (flags < 0 || fcntl(WEB_FCGI_LISTENING, F_SETFL, flags | O_NONBLOCK) != 0) {
        return err_set(e, ERR_SYSTEM, "The listening socket can't be used: %s.", strerror(errno));
    }
    return 0;
}

int web_fcgi_accept(void)
{
    return accept4(WEB_FCGI_LISTENING, NULL, NULL, SOCK_CLOEXEC);
}

bool web_fcgi_refuse(void)
{
    return has_socket_to_itself() && shutdown(WEB_FCGI_LISTENING, SHUT_RD) == 0;
}
