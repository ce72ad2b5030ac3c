/* null_records.c - the least that any FastCGI program can do: accept a connection, receive the
 * request, send prepared bytes, close. Four system calls, no library, and nothing is parsed.
 *
 * The request is over when the bytes received end with an empty record of standard input, as web
 * servers send it. Compiled with -DBODY=N, it answers N bytes; otherwise the text of null.c.
 */
#include "answers.h"
#include "records.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef BODY
enum { HEADERS = 256 };

static size_t make_answer(unsigned char *records)
{
    static char text[HEADERS + BODY];
    int headers = snprintf(text, HEADERS,
                           "Status: 200 OK\r\nContent-Type: application/json\r\n"
                           "Cache-Control: no-store\r\nContent-Length: %d\r\n\r\n",
                           BODY);
    memset(text + headers, 'x', BODY);
    return records_make(records, text, (size_t)headers + BODY);
}
#else
static const char idle[] = ANSWER_IDLE;
enum { HEADERS = sizeof idle, BODY = 0 };

static size_t make_answer(unsigned char *records)
{
    return records_make(records, idle, sizeof idle - 1);
}
#endif

/* False if the web server went away. */
static bool receive(int fd)
{
    static const unsigned char end[RECORD_HEADER] = {1, 5, 0, 1};
    static unsigned char in[1 << 18];
    size_t have = 0;
    for (;;) {
        if (have > sizeof in / 2) { /* only the end is looked at */
            memmove(in, in + have - sizeof end, sizeof end);
            have = sizeof end;
        }
        ssize_t count = recv(fd, in + have, sizeof in - have, 0);
        if (count <= 0) {
            return false;
        }
        have += (size_t)count;
        if (have >= sizeof end && memcmp(in + have - sizeof end, end, sizeof end) == 0) {
            return true;
        }
    }
}

static void answer(int fd, const unsigned char *records, size_t length)
{
    while (length > 0) {
        ssize_t count = send(fd, records, length, MSG_NOSIGNAL);
        if (count <= 0) {
            return;
        }
        records += count;
        length -= (size_t)count;
    }
}

int main(void)
{
    static unsigned char records[RECORDS_SIZE(HEADERS + BODY)];
    size_t length = make_answer(records);
    for (;;) {
        int fd = accept(STDIN_FILENO, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        if (receive(fd)) {
            answer(fd, records, length);
        }
        close(fd);
    }
}
