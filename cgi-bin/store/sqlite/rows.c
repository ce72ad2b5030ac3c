/* rows.c - see rows.h. */
#include "store/sqlite/private/rows.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/made_id.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The columns of a message, behind message_id, in the order in which all statements have them. */
#define COLUMNS(X)          \
    X(TIME_MS, "time_ms")   \
    X(TYPE, "type")         \
    X(REPLY_TO, "reply_to") \
    X(NAME, "name")         \
    X(ID, "id")             \
    X(ID_SENT, "id_sent")   \
    X(TEXT, "text")
#define AS_ENUM(word, name) COLUMN_##word,
#define AS_NAME(word, name) ", " name
#define AS_RESULT(word, name) ", message." name
#define AS_PARAMETER(word, name) ", ?"

enum column { COLUMN_MESSAGE_ID, COLUMNS(AS_ENUM) };

/* message_id is room_id << SEQ_BITS | seq (002-message-by-number.sql). */
#define SEQ_BITS 36
#define SEQ_BITS_TEXT "36"

#define SELECT_MESSAGE "SELECT message_id" COLUMNS(AS_RESULT) " FROM "
#define SELECT_RANGE                                                         \
    SELECT_MESSAGE "room CROSS JOIN message WHERE room.name = ?1"            \
                   " AND message_id BETWEEN (room.room_id << " SEQ_BITS_TEXT \
                   ") + ?2 AND (room.room_id << " SEQ_BITS_TEXT ") + ?3"
#define INSERT_MESSAGE "INSERT INTO message (message_id" COLUMNS(AS_NAME) ") VALUES (?" COLUMNS(AS_PARAMETER) ")"

static_assert(SQLITE_ROWS_SEQ_MAX == ((uint64_t)1 << SEQ_BITS) - 1, "seq takes the lower bits");
static_assert(SQLITE_ROWS_ROOM_MAX == INT64_MAX >> SEQ_BITS, "the room takes the bits between seq and sign");

enum statement {
    BEGIN_READ,
    BEGIN_WRITE,
    COMMIT,
    ROLLBACK,
    META,
    VERSION,
    ROOM,
    ASCENDING,
    DESCENDING,
    SAME, /* from here on for writers only */
    SAME_AT,
    ADD_ROOM,
    ADD_MESSAGE,
    RAISE_HEAD,
    STATEMENT__MAX
};

static const char *const texts[STATEMENT__MAX] = {
    [BEGIN_READ] = "BEGIN",
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [META] = "SELECT epoch, schema, scrub FROM meta WHERE one = 1",
    [VERSION] = "PRAGMA data_version",
    [ROOM] = "SELECT room_id, head, oldest FROM room WHERE name = ?1",
    [ASCENDING] = SELECT_RANGE " ORDER BY message_id LIMIT ?4",
    [DESCENDING] = SELECT_RANGE " ORDER BY message_id DESC LIMIT ?4",
    [SAME] = SELECT_MESSAGE "message WHERE room_id = ?1 AND ifnull(person_id, name) = ?2 AND id = ?3 AND id_sent = 1",
    [SAME_AT] = SELECT_MESSAGE "message WHERE message_id = ?1 AND name = ?2 AND id = ?3",
    [ADD_ROOM] = "INSERT INTO room (name, head, oldest, created_ms) VALUES (?1, 0, 1, ?2)",
    [ADD_MESSAGE] = INSERT_MESSAGE " ON CONFLICT (room_id, ifnull(person_id, name), id) WHERE id_sent = 1 DO NOTHING",
    [RAISE_HEAD] = "UPDATE room SET head = ?2 WHERE room_id = ?1",
};

struct sqlite_rows {
    sqlite3_stmt *statements[STATEMENT__MAX];
};

/* ---- statements ---- */

int sqlite_rows_prepare(struct sqlite_handle *s, struct err *e)
{
    size_t count = s->mode == STORE_WRITE ? STATEMENT__MAX : SAME;
    s->rows = ck_calloc(1, sizeof *s->rows);
    for (size_t i = 0; i < count; i++) {
        int rc = sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->rows->statements[i], NULL);
        if (rc != SQLITE_OK) { /* the version is right, so a table that is missing means damage */
            return sqlite_fail(s, rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc, texts[i], e);
        }
    }
    return 0;
}

void sqlite_rows_finish(struct sqlite_handle *s)
{
    for (size_t i = 0; s->rows != NULL && i < STATEMENT__MAX; i++) {
        sqlite3_finalize(s->rows->statements[i]);
    }
    free(s->rows);
    s->rows = NULL;
}

static sqlite3_stmt *use(const struct sqlite_handle *s, enum statement which)
{
    return s->rows->statements[which];
}

