/* null_hold.c - the least that a program can do that lets requests wait and answers them all. It
 * shows what the web server costs.
 *
 * GET waits: only the connection of the request is kept. POST is answered; then every waiting
 * request gets the same few records, which are made once, in one write each. There is no store, no
 * loop and no limit of pollchat in it.
 */
#include <fcgiapp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 65536 };

static int held[MOST];
static int count;

/* The length of an answer with one short message. */
static const char text[] =
    "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: 216\r\n\r\n"
    "{\"epoch\":\"0123456789abcdefghijkl\",\"room\":\"lobby\",\"messages\":[{\"seq\":1000,\"time\":\"2026-01-01T00:00:00.000Z\","
    "\"name\":\"guest\",\"text\":\"hello\",\"type\":\"message\",\"id\":\"0123456789abcdefghijkl\"}],\"next\":1000,\"head\":1000,\"x\":0}";

static size_t make_records(unsigned char *out)
{
    size_t length = sizeof text - 1;
    const unsigned char output[8] = {1, 6, 0, 1, (unsigned char)(length >> 8), (unsigned char)(length & 255), 0, 0};
    static const unsigned char end[24] = {1, 6, 0, 1, 0, 0, 0, 0, 1, 3, 0, 1, 0, 8, 0, 0};
    memcpy(out, output, sizeof output);
    memcpy(out + sizeof output, text, length);
    memcpy(out + sizeof output + length, end, sizeof end);
    return sizeof output + length + sizeof end;
}

static void answer_all(const unsigned char *records, size_t length)
{
    for (int i = 0; i < count; i++) {
        if (write(held[i], records, length) != (ssize_t)length) {
            perror("write");
        }
        close(held[i]);
    }
    count = 0;
}

int main(void)
{
    unsigned char records[1024];
    size_t length = make_records(records);
    FCGX_Request request;
    if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0) {
        return 1;
    }
    while (FCGX_Accept_r(&request) == 0) {
        const char *method = FCGX_GetParam("REQUEST_METHOD", request.envp);
        const char *query = FCGX_GetParam("QUERY_STRING", request.envp);
        if (method != NULL && strcmp(method, "GET") == 0 && query != NULL && strstr(query, "wait=") != NULL &&
            count < MOST) {
            held[count++] = request.ipcFd;
            FCGX_Free(&request, 0); /* buffers go, the connection stays */
            FCGX_InitRequest(&request, 0, 0);
            continue;
        }
        FCGX_FPrintF(request.out, "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n");
        FCGX_Finish_r(&request);
        answer_all(records, length);
    }
    return 0;
}
