/* erase_recent.c - erasing the messages of the last minutes: of a person, of a network, or of all
 * newcomers (erase.h). */
#include "store/sql/erase.h"

#include "base/err.h"
#include "store/sql/act.h"
#include "store/sql/events.h"
#include "store/sql/persons.h"
#include "store/sql/query.h"
#include "store/sql/transaction.h"

#include <stdlib.h>
#include <string.h>

enum {
    NETWORK_BYTES = 11, /* of a stored network: the secret's number, the family, the hash of /24 or /64 */
    ROWS_OF_A_LOOK = 500,
    OLD_MOST = 100, /* so many older messages in a row end a search: the clock may have been set */
};

/* ---- networks of newcomers ---- */

static const char find_networks[] =
    "WITH recent AS ("
    "SELECT message_id, NULL AS held_id, message.name, message.person_id, sender, network"
    " FROM room CROSS JOIN message"
    " WHERE (?1 IS NULL OR room.name = ?1)"
    " AND message_id BETWEEN (room.room_id << 36) + max(1, head - ?3) AND (room.room_id << 36) + head"
    " AND (SELECT time_ms FROM message WHERE message_id = (room.room_id << 36) + head) >= ?2"
    " AND time_ms >= ?2 AND type = 1 AND ifnull(state, 0) <> 1"
    " UNION ALL "
    "SELECT NULL, held_id, name, person_id, sender, network FROM held WHERE (?1 IS NULL OR room = ?1)"
    "), found AS ("
    "SELECT substr(network, 1, ?6) AS network, max(message_id) AS last, max(held_id) AS held, count(DISTINCT ifnull(person_id, name)) AS senders"
    " FROM recent LEFT JOIN person USING (person_id)"
    " WHERE network IS NOT NULL AND person_id IS NOT ?5 AND ifnull(sender >> 8 & 255, 0) < ?4"
    " AND (person_id IS NULL OR (sender & 4 <> 0 AND ifnull(trusted, 0) = 0))"
    " GROUP BY 1"
    ")"
    " SELECT (SELECT name FROM room WHERE room_id = last >> 36), last & 68719476735, held, network"
    " FROM found WHERE senders >= ?7 ORDER BY senders DESC, last, held LIMIT ?8";

static void begin_networks(struct sql_query *q, struct sql_store *s, const struct store_erase_recent *what,
                           struct err *e)
{
    const struct sql_act *act = s->act;
    sql_query_begin(q, s, find_networks, "find the networks of newcomers", e);
    sql_query_text(q, what->only_room);
    sql_query_number(q, what->since_ms);
    sql_query_number(q, STORE_ERASE_MOST);
    sql_query_number(q, act->by != NULL ? act->by->role : CHAT_ROLE__MAX);
    sql_query_number(q, act->person_id);
    sql_query_number(q, NETWORK_BYTES);
    sql_query_number(q, STORE_ERASE_SENDERS);
    sql_query_number(q, STORE_ERASE_NETWORKS);
}

/* ---- whose messages ---- */

struct search {
    enum store_erase_of of;
    int64_t person_id;                                                    /* 0: not of a person */
    struct sql_persons persons;                                           /* it, and those that its keys were before */
    unsigned char networks[STORE_ERASE_NETWORKS + 1][CHAT_NETWORK_BYTES]; /* of a network, the first one */
    size_t network_count;
    int64_t since_ms;
    int64_t actor;        /* person; 0: none */
    enum chat_role below; /* messages of senders with this role or a higher one stay */
    struct sql_events_author author;
    uint64_t count;
};

/* The networks that several newcomers wrote from, and that of the message. */
static int resolve_newcomers(struct sql_store *s, const struct store_erase_recent *what, struct search *out,
                             struct err *e)
{
    struct sql_sender sender = {.has_network = false};
    struct sql_query q;
    bool is_named = what->whom.held != 0 || what->whom.seq != 0;
    if (is_named && sql_persons_sender_of(s, &what->whom, &sender, e) != 0) {
        return -1;
    }
    if (sender.has_network) {
        memcpy(out->networks[out->network_count++], sender.network, CHAT_NETWORK_BYTES);
    }
    begin_networks(&q, s, what, e);
    while (out->network_count <= STORE_ERASE_NETWORKS && sql_query_next(&q)) {
        sql_query_blob_at(&q, 3, out->networks[out->network_count++], CHAT_NETWORK_BYTES);
    }
    return sql_query_end(&q);
}

static int resolve(struct sql_store *s, const struct store_erase_recent *what, struct search *out, struct err *e)
{
    struct sql_sender sender;
    enum chat_role rank = CHAT_NOBODY;
    if (what->of == STORE_ERASE_OF_NEWCOMERS) {
        return resolve_newcomers(s, what, out, e);
    }
    if (what->of == STORE_ERASE_OF_PERSON) {
        return sql_persons_resolve(s, &what->whom, &out->person_id, e) == 0 &&
                       sql_persons_rank(s, out->person_id, what->only_room, CHAT_NOBODY, &rank, e) == 0 &&
                       (out->person_id == out->actor || sql_act_check_rank(s->act, rank, e) == 0)
                   ? sql_persons_same(s, out->person_id, &out->persons, e)
                   : -1;
    }
    if (sql_persons_sender_of(s, &what->whom, &sender, e) != 0) {
        return -1;
    }
    if (!sender.has_network) {
        return err_set(e, ERR_ABSENT, "The network of this message isn't known any more.");
    }
    memcpy(out->networks[out->network_count++], sender.network, CHAT_NETWORK_BYTES);
    return 0;
}

