/* erase.c - see erase.h. */
#include "store/sqlite/private/erase.h"

#include "base/err.h"
#include "store/sqlite/private/act.h"
#include "store/sqlite/private/events.h"
#include "store/sqlite/private/persons.h"
#include "store/sqlite/private/query.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/scrub.h"

#include <stdlib.h>
#include <string.h>

enum {
    STATE_ERASED = 1,
    STATE_HIDDEN = 2,
    NETWORK_BYTES = 11, /* of a stored network: the secret's number, the family, the hash of /24 or /64 */
    OLD_MOST = 100,     /* so many older messages in a row end a search: the clock may have been set */
};

/* The name of a message that only its author saw isn't shown to others now. */
#define ERASE                                  \
    "UPDATE message SET text = '', state = 1," \
    " name = CASE WHEN state = 3 AND person_id IS NOT NULL THEN '" CHAT_NAME_DEFAULT "' ELSE name END"

static struct sqlite_handle *mine(struct store *base)
{
    return (struct sqlite_handle *)base;
}

/* ---- whose act it is ---- */

static int learn_author(struct sqlite_handle *s, struct sqlite_events_author *out, struct err *e)
{
    const struct sqlite_act *act = s->act;
    struct sqlite_query q;
    *out = (struct sqlite_events_author){.name = SQLITE_EVENTS_NAME};
    if (act->by == NULL) {
        return 0;
    }
    out->name = act->name;
    out->person_id = act->person_id;
    out->sender = (sqlite3_int64)act->by->role << 8;
    sqlite_query_begin(&q, s, "SELECT mark FROM person WHERE person_id = ?", "find the mark", e);
    sqlite_query_number(&q, act->person_id);
    if (sqlite_query_next(&q)) {
        out->sender |= sqlite_query_number_at(&q, 0) << 16 | CHAT_HAS_MARK | (act->by->is_signed ? CHAT_SIGNED : 0);
    }
    return sqlite_query_end(&q);
}

/* ---- one message ---- */

struct found {
    struct sqlite_events_room room;
    sqlite3_int64 message_id;
    sqlite3_int64 person_id;
    enum chat_role role; /* of the sender, when it was written */
    int state;           /* 0: shown */
};

static int absent(struct err *e)
{
    return err_set(e, ERR_ABSENT, "There is no such message.");
}

static int find_message(struct sqlite_handle *s, const char *room, uint64_t seq, struct found *out, struct err *e)
{
    struct sqlite_query q;
    *out = (struct found){.message_id = 0};
    if (seq == 0 || seq > SQLITE_ROWS_SEQ_MAX) {
        return absent(e);
    }
    sqlite_query_begin(&q, s,
                       "SELECT message_id, message.person_id, sender, state, room.room_id, head"
                       " FROM room CROSS JOIN message WHERE room.name = ?"
                       " AND message_id = (room.room_id << 36) + ? AND type = 1",
                       "find the message", e);
    sqlite_query_text(&q, room);
    sqlite_query_number(&q, (sqlite3_int64)seq);
    bool is_there = sqlite_query_next(&q);
    if (is_there) {
        out->message_id = sqlite_query_number_at(&q, 0);
        out->person_id = sqlite_query_number_at(&q, 1);
        out->role = (enum chat_role)(sqlite_query_number_at(&q, 2) >> 8 & 0xff);
        out->state = (int)sqlite_query_number_at(&q, 3);
        out->room = (struct sqlite_events_room){
            .id = sqlite_query_number_at(&q, 4), .name = room, .head = (uint64_t)sqlite_query_number_at(&q, 5)};
    }
    int result = sqlite_query_end(&q);
    return result == 0 && !is_there ? absent(e) : result;
}

/* The sender's rank now, or when it wrote the message. */
static int find_rank(struct sqlite_handle *s, const struct found *found, enum chat_role *out, struct err *e)
{
    struct err why = ERR_INIT;
    *out = found->role;
    if (found->person_id == 0 ||
        sqlite_persons_rank(s, found->person_id, found->room.name, found->role, out, &why) == 0) {
        return 0;
    }
    *out = found->role;
    return why.code == ERR_ABSENT ? 0 : err_move(e, &why); /* a person may be forgotten */
}

