/* retain.c - see retain.h. */
#include "store/sql/retain.h"

#include "base/err.h"
#include "store/sql/erase.h"
#include "store/sql/query.h"
#include "store/sql/transaction.h"

#include <string.h>

enum {
    EACH_MS = 60 * 60 * 1000, /* between two looks for what ends by itself */
};
#define DAY_MS INT64_C(86400000)

static bool ask(struct sql_store *s, const char *sql, int64_t first, int64_t *out)
{
    struct sql_query q;
    struct err ignored = ERR_INIT;
    sql_query_begin(&q, s, sql, "look for what is old", &ignored);
    if (strchr(sql, '?') != NULL) {
        sql_query_number(&q, first);
    }
    bool is = sql_query_next(&q);
    *out = is ? sql_query_number_at(&q, 0) : 0;
    return sql_query_end(&q) == 0 && is;
}

/* ---- persons that are being erased ---- */

static bool persons_are_due(struct sql_store *s, const struct sql_retain_now *now)
{
    int64_t found = 0;
    (void)now;
    return ask(s, "SELECT person_id FROM person WHERE erasing IS NOT NULL LIMIT 1", 0, &found);
}

static int retain_persons(struct sql_store *s, const struct sql_retain_now *now, struct err *e)
{
    uint64_t ignored = 0;
    return sql_erase_some(s, now->now_ms, now->changes, &ignored, e);
}

/* ---- what ends by itself ---- */

enum term { TERM_DAY, TERM_MONTH, TERM_AUDIT, TERM_NAME, TERM_SECRET };

/* ?1: a time; what is older goes. At most 200 rows each. A secret is used for a day, and its
 * hashes are kept for address_days; those of a ban as long as the ban. */
static const struct ending {
    enum term term;
    bool is_text; /* a text of a visitor is erased */
    bool raises_rules;
    const char *sql;
} endings[] = {
    {TERM_DAY, false, false, "DELETE FROM ban WHERE ban_id IN (SELECT ban_id FROM ban WHERE until_ms < ?1 LIMIT 200)"},
    {TERM_DAY, false, false,
     "DELETE FROM invite WHERE invite_id IN (SELECT invite_id FROM invite WHERE until_ms < ?1 LIMIT 200)"},
    {TERM_MONTH, true, false,
     "DELETE FROM held WHERE held_id IN (SELECT held_id FROM held WHERE made_ms < ?1 ORDER BY held_id LIMIT 200)"},
    {TERM_MONTH, false, false,
     "DELETE FROM report WHERE report_id IN (SELECT report_id FROM report WHERE settled_ms < ?1 LIMIT 200)"},
    {TERM_AUDIT, false, false,
     "DELETE FROM audit WHERE audit_id IN (SELECT audit_id FROM audit ORDER BY audit_id LIMIT 200) AND time_ms < ?1"},
    {TERM_NAME, false, false,
     "DELETE FROM name WHERE fold IN (SELECT fold FROM name JOIN person USING (person_id)"
     " WHERE used_ms < ?1 AND role < 3 AND NOT EXISTS (SELECT 1 FROM room_role"
     " WHERE room_role.person_id = person.person_id AND room_role.role >= 3) LIMIT 200)"},
    {TERM_NAME, false, false,
     "DELETE FROM key WHERE person_id IN (SELECT person_id FROM person WHERE" /* the same persons as in the next row */
#define PERSONS_WITHOUT_ANYTHING                                                             \
    " role = 2 AND made = 0 AND trusted = 0 AND erasing IS NULL AND seen_ms < ?1"            \
    " AND NOT EXISTS (SELECT 1 FROM name WHERE name.person_id = person.person_id)"           \
    " AND NOT EXISTS (SELECT 1 FROM room_role WHERE room_role.person_id = person.person_id)" \
    " AND person_id NOT IN (SELECT person_id FROM ban WHERE person_id IS NOT NULL)"          \
    " AND person_id NOT IN (SELECT person_id FROM held WHERE person_id IS NOT NULL)"         \
    " AND person_id NOT IN (SELECT person_id FROM invite WHERE person_id IS NOT NULL)"       \
    " ORDER BY seen_ms, person_id LIMIT 200)" /* by an index: there may be millions */
     PERSONS_WITHOUT_ANYTHING},
    {TERM_NAME, false, false,
     "DELETE FROM person WHERE person_id IN (SELECT person_id FROM person WHERE" PERSONS_WITHOUT_ANYTHING},
    {TERM_SECRET, false, true,
     "DELETE FROM network_secret WHERE made_ms < ?1 AND secret_id <> (SELECT max(secret_id) FROM network_secret)"
     " AND NOT EXISTS (SELECT 1 FROM ban"
     " WHERE hex(substr(ifnull(network, wide), 1, 4)) = printf('%08X', network_secret.secret_id))"},
};

