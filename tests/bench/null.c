/* null.c - the least that a FastCGI program can do with libfcgi: accept a request, read its body,
 * answer a fixed text.
 *
 * It detaches the connection before it finishes the request. Without that FCGX_Finish_r() waits
 * until the web server has closed its side, and the program serves a third of the requests.
 *
 * The text is as long as pollchat's answer to an idle poll, headers included.
 */
#include <fcgiapp.h>
#include <signal.h>

static const char text[] =
    "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nContent-Length: 134\r\n\r\n"
    "{\"epoch\":\"0123456789abcdefghijkl\",\"room\":\"lobby\",\"messages\":[],\"next\":1000,\"head\":1000,"
    "\"oldest\":1,\"more\":false,\"wait\":0,\"poll_after\":2}";

int main(void)
{
    static char body[65536];
    FCGX_Request request;
    signal(SIGPIPE, SIG_IGN);
    if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0) {
        return 1;
    }
    while (FCGX_Accept_r(&request) == 0) {
        while (FCGX_GetStr(body, sizeof body, request.in) > 0) {
        }
        FCGX_PutStr(text, sizeof text - 1, request.out);
        FCGX_Detach(&request);
        FCGX_Finish_r(&request);
    }
    return 0;
}
