/* arrivals.c - see arrivals.h. */
#include "web/private/arrivals.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/deadlines.h"
#include "base/err.h"
#include "base/log.h"
#include "system/budget.h"
#include "system/loop.h"
#include "web/private/body_limits.h"
#include "web/private/fcgi_reader.h"
#include "web/private/web_fcgi.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 64,
    BYTES = 64 * 1024,
    /* connections that are accepted between two looks at those that came before */
    STREAK = 64,
    LATE_READS = 8, /* of BYTES, when the time of a request is over: more than a socket holds */
    TELL_MS = 60000,
    PRESSING = 256,  /* requests without a pause; some milliseconds */
    TAKEN_IN = 4096, /* connections that are accepted ahead */
    /* for a request's parameters; web servers have all of them before they connect */
    HEAD_MS = 10000,
    SLOW_MS = 5000,    /* a body that has been coming for this long may be cut off */
    CUT_MS = 500,      /* the same for any request when descriptors are short */
    PAUSE_MS = 5000,   /* longest time that a body waits for its part of the budget */
    RETRY_MS = 10,     /* between two looks whether it is there */
    BREATH_MS = 5,     /* before another attempt to accept, when descriptors are short */
    LONGEST_MS = 60000 /* between two looks at anything */
};

/* A connection whose request is still coming. */
struct arrival {
    struct deadline due; /* first: a pointer to it is a pointer to its struct arrival */
    struct arrival *older;
    struct arrival *newer;
    int connection;
    /* it is in the list, in the heap of deadlines and, unless paused, in the loop */
    bool is_waiting;
    bool is_paused;
    bool wants_body;
    bool is_too_large; /* by its Content-Length */
    unsigned late_reads;
    /* monotonic ms: when the request, and then when its body began to come */
    int64_t began;
    int64_t announced;       /* bytes of the body; -1: unknown */
    uint64_t received;       /* bytes in all */
    struct request *request; /* NULL: its parameters are still coming */
    struct fcgi_reader reader;
};

struct arrivals {
    struct arrivals_options options;
    struct loop *loop;
    struct deadlines deadlines;
    struct arrival *oldest;
    struct arrival *newest;
    struct arrival *spare; /* for the next connection; NULL: none */
    size_t paused;
    size_t counted;    /* bytes of the budget that these take */
    int64_t retry_at;  /* monotonic ms: when to look at the paused ones again */
    bool may_accept;   /* the backlog may hold a connection */
    unsigned streak;   /* connections that were accepted since the last look at those before */
    unsigned unrested; /* requests that were returned since the last time that none was there */
    atomic_bool stopping;
    bool refuses;    /* no connections come any more; set before stopping */
    bool has_looked; /* into the backlog, since stopping */
    int64_t told_at; /* monotonic ms: when the lack of descriptors was logged; 0: never */
    size_t event_at;
    size_t event_count;
    struct loop_event events[EVENTS];
    size_t taken_first;
    size_t taken_count;
    int taken[TAKEN_IN];
    char bytes[BYTES];
};

struct arrivals *arrivals_new(const struct arrivals_options *options, struct err *e)
{
    struct arrivals *a = ck_calloc(1, sizeof *a);
    a->options = *options;
    deadlines_init(&a->deadlines);
    a->loop = loop_new(e);
    if (a->loop == NULL || loop_add(a->loop, WEB_FCGI_LISTENING, a, e) != 0) {
        loop_free(a->loop);
        free(a);
        return NULL;
    }
    a->may_accept = true;
    return a;
}

void arrivals_stop(struct arrivals *a, bool refuses)
{
    a->refuses = refuses;
    atomic_store(&a->stopping, true);
    loop_wake(a->loop);
}

/* ---- which ones are waiting ---- */

static void join_list(struct arrivals *a, struct arrival *in)
{
    in->older = a->newest;
    in->newer = NULL;
    *(a->newest != NULL ? &a->newest->newer : &a->oldest) = in;
    a->newest = in;
}

static void leave_list(struct arrivals *a, struct arrival *in)
{
    *(in->older != NULL ? &in->older->newer : &a->oldest) = in->newer;
    *(in->newer != NULL ? &in->newer->older : &a->newest) = in->older;
}

static void resume(struct arrivals *a, struct arrival *in)
{
    if (in->is_paused) {
        in->is_paused = false;
        a->paused--;
    }
}

/* Events that the loop has reported already must not name it any more. */
static void forget_events(struct arrivals *a, const struct arrival *in)
{
    for (size_t i = a->event_at; i < a->event_count; i++) {
        if (a->events[i].tag == in) {
            a->events[i].tag = NULL;
        }
    }
}

/* Its part of the budget is the request's business from here on. */
static void hand_over_budget(struct arrivals *a, const struct arrival *in)
{
    a->counted -= in->request != NULL ? in->request->counted : 0;
}

