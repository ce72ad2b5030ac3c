/* hold.c - see hold.h. */
#include "store/sql/hold.h"

#include "base/random.h"
#include "store/sql/query.h"

#include <string.h>

static const char find_held[] = "SELECT text = ?, ifnull(reply_to, 0) = ? FROM held"
                                " WHERE room = ? AND ifnull(person_id, name) = ifnull(?, ?) AND id = ?";
static const char add_held[] =
    "INSERT INTO held (room_id, room, made_ms, reply_to, name, id, text, person_id, sender, network, why)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/* Without an id from the client it gets one here, which doesn't name a seq: it has none yet. A
 * further call with the draft finds it again. */
static void make_id(struct chat_draft *d)
{
    if (d->id[0] == '\0') {
        char id[RANDOM_ID_SIZE];
        random_id(id);
        memcpy(d->id, id, sizeof id);
        d->id_is_made = true;
    }
}

/* Sets the outcome if a message with this id waits. */
static int find(struct sql_store *s, const struct sql_author *author, struct store_job *job, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, find_held, "look for the id", e);
    sql_query_text(&q, job->draft->text);
    sql_query_number(&q, (int64_t)job->draft->reply_to);
    sql_query_text(&q, job->draft->room);
    sql_query_number_or_null(&q, author->person_id);
    sql_query_text(&q, job->draft->name);
    sql_query_text(&q, job->draft->id);
    if (sql_query_next(&q)) {
        bool same = sql_query_number_at(&q, 0) != 0 && sql_query_number_at(&q, 1) != 0;
        job->outcome = same ? STORE_HELD : STORE_CONFLICT;
    }
    return sql_query_end(&q);
}

static int add(struct sql_store *s, const struct sql_room *room, const struct sql_author *author,
               const struct store_job *job, int64_t now_ms, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, add_held, "hold the message", e);
    sql_query_number_or_null(&q, room->id);
    sql_query_text(&q, job->draft->room);
    sql_query_number(&q, now_ms);
    sql_query_number_or_null(&q, (int64_t)job->draft->reply_to);
    sql_query_text(&q, job->draft->name);
    sql_query_text(&q, job->draft->id);
    sql_query_text(&q, job->draft->text);
    sql_query_number_or_null(&q, author->person_id);
    sql_query_number(&q, sql_rows_sender(author));
    sql_query_blob(&q, author->network, CHAT_NETWORK_BYTES);
    sql_query_text(&q, job->why);
    return sql_query_run(&q);
}

int sql_hold_add(struct sql_store *s, const struct sql_room *room, const struct sql_author *author, const char *why,
                 struct store_job *job, int64_t now_ms, struct err *e)
{
    make_id(job->draft);
    job->why = why;
    if (find(s, author, job, e) != 0) {
        return -1;
    }
    if (job->outcome != 0) {
        return 0;
    }
    job->outcome = STORE_HELD;
    return add(s, room, author, job, now_ms, e);
}
