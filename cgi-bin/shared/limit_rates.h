/* limit_rates.h - how much each client may do: the settings as rates (limits.h), and why so much.
 *
 * The rates suit a lively room of 200 people, also if all of them come from one network (a school,
 * an office, a provider's NAT) and their browsers ask for news again after each message. A script
 * that writes without a pause is refused within its first second. tests/unit/test_limit_rates.c
 * simulates both.
 *   sends     a person writes ten lines at once now and then; a network brings a hundred people who
 *             all cheer within some seconds
 *   bytes     of texts. A burst has room for the longest text of the default
 *   polls     200 people in one network poll again after each message, or every two seconds where
 *             polls can't wait; there each poll costs a process, so fewer are allowed
 *   streams   each lasts for minutes; but after a restart of the server all come again at once
 *   claims    first messages of keys. Some eighty people may come to an event at once; a script
 *             that takes a new key for each message then gets one in three seconds
 *   acts      reports, deletions, and what moderators do
 *   secrets   wrong codes, invitations, passwords: many tries in a day, hopeless against 40 bits
 * A wide network (IPv6 /48) may do four times as much as a network (IPv4 /24, IPv6 /64): a customer
 * of a provider may have all of it.
 * Pure. Threads: any.
 */
#ifndef LIMIT_RATES_H
#define LIMIT_RATES_H

#include "shared/limits.h"

#include <stdbool.h>

struct conf;

enum limit_rates_kind {
    LIMIT_RATES_SENDS,
    LIMIT_RATES_BYTES,
    LIMIT_RATES_POLLS,
    LIMIT_RATES_STREAMS,
    LIMIT_RATES_CLAIMS,
    LIMIT_RATES_ACTS,
    LIMIT_RATES_SECRETS,
    LIMIT_RATES__KINDS
};

enum limit_rates_whose {
    LIMIT_RATES_KEY,
    LIMIT_RATES_GUESTS,  /* all of a network that have no key, together */
    LIMIT_RATES_NETWORK, /* IPv4 /24, IPv6 /64: with and without keys */
    LIMIT_RATES_WIDE,    /* IPv6 /48 */
    LIMIT_RATES_ROOM,
    LIMIT_RATES_ROOM_NEW, /* of a room: new visitors and guests, who may use up half of it */
    LIMIT_RATES_SITE,
    LIMIT_RATES__WHOSE
};

/* costs_process: each poll costs a process. amount 0: nothing is limited. */
struct limits_rate limit_rates_of(const struct conf *conf, enum limit_rates_kind kind, enum limit_rates_whose whose,
                                  bool costs_process);

#endif