static int64_t end_of(enum term term, const struct sql_retain_now *now)
{
    const struct store_terms_kept *t = now->terms;
    const uint64_t days[] = {[TERM_DAY] = 1,
                             [TERM_MONTH] = 30,
                             [TERM_AUDIT] = t->audit_days,
                             [TERM_NAME] = t->name_keep_days,
                             [TERM_SECRET] = t->address_days + 1};
    return days[term] < (uint64_t)(now->now_ms / DAY_MS) ? now->now_ms - (int64_t)days[term] * DAY_MS : 0;
}

static bool is_within_the_hour(int64_t then, int64_t now)
{
    return then <= now && now - then < EACH_MS;
}

/* In a chat that was just made nothing is old. Without a look the log isn't written, so that it can
 * be copied after a minute without messages. After a jump of the clock they are due as well. */
static bool endings_are_due(struct sql_store *s, const struct sql_retain_now *now)
{
    int64_t last = 0;
    int64_t made = 0;
    return ask(s, "SELECT upkept_ms FROM meta WHERE one = 1", 0, &last) &&
           ask(s, "SELECT created_ms FROM meta WHERE one = 1", 0, &made) && !is_within_the_hour(last, now->now_ms) &&
           !is_within_the_hour(made, now->now_ms);
}

static int raise_rules(struct sql_store *s, const struct sql_retain_now *now, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "UPDATE meta SET rules = rules + 1 RETURNING rules", "raise the rules' number", e);
    if (sql_query_next(&q)) {
        now->changes->rules = (uint64_t)sql_query_number_at(&q, 0);
    }
    return sql_query_run(&q);
}

static int end_one(struct sql_store *s, const struct sql_retain_now *now, const struct ending *ending,
                   uint64_t *deleted, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, ending->sql, "forget what is old", e);
    sql_query_number(&q, end_of(ending->term, now));
    int result = sql_query_change(&q, deleted);
    if (*deleted > 0 && ending->is_text) {
        result = sql_scrub_owe_later(s, e);
    }
    return result == 0 && *deleted > 0 && ending->raises_rules ? raise_rules(s, now, e) : result;
}

static int forget_networks_of_held(struct sql_store *s, const struct sql_retain_now *now, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "UPDATE held SET network = NULL WHERE network IS NOT NULL AND made_ms < ?",
                    "forget networks", e);
    sql_query_number(&q, now->now_ms - (int64_t)now->terms->address_days * DAY_MS);
    return sql_query_run(&q);
}

/* Done for this hour when no statement has reached its limit. */
static int retain_endings(struct sql_store *s, const struct sql_retain_now *now, struct err *e)
{
    enum { LIMIT = 200 };
    bool is_more = false;
    struct sql_query q;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        uint64_t deleted = 0;
        if (end_one(s, now, &endings[i], &deleted, e) != 0) {
            return -1;
        }
        is_more = is_more || deleted >= LIMIT;
    }
    if (forget_networks_of_held(s, now, e) != 0) {
        return -1;
    }
    if (is_more) {
        return 0;
    }
    sql_query_begin(&q, s, "UPDATE meta SET upkept_ms = ?", "forget what is old", e);
    sql_query_number(&q, now->now_ms);
    return sql_query_run(&q);
}

/* ---- free space ---- */

static bool space_is_due(struct sql_store *s, const struct sql_retain_now *now)
{
    (void)now;
    return s->engine->space_is_due(s);
}

static int retain_space(struct sql_store *s, const struct sql_retain_now *now, struct err *e)
{
    (void)now;
    return s->engine->return_space(s, e);
}

/* ---- one of all ---- */

static const struct {
    bool (*is_due)(struct sql_store *s, const struct sql_retain_now *now);
    int (*step)(struct sql_store *s, const struct sql_retain_now *now, struct err *e);
} kinds[] = {
    {persons_are_due, retain_persons},
    {sql_retain_messages_are_due, sql_retain_messages},
    {sql_retain_networks_are_due, sql_retain_networks},
    {endings_are_due, retain_endings},
    {space_is_due, retain_space},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static int find_due(struct sql_store *s, const struct sql_retain_now *now)
{
    int kind = 0;
    while (kind < KINDS && !kinds[kind].is_due(s, now)) {
        kind++;
    }
    return kind;
}

bool sql_retain_is_due(struct store *base, const struct store_terms_kept *terms, int64_t now_ms)
{
    const struct sql_retain_now now = {.terms = terms, .now_ms = now_ms};
    return find_due((struct sql_store *)base, &now) < KINDS;
}

int sql_retain_step(struct store *base, const struct store_terms_kept *terms, int64_t now_ms,
                    struct store_changes *changes, struct err *e)
{
    struct sql_store *s = (struct sql_store *)base;
    const struct sql_retain_now now = {.terms = terms, .now_ms = now_ms, .changes = changes};
    struct err why = ERR_INIT;
    if (sql_write_begin(s, e) != 0) {
        return -1;
    }
    int kind = find_due(s, &now); /* another process may have done it */
    int result = kind < KINDS ? kinds[kind].step(s, &now, &why) : 0;
    result = sql_write_end(s, result, &why);
    return result == 0 ? 0 : err_move(e, &why);
}