/* Own messages may always be changed. */
static int check_rank(struct sqlite_handle *s, const struct found *found, struct err *e)
{
    enum chat_role rank = CHAT_NOBODY;
    const struct sqlite_act *act = s->act;
    if (act->by == NULL || (act->person_id != 0 && act->person_id == found->person_id)) {
        return 0;
    }
    return find_rank(s, found, &rank, e) == 0 ? sqlite_act_check_rank(act, rank, e) : -1;
}

static int set_state(struct sqlite_handle *s, const struct found *found, const char *sql, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, sql, "change the message", e);
    sqlite_query_number(&q, found->message_id);
    return sqlite_query_run(&q);
}

static int tell(struct sqlite_handle *s, struct found *found, enum chat_type type, uint64_t seq,
                const struct sqlite_events_author *author, uint64_t *event, struct err *e)
{
    const struct sqlite_events_seqs seqs = {.all = &seq, .count = 1};
    int result = sqlite_events_append(s, &found->room, type, &seqs, author, s->act->now_ms, &s->act->changes, e);
    *event = result == 0 ? found->room.head : 0;
    return result;
}

int sqlite_erase_message(struct store *base, const char *room, uint64_t seq, uint64_t *event, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    struct sqlite_events_author author;
    struct found found;
    if (find_message(s, room, seq, &found, e) != 0 || check_rank(s, &found, e) != 0 ||
        learn_author(s, &author, e) != 0) {
        return -1;
    }
    if (found.state == STATE_ERASED) {
        return 0;
    }
    if (set_state(s, &found, ERASE " WHERE message_id = ?", e) != 0 || sqlite_scrub_owe(s, e) != 0) {
        return -1;
    }
    return tell(s, &found, CHAT_DELETE, seq, &author, event, e);
}

static int show(struct sqlite_handle *s, struct found *found, uint64_t seq, bool shown,
                const struct sqlite_events_author *author, uint64_t *event, struct err *e)
{
    if (found->state == STATE_ERASED) {
        return absent(e);
    }
    if (shown ? found->state == 0 : found->state == STATE_HIDDEN) {
        return 0;
    }
    const char *sql = shown ? "UPDATE message SET state = NULL WHERE message_id = ?"
                            : "UPDATE message SET state = 2 WHERE message_id = ?";
    return set_state(s, found, sql, e) == 0 ? tell(s, found, shown ? CHAT_EDIT : CHAT_DELETE, seq, author, event, e)
                                            : -1;
}

int sqlite_erase_show(struct store *base, const char *room, uint64_t seq, bool shown, uint64_t *event, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    struct sqlite_events_author author;
    struct found found;
    return find_message(s, room, seq, &found, e) == 0 && check_rank(s, &found, e) == 0 &&
                   learn_author(s, &author, e) == 0
               ? show(s, &found, seq, shown, &author, event, e)
               : -1;
}

int sqlite_erase_hide_reported(struct store *base, const char *room, uint64_t seq, uint64_t *event, struct err *e)
{
    static const struct sqlite_events_author author = {.name = SQLITE_EVENTS_NAME};
    struct sqlite_handle *s = mine(base);
    enum chat_role rank = CHAT_NOBODY;
    struct found found;
    sqlite_act_of(base);
    if (find_message(s, room, seq, &found, e) != 0 || find_rank(s, &found, &rank, e) != 0) {
        return -1;
    }
    return rank >= CHAT_MODERATOR ? 0 : show(s, &found, seq, false, &author, event, e);
}

/* ---- the messages of the last minutes ---- */

struct search {
    sqlite3_int64 person_id;       /* 0: by network */
    struct sqlite_persons persons; /* it, and those that its keys were before */
    unsigned char network[CHAT_NETWORK_BYTES];
    int64_t since_ms;
    sqlite3_int64 actor;  /* person; 0: none */
    enum chat_role below; /* messages of senders with this role or a higher one stay */
    struct sqlite_events_author author;
    uint64_t count;
};

