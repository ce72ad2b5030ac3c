/* rows.c - see rows.h. */
#include "store/sql/rows.h"

int sql_rows_find_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e)
{
    return s->engine->find_room(s, name, out, e);
}

int sql_rows_add_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e)
{
    return s->engine->add_room(s, name, out, e);
}

int sql_rows_raise_head(struct sql_store *s, const struct sql_room *room, struct err *e)
{
    return s->engine->raise_head(s, room, e);
}

int sql_rows_find_same(struct sql_store *s, const struct sql_room *room, const struct sql_author *author,
                       struct store_job *job, struct err *e)
{
    return s->engine->find_same(s, room, author, job, e);
}

int sql_rows_add_message(struct sql_store *s, struct sql_room *room, const struct sql_author *author,
                         struct store_job *job, struct err *e)
{
    return s->engine->add_message(s, room, author, job, e);
}

int64_t sql_rows_sender(const struct sql_author *a)
{
    return (int64_t)a->mark << 16 | (int64_t)a->role << 8 | (int64_t)a->flags;
}

int64_t sql_rows_message_id(const struct sql_room *room, uint64_t seq)
{
    return (int64_t)((uint64_t)room->id << SQL_ROWS_SEQ_BITS | seq);
}
