/* send.c - the program that writes: its routes, its life.
 *
 * Not for reading (poll.c).
 */
#include "base/log.h"
#include "chat/draft.h"
#include "routes/handler.h"
#include "routes/post_act.h"
#include "routes/post_send.h"
#include "routes/send_program.h"
#include "site/commit.h"
#include "site/reserve.h"
#include "site/site.h"
#include "system/conf.h"
#include "web/request.h"
#include "web/route.h"
#include "web/serve.h"

#include <stdbool.h>
#include <stddef.h>

static const struct route routes[] = {
    {"send", REQUEST_POST, CHAT_MEMBER, post_send},
    {"/act", REQUEST_POST, CHAT_READER, post_act},
    {NULL, 0, CHAT_NOBODY, NULL},
};

static void handle(struct request *request, void *context)
{
    struct send_program *p = context;
    handler_dispatch(routes, request, p->site, site_conf(p->site, request_settings(request), NULL), p);
}

static size_t body_limit(struct request *request, void *context)
{
    struct send_program *p = context;
    const struct conf *conf = site_conf(p->site, request_settings(request), NULL);
    return conf != NULL ? draft_body_limit((size_t)conf->max_text) : 0;
}

/* Called every second. Returns false: send never ends because it has too many processes. */
static bool look_after(void *context)
{
    struct send_program *p = context;
    commit_look_after(p->commit);
    site_look_after(p->site);
    return false;
}

static void drain(void *context)
{
    struct send_program *p = context;
    commit_drain(p->commit);
}

int main(void)
{
    struct send_program p = {.site = site_new(STORE_WRITE, !serve_is_fastcgi(), serve_stopping())};
    const struct serve how = {.handle = handle,
                              .body_limit = body_limit,
                              .drain = drain,
                              .is_surplus = look_after,
                              .context = &p,
                              .threads = site_threads()};
    log_program("send");
    handler_count_answers(p.site);
    site_guard_log(p.site);
    p.reserve = reserve_new();
    p.commit = commit_new(p.site, serve_is_fastcgi());
    int status = serve(&how);
    if (!serve_is_fastcgi()) {
        commit_look_after(p.commit); /* after the answer: what is old may be forgotten */
    }
    commit_free(p.commit);
    reserve_free(p.reserve);
    site_free(p.site);
    return status;
}
