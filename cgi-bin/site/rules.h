/* rules.h - what decides who may do what, at one moment: effective settings, modes of rooms, roles,
 * bans, words, the secrets of networks.
 *
 * A struct rules never changes. Times decide too: what ends (a ban, a room's kind) ends without new
 * rules. site/standing.h answers the questions; site/site_rules.h gives the present rules.
 * To add a setting of the owner's page: system/conf_page.h. The code reads it from rules_conf().
 * Threads: any; a struct rules is shared, and released once for each use.
 */
#ifndef RULES_H
#define RULES_H

#include "chat/chat.h"
#include "shared/site_key.h"
#include "store/store_rules.h"

#include <stdbool.h>
#include <stdint.h>

struct conf;
struct hours;
struct rules;
struct words;

/* Bits of the bell's number of the rules (bell_rules). They tell what the database says, whatever
 * the settings files of one process say: processes share them. With both, a reader needs no
 * rules. */
enum rules_flag {
    RULES_ALL_READ = 1, /* everyone may read every room, now and later */
    RULES_ONE_VIEW = 2, /* everyone sees the same in it */
};

/* Takes *store, copies the others. changes: site_changes() before it was loaded. Never NULL. */
struct rules *rules_new(struct store_rules *store, const struct conf *conf, const struct site_key *key,
                        uint64_t changes);
const struct rules *rules_use(const struct rules *r); /* one more rules_release will follow */
void rules_release(const struct rules *r);            /* NULL is fine */

/* ---- what is in it; borrowed until the release ---- */

uint64_t rules_number(const struct rules *r); /* never 0 */
uint64_t rules_changes(const struct rules *r);
unsigned rules_flags(const struct rules *r); /* set of enum rules_flag */

/* The settings in force: where no file and no environment sets a value, the owner's page may. */
const struct conf *rules_conf(const struct rules *r);
const struct store_rules *rules_store(const struct rules *r);

/* The opening hours of a room of rules_store(r)->rooms, by its index. */
const struct hours *rules_hours(const struct rules *r, size_t room);

/* The list of words (peace/words.h). */
const struct words *rules_words(const struct rules *r);

/* The keyed hash of a client's key, and of a visitor whom a token names (peace/key.h). */
void rules_hash_key(const struct rules *r, const unsigned char key[CHAT_KEY_BYTES], unsigned char out[CHAT_KEY_BYTES]);
void rules_hash_signed(const struct rules *r, const char *iss, const char *sub, unsigned char out[CHAT_KEY_BYTES]);

/* A subkey of the site's key (site_key_derive). */
void rules_subkey(const struct rules *r, const char *purpose, unsigned char out[SITE_KEY_BYTES]);

#endif
