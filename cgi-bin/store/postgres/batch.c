/* batch.c - see batch.h. */
#include "store/postgres/private/batch.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/postgres/private/locks.h"
#include "store/postgres/private/statements.h"
#include "store/sql/authors.h"
#include "store/sql/claims.h"
#include "store/sql/query.h"
#include "store/sql/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct locked_room {
    char name[CHAT_ROOM_MAX + 1];
    struct sql_room row;
};

/* What is known of a job's id. */
struct fact {
    int64_t person_id; /* of the sender's key; 0: none */
    bool is_there;     /* a message with the id from this sender */
};

struct row {
    int64_t message_id;
    const struct chat_draft *draft;
    struct sql_author author;
    int64_t time_ms;
};

/* Of all jobs, in their order; NULL where a job has none. */
struct lists {
    const char **rooms;
    const void **keys;
    const char **folds;
    const char **looks;
    const char **names;
    const char **ids;
    size_t count;
};

struct postgres_batch {
    struct lists lists;
    const struct store_job *jobs; /* borrowed */
    size_t job_count;
    size_t at; /* the job whose message came last: they come in their order */
    struct locked_room *rooms;
    size_t room_count;
    struct fact *facts; /* of each job; NULL: they don't hold any more */
    struct row *rows;   /* messages */
    size_t row_count;
    size_t written;         /* of them */
    struct sql_room *heads; /* of rooms, to be written */
    size_t head_count;
    struct sql_query *later; /* statements that were put off */
    size_t later_count;
};

enum { LATER_OF = 3 }; /* parameter of a statement that was put off: whose row it changes */
static int prepare_for(struct postgres_handle *s, const char *sql, struct err *e);
static bool put_off(struct postgres_handle *s, struct sql_query *q);

/* ---- the beginning ---- */

#define ASKED_ROOMS "unnest(?1) AS asked (name) LEFT JOIN room ON room.name = asked.name"
/* Is something new: a room, a key without a person, or a name that isn't the person's? Then the
 * lock of names is taken, for which the numbers of the lock are put in. */
#define LOCK_NAMES                                                                                       \
    "SELECT CASE WHEN is_new THEN CAST(pg_advisory_xact_lock(%d, %d) AS text) END FROM (SELECT"          \
    " EXISTS (SELECT 1 FROM " ASKED_ROOMS " WHERE room.room_id IS NULL) OR"                              \
    " EXISTS (SELECT 1 FROM unnest(?2, ?3) AS asked (hash, fold) LEFT JOIN key ON key.hash = asked.hash" \
    "  LEFT JOIN name ON name.fold = asked.fold WHERE asked.hash IS NOT NULL AND (key.person_id IS NULL" \
    "  OR (asked.fold IS NOT NULL AND name.person_id IS NOT key.person_id))) AS is_new OFFSET 0) AS asked"
static const char lock_rooms[] =
    "SELECT name, room_id, head, oldest FROM room WHERE name = ANY(?) ORDER BY name FOR NO KEY UPDATE";
static const char ask_keys[] = "SELECT " SQL_AUTHORS_COLUMNS ", hash" SQL_AUTHORS_FROM " WHERE hash = ANY(?)";
static const char ask_looks[] = "SELECT look FROM unnest(?) AS asked (look)"
                                " WHERE EXISTS (SELECT 1 FROM name WHERE name.look = asked.look)";
static const char ask_names[] = "SELECT " SQL_CLAIMS_COLUMNS ", fold FROM name WHERE fold = ANY(?)";
static const char ask_ids[] = "SELECT place, key.person_id, (SELECT 1 FROM message WHERE message.room_id = room.room_id"
                              " AND ifnull(message.person_id, message.name) = ifnull(key.person_id, asked.name)"
                              " AND message.id = asked.id AND message.id_sent = 1)"
                              " FROM unnest(?1, ?2, ?3, ?4) WITH ORDINALITY AS asked (room, hash, name, id, place)"
                              " LEFT JOIN key ON key.hash = asked.hash LEFT JOIN room ON room.name = asked.room";

