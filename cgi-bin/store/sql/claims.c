/* claims.c - see claims.h. */
#include "store/sql/claims.h"

#include "base/ck.h"
#include "base/err.h"
#include "peace/name.h"
#include "store/sql/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MINUTE_MS = 60 * 1000,
    DAY_MS = 24 * 60 * MINUTE_MS,
    USED_LATE_MS = 10 * MINUTE_MS,
    SUGGESTIONS = 50,
    ALIKE_MOST = 100, /* names with the same look: each of their messages looks at all others */
};

/* Of whom a name is protected, and from whom. */
enum rank { RANK_NONE, RANK_SIGNED, RANK_MODERATOR };

static const char find_name[] = SQL_CLAIMS_FIND_NAME;
static const char find_rank[] = SQL_CLAIMS_FIND_RANK;
static const char find_alike[] = SQL_CLAIMS_FIND_ALIKE;
static const char add_name[] =
    "INSERT INTO name (look, name, person_id, claimed_ms, used_ms, used_room, shared, fold) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (fold) DO UPDATE SET look = ?1, name = ?2, person_id = ?3, claimed_ms = ?4, used_ms = ?5,"
    " used_room = ?6, shared = ?7";
static const char set_used[] = SQL_CLAIMS_SET_USED;
static const char set_shared[] = "UPDATE name SET shared = 1 WHERE look = ? AND shared = 0";
static const char drop_oldest[] =
    "DELETE FROM name WHERE person_id = ?1 AND fold NOT IN"
    " (SELECT fold FROM name WHERE person_id = ?1 ORDER BY used_ms DESC, claimed_ms DESC LIMIT ?2)";

static enum rank rank_of_sender(const struct chat_sender *sender)
{
    return sender->role >= CHAT_MODERATOR ? RANK_MODERATOR : sender->is_signed ? RANK_SIGNED : RANK_NONE;
}

/* A name that was used at this time has rested for long enough to be free. */
static bool has_rested(const struct sql_claim *claim, int64_t used_ms)
{
    return (uint64_t)(claim->now_ms - used_ms) / DAY_MS >= claim->terms->name_keep_days && used_ms < claim->now_ms;
}

/* ---- the same name ---- */

static int read_rank(struct sql_store *s, int64_t person_id, enum rank *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin_kept(&q, s, find_rank, "find the person's rank", e);
    sql_query_number(&q, person_id);
    *out = sql_query_next(&q) ? (enum rank)sql_query_number_at(&q, 0) : RANK_NONE;
    return sql_query_end(&q);
}

struct found_name {
    int64_t person_id; /* 0: there is no such name */
    int64_t claimed_ms;
    int64_t used_ms;
    int64_t used_room;
    bool is_settled; /* no other name has this look */
};

static int find(struct sql_store *s, const struct chat_sender *sender, struct found_name *out, struct err *e)
{
    struct sql_query q;
    *out = (struct found_name){.person_id = 0};
    sql_query_begin_kept(&q, s, find_name, "find the name", e);
    sql_query_text(&q, sender->fold);
    if (sql_query_next(&q)) {
        out->person_id = sql_query_number_at(&q, 0);
        out->claimed_ms = sql_query_number_at(&q, 1);
        out->used_ms = sql_query_number_at(&q, 2);
        out->used_room = sql_query_number_at(&q, 3);
        out->is_settled = sql_query_number_at(&q, 4) == 0 && strcmp(sql_query_text_at(&q, 5), sender->look) == 0;
    }
    return sql_query_end(&q);
}

/* The name is another person's. */
static int check_owned(struct sql_store *s, const struct found_name *found, struct sql_claim *claim, struct err *e)
{
    enum rank theirs = RANK_NONE;
    if (read_rank(s, found->person_id, &theirs, e) != 0) {
        return -1;
    }
    bool is_free = theirs != RANK_MODERATOR && has_rested(claim, found->used_ms);
    bool is_signed = claim->sender->is_signed; /* can't choose another name, also as a moderator */
    if (is_free || (is_signed && theirs == RANK_NONE)) {
        claim->is_new = claim->sender->has_key;
    } else if (is_signed && theirs == RANK_SIGNED) {
        claim->is_alike = true;
    } else {
        claim->refused = STORE_NAME_TAKEN;
    }
    return 0;
}

/* ---- similar names ---- */

/* One of another person. since: when the asked name was claimed. */
static void judge_alike(const struct sql_query *q, int64_t since, struct sql_claim *claim)
{
    int64_t used_ms = sql_query_number_at(q, 1);
    int64_t used_room = sql_query_number_at(q, 2);
    enum rank theirs = (enum rank)sql_query_number_at(q, 3);
    enum rank mine = rank_of_sender(claim->sender);
    bool is_first = sql_query_number_at(q, 0) < since;
    if (theirs != RANK_MODERATOR && has_rested(claim, used_ms)) {
        return;
    }
    claim->is_shared = true;
    bool is_protected = theirs == RANK_MODERATOR ? mine != RANK_MODERATOR || is_first
                        : theirs == RANK_SIGNED  ? mine == RANK_NONE
                                                 : mine == RANK_NONE && is_first && claim->room_id != 0 &&
                                                      used_room == claim->room_id && claim->now_ms - used_ms < DAY_MS;
    if (is_protected) {
        claim->refused = STORE_NAME_ALIKE;
    }
    claim->is_alike = claim->is_alike || (is_first && theirs >= mine);
}

