/* append.c - see append.h. */
#include "store/sqlite/private/append.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sqlite/private/checkpoint.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/loss.h"
#include "store/sqlite/private/meta.h"
#include "store/sqlite/private/record.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/schema.h"
#include "store/sqlite/private/sql.h"
#include "store/sqlite/private/wal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A room that a job of this call names. */
struct named_room {
    const char *name; /* borrowed from the job's draft */
    struct sqlite_room row;
    uint64_t stored_head;
};

/* Each room is read once and written once in a call, however many jobs it has. */
struct named_rooms {
    struct named_room *all; /* as many as there are jobs */
    size_t count;
};

/* NULL with the error set. */
static struct named_room *room_of(struct sqlite_handle *s, struct named_rooms *rooms, const char *name, struct err *e)
{
    for (size_t i = rooms->count; i-- > 0;) {
        if (strcmp(rooms->all[i].name, name) == 0) {
            return &rooms->all[i];
        }
    }
    struct named_room *room = &rooms->all[rooms->count];
    if (sqlite_rows_find_room(s, name, &room->row, e) != 0) {
        return NULL;
    }
    room->name = name;
    room->stored_head = room->row.head;
    rooms->count++;
    return room;
}

/* The job can't be stored, unless it is a repeated one. */
static int refuse(struct sqlite_handle *s, const struct sqlite_room *room, struct store_job *job, struct err *e)
{
    if (room->id != 0 && sqlite_rows_find_same(s, room, job, e) != 0) {
        return -1;
    }
    if (job->outcome == 0 && job->draft->reply_to <= room->head) {
        return err_set(e, ERR_SYSTEM, "The room has no number left for a further message.");
    }
    job->outcome = job->outcome == 0 ? STORE_NO_TARGET : job->outcome;
    return 0;
}

static int append_one(struct sqlite_handle *s, struct named_rooms *rooms, struct store_job *job, struct err *e)
{
    struct named_room *room = room_of(s, rooms, job->draft->room, e);
    if (room == NULL) {
        return -1;
    }
    if (job->draft->reply_to > room->row.head || room->row.head >= SQLITE_ROWS_SEQ_MAX) {
        return refuse(s, &room->row, job, e);
    }
    if (room->row.id == 0 && sqlite_rows_add_room(s, room->name, &room->row, e) != 0) {
        return -1;
    }
    return sqlite_rows_add_message(s, &room->row, job, e);
}

static int raise_heads(struct sqlite_handle *s, const struct named_rooms *rooms, struct err *e)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < rooms->count; i++) {
        const struct named_room *room = &rooms->all[i];
        result = room->row.head > room->stored_head ? sqlite_rows_raise_head(s, &room->row, e) : 0;
    }
    return result;
}

/* A repeated message is found in the file, but it may not be on the disk yet, if the process that
 * wrote it was killed before its sync. To answer for it takes a sync, and SQLite syncs only after a
 * change. This one changes nothing but a counter of the file. */
static int touch(struct sqlite_handle *s, struct err *e)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", sqlite_schema_latest());
    return sqlite_sql_exec(s, sql, "sync", e);
}

static int append_all(struct sqlite_handle *s, struct store_job *jobs, size_t count, struct err *e)
{
    struct named_rooms rooms = {.all = ck_calloc(count, sizeof *rooms.all)};
    bool stored = false;
    bool repeated = false;
    int result = 0;
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = append_one(s, &rooms, &jobs[i], e);
        repeated = repeated || jobs[i].outcome == STORE_REPEATED;
        stored = stored || jobs[i].outcome == STORE_STORED;
    }
    if (result == 0) {
        result = raise_heads(s, &rooms, e);
    }
    free(rooms.all);
    return result == 0 && repeated && !stored ? touch(s, e) : result;
}

