/* bundle.c - send, poll and pollchat in one file, for the archive: which one is said by the name it is started with.
 *
 * Most of each is SQLite and the C library, and an archive is uploaded over slow lines. The Makefile gives the three main functions
 * other names. Not for make install, where each program is a file of its own.
 */
#include "archive/bundle.h"

#include <string.h>

int main(int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : "";
    const char *slash = strrchr(name, '/');
    name = slash != NULL ? slash + 1 : name;
    size_t length = strcspn(name, ".");
    if (length == 4 && strncmp(name, "send", length) == 0) {
        return send_main();
    }
    if (length == 4 && strncmp(name, "poll", length) == 0) {
        return poll_main();
    }
    return pollchat_main(argc, argv);
}
