/* persons.c - see persons.h. */
#include "store/sqlite/private/persons.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sqlite/private/query.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_person(struct err *e)
{
    return err_set(e, ERR_ABSENT, "There is no such person.");
}

int sqlite_persons_room(struct sqlite_handle *s, const char *room, sqlite3_int64 *out, struct err *e)
{
    struct sqlite_room found = {.id = 0};
    *out = 0;
    if (room == NULL || room[0] == '\0') {
        return 0;
    }
    if (sqlite_rows_find_room(s, room, &found, e) != 0) {
        return -1;
    }
    *out = found.id;
    return found.id != 0 ? 0 : err_set(e, ERR_ABSENT, "There is no room '%s'.", room);
}

/* ---- whose message, whose name ---- */

static void take_sender(const struct sqlite_query *q, struct sqlite_sender *out)
{
    out->message_id = sqlite_query_number_at(q, 0);
    out->person_id = sqlite_query_number_at(q, 1);
    sqlite3_int64 sender = sqlite_query_number_at(q, 2);
    out->role = (sender & CHAT_SIGNED) != 0 ? (enum chat_role)(sender >> 8 & 0xff) : CHAT_NOBODY;
    out->has_network = sqlite_query_blob_at(q, 3, out->network, sizeof out->network);
    snprintf(out->name, sizeof out->name, "%s", sqlite_query_text_at(q, 4));
}

int sqlite_persons_sender(struct sqlite_handle *s, const char *room, uint64_t seq, struct sqlite_sender *out,
                          struct err *e)
{
    struct sqlite_query q;
    memset(out, 0, sizeof *out);
    if (seq == 0 || seq > SQLITE_ROWS_SEQ_MAX) {
        return err_set(e, ERR_ABSENT, "There is no such message.");
    }
    sqlite_query_begin(&q, s,
                       "SELECT message_id, person_id, sender, network, message.name FROM room CROSS JOIN message"
                       " WHERE room.name = ? AND message_id = (room.room_id << 36) + ?",
                       "find the message", e);
    sqlite_query_text(&q, room);
    sqlite_query_number(&q, (sqlite3_int64)seq);
    bool found = sqlite_query_next(&q);
    if (found) {
        take_sender(&q, out);
    }
    int result = sqlite_query_end(&q);
    return result == 0 && !found ? err_set(e, ERR_ABSENT, "There is no such message.") : result;
}

static int find_held(struct sqlite_handle *s, const struct store_whom *whom, struct sqlite_sender *out, struct err *e)
{
    struct sqlite_query q;
    memset(out, 0, sizeof *out);
    sqlite_query_begin(&q, s,
                       "SELECT 0, person_id, sender, network, name FROM held"
                       " WHERE held_id = ?1 AND (?2 IS NULL OR room = ?2)",
                       "find the message that waits", e);
    sqlite_query_number(&q, (sqlite3_int64)whom->held);
    sqlite_query_text(&q, whom->room);
    bool found = sqlite_query_next(&q);
    if (found) {
        take_sender(&q, out);
    }
    int result = sqlite_query_end(&q);
    return result == 0 && !found ? err_set(e, ERR_ABSENT, "No such message waits in this room.") : result;
}

int sqlite_persons_sender_of(struct sqlite_handle *s, const struct store_whom *whom, struct sqlite_sender *out,
                             struct err *e)
{
    return whom->held != 0 ? find_held(s, whom, out, e) : sqlite_persons_sender(s, whom->room, whom->seq, out, e);
}

static int resolve_message(struct sqlite_handle *s, const struct store_whom *whom, sqlite3_int64 *out, struct err *e)
{
    struct sqlite_sender sender;
    if (sqlite_persons_sender_of(s, whom, &sender, e) != 0) {
        return -1;
    }
    *out = sender.person_id;
    return *out != 0 ? 0 : err_set(e, ERR_ABSENT, "A guest without a key wrote this message.");
}

static int resolve_name(struct sqlite_handle *s, const char *fold, sqlite3_int64 *out, struct err *e)
{
    struct sqlite_query q;
    *out = 0;
    sqlite_query_begin(&q, s, "SELECT person_id FROM name WHERE fold = ?", "find the name", e);
    sqlite_query_text(&q, fold);
    if (sqlite_query_next(&q)) {
        *out = sqlite_query_number_at(&q, 0);
    }
    int result = sqlite_query_end(&q);
    return result == 0 && *out == 0 ? err_set(e, ERR_ABSENT, "Nobody owns this name.") : result;
}

static int resolve_any(struct sqlite_handle *s, const struct store_whom *whom, sqlite3_int64 *out, struct err *e)
{
    *out = (sqlite3_int64)whom->person;
    if (whom->person != 0) {
        return whom->person <= INT64_MAX ? 0 : no_person(e);
    }
    return whom->held != 0 || whom->room != NULL ? resolve_message(s, whom, out, e)
                                                 : resolve_name(s, whom->fold, out, e);
}

