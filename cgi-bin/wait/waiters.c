/* waiters.c - see waiters.h. */
#include "wait/private/waiters.h"

#include "base/clock.h"
#include "system/budget.h"
#include "system/loop.h"
#include "web/answer_writer.h"
#include "web/shared_bytes.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    TOLD_TOGETHER = 64,
    STALL_MS = 60000, /* longest time without progress of a stream's peer */
    LATE_MS = 60000,  /* for a peer that has not taken everything when the stream's time is over */
};

/* ---- the list of a question's waiters ---- */

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

void waiters_leave_question(struct waiters *all, struct waiter *w)
{
    struct question *question = w->question;
    unlink_from(&question->waiters, w);
    w->question = NULL;
    if (question->waiters == NULL) {
        questions_drop(&all->questions, question);
    }
}

void waiters_join_question(struct waiter *w, struct question *question)
{
    w->question = question;
    link_to(&question->waiters, w);
}

/* ---- the end of a wait ---- */

void waiters_stop(struct waiters *all, struct waiter *w)
{
    if (w->question == NULL) {
        return;
    }
    waiters_leave_question(all, w);
    atomic_fetch_sub(&all->unanswered, 1);
    all->left(all->context, w->over_at != 0, w->token);
}

static void forget(struct waiters *all, struct waiter *w)
{
    waiters_stop(all, w);
    deadlines_remove(&all->deadlines, &w->due);
    unsent_drop(&w->unsent);
    free(w);
}

void waiters_end(struct waiters *all, struct waiter *w)
{
    close(w->request.connection);
    wait_limit_give_back(&all->limit, w->client);
    forget(all, w);
}

void waiters_say_end(const struct waiter *w)
{
    struct fcgi_output end;
    fcgi_output_init(&end, true);
    if (w->unsent.bytes == NULL) {
        (void)fcgi_output_write(&end, &w->request, 0);
    }
    fcgi_output_fini(&end);
}

/* ---- what a waiter is sent ---- */

int64_t waiters_beat_after(const struct waiters *all, const struct waiter *w, int64_t from)
{
    int64_t beat = from + all->heartbeat_ms;
    return beat < w->over_at ? beat : w->over_at;
}

int64_t waiters_next_beat(const struct waiters *all, const struct waiter *w)
{
    return waiters_beat_after(all, w, w->unsent.moved_at);
}

void waiters_report_told(struct waiters *all)
{
    if (all->written > 0) {
        all->told(all->context, all->written);
        all->written = 0;
    }
}

static void give_back_limit(void *waiters, uint32_t client)
{
    struct waiters *all = waiters;
    wait_limit_give_back(&all->limit, (uint16_t)client);
}

/* Sends the last output of w, which is gone afterwards: answer_writer.h has its connection. A
 * waiter with a token keeps one of few slots busy, so it stops to count against the limit before a
 * byte is written, and the peer's next request finds room. Another waiter counts until its
 * connection is closed, because the limit bounds the descriptors. */
static void tell_last(struct waiters *all, struct waiter *w, struct shared_bytes *b)
{
    bool is_of_few = w->token >= 0;
    const struct answer_writer_done done = {
        .call = is_of_few ? NULL : give_back_limit, .context = all, .tag = w->client};
    const struct fcgi_request request = w->request;
    if (is_of_few) {
        wait_limit_give_back(&all->limit, w->client);
    }
    loop_remove(all->loop, request.connection);
    forget(all, w);
    answer_writer_send(request, b, &done);
}

/* A stream's peer is slow: its bytes are kept, and the other waiters go on. False: the process
 * keeps too many bytes for slow peers already, and w is gone. */
static bool keep_unsent(struct waiters *all, struct waiter *w)
{
    if (budget_keeps_too_many()) {
        waiters_end(all, w);
        return false;
    }
    deadlines_move(&all->deadlines, &w->due, clock_mono_ms() + UNSENT_LOOK_MS);
    loop_want_write(all->loop, w->request.connection, w, true);
    return true;
}

bool waiters_tell(struct waiters *all, struct waiter *w, struct shared_bytes *b)
{
    if (all->is_ring && ++all->written == TOLD_TOGETHER) {
        waiters_report_told(all);
    }
    if (b->output.is_last) {
        tell_last(all, w, b);
        return false;
    }
    enum unsent_left left = unsent_start(&w->unsent, &w->request, b);
    if (left == UNSENT_GONE) {
        waiters_end(all, w);
        return false;
    }
    return left == UNSENT_NOTHING || keep_unsent(all, w);
}

/* ---- slow peers of streams ---- */

void waiters_write_more(struct waiters *all, struct waiter *w)
{
    switch (unsent_write(&w->unsent, &w->request)) {
    case UNSENT_GONE:
        waiters_end(all, w);
        break;
    case UNSENT_NOTHING:
        deadlines_move(&all->deadlines, &w->due, waiters_next_beat(all, w));
        loop_want_write(all->loop, w->request.connection, w, false);
        questions_mark(&all->questions, w->question); /* there may be news that it was not sent meanwhile */
        break;
    case UNSENT_SOME:
        break;
    }
}

void waiters_look_at_slow(struct waiters *all, struct waiter *w)
{
    int64_t now = clock_mono_ms();
    if (unsent_still_ms(&w->unsent, &w->request, now) >= STALL_MS || now - w->over_at >= LATE_MS) {
        waiters_end(all, w);
    } else {
        deadlines_move(&all->deadlines, &w->due, now + UNSENT_LOOK_MS);
    }
}
