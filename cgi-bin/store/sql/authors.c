/* authors.c - see authors.h. */
#include "store/sql/authors.h"

#include "store/sql/query.h"

#include <string.h>

enum { MINUTE_MS = 60 * 1000, SEEN_LATE_MS = 60 * MINUTE_MS };

static const char find_key[] = SQL_AUTHORS_FIND_KEY;
static const char add_person[] = "INSERT INTO person (signed, mark, first_ms, seen_ms, title)"
                                 " VALUES (?, ?, ?, ?, ?) RETURNING person_id";
static const char add_key[] = "INSERT INTO key (hash, person_id, added_ms) VALUES (?, ?, ?)";
static const char set_seen[] = SQL_AUTHORS_SET_SEEN;

enum sql_claims_use sql_authors_use(const char *sql)
{
    if (strcmp(sql, find_key) == 0) {
        return SQL_CLAIMS_READS;
    }
    bool is_write = strcmp(sql, add_person) == 0 || strcmp(sql, add_key) == 0 || strcmp(sql, set_seen) == 0;
    return is_write ? SQL_CLAIMS_WRITES : sql_claims_use(sql);
}

static bool is_fresh(const struct chat_sender *sender, const struct store_terms *terms, int64_t first_ms,
                     int64_t now_ms)
{
    return !sender->is_signed && sender->role < CHAT_MODERATOR &&
           now_ms - first_ms < (int64_t)terms->newcomer_minutes * MINUTE_MS;
}

static void take_person(const struct sql_query *q, const struct chat_sender *sender, const struct store_terms *terms,
                        int64_t now_ms, struct sql_author *out)
{
    bool is_signed = sql_query_number_at(q, 2) != 0;
    bool is_trusted = sql_query_number_at(q, 3) != 0;
    out->person_id = sql_query_number_at(q, 0);
    out->mark = (uint16_t)sql_query_number_at(q, 1);
    out->seen_ms = sql_query_number_at(q, 5);
    out->is_new = false;
    if (!is_trusted && !is_signed && is_fresh(sender, terms, sql_query_number_at(q, 4), now_ms)) {
        out->flags |= CHAT_FRESH;
    }
}

static void expect_new(const struct chat_sender *sender, const struct store_terms *terms, struct sql_author *out)
{
    out->mark = (uint16_t)(sender->key[0] << 8 | sender->key[1]);
    out->is_new = true;
    out->flags |= is_fresh(sender, terms, 0, 0) ? CHAT_FRESH : 0U;
}

int sql_authors_find(struct sql_store *s, const struct chat_sender *sender, const struct store_terms *terms,
                     int64_t now_ms, struct sql_author *out, struct err *e)
{
    struct sql_query q;
    *out = (struct sql_author){.role = sender->role, .network = sender->has_network ? sender->network : NULL};
    if (!sender->has_key) {
        return 0;
    }
    out->flags = CHAT_HAS_MARK | (sender->is_signed ? CHAT_SIGNED : 0U);
    sql_query_begin_kept(&q, s, find_key, "find the key", e);
    sql_query_blob(&q, sender->key, sizeof sender->key);
    if (sql_query_next(&q)) {
        take_person(&q, sender, terms, now_ms, out);
    } else {
        expect_new(sender, terms, out);
    }
    return sql_query_end(&q);
}

static int make_person(struct sql_store *s, const struct sql_claim *claim, const char *name, struct sql_author *author,
                       struct err *e)
{
    struct sql_query q;
    sql_query_begin_kept(&q, s, add_person, "make the person", e);
    sql_query_number(&q, claim->sender->is_signed);
    sql_query_number(&q, author->mark);
    sql_query_number(&q, claim->now_ms);
    sql_query_number(&q, claim->now_ms);
    sql_query_text(&q, name);
    if (sql_query_insert(&q, &author->person_id) != 0) {
        return -1;
    }
    author->is_new = false;
    author->seen_ms = claim->now_ms;
    sql_query_begin_kept(&q, s, add_key, "add the key", e);
    sql_query_blob(&q, claim->sender->key, sizeof claim->sender->key);
    sql_query_number(&q, author->person_id);
    sql_query_number(&q, claim->now_ms);
    return sql_query_run(&q);
}

static int write_seen(struct sql_store *s, const struct sql_claim *claim, const char *name, struct sql_author *author,
                      struct err *e)
{
    struct sql_query q;
    author->seen_ms = claim->now_ms;
    sql_query_begin_kept(&q, s, set_seen, "write when the person was seen", e);
    sql_query_number(&q, claim->now_ms);
    sql_query_text(&q, name);
    sql_query_number(&q, author->person_id);
    return sql_query_run(&q);
}

int sql_authors_settle(struct sql_store *s, const struct sql_claim *claim, const char *name, struct sql_author *author,
                       struct err *e)
{
    if (!claim->sender->has_key) {
        return 0;
    }
    bool is_late = claim->now_ms - author->seen_ms >= SEEN_LATE_MS;
    if (author->is_new && make_person(s, claim, name, author, e) != 0) {
        return -1;
    }
    if ((is_late || claim->is_new) && author->seen_ms != claim->now_ms && write_seen(s, claim, name, author, e) != 0) {
        return -1;
    }
    return sql_claims_settle(s, author, claim, name, e);
}