static int append_in_transaction(struct sqlite_handle *s, struct store_job *jobs, size_t count, struct err *e)
{
    if (sqlite_rows_begin(s, true, e) != 0) {
        return -1;
    }
    int result = sqlite_fail_if_moved(s, e);
    if (result == 0) {
        result = sqlite_meta_check(s, e);
    }
    if (result == 0) {
        result = append_all(s, jobs, count, e);
    }
    if (result == 0) {
        result = sqlite_rows_commit(s, e);
    }
    if (result != 0) {
        sqlite_rows_rollback(s);
    }
    return result;
}

/* Needs the flock. -1: the handle's files aren't those that other processes have. If what the
 * handle had could be rescued, the handle is stale. */
static int check_files(struct sqlite_handle *s, struct err *e)
{
    if (!sqlite_loss_of_log(s) && !sqlite_loss_by_cut(s)) {
        return 0;
    }
    return sqlite_rescue_locked(s, false, e) == 0
               ? err_set(e, ERR_BUSY, "Files of the database were removed a moment ago. Try again in a moment.")
               : -1;
}

/* The log may have been removed after check_files looked: then the new commit is in a file without
 * a name, and not durable. */
static int check_committed(struct sqlite_handle *s, struct err *e)
{
    struct err why = ERR_INIT;
    if (!sqlite_loss_of_log(s)) {
        return 0;
    }
    int result = sqlite_rescue_locked(s, true, &why);
    for (int times = 0; result != 0 && why.code == ERR_BUSY && sqlite_deadline_nap(s, times); times++) {
        err_clear(&why);
        result = sqlite_rescue_locked(s, true, &why);
    }
    if (result == 0 && s->has_split) {
        return err_set(e, ERR_BUSY, "Files of the database were removed a moment ago. Try again in a moment.");
    }
    return result == 0 ? 0 : err_set(e, why.code == ERR_BUSY ? ERR_SYSTEM : why.code, "%s", why.text);
}

/* The record is written before senders and readers are told of the commit, so that a log that gets
 * shorter later is noticed. */
static int append_recorded(struct sqlite_handle *s, struct store_job *jobs, size_t count, struct err *e)
{
    struct sqlite_record record;
    uint64_t frame = 0;
    uint64_t end = sqlite_wal_end(s, &frame);
    uint64_t salts = sqlite_wal_salts(s);
    sqlite_record_begin_commit(s, &record);
    s->log_pages = 0;
    if (append_in_transaction(s, jobs, count, e) != 0) {
        return -1;
    }
    if (s->log_pages > 0) {
        sqlite_record_end_commit(s, &record);
        if (sqlite_rescue_check_hole(s, end, salts, e) != 0) {
            return -1;
        }
    }
    return check_committed(s, e);
}

static int append_to_log(struct sqlite_handle *s, struct store_job *jobs, size_t count, struct err *e)
{
    if (check_files(s, e) != 0) {
        return -1;
    }
    struct err why = ERR_INIT;
    int result = append_recorded(s, jobs, count, &why);
    if (!s->stale && (result == 0 || why.code == ERR_FULL)) {
        sqlite_checkpoint_if_long(s, result != 0);
    }
    return result == 0 ? 0 : err_move(e, &why);
}

int sqlite_append(struct store *base, struct store_job *jobs, size_t count, struct err *e)
{
    struct sqlite_handle *s = (struct sqlite_handle *)base;
    CK(s->mode == STORE_WRITE && !s->viewing);
    sqlite_deadline_set(s);
    if (s->wal) {
        int locked = sqlite_flock_take(s, e);
        if (locked != 0) {
            return locked < 0
                       ? -1
                       : err_set(e, ERR_READONLY,
                                 "The file system of the data folder has no flock, which this database (WAL) needs "
                                 "for writing. Move the folder to a local disk.");
        }
    }
    int result = s->wal ? append_to_log(s, jobs, count, e) : append_in_transaction(s, jobs, count, e);
    sqlite_flock_release(s);
    return result;
}