static void stop_waiting(struct arrivals *a, struct arrival *in)
{
    if (in->is_waiting) {
        in->is_waiting = false;
        resume(a, in);
        leave_list(a, in);
        deadlines_remove(&a->deadlines, &in->due);
        loop_remove(a->loop, in->connection);
        forget_events(a, in);
    }
}

static struct arrival *make(struct arrivals *a, int connection)
{
    struct arrival *in = a->spare != NULL ? a->spare : ck_malloc(sizeof *in);
    a->spare = NULL;
    memset(in, 0, sizeof *in);
    in->connection = connection; /* most are complete at once, and need no clock */
    fcgi_reader_init(&in->reader);
    return in;
}

static void dispose(struct arrivals *a, struct arrival *in)
{
    fcgi_reader_fini(&in->reader);
    free(a->spare);
    a->spare = in;
}

/* Cuts the peer off. */
static void drop(struct arrivals *a, struct arrival *in)
{
    stop_waiting(a, in);
    hand_over_budget(a, in);
    if (in->request != NULL) {
        web_fcgi_drop(in->request);
    }
    close(in->connection);
    dispose(a, in);
}

static struct request *give(struct arrivals *a, struct arrival *in, enum web_carrier_body state)
{
    struct request *request = in->request;
    stop_waiting(a, in);
    hand_over_budget(a, in);
    web_fcgi_give(request, &in->reader, state);
    dispose(a, in);
    return request;
}

/* All bytes of the body that were announced. Only its end may be missing, which is of no use to the
 * handler. */
static bool has_all(const struct arrival *in)
{
    return in->announced >= 0 && in->reader.body.length >= (uint64_t)in->announced;
}

/* When it must be complete. */
static int64_t due_at(const struct arrival *in)
{
    if (in->request == NULL) {
        return in->began + HEAD_MS;
    }
    if (!in->wants_body || has_all(in)) {
        return in->began + BODY_LIMITS_DRAIN_MS;
    }
    int64_t length = in->announced >= 0 ? in->announced : (int64_t)in->reader.body.length;
    return in->began + BODY_LIMITS_MS + length / BODY_LIMITS_BYTES_PER_MS;
}

/* Leaves it to the loop until more of it comes. */
static void wait_for_more(struct arrivals *a, struct arrival *in)
{
    if (in->is_waiting) {
        deadlines_move(&a->deadlines, &in->due, due_at(in));
        return;
    }
    in->is_waiting = true;
    in->began = clock_mono_ms();
    in->due.at = due_at(in);
    join_list(a, in);
    deadlines_add(&a->deadlines, &in->due);
    if (loop_add(a->loop, in->connection, in, NULL) != 0) { /* the kernel is out of memory */
        drop(a, in);
    }
}

/* Cuts off the connection that has been coming for the longest time, if that is so long. */
static bool cut_oldest(struct arrivals *a, int age_ms)
{
    bool cuts = a->oldest != NULL && clock_mono_ms() - a->oldest->began >= age_ms;
    if (cuts) {
        drop(a, a->oldest);
    }
    return cuts;
}

/* ---- the budget ---- */

/* The oldest of those whose body takes a part of the budget. */
static struct arrival *first_counted(const struct arrivals *a)
{
    struct arrival *first = a->oldest;
    while (first != NULL && (first->request == NULL || first->request->counted == 0)) {
        first = first->newer;
    }
    return first;
}

/* Bodies of this length need not be counted: if as much came of each request that is coming, they
 * would take no more than one budget together. */
static bool is_small(const struct arrivals *a, size_t length)
{
    return length <= BUDGET_SMALL && length * (a->deadlines.count + 1) <= budget_part(BUDGET_BYTES);
}

/* Counts what has come of the body, and the copies made of it, as in work. False: too much is. */
static bool count_body(struct arrivals *a, struct arrival *in)
{
    struct request *request = in->request;
    size_t length = in->reader.body.length;
    size_t wanted = is_small(a, length) ? 0 : length * BODY_LIMITS_COPIES;
    if (wanted <= request->counted) {
        return true;
    }
    size_t more = wanted - request->counted;
    bool is_taken = budget_take(more, request->counted);
    struct arrival *first = is_taken ? NULL : first_counted(a);
    if (!is_taken && first != NULL && first != in && clock_mono_ms() - first->began >= SLOW_MS) {
        drop(a, first);
        first = first_counted(a);
        is_taken = budget_take(more, request->counted);
    }
    if (!is_taken && (first == NULL || first == in)) {
        /* The first one goes on, unless whole requests have the budget: they give it back. */
        is_taken = budget_take(more, a->counted);
    }
    request->counted += is_taken ? more : 0;
    a->counted += is_taken ? more : 0;
    return is_taken;
}