static bool is_newcomer(const struct sql_query *row)
{
    bool is_guest = sql_query_number_at(row, 2) == 0;
    bool was_new = (sql_query_number_at(row, 3) & CHAT_FRESH) != 0;
    bool is_trusted = sql_query_number_at(row, 6) != 0;
    return is_guest || (was_new && !is_trusted);
}

static bool is_from(const struct search *search, const struct sql_query *row)
{
    unsigned char network[CHAT_NETWORK_BYTES];
    bool is = false;
    bool has = sql_query_blob_at(row, 4, network, sizeof network);
    for (size_t i = 0; has && !is && i < search->network_count; i++) {
        is = memcmp(network, search->networks[i], NETWORK_BYTES) == 0;
    }
    return is;
}

/* All persons' ranks are looked at by the role that their messages have: a network has many. */
static bool is_meant(const struct search *search, const struct sql_query *row)
{
    int64_t person_id = sql_query_number_at(row, 2);
    enum chat_role role = (enum chat_role)(sql_query_number_at(row, 3) >> 8 & 0xff);
    if (search->of == STORE_ERASE_OF_PERSON) {
        return sql_persons_has(&search->persons, person_id);
    }
    if (role >= search->below || (person_id != 0 && person_id == search->actor)) {
        return false;
    }
    return is_from(search, row) && (search->of != STORE_ERASE_OF_NEWCOMERS || is_newcomer(row));
}

/* Where a search through a room is, from its newest message on. */
struct place {
    uint64_t below; /* seq: messages below it come next */
    int old;        /* messages in a row that were too old */
    bool ended;
};

/* The next rows. */
static int look(struct sql_store *s, const struct search *search, int64_t room_id, struct place *at,
                struct sql_events_seqs *out, struct err *e)
{
    struct sql_query q;
    int rows = 0;
    sql_query_begin(&q, s,
                    "SELECT seq, time_ms, person_id, sender, network, type = 1 AND ifnull(state, 0) <> 1,"
                    " (SELECT trusted FROM person WHERE person.person_id = message.person_id)"
                    " FROM message WHERE message_id > (?1 << 36) AND message_id < (?1 << 36) + ?2"
                    " ORDER BY message_id DESC LIMIT ?3",
                    "find messages", e);
    sql_query_number(&q, room_id);
    sql_query_number(&q, (int64_t)at->below);
    sql_query_number(&q, ROWS_OF_A_LOOK);
    while (at->old < OLD_MOST && out->count < STORE_ERASE_MOST && sql_query_next(&q)) {
        bool is_old = sql_query_number_at(&q, 1) < search->since_ms;
        rows++;
        at->below = (uint64_t)sql_query_number_at(&q, 0);
        at->old = is_old ? at->old + 1 : 0;
        if (!is_old && sql_query_number_at(&q, 5) != 0 && is_meant(search, &q)) {
            sql_events_add(out, at->below);
        }
    }
    at->ended = rows < ROWS_OF_A_LOOK; /* the room's first message, too many old ones, or enough of the others */
    return sql_query_end(&q);
}

static int find_recent(struct sql_store *s, const struct search *search, const struct sql_events_room *room,
                       struct sql_events_seqs *out, struct err *e)
{
    struct place at = {.below = room->head + 1};
    int result = 0;
    while (result == 0 && !at.ended) {
        result = look(s, search, room->id, &at, out, e);
    }
    sql_events_sort(out);
    return result;
}

static int erase_range(struct sql_store *s, const struct sql_events_room *room, uint64_t first, uint64_t last,
                       struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, SQL_ERASE_TEXT " WHERE message_id BETWEEN (?1 << 36) + ?2 AND (?1 << 36) + ?3",
                    "erase messages", e);
    sql_query_number(&q, room->id);
    sql_query_number(&q, (int64_t)first);
    sql_query_number(&q, (int64_t)last);
    return sql_query_run(&q);
}

static int erase_seqs(struct sql_store *s, struct search *search, struct sql_events_room *room,
                      const struct sql_events_seqs *seqs, struct err *e)
{
    uint64_t first = 0;
    uint64_t last = 0;
    size_t at = 0;
    int result = 0;
    while (result == 0 && sql_events_range(seqs, &at, &first, &last)) {
        result = erase_range(s, room, first, last, e);
    }
    if (result != 0 || seqs->count == 0) {
        return result;
    }
    search->count += seqs->count;
    return sql_events_append(s, room, CHAT_DELETE, seqs, &search->author, s->act->now_ms, &s->act->changes, e);
}

