/* send.c - the program that writes: its routes, its life.
 *
 * Not for reading (poll.c).
 */
#include "base/log.h"
#include "routes/handler.h"
#include "routes/post_send.h"
#include "routes/send_program.h"
#include "site/commit.h"
#include "site/site.h"
#include "web/request.h"
#include "web/route.h"
#include "web/serve.h"

#include <stdbool.h>
#include <stddef.h>

enum { SPARE_THREADS = 2 }; /* they refuse messages while all other threads wait for a store that is stuck */

static const struct route routes[] = {
    {"send", REQUEST_POST, post_send},
    {NULL, 0, NULL},
};

static void handle(struct request *request, void *context)
{
    struct send_program *p = context;
    handler_dispatch(routes, request, site_conf(p->site, request_environment(request), NULL), p);
}

/* Called every second. Returns false: send never ends because it has too many processes. */
static bool look_after(void *context)
{
    struct send_program *p = context;
    site_look_after(p->site);
    commit_rest(p->commit, false);
    return false;
}

static void stop(void *context)
{
    struct send_program *p = context;
    commit_rest(p->commit, true);
}

int main(void)
{
    unsigned threads = site_threads();
    struct send_program p = {.site = site_new(STORE_WRITE, !serve_is_fastcgi(), serve_stopping())};
    const struct serve how = {
        .handle = handle, .stop = stop, .is_surplus = look_after, .context = &p, .threads = threads};
    log_program("send");
    handler_count_answers(p.site);
    site_guard_log(p.site);
    p.commit = commit_new(p.site, threads > SPARE_THREADS ? threads - SPARE_THREADS : 1);
    int status = serve(&how);
    commit_free(p.commit);
    site_free(p.site);
    return status;
}
