/* rules_cache.h - the rules that a process keeps, and how tokens are checked.
 *
 * Holds them for site_rules.c, which knows when they are out of date.
 * Threads: any.
 */
#ifndef RULES_CACHE_H
#define RULES_CACHE_H

#include <stdbool.h>
#include <stdint.h>

struct bell;
struct conf;
struct err;
struct rules;
struct rules_cache;
struct token_settings;

struct rules_cache *rules_cache_new(void); /* never NULL */
void rules_cache_free(struct rules_cache *cache);

/* The rules with this number, which is the store's now, and these changes (rules.h), to be
 * released; NULL: others are here. */
const struct rules *rules_cache_take(struct rules_cache *cache, uint64_t number, uint64_t changes);

/* The same, whatever the number: those that were the store's less than a second ago. */
const struct rules *rules_cache_take_recent(struct rules_cache *cache, uint64_t changes);

/* The bell was just found to be in step with the database's files (positions_bell_in_step); NULL:
 * it wasn't. It is believed for 100 ms, as the heads are: looking at the files costs more than all
 * else that the rules take. */
void rules_cache_believe(struct rules_cache *cache, const struct bell *bell);
const struct bell *rules_cache_believed(struct rules_cache *cache); /* NULL: look at the files */

/* The rules have just been changed by this process: those that are here no longer count as
 * recent. */
void rules_cache_expire(struct rules_cache *cache);

/* The rules are the store's now. Takes one use of them. */
void rules_cache_put(struct rules_cache *cache, const struct rules *r);

/* One thread at a time loads; the others wait. */
void rules_cache_lock(struct rules_cache *cache);
void rules_cache_unlock(struct rules_cache *cache);

/* How tokens are checked, by the settings of the first call; valid as long as the cache. NULL:
 * ERR_CONFIG. */
const struct token_settings *rules_cache_tokens(struct rules_cache *cache, const struct conf *conf, struct err *e);

#endif