static void done(sqlite3_stmt *statement)
{
    sqlite3_reset(statement); /* returns the error of the last step once more */
    sqlite3_clear_bindings(statement);
}

/* A statement without a row, with its parameters bound. Returns SQLite's code. */
static int run(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    done(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int run_or_fail(struct sqlite_handle *s, sqlite3_stmt *statement, const char *what, struct err *e)
{
    int rc = sqlite3_step(statement);
    int result = rc == SQLITE_DONE ? 0 : sqlite_fail(s, rc, what, e); /* before done: it keeps the error's text */
    done(statement);
    return result;
}

/* ---- transactions ---- */

int sqlite_rows_begin(struct sqlite_handle *s, bool to_write, struct err *e)
{
    int rc = run(use(s, to_write ? BEGIN_WRITE : BEGIN_READ));
    return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc, "begin", e);
}

int sqlite_rows_commit(struct sqlite_handle *s, struct err *e)
{
    int rc = run(use(s, COMMIT));
    return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc, "commit", e);
}

void sqlite_rows_rollback(struct sqlite_handle *s)
{
    if (sqlite3_get_autocommit(s->db)) {
        return; /* SQLite rolls back by itself after some errors */
    }
    int rc = run(use(s, ROLLBACK));
    if (!sqlite3_get_autocommit(s->db)) {
        log_line("%s: roll back: %s (SQLite %d)", s->path, sqlite3_errmsg(s->db), rc);
        s->stale = true;
    }
}

/* ---- meta ---- */

int sqlite_rows_meta(struct sqlite_handle *s, struct sqlite_meta *out, struct err *e)
{
    sqlite3_stmt *meta = use(s, META);
    int result = 0;
    int rc = sqlite3_step(meta);
    if (rc == SQLITE_ROW) {
        const char *epoch = (const char *)sqlite3_column_text(meta, 0);
        snprintf(out->epoch, sizeof out->epoch, "%s", epoch == NULL ? "" : epoch);
        out->schema = sqlite3_column_int(meta, 1);
        out->scrub = sqlite3_column_int(meta, 2) != 0;
    } else {
        result = sqlite_fail(s, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, "read meta", e);
    }
    done(meta);
    return result;
}

int sqlite_rows_data_version(struct sqlite_handle *s, uint64_t *out, struct err *e)
{
    sqlite3_stmt *version = use(s, VERSION);
    int rc = sqlite3_step(version);
    *out = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(version, 0) : 0;
    int result = rc == SQLITE_ROW ? 0 : sqlite_fail(s, rc, "version", e);
    done(version);
    return result;
}

/* ---- rooms ---- */

int sqlite_rows_find_room(struct sqlite_handle *s, const char *name, struct sqlite_room *out, struct err *e)
{
    sqlite3_stmt *find = use(s, ROOM);
    int result = 0;
    *out = (struct sqlite_room){.id = 0, .head = 0, .oldest = 1};
    sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW) {
        out->id = sqlite3_column_int64(find, 0);
        out->head = (uint64_t)sqlite3_column_int64(find, 1);
        out->oldest = (uint64_t)sqlite3_column_int64(find, 2);
        if (out->id < 1 || out->id > SQLITE_ROWS_ROOM_MAX) { /* its messages would be another room's */
            result = sqlite_fail(s, SQLITE_CORRUPT, "find the room", e);
        }
    } else if (rc != SQLITE_DONE) {
        result = sqlite_fail(s, rc, "find the room", e);
    }
    done(find);
    return result;
}