static int check_alikes(struct sql_store *s, const struct sql_author *author, int64_t since, struct sql_claim *claim,
                        struct err *e)
{
    struct sql_query q;
    int count = 0;
    sql_query_begin_kept(&q, s, find_alike, "find similar names", e);
    sql_query_text(&q, claim->sender->look);
    sql_query_text(&q, claim->sender->fold);
    sql_query_number(&q, author->person_id);
    while (claim->refused == 0 && sql_query_next(&q)) {
        judge_alike(&q, since, claim);
        count++;
    }
    if (claim->is_new && count >= ALIKE_MOST && rank_of_sender(claim->sender) == RANK_NONE && claim->refused == 0) {
        claim->refused = STORE_NAME_ALIKE;
    }
    return sql_query_end(&q);
}

/* ---- the interface ---- */

enum sql_claims_use sql_claims_use(const char *sql)
{
    if (strcmp(sql, find_name) == 0 || strcmp(sql, find_rank) == 0 || strcmp(sql, find_alike) == 0) {
        return SQL_CLAIMS_READS;
    }
    bool is_write = strcmp(sql, add_name) == 0 || strcmp(sql, set_used) == 0 || strcmp(sql, set_shared) == 0 ||
                    strcmp(sql, drop_oldest) == 0;
    return is_write ? SQL_CLAIMS_WRITES : SQL_CLAIMS_NO_USE;
}

static void note_use(const struct found_name *found, struct sql_claim *claim)
{
    int64_t late = claim->now_ms - found->used_ms;
    bool is_elsewhere = claim->room_id != 0 && found->used_room != claim->room_id;
    claim->is_stale = late >= USED_LATE_MS || (is_elsewhere && late >= MINUTE_MS);
}

int sql_claims_check(struct sql_store *s, const struct sql_author *author, struct sql_claim *claim, struct err *e)
{
    struct found_name found;
    claim->is_alike = claim->sender->is_odd;
    if (claim->sender->fold == NULL || claim->terms->name_keep_days == 0) {
        return 0;
    }
    if (find(s, claim->sender, &found, e) != 0) {
        return -1;
    }
    bool is_own = found.person_id != 0 && found.person_id == author->person_id;
    if (is_own) {
        note_use(&found, claim);
        return found.is_settled ? 0 : check_alikes(s, author, found.claimed_ms, claim, e);
    }
    claim->is_new = found.person_id == 0 && claim->sender->has_key;
    if (found.person_id != 0 && check_owned(s, &found, claim, e) != 0) {
        return -1;
    }
    return claim->refused != 0 ? 0 : check_alikes(s, author, INT64_MAX, claim, e);
}

static int add(struct sql_store *s, const struct sql_author *author, const struct sql_claim *claim, const char *name,
               struct err *e)
{
    struct sql_query q;
    sql_query_begin_kept(&q, s, add_name, "claim the name", e);
    sql_query_text(&q, claim->sender->look);
    sql_query_text(&q, name);
    sql_query_number(&q, author->person_id);
    sql_query_number(&q, claim->now_ms);
    sql_query_number(&q, claim->now_ms);
    sql_query_number_or_null(&q, claim->room_id);
    sql_query_number(&q, claim->is_shared);
    sql_query_text(&q, claim->sender->fold);
    return sql_query_run(&q);
}

static int claim_name(struct sql_store *s, const struct sql_author *author, const struct sql_claim *claim,
                      const char *name, struct err *e)
{
    struct sql_query q;
    if (add(s, author, claim, name, e) != 0) {
        return -1;
    }
    if (claim->is_shared) {
        sql_query_begin_kept(&q, s, set_shared, "mark similar names", e);
        sql_query_text(&q, claim->sender->look);
        if (sql_query_run(&q) != 0) {
            return -1;
        }
    }
    sql_query_begin_kept(&q, s, drop_oldest, "drop the oldest name", e);
    sql_query_number(&q, author->person_id);
    sql_query_number(&q, SQL_CLAIMS_MOST);
    return sql_query_run(&q);
}

int sql_claims_settle(struct sql_store *s, const struct sql_author *author, const struct sql_claim *claim,
                      const char *name, struct err *e)
{
    struct sql_query q;
    if (claim->is_new) {
        return claim_name(s, author, claim, name, e);
    }
    if (!claim->is_stale) {
        return 0;
    }
    sql_query_begin_kept(&q, s, set_used, "write when the name was used", e);
    sql_query_number(&q, claim->now_ms);
    sql_query_number_or_null(&q, claim->room_id);
    sql_query_text(&q, claim->sender->fold);
    return sql_query_run(&q);
}

/* *good: no person has the name, or one that looks like it. */
static int check_candidate(struct sql_store *s, const struct sql_author *author, const struct sql_claim *claim,
                           struct name_forms *forms, bool *good, struct err *e)
{
    struct chat_sender sender = *claim->sender;
    struct sql_claim one = {
        .sender = &sender, .room_id = claim->room_id, .terms = claim->terms, .now_ms = claim->now_ms};
    sender.fold = forms->fold;
    sender.look = forms->look;
    sender.is_odd = false;
    int result = sql_claims_check(s, author, &one, e);
    *good = result == 0 && one.refused == 0 && !one.is_alike;
    return result;
}

int sql_claims_suggest(struct sql_store *s, const struct sql_author *author, const struct sql_claim *claim,
                       const char *name, char **out, struct err *e)
{
    char candidate[CHAT_NAME_BYTES_MAX + 1];
    *out = NULL;
    for (unsigned n = 0; n < SUGGESTIONS && *out == NULL; n++) {
        struct name_forms forms;
        bool good = false;
        name_suggest(name, n, candidate);
        if (name_forms_of(candidate, &forms, NULL) == 0 && check_candidate(s, author, claim, &forms, &good, e) != 0) {
            return -1;
        }
        *out = good ? ck_strdup(candidate) : NULL;
    }
    return 0;
}
