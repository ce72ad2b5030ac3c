/* web_cgi.c - see web_cgi.h. */
#include "web_cgi.h"

#include "ck.h"
#include "web_carrier.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static ssize_t cgi_read(struct web_exchange *x, char *to, size_t size)
{
    ssize_t count = 0;
    (void)x;
    do {
        count = read(STDIN_FILENO, to, size);
    } while (count < 0 && errno == EINTR);
    return count;
}

static int cgi_write(struct web_exchange *x, const char *bytes, size_t length)
{
    (void)x;
    while (length > 0) {
        ssize_t count = write(STDOUT_FILENO, bytes, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return -1;
        }
        bytes += count;
        length -= (size_t)count;
    }
    return 0;
}

static void cgi_finish(struct web_exchange *x)
{
    web_exchange_fini(x);
    free(x);
}

struct web_exchange *web_cgi_new(void)
{
    static const struct web_carrier carrier = {
        .read = cgi_read,
        .write = cgi_write,
        .finish = cgi_finish,
        .body_has_end = false,
    };
    struct web_exchange *x = ck_calloc(1, sizeof *x);
    web_exchange_init(x, &carrier, (const char *const *)environ);
    return x;
}
