/* erase.c - see erase.h. */
#include "store/sql/erase.h"

#include "base/err.h"
#include "store/sql/act.h"
#include "store/sql/events.h"
#include "store/sql/persons.h"
#include "store/sql/query.h"
#include "store/sql/rows.h"
#include "store/sql/transaction.h"

enum {
    STATE_ERASED = 1,
    STATE_HIDDEN = 2,
};

static struct sql_store *mine(struct store *base)
{
    return (struct sql_store *)base;
}

/* ---- one message ---- */

struct found {
    struct sql_events_room room;
    int64_t message_id;
    int64_t person_id;
    enum chat_role role; /* of the sender, when it was written */
    int state;           /* 0: shown */
};

static int absent(struct err *e)
{
    return err_set(e, ERR_ABSENT, "There is no such message.");
}

static int find_message(struct sql_store *s, const char *room, uint64_t seq, struct found *out, struct err *e)
{
    struct sql_query q;
    *out = (struct found){.message_id = 0};
    if (seq == 0 || seq > SQL_ROWS_SEQ_MAX) {
        return absent(e);
    }
    sql_query_begin(&q, s,
                    "SELECT message_id, message.person_id, sender, state, room.room_id, head"
                    " FROM room CROSS JOIN message WHERE room.name = ?"
                    " AND message_id = (room.room_id << 36) + ? AND type = 1",
                    "find the message", e);
    sql_query_text(&q, room);
    sql_query_number(&q, (int64_t)seq);
    bool is_there = sql_query_next(&q);
    if (is_there) {
        out->message_id = sql_query_number_at(&q, 0);
        out->person_id = sql_query_number_at(&q, 1);
        out->role = (enum chat_role)(sql_query_number_at(&q, 2) >> 8 & 0xff);
        out->state = (int)sql_query_number_at(&q, 3);
        out->room = (struct sql_events_room){
            .id = sql_query_number_at(&q, 4), .name = room, .head = (uint64_t)sql_query_number_at(&q, 5)};
    }
    int result = sql_query_end(&q);
    return result == 0 && !is_there ? absent(e) : result;
}

/* The sender's rank now, or when it wrote the message. */
static int find_rank(struct sql_store *s, const struct found *found, enum chat_role *out, struct err *e)
{
    struct err why = ERR_INIT;
    *out = found->role;
    if (found->person_id == 0 || sql_persons_rank(s, found->person_id, found->room.name, found->role, out, &why) == 0) {
        return 0;
    }
    *out = found->role;
    return why.code == ERR_ABSENT ? 0 : err_move(e, &why); /* a person may be forgotten */
}

/* Own messages may always be changed. */
static int check_rank(struct sql_store *s, const struct found *found, struct err *e)
{
    enum chat_role rank = CHAT_NOBODY;
    const struct sql_act *act = s->act;
    if (act->by == NULL || (act->person_id != 0 && act->person_id == found->person_id)) {
        return 0;
    }
    return find_rank(s, found, &rank, e) == 0 ? sql_act_check_rank(act, rank, e) : -1;
}

static int set_state(struct sql_store *s, const struct found *found, const char *sql, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, sql, "change the message", e);
    sql_query_number(&q, found->message_id);
    return sql_query_run(&q);
}

static int tell(struct sql_store *s, struct found *found, enum chat_type type, uint64_t seq,
                const struct sql_events_author *author, uint64_t *event, struct err *e)
{
    const struct sql_events_seqs seqs = {.all = &seq, .count = 1};
    int result = sql_events_append(s, &found->room, type, &seqs, author, s->act->now_ms, &s->act->changes, e);
    *event = result == 0 ? found->room.head : 0;
    return result;
}

int sql_erase_message(struct store *base, const char *room, uint64_t seq, uint64_t *event, struct err *e)
{
    struct sql_store *s = mine(base);
    struct sql_events_author author;
    struct found found;
    if (find_message(s, room, seq, &found, e) != 0 || check_rank(s, &found, e) != 0 ||
        sql_act_author(s, &author, e) != 0) {
        return -1;
    }
    if (found.state == STATE_ERASED) {
        return 0;
    }
    if (set_state(s, &found, SQL_ERASE_TEXT " WHERE message_id = ?", e) != 0 || sql_scrub_owe(s, e) != 0) {
        return -1;
    }
    return tell(s, &found, CHAT_DELETE, seq, &author, event, e);
}

static int show(struct sql_store *s, struct found *found, uint64_t seq, bool shown,
                const struct sql_events_author *author, uint64_t *event, struct err *e)
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

int sql_erase_show(struct store *base, const char *room, uint64_t seq, bool shown, uint64_t *event, struct err *e)
{
    struct sql_store *s = mine(base);
    struct sql_events_author author;
    struct found found;
    return find_message(s, room, seq, &found, e) == 0 && check_rank(s, &found, e) == 0 &&
                   sql_act_author(s, &author, e) == 0
               ? show(s, &found, seq, shown, &author, event, e)
               : -1;
}

int sql_erase_hide_reported(struct store *base, const char *room, uint64_t seq, uint64_t *event, struct err *e)
{
    static const struct sql_events_author author = {.name = SQL_EVENTS_NAME};
    struct sql_store *s = mine(base);
    enum chat_role rank = CHAT_NOBODY;
    struct found found;
    sql_act_of(base);
    if (find_message(s, room, seq, &found, e) != 0 || find_rank(s, &found, &rank, e) != 0) {
        return -1;
    }
    return rank >= CHAT_MODERATOR ? 0 : show(s, &found, seq, false, &author, event, e);
}
