/* crew.c - see crew.h. */
#include "crew.h"

#include "allowance.h"
#include "bell.h"
#include "conf.h"
#include "host.h"

enum {
    SPARE = 4, /* that stay beside those that may hold: a poll on the timer takes a process for a millisecond or two */
    LEAVE_MS = 1000,     /* between two that leave */
    TRIAL_S = 10,        /* at most so long the last process is kept from others; */
    CROWDED_TRIAL_S = 3, /* or so long, where others are known to be waiting for their turn */
    PAUSE_S = 2,         /* mod_fcgid looks for a free one once a second */
    PAUSE_MOST_S = 60,   /* where a trial was in vain */
    FEWEST = 1,          /* may be held in any case */
    FEW_BY_CGI = 2,
    SLOW_US = 20000, /* for a poll */
    CGI_S = 90,      /* longer than a plain CGI process lives */
};

static struct bell_for place_for(const struct crew_request *r)
{
    return (struct bell_for){
        .client = r->client, .most = r->allowed->most, .most_per_client = r->allowed->most_per_client};
}

/* So many that hold none must be there, beside one that holds. */
static unsigned free_needed(const struct bell_crew *c)
{
    return c->has_sender ? 1 : 2;
}

/* Taken first and counted then: of two who come at once both may find one too many, never both one too few. */
static int hold_and_stay(struct bell *b, const struct crew_request *r, unsigned *seconds)
{
    const struct bell_for place = place_for(r);
    int token = bell_hold(b, &place, *seconds);
    if (token < 0 || r->conf->max_held != CONF_AUTO) {
        return token;
    }
    const struct bell_crew crew = bell_crew(b);
    if (crew.holding <= FEWEST || crew.there >= crew.holding + free_needed(&crew)) {
        return token;
    }
    unsigned trial = crew.turned_away > 1 ? CROWDED_TRIAL_S : TRIAL_S;
    if (bell_try(b, crew.there, trial, PAUSE_S, PAUSE_MOST_S)) {
        *seconds = *seconds < trial ? *seconds : trial;
        return token;
    }
    bell_release(b, token);
    return -1;
}

/* As many as have been seen allow; cap: at most. */
static unsigned few_of(unsigned seen, unsigned cap)
{
    unsigned few = seen / 2 > FEW_BY_CGI ? (seen - 1) / 2 : FEW_BY_CGI;
    return few < cap ? few : cap;
}

static int hold_by_cgi(struct bell *b, const struct crew_request *r, unsigned seconds)
{
    struct bell_for place = place_for(r);
    if (r->conf->max_held == CONF_AUTO) {
        (void)bell_join(b, CGI_S); /* until it ends */
        unsigned seen = bell_show(b, bell_crew(b).there);
        place.most = few_of(bell_average(b) < SLOW_US ? seen : 0, place.most); /* those of a slow host overlap anyway */
    }
    return bell_hold(b, &place, seconds);
}

int crew_hold(struct bell *b, const struct crew_request *r, unsigned *seconds)
{
    return r->stays ? hold_and_stay(b, r, seconds) : hold_by_cgi(b, r, *seconds);
}

bool crew_can_hold(const struct bell *b, const struct crew_request *r)
{
    struct bell_for place = place_for(r);
    const struct bell_crew crew = bell_crew(b);
    bool is_free = true;
    if (r->conf->max_held == CONF_AUTO && r->stays) {
        is_free = crew.holding < FEWEST || crew.there > crew.holding + free_needed(&crew);
    } else if (r->conf->max_held == CONF_AUTO) {
        place.most = few_of(bell_average(b) < SLOW_US ? bell_shown(b) : 0, place.most);
    }
    return is_free && bell_can_hold(b, &place);
}

bool crew_leaves(struct bell *b, int token, const struct conf *conf)
{
    const struct bell_crew crew = bell_crew(b);
    bool is_in_the_way = conf->max_held == CONF_AUTO && !crew.has_sender && crew.there >= crew.holding + 2;
    return (crew.there > host_max_held(conf) + SPARE || is_in_the_way) && bell_leave(b, token, LEAVE_MS);
}
