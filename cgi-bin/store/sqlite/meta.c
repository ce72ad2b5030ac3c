/* meta.c - see meta.h. */
#include "store/sqlite/private/meta.h"

#include "base/err.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/schema.h"

#include <string.h>

static _Atomic int owed;

enum sqlite_meta_owed sqlite_meta_scrub_owed(void)
{
    return (enum sqlite_meta_owed)atomic_load(&owed);
}

void sqlite_meta_set_scrub_owed(enum sqlite_meta_owed now)
{
    atomic_store(&owed, (int)now);
}

/* Another process may have been killed between an erasure and the scrubbing. */
static void note_scrub(const struct sqlite_handle *s, const struct sqlite_meta *meta)
{
    int nothing = SQLITE_OWED_NOTHING;
    if (meta->scrub && s->mode == STORE_WRITE) {
        atomic_compare_exchange_strong(&owed, &nothing, SQLITE_OWED_SOON);
    }
}

int sqlite_meta_learn(struct sqlite_handle *s, struct err *e)
{
    struct sqlite_meta meta;
    if (sqlite_rows_meta(s, &meta, e) != 0) {
        return -1;
    }
    if (strlen(meta.epoch) != CHAT_EPOCH_SIZE - 1) {
        return sqlite_fail(s, SQLITE_CORRUPT, "read the epoch", e);
    }
    memcpy(s->sql.epoch, meta.epoch, CHAT_EPOCH_SIZE);
    note_scrub(s, &meta);
    s->sql.rules = meta.rules;
    return 0;
}

int sqlite_meta_check(struct sqlite_handle *s, struct err *e)
{
    struct sqlite_meta meta;
    if (sqlite_rows_meta(s, &meta, e) != 0 || sql_moved_check(&s->sql, (uint64_t)meta.schema, e) != 0) {
        return -1;
    }
    meta.schema = (int)sql_moved_schema((uint64_t)meta.schema);
    if (meta.schema > sqlite_schema_latest()) {
        s->stale = true;
        return sqlite_schema_refuse_newer(s, (uint64_t)meta.schema, e);
    }
    if (strcmp(meta.epoch, s->sql.epoch) != 0 || meta.schema != sqlite_schema_latest()) {
        s->stale = true;
        return err_set(e, ERR_BUSY, "The database was replaced a moment ago. Try again.");
    }
    note_scrub(s, &meta);
    s->sql.rules = meta.rules;
    return 0;
}
