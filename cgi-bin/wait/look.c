/* look.c - see look.h. */
#include "wait/private/look.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "wait/news.h"
#include "wait/private/waiters.h"
#include "web/reply.h"
#include "web/shared_output.h"

#include <stdlib.h>

enum { TURN_MS = 5 /* time slice for streams that catch up, between two checks for news */ };

static void send_last(struct waiters *all, struct waiter *w, struct shared_output *m)
{
    waiters_stop(all, w);
    waiters_tell(all, w, m);
}

/* ---- polls ---- */

/* Answers every waiter of the question, which is freed with the last one; or only one of them. */
static void answer_polls(struct waiters *all, struct question *question, struct waiter *only, const struct reply *r)
{
    struct buf plain;
    struct shared_output m = {.plain = &plain, .last = true};
    buf_init(&plain, BUF_UNLIMITED);
    reply_render(&plain, r, question->common);
    struct waiter *next = NULL;
    for (struct waiter *w = only != NULL ? only : question->waiters; w != NULL; w = next) {
        next = only != NULL ? NULL : w->next;
        reply_count(r->status);
        send_last(all, w, &m);
    }
    shared_output_fini(&m);
    buf_fini(&plain);
}

/* only: one waiter of the question, or NULL for all of them. False: there was no answer. */
static bool look_for_polls(struct waiters *all, struct question *question, struct waiter *only, bool final)
{
    struct reply r;
    reply_init(&r, 200);
    bool found = all->news.render(all->news.context, &question->query, final, &r) > 0;
    if (found) {
        answer_polls(all, question, only, &r);
    }
    reply_fini(&r);
    return found;
}

/* ---- streams ---- */

/* Sends m to all streams that have taken everything before it, and moves them to the question of
 * their new position, which is returned. A stream with something unsent stays with its old question
 * and position. NULL: no stream has moved. */
static struct question *tell_streams(struct waiters *all, struct question *question, const struct query *now,
                                     struct shared_output *m)
{
    struct question *target = questions_get(&all->questions, now, question->common);
    struct waiter *next = NULL;
    CK(target != question); /* news changes the position */
    for (struct waiter *w = question->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->unsent.bytes == NULL && waiters_tell(all, w, m)) {
            waiters_leave_question(all, w);
            waiters_join_question(w, target);
        }
    }
    if (target->waiters == NULL) {
        questions_drop(&all->questions, target);
        return NULL;
    }
    return target;
}

/* Ends all streams of the question after these events; a stream with something unsent is cut off
 * where it is. */
static void end_streams(struct waiters *all, struct question *question, const struct buf *events)
{
    struct shared_output m = {.plain = events, .last = true};
    struct waiter *next = NULL;
    for (struct waiter *w = question->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->unsent.bytes != NULL) {
            waiters_end(all, w);
        } else {
            send_last(all, w, &m);
        }
    }
    shared_output_fini(&m);
}

/* True: some stream has nothing unsent. */
static bool has_ready(const struct question *question)
{
    const struct waiter *w = question->waiters;
    while (w != NULL && w->unsent.bytes != NULL) {
        w = w->next;
    }
    return w != NULL;
}

/* False: there is no news. */
static bool look_for_streams(struct waiters *all, struct question *question)
{
    struct buf events;
    struct shared_output m = {.plain = &events};
    if (!has_ready(question)) {
        return false;
    }
    struct query *now = questions_copy_query(&question->query);
    buf_init(&events, BUF_UNLIMITED);
    enum news_found found = all->news.events(all->news.context, now, &events);
    if (found == NEWS_END) {
        end_streams(all, question, &events);
    } else if (found != NEWS_NONE) {
        struct question *target = tell_streams(all, question, now, &m);
        if (found == NEWS_MORE && target != NULL) {
            questions_mark(&all->questions, target);
        }
    }
    shared_output_fini(&m);
    buf_fini(&events);
    free(now);
    return found != NEWS_NONE;
}

/* ---- waiters that are due ---- */

static void send_heartbeat(struct waiters *all, struct waiter *w)
{
    struct buf bytes;
    struct shared_output m = {.plain = &bytes};
    buf_init(&bytes, BUF_UNLIMITED);
    all->news.heartbeat(all->news.context, &w->question->query, &bytes);
    if (bytes.length > 0 && waiters_tell(all, w, &m) && w->unsent.bytes == NULL) {
        deadlines_move(&all->deadlines, &w->due, waiters_next_beat(all, w));
    }
    shared_output_fini(&m);
    buf_fini(&bytes);
}

/* A stream's time is over, or it was sent nothing for a heartbeat's time. */
static void serve_stream(struct waiters *all, struct waiter *w)
{
    static const struct buf nothing = {0};
    int64_t now = clock_mono_ms();
    if (now >= w->over_at) {
        struct shared_output m = {.plain = &nothing, .last = true};
        send_last(all, w, &m);
        shared_output_fini(&m);
    } else if (waiters_next_beat(all, w) > w->due.at) { /* it was sent something since its deadline was set */
        deadlines_move(&all->deadlines, &w->due, waiters_next_beat(all, w));
    } else {
        deadlines_move(&all->deadlines, &w->due, waiters_beat_after(all, w, now));
        if (!look_for_streams(all, w->question)) {
            send_heartbeat(all, w);
        }
    }
}

void look_at_waiter(struct waiters *all, struct waiter *w)
{
    if (w->unsent.bytes != NULL) {
        waiters_look_at_slow(all, w);
    } else if (w->over_at != 0) {
        serve_stream(all, w);
    } else if (!look_for_polls(all, w->question, w, true)) { /* other polls with its question wait on */
        waiters_end(all, w);                                 /* there is no answer */
    }
}

void look_at_due(struct waiters *all)
{
    int64_t now = clock_mono_ms();
    struct deadline *first = NULL;
    while ((first = deadlines_first(&all->deadlines)) != NULL && first->at <= now) {
        look_at_waiter(all, (struct waiter *)first);
    }
}

/* ---- questions ---- */

void look_at(struct waiters *all, struct question *question)
{
    if (question->query.stream) {
        look_for_streams(all, question);
    } else {
        look_for_polls(all, question, NULL, false);
    }
}

/* A look may end its own question and make a new one, which comes first in the list. It ends no
 * other one, so `next` stays valid. */
void look_at_all(struct waiters *all)
{
    struct question *next = NULL;
    for (struct question *question = all->questions.first; question != NULL; question = next) {
        next = question->next;
        if (!question->marked) {
            look_at(all, question);
        }
    }
}

void look_at_marked(struct waiters *all)
{
    int64_t end = clock_mono_ms() + TURN_MS;
    struct question *question = NULL;
    while (clock_mono_ms() < end && (question = questions_take_marked(&all->questions)) != NULL) {
        look_at(all, question);
    }
}

void look_and_end_all(struct waiters *all)
{
    static const struct buf nothing = {0};
    struct question *next = NULL;
    for (struct question *question = all->questions.first; question != NULL; question = next) {
        next = question->next;
        if (question->query.stream) {
            end_streams(all, question, &nothing);
        } else {
            look_for_polls(all, question, NULL, true);
        }
    }
}
