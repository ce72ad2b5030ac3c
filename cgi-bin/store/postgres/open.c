/* open.c - see open.h. */
#include "store/postgres/private/open.h"

#include "base/err.h"
#include "store/postgres/private/link.h"
#include "store/postgres/private/meta.h"
#include "store/postgres/private/replica.h"
#include "store/postgres/private/schema.h"
#include "store/postgres/private/seen.h"
#include "store/postgres/private/statements.h"
#include "store/postgres/private/takeover.h"
#include "store/postgres/private/transaction.h"
#include "system/folder.h"

#include <stdlib.h>

/* A managed database may not tell its identifier: then it is 0. */
static int learn_system(struct postgres_handle *s, struct err *e)
{
    static const char ask_right[] = "SELECT has_function_privilege('pg_catalog.pg_control_system()', 'execute')";
    static const char ask_identifier[] = "SELECT system_identifier FROM pg_control_system()";
    PGresult *row = postgres_link_run(s, ask_right, "ask for rights", e);
    bool is_allowed = row != NULL && PQgetvalue(row, 0, 0)[0] == 't';
    if (is_allowed) {
        PQclear(row);
        row = postgres_link_run(s, ask_identifier, "ask for the identifier", e);
    }
    s->system = is_allowed && row != NULL ? strtoull(PQgetvalue(row, 0, 0), NULL, 10) : 0;
    int result = row != NULL ? 0 : -1;
    PQclear(row);
    return result;
}

static int learn(struct postgres_handle *s, struct err *e)
{
    PGresult *row = postgres_link_run(s, POSTGRES_META_SELECT, "read meta", e);
    int result = row != NULL ? postgres_meta_learn(s, row, e) : -1;
    int64_t timeline = row != NULL ? postgres_meta_timeline(row) : 0;
    PQclear(row);
    if (result != 0 || learn_system(s, e) != 0 || (timeline != 0 && postgres_seen_check(s, timeline, e) != 0)) {
        return -1;
    }
    postgres_takeover_note_sync(s);
    return 0;
}

struct postgres_handle *postgres_open(const struct store_options *options, enum store_mode mode, struct err *e)
{
    struct postgres_handle *s = postgres_handle_new(options, mode);
    if (folder_make(options->folder, e) != 0 || postgres_link_open(s, e) != 0 || postgres_schema_make(s, e) != 0 ||
        learn(s, e) != 0) {
        postgres_close(s);
        return NULL;
    }
    return s;
}

void postgres_close(struct postgres_handle *s)
{
    postgres_replica_free(s->replica);
    postgres_transaction_view_end(s);
    postgres_link_close(s);
    postgres_statements_free(s);
    postgres_handle_free(s);
}

bool postgres_open_exists(const struct store_options *options)
{
    struct postgres_handle *s = postgres_handle_new(options, STORE_READ);
    struct err ignored = ERR_INIT;
    bool is_there = false;
    bool is = postgres_schema_is_there(s, &is_there, &ignored) != 0 || is_there; /* opening it tells more */
    postgres_close(s);
    return is;
}
