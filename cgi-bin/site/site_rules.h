/* site_rules.h - the rules of a site as they are now.
 *
 * A process loads them from the store and keeps them while the number in the bell's file stays
 * (bell_rules): each change of the rules raises that number and rings. So requests ask no SQL for
 * the rules. When the number is believed:
 *   - while the bell is in step with the database (positions_bell_in_step); that is looked at every
 *     100 ms at most;
 *   - beside a commit, which takes the bell out of step: for a second.
 * Else the store is asked for the number; where there is no bell, once a second.
 * Two flags beside the number let a process of one request (plain CGI) answer a poll without
 * rules.
 * Threads and processes: any.
 */
#ifndef SITE_RULES_H
#define SITE_RULES_H

#include "site/rules.h"
#include "site/standing.h"

struct err;
struct site;
struct token_settings;

/* The rules, to be released. NULL: the store can't be read. site_conf must have succeeded. */
const struct rules *site_rules_take(struct site *site, struct err *e);

/* True: everyone may read every room, and everyone sees the same in it, so a reader needs no rules.
 * False: it isn't so, or not known. Opens no store. */
bool site_rules_are_plain(struct site *site);

/* standing_room, and finds out whether the room is absent, for which it may ask the store. -1: the
 * store can't be read. */
int site_rules_room(struct site *site, const struct rules *r, const char *room, int64_t now_ms,
                    struct standing_room *out, struct err *e);

/* For a writer: makes a new secret of networks where there is none, or the newest is a day old, and
 * then puts the newer rules in place of *r. A store that can't be written is no error: the old
 * secret stays, or networks aren't known. */
int site_rules_need_secret(struct site *site, const struct rules **r, int64_t now_ms, struct err *e);

/* How tokens are checked; valid as long as the site. NULL: ERR_CONFIG. */
const struct token_settings *site_rules_tokens(struct site *site, struct err *e);

#endif
