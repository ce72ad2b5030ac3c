/* waiters.c - see waiters.h. */
#include "wait/private/waiters.h"

#include "base/buf.h"
#include "base/clock.h"
#include "system/loop.h"
#include "web/answer_writer.h"
#include "web/shared_bytes.h"
#include "web/shared_output.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    TOLD_TOGETHER = 64,
    STALL_MS = 60000, /* for a stream whose peer takes nothing of what it is sent */
    LATE_MS = 60000,  /* for one that has not taken everything when its time is up */
};

static void link_to(struct waiter **list, struct waiter *w)
{
    w->previous = NULL;
    w->next = *list;
    if (*list != NULL) {
        (*list)->previous = w;
    }
    *list = w;
}

static void unlink_from(struct waiter **list, const struct waiter *w)
{
    *(w->previous != NULL ? &w->previous->next : list) = w->next;
    if (w->next != NULL) {
        w->next->previous = w->previous;
    }
}

void waiters_leave_question(struct park *p, struct waiter *w)
{
    struct question *a = w->question;
    unlink_from(&a->waiters, w);
    w->question = NULL;
    if (a->waiters == NULL) {
        questions_drop(&p->questions, a);
    }
}

void waiters_join_question(struct waiter *w, struct question *a)
{
    w->question = a;
    link_to(&a->waiters, w);
}

void waiters_stop(struct park *p, struct waiter *w)
{
    if (w->question == NULL) {
        return;
    }
    waiters_leave_question(p, w);
    atomic_fetch_sub(&p->unanswered, 1);
    p->options.left(p->options.context, w->over_at != 0, w->token);
}

static void forget(struct park *p, struct waiter *w)
{
    waiters_stop(p, w);
    deadlines_remove(&p->deadlines, &w->due);
    unsent_drop(&w->unsent);
    free(w);
}

void waiters_end(struct park *p, struct waiter *w)
{
    close(w->request.connection);
    wait_limit_give_back(&p->places, w->client);
    forget(p, w);
}

static void give_back_place(void *park, uint32_t client)
{
    struct park *p = park;
    wait_limit_give_back(&p->places, (uint16_t)client);
}

void waiters_say_end(const struct waiter *w)
{
    struct buf end;
    buf_init(&end, BUF_UNLIMITED);
    fcgi_request_end(&end, w->request.id);
    if (w->unsent.bytes == NULL) {
        fcgi_request_write(&w->request, end.bytes, end.length);
    }
    buf_fini(&end);
}

int64_t waiters_beat_after(const struct park *p, const struct waiter *w, int64_t from)
{
    int64_t beat = from + p->options.heartbeat_ms;
    return beat < w->over_at ? beat : w->over_at;
}

int64_t waiters_next_beat(const struct park *p, const struct waiter *w)
{
    return waiters_beat_after(p, w, w->unsent.moved_at);
}

void waiters_report_told(struct park *p)
{
    if (p->told > 0) {
        p->options.told(p->options.context, p->told);
        p->told = 0;
    }
}

/* The last that w is told. What the peer doesn't take at once is no longer the park's. A place with a
 * token is one of few, so the peer's next request must find it free before a byte is written; others
 * count until the connection is closed, as they bound the descriptors. */
static void tell_last(struct park *p, struct waiter *w, struct shared_bytes *b)
{
    bool is_of_few = w->token >= 0;
    const struct answer_writer_done done = {.call = is_of_few ? NULL : give_back_place, .context = p, .tag = w->client};
    const struct fcgi_request request = w->request;
    if (is_of_few) {
        wait_limit_give_back(&p->places, w->client);
    }
    loop_remove(p->loop, request.connection);
    forget(p, w);
    answer_writer_send(request, b, &done);
}

/* A stream's peer is slow: the bytes are kept, and the others go on. False: w is gone, as too much
 * is kept for slow peers already. */
static bool keep_unsent(struct park *p, struct waiter *w)
{
    if (shared_bytes_are_too_many()) {
        waiters_end(p, w);
        return false;
    }
    deadlines_move(&p->deadlines, &w->due, clock_mono_ms() + UNSENT_LOOK_MS);
    loop_want_write(p->loop, w->request.connection, w, true);
    return true;
}

bool waiters_tell(struct park *p, struct waiter *w, struct shared_output *m)
{
    struct shared_bytes *b = shared_output_framed(m, w->request.id);
    if (p->woken && ++p->told == TOLD_TOGETHER) {
        waiters_report_told(p);
    }
    if (m->last) {
        tell_last(p, w, b);
        return false;
    }
    enum unsent_left left = unsent_start(&w->unsent, &w->request, b);
    if (left == UNSENT_GONE) {
        waiters_end(p, w);
        return false;
    }
    return left == UNSENT_NOTHING || keep_unsent(p, w);
}

void waiters_write_more(struct park *p, struct waiter *w)
{
    switch (unsent_write(&w->unsent, &w->request)) {
    case UNSENT_GONE:
        waiters_end(p, w);
        break;
    case UNSENT_NOTHING:
        deadlines_move(&p->deadlines, &w->due, waiters_next_beat(p, w));
        loop_want_write(p->loop, w->request.connection, w, false);
        questions_mark(&p->questions, w->question); /* news was not written to it meanwhile */
        break;
    case UNSENT_SOME:
        break;
    }
}

void waiters_look_at_slow(struct park *p, struct waiter *w)
{
    int64_t now = clock_mono_ms();
    if (unsent_still_ms(&w->unsent, &w->request, now) >= STALL_MS || now - w->over_at >= LATE_MS) {
        waiters_end(p, w);
    } else {
        deadlines_move(&p->deadlines, &w->due, now + UNSENT_LOOK_MS);
    }
}
