/* null.c - the least that a FastCGI program can do with libfcgi: accept a request, read its body,
 * answer a fixed text.
 *
 * It detaches the connection before it finishes the request. Without that FCGX_Finish_r() waits
 * until the web server has closed its side, and the program serves a third of the requests.
 */
#include "answers.h"

#include <fcgiapp.h>
#include <signal.h>

static const char text[] = ANSWER_IDLE;

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
