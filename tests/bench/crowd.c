/* crowd.c - a crowd of readers that wait for a message, and how long it takes to reach them.
 *
 *   crowd PORT READERS ROUNDS poll|stream WAIT-PATH SEND-PATH SEND-TYPE SEND-BODY [OUTPUT]
 *
 * A round: READERS connections request WAIT-PATH. When nothing has happened for SETTLE ms, all of
 * them wait. Then one message is posted on another connection. The time of each reader goes from
 * just before that write to the last byte of its answer (poll), or to the end of the message
 * (stream). With poll, the next round requests again.
 *
 * "@" in the paths and the body becomes the number of the round, counted from FIRST (environment,
 * default 1): it is the position of a reader, and it marks the message, which is searched for in a
 * stream as "<round>". READERS 0: no reader; the time is that of the post, from its write to its
 * answer.
 *
 * Prints, in microseconds: median and 99th percentile over the rounds of the last reader's time;
 * then, for the median round, the median and the 99th percentile of its readers' times. OUTPUT: a
 * file for the percentiles 0 to 100 of all readers' times. An answer other than 2xx, a closed
 * connection, or a reader without its message ends the program with status 1. Environment: SETTLE
 * (700); SEND_PORT (PORT), where the message is posted, such as that of another host.
 *
 * The code is the same for each server: one thread, epoll, no parsing except status, Content-Length
 * and the mark.
 */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 512, INPUT = 16384, PATIENCE_US = 30000000 };

struct reader {
    int fd;
    bool answered;
    size_t length; /* of what is kept of the input */
    char input[INPUT];
};

static struct {
    int port;
    int send_port;
    size_t readers;
    size_t rounds;
    bool stream;
    const char *wait_path;
    const char *send_path;
    const char *send_type;
    const char *send_body;
    int64_t settle_us;
    size_t first;
} arguments;

static struct reader *readers;
static int loop;

static int64_t now_us(void)
{
    return client_now_ns() / 1000;
}

/* "@" becomes the number. */
static void fill_in(char *out, size_t size, const char *template, size_t number)
{
    size_t at = 0;
    for (; *template != '\0' && at + 24 < size; template ++) {
        if (*template == '@') {
            at += (size_t)snprintf(out + at, size - at, "%zu", number);
        } else {
            out[at++] = *template;
        }
    }
    out[at] = '\0';
}

/* ---- answers ---- */

/* True when r has what it waits for. */
static bool take_input(struct reader *r, const char *mark)
{
    ssize_t count = read(r->fd, r->input + r->length, INPUT - 1 - r->length);
    if (count <= 0) {
        client_die("a reader was cut off");
    }
    r->length += (size_t)count;
    r->input[r->length] = '\0';
    if (!arguments.stream) {
        return client_is_complete(r->input, r->length);
    }
    if (r->length > 12 && strncmp(r->input, "HTTP/", 5) == 0) {
        client_check_status(r->input);
    }
    const char *found = strstr(r->input, mark);
    bool has = found != NULL && strstr(found, "\n\n") != NULL;
    if (has || r->length > INPUT / 2) { /* what is over isn't looked at again */
        size_t keep = has ? 0 : 256;
        memmove(r->input, r->input + r->length - keep, keep + 1);
        r->length = keep;
    }
    return has;
}

/* ---- rounds ---- */

static void question(size_t number)
{
    char path[1024];
    char request[2048];
    fill_in(path, sizeof path, arguments.wait_path, number);
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", path,
                          arguments.stream ? "Accept: text/event-stream\r\n" : "");
    for (size_t i = 0; i < arguments.readers; i++) {
        readers[i].length = 0;
        client_write(readers[i].fd, request, (size_t)length);
    }
}

/* Waits until nothing has happened for SETTLE ms. No poll may be answered meanwhile; a stream may
 * begin. */
static void settle(void)
{
    struct epoll_event events[EVENTS];
    for (int64_t quiet = now_us(); now_us() - quiet < arguments.settle_us;) {
        int count = epoll_wait(loop, events, EVENTS, (int)(arguments.settle_us / 1000) + 1);
        for (int i = 0; i < count; i++) {
            if (take_input(events[i].data.ptr, "<none>")) {
                client_die("answered before there was a message: %.300s", ((struct reader *)events[i].data.ptr)->input);
            }
            quiet = now_us();
        }
    }
}

