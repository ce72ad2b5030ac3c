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
 * Prints, in microseconds: median and 99th percentile over the rounds of the last reader's time,
 * then the same of all readers' times. OUTPUT: a file for the percentiles 0 to 100 of all readers'
 * times. An answer other than 2xx, a closed connection, or a reader without its message ends the
 * program with status 1. SETTLE (environment): default 700.
 *
 * The code is the same for each server: one thread, epoll, no parsing except status, Content-Length
 * and the mark.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 512, INPUT = 16384, PATIENCE_US = 30000000, ADDRESSES = 8 };

struct reader {
    int fd;
    bool answered;
    size_t length; /* of what is kept of the input */
    char input[INPUT];
};

static struct {
    int port;
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

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("crowd: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- connections ---- */

/* Uses several source addresses: one has some 28,000 ports, and those of an earlier run may still
 * be closing. */
static int connect_from(size_t number)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(number % ADDRESSES))};
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)arguments.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || bind(fd, (const struct sockaddr *)&from, sizeof from) != 0 ||
        connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        die("connection %zu: %s", number, strerror(errno));
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);
        if (count <= 0) {
            die("write: %s", strerror(errno));
        }
        bytes += count;
        length -= (size_t)count;
    }
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

static void check_status(const char *input)
{
    if (strncmp(input, "HTTP/1.1 2", 10) != 0) {
        die("not a 2xx: %.300s", input);
    }
}

/* The whole answer is there. */
static bool is_complete(const char *input, size_t length)
{
    const char *end = strstr(input, "\r\n\r\n");
    const char *field = end != NULL ? strcasestr(input, "\r\nContent-Length:") : NULL;
    if (end == NULL) {
        return false;
    }
    check_status(input);
    if (field != NULL && field < end) {
        return length >= (size_t)(end + 4 - input) + strtoul(field + 17, NULL, 10);
    }
    return length >= 5 && memcmp(input + length - 5, "0\r\n\r\n", 5) == 0; /* chunked */
}

/* True when r has what it waits for. */
static bool take_input(struct reader *r, const char *mark)
{
    ssize_t count = read(r->fd, r->input + r->length, INPUT - 1 - r->length);
    if (count <= 0) {
        die("a reader was cut off");
    }
    r->length += (size_t)count;
    r->input[r->length] = '\0';
    if (!arguments.stream) {
        return is_complete(r->input, r->length);
    }
    if (r->length > 12 && strncmp(r->input, "HTTP/", 5) == 0) {
        check_status(r->input);
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
        write_all(readers[i].fd, request, (size_t)length);
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
                die("answered before there was a message: %.300s", ((struct reader *)events[i].data.ptr)->input);
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
    write_all(fd, request, (size_t)length);
}

static void read_post_answer(int fd)
{
    char input[4096];
    size_t length = 0;
    do {
        ssize_t count = read(fd, input + length, sizeof input - 1 - length);
        if (count <= 0) {
            die("the post was cut off");
        }
        length += (size_t)count;
        input[length] = '\0';
    } while (!is_complete(input, length));
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
            die("%zu readers did not get message %zu", left, number);
        }
    }
    read_post_answer(sender);
    return last;
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t share(const int64_t *sorted, size_t count, double part)
{
    size_t at = (size_t)(part * (double)(count - 1) + 0.5);
    return sorted[at];
}

static void open_readers(void)
{
    readers = calloc(arguments.readers > 0 ? arguments.readers : 1, sizeof *readers);
    loop = epoll_create1(0);
    if (readers == NULL || loop < 0) {
        die("no memory");
    }
    for (size_t i = 0; i < arguments.readers; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &readers[i]};
        readers[i].fd = connect_from(i);
        if (epoll_ctl(loop, EPOLL_CTL_ADD, readers[i].fd, &event) != 0) {
            die("epoll: %s", strerror(errno));
        }
    }
}

static void write_percentiles(const char *path, const int64_t *sorted, size_t count)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        die("%s: %s", path, strerror(errno));
    }
    for (int i = 0; i <= 100; i++) {
        fprintf(file, "%d %lld\n", i, (long long)share(sorted, count, i / 100.0));
    }
    fclose(file);
}

static void run(const char *output)
{
    size_t each = arguments.readers > 0 ? arguments.readers : 1;
    int64_t *times = calloc(arguments.rounds * each, sizeof *times);
    int64_t *lasts = calloc(arguments.rounds, sizeof *lasts);
    int sender = connect_from(arguments.readers);
    if (times == NULL || lasts == NULL) {
        die("no memory");
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
    qsort(lasts, arguments.rounds, sizeof *lasts, compare);
    qsort(times, arguments.rounds * each, sizeof *times, compare);
    printf("%lld %lld %lld %lld\n", (long long)share(lasts, arguments.rounds, 0.5),
           (long long)share(lasts, arguments.rounds, 0.99), (long long)share(times, arguments.rounds * each, 0.5),
           (long long)share(times, arguments.rounds * each, 0.99));
    if (output != NULL) {
        write_percentiles(output, times, arguments.rounds * each);
    }
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
    struct rlimit limit;
    if (argc < 9 || argc > 10) {
        die("usage: crowd PORT READERS ROUNDS poll|stream WAIT-PATH SEND-PATH SEND-TYPE SEND-BODY [OUTPUT]");
    }
    arguments.port = (int)strtol(argv[1], NULL, 10);
    arguments.readers = strtoul(argv[2], NULL, 10);
    arguments.rounds = strtoul(argv[3], NULL, 10);
    arguments.stream = strcmp(argv[4], "stream") == 0;
    arguments.wait_path = argv[5];
    arguments.send_path = argv[6];
    arguments.send_type = argv[7];
    arguments.send_body = argv[8];
    arguments.settle_us = (int64_t)number_of("SETTLE", 700) * 1000;
    arguments.first = number_of("FIRST", 1);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    run(argc == 10 ? argv[9] : NULL);
    return 0;
}