static int resolve(struct sqlite_handle *s, const struct store_erase_recent *what, struct search *out, struct err *e)
{
    struct sqlite_sender sender;
    enum chat_role rank = CHAT_NOBODY;
    if (!what->of_network) {
        return sqlite_persons_resolve(s, &what->whom, &out->person_id, e) == 0 &&
                       sqlite_persons_rank(s, out->person_id, what->only_room, CHAT_NOBODY, &rank, e) == 0 &&
                       (out->person_id == out->actor || sqlite_act_check_rank(s->act, rank, e) == 0)
                   ? sqlite_persons_same(s, out->person_id, &out->persons, e)
                   : -1;
    }
    if (sqlite_persons_sender_of(s, &what->whom, &sender, e) != 0) {
        return -1;
    }
    if (!sender.has_network) {
        return err_set(e, ERR_ABSENT, "The network of this message isn't known any more.");
    }
    memcpy(out->network, sender.network, sizeof out->network);
    return 0;
}

/* All persons' ranks are looked at by the role that their messages have: a network has many. */
static bool is_meant(const struct search *search, const struct sqlite_query *row)
{
    unsigned char network[CHAT_NETWORK_BYTES];
    sqlite3_int64 person_id = sqlite_query_number_at(row, 2);
    enum chat_role role = (enum chat_role)(sqlite_query_number_at(row, 3) >> 8 & 0xff);
    if (search->person_id != 0) {
        return sqlite_persons_has(&search->persons, person_id);
    }
    return role < search->below && (person_id == 0 || person_id != search->actor) &&
           sqlite_query_blob_at(row, 4, network, sizeof network) &&
           memcmp(network, search->network, NETWORK_BYTES) == 0;
}

static int find_recent(struct sqlite_handle *s, const struct search *search, const struct sqlite_events_room *room,
                       struct sqlite_events_seqs *out, struct err *e)
{
    struct sqlite_query q;
    int old = 0;
    sqlite_query_begin(&q, s,
                       "SELECT seq, time_ms, person_id, sender, network, type = 1 AND ifnull(state, 0) <> 1"
                       " FROM message WHERE message_id BETWEEN (?1 << 36) + 1 AND (?1 << 36) + ?2"
                       " ORDER BY message_id DESC",
                       "find messages", e);
    sqlite_query_number(&q, room->id);
    sqlite_query_number(&q, (sqlite3_int64)room->head);
    while (old < OLD_MOST && out->count < STORE_ERASE_MOST && sqlite_query_next(&q)) {
        bool is_old = sqlite_query_number_at(&q, 1) < search->since_ms;
        old = is_old ? old + 1 : 0;
        if (!is_old && sqlite_query_number_at(&q, 5) != 0 && is_meant(search, &q)) {
            sqlite_events_add(out, (uint64_t)sqlite_query_number_at(&q, 0));
        }
    }
    sqlite_events_sort(out);
    return sqlite_query_end(&q);
}

static int erase_range(struct sqlite_handle *s, const struct sqlite_events_room *room, uint64_t first, uint64_t last,
                       struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, ERASE " WHERE message_id BETWEEN (?1 << 36) + ?2 AND (?1 << 36) + ?3", "erase messages",
                       e);
    sqlite_query_number(&q, room->id);
    sqlite_query_number(&q, (sqlite3_int64)first);
    sqlite_query_number(&q, (sqlite3_int64)last);
    return sqlite_query_run(&q);
}

static int erase_seqs(struct sqlite_handle *s, struct search *search, struct sqlite_events_room *room,
                      const struct sqlite_events_seqs *seqs, struct err *e)
{
    uint64_t first = 0;
    uint64_t last = 0;
    size_t at = 0;
    int result = 0;
    while (result == 0 && sqlite_events_range(seqs, &at, &first, &last)) {
        result = erase_range(s, room, first, last, e);
    }
    if (result != 0 || seqs->count == 0) {
        return result;
    }
    search->count += seqs->count;
    return sqlite_events_append(s, room, CHAT_DELETE, seqs, &search->author, s->act->now_ms, &s->act->changes, e);
}

static int erase_in_room(struct sqlite_handle *s, struct search *search, struct sqlite_events_room *room, struct err *e)
{
    struct sqlite_events_seqs seqs = {.count = 0};
    int result = find_recent(s, search, room, &seqs, e);
    if (result == 0) {
        result = erase_seqs(s, search, room, &seqs, e);
    }
    sqlite_events_fini(&seqs);
    return result;
}