enum { KEY_COLUMN = 6, FOLD_COLUMN = 6 }; /* behind those that one key or name is asked for */

static void take_lists(const struct postgres_handle *s, struct lists *out)
{
    size_t count = s->job_count;
    *out = (struct lists){.rooms = ck_calloc(count, sizeof(char *)),
                          .keys = ck_calloc(count, sizeof(char *)),
                          .folds = ck_calloc(count, sizeof(char *)),
                          .looks = ck_calloc(count, sizeof(char *)),
                          .names = ck_calloc(count, sizeof(char *)),
                          .ids = ck_calloc(count, sizeof(char *)),
                          .count = count};
    for (size_t i = 0; i < count; i++) {
        const struct chat_draft *d = s->jobs[i].draft;
        out->rooms[i] = d->room;
        out->keys[i] = d->sender.has_key ? d->sender.key : NULL;
        out->folds[i] = s->jobs[i].terms.name_keep_days != 0 ? d->sender.fold : NULL;
        out->looks[i] = out->folds[i] != NULL ? d->sender.look : NULL;
        out->names[i] = d->name;
        out->ids[i] = d->id;
    }
}

static void free_lists(struct lists *l)
{
    free(l->rooms);
    free(l->keys);
    free(l->folds);
    free(l->looks);
    free(l->names);
    free(l->ids);
}

/* The statements of the beginning, in their order. */
enum { LIMITS_MOST = 4, ASKED_MOST = LIMITS_MOST + 9 };
struct beginning {
    struct sql_query all[ASKED_MOST];
    size_t count;
    size_t meta; /* which it is, as are the next ones */
    size_t rooms;
    size_t keys;
    size_t names;
    size_t looks;
    size_t ids;
    char lock_rules[80];
    char lock_names[900];
};

static struct sql_query *add(struct postgres_handle *s, struct beginning *b, const char *sql, struct err *e)
{
    struct sql_query *q = &b->all[b->count++];
    sql_query_begin(q, &s->sql, sql, "begin", e);
    return q;
}

static void add_locks(struct postgres_handle *s, struct beginning *b, const char *const *limits, const char *meta,
                      const struct lists *l, struct err *e)
{
    snprintf(b->lock_rules, sizeof b->lock_rules, POSTGRES_LOCKS_SHARE, POSTGRES_LOCKS_RULES, s->lock);
    snprintf(b->lock_names, sizeof b->lock_names, LOCK_NAMES, POSTGRES_LOCKS_NAMES, s->lock);
    add(s, b, "BEGIN ISOLATION LEVEL READ COMMITTED", e);
    for (size_t i = 0; limits[i] != NULL; i++) {
        CK(i < LIMITS_MOST);
        add(s, b, limits[i], e);
    }
    add(s, b, b->lock_rules, e);
    b->meta = b->count;
    postgres_statements_as_text(add(s, b, meta, e));
    struct sql_query *q = add(s, b, b->lock_names, e);
    postgres_statements_bind_texts(q, l->rooms, l->count);
    postgres_statements_bind_blobs(q, l->keys, CHAT_KEY_BYTES, l->count);
    postgres_statements_bind_texts(q, l->folds, l->count);
    b->rooms = b->count;
    postgres_statements_bind_texts(add(s, b, lock_rooms, e), l->rooms, l->count);
}

