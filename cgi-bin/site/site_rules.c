/* site_rules.c - see site_rules.h. */
#include "site/site_rules.h"

#include "base/blocking.h"
#include "base/err.h"
#include "shared/bell.h"
#include "shared/room_heads.h"
#include "shared/site_key.h"
#include "site/positions.h"
#include "site/rules_cache.h"
#include "site/site.h"
#include "system/conf.h"

enum { PLAIN = RULES_ALL_READ | RULES_ONE_VIEW };

static const struct rules *load(struct site *site, struct store *handle, struct err *e)
{
    const struct conf *conf = site_loaded_conf(site);
    struct store_rules found = {.number = 0};
    struct site_key key;
    uint64_t changes = site_changes(site);
    if (site_key_load(&key, conf->data, e) != 0 || store_rules_load(handle, &found, e) != 0) {
        return NULL;
    }
    return rules_new(&found, conf, &key, changes);
}

/* A new generation says that there may have been a commit without a ring since the store was read:
 * then the number is unknown. It begins before the number is set to 0, so this look misses none. */
static void tell_bell(struct bell *bell, uint64_t moment, uint64_t told, uint64_t rules)
{
    bell_swap_rules(bell, told, rules);
    if (room_heads_moment(bell) != moment) {
        bell_swap_rules(bell, rules, 0);
    }
}

/* The rules that the store has. */
static const struct rules *ask_store(struct site *site, struct store *handle, struct err *e)
{
    struct bell *bell = positions_bell_of(site_positions(site), handle);
    /* Asked before the store is read: a writer sets it after its commit, and then the swap below
     * changes nothing. */
    uint64_t moment = bell != NULL ? room_heads_moment(bell) : 0;
    uint64_t told = bell != NULL ? bell_rules(bell) : 0;
    uint64_t number = 0;
    if (store_rules_number(handle, &number, e) != 0) {
        return NULL;
    }
    const struct rules *r = rules_cache_take(site_rules(site), number, site_changes(site));
    r = r != NULL ? r : load(site, handle, e);
    if (r == NULL) {
        return NULL;
    }
    rules_cache_put(site_rules(site), rules_use(r));
    if (bell != NULL) {
        tell_bell(bell, moment, told, rules_number(r) << BELL_RULES_FLAGS | rules_flags(r));
    }
    return r;
}

/* While a process commits, the bell isn't in step. But an append changes no rules, and what changes
 * them sets the bell's number before it is answered. So meanwhile that number is believed, for a
 * second after it was found to be the store's. */
static const struct rules *take_beside_writer(struct site *site)
{
    struct bell *bell = positions_bell(site_positions(site));
    uint64_t number = bell != NULL && room_heads_has_writer(bell) ? bell_rules(bell) >> BELL_RULES_FLAGS : 0;
    const struct rules *r = number != 0 ? rules_cache_take_recent(site_rules(site), site_changes(site)) : NULL;
    if (r != NULL && rules_number(r) != number) {
        rules_release(r);
        r = NULL;
    }
    return r;
}

/* The bell whose number of the rules counts; NULL: none. */
static const struct bell *bell_in_step(struct site *site)
{
    const struct bell *bell = rules_cache_believed(site_rules(site));
    if (bell == NULL) {
        bell = positions_bell_in_step(site_positions(site));
        rules_cache_believe(site_rules(site), bell);
    }
    return bell;
}

static const struct rules *take_known(struct site *site)
{
    const struct rules *beside = take_beside_writer(site);
    if (beside != NULL) {
        return beside;
    }
    const struct bell *bell = bell_in_step(site);
    uint64_t number = bell != NULL ? bell_rules(bell) >> BELL_RULES_FLAGS : 0;
    if (number != 0) {
        return rules_cache_take(site_rules(site), number, site_changes(site));
    }
    bool has_bell = bell != NULL || positions_bell(site_positions(site)) != NULL;
    return has_bell ? NULL : rules_cache_take_recent(site_rules(site), site_changes(site));
}

const struct rules *site_rules_take(struct site *site, struct err *e)
{
    const struct rules *r = take_known(site);
    if (r != NULL) {
        return r;
    }
    blocking_expected();
    rules_cache_lock(site_rules(site));
    r = take_known(site); /* another thread may have loaded them meanwhile */
    struct store *handle = r == NULL ? site_borrow(site, e) : NULL;
    if (handle != NULL) {
        r = ask_store(site, handle, e);
        site_return(site, handle);
    }
    rules_cache_unlock(site_rules(site));
    return r;
}

bool site_rules_are_plain(struct site *site)
{
    const struct conf *conf = site_loaded_conf(site);
    if (conf->room_kind > CONF_ROOM_READ_ONLY || conf->new_rooms != 0) {
        return false;
    }
    const struct bell *bell = positions_bell_in_step(site_positions(site));
    return bell != NULL && (bell_rules(bell) & PLAIN) == PLAIN;
}

/* The room has, or had, messages. -1: the store can't be read. */
static int has_messages(struct site *site, const char *name, bool *has, struct err *e)
{
    char epoch[CHAT_EPOCH_SIZE];
    struct answer_room room = {.name = name, .next = UINT64_MAX};
    struct store_room found = {.head = 0};
    if (positions_find(site_positions(site), &room, 1, epoch)) {
        *has = room.head > 0;
        return 0;
    }
    struct store *handle = site_borrow(site, e);
    int result = handle != NULL ? store_read_begin(handle, e) : -1;
    if (result == 0) {
        result = store_room(handle, name, &found, e);
        store_read_end(handle);
    }
    if (handle != NULL) {
        site_return(site, handle);
    }
    *has = found.head > 0;
    return result;
}

int site_rules_room(struct site *site, const struct rules *r, const char *room, int64_t now_ms,
                    struct standing_room *out, struct err *e)
{
    bool has = true;
    int result = 0;
    standing_room(r, room, now_ms, out);
    if (rules_conf(r)->new_rooms != 0) {
        result = has_messages(site, room, &has, e);
    }
    out->is_absent = !has;
    return result;
}

enum { SECRET_MS = 24 * 60 * 60 * 1000 };

static int renew_secret(struct site *site, int64_t oldest_ms)
{
    struct positions_commit positions;
    struct store_changes changes = {.count = 0};
    struct err e = ERR_INIT;
    struct store *handle = site_borrow(site, &e);
    if (handle == NULL) {
        return -1;
    }
    positions_commit_begin(site_positions(site), handle, &positions);
    int result = store_rules_renew_secret(handle, oldest_ms, &changes, &e);
    positions_commit_changed(site_positions(site), &positions, &changes, &e);
    store_changes_fini(&changes);
    site_return(site, handle);
    return result;
}

int site_rules_need_secret(struct site *site, const struct rules **r, int64_t now_ms, struct err *e)
{
    const struct store_rules *s = rules_store(*r);
    if ((s->secret_count > 0 && s->secrets[0].made_ms > now_ms - SECRET_MS) ||
        renew_secret(site, now_ms - SECRET_MS) != 0) {
        return 0;
    }
    rules_cache_expire(site_rules(site));
    const struct rules *newer = site_rules_take(site, e);
    if (newer == NULL) {
        return -1;
    }
    rules_release(*r);
    *r = newer;
    return 0;
}

const struct token_settings *site_rules_tokens(struct site *site, struct err *e)
{
    return rules_cache_tokens(site_rules(site), site_loaded_conf(site), e);
}
