/* silent.c - a library for LD_PRELOAD: a program that keeps its messages in PostgreSQL sends no
 * notices to other hosts. Each NOTIFY becomes the cheapest statement that there is. The program
 * notices by its echo that none comes through, and asks for news four times a second.
 *
 * It is linked with libpq, so that the next PQsendQuery is libpq's own.
 */
#include <dlfcn.h>
#include <string.h>

int PQsendQuery(void *connection, const char *text);

int PQsendQuery(void *connection, const char *text)
{
    static int (*send)(void *, const char *);
    if (send == NULL) {
        *(void **)&send = dlsym(RTLD_NEXT, "PQsendQuery");
    }
    return send(connection, strncmp(text, "NOTIFY ", 7) == 0 ? "SELECT 1" : text);
}
