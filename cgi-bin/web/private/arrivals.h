/* arrivals.h - the connections whose request is still coming, and which request is next.
 *
 * A request gets a thread when it has come as a whole: its parameters and its body. Until then it
 * is a descriptor, what has come of it, and a deadline. So slow or hostile peers keep no thread
 * busy, however many they are. A request that comes in one piece, as nearly all do, costs nothing
 * more: it is accepted, read and returned. A request is returned without its whole body as soon as
 * its answer is certain: the body is longer than its handler reads, came too slowly, or broke off
 * (web_carrier.h, enum web_carrier_body). A peer that sends no complete parameters within ten
 * seconds is cut off. Memory: bodies are counted in the process's budget (budget.h) as they come,
 * small ones only while very many are coming. When that is used up, bodies wait in the order of
 * their arrival, and the kernel's buffers stop their peers. The first of them goes on as soon as no
 * whole request takes a part, unless it has been coming for five seconds: then it is cut off. When
 * descriptors are short, the connection whose request has been coming for the longest time is cut
 * off, if that is half a second or more.
 * Threads: one at a time, the leader (crew.h); arrivals_stop any.
 */
#ifndef ARRIVALS_H
#define ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>

struct arrivals;
struct err;
struct request;

struct arrivals_options {
    /* The longest body that the handler of this request reads; 0: none, and what comes is dropped.
     * Must not take long: no other request is read meanwhile. */
    size_t (*body_limit)(struct request *request, void *context);
    void *context;
    size_t most; /* connections at a time */
};

/* NULL with ERR_SYSTEM. Lives as long as the process. */
struct arrivals *arrivals_new(const struct arrivals_options *options, struct err *e);

/* Waits for the next request. The caller owns it. NULL: arrivals_stop was called, the backlog is
 * empty, and no request is on its way. The next call looks again. */
struct request *arrivals_next(struct arrivals *a);

/* True when requests have come without a pause for some milliseconds. */
bool arrivals_are_pressing(const struct arrivals *a);

/* Accepts all connections that are in the system's queue, which is short: web servers answer with
 * an error when it is full. For a leader that can't look after them for a while. */
void arrivals_take_in(struct arrivals *a);

/* From now on arrivals_next returns NULL as soon as nothing is left. refuses: no more connections
 * come, as web_fcgi_refuse has seen to it. Call it once. */
void arrivals_stop(struct arrivals *a, bool refuses);

#endif
