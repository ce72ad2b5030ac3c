/* bundle.c - send, poll and pollchat in one file, for the archive. The name that it is started with
 * decides which one runs.
 *
 * SQLite and the C library are most of each program, and an archive is uploaded over slow
 * connections. The Makefile renames the three main functions. Not for make install, where each
 * program is its own file.
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
