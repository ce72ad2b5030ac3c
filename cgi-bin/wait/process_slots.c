/* process_slots.c - see process_slots.h. */
#include "wait/private/process_slots.h"

#include "shared/poll_load.h"
#include "shared/slots.h"
#include "system/allowance.h"
#include "system/conf.h"
#include "system/process_limit.h"

enum {
    SPARE = 4,           /* idle processes that stay: a poll on the timer takes one for a millisecond or two */
    LEAVE_MS = 1000,     /* between two that leave */
    TRIAL_S = 10,        /* longest time that a trial keeps the last process from other requests */
    CROWDED_TRIAL_S = 3, /* the same while other clients are known to wait for their turn */
    PAUSE_S = 2,         /* between two trials; mod_fcgid looks for a free process once a second */
    PAUSE_MOST_S = 60,   /* the same after trials in vain */
    FEWEST = 1,          /* polls that may always be held */
    FEW_BY_CGI = 2,
    SLOW_US = 20000, /* a host on which a poll takes so long is a slow one */
    CGI_S = 90,      /* longer than a plain CGI process lives */
};

static struct slots_request place_for(const struct process_slots_request *r)
{
    return (struct slots_request){
        .client = r->client, .most = r->allowed->most, .most_per_client = r->allowed->most_per_client};
}

/* How many processes of poll that hold none must be there. */
static unsigned free_needed(const struct slots_count *c)
{
    return c->has_sender ? 1 : 2;
}

/* The place is taken first and counted then: two requests at once may both count one too many, but
 * never one too few. */
static int hold_and_stay(struct bell *b, const struct process_slots_request *r, unsigned *seconds)
{
    const struct slots_request place = place_for(r);
    int token = slots_take(b, &place, *seconds);
    if (token < 0 || r->conf->max_held != CONF_AUTO) {
        return token;
    }
    const struct slots_count crew = slots_count(b);
    if (crew.holding <= FEWEST || crew.there >= crew.holding + free_needed(&crew)) {
        return token;
    }
    unsigned trial = crew.turned_away > 1 ? CROWDED_TRIAL_S : TRIAL_S;
    if (slots_try(b, crew.there, trial, PAUSE_S, PAUSE_MOST_S)) {
        *seconds = *seconds < trial ? *seconds : trial;
        return token;
    }
    slots_release(b, token);
    return -1;
}

/* How many polls may be held where `seen` processes were there at once; at most `cap`. */
static unsigned few_of(unsigned seen, unsigned cap)
{
    unsigned few = seen / 2 > FEW_BY_CGI ? (seen - 1) / 2 : FEW_BY_CGI;
    return few < cap ? few : cap;
}

static int hold_by_cgi(struct bell *b, const struct process_slots_request *r, unsigned seconds)
{
    struct slots_request place = place_for(r);
    if (r->conf->max_held == CONF_AUTO) {
        (void)slots_join(b, CGI_S); /* until it ends */
        unsigned seen = slots_show(b, slots_count(b).there);
        place.most = few_of(poll_load_average(b) < SLOW_US ? seen : 0,
                            place.most); /* on a slow host they overlap anyway */
    }
    return slots_take(b, &place, seconds);
}

int process_slots_hold(struct bell *b, const struct process_slots_request *r, unsigned *seconds)
{
    return r->stays ? hold_and_stay(b, r, seconds) : hold_by_cgi(b, r, *seconds);
}

bool process_slots_can_hold(const struct bell *b, const struct process_slots_request *r)
{
    struct slots_request place = place_for(r);
    const struct slots_count crew = slots_count(b);
    bool is_free = true;
    if (r->conf->max_held == CONF_AUTO && r->stays) {
        is_free = crew.holding < FEWEST || crew.there > crew.holding + free_needed(&crew);
    } else if (r->conf->max_held == CONF_AUTO) {
        place.most = few_of(poll_load_average(b) < SLOW_US ? slots_shown(b) : 0, place.most);
    }
    return is_free && slots_are_free(b, &place);
}

bool process_slots_leaves(struct bell *b, int token, const struct conf *conf)
{
    const struct slots_count crew = slots_count(b);
    bool is_in_the_way = conf->max_held == CONF_AUTO && !crew.has_sender && crew.there >= crew.holding + 2;
    return (crew.there > process_limit_polls(conf) + SPARE || is_in_the_way) && slots_leave(b, token, LEAVE_MS);
}