static void add_questions(struct postgres_handle *s, struct beginning *b, const struct lists *l, struct err *e)
{
    b->keys = b->count;
    postgres_statements_bind_blobs(add(s, b, ask_keys, e), l->keys, CHAT_KEY_BYTES, l->count);
    b->names = b->count;
    postgres_statements_bind_texts(add(s, b, ask_names, e), l->folds, l->count);
    b->looks = b->count;
    postgres_statements_bind_texts(add(s, b, ask_looks, e), l->looks, l->count);
    b->ids = b->count;
    struct sql_query *q = add(s, b, ask_ids, e);
    postgres_statements_bind_texts(q, l->rooms, l->count);
    postgres_statements_bind_blobs(q, l->keys, CHAT_KEY_BYTES, l->count);
    postgres_statements_bind_texts(q, l->names, l->count);
    postgres_statements_bind_texts(q, l->ids, l->count);
}

static void take_rooms(struct postgres_batch *batch, struct sql_query *q)
{
    while (sql_query_next(q)) {
        batch->rooms = sql_query_grow(batch->rooms, batch->room_count, sizeof *batch->rooms);
        struct locked_room *room = &batch->rooms[batch->room_count++];
        snprintf(room->name, sizeof room->name, "%s", sql_query_text_at(q, 0));
        room->row = (struct sql_room){.id = sql_query_number_at(q, 1),
                                      .head = (uint64_t)sql_query_number_at(q, 2),
                                      .oldest = (uint64_t)sql_query_number_at(q, 3)};
    }
}

static void take_facts(struct postgres_batch *batch, struct sql_query *q)
{
    batch->facts = ck_calloc(batch->job_count, sizeof *batch->facts);
    while (sql_query_next(q)) {
        size_t place = (size_t)sql_query_number_at(q, 0);
        CK(place >= 1 && place <= batch->job_count);
        batch->facts[place - 1] = (struct fact){.person_id = sql_query_number_at(q, 1),
                                                .is_there = sql_query_number_at(q, 2) != 0};
    }
}

static void know_all(struct postgres_handle *s, struct beginning *b, const struct lists *l)
{
    const struct postgres_asked keys = {.sql = SQL_AUTHORS_FIND_KEY,
                                        .values = l->keys,
                                        .count = l->count,
                                        .size = CHAT_KEY_BYTES,
                                        .value_column = KEY_COLUMN};
    const struct postgres_asked names = {.sql = SQL_CLAIMS_FIND_NAME,
                                         .values = (const void *const *)l->folds,
                                         .count = l->count,
                                         .value_column = FOLD_COLUMN};
    const struct postgres_asked looks = {.sql = SQL_CLAIMS_FIND_ALIKE,
                                         .values = (const void *const *)l->looks,
                                         .count = l->count,
                                         .must_ask_if_there = true};
    postgres_statements_know(s, &keys, &b->all[b->keys]);
    postgres_statements_know(s, &names, &b->all[b->names]);
    postgres_statements_know(s, &looks, &b->all[b->looks]);
}

/* Moves the lists. */
static PGresult *take_answers(struct postgres_handle *s, struct beginning *b, struct lists *lists)
{
    struct postgres_batch *batch = ck_calloc(1, sizeof *batch);
    batch->lists = *lists;
    *lists = (struct lists){.count = 0};
    batch->jobs = s->jobs;
    batch->job_count = s->job_count;
    s->batch = batch;
    take_rooms(batch, &b->all[b->rooms]);
    take_facts(batch, &b->all[b->ids]);
    know_all(s, b, &batch->lists);
    s->before_statement = prepare_for;
    s->put_off = put_off;
    return postgres_statements_take_rows(&b->all[b->meta]);
}

PGresult *postgres_batch_begin(struct postgres_handle *s, const char *const *limits, const char *meta, struct err *e)
{
    struct beginning *b = ck_calloc(1, sizeof *b);
    struct lists lists;
    PGresult *row = NULL;
    take_lists(s, &lists);
    add_locks(s, b, limits, meta, &lists, e);
    add_questions(s, b, &lists, e);
    if (postgres_statements_ask_all(s, b->all, b->count, "begin", e) == 0) {
        row = take_answers(s, b, &lists);
    }
    for (size_t i = 0; i < b->count; i++) {
        sql_query_end(&b->all[i]);
    }
    free_lists(&lists);
    free(b);
    return row;
}

