/* rows.c - see rows.h. */
#include "store/sqlite/private/rows.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/sql/messages.h"
#include "store/sqlite/private/fail.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The columns of a message, behind message_id, in the order in which all statements have them. Each
 * takes 17 ns of a reader's time per message. */
#define COLUMNS(X)          \
    X(TIME_MS, "time_ms")   \
    X(TYPE, "type")         \
    X(REPLY_TO, "reply_to") \
    X(NAME, "name")         \
    X(ID, "id")             \
    X(TARGET, "target")     \
    X(EDITED, "edited")     \
    X(SENDER, "sender")
#define AS_ENUM(word, name) COLUMN_##word,
#define AS_NAME(word, name) ", " name
#define AS_RESULT(word, name) ", message." name
#define AS_PARAMETER(word, name) ", ?"

/* Behind them: what readers see in another way than it is stored, and what is only written. */
enum column {
    COLUMN_MESSAGE_ID,
    COLUMNS(AS_ENUM) COLUMN_STATE,
    COLUMN_TEXT,
    COLUMN_ID_SENT,
    COLUMN_PERSON_ID,
    COLUMN_NETWORK
};

/* message_id is room_id << SEQ_BITS | seq (002-message-by-number.sql). */
#define SEQ_BITS SQL_ROWS_SEQ_BITS
#define SEQ_BITS_TEXT "36"
#define ROOM_BEGIN "(room.room_id << " SEQ_BITS_TEXT ")"

/* What the reader ?5 sees: the state, NULL for a message that is shown; and the text, NULL for that
 * of an edit whose target isn't shown. */
#define SEEN_STATE ", CASE WHEN message.state = 3 AND message.person_id = ?5 THEN NULL ELSE message.state END"
#define SEEN_TEXT                                                                                         \
    ", CASE WHEN message.type = 2 AND message.target > 0 THEN (SELECT target.text FROM message AS target" \
    " WHERE target.message_id = " ROOM_BEGIN " + message.target"                                          \
    " AND (target.state IS NULL OR (target.state = 3 AND target.person_id = ?5))) ELSE message.text END"

#define SELECT_MESSAGE "SELECT message_id" COLUMNS(AS_RESULT)
#define OF_RANGE                                         \
    " FROM room CROSS JOIN message WHERE room.name = ?1" \
    " AND message_id BETWEEN " ROOM_BEGIN " + ?2 AND " ROOM_BEGIN " + ?3"
#define SELECT_RANGE SELECT_MESSAGE SEEN_STATE SEEN_TEXT OF_RANGE

#define INSERT_NAMES "message_id" COLUMNS(AS_NAME) ", state, text, id_sent, person_id, network"
#define INSERT_VALUES "?" COLUMNS(AS_PARAMETER) ", ?, ?, ?, ?, ?"
#define INSERT_MESSAGE "INSERT INTO message (" INSERT_NAMES ") VALUES (" INSERT_VALUES ")"

static_assert(SQL_ROWS_SEQ_MAX == ((uint64_t)1 << SEQ_BITS) - 1, "seq takes the lower bits");
static_assert(SQL_ROWS_ROOM_MAX == INT64_MAX >> SEQ_BITS, "the room takes the bits between seq and sign");

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
    [META] = "SELECT epoch, schema, scrub, rules FROM meta WHERE one = 1",
    [VERSION] = "PRAGMA data_version",
    [ROOM] = "SELECT room_id, head, oldest FROM room WHERE name = ?1",
    [ASCENDING] = SELECT_RANGE " ORDER BY message_id LIMIT ?4",
    [DESCENDING] = SELECT_RANGE " ORDER BY message_id DESC LIMIT ?4",
    [SAME] = SELECT_MESSAGE ", state, text FROM message"
                            " WHERE room_id = ?1 AND ifnull(person_id, name) = ?2 AND id = ?3 AND id_sent = 1",
    [SAME_AT] = SELECT_MESSAGE ", state, text FROM message WHERE message_id = ?1 AND name = ?2 AND id = ?3",
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
        out->rules = (uint64_t)sqlite3_column_int64(meta, 3);
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

