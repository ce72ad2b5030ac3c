/* null_hold.c - the least that a program can do that lets requests wait and answers them all. It
 * shows what the web server costs.
 *
 * A request with "wait=" waits: its connection is put into an array. Any other request is answered;
 * then each waiting request gets the same prepared bytes with one send, and its connection is
 * closed. No library, no thread, no parsing, no look at a connection before the send.
 */
#include "answers.h"
#include "records.h"

#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 65536 };

static int waiting[MOST];
static int count;

static const char text[] = ANSWER_NEWS;
static const char taken[] = "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";

static void answer(int fd, const unsigned char *records, size_t length)
{
    (void)!send(fd, records, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

int main(void)
{
    static char in[65536];
    unsigned char news[RECORDS_SIZE(sizeof text)];
    unsigned char thanks[RECORDS_SIZE(sizeof taken)];
    size_t news_length = records_make(news, text, sizeof text - 1);
    size_t thanks_length = records_make(thanks, taken, sizeof taken - 1);
    for (;;) {
        int fd = accept(STDIN_FILENO, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        ssize_t have = recv(fd, in, sizeof in, 0);
        if (have > 0 && memmem(in, (size_t)have, "wait=", 5) != NULL && count < MOST) {
            waiting[count++] = fd;
            continue;
        }
        answer(fd, thanks, thanks_length);
        for (int i = 0; i < count; i++) {
            answer(waiting[i], news, news_length);
        }
        count = 0;
    }
}
