/* pace.c - requests at a fixed rate, and how long their answers take.
 *
 *   pace PORT RATE SECONDS CONNECTIONS PATH [BODY]
 *
 * RATE requests a second become due at random moments, as from many visitors who don't know of each
 * other (a Poisson process; the moments are the same in each run). The time of a request goes from
 * the moment at which it was due to the last byte of its answer. So a server that stalls is charged
 * for every request that had to be made meanwhile, also for those that could not be sent because
 * all CONNECTIONS were busy.
 *
 * GET PATH, or, with BODY, a form that is posted. Prints in microseconds: the median, the 99th
 * percentile and the greatest time. The first fifth of the time warms up and isn't counted. An
 * answer other than 2xx, or a server that is a second behind at the end, ends the program with
 * status 1. OUTPUT (environment): a file for the percentiles 0 to 100, in microseconds.
 *
 * The code is the same for each server: one thread, epoll, no parsing except status and length.
 */
#include "client.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, INPUT = 16384 };
static const int64_t SECOND_NS = 1000000000;

struct connection {
    int fd;
    int64_t due;
    size_t length; /* of the input */
    char input[INPUT];
    struct connection *next_idle;
};

static struct {
    int port;
    size_t connections;
    char request[4096];
    size_t length; /* of the request */
} arguments;

static int loop;
static struct connection *idle;
static int64_t *times;
static size_t done;

/* ---- connections ---- */

static void set_idle(struct connection *c)
{
    c->length = 0;
    c->next_idle = idle;
    idle = c;
}

static void open_connection(struct connection *c, size_t number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    c->fd = client_connect(arguments.port, number);
    if (epoll_ctl(loop, EPOLL_CTL_ADD, c->fd, &event) != 0) {
        client_die("no epoll");
    }
}

static struct connection *open_connections(void)
{
    struct connection *all = calloc(arguments.connections, sizeof *all);
    loop = epoll_create1(0);
    if (all == NULL || loop < 0) {
        client_die("no memory");
    }
    for (size_t i = 0; i < arguments.connections; i++) {
        open_connection(&all[i], i);
        set_idle(&all[i]);
    }
    return all;
}

static void request(int64_t due)
{
    struct connection *c = idle;
    idle = c->next_idle;
    c->due = due;
    client_write(c->fd, arguments.request, arguments.length);
}

/* Servers close a connection after some number of requests, and say so. */
static void take_input(struct connection *c)
{
    ssize_t count = read(c->fd, c->input + c->length, INPUT - 1 - c->length);
    if (count <= 0) {
        client_die("an answer was cut off");
    }
    c->length += (size_t)count;
    c->input[c->length] = '\0';
    if (!client_is_complete(c->input, c->length)) {
        return;
    }
    times[done++] = client_now_ns() - c->due;
    if (strcasestr(c->input, "\r\nConnection: close") != NULL) {
        close(c->fd);
        open_connection(c, done);
    }
    set_idle(c);
}

/* Takes what has arrived; waits for it until the given time. */
static void await(int64_t until)
{
    struct epoll_event events[EVENTS];
    int64_t left = until - client_now_ns();
    const struct timespec patience = {.tv_sec = left > 0 ? left / SECOND_NS : 0,
                                      .tv_nsec = left > 0 ? left % SECOND_NS : 0};
    int count = epoll_pwait2(loop, events, EVENTS, &patience, NULL);
    for (int i = 0; i < count; i++) {
        take_input(events[i].data.ptr);
    }
}

/* ---- the run ---- */

static int64_t *make_moments(size_t total, double rate)
{
    int64_t *moments = calloc(total, sizeof *moments);
    double at = 0;
    times = calloc(total, sizeof *times);
    if (moments == NULL || times == NULL) {
        client_die("no memory");
    }
    srand48(1);
    for (size_t i = 0; i < total; i++) {
        at -= log(1 - drand48()) / rate * 1e9;
        moments[i] = (int64_t)at;
    }
    return moments;
}

static void run(const int64_t *moments, size_t total)
{
    int64_t begin = client_now_ns() + SECOND_NS / 100;
    int64_t end = begin + moments[total - 1] + SECOND_NS;
    for (size_t next = 0; done < total;) {
        while (next < total && idle != NULL && begin + moments[next] <= client_now_ns()) {
            request(begin + moments[next++]);
        }
        await(next < total && idle != NULL ? begin + moments[next] : end);
        if (client_now_ns() >= end) {
            client_die("the server is a second behind: it can't take this rate");
        }
    }
}

static void print_times(size_t warm)
{
    size_t count = done - warm;
    client_sort(times + warm, count);
    const double parts[] = {0.5, 0.99, 1};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        printf("%s%.1f", i > 0 ? " " : "", (double)client_share(times + warm, count, parts[i]) / 1000);
    }
    printf("\n");
    if (getenv("OUTPUT") != NULL) {
        for (size_t i = warm; i < done; i++) {
            times[i] /= 1000;
        }
        client_write_percentiles(getenv("OUTPUT"), times + warm, count);
    }
}

static void make_request(const char *path, const char *body)
{
    int length;
    if (body == NULL) {
        length = snprintf(arguments.request, sizeof arguments.request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                          path);
    } else {
        length = snprintf(arguments.request, sizeof arguments.request,
                          "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          path, strlen(body), body);
    }
    if (length < 0 || (size_t)length >= sizeof arguments.request) {
        client_die("the request is too long");
    }
    arguments.length = (size_t)length;
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 7) {
        client_die("usage: pace PORT RATE SECONDS CONNECTIONS PATH [BODY]");
    }
    double rate = strtod(argv[2], NULL);
    size_t total = (size_t)(rate * strtod(argv[3], NULL));
    arguments.port = (int)strtol(argv[1], NULL, 10);
    arguments.connections = strtoul(argv[4], NULL, 10);
    if (total < 10 || arguments.connections == 0) {
        client_die("nothing to do");
    }
    make_request(argv[5], argc == 7 ? argv[6] : NULL);
    client_raise_limit();
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* the default delays each wake-up by up to 50 us */
    struct connection *all = open_connections();
    int64_t *moments = make_moments(total, rate);
    run(moments, total);
    print_times(total / 5);
    free(all);
    free(moments);
    free(times);
    return 0;
}
