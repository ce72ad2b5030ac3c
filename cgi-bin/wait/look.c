/* look.c - see look.h. */
#include "wait/private/look.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "wait/news.h"
#include "wait/private/waiters.h"
#include "web/reply.h"
#include "web/shared_bytes.h"

#include <stdlib.h>

enum { TURN_MS = 5 /* time slice for streams that catch up, between two checks for news */ };

static void send_last(struct waiters *all, struct waiter *w, struct shared_bytes *b)
{
    waiters_stop(all, w);
    waiters_tell(all, w, b);
}

/* ---- polls ---- */

/* Answers every waiter of the question, which is freed with the last one; or only one of them. */
static void answer_polls(struct waiters *all, struct question *question, struct waiter *only, struct reply *r)
{
    struct fcgi_output answer;
    fcgi_output_init(&answer, true);
    reply_render(&answer.head, &answer.body, r, question->common);
    struct shared_bytes *b = shared_bytes_new(&answer);
    struct waiter *next = NULL;
    for (struct waiter *w = only != NULL ? only : question->waiters; w != NULL; w = next) {
        next = only != NULL ? NULL : w->next;
        reply_count(r->status);
        send_last(all, w, b);
    }
    shared_bytes_release(b);
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

/* Takes the bytes of a stream's events. is_last: the stream ends with them. */
static struct shared_bytes *share(struct buf *events, bool is_last)
{
    struct fcgi_output output;
    fcgi_output_init(&output, is_last);
    buf_move(&output.body, events);
    return shared_bytes_new(&output);
}

static struct shared_bytes *share_nothing(void)
{
    struct buf nothing;
    buf_init(&nothing, 0);
    return share(&nothing, true);
}

/* Sends b to all streams that have taken everything before it, and moves them to the question of
 * their new position, which is returned. A stream with something unsent stays with its old question
 * and position. NULL: no stream has moved. */
static struct question *tell_streams(struct waiters *all, struct question *question, const struct query *now,
                                     struct shared_bytes *b)
{
    struct question *target = questions_get(&all->questions, now, question->common);
    struct waiter *next = NULL;
    CK(target != question); /* news changes the position */
    for (struct waiter *w = question->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->unsent.bytes == NULL && waiters_tell(all, w, b)) {
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
static void end_streams(struct waiters *all, struct question *question, struct shared_bytes *b)
{
    struct waiter *next = NULL;
    for (struct waiter *w = question->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->unsent.bytes != NULL) {
            waiters_end(all, w);
        } else {
            send_last(all, w, b);
        }
    }
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
    if (!has_ready(question)) {
        return false;
    }
    struct query *now = questions_copy_query(&question->query);
    buf_init(&events, BUF_UNLIMITED);
    enum news_found found = all->news.events(all->news.context, now, &events);
    struct shared_bytes *b = found != NEWS_NONE ? share(&events, found == NEWS_END) : NULL;
    if (found == NEWS_END) {
        end_streams(all, question, b);
    } else if (found != NEWS_NONE) {
        struct question *target = tell_streams(all, question, now, b);
        if (found == NEWS_MORE && target != NULL) {
            questions_mark(&all->questions, target);
        }
    }
    shared_bytes_release(b);
    buf_fini(&events);
    free(now);
    return found != NEWS_NONE;
}

/* ---- waiters that are due ---- */

static void send_heartbeat(struct waiters *all, struct waiter *w)
{
    struct buf bytes;
    buf_init(&bytes, BUF_UNLIMITED);
    all->news.heartbeat(all->news.context, &w->question->query, &bytes);
    struct shared_bytes *b = bytes.length > 0 ? share(&bytes, false) : NULL;
    if (b != NULL && waiters_tell(all, w, b) && w->unsent.bytes == NULL) {
        deadlines_move(&all->deadlines, &w->due, waiters_next_beat(all, w));
    }
    shared_bytes_release(b);
}

/* A stream's time is over, or it was sent nothing for a heartbeat's time. */
static void serve_stream(struct waiters *all, struct waiter *w)
{
    int64_t now = clock_mono_ms();
    if (now >= w->over_at) {
        struct shared_bytes *end = share_nothing();
        send_last(all, w, end);
        shared_bytes_release(end);
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
    struct shared_bytes *end = share_nothing();
    struct question *next = NULL;
    for (struct question *question = all->questions.first; question != NULL; question = next) {
        next = question->next;
        if (question->query.stream) {
            end_streams(all, question, end);
        } else {
            look_for_polls(all, question, NULL, true);
        }
    }
    shared_bytes_release(end);
}