/* The last key of a person may have moved to another one: then that is meant, so that a code is no
 * way out of what moderators do about old messages. */
int sqlite_persons_resolve(struct sqlite_handle *s, const struct store_whom *whom, sqlite3_int64 *out, struct err *e)
{
    struct sqlite_query q;
    if (resolve_any(s, whom, out, e) != 0) {
        return -1;
    }
    sqlite_query_begin(&q, s,
                       "SELECT key.person_id FROM person JOIN key ON hash = moved_key WHERE person.person_id = ?",
                       "follow the person", e);
    sqlite_query_number(&q, *out);
    if (sqlite_query_next(&q)) {
        *out = sqlite_query_number_at(&q, 0);
    }
    return sqlite_query_end(&q);
}

int sqlite_persons_same(struct sqlite_handle *s, sqlite3_int64 person_id, struct sqlite_persons *out, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s,
                       "SELECT ?1 UNION SELECT person.person_id FROM key CROSS JOIN person INDEXED BY person_moved"
                       " ON moved_key = hash AND moved_key IS NOT NULL WHERE key.person_id = ?1 ORDER BY 1",
                       "find former persons", e);
    sqlite_query_number(&q, person_id);
    while (sqlite_query_next(&q)) {
        out->ids = sqlite_query_grow(out->ids, out->count, sizeof *out->ids);
        out->ids[out->count++] = sqlite_query_number_at(&q, 0);
    }
    return sqlite_query_end(&q);
}

static int compare_ids(const void *a, const void *b)
{
    const sqlite3_int64 *left = a;
    const sqlite3_int64 *right = b;
    return (*left > *right) - (*left < *right);
}

bool sqlite_persons_has(const struct sqlite_persons *all, sqlite3_int64 person_id)
{
    return bsearch(&person_id, all->ids, all->count, sizeof *all->ids, compare_ids) != NULL;
}

/* ---- what is known of a person ---- */

static void take_person(const struct sqlite_query *q, struct store_person *out)
{
    out->id = (uint64_t)sqlite_query_number_at(q, 0);
    out->role = (enum chat_role)sqlite_query_number_at(q, 1);
    out->room_role = (enum chat_role)sqlite_query_number_at(q, 2);
    out->made = sqlite_query_number_at(q, 3) != 0;
    out->is_signed = sqlite_query_number_at(q, 4) != 0;
    out->trusted = sqlite_query_number_at(q, 5) != 0;
    out->mark = (uint16_t)sqlite_query_number_at(q, 6);
    out->first_ms = sqlite_query_number_at(q, 7);
    out->seen_ms = sqlite_query_number_at(q, 8);
    snprintf(out->title, sizeof out->title, "%s", sqlite_query_text_at(q, 9));
}

static int read_names(struct sqlite_handle *s, struct store_person *out, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, "SELECT name FROM name WHERE person_id = ? ORDER BY used_ms DESC, fold LIMIT ?",
                       "read the names", e);
    sqlite_query_number(&q, (sqlite3_int64)out->id);
    sqlite_query_number(&q, STORE_PERSON_NAMES);
    while (sqlite_query_next(&q)) {
        snprintf(out->names[out->name_count++], sizeof *out->names, "%s", sqlite_query_text_at(&q, 0));
    }
    return sqlite_query_end(&q);
}

/* id 0 in *out without such a person. */
static int read_person(struct sqlite_handle *s, sqlite3_int64 person_id, const char *room, struct store_person *out,
                       struct err *e)
{
    struct sqlite_query q;
    memset(out, 0, sizeof *out);
    sqlite_query_begin(&q, s,
                       "SELECT person_id, role, ifnull((SELECT role FROM room_role JOIN room USING (room_id)"
                       " WHERE room_role.person_id = person.person_id AND room.name = ?2), role),"
                       " made, signed, trusted, mark, first_ms, seen_ms, title FROM person WHERE person_id = ?1",
                       "read the person", e);
    sqlite_query_number(&q, person_id);
    sqlite_query_text(&q, room);
    if (sqlite_query_next(&q)) {
        take_person(&q, out);
    }
    int result = sqlite_query_end(&q);
    return result == 0 && out->id != 0 ? read_names(s, out, e) : result;
}

static int find_key(struct sqlite_handle *s, const unsigned char *key, sqlite3_int64 *out, struct err *e)
{
    struct sqlite_query q;
    *out = 0;
    sqlite_query_begin(&q, s, "SELECT person_id FROM key WHERE hash = ?", "find the key", e);
    sqlite_query_blob(&q, key, CHAT_KEY_BYTES);
    if (sqlite_query_next(&q)) {
        *out = sqlite_query_number_at(&q, 0);
    }
    return sqlite_query_end(&q);
}

