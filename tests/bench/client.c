#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ADDRESSES = 8 };

void client_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

int64_t client_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void client_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int client_connect(int port, size_t number)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(number % ADDRESSES))};
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || bind(fd, (const struct sockaddr *)&from, sizeof from) != 0 ||
        connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        client_die("connection %zu: %s", number, strerror(errno));
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

void client_write(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);
        if (count <= 0) {
            client_die("write: %s", strerror(errno));
        }
        bytes += count;
        length -= (size_t)count;
    }
}

void client_check_status(const char *input)
{
    if (strncmp(input, "HTTP/1.1 2", 10) != 0) {
        client_die("not a 2xx: %.300s", input);
    }
}

bool client_is_complete(const char *input, size_t length)
{
    const char *end = strstr(input, "\r\n\r\n");
    const char *field = end != NULL ? strcasestr(input, "\r\nContent-Length:") : NULL;
    if (end == NULL) {
        return false;
    }
    client_check_status(input);
    if (field != NULL && field < end) {
        return length >= (size_t)(end + 4 - input) + strtoul(field + 17, NULL, 10);
    }
    return length >= 5 && memcmp(input + length - 5, "0\r\n\r\n", 5) == 0; /* chunked */
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void client_sort(int64_t *times, size_t count)
{
    qsort(times, count, sizeof *times, compare);
}

int64_t client_share(const int64_t *sorted, size_t count, double part)
{
    size_t at = (size_t)(part * (double)(count - 1) + 0.5);
    return sorted[at];
}

void client_write_percentiles(const char *path, const int64_t *sorted, size_t count)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        client_die("%s: %s", path, strerror(errno));
    }
    for (int i = 0; i <= 100; i++) {
        fprintf(file, "%d %lld\n", i, (long long)client_share(sorted, count, i / 100.0));
    }
    fclose(file);
}