static void pause_body(struct arrivals *a, struct arrival *in)
{
    wait_for_more(a, in);
    if (in->is_waiting && !in->is_paused) {
        in->is_paused = true;
        a->paused++;
        loop_remove(a->loop, in->connection);
        deadlines_move(&a->deadlines, &in->due, clock_mono_ms() + PAUSE_MS);
    }
}

/* ---- reading ---- */

/* The parameters are complete. False: they are malformed. */
static bool begin_body(struct arrivals *a, struct arrival *in)
{
    in->request = web_fcgi_new(in->connection, &in->reader);
    if (in->request == NULL) {
        return false;
    }
    size_t limit = a->options.body_limit(in->request, a->options.context);
    in->wants_body = limit > 0;
    if (body_limits_announced(in->request, &in->announced, NULL) != 0) {
        in->announced = -1; /* the handler reports it */
    }
    in->is_too_large = in->wants_body && in->announced >= 0 && (uint64_t)in->announced > limit;
    if (!in->is_too_large) {
        in->reader.body.limit = in->wants_body && in->announced >= 0 ? (size_t)in->announced : limit;
    }
    in->began = in->is_waiting ? clock_mono_ms() : in->began;
    return true;
}

/* Adds what has come of the body to the budget, or lets it wait for that. */
static struct request *go_on(struct arrivals *a, struct arrival *in)
{
    if (!count_body(a, in)) {
        pause_body(a, in);
        return NULL;
    }
    if (in->reader.stage == FCGI_READER_WHOLE) {
        return give(a, in, WEB_CARRIER_WHOLE);
    }
    wait_for_more(a, in);
    return NULL;
}

/* What becomes of it after some bytes. A request to be handled, or NULL. */
static struct request *proceed(struct arrivals *a, struct arrival *in)
{
    if (in->request == NULL) {
        if (in->reader.stage == FCGI_READER_HEAD) {
            wait_for_more(a, in);
        } else {
            drop(a, in);
        }
        return NULL;
    }
    if (in->is_too_large || (in->wants_body && in->announced < 0 && in->reader.body.over)) {
        return give(a, in, WEB_CARRIER_TOO_LARGE);
    }
    if (in->reader.stage == FCGI_READER_BROKEN) {
        return give(a, in, has_all(in) ? WEB_CARRIER_WHOLE : WEB_CARRIER_BROKEN);
    }
    if (!in->wants_body && in->received > BODY_LIMITS_DRAIN_BYTES) {
        return give(a, in, WEB_CARRIER_WHOLE);
    }
    return go_on(a, in);
}

static void take(struct arrivals *a, struct arrival *in, size_t length)
{
    size_t used = 0;
    while (used < length && in->reader.stage < FCGI_READER_WHOLE) {
        used += fcgi_reader_take(&in->reader, a->bytes + used, length - used);
        if (in->request == NULL && in->reader.stage != FCGI_READER_HEAD &&
            (in->reader.stage == FCGI_READER_BROKEN || !begin_body(a, in))) {
            in->reader.stage = FCGI_READER_BROKEN;
        }
    }
}

/* Reads what has come. A request to be handled, or NULL. */
static struct request *receive(struct arrivals *a, struct arrival *in)
{
    ssize_t count = 0;
    do {
        count = recv(in->connection, a->bytes, sizeof a->bytes, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
        in->received += (uint64_t)count;
        take(a, in, (size_t)count);
    } else if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
        in->reader.stage = FCGI_READER_BROKEN;
    }
    return proceed(a, in);
}

/* ---- what is next ---- */

static bool is_paused(const struct arrival *in)
{
    return in->is_paused;
}

static struct request *handle_event(struct arrivals *a)
{
    struct loop_event *event = &a->events[a->event_at++];
    if (event->tag == a) {
        a->may_accept = true;
    } else if (event->tag != NULL && !is_paused(event->tag)) { /* it may have been paused since the report */
        return receive(a, event->tag);
    }
    return NULL;
}

static bool is_nothing_to_accept(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK || code == EINTR || code == ECONNABORTED || code == EPROTO;
}

static int next_connection(struct arrivals *a)
{
    if (a->taken_count > 0) {
        int connection = a->taken[a->taken_first];
        a->taken_first = (a->taken_first + 1) % TAKEN_IN;
        a->taken_count--;
        return connection;
    }
    return web_fcgi_accept();
}

/* Descriptors are short. */
static void hold_off(struct arrivals *a)
{
    a->streak = STREAK; /* those that came before may free some */
    if (!cut_oldest(a, CUT_MS)) {
        clock_sleep_ms(BREATH_MS);
    }
}

static void tell(struct arrivals *a, int code)
{
    int64_t now = clock_mono_ms();
    if (a->told_at == 0 || now - a->told_at >= TELL_MS) {
        a->told_at = now;
        log_line("can't accept a connection: %s", strerror(code));
    }
}

