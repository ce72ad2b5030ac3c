/* null.c - the least that a FastCGI program can do with libfcgi: accept a request, answer a fixed
 * text.
 *
 * The benchmark compares pollchat with it: it costs what the web server, the protocol and the
 * library cost. The text is as long as the answer to an idle poll.
 */
#include <fcgiapp.h>

static const char body[] =
    "{\"epoch\":\"0123456789abcdefghijkl\",\"room\":\"lobby\",\"messages\":[],\"next\":1000,\"head\":1000,"
    "\"oldest\":1,\"more\":false,\"wait\":0,\"poll_after\":2}";

int main(void)
{
    FCGX_Request request;
    if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0) {
        return 1;
    }
    while (FCGX_Accept_r(&request) == 0) {
        FCGX_FPrintF(request.out, "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                     (int)(sizeof body - 1), body);
        FCGX_Finish_r(&request);
    }
    return 0;
}