static void post(int fd, size_t number)
{
    char path[1024];
    char body[2048];
    char request[4096];
    fill_in(path, sizeof path, arguments.send_path, number);
    fill_in(body, sizeof body, arguments.send_body, number);
    int length = snprintf(request, sizeof request,
                          "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                          path, arguments.send_type, strlen(body), body);
    client_write(fd, request, (size_t)length);
}

static void read_post_answer(int fd)
{
    char input[4096];
    size_t length = 0;
    do {
        ssize_t count = read(fd, input + length, sizeof input - 1 - length);
        if (count <= 0) {
            client_die("the post was cut off");
        }
        length += (size_t)count;
        input[length] = '\0';
    } while (!client_is_complete(input, length));
}

/* Fills times with those of all readers; returns the last one's. */
static int64_t measure(int sender, size_t number, int64_t *times)
{
    struct epoll_event events[EVENTS];
    char mark[32];
    int64_t last = 0;
    snprintf(mark, sizeof mark, "<%zu>", number);
    for (size_t i = 0; i < arguments.readers; i++) {
        readers[i].answered = false;
    }
    int64_t begin = now_us();
    post(sender, number);
    if (arguments.readers == 0) {
        read_post_answer(sender);
        return now_us() - begin;
    }
    for (size_t left = arguments.readers; left > 0;) {
        int count = epoll_wait(loop, events, EVENTS, 1000);
        for (int i = 0; i < count; i++) {
            struct reader *r = events[i].data.ptr;
            if (take_input(r, mark) && !r->answered) {
                r->answered = true;
                last = now_us() - begin;
                times[--left] = last;
            }
        }
        if (now_us() - begin > PATIENCE_US) {
            client_die("%zu readers did not get message %zu", left, number);
        }
    }
    read_post_answer(sender);
    return last;
}

/* ---- figures ---- */

static void open_readers(void)
{
    readers = calloc(arguments.readers > 0 ? arguments.readers : 1, sizeof *readers);
    loop = epoll_create1(0);
    if (readers == NULL || loop < 0) {
        client_die("no memory");
    }
    for (size_t i = 0; i < arguments.readers; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &readers[i]};
        readers[i].fd = client_connect(arguments.port, i);
        if (epoll_ctl(loop, EPOLL_CTL_ADD, readers[i].fd, &event) != 0) {
            client_die("epoll: %s", strerror(errno));
        }
    }
}

/* The given part of each round's readers, and of these times the median over the rounds. */
static int64_t median_round(const int64_t *times, size_t each, double part)
{
    int64_t *shares = calloc(arguments.rounds, sizeof *shares);
    if (shares == NULL) {
        client_die("no memory");
    }
    for (size_t i = 0; i < arguments.rounds; i++) {
        shares[i] = client_share(times + i * each, each, part);
    }
    client_sort(shares, arguments.rounds);
    int64_t median = client_share(shares, arguments.rounds, 0.5);
    free(shares);
    return median;
}

static void report(int64_t *times, int64_t *lasts, size_t each, const char *output)
{
    for (size_t i = 0; i < arguments.rounds; i++) {
        client_sort(times + i * each, each);
    }
    client_sort(lasts, arguments.rounds);
    printf("%lld %lld %lld %lld\n", (long long)client_share(lasts, arguments.rounds, 0.5),
           (long long)client_share(lasts, arguments.rounds, 0.99), (long long)median_round(times, each, 0.5),
           (long long)median_round(times, each, 0.99));
    if (output != NULL) {
        client_sort(times, arguments.rounds * each);
        client_write_percentiles(output, times, arguments.rounds * each);
    }
}

static void run(const char *output)
{
    size_t each = arguments.readers > 0 ? arguments.readers : 1;
    int64_t *times = calloc(arguments.rounds * each, sizeof *times);
    int64_t *lasts = calloc(arguments.rounds, sizeof *lasts);
    int sender = client_connect(arguments.send_port, arguments.readers);
    if (times == NULL || lasts == NULL) {
        client_die("no memory");
    }
    open_readers();
    for (size_t i = 0; i < arguments.rounds; i++) {
        if (arguments.readers > 0) {
            if (!arguments.stream || i == 0) {
                question(arguments.first + i);
            }
            settle();
        }
        lasts[i] = measure(sender, arguments.first + i, times + i * each);
        if (arguments.readers == 0) {
            times[i] = lasts[i];
        }
    }
    report(times, lasts, each, output);
    free(times);
    free(lasts);
}

static size_t number_of(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc < 9 || argc > 10) {
        client_die("usage: crowd PORT READERS ROUNDS poll|stream WAIT-PATH SEND-PATH SEND-TYPE SEND-BODY [OUTPUT]");
    }
    arguments.port = (int)strtol(argv[1], NULL, 10);
    arguments.send_port = (int)number_of("SEND_PORT", (size_t)arguments.port);
    arguments.readers = strtoul(argv[2], NULL, 10);
    arguments.rounds = strtoul(argv[3], NULL, 10);
    arguments.stream = strcmp(argv[4], "stream") == 0;
    arguments.wait_path = argv[5];
    arguments.send_path = argv[6];
    arguments.send_type = argv[7];
    arguments.send_body = argv[8];
    arguments.settle_us = (int64_t)number_of("SETTLE", 700) * 1000;
    arguments.first = number_of("FIRST", 1);
    client_raise_limit();
    run(argc == 10 ? argv[9] : NULL);
    return 0;
}
