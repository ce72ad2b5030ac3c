/* rules.c - see rules.h. */
#include "site/rules.h"

#include "base/ck.h"
#include "peace/hours.h"
#include "peace/key.h"
#include "peace/words.h"
#include "system/conf.h"
#include "system/conf_page.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct rules {
    struct rules *self; /* for the count and the end, as all others have it as const */
    atomic_uint uses;
    struct store_rules store;
    struct conf conf;
    struct hours *hours; /* of store.rooms */
    struct words *words;
    struct site_key key;
    unsigned char subkey[KEY_SUBKEY_BYTES]; /* of persons' keys */
    unsigned flags;
    uint64_t changes;
};

/* ---- making ---- */

static bool is_restricting(const struct store_setting *s)
{
    bool is_kind = strcmp(s->key, "room_kind") == 0;
    bool is_new = strcmp(s->key, "new_rooms") == 0;
    return (is_kind && strcmp(s->value, "open") != 0 && strcmp(s->value, "read-only") != 0) ||
           (is_new && strcmp(s->value, "everyone") != 0);
}

/* Kinds that end count as if they stayed. */
static bool all_may_read(const struct store_rules *s)
{
    bool all = true;
    for (size_t i = 0; i < s->setting_count; i++) {
        all = all && !is_restricting(&s->settings[i]);
    }
    for (size_t i = 0; i < s->room_count; i++) {
        all = all && s->rooms[i].kind != STORE_ROOM_MEMBERS && s->rooms[i].kind != STORE_ROOM_LOCKED;
    }
    return all;
}

static unsigned flags_of(const struct store_rules *s)
{
    unsigned flags = RULES_ONE_VIEW | (all_may_read(s) ? RULES_ALL_READ : 0);
    for (size_t i = 0; i < s->ban_count; i++) {
        flags &= s->bans[i].kind == STORE_SHADOW ? ~(unsigned)RULES_ONE_VIEW : flags;
    }
    return flags;
}

/* A later program may have stored settings that this one doesn't know. */
static void overlay(struct conf *conf, const struct store_rules *s)
{
    for (size_t i = 0; i < s->setting_count; i++) {
        (void)conf_page_set(conf, s->settings[i].key, s->settings[i].value, NULL);
    }
}

static struct words *words_of(const struct store_rules *s)
{
    struct words_entry *entries = ck_calloc(s->word_count + 1, sizeof *entries);
    for (size_t i = 0; i < s->word_count; i++) {
        entries[i] = (struct words_entry){
            .pattern = s->words[i].pattern, .is_whole = s->words[i].whole, .act = (enum words_act)s->words[i].act};
    }
    struct words *words = words_new(entries, s->word_count);
    free(entries);
    return words;
}

struct rules *rules_new(struct store_rules *store, const struct conf *conf, const struct site_key *key,
                        uint64_t changes)
{
    struct rules *r = ck_calloc(1, sizeof *r);
    r->self = r;
    atomic_init(&r->uses, 1);
    r->store = *store;
    memset(store, 0, sizeof *store);
    r->conf = *conf;
    overlay(&r->conf, &r->store);
    r->hours = ck_calloc(r->store.room_count + 1, sizeof *r->hours);
    for (size_t i = 0; i < r->store.room_count; i++) {
        const char *text = r->store.rooms[i].hours;
        (void)hours_read(&r->hours[i], text != NULL ? text : "", NULL);
    }
    r->words = words_of(&r->store);
    r->key = *key;
    site_key_derive(&r->key, KEY_PURPOSE, r->subkey);
    r->flags = flags_of(&r->store);
    r->changes = changes;
    return r;
}

const struct rules *rules_use(const struct rules *r)
{
    atomic_fetch_add(&r->self->uses, 1);
    return r;
}

void rules_release(const struct rules *r)
{
    struct rules *mine = r != NULL ? r->self : NULL;
    if (mine != NULL && atomic_fetch_sub(&mine->uses, 1) == 1) {
        store_rules_fini(&mine->store);
        words_free(mine->words);
        free(mine->hours);
        free(mine);
    }
}

/* ---- what is in it ---- */

uint64_t rules_number(const struct rules *r)
{
    return r->store.number;
}

uint64_t rules_changes(const struct rules *r)
{
    return r->changes;
}

unsigned rules_flags(const struct rules *r)
{
    return r->flags;
}

const struct conf *rules_conf(const struct rules *r)
{
    return &r->conf;
}

const struct store_rules *rules_store(const struct rules *r)
{
    return &r->store;
}

const struct hours *rules_hours(const struct rules *r, size_t room)
{
    return &r->hours[room];
}

const struct words *rules_words(const struct rules *r)
{
    return r->words;
}

void rules_hash_key(const struct rules *r, const unsigned char key[CHAT_KEY_BYTES], unsigned char out[CHAT_KEY_BYTES])
{
    key_hash(r->subkey, key, out);
}

void rules_hash_signed(const struct rules *r, const char *iss, const char *sub, unsigned char out[CHAT_KEY_BYTES])
{
    key_hash_signed(r->subkey, iss, sub, out);
}

void rules_subkey(const struct rules *r, const char *purpose, unsigned char out[SITE_KEY_BYTES])
{
    site_key_derive(&r->key, purpose, out);
}