int sqlite_rows_add_room(struct sqlite_handle *s, const char *name, struct sqlite_room *out, struct err *e)
{
    sqlite3_stmt *add = use(s, ADD_ROOM);
    sqlite3_bind_text(add, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(add, 2, clock_wall_ms());
    if (run_or_fail(s, add, "make the room", e) != 0) {
        return -1;
    }
    out->id = sqlite3_last_insert_rowid(s->db);
    return out->id <= SQLITE_ROWS_ROOM_MAX ? 0
                                           : err_set(e, ERR_SYSTEM, "The chat has no number left for a further room.");
}

int sqlite_rows_raise_head(struct sqlite_handle *s, const struct sqlite_room *room, struct err *e)
{
    sqlite3_stmt *raise = use(s, RAISE_HEAD);
    sqlite3_bind_int64(raise, 1, room->id);
    sqlite3_bind_int64(raise, 2, (sqlite3_int64)room->head);
    return run_or_fail(s, raise, "raise the head", e);
}

/* ---- messages that are sent again ---- */

static sqlite3_int64 message_id_of(const struct sqlite_room *room, uint64_t seq)
{
    return (sqlite3_int64)((uint64_t)room->id << SEQ_BITS | seq);
}

static uint64_t seq_of(sqlite3_stmt *row)
{
    return (uint64_t)sqlite3_column_int64(row, COLUMN_MESSAGE_ID) & SQLITE_ROWS_SEQ_MAX;
}

static bool is_same(sqlite3_stmt *row, const struct chat_draft *d)
{
    const void *text = sqlite3_column_text(row, COLUMN_TEXT);
    return (uint64_t)sqlite3_column_int64(row, COLUMN_REPLY_TO) == d->reply_to && /* NULL reads as 0 */
           (size_t)sqlite3_column_bytes(row, COLUMN_TEXT) == d->text_length &&
           (d->text_length == 0 || (text != NULL && memcmp(text, d->text, d->text_length) == 0));
}

/* key: the first parameter of the statement: a room_id for SAME, a message_id for SAME_AT. */
static int find_same_by(struct sqlite_handle *s, enum statement which, sqlite3_int64 key, struct store_job *job,
                        struct err *e)
{
    sqlite3_stmt *find = use(s, which);
    int result = 0;
    sqlite3_bind_int64(find, 1, key);
    sqlite3_bind_text(find, 2, job->draft->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(find, 3, job->draft->id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW) {
        bool same = is_same(find, job->draft);
        job->outcome = same ? STORE_REPEATED : STORE_CONFLICT;
        job->seq = same ? seq_of(find) : 0;
        job->time_ms = same ? sqlite3_column_int64(find, COLUMN_TIME_MS) : 0;
    } else if (rc != SQLITE_DONE) {
        result = sqlite_fail(s, rc, "look for the id", e);
    }
    done(find);
    return result;
}

static int find_sent(struct sqlite_handle *s, const struct sqlite_room *room, struct store_job *job, struct err *e)
{
    return find_same_by(s, SAME, room->id, job, e);
}

/* Looks at the row that the end of the id names (made_id.h). */
static int find_numbered(struct sqlite_handle *s, const struct sqlite_room *room, struct store_job *job, struct err *e)
{
    uint64_t seq = sqlite_made_id_seq(job->draft->id);
    return seq == 0 || seq > room->head ? 0 : find_same_by(s, SAME_AT, message_id_of(room, seq), job, e);
}

int sqlite_rows_find_same(struct sqlite_handle *s, const struct sqlite_room *room, struct store_job *job, struct err *e)
{
    int result = find_numbered(s, room, job, e);
    return result == 0 && job->outcome == 0 ? find_sent(s, room, job, e) : result;
}

/* ---- messages: from a draft ---- */

/* Parameters count from 1, columns from 0. Returns SQLite's code: whether the text fits. */
static int bind_message(sqlite3_stmt *add, const struct chat_draft *d, const struct chat_message *made)
{
    sqlite3_bind_int64(add, 1 + COLUMN_TIME_MS, made->time_ms);
    sqlite3_bind_int(add, 1 + COLUMN_TYPE, (int)made->type);
    if (d->reply_to != 0) {
        sqlite3_bind_int64(add, 1 + COLUMN_REPLY_TO, (sqlite3_int64)d->reply_to);
    }
    sqlite3_bind_text(add, 1 + COLUMN_NAME, d->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 1 + COLUMN_ID, d->id, -1, SQLITE_STATIC);
    sqlite3_bind_int(add, 1 + COLUMN_ID_SENT, !d->id_is_made);
    return sqlite3_bind_text64(add, 1 + COLUMN_TEXT, d->text == NULL ? "" : d->text, d->text_length, SQLITE_STATIC,
                               SQLITE_UTF8);
}

static int insert(struct sqlite_handle *s, struct sqlite_room *room, struct store_job *job, struct err *e)
{
    sqlite3_stmt *add = use(s, ADD_MESSAGE);
    const struct chat_message made = {.seq = room->head + 1, .time_ms = clock_wall_ms(), .type = CHAT_MESSAGE};
    sqlite3_bind_int64(add, 1 + COLUMN_MESSAGE_ID, message_id_of(room, made.seq));
    int rc = bind_message(add, job->draft, &made);
    if (rc != SQLITE_OK) { /* longer than SQLite takes; max_text is far below */
        done(add);
        return sqlite_fail(s, rc, "add the message", e);
    }
    if (run_or_fail(s, add, "add the message", e) != 0) {
        return -1;
    }
    if (sqlite3_changes(s->db) == 0) {
        int result = find_sent(s, room, job, e);
        return result == 0 && job->outcome == 0 ? sqlite_fail(s, SQLITE_CORRUPT_INDEX, "look for the id", e) : result;
    }
    room->head = made.seq;
    job->outcome = STORE_STORED;
    job->seq = made.seq;
    job->time_ms = made.time_ms;
    return 0;
}

int sqlite_rows_add_message(struct sqlite_handle *s, struct sqlite_room *room, struct store_job *job, struct err *e)
{
    if (find_numbered(s, room, job, e) != 0) {
        return -1;
    }
    if (job->outcome != 0) {
        return 0;
    }
    if (job->draft->id_is_made || job->draft->id[0] == '\0') {
        sqlite_made_id_set(job->draft, room->head + 1);
    }
    return insert(s, room, job, e);
}

/* ---- messages: from a row ---- */

struct column_text {
    const char *bytes; /* with a NUL behind it */
    size_t length;
};

static struct column_text text_of(sqlite3_stmt *row, enum column column)
{
    const void *bytes = sqlite3_column_text(row, (int)column);
    CK(bytes != NULL); /* the columns are NOT NULL: memory is out */
    return (struct column_text){.bytes = bytes, .length = (size_t)sqlite3_column_bytes(row, (int)column)};
}

static char *put(char **at, struct column_text text)
{
    char *to = *at;
    memcpy(to, text.bytes, text.length + 1);
    *at += text.length + 1;
    return to;
}

static void take_message(sqlite3_stmt *row, struct chat_message *m)
{
    memset(m, 0, sizeof *m);
    struct column_text name = text_of(row, COLUMN_NAME);
    struct column_text id = text_of(row, COLUMN_ID);
    struct column_text text = text_of(row, COLUMN_TEXT);
    char *at = ck_malloc(name.length + id.length + text.length + 3); /* one block for all */
    m->seq = seq_of(row);
    m->time_ms = sqlite3_column_int64(row, COLUMN_TIME_MS);
    m->type = (enum chat_type)sqlite3_column_int(row, COLUMN_TYPE);
    m->reply_to = (uint64_t)sqlite3_column_int64(row, COLUMN_REPLY_TO);
    m->name = put(&at, name);
    m->id = put(&at, id);
    m->text = put(&at, text);
    m->text_length = text.length;
}

/* ---- pages ---- */

static void reverse(struct store_page *page)
{
    for (size_t i = 0; i + 1 < page->count - i; i++) {
        struct chat_message other = page->messages[page->count - 1 - i];
        page->messages[page->count - 1 - i] = page->messages[i];
        page->messages[i] = other;
    }
}

static size_t weight_of(sqlite3_stmt *row)
{
    const void *text = sqlite3_column_blob(row, COLUMN_TEXT);
    return chat_text_weight(text, (size_t)sqlite3_column_bytes(row, COLUMN_TEXT));
}

/* The statement's limit is one row more than the page's: if that row comes, there is more. */
static int fill(struct sqlite_handle *s, sqlite3_stmt *rows, const struct store_range *range, struct store_page *page,
                struct err *e)
{
    size_t capacity = 0;
    size_t bytes = 0;
    int rc = SQLITE_ROW;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        size_t weight = weight_of(rows);
        if (page->count == range->limit || (page->count > 0 && weight > range->budget - bytes)) {
            page->more = true;
            return 0;
        }
        if (page->count == capacity) {
            capacity = capacity == 0 ? 16 : capacity * 2;
            page->messages = ck_realloc(page->messages, capacity * sizeof *page->messages);
        }
        take_message(rows, &page->messages[page->count]);
        page->count++;
        page->weight += weight;
        /* The first message may exceed the budget; then only empty ones fit after it. */
        bytes = weight < range->budget - bytes ? bytes + weight : range->budget;
    }
    return rc == SQLITE_DONE ? 0 : sqlite_fail(s, rc, "read messages", e);
}

int sqlite_rows_read(struct sqlite_handle *s, const struct store_range *range, struct store_page *page, struct err *e)
{
    if (range->since >= SQLITE_ROWS_SEQ_MAX || range->before == 1) {
        return 0; /* no message is there, and the sums of the statement would reach another room */
    }
    bool is_open = range->before == 0 || range->before > SQLITE_ROWS_SEQ_MAX;
    uint64_t last = is_open ? SQLITE_ROWS_SEQ_MAX : range->before - 1;
    sqlite3_stmt *rows = use(s, range->backwards ? DESCENDING : ASCENDING);
    sqlite3_bind_text(rows, 1, range->room, -1, SQLITE_STATIC);
    sqlite3_bind_int64(rows, 2, (sqlite3_int64)range->since + 1);
    sqlite3_bind_int64(rows, 3, (sqlite3_int64)last);
    sqlite3_bind_int64(rows, 4, (sqlite3_int64)range->limit + 1);
    int result = fill(s, rows, range, page, e);
    done(rows);
    if (result == 0 && range->backwards) {
        reverse(page);
    }
    return result;
}
