/* bodies.c - how much memory a FastCGI program takes for long requests that it works on at once.
 *
 *   bodies SOCKET PID COUNT BYTES
 *
 * Connects COUNT times to the program's socket, as a web server does, and sends on each connection
 * a message of BYTES bytes, except for the record that ends the request. When the program has taken
 * all of it, it has COUNT whole texts. Then come the ends, and the answers are read. Each request
 * carries the POLLCHAT_ settings of the process's environment: the program compares them.
 *
 * Prints three numbers, in bytes for each request: the memory that the process PID has more than
 * before while it waits for the ends; its peak until all are answered; and how many answers were
 * refusals (429 or 503) of all. Any other answer than 2xx ends the program with status 1. It needs
 * the right to reset the peak of PID (the same user, or root).
 */
#include "client.h"

#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { RECORD = 32768, HEADER = 8, PARAMS = 4096 };

static int connect_to(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (strlen(path) >= sizeof to.sun_path) {
        client_die("the socket's path is too long");
    }
    memcpy(to.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        client_die("can't connect to %s", path);
    }
    return fd;
}

/* ---- records ---- */

static void write_record(int fd, unsigned char type, const char *bytes, size_t length)
{
    const unsigned char header[HEADER] = {1, type, 0, 1, (unsigned char)(length >> 8), (unsigned char)(length & 255)};
    client_write(fd, (const char *)header, sizeof header);
    client_write(fd, bytes, length);
}

static size_t add_bytes(char *out, size_t at, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        out[at + i] = bytes[i];
    }
    return at + length;
}

static size_t add_pair(char *out, size_t at, const char *name, const char *value)
{
    size_t name_length = strlen(name);
    size_t value_length = strlen(value);
    if (name_length > 127 || value_length > 127 || at + name_length + value_length + 2 > PARAMS) {
        client_die("a parameter is too long");
    }
    out[at++] = (char)name_length;
    out[at++] = (char)value_length;
    at = add_bytes(out, at, name, name_length);
    return add_bytes(out, at, value, value_length);
}

static size_t add_settings(char *out, size_t at, int pid)
{
    char path[64];
    char setting[512];
    size_t have = 0;
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        client_die("can't read the environment of process %d", pid);
    }
    for (int c; (c = fgetc(file)) != EOF && have < sizeof setting;) {
        setting[have++] = (char)c;
        if (c == '\0') {
            char *value = strchr(setting, '=');
            if (strncmp(setting, "POLLCHAT_", 9) == 0 && value != NULL) {
                *value = '\0';
                at = add_pair(out, at, setting, value + 1);
            }
            have = 0;
        }
    }
    fclose(file);
    return at;
}

static void begin(int fd, size_t bytes, int pid)
{
    char length[32];
    char params[PARAMS];
    size_t at = 0;
    snprintf(length, sizeof length, "%zu", bytes);
    at = add_pair(params, at, "REQUEST_METHOD", "POST");
    at = add_pair(params, at, "REQUEST_URI", "/send?room=long");
    at = add_pair(params, at, "SCRIPT_NAME", "/send");
    at = add_pair(params, at, "QUERY_STRING", "room=long");
    at = add_pair(params, at, "CONTENT_TYPE", "text/plain");
    at = add_pair(params, at, "CONTENT_LENGTH", length);
    at = add_pair(params, at, "SERVER_NAME", "127.0.0.1");
    at = add_pair(params, at, "SERVER_PORT", "80");
    at = add_pair(params, at, "SERVER_PROTOCOL", "HTTP/1.1");
    at = add_pair(params, at, "SERVER_SOFTWARE", "bodies");
    at = add_pair(params, at, "GATEWAY_INTERFACE", "CGI/1.1");
    at = add_pair(params, at, "REMOTE_ADDR", "127.0.0.1");
    at = add_pair(params, at, "HTTP_HOST", "127.0.0.1");
    at = add_settings(params, at, pid);
    write_record(fd, 1, "\0\1\0\0\0\0\0", 8);
    write_record(fd, 4, params, at);
    write_record(fd, 4, "", 0);
}

static void write_text(int fd, size_t bytes)
{
    static char text[RECORD];
    memset(text, 'x', sizeof text);
    while (bytes > 0) {
        size_t part = bytes < RECORD ? bytes : RECORD;
        write_record(fd, 5, text, part);
        bytes -= part;
    }
}

/* True: the message was taken; false: the program asks to try again. */
static bool read_answer(int fd)
{
    char answer[8192] = "";
    size_t have = 0;
    ssize_t count;
    while (have < sizeof answer - 1 && (count = read(fd, answer + have, sizeof answer - 1 - have)) > 0) {
        have += (size_t)count;
    }
    const char *status = memmem(answer, have, "Status: ", 8);
    if (status == NULL ||
        (status[8] != '2' && strncmp(status + 8, "429", 3) != 0 && strncmp(status + 8, "503", 3) != 0)) {
        client_die("answer: %.1500s", status != NULL ? status : "none");
    }
    return status[8] == '2';
}

/* ---- memory ---- */

static long memory_of(int pid, const char *field)
{
    char path[64];
    char line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            kib = strtol(line + strlen(field) + 1, NULL, 10);
        }
    }
    if (file == NULL || kib < 0) {
        client_die("no %s of process %d", field, pid);
    }
    fclose(file);
    return kib * 1024;
}

static void reset_peak(int pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/clear_refs", pid);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs("5", file) == EOF || fclose(file) != 0) {
        client_die("can't reset the peak of process %d", pid);
    }
}

/* Until the program has taken all that was written, at most five seconds. */
static void await_taken(const int *fds, size_t count)
{
    for (int tries = 0; tries < 500; tries++) {
        int left = 0;
        for (size_t i = 0; i < count; i++) {
            int queued = 0;
            ioctl(fds[i], SIOCOUTQ, &queued);
            left += queued;
        }
        usleep(10000);
        if (left == 0) {
            return;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        client_die("usage: bodies SOCKET PID COUNT BYTES");
    }
    int pid = (int)strtol(argv[2], NULL, 10);
    size_t count = strtoul(argv[3], NULL, 10);
    size_t bytes = strtoul(argv[4], NULL, 10);
    int *fds = calloc(count + 1, sizeof *fds);
    if (fds == NULL || count == 0) {
        client_die("nothing to do");
    }
    reset_peak(pid);
    long before = memory_of(pid, "VmRSS:");
    for (size_t i = 0; i < count; i++) {
        fds[i] = connect_to(argv[1]);
        begin(fds[i], bytes, pid);
        write_text(fds[i], bytes);
    }
    await_taken(fds, count);
    long waiting = memory_of(pid, "VmRSS:") - before;
    for (size_t i = 0; i < count; i++) {
        write_record(fds[i], 5, "", 0);
    }
    size_t refused = 0;
    for (size_t i = 0; i < count; i++) {
        refused += !read_answer(fds[i]);
        close(fds[i]);
    }
    long peak = memory_of(pid, "VmHWM:") - before;
    printf("%ld %ld %zu\n", waiting / (long)count, peak / (long)count, refused);
    free(fds);
    return 0;
}