static int erase_in_room(struct sql_store *s, struct search *search, struct sql_events_room *room, struct err *e)
{
    struct sql_events_seqs seqs = {.count = 0};
    int result = find_recent(s, search, room, &seqs, e);
    if (result == 0) {
        result = erase_seqs(s, search, room, &seqs, e);
    }
    sql_events_fini(&seqs);
    return result;
}

/* Rooms that have a message of that time. The list is read before rooms are changed. */
struct rooms {
    struct one_room {
        int64_t id;
        uint64_t head;
        char name[CHAT_ROOM_MAX + 1];
    } * all;
    size_t count;
};

static int list_rooms(struct sql_store *s, const char *only, int64_t since_ms, struct rooms *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT room_id, head, name FROM room WHERE (?1 IS NULL OR name = ?1) AND"
                    " (SELECT time_ms FROM message WHERE message_id = (room.room_id << 36) + room.head) >= ?2",
                    "list rooms", e);
    sql_query_text(&q, only);
    sql_query_number(&q, since_ms);
    while (sql_query_next(&q)) {
        out->all = sql_query_grow(out->all, out->count, sizeof *out->all);
        struct one_room *room = &out->all[out->count++];
        room->id = sql_query_number_at(&q, 0);
        room->head = (uint64_t)sql_query_number_at(&q, 1);
        snprintf(room->name, sizeof room->name, "%s", sql_query_text_at(&q, 2));
    }
    return sql_query_end(&q);
}

static int erase_in_rooms(struct sql_store *s, struct search *search, const struct rooms *rooms, struct err *e)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < rooms->count; i++) {
        struct sql_events_room room = {.id = rooms->all[i].id, .name = rooms->all[i].name, .head = rooms->all[i].head};
        result = erase_in_room(s, search, &room, e);
    }
    return result == 0 && search->count > 0 ? sql_scrub_owe(s, e) : result;
}

/* Messages that wait, of whatever time. network NULL: of the person. */
static int erase_held_of(struct sql_store *s, struct search *search, int64_t person_id, const unsigned char *network,
                         const char *only, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "DELETE FROM held WHERE (?1 IS NULL OR room = ?1) AND CASE WHEN ?2 <> 0 THEN person_id = ?2"
                    " ELSE person_id IS NOT ?5 AND ifnull(sender >> 8 & 255, 0) < ?6"
                    " AND substr(network, 1, ?3) = substr(?4, 1, ?3) AND (?7 = 0 OR person_id IS NULL"
                    " OR (sender & 4 <> 0 AND NOT EXISTS"
                    " (SELECT 1 FROM person WHERE person.person_id = held.person_id AND trusted = 1))) END",
                    "erase messages that wait", e);
    sql_query_text(&q, only);
    sql_query_number(&q, person_id);
    sql_query_number(&q, NETWORK_BYTES);
    sql_query_blob(&q, network, CHAT_NETWORK_BYTES);
    sql_query_number(&q, search->actor);
    sql_query_number(&q, search->below);
    sql_query_number(&q, search->of == STORE_ERASE_OF_NEWCOMERS);
    uint64_t changed = 0;
    int result = sql_query_change(&q, &changed);
    search->count += changed;
    return result;
}

static int erase_held(struct sql_store *s, struct search *search, const char *only, struct err *e)
{
    uint64_t before = search->count;
    int result = 0;
    for (size_t i = 0; result == 0 && i < search->network_count; i++) {
        result = erase_held_of(s, search, 0, search->networks[i], only, e);
    }
    for (size_t i = 0; result == 0 && i < search->persons.count; i++) {
        result = erase_held_of(s, search, search->persons.ids[i], NULL, only, e);
    }
    return result == 0 && search->count > before ? sql_scrub_owe_later(s, e) : result;
}

int sql_erase_recent(struct store *base, const struct store_erase_recent *what, uint64_t *count, struct err *e)
{
    struct sql_store *s = (struct sql_store *)base;
    const struct sql_act *act = sql_act_of(base);
    struct search search = {.of = what->of,
                            .since_ms = what->since_ms,
                            .actor = act->person_id,
                            .below = act->by != NULL ? act->by->role : CHAT_ROLE__MAX};
    struct rooms rooms = {.count = 0};
    int result = resolve(s, what, &search, e) == 0 ? sql_act_author(s, &search.author, e) : -1;
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

/* ---- networks of newcomers, for bans ---- */

static void take_network(const struct sql_query *q, struct store_erase_networks *out)
{
    struct store_erase_network *network = &out->all[out->count++];
    const char *room = sql_query_text_at(q, 0);
    *network = (struct store_erase_network){.seq = (uint64_t)sql_query_number_at(q, 1)};
    network->held = network->seq == 0 ? (uint64_t)sql_query_number_at(q, 2) : 0;
    snprintf(network->room, sizeof network->room, "%s", room != NULL ? room : "");
}

int sql_erase_networks(struct store *base, const struct store_erase_recent *what, struct store_erase_networks *out,
                       struct err *e)
{
    struct sql_query q;
    begin_networks(&q, (struct sql_store *)base, what, e);
    while (out->count < STORE_ERASE_NETWORKS && sql_query_next(&q)) {
        take_network(&q, out);
    }
    return sql_query_end(&q);
}
