/* meta.c - see meta.h. */
#include "store/postgres/private/meta.h"

#include "base/err.h"
#include "base/log.h"
#include "store/postgres/private/schema.h"

#include <stdlib.h>
#include <string.h>

enum { EPOCH, SCHEMA, RULES, TIMELINE, SYSTEM, TIMELINE_NOW };

static int refuse(const struct postgres_handle *s, const char *what, struct err *e)
{
    log_line("%s: %s", s->label, what);
    return err_set(e, ERR_CORRUPT, "The database is damaged, or isn't one of pollchat.");
}

int postgres_meta_learn(struct postgres_handle *s, const PGresult *row, struct err *e)
{
    if (PQntuples(row) != 1) {
        return refuse(s, "the table meta has no row", e);
    }
    const char *epoch = PQgetvalue(row, 0, EPOCH);
    if (strlen(epoch) != CHAT_EPOCH_SIZE - 1) {
        return refuse(s, "the epoch is invalid", e);
    }
    memcpy(s->sql.epoch, epoch, CHAT_EPOCH_SIZE);
    s->sql.rules = strtoull(PQgetvalue(row, 0, RULES), NULL, 10);
    return 0;
}

static int64_t number_at(const PGresult *row, int column)
{
    return strtoll(PQgetvalue(row, 0, column), NULL, 10);
}

int64_t postgres_meta_timeline(const PGresult *row)
{
    return PQntuples(row) == 1 ? number_at(row, TIMELINE_NOW) : 0;
}

bool postgres_meta_is_taken_over(const struct postgres_handle *s, const PGresult *row)
{
    if (PQntuples(row) != 1 || number_at(row, TIMELINE_NOW) == 0) {
        return false;
    }
    bool is_other = s->system != 0 && number_at(row, SYSTEM) != 0 && number_at(row, SYSTEM) != (int64_t)s->system;
    return is_other || number_at(row, TIMELINE) != number_at(row, TIMELINE_NOW);
}

int postgres_meta_check(struct postgres_handle *s, const PGresult *row, struct err *e)
{
    if (PQntuples(row) != 1) {
        return refuse(s, "the table meta has no row", e);
    }
    uint64_t schema = strtoull(PQgetvalue(row, 0, SCHEMA), NULL, 10);
    if (sql_moved_check(&s->sql, schema, e) != 0) {
        return -1;
    }
    schema = sql_moved_schema(schema);
    if (schema > (uint64_t)postgres_schema_latest()) {
        s->stale = true;
        return postgres_schema_refuse_newer(s, schema, e);
    }
    if (strcmp(PQgetvalue(row, 0, EPOCH), s->sql.epoch) != 0 || schema != (uint64_t)postgres_schema_latest()) {
        s->stale = true;
        return err_set(e, ERR_BUSY, "The database was replaced a moment ago. Try again.");
    }
    s->sql.rules = strtoull(PQgetvalue(row, 0, RULES), NULL, 10);
    return 0;
}
