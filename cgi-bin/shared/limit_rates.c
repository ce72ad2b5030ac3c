/* limit_rates.c - see limit_rates.h. */
#include "shared/limit_rates.h"

#include "system/conf.h"

enum {
    MINUTE = 60,
    HOUR = 3600,
    WIDE = 4, /* a wide network may do so many times as much as a network */
    POLLS_AUTO = 2000,
    POLLS_AUTO_PROCESS = 3, /* times poll_rate */
    POLLS_BURST_S = 4,
    KEYS_OF_NETWORK = 20,    /* one key may use a 20th of its network's polls */
    SECRETS_OF_NETWORK = 30, /* an hour */
    SECRETS_OF_SITE = 6000,  /* an hour; so few networks can't use it up for all */
    STREAMS_OF_KEY = 60,     /* a minute */
    CLAIMS_PART = 12,        /* new keys a minute: a 12th of the network's messages */
    ROOM_BYTES = 16,         /* times limit_bytes */
    NETWORK_BYTES = 4,       /* the same */
    SENDS_BURST = 5,
    POLLS_BURST = 20, /* at least */
    TABS_BURST = 100, /* of a key, at least: 20 tabs that open at once ask some times each */
};

static struct limits_rate rate(uint64_t amount, unsigned seconds, uint64_t burst)
{
    return (struct limits_rate){.amount = amount > 0 ? amount : 1, .seconds = seconds, .burst = burst > 0 ? burst : 1};
}

static struct limits_rate times(struct limits_rate r, uint64_t factor)
{
    return rate(r.amount * factor, r.seconds, r.burst * factor);
}

static uint64_t at_least(uint64_t n, uint64_t least)
{
    return n > least ? n : least;
}

static const struct limits_rate none = {.amount = 0};

/* Key and guests have the same rate in all but polls and streams. */
static struct limits_rate sends(const struct conf *conf, enum limit_rates_whose whose)
{
    switch (whose) {
    case LIMIT_RATES_KEY:
    case LIMIT_RATES_GUESTS:
        return rate(conf->limit_sends, MINUTE, at_least(conf->limit_sends / 3, SENDS_BURST));
    case LIMIT_RATES_NETWORK:
        return rate(conf->limit_network, MINUTE, at_least(conf->limit_network, SENDS_BURST));
    case LIMIT_RATES_ROOM:
        return rate(conf->limit_room, MINUTE, at_least(conf->limit_room / 4, SENDS_BURST));
    case LIMIT_RATES_ROOM_NEW:
        return rate(conf->limit_room / 2, MINUTE, at_least(conf->limit_room / 8, SENDS_BURST));
    default:
        return none;
    }
}

static struct limits_rate bytes(const struct conf *conf, enum limit_rates_whose whose)
{
    const struct limits_rate key = rate(conf->limit_bytes, MINUTE, conf->limit_bytes / 2);
    switch (whose) {
    case LIMIT_RATES_KEY:
    case LIMIT_RATES_GUESTS:
        return key;
    case LIMIT_RATES_NETWORK:
        return times(key, NETWORK_BYTES);
    case LIMIT_RATES_ROOM:
        return times(key, ROOM_BYTES);
    case LIMIT_RATES_ROOM_NEW:
        return times(key, ROOM_BYTES / 2);
    default:
        return none;
    }
}

static uint64_t polls_a_second(const struct conf *conf, bool costs_process)
{
    if (conf->limit_polls != CONF_AUTO) {
        return conf->limit_polls;
    }
    return costs_process ? conf->poll_rate * POLLS_AUTO_PROCESS : POLLS_AUTO;
}

static struct limits_rate polls(const struct conf *conf, enum limit_rates_whose whose, bool costs_process)
{
    uint64_t second = polls_a_second(conf, costs_process);
    uint64_t own = at_least(second / KEYS_OF_NETWORK, 2);
    uint64_t own_burst = conf->limit_polls == CONF_AUTO ? TABS_BURST : POLLS_BURST;
    switch (whose) {
    case LIMIT_RATES_KEY:
        return rate(own, 1, at_least(own * POLLS_BURST_S, own_burst));
    case LIMIT_RATES_NETWORK:
        return rate(second, 1, at_least(second * POLLS_BURST_S, POLLS_BURST));
    default:
        return none;
    }
}

static struct limits_rate streams(const struct conf *conf, enum limit_rates_whose whose)
{
    uint64_t second = polls_a_second(conf, false);
    switch (whose) {
    case LIMIT_RATES_KEY:
        return rate(STREAMS_OF_KEY, MINUTE, POLLS_BURST);
    case LIMIT_RATES_NETWORK:
        return rate(at_least(second * MINUTE / 10, STREAMS_OF_KEY), MINUTE, at_least(second / 2, POLLS_BURST));
    default:
        return none;
    }
}

/* LIMIT_RATES_SITE: of all whose network isn't known, as for a wide network. */
static struct limits_rate claims(const struct conf *conf, enum limit_rates_whose whose)
{
    const struct limits_rate network = rate(conf->limit_network / CLAIMS_PART, MINUTE,
                                            at_least(conf->limit_network / 3, SENDS_BURST));
    switch (whose) {
    case LIMIT_RATES_NETWORK:
        return network;
    case LIMIT_RATES_SITE:
        return times(network, WIDE);
    default:
        return none;
    }
}

static struct limits_rate acts(const struct conf *conf, enum limit_rates_whose whose)
{
    switch (whose) {
    case LIMIT_RATES_KEY:
    case LIMIT_RATES_GUESTS:
        return rate(conf->limit_sends * 2, MINUTE, at_least(conf->limit_sends, SENDS_BURST));
    case LIMIT_RATES_NETWORK:
        return sends(conf, whose);
    default:
        return none;
    }
}

static struct limits_rate secrets(enum limit_rates_whose whose)
{
    switch (whose) {
    case LIMIT_RATES_NETWORK:
        return rate(SECRETS_OF_NETWORK, HOUR, SECRETS_OF_NETWORK / 3);
    case LIMIT_RATES_SITE:
        return rate(SECRETS_OF_SITE, HOUR, SECRETS_OF_SITE / 3);
    default:
        return none;
    }
}

static struct limits_rate narrow(const struct conf *conf, enum limit_rates_kind kind, enum limit_rates_whose whose,
                                 bool costs_process)
{
    switch (kind) {
    case LIMIT_RATES_SENDS:
        return sends(conf, whose);
    case LIMIT_RATES_BYTES:
        return bytes(conf, whose);
    case LIMIT_RATES_POLLS:
        return polls(conf, whose, costs_process);
    case LIMIT_RATES_STREAMS:
        return streams(conf, whose);
    case LIMIT_RATES_CLAIMS:
        return claims(conf, whose);
    case LIMIT_RATES_ACTS:
        return acts(conf, whose);
    case LIMIT_RATES_SECRETS:
        return secrets(whose);
    case LIMIT_RATES__KINDS:
        break;
    }
    return none;
}

struct limits_rate limit_rates_of(const struct conf *conf, enum limit_rates_kind kind, enum limit_rates_whose whose,
                                  bool costs_process)
{
    if (whose == LIMIT_RATES_WIDE) {
        return times(narrow(conf, kind, LIMIT_RATES_NETWORK, costs_process), WIDE);
    }
    return narrow(conf, kind, whose, costs_process);
}
