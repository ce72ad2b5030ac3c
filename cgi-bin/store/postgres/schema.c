/* schema.c - see schema.h. */
#include "store/postgres/private/schema.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "store/postgres/private/link.h"
#include "store/postgres/private/locks.h"
#include "store/postgres/private/takeover.h"
#include "store/sql/moved.h"
#include "store/sql_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *migration(int number)
{
    char prefix[32];
    snprintf(prefix, sizeof prefix, "postgres/%03d-", number);
    for (const struct sql_file *f = sql_files; f->name != NULL; f++) {
        if (strncmp(f->name, prefix, strlen(prefix)) == 0) {
            return f->text;
        }
    }
    return NULL;
}

int postgres_schema_latest(void)
{
    int number = 0;
    while (migration(number + 1) != NULL) {
        number++;
    }
    return number;
}

int postgres_schema_refuse_newer(const struct postgres_handle *s, uint64_t schema, struct err *e)
{
    log_line("%s has schema %" PRIu64 ", this program knows up to %d", s->label, schema, postgres_schema_latest());
    return err_set(
        e, ERR_NEWER,
        "The database was made by a newer pollchat (schema %" PRIu64 "); this program is older and knows up to %d. "
        "Nothing was changed. Install the newer programs, or put back the dump that was made before the upgrade.",
        schema, postgres_schema_latest());
}

/* ---- what is there ---- */

int postgres_schema_is_there(struct postgres_handle *s, bool *out, struct err *e)
{
    /* To read a catalog makes the server look at what others have done to it since; to_regclass
     * alone may believe its cache, also after a wait for the lock. */
    PGresult *row = postgres_link_run(s, "SELECT to_regclass('meta') IS NOT NULL FROM pg_namespace LIMIT 1",
                                      "look for tables", e);
    if (row == NULL) {
        return -1;
    }
    *out = PQgetvalue(row, 0, 0)[0] == 't';
    PQclear(row);
    return 0;
}

/* *schema: 0 if there are no tables. */
static int read_schema(struct postgres_handle *s, uint64_t *schema, struct err *e)
{
    bool is_there = false;
    *schema = 0;
    if (postgres_schema_is_there(s, &is_there, e) != 0) {
        return -1;
    }
    if (!is_there) {
        return 0;
    }
    PGresult *row = postgres_link_run(s, "SELECT schema FROM meta", "read the schema", e);
    if (row == NULL) {
        return -1;
    }
    *schema = PQntuples(row) == 1 ? sql_moved_schema(strtoull(PQgetvalue(row, 0, 0), NULL, 10)) : 0;
    PQclear(row);
    return *schema != 0
               ? 0
               : err_set(e, ERR_CORRUPT, "The database has a table meta that isn't pollchat's, or is damaged.");
}

/* ---- making ---- */

static int run(struct postgres_handle *s, const char *text, const char *what, struct err *e)
{
    PGresult *result = postgres_link_run(s, text, what, e);
    PQclear(result);
    return result != NULL ? 0 : -1;
}

static int note_schema(struct postgres_handle *s, bool is_new, struct err *e)
{
    char text[400];
    char epoch[RANDOM_ID_SIZE];
    random_id(epoch);
    if (is_new) {
        snprintf(text, sizeof text,
                 "INSERT INTO meta (one, epoch, created_ms, schema, timeline)"
                 " VALUES (1, '%s', %" PRId64 ", %d, " POSTGRES_TAKEOVER_TIMELINE ")",
                 epoch, clock_wall_ms(), postgres_schema_latest());
    } else {
        snprintf(text, sizeof text, SQL_MOVED_SET_SCHEMA, postgres_schema_latest());
    }
    return run(s, text, "note the schema", e);
}

/* Inside the transaction, alone. Another program may have been faster. */
static int migrate(struct postgres_handle *s, struct err *e)
{
    uint64_t schema = 0;
    uint64_t latest = (uint64_t)postgres_schema_latest();
    if (read_schema(s, &schema, e) != 0) {
        return -1;
    }
    if (schema > latest) {
        return postgres_schema_refuse_newer(s, schema, e);
    }
    for (uint64_t number = schema + 1; number <= latest; number++) {
        if (run(s, migration((int)number), "make the tables", e) != 0) {
            return -1;
        }
    }
    return schema == latest ? 0 : note_schema(s, schema == 0, e);
}

static int migrate_alone(struct postgres_handle *s, struct err *e)
{
    char text[300];
    snprintf(text, sizeof text, "BEGIN; " POSTGRES_LOCKS_TAKE "; " POSTGRES_LOCKS_TAKE, POSTGRES_LOCKS_TABLES, s->lock,
             POSTGRES_LOCKS_RULES, s->lock);
    int result = run(s, text, "wait for other programs", e);
    s->open = s->db != NULL ? POSTGRES_WRITE : POSTGRES_NOTHING;
    if (result == 0) {
        result = migrate(s, e);
    }
    if (result == 0) {
        result = run(s, "COMMIT", "commit the tables", e);
    }
    if (result != 0 && s->db != NULL) {
        run(s, "ROLLBACK", "roll back", NULL);
    }
    s->open = POSTGRES_NOTHING;
    s->is_lost = false;
    return result;
}

int postgres_schema_make(struct postgres_handle *s, struct err *e)
{
    uint64_t schema = 0;
    struct err why = ERR_INIT;
    int result = read_schema(s, &schema, &why);
    if (result == 0 && schema > (uint64_t)postgres_schema_latest()) {
        result = postgres_schema_refuse_newer(s, schema, &why);
    }
    if (result == 0 && schema < (uint64_t)postgres_schema_latest()) {
        s->is_patient = true;
        result = migrate_alone(s, &why);
        s->is_patient = false;
    }
    return result == 0 ? 0 : err_move(e, &why);
}
