/* rows.c - see rows.h. */
#include "store/sql/rows.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/sql/made_id.h"

/* ---- rooms ---- */

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

/* ---- messages ---- */

int64_t sql_rows_sender(const struct sql_author *a)
{
    return (int64_t)a->mark << 16 | (int64_t)a->role << 8 | (int64_t)a->flags;
}

int64_t sql_rows_message_id(const struct sql_room *room, uint64_t seq)
{
    return (int64_t)((uint64_t)room->id << SQL_ROWS_SEQ_BITS | seq);
}

/* Looks at the row that the end of the id names (made_id.h). */
static int find_numbered(struct sql_store *s, const struct sql_room *room, struct store_job *job, struct err *e)
{
    uint64_t seq = sql_made_id_seq(job->draft->id);
    return seq == 0 || seq > room->head ? 0 : s->engine->find_at(s, sql_rows_message_id(room, seq), job, e);
}

/* A page that has been reloaded since it has a key may send again what it has sent as a guest. Only
 * the same message counts, since another person may have used the name and id. */
static int find_of_guest(struct sql_store *s, const struct sql_room *room, struct store_job *job, struct err *e)
{
    int result = s->engine->find_sent(s, room, 0, job, e);
    job->outcome = job->outcome == STORE_REPEATED ? STORE_REPEATED : (enum store_outcome)0;
    return result;
}

int sql_rows_find_same(struct sql_store *s, const struct sql_room *room, const struct sql_author *author,
                       struct store_job *job, struct err *e)
{
    int result = find_numbered(s, room, job, e);
    if (result != 0 || job->outcome != 0) {
        return result;
    }
    return author->is_new ? find_of_guest(s, room, job, e) : s->engine->find_sent(s, room, author->person_id, job, e);
}

/* The row wasn't added because of one that is there. */
static int find_other(struct sql_store *s, const struct sql_room *room, const struct sql_author *author,
                      struct store_job *job, struct err *e)
{
    if (s->engine->find_sent(s, room, author->person_id, job, e) != 0) {
        return -1;
    }
    if (job->outcome == 0) {
        log_line("the index of ids has an id that no message has");
        return err_set(e, ERR_CORRUPT, "The database is damaged. Run 'pollchat check' to see where.");
    }
    return 0;
}

static int add(struct sql_store *s, struct sql_room *room, const struct sql_author *author, struct store_job *job,
               struct err *e)
{
    uint64_t seq = room->head + 1;
    int64_t time_ms = clock_wall_ms();
    bool added = false;
    if (s->engine->add_message(s, sql_rows_message_id(room, seq), author, job->draft, time_ms, &added, e) != 0) {
        return -1;
    }
    if (!added) {
        return find_other(s, room, author, job, e);
    }
    room->head = seq;
    job->outcome = STORE_STORED;
    job->seq = seq;
    job->time_ms = time_ms;
    job->mark = author->mark;
    job->flags = author->flags;
    job->role = author->role;
    return 0;
}

int sql_rows_add_message(struct sql_store *s, struct sql_room *room, const struct sql_author *author,
                         struct store_job *job, struct err *e)
{
    if (find_numbered(s, room, job, e) != 0) {
        return -1;
    }
    if (job->outcome != 0) {
        return 0;
    }
    if (job->draft->id_is_made || job->draft->id[0] == '\0') {
        sql_made_id_set(job->draft, room->head + 1);
    }
    return add(s, room, author, job, e);
}
