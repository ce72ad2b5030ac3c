/* append.c - see append.h. */
#include "store/sqlite/private/append.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/schema.h"
#include "store/sqlite/private/sql.h"
#include "store/sqlite/private/write.h"

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

int sqlite_append(struct store *base, struct store_job *jobs, size_t count, struct err *e)
{
    struct sqlite_handle *s = (struct sqlite_handle *)base;
    struct sqlite_write write;
    struct err why = ERR_INIT;
    if (sqlite_write_begin(s, &write, e) != 0) {
        return -1;
    }
    int result = sqlite_write_end(s, &write, append_all(s, jobs, count, &why), &why);
    return result == 0 ? 0 : err_move(e, &why);
}
