/* append.c - see append.h. */
#include "store/sql/append.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/sql/authors.h"
#include "store/sql/changes.h"
#include "store/sql/hold.h"
#include "store/sql/rows.h"
#include "store/sql/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A room that a job of this call names. */
struct named_room {
    const char *name; /* borrowed from the job's draft */
    struct sql_room row;
    uint64_t stored_head;
};

/* Each room is read once and written once in a call, however many jobs it has. */
struct named_rooms {
    struct named_room *all; /* as many as there are jobs */
    size_t count;
};

/* NULL with the error set. */
static struct named_room *room_of(struct sql_store *s, struct named_rooms *rooms, const char *name, struct err *e)
{
    for (size_t i = rooms->count; i-- > 0;) {
        if (strcmp(rooms->all[i].name, name) == 0) {
            return &rooms->all[i];
        }
    }
    struct named_room *room = &rooms->all[rooms->count];
    if (sql_rows_find_room(s, name, &room->row, e) != 0) {
        return NULL;
    }
    room->name = name;
    room->stored_head = room->row.head;
    rooms->count++;
    return room;
}

/* What is known of a job's sender while the job is worked on. */
struct sending {
    struct store_job *job;
    struct sql_author author;
    struct sql_claim claim;
    struct sql_target target; /* of an edit or delete */
};

/* The job can't be stored, unless it is a repeated one. */
static int refuse(struct sql_store *s, const struct sql_room *room, const struct sending *sending,
                  enum store_outcome outcome, struct err *e)
{
    struct store_job *job = sending->job;
    job->outcome = 0;
    if (room->id != 0 && sql_rows_find_same(s, room, &sending->author, job, e) != 0) {
        return -1;
    }
    if (job->outcome != 0) {
        return 0;
    }
    job->outcome = outcome;
    bool is_name = outcome == STORE_NAME_TAKEN || outcome == STORE_NAME_ALIKE;
    return is_name ? sql_claims_suggest(s, &sending->author, &sending->claim, job->draft->name, &job->suggestion, e)
                   : 0;
}

/* A repeated message is found also where no further one fits. */
static int refuse_full(struct sql_store *s, const struct sql_room *room, const struct sending *sending, struct err *e)
{
    if (sql_rows_find_same(s, room, &sending->author, sending->job, e) != 0) {
        return -1;
    }
    return sending->job->outcome != 0 ? 0
                                      : err_set(e, ERR_SYSTEM, "The room has no number left for a further message.");
}

/* Can the message be where it wants to be: as a reply, or as a change of another one? Sets
 * job->outcome if it can't. */
static int check_target(struct sql_store *s, const struct sql_room *room, struct sending *sending, struct err *e)
{
    struct store_job *job = sending->job;
    if (job->draft->target != 0) {
        return sql_changes_check(s, room, &sending->author, job, sending->claim.now_ms, &sending->target, e);
    }
    job->outcome = job->draft->reply_to > room->head ? STORE_NO_TARGET : (enum store_outcome)0;
    return 0;
}

static int find_sender(struct sql_store *s, const struct sql_room *room, struct sending *sending, struct err *e)
{
    const struct store_job *job = sending->job;
    const struct chat_sender *sender = &job->draft->sender;
    sending->claim = (struct sql_claim){
        .sender = sender, .room_id = room->id, .terms = &job->terms, .now_ms = clock_wall_ms()};
    if (sql_authors_find(s, sender, &job->terms, sending->claim.now_ms, &sending->author, e) != 0) {
        return -1;
    }
    sending->author.is_shadow = job->is_shadow;
    return 0;
}

/* Why the message has to wait for a moderator; NULL: it hasn't. */
static const char *reason_to_hold(const struct sending *sending)
{
    const struct store_job *job = sending->job;
    bool is_new = !sending->claim.sender->has_key || (sending->author.flags & CHAT_FRESH) != 0;
    if (job->draft->type != CHAT_MESSAGE) {
        return NULL;
    }
    return job->hold != NULL ? job->hold : is_new ? job->hold_if_fresh : NULL;
}