static int person_by_key(struct sqlite_handle *s, const unsigned char *key, const char *room, struct store_person *out,
                         struct err *e)
{
    sqlite3_int64 person_id = 0;
    return find_key(s, key, &person_id, e) == 0 ? read_person(s, person_id, room, out, e) : -1;
}

int sqlite_persons_by_key(struct store *base, const unsigned char key[CHAT_KEY_BYTES], const char *room,
                          struct store_person *out, struct err *e)
{
    bool begun = false;
    if (sqlite_view_enter(base, &begun, e) != 0) {
        return -1;
    }
    int result = person_by_key((struct sqlite_handle *)base, key, room, out, e);
    sqlite_view_leave(base, begun);
    return result;
}

static int find_person(struct sqlite_handle *s, const struct store_whom *whom, const char *room,
                       struct store_person *out, struct err *e)
{
    sqlite3_int64 person_id = 0;
    if (sqlite_persons_resolve(s, whom, &person_id, e) != 0 || read_person(s, person_id, room, out, e) != 0) {
        return -1;
    }
    return out->id != 0 ? 0 : no_person(e);
}

int sqlite_persons_find(struct store *base, const struct store_whom *whom, const char *room, struct store_person *out,
                        struct err *e)
{
    bool begun = false;
    if (sqlite_view_enter(base, &begun, e) != 0) {
        return -1;
    }
    int result = find_person((struct sqlite_handle *)base, whom, room, out, e);
    sqlite_view_leave(base, begun);
    return result;
}

/* ---- for acts ---- */

int sqlite_persons_rank(struct sqlite_handle *s, sqlite3_int64 person_id, const char *room, enum chat_role role,
                        enum chat_role *out, struct err *e)
{
    struct sqlite_query q;
    *out = role;
    sqlite_query_begin(&q, s,
                       "SELECT max(role, ifnull((SELECT max(room_role.role) FROM room_role JOIN room USING (room_id)"
                       " WHERE person_id = ?1 AND (?2 IS NULL OR room.name = ?2)), 0)) FROM person"
                       " WHERE person_id = ?1",
                       "find the rank", e);
    sqlite_query_number(&q, person_id);
    sqlite_query_text(&q, room);
    bool found = sqlite_query_next(&q);
    if (found) {
        *out = (enum chat_role)sqlite_query_number_at(&q, 0);
        *out = *out > role ? *out : role;
    }
    int result = sqlite_query_end(&q);
    return result == 0 && !found ? no_person(e) : result;
}

int sqlite_persons_title(struct sqlite_handle *s, sqlite3_int64 person_id, char *out, size_t size, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s,
                       "SELECT ifnull(title, ifnull((SELECT name FROM name WHERE name.person_id = person.person_id"
                       " ORDER BY used_ms DESC LIMIT 1), 'visitor')), mark FROM person WHERE person_id = ?",
                       "read the title", e);
    sqlite_query_number(&q, person_id);
    bool found = sqlite_query_next(&q);
    if (found) {
        snprintf(out, size, "%s \xc2\xb7%04x", sqlite_query_text_at(&q, 0), (unsigned)sqlite_query_number_at(&q, 1));
    }
    int result = sqlite_query_end(&q);
    return result == 0 && !found ? no_person(e) : result;
}

/* ---- a new person ---- */

static int add_person(struct sqlite_handle *s, struct err *e)
{
    struct sqlite_act *act = s->act;
    struct sqlite_query q;
    sqlite_query_begin(&q, s, "INSERT INTO person (signed, mark, first_ms, seen_ms) VALUES (?1, ?2, ?3, ?3)",
                       "add the person", e);
    sqlite_query_number(&q, act->by->is_signed);
    sqlite_query_number(&q, act->by->key[0] << 8 | act->by->key[1]);
    sqlite_query_number(&q, act->now_ms);
    int result = sqlite_query_run(&q);
    act->person_id = result == 0 ? sqlite3_last_insert_rowid(s->db) : 0;
    return result;
}

int sqlite_persons_take_actor(struct sqlite_handle *s, struct err *e)
{
    const struct sqlite_act *act = s->act;
    struct sqlite_query q;
    CK(act->by != NULL && act->by->has_key);
    if (act->person_id != 0) {
        return 0;
    }
    if (add_person(s, e) != 0) {
        return -1;
    }
    sqlite_query_begin(&q, s, "INSERT INTO key (hash, person_id, added_ms) VALUES (?, ?, ?)", "add the key", e);
    sqlite_query_blob(&q, act->by->key, CHAT_KEY_BYTES);
    sqlite_query_number(&q, act->person_id);
    sqlite_query_number(&q, act->now_ms);
    return sqlite_query_run(&q);
}