/* ---- job by job ---- */

bool postgres_batch_find_room(const struct postgres_handle *s, const char *name, struct sql_room *out)
{
    const struct postgres_batch *batch = s->batch;
    *out = (struct sql_room){.id = 0, .head = 0, .oldest = 1};
    for (size_t i = 0; batch != NULL && i < batch->room_count; i++) {
        if (strcmp(batch->rooms[i].name, name) == 0) {
            *out = batch->rooms[i].row;
        }
    }
    return batch != NULL;
}

/* What is known of this draft; NULL: nothing. */
static const struct fact *fact_of(struct postgres_batch *batch, const struct chat_draft *draft)
{
    while (batch->at < batch->job_count && batch->jobs[batch->at].draft != draft) {
        batch->at++;
    }
    return batch->facts != NULL && batch->at < batch->job_count ? &batch->facts[batch->at] : NULL;
}

/* Has one of the collected messages this id, from this sender, in this room? */
static bool is_collected(const struct postgres_batch *batch, int64_t message_id, const struct sql_author *author,
                         const struct chat_draft *draft)
{
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct row *row = &batch->rows[i];
        bool is_sender = row->author.person_id == author->person_id &&
                         (author->person_id != 0 || strcmp(row->draft->name, draft->name) == 0);
        if (row->message_id >> SQL_ROWS_SEQ_BITS == message_id >> SQL_ROWS_SEQ_BITS && is_sender &&
            strcmp(row->draft->id, draft->id) == 0) {
            return true;
        }
    }
    return false;
}

bool postgres_batch_add(struct postgres_handle *s, int64_t message_id, const struct sql_author *author,
                        const struct chat_draft *draft, int64_t time_ms, bool *added)
{
    struct postgres_batch *batch = s->batch;
    const struct fact *fact = batch != NULL ? fact_of(batch, draft) : NULL;
    if (fact == NULL || (fact->person_id != author->person_id && fact->person_id != 0)) {
        return false;
    }
    /* A person that was made since has no messages; what is there is a guest's with its name. */
    bool is_there = fact->is_there && fact->person_id == author->person_id;
    *added = draft->id_is_made || (!is_there && !is_collected(batch, message_id, author, draft));
    if (*added) {
        batch->rows = sql_query_grow(batch->rows, batch->row_count, sizeof *batch->rows);
        batch->rows[batch->row_count++] = (struct row){
            .message_id = message_id, .draft = draft, .author = *author, .time_ms = time_ms};
    }
    return true;
}

bool postgres_batch_raise(struct postgres_handle *s, const struct sql_room *room)
{
    struct postgres_batch *batch = s->batch;
    if (!postgres_batch_is_due(s)) {
        return false;
    }
    batch->heads = sql_query_grow(batch->heads, batch->head_count, sizeof *batch->heads);
    batch->heads[batch->head_count++] = *room;
    return true;
}

/* ---- writing ---- */

static const char insert_rows[] =
    "INSERT INTO message (message_id, time_ms, type, reply_to, target, sender, state, id_sent, person_id, name, id,"
    " text, network) SELECT * FROM unnest(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
static const char set_heads[] = "UPDATE room SET head = raised.head FROM unnest(?1, ?2) AS raised (room_id, head)"
                                " WHERE room.room_id = raised.room_id";

enum number { MESSAGE_ID, TIME_MS, TYPE, REPLY_TO, TARGET, SENDER, STATE, ID_SENT, PERSON_ID, NUMBERS };

