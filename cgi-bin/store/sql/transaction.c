/* transaction.c - see transaction.h. */
#include "store/sql/transaction.h"

int sql_write_begin(struct sql_store *s, struct err *e)
{
    return s->engine->write_begin(s, e);
}

int sql_write_end(struct sql_store *s, int result, struct err *e)
{
    return s->engine->write_end(s, result, e);
}

int sql_expect(struct sql_store *s, const struct store_job *jobs, size_t count, struct err *e)
{
    return s->engine->expect(s, jobs, count, e);
}

int sql_touch(struct sql_store *s, struct err *e)
{
    return s->engine->touch(s, e);
}

int sql_view_enter(struct sql_store *s, bool *begun, struct err *e)
{
    return s->engine->view_enter(s, begun, e);
}

void sql_view_leave(struct sql_store *s, bool begun)
{
    s->engine->view_leave(s, begun);
}

int sql_scrub_owe(struct sql_store *s, struct err *e)
{
    return s->engine->owe_scrub(s, false, e);
}

int sql_scrub_owe_later(struct sql_store *s, struct err *e)
{
    return s->engine->owe_scrub(s, true, e);
}