static int hold(struct sql_store *s, const struct sql_room *room, struct sending *sending, const char *why,
                struct err *e)
{
    struct store_job *job = sending->job;
    if (room->id != 0 && job->draft->id[0] != '\0' && sql_rows_find_same(s, room, &sending->author, job, e) != 0) {
        return -1;
    }
    if (job->outcome != 0) {
        return 0;
    }
    if (sql_authors_settle(s, &sending->claim, job->draft->name, &sending->author, e) != 0) {
        return -1;
    }
    return sql_hold_add(s, room, &sending->author, why, job, sending->claim.now_ms, e);
}

static int store(struct sql_store *s, struct sql_room *room, struct sending *sending, struct err *e)
{
    struct store_job *job = sending->job;
    if (sending->author.is_new && room->id != 0 && job->draft->id[0] != '\0' &&
        sql_rows_find_same(s, room, &sending->author, job, e) != 0) {
        return -1;
    }
    if (job->outcome != 0) {
        return 0;
    }
    if (room->id == 0 && sql_rows_add_room(s, job->draft->room, room, e) != 0) {
        return -1;
    }
    sending->claim.room_id = room->id;
    if (sql_authors_settle(s, &sending->claim, job->draft->name, &sending->author, e) != 0 ||
        sql_rows_add_message(s, room, &sending->author, job, e) != 0) {
        return -1;
    }
    bool is_change = job->draft->target != 0 && job->outcome == STORE_STORED;
    return is_change ? sql_changes_apply(s, &sending->target, job, e) : 0;
}

static int append_one(struct sql_store *s, struct named_rooms *rooms, struct store_job *job, struct err *e)
{
    struct sending sending = {.job = job};
    struct named_room *named = room_of(s, rooms, job->draft->room, e);
    struct sql_room *room = named != NULL ? &named->row : NULL;
    if (room == NULL || find_sender(s, room, &sending, e) != 0 || check_target(s, room, &sending, e) != 0) {
        return -1;
    }
    if (job->outcome != 0) {
        return refuse(s, room, &sending, job->outcome, e);
    }
    if (job->rules != 0 && job->rules < s->rules) { /* a number that went back is of a database that lost something */
        return refuse(s, room, &sending, STORE_NEW_RULES, e);
    }
    if (room->head >= SQL_ROWS_SEQ_MAX) {
        return refuse_full(s, room, &sending, e);
    }
    if (sql_claims_check(s, &sending.author, &sending.claim, e) != 0) {
        return -1;
    }
    if (sending.claim.refused != 0) {
        return refuse(s, room, &sending, sending.claim.refused, e);
    }
    sending.author.flags |= sending.claim.is_alike ? CHAT_ALIKE : 0U;
    const char *why = reason_to_hold(&sending);
    return why != NULL ? hold(s, room, &sending, why, e) : store(s, room, &sending, e);
}

static int raise_heads(struct sql_store *s, const struct named_rooms *rooms, struct err *e)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < rooms->count; i++) {
        const struct named_room *room = &rooms->all[i];
        result = room->row.head > room->stored_head ? sql_rows_raise_head(s, &room->row, e) : 0;
    }
    return result;
}

static int append_all(struct sql_store *s, struct store_job *jobs, size_t count, struct err *e)
{
    struct named_rooms rooms = {.all = ck_calloc(count, sizeof *rooms.all)};
    bool stored = false;
    bool repeated = false;
    int result = sql_expect(s, jobs, count, e);
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = append_one(s, &rooms, &jobs[i], e);
        repeated = repeated || jobs[i].outcome == STORE_REPEATED || jobs[i].outcome == STORE_HELD;
        stored = stored || jobs[i].outcome == STORE_STORED;
    }
    if (result == 0) {
        result = raise_heads(s, &rooms, e);
    }
    free(rooms.all);
    return result == 0 && repeated && !stored ? sql_touch(s, e) : result;
}

int sql_append(struct store *base, struct store_job *jobs, size_t count, struct err *e)
{
    struct sql_store *s = (struct sql_store *)base;
    struct err why = ERR_INIT;
    if (sql_write_begin(s, e) != 0) {
        return -1;
    }
    int result = sql_write_end(s, append_all(s, jobs, count, &why), &why);
    return result == 0 ? 0 : err_move(e, &why);
}