static void take_numbers(const struct row *row, int64_t out[NUMBERS])
{
    const struct chat_draft *d = row->draft;
    const struct sql_author *a = &row->author;
    bool has_sender = a->flags != 0 || a->role >= CHAT_MODERATOR;
    out[MESSAGE_ID] = row->message_id;
    out[TIME_MS] = row->time_ms;
    out[TYPE] = d->type;
    out[REPLY_TO] = (int64_t)d->reply_to;
    out[TARGET] = (int64_t)d->target;
    out[SENDER] = has_sender ? sql_rows_sender(a) : 0;
    out[STATE] = a->is_shadow ? SQL_SHADOW : 0;
    out[ID_SENT] = !d->id_is_made;
    out[PERSON_ID] = a->person_id;
}

static const char *text_of(const struct chat_draft *d)
{
    return d->text != NULL && d->type != CHAT_EDIT ? d->text : "";
}

static void bind_numbers(struct sql_query *q, const struct row *rows, size_t count)
{
    int64_t *numbers = ck_calloc(count, sizeof *numbers);
    for (int kind = 0; kind < NUMBERS; kind++) {
        for (size_t i = 0; i < count; i++) {
            int64_t all[NUMBERS];
            take_numbers(&rows[i], all);
            numbers[i] = all[kind];
        }
        postgres_statements_bind_numbers(q, numbers, kind != ID_SENT && kind != TIME_MS, count);
    }
    free(numbers);
}

static void bind_texts(struct sql_query *q, const struct row *rows, size_t count)
{
    const char **texts = ck_calloc(count, sizeof(char *));
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < count; i++) {
            const struct chat_draft *d = rows[i].draft;
            texts[i] = kind == 0 ? d->name : kind == 1 ? d->id : text_of(d);
        }
        postgres_statements_bind_texts(q, texts, count);
    }
    free(texts);
}

static void bind_rows(struct sql_query *q, const struct row *rows, size_t count)
{
    const void **networks = ck_calloc(count, sizeof(char *));
    bind_numbers(q, rows, count);
    bind_texts(q, rows, count);
    for (size_t i = 0; i < count; i++) {
        networks[i] = rows[i].author.network;
    }
    postgres_statements_bind_blobs(q, networks, CHAT_NETWORK_BYTES, count);
    free(networks);
}

static void bind_heads(struct sql_query *q, const struct postgres_batch *batch)
{
    int64_t *numbers = ck_calloc(batch->head_count, sizeof *numbers);
    for (size_t i = 0; i < batch->head_count; i++) {
        numbers[i] = batch->heads[i].id;
    }
    postgres_statements_bind_numbers(q, numbers, false, batch->head_count);
    for (size_t i = 0; i < batch->head_count; i++) {
        numbers[i] = (int64_t)batch->heads[i].head;
    }
    postgres_statements_bind_numbers(q, numbers, false, batch->head_count);
    free(numbers);
}

/* Statements that are written at once. */
struct writing {
    struct sql_query *all; /* owned */
    size_t count;
};

static struct sql_query *next_of(struct postgres_handle *s, struct writing *w, const char *sql, struct err *e)
{
    struct sql_query *q = &w->all[w->count++];
    sql_query_begin(q, &s->sql, sql, "add the messages", e);
    return q;
}

static bool comes_before(const struct sql_query *a, const struct sql_query *b)
{
    int order = strcmp(a->sql, b->sql);
    return order != 0 ? order < 0 : postgres_statements_compare(a, b, LATER_OF) < 0;
}

/* The same order everywhere, so that the batches of two hosts don't wait for each other's rows of
 * persons and names in a circle. Those of one row stay in their order: the last one counts. */
static void sort_later(struct postgres_batch *batch)
{
    for (size_t i = 1; i < batch->later_count; i++) {
        const struct sql_query moved = batch->later[i];
        size_t at = i;
        while (at > 0 && comes_before(&moved, &batch->later[at - 1])) {
            batch->later[at] = batch->later[at - 1];
            at--;
        }
        batch->later[at] = moved;
    }
}

