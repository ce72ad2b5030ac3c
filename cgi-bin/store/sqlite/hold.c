/* hold.c - see hold.h. */
#include "store/sqlite/private/hold.h"

#include "base/random.h"
#include "store/sqlite/private/query.h"

#include <string.h>

static const char find_held[] = "SELECT text = ?, ifnull(reply_to, 0) = ? FROM held"
                                " WHERE room = ? AND ifnull(person_id, name) = ? AND id = ?";
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
static int find(struct sqlite_handle *s, const struct sqlite_author *author, struct store_job *job, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, find_held, "look for the id", e);
    sqlite_query_text(&q, job->draft->text);
    sqlite_query_number(&q, (sqlite3_int64)job->draft->reply_to);
    sqlite_query_text(&q, job->draft->room);
    if (author->person_id != 0) {
        sqlite_query_number(&q, author->person_id);
    } else {
        sqlite_query_text(&q, job->draft->name);
    }
    sqlite_query_text(&q, job->draft->id);
    if (sqlite_query_next(&q)) {
        bool same = sqlite_query_number_at(&q, 0) != 0 && sqlite_query_number_at(&q, 1) != 0;
        job->outcome = same ? STORE_HELD : STORE_CONFLICT;
    }
    return sqlite_query_end(&q);
}

static int add(struct sqlite_handle *s, const struct sqlite_room *room, const struct sqlite_author *author,
               const struct store_job *job, int64_t now_ms, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, add_held, "hold the message", e);
    sqlite_query_number_or_null(&q, room->id);
    sqlite_query_text(&q, job->draft->room);
    sqlite_query_number(&q, now_ms);
    sqlite_query_number_or_null(&q, (sqlite3_int64)job->draft->reply_to);
    sqlite_query_text(&q, job->draft->name);
    sqlite_query_text(&q, job->draft->id);
    sqlite_query_text(&q, job->draft->text);
    sqlite_query_number_or_null(&q, author->person_id);
    sqlite_query_number(&q, sqlite_rows_sender(author));
    sqlite_query_blob(&q, author->network, CHAT_NETWORK_BYTES);
    sqlite_query_text(&q, job->why);
    return sqlite_query_run(&q);
}

int sqlite_hold_add(struct sqlite_handle *s, const struct sqlite_room *room, const struct sqlite_author *author,
                    const char *why, struct store_job *job, int64_t now_ms, struct err *e)
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
