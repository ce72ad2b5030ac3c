/* process_slots.c - see process_slots.h. */
#include "wait/private/process_slots.h"

#include "shared/poll_load.h"
#include "shared/slots.h"
#include "system/allowance.h"
#include "system/conf.h"
#include "system/process_limit.h"

enum {
    SPARE = 4,           /* idle processes that stay: a poll on the timer takes one for a millisecond or two */
    LEAVE_MS = 1000,     /* between two processes that leave */
    TRIAL_S = 10,        /* longest time for which a trial keeps the last process from other requests */
    CROWDED_TRIAL_S = 3, /* the same while other clients are known to wait for their turn */
    PAUSE_S = 2,         /* between two trials; mod_fcgid looks for a free process once a second */
    PAUSE_MOST_S = 60,   /* the same after trials that brought no process */
    FEWEST = 1,          /* polls that may always wait */
    FEW_BY_CGI = 2,
    SLOW_US = 20000, /* a host is slow where a poll takes so long */
    CGI_S = 90,      /* longer than a plain CGI process lives */
};

static struct slots_request slot_for(const struct process_slots_request *r)
{
    return (struct slots_request){
        .client = r->client, .most = r->allowed->most, .most_per_client = r->allowed->most_per_client};
}

/* How many processes of poll must be free. */
static unsigned free_needed(const struct slots_count *n)
{
    return n->has_sender ? 1 : 2;
}

/* The slot is taken first, and then the slots are counted: two requests at once may both count one
 * too many, but never one too few. */
static int take_in_lasting_process(struct bell *b, const struct process_slots_request *r, unsigned *seconds)
{
    const struct slots_request slot = slot_for(r);
    int token = slots_take(b, &slot, *seconds);
    if (token < 0 || r->conf->max_held != CONF_AUTO) {
        return token;
    }
    const struct slots_count n = slots_count(b);
    if (n.holding <= FEWEST || n.there >= n.holding + free_needed(&n)) {
        return token;
    }
    unsigned trial = n.turned_away > 1 ? CROWDED_TRIAL_S : TRIAL_S;
    if (slots_try(b, n.there, trial, PAUSE_S, PAUSE_MOST_S)) {
        *seconds = *seconds < trial ? *seconds : trial;
        return token;
    }
    slots_release(b, token);
    return -1;
}

/* How many polls may wait by plain CGI where `seen` processes were there at once; at most `cap`. */
static unsigned few_of(unsigned seen, unsigned cap)
{
    unsigned few = seen / 2 > FEW_BY_CGI ? (seen - 1) / 2 : FEW_BY_CGI;
    return few < cap ? few : cap;
}

static int take_by_cgi(struct bell *b, const struct process_slots_request *r, unsigned seconds)
{
    struct slots_request slot = slot_for(r);
    if (r->conf->max_held == CONF_AUTO) {
        (void)slots_join(b, CGI_S); /* until it ends */
        unsigned seen = slots_show(b, slots_count(b).there);
        /* on a slow host processes overlap anyway, so their number says nothing */
        slot.most = few_of(poll_load_average(b) < SLOW_US ? seen : 0, slot.most);
    }
    return slots_take(b, &slot, seconds);
}

int process_slots_take(struct bell *b, const struct process_slots_request *r, unsigned *seconds)
{
    return r->stays ? take_in_lasting_process(b, r, seconds) : take_by_cgi(b, r, *seconds);
}

bool process_slots_are_free(const struct bell *b, const struct process_slots_request *r)
{
    struct slots_request slot = slot_for(r);
    const struct slots_count n = slots_count(b);
    bool is_free = true;
    if (r->conf->max_held == CONF_AUTO && r->stays) {
        is_free = n.holding < FEWEST || n.there > n.holding + free_needed(&n);
    } else if (r->conf->max_held == CONF_AUTO) {
        slot.most = few_of(poll_load_average(b) < SLOW_US ? slots_shown(b) : 0, slot.most);
    }
    return is_free && slots_are_free(b, &slot);
}

bool process_slots_leave(struct bell *b, int token, const struct conf *conf)
{
    const struct slots_count n = slots_count(b);
    /* without a process of send, this one may keep the host from starting one */
    bool is_in_the_way = conf->max_held == CONF_AUTO && !n.has_sender && n.there >= n.holding + 2;
    return (n.there > process_limit_polls(conf) + SPARE || is_in_the_way) && slots_leave(b, token, LEAVE_MS);
}