int sqlite_rows_find_room(struct sqlite_handle *s, const char *name, struct sql_room *out, struct err *e)
{
    sqlite3_stmt *find = use(s, ROOM);
    int result = 0;
    *out = (struct sql_room){.id = 0, .head = 0, .oldest = 1};
    sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW) {
        out->id = sqlite3_column_int64(find, 0);
        out->head = (uint64_t)sqlite3_column_int64(find, 1);
        out->oldest = (uint64_t)sqlite3_column_int64(find, 2);
        if (out->id < 1 || out->id > SQL_ROWS_ROOM_MAX) { /* its messages would be another room's */
            result = sqlite_fail(s, SQLITE_CORRUPT, "find the room", e);
        }
    } else if (rc != SQLITE_DONE) {
        result = sqlite_fail(s, rc, "find the room", e);
    }
    done(find);
    return result;
}

int sqlite_rows_add_room(struct sqlite_handle *s, const char *name, struct sql_room *out, struct err *e)
{
    sqlite3_stmt *add = use(s, ADD_ROOM);
    sqlite3_bind_text(add, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(add, 2, clock_wall_ms());
    if (run_or_fail(s, add, "make the room", e) != 0) {
        return -1;
    }
    out->id = sqlite3_last_insert_rowid(s->db);
    return out->id <= SQL_ROWS_ROOM_MAX ? 0 : err_set(e, ERR_SYSTEM, "The chat has no number left for a further room.");
}

int sqlite_rows_raise_head(struct sqlite_handle *s, const struct sql_room *room, struct err *e)
{
    sqlite3_stmt *raise = use(s, RAISE_HEAD);
    sqlite3_bind_int64(raise, 1, room->id);
    sqlite3_bind_int64(raise, 2, (sqlite3_int64)room->head);
    return run_or_fail(s, raise, "raise the head", e);
}

/* ---- messages: from a row ---- */

static uint64_t number_of(sqlite3_stmt *row, enum column column)
{
    return (uint64_t)sqlite3_column_int64(row, (int)column); /* NULL reads as 0 */
}

static struct sql_messages_text text_of(sqlite3_stmt *row, enum column column)
{
    const void *bytes = sqlite3_column_text(row, (int)column);
    CK(bytes != NULL); /* the columns are NOT NULL: memory is out */
    return (struct sql_messages_text){.bytes = bytes, .length = (size_t)sqlite3_column_bytes(row, (int)column)};
}

static struct sql_messages_row numbers_of(sqlite3_stmt *row)
{
    return (struct sql_messages_row){
        .seq = number_of(row, COLUMN_MESSAGE_ID) & SQL_ROWS_SEQ_MAX,
        .time_ms = sqlite3_column_int64(row, COLUMN_TIME_MS),
        .type = (enum chat_type)sqlite3_column_int(row, COLUMN_TYPE),
        .reply_to = number_of(row, COLUMN_REPLY_TO),
        .target = number_of(row, COLUMN_TARGET),
        .edited = number_of(row, COLUMN_EDITED),
        .sender = sqlite3_column_int64(row, COLUMN_SENDER),
        .state = (enum sql_state)number_of(row, COLUMN_STATE),
    };
}

static struct sql_messages_row row_of(sqlite3_stmt *row)
{
    struct sql_messages_row m = numbers_of(row);
    m.name = text_of(row, COLUMN_NAME);
    if (m.state == SQL_SHOWN) {
        m.id = text_of(row, COLUMN_ID);
        m.text = sqlite3_column_type(row, COLUMN_TEXT) == SQLITE_NULL ? m.text : text_of(row, COLUMN_TEXT);
    }
    return m;
}

/* ---- messages that are sent again ---- */

/* The first two parameters of the statement are bound. */
static int find_same_by(struct sqlite_handle *s, sqlite3_stmt *find, struct store_job *job, struct err *e)
{
    int result = 0;
    sqlite3_bind_text(find, 3, job->draft->id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW) {
        struct sql_messages_row row = numbers_of(find);
        row.text = text_of(find, COLUMN_TEXT);
        sql_messages_compare(&row, job);
    } else if (rc != SQLITE_DONE) {
        result = sqlite_fail(s, rc, "look for the id", e);
    }
    done(find);
    return result;
}

int sqlite_rows_find_sent(struct sqlite_handle *s, const struct sql_room *room, int64_t person_id,
                          struct store_job *job, struct err *e)
{
    sqlite3_stmt *find = use(s, SAME);
    sqlite3_bind_int64(find, 1, room->id);
    if (person_id != 0) {
        sqlite3_bind_int64(find, 2, person_id);
    } else {
        sqlite3_bind_text(find, 2, job->draft->name, -1, SQLITE_STATIC);
    }
    return find_same_by(s, find, job, e);
}

int sqlite_rows_find_at(struct sqlite_handle *s, int64_t message_id, struct store_job *job, struct err *e)
{
    sqlite3_stmt *find = use(s, SAME_AT);
    sqlite3_bind_int64(find, 1, message_id);
    sqlite3_bind_text(find, 2, job->draft->name, -1, SQLITE_STATIC);
    return find_same_by(s, find, job, e);
}

/* ---- messages: from a draft ---- */

static void bind_seq(sqlite3_stmt *add, enum column column, uint64_t seq)
{
    if (seq != 0) {
        sqlite3_bind_int64(add, 1 + (int)column, (sqlite3_int64)seq);
    }
}

static void bind_author(sqlite3_stmt *add, const struct sql_author *a)
{
    bind_seq(add, COLUMN_PERSON_ID, (uint64_t)a->person_id);
    if (a->flags != 0 || a->role >= CHAT_MODERATOR) {
        sqlite3_bind_int64(add, 1 + COLUMN_SENDER, sql_rows_sender(a));
    }
    if (a->is_shadow) {
        sqlite3_bind_int(add, 1 + COLUMN_STATE, SQL_SHADOW);
    }
    if (a->network != NULL) {
        sqlite3_bind_blob(add, 1 + COLUMN_NETWORK, a->network, CHAT_NETWORK_BYTES, SQLITE_STATIC);
    }
}

/* Parameters count from 1, columns from 0. Returns SQLite's code: whether the text fits. */
static int bind_message(sqlite3_stmt *add, const struct chat_draft *d, int64_t time_ms)
{
    bool has_text = d->text != NULL && d->type != CHAT_EDIT;
    sqlite3_bind_int64(add, 1 + COLUMN_TIME_MS, time_ms);
    sqlite3_bind_int(add, 1 + COLUMN_TYPE, (int)d->type);
    bind_seq(add, COLUMN_REPLY_TO, d->reply_to);
    bind_seq(add, COLUMN_TARGET, d->target);
    sqlite3_bind_text(add, 1 + COLUMN_NAME, d->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 1 + COLUMN_ID, d->id, -1, SQLITE_STATIC);
    sqlite3_bind_int(add, 1 + COLUMN_ID_SENT, !d->id_is_made);
    return sqlite3_bind_text64(add, 1 + COLUMN_TEXT, has_text ? d->text : "", has_text ? d->text_length : 0,
                               SQLITE_STATIC, SQLITE_UTF8);
}

int sqlite_rows_add_message(struct sqlite_handle *s, int64_t message_id, const struct sql_author *author,
                            const struct chat_draft *draft, int64_t time_ms, bool *added, struct err *e)
{
    sqlite3_stmt *add = use(s, ADD_MESSAGE);
    sqlite3_bind_int64(add, 1 + COLUMN_MESSAGE_ID, message_id);
    bind_author(add, author);
    int rc = bind_message(add, draft, time_ms);
    if (rc != SQLITE_OK) { /* longer than SQLite takes; max_text is far below */
        done(add);
        return sqlite_fail(s, rc, "add the message", e);
    }
    if (run_or_fail(s, add, "add the message", e) != 0) {
        return -1;
    }
    *added = sqlite3_changes(s->db) != 0;
    return 0;
}

/* ---- pages ---- */

static int fill(struct sqlite_handle *s, sqlite3_stmt *rows, const struct store_range *range, struct store_page *page,
                struct err *e)
{
    size_t bytes = 0;
    int rc = SQLITE_ROW;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        const struct sql_messages_row row = row_of(rows);
        if (!sql_messages_add(page, range, &row, &bytes)) {
            return 0;
        }
    }
    return rc == SQLITE_DONE ? 0 : sqlite_fail(s, rc, "read messages", e);
}

int sqlite_rows_read(struct sqlite_handle *s, const struct store_range *range, struct store_page *page, struct err *e)
{
    uint64_t first = 0;
    uint64_t last = 0;
    if (!sql_messages_bounds(range, &first, &last)) {
        return 0;
    }
    sqlite3_stmt *rows = use(s, range->backwards ? DESCENDING : ASCENDING);
    sqlite3_bind_text(rows, 1, range->room, -1, SQLITE_STATIC);
    sqlite3_bind_int64(rows, 2, (sqlite3_int64)first);
    sqlite3_bind_int64(rows, 3, (sqlite3_int64)last);
    sqlite3_bind_int64(rows, 4, (sqlite3_int64)range->limit + 1);
    sqlite3_bind_int64(rows, 5, range->viewer);
    int result = fill(s, rows, range, page, e);
    done(rows);
    sql_messages_end(page, range);
    return result;
}
