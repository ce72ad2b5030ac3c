/* poll.c - the program that reads and waits: its routes, its life.
 *
 * Never writes messages: it opens the store read only.
 */
#include "base/clock.h"
#include "base/log.h"
#include "routes/get_desk.h"
#include "routes/get_doctor.h"
#include "routes/get_embed.h"
#include "routes/get_me.h"
#include "routes/get_plain.h"
#include "routes/get_poll.h"
#include "routes/get_status.h"
#include "routes/get_stream.h"
#include "routes/handler.h"
#include "routes/poll_program.h"
#include "site/limiter.h"
#include "site/site.h"
#include "wait/waiting.h"
#include "web/request.h"
#include "web/route.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"poll", REQUEST_GET | REQUEST_HEAD, CHAT_READER, get_poll},
    {"stream", REQUEST_GET | REQUEST_HEAD, CHAT_READER, get_stream},
    {"plain", REQUEST_GET | REQUEST_HEAD, CHAT_READER, get_plain},
    {"/me", REQUEST_GET | REQUEST_HEAD, CHAT_NOBODY, get_me},
    {"/desk", REQUEST_GET | REQUEST_HEAD, CHAT_MODERATOR, get_desk},
    {"embed", REQUEST_GET | REQUEST_HEAD, CHAT_NOBODY, get_embed},
    {"status", REQUEST_GET | REQUEST_HEAD, CHAT_NOBODY, get_status},
    {"doctor", REQUEST_GET | REQUEST_HEAD | REQUEST_POST, CHAT_NOBODY, get_doctor},
    /* Reserved for later versions: answered with 404. */
    {"rooms", 0, CHAT_NOBODY, NULL},
    {"who", 0, CHAT_NOBODY, NULL},
    {"search", 0, CHAT_NOBODY, NULL},
    {NULL, 0, CHAT_NOBODY, NULL},
};

static void handle(struct request *request, void *context)
{
    struct poll_program *p = context;
    const struct conf *conf = site_conf(p->site, request_settings(request), NULL);
    waiting_arrived(p->waiting, request, conf);
    limiter_note_cost(site_limiter(p->site), waiting_costs_a_process(p->waiting));
    handler_dispatch(routes, request, p->site, conf, p);
}

static size_t body_limit(struct request *request, void *context)
{
    (void)context;
    return request_method(request) == REQUEST_POST ? DOCTOR_BODY_MAX : 0;
}

static void stop(void *context)
{
    struct poll_program *p = context;
    waiting_stop(p->waiting);
}

static bool is_surplus(void *context)
{
    struct poll_program *p = context;
    site_look_after(p->site);
    return waiting_is_surplus(p->waiting);
}

int main(void)
{
    struct poll_program p = {.fastcgi = serve_is_fastcgi(), .began_ms = clock_mono_ms()};
    const struct news news = {
        .render = get_poll_render,
        .events = get_stream_events,
        .heartbeat = get_stream_heartbeat,
        .context = &p,
    };
    const struct serve how = {.handle = handle,
                              .body_limit = body_limit,
                              .stop = stop,
                              .is_surplus = is_surplus,
                              .context = &p,
                              .threads = site_threads()};
    log_program("poll");
    p.site = site_new(STORE_READ, !p.fastcgi, serve_stopping());
    handler_count_answers(p.site);
    site_guard_log(p.site);
    p.waiting = waiting_new(p.site, p.fastcgi, &news);
    int status = serve(&how);
    if (!p.fastcgi) {
        waiting_free(p.waiting);
        site_free(p.site);
    }
    return status;
}
