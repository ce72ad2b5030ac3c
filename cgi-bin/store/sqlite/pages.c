/* pages.c - see pages.h. */
#include "store/sqlite/private/pages.h"

#include "base/err.h"
#include "store/sql/query.h"

enum {
    FREE_PAGES_MOST = 256, /* so many stay in the file for new messages, or */
    FREE_SHARE = 16,       /* this part of the file if it is more */
    AUTO_VACUUM_INCREMENTAL = 2,
};

int sqlite_pages_count(struct sqlite_handle *s, struct sql_space *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, &s->sql,
                    "SELECT page_count * page_size, freelist_count * page_size, page_size"
                    " FROM pragma_page_count, pragma_page_size, pragma_freelist_count",
                    "count pages", e);
    if (sql_query_next(&q)) {
        out->all = sql_query_number_at(&q, 0);
        out->unused = sql_query_number_at(&q, 1);
        out->page = sql_query_number_at(&q, 2);
    }
    return sql_query_end(&q);
}

static bool ask(struct sqlite_handle *s, const char *pragma, int64_t *out)
{
    struct sql_query q;
    struct err ignored = ERR_INIT;
    sql_query_begin(&q, &s->sql, pragma, "look for free pages", &ignored);
    bool is = sql_query_next(&q);
    *out = is ? sql_query_number_at(&q, 0) : 0;
    return sql_query_end(&q) == 0 && is;
}

bool sqlite_pages_are_due(struct sqlite_handle *s)
{
    int64_t mode = 0;
    int64_t unused = 0;
    int64_t pages = 0;
    return ask(s, "PRAGMA freelist_count", &unused) && unused > FREE_PAGES_MOST &&
           ask(s, "PRAGMA page_count", &pages) && unused > pages / FREE_SHARE && ask(s, "PRAGMA auto_vacuum", &mode) &&
           mode == AUTO_VACUUM_INCREMENTAL;
}

int sqlite_pages_return(struct sqlite_handle *s, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, &s->sql, "PRAGMA incremental_vacuum(100)", "return free pages", e);
    return sql_query_run(&q);
}