/* Rooms that have a message of that time. The list is read before rooms are changed. */
struct rooms {
    struct one_room {
        sqlite3_int64 id;
        uint64_t head;
        char name[CHAT_ROOM_MAX + 1];
    } * all;
    size_t count;
};

static int list_rooms(struct sqlite_handle *s, const char *only, int64_t since_ms, struct rooms *out, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s,
                       "SELECT room_id, head, name FROM room WHERE (?1 IS NULL OR name = ?1) AND"
                       " (SELECT time_ms FROM message WHERE message_id = (room.room_id << 36) + room.head) >= ?2",
                       "list rooms", e);
    sqlite_query_text(&q, only);
    sqlite_query_number(&q, since_ms);
    while (sqlite_query_next(&q)) {
        out->all = sqlite_query_grow(out->all, out->count, sizeof *out->all);
        struct one_room *room = &out->all[out->count++];
        room->id = sqlite_query_number_at(&q, 0);
        room->head = (uint64_t)sqlite_query_number_at(&q, 1);
        snprintf(room->name, sizeof room->name, "%s", sqlite_query_text_at(&q, 2));
    }
    return sqlite_query_end(&q);
}

static int erase_in_rooms(struct sqlite_handle *s, struct search *search, const struct rooms *rooms, struct err *e)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < rooms->count; i++) {
        struct sqlite_events_room room = {
            .id = rooms->all[i].id, .name = rooms->all[i].name, .head = rooms->all[i].head};
        result = erase_in_room(s, search, &room, e);
    }
    return result == 0 && search->count > 0 ? sqlite_scrub_owe(s, e) : result;
}

/* Messages that wait, of whatever time. person_id 0: by network. */
static int erase_held_of(struct sqlite_handle *s, struct search *search, sqlite3_int64 person_id, const char *only,
                         struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s,
                       "DELETE FROM held WHERE (?1 IS NULL OR room = ?1) AND iif(?2 <> 0, person_id = ?2,"
                       " substr(network, 1, ?3) = substr(?4, 1, ?3) AND person_id IS NOT ?5"
                       " AND ifnull(sender >> 8 & 255, 0) < ?6)",
                       "erase messages that wait", e);
    sqlite_query_text(&q, only);
    sqlite_query_number(&q, person_id);
    sqlite_query_number(&q, NETWORK_BYTES);
    sqlite_query_blob(&q, search->network, sizeof search->network);
    sqlite_query_number(&q, search->actor);
    sqlite_query_number(&q, search->below);
    int result = sqlite_query_run(&q);
    search->count += result == 0 ? (uint64_t)sqlite3_changes(s->db) : 0;
    return result;
}

static int erase_held(struct sqlite_handle *s, struct search *search, const char *only, struct err *e)
{
    uint64_t before = search->count;
    int result = search->person_id == 0 ? erase_held_of(s, search, 0, only, e) : 0;
    for (size_t i = 0; result == 0 && search->person_id != 0 && i < search->persons.count; i++) {
        result = erase_held_of(s, search, search->persons.ids[i], only, e);
    }
    return result == 0 && search->count > before ? sqlite_scrub_owe_later(s, e) : result;
}

int sqlite_erase_recent(struct store *base, const struct store_erase_recent *what, uint64_t *count, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    const struct sqlite_act *act = sqlite_act_of(base);
    struct search search = {
        .since_ms = what->since_ms, .actor = act->person_id, .below = act->by != NULL ? act->by->role : CHAT_ROLE__MAX};
    struct rooms rooms = {.count = 0};
    int result = resolve(s, what, &search, e) == 0 ? learn_author(s, &search.author, e) : -1;
    if (result == 0) {
        result = list_rooms(s, what->only_room, what->since_ms, &rooms, e);
    }
    if (result == 0) {
        result = erase_in_rooms(s, &search, &rooms, e);
    }
    if (result == 0) {
        result = erase_held(s, &search, what->only_room, e);
    }
    free(search.persons.ids);
    free(rooms.all);
    *count = search.count;
    return result;
}