static struct request *accept_next(struct arrivals *a)
{
    if (a->deadlines.count >= a->options.most) {
        hold_off(a);
        return NULL;
    }
    int connection = next_connection(a);
    if (connection >= 0) {
        a->streak++;
        return receive(a, make(a, connection));
    }
    a->may_accept = false; /* the loop reports what is there */
    if (!is_nothing_to_accept(errno)) {
        tell(a, errno);
        hold_off(a);
    }
    return NULL;
}

static bool has_input(const struct arrival *in)
{
    char byte = 0;
    return recv(in->connection, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0;
}

/* The time of the first one is over. What came while this thread did something else counts. */
static struct request *expire(struct arrivals *a, struct arrival *in)
{
    if (!in->is_paused && in->late_reads < LATE_READS && has_input(in)) {
        in->late_reads++;
        return receive(a, in);
    }
    if (in->request == NULL) {
        drop(a, in);
        return NULL;
    }
    if (in->is_paused) {
        return give(a, in, WEB_CARRIER_CROWDED);
    }
    return give(a, in, !in->wants_body || has_all(in) ? WEB_CARRIER_WHOLE : WEB_CARRIER_SLOW);
}

/* Lets those go on that waited for the budget, as far as it allows. The first one that is whole, or
 * NULL. */
static struct request *resume_paused(struct arrivals *a)
{
    int64_t now = clock_mono_ms();
    if (now < a->retry_at) {
        return NULL; /* a walk through all of them */
    }
    for (struct arrival *in = a->oldest; in != NULL && a->paused > 0; in = in->newer) {
        if (!in->is_paused) {
            continue;
        }
        if (!count_body(a, in)) {
            break;
        }
        resume(a, in);
        if (in->reader.stage == FCGI_READER_WHOLE) {
            return give(a, in, WEB_CARRIER_WHOLE);
        }
        in->began = now;
        deadlines_move(&a->deadlines, &in->due, due_at(in));
        if (loop_add(a->loop, in->connection, in, NULL) != 0) {
            drop(a, in);
            break;
        }
    }
    a->retry_at = now + RETRY_MS;
    return NULL;
}

static int time_to_wait(const struct arrivals *a, const struct deadline *first)
{
    int64_t left = first != NULL ? first->at - clock_mono_ms() : LONGEST_MS;
    int64_t most = a->paused > 0 ? RETRY_MS : LONGEST_MS;
    return left <= 0 ? 0 : left < most ? (int)left : (int)most;
}

/* Looks at those that wait, then waits until something comes. A request that is ready, or NULL. */
static struct request *wait_for_something(struct arrivals *a)
{
    struct request *request = a->paused > 0 ? resume_paused(a) : NULL;
    if (request != NULL) {
        return request;
    }
    struct deadline *first = deadlines_first(&a->deadlines);
    if (first != NULL && first->at <= clock_mono_ms()) {
        return expire(a, (struct arrival *)first);
    }
    bool may_sleep = !a->may_accept && a->taken_count == 0;
    a->unrested = may_sleep ? 0 : a->unrested;
    a->streak = 0;
    a->event_at = 0;
    a->event_count = 0;
    a->event_count = loop_wait(a->loop, may_sleep ? time_to_wait(a, first) : 0, a->events, EVENTS);
    return NULL;
}

/* The backlog and the connections taken from it are empty, and no request is on its way. */
static bool has_nothing(const struct arrivals *a)
{
    return a->has_looked && !a->may_accept && a->taken_count == 0 && a->deadlines.count == 0;
}

struct request *arrivals_next(struct arrivals *a)
{
    struct request *request = NULL;
    while (request == NULL) {
        if (a->event_at < a->event_count) {
            request = handle_event(a);
        } else if ((a->may_accept || a->taken_count > 0) && a->streak < STREAK) {
            request = accept_next(a);
        } else if (atomic_load(&a->stopping) && !a->has_looked) {
            a->may_accept = true; /* the loop may not have reported the last ones */
            a->has_looked = true;
        } else if (a->has_looked && a->refuses && !a->may_accept) {
            a->refuses = false;
            loop_remove(a->loop, WEB_FCGI_LISTENING); /* the loop would report it for ever */
        } else if (has_nothing(a)) {
            a->has_looked = false;
            return NULL;
        } else {
            request = wait_for_something(a);
        }
    }
    a->unrested++;
    return request;
}

bool arrivals_are_pressing(const struct arrivals *a)
{
    return a->unrested >= PRESSING;
}

void arrivals_take_in(struct arrivals *a)
{
    while (a->taken_count < TAKEN_IN && a->taken_count + a->deadlines.count < a->options.most) {
        int connection = web_fcgi_accept();
        if (connection < 0) {
            return;
        }
        a->taken[(a->taken_first + a->taken_count++) % TAKEN_IN] = connection;
    }
}
