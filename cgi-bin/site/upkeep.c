/* upkeep.c - see upkeep.h. */
#include "site/upkeep.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "site/head_files.h"
#include "site/positions.h"
#include "site/rules.h"
#include "site/site.h"
#include "site/site_rules.h"
#include "store/store_retain.h"
#include "system/conf.h"

enum { WORK_MS = 50, PAUSE_MS = 60 * 1000 };

struct store_terms_kept upkeep_terms(const struct conf *conf)
{
    return (struct store_terms_kept){.keep_days = conf->keep_days,
                                     .keep_count = conf->keep_count,
                                     .address_days = conf->address_days,
                                     .audit_days = conf->audit_days,
                                     .name_keep_days = conf->name_keep_days};
}

struct work {
    struct store *store;
    struct store_terms_kept terms;
    bool (*is_wanted)(void *context);
    void *context;
};

/* True if something is left to do. *done: a step has succeeded. */
static bool work_for_a_while(const struct work *w, struct store_changes *changes, bool *done, struct err *e)
{
    int64_t until = clock_mono_ms() + WORK_MS;
    bool is_due = true;
    while (is_due && clock_mono_ms() < until && !w->is_wanted(w->context)) {
        if (store_retain_step(w->store, &w->terms, clock_wall_ms(), changes, e) != 0) {
            return false;
        }
        *done = true;
        is_due = store_retain_is_due(w->store, &w->terms, clock_wall_ms());
    }
    return is_due;
}

/* Readers are told once, after all steps. */
static bool work_and_tell(struct site *site, const struct work *w)
{
    struct positions_commit positions;
    struct store_changes changes = {.count = 0};
    struct err e = ERR_INIT;
    bool done = false;
    positions_commit_begin(site_positions(site), w->store, &positions);
    bool is_left = work_for_a_while(w, &changes, &done, &e);
    if (e.code != ERR_NONE) {
        log_line("old messages can't be forgotten now: %s", e.text);
    }
    if (done && e.code == ERR_BUSY) {
        err_clear(&e); /* what was done before counts */
    }
    positions_commit_changed(site_positions(site), &positions, &changes, &e);
    head_files_publish_changes(site, w->store, &changes);
    store_changes_fini(&changes);
    return is_left;
}

void upkeep_run(struct upkeep *u, struct site *site, bool (*is_wanted)(void *context), void *context)
{
    int64_t now = clock_mono_ms();
    bool is_left = false;
    if (now < u->next_ms || !site_was_opened(site) || is_wanted(context)) {
        return;
    }
    const struct rules *rules = site_rules_take(site, NULL);
    struct store *store = rules != NULL ? site_borrow(site, NULL) : NULL;
    if (store != NULL) {
        const struct work w = {
            .store = store, .terms = upkeep_terms(rules_conf(rules)), .is_wanted = is_wanted, .context = context};
        is_left = store_retain_is_due(store, &w.terms, clock_wall_ms()) && work_and_tell(site, &w);
        site_return(site, store);
    }
    rules_release(rules);
    u->next_ms = is_left ? 0 : now + PAUSE_MS;
}
