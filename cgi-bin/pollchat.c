/* pollchat.c - pollchat, the owner's command line: its life.
 *
 * Works on the data folder directly, so it needs no web server and works while one runs. What it
 * can do is in commands/.
 */
#include "base/log.h"
#include "commands/commands.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* A web server that runs every file in a folder called cgi-bin passes the words of the query as
 * arguments (RFC 3875, section 4.4): /cgi-bin/pollchat?backup+FILE. A visitor must not be able to
 * do what the owner may. */
static int refuse_visitor(void)
{
    printf("Status: 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n"
           "pollchat runs only from a command line, not over the web. (In a shell that a web page offers: unset "
           "GATEWAY_INTERFACE.)\n");
    return 1;
}

int main(int argc, char **argv)
{
    log_program("pollchat");
    if (getenv("GATEWAY_INTERFACE") != NULL) {
        return refuse_visitor();
    }
    signal(SIGXFSZ, SIG_IGN); /* a write to a file that has reached a size limit fails instead */
    return commands_run(argc, argv);
}