/* Moves all that is collected. */
static void collect(struct postgres_handle *s, bool commit, struct writing *out, struct err *e)
{
    struct postgres_batch *batch = s->batch;
    *out = (struct writing){.all = ck_calloc(batch->later_count + 3, sizeof *out->all)};
    sort_later(batch);
    for (size_t i = 0; i < batch->later_count; i++) {
        out->all[out->count++] = batch->later[i];
    }
    if (batch->row_count > batch->written) {
        bind_rows(next_of(s, out, insert_rows, e), batch->rows + batch->written, batch->row_count - batch->written);
    }
    if (batch->head_count > 0) {
        bind_heads(next_of(s, out, set_heads, e), batch);
    }
    if (commit) {
        next_of(s, out, "COMMIT", e);
    }
    batch->later_count = 0;
    batch->written = batch->row_count;
    batch->head_count = 0;
}

/* Writes what is collected, and with commit set ends the transaction with it. Returns the result of
 * the last statement. */
static PGresult *write_all(struct postgres_handle *s, bool commit, struct err *e)
{
    struct writing w;
    PGresult *last = NULL;
    collect(s, commit, &w, e);
    if (postgres_statements_ask_all(s, w.all, w.count, "add the messages", e) == 0) {
        last = postgres_statements_take_rows(&w.all[w.count - 1]);
    }
    for (size_t i = 0; i < w.count; i++) {
        sql_query_end(&w.all[i]);
    }
    free(w.all);
    return last;
}

static bool put_off(struct postgres_handle *s, struct sql_query *q)
{
    struct postgres_batch *batch = s->batch;
    bool is_used = strcmp(q->sql, SQL_CLAIMS_SET_USED) == 0;
    if (!is_used && strcmp(q->sql, SQL_AUTHORS_SET_SEEN) != 0) {
        return false;
    }
    if (is_used) { /* another person might take a name over that has rested, and rests no more */
        postgres_statements_know_changed(s, SQL_CLAIMS_FIND_NAME, q, LATER_OF);
    }
    batch->later = sql_query_grow(batch->later, batch->later_count, sizeof *batch->later);
    postgres_statements_move(q, &batch->later[batch->later_count++]);
    return true;
}

static int write_collected(struct postgres_handle *s, struct err *e)
{
    PGresult *done = write_all(s, false, e);
    PQclear(done);
    return done != NULL ? 0 : -1;
}

/* A statement comes that must find what is collected, and may change what is known. But one of
 * persons and names finds nothing in messages, so these stay collected, unless it may find
 * something in what was put off. */
static int prepare_for(struct postgres_handle *s, const char *sql, struct err *e)
{
    struct postgres_batch *batch = s->batch;
    enum sql_claims_use use = sql_authors_use(sql);
    if (use != SQL_CLAIMS_READS) {
        postgres_statements_forget_known(s);
    }
    if (use != SQL_CLAIMS_NO_USE) {
        return batch->later_count > 0 ? write_collected(s, e) : 0;
    }
    s->before_statement = NULL;
    s->put_off = NULL;
    free(batch->facts);
    batch->facts = NULL;
    return postgres_batch_is_due(s) ? write_collected(s, e) : 0;
}

bool postgres_batch_is_due(const struct postgres_handle *s)
{
    const struct postgres_batch *b = s->batch;
    return b != NULL && (b->row_count > b->written || b->later_count > 0 || b->head_count > 0);
}

PGresult *postgres_batch_commit(struct postgres_handle *s, struct err *e)
{
    return write_all(s, true, e);
}

void postgres_batch_forget(struct postgres_handle *s)
{
    struct postgres_batch *batch = s->batch;
    s->before_statement = NULL;
    s->put_off = NULL;
    s->batch = NULL;
    postgres_statements_forget_known(s);
    if (batch != NULL) {
        for (size_t i = 0; i < batch->later_count; i++) {
            sql_query_end(&batch->later[i]);
        }
        free_lists(&batch->lists);
        free(batch->later);
        free(batch->rooms);
        free(batch->facts);
        free(batch->rows);
        free(batch->heads);
        free(batch);
    }
}
