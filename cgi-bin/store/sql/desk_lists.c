/* desk_lists.c - see desk_lists.h. */
#include "store/sql/desk_lists.h"

#include "store/sql/desk_samples.h"

static const char *const kind_words[] = {"open", "read-only", "members", "locked", NULL};
static const char *const newcomers_words[] = {"free", "slow", "held", NULL};
static const char *const ban_words[] = {"ban", "mute", "shadow", NULL};
static const char *const word_words[] = {"reject", "hold", "mask", NULL};
static const char *const state_words[] = {"erased", "hidden", "shadow", NULL};

#define TITLE(column) "(SELECT ifnull(title, 'visitor') FROM person WHERE person.person_id = " column ")"
#define ROOM(column) "(SELECT name FROM room WHERE room.room_id = " column ")"
#define CUT(column) "substr(" column ", 1, 2000)"
#define MARK(column) "CASE WHEN " column " & 1 <> 0 THEN " column " >> 16 END"
#define LAST_CHARACTER "\xf4\x8f\xbf\xbf" /* U+10FFFF */
#define LINE_BREAK "'\n'"

#define SELECT_PEOPLE                                                                                                 \
    "SELECT person_id, mark, title,"                                                                                  \
    " (SELECT group_concat(name, " LINE_BREAK ") FROM (SELECT name FROM name WHERE name.person_id = person.person_id" \
    "  ORDER BY used_ms DESC LIMIT 16) AS latest), role,"                                                             \
    " (SELECT group_concat(room.name || ' ' || CASE room_role.role WHEN 0 THEN 'nobody' WHEN 1 THEN 'reader'"         \
    "  WHEN 2 THEN 'member' WHEN 3 THEN 'moderator' ELSE 'owner' END, " LINE_BREAK ")"                                \
    "  FROM room_role JOIN room USING (room_id) WHERE room_role.person_id = person.person_id),"                       \
    " made, signed, trusted, first_ms, seen_ms,"                                                                      \
    " (SELECT count(*) FROM key WHERE key.person_id = person.person_id),"                                             \
    " (SELECT group_concat(CAST(ban_id AS TEXT), " LINE_BREAK ") FROM ban WHERE ban.person_id = person.person_id"     \
    "  AND (until_ms IS NULL OR until_ms > ?6)), 0"                                                                   \
    " FROM person "
#define SEEN_BEFORE "(seen_ms, person_id) < (ifnull((SELECT seen_ms FROM person WHERE person_id = ?2), ?2), ?2)"
#define BY_SEEN " ORDER BY seen_ms DESC, person_id DESC LIMIT ?3"

/* As store_ban_made says. The byte behind the secret's number is the family of the address. */
#define COVERS                                                                                            \
    "CASE WHEN person_id IS NOT NULL THEN (SELECT count(*) FROM key WHERE key.person_id = ban.person_id)" \
    " WHEN fold IS NOT NULL THEN 1 WHEN hex(substr(ifnull(network, wide), 5, 1)) = '04' THEN 256"         \
    " WHEN network IS NOT NULL THEN 1 ELSE 65536 END"
#define BY TITLE("by_person")
#define BAN_ROOM ROOM("ban.room_id")
#define SELECT_BANS                                                                                      \
    "SELECT ban_id, kind, CASE WHEN person_id IS NOT NULL THEN 'key' WHEN fold IS NOT NULL THEN 'name'"  \
    " WHEN network IS NOT NULL THEN 'network' ELSE 'wide-network' END, " BAN_ROOM ", title, reason, " BY \
    ", person_id, made_ms, until_ms, " COVERS " FROM ban WHERE (until_ms IS NULL OR until_ms > ?6)"      \
    " AND ban_id < ?2 AND (?1 = 0 OR room_id = ?1) AND (?5 = 0 OR person_id = ?5) ORDER BY ban_id DESC LIMIT ?3"

/* The reports first: few of the messages have any. */
#define SELECT_REPORTS                                                                                                                         \
    "SELECT last, " ROOM("message.message_id >> 36") ", message.message_id & 68719476735, time_ms, name, " MARK(                               \
        "sender") ", person_id, " CUT("text") ", state, reports, reasons, reported_ms FROM"                                                    \
                                              " (SELECT message_id, max(report_id) AS last, count(*) AS reports, max(made_ms) AS reported_ms," \
                                              "  group_concat(replace(reason, " LINE_BREAK ", ' '), " LINE_BREAK                               \
                                              ") AS reasons FROM report INDEXED BY report_open"                                                \
                                              "  WHERE settled_ms IS NULL AND (?1 = 0 OR message_id >> 36 = ?1)"                               \
                                              "  GROUP BY message_id HAVING max(report_id) < ?2) AS open"                                      \
                                              " CROSS JOIN message ON message.message_id = open.message_id ORDER BY last DESC LIMIT ?3"

static const struct sql_desk_list lists[STORE_DESK__MAX] = {
    [STORE_DESK_ROOMS] =
        {.sql = "SELECT room_id, name, kind, kind_until, slow_s, hours,"
                " CASE WHEN newcomers_until > ?6 OR newcomers_until IS NULL THEN newcomers END,"
                " keep_days, keep_count, head, oldest,"
                " head - oldest + 1, created_ms,"
                " (SELECT time_ms FROM message WHERE message_id = (room.room_id << 36) + head), 0 FROM room"
                " WHERE room_id < ?2 AND (?1 = 0 OR room_id = ?1) AND (?4 IS NULL OR instr(name, ?4) > 0)"
                " ORDER BY room_id DESC LIMIT ?3",
         .names = {"id", "room", "kind", "kind_until", "slow", "hours", "newcomers", "keep_days", "keep_count", "head",
                   "oldest", "messages", "created", "last", "bytes"},
         .as = {[1] = AS_TEXT, AS_WORD, AS_TIME, AS_NUMBER, AS_TEXT, AS_WORD, [12] = AS_TIME, AS_TIME},
         .words = {[2] = kind_words, [6] = newcomers_words},
         .add = sql_desk_samples_bytes},
    [STORE_DESK_PEOPLE] = {.sql = SELECT_PEOPLE "WHERE moved_key IS NULL AND " SEEN_BEFORE BY_SEEN,
                           .search_sql = SELECT_PEOPLE "WHERE person_id IN (SELECT person_id FROM name WHERE fold >= ?4"
                                                       " AND fold < ?4 || '" LAST_CHARACTER
                                                       "' UNION SELECT person_id FROM person WHERE mark = ?7)"
                                                       " AND moved_key IS NULL AND " SEEN_BEFORE BY_SEEN,
                           .person_sql = SELECT_PEOPLE "WHERE person_id = ?5",
                           .names = {"id", "mark", "name", "names", "role", "room_roles", "made", "signed", "trusted",
                                     "first", "seen", "keys", "bans", "messages_hour"},
                           .as = {[1] = AS_MARK,
                                  AS_TEXT,
                                  AS_LINES,
                                  AS_ROLE,
                                  AS_LINES,
                                  AS_FLAG,
                                  AS_FLAG,
                                  AS_FLAG,
                                  AS_TIME,
                                  AS_TIME,
                                  [12] = AS_LINES},
                           .add = sql_desk_samples_messages},
    [STORE_DESK_BANS] =
        {.sql = SELECT_BANS,
         .names = {"id", "kind", "of", "room", "title", "reason", "by", "person", "made", "until", "covers"},
         .as = {[1] = AS_WORD, AS_TEXT, AS_TEXT, AS_TEXT, AS_TEXT, AS_TEXT, AS_NUMBER, AS_TIME, AS_TIME},
         .words = {[1] = ban_words}},
    [STORE_DESK_REPORTS] = {.sql = SELECT_REPORTS,
                            .names = {"id", "room", "seq", "time", "name", "mark", "person", "text", "state", "reports",
                                      "reasons", "last"},
                            .as = {[1] = AS_TEXT,
                                   AS_NUMBER,
                                   AS_TIME,
                                   AS_TEXT,
                                   AS_MARK,
                                   AS_NUMBER,
                                   AS_TEXT,
                                   AS_WORD,
                                   AS_NUMBER,
                                   AS_LINES,
                                   AS_TIME},
                            .words = {[8] = state_words}},
    [STORE_DESK_HELD] = {.sql = "SELECT held_id, room, made_ms, name, " MARK("sender") ", person_id, " CUT(
                             "text") ", reply_to, why FROM held"
                                     " WHERE held_id < ?2 AND (?8 IS NULL OR room = ?8) ORDER BY held_id DESC LIMIT ?3",
                         .names = {"id", "room", "time", "name", "mark", "person", "text", "reply_to", "why"},
                         .as = {[1] = AS_TEXT, AS_TIME, AS_TEXT, AS_MARK, AS_NUMBER, AS_TEXT, AS_NUMBER, AS_TEXT}},
    [STORE_DESK_AUDIT] =
        {.sql = "SELECT audit_id, time_ms, who, person_id, act, room, seq, subject, reason, detail"
                " FROM audit WHERE audit_id < ?2 AND (?8 IS NULL OR room = ?8)"
                " AND (?5 = 0 OR person_id = ?5)"
                " AND (?4 IS NULL OR act = ?4 OR instr(subject, ?4) > 0)"
                " ORDER BY audit_id DESC LIMIT ?3",
         .names = {"id", "time", "who", "person", "act", "room", "seq", "subject", "reason", "detail"},
         .as = {[1] = AS_TIME, AS_TEXT, AS_NUMBER, AS_TEXT, AS_TEXT, AS_NUMBER, AS_TEXT, AS_TEXT, AS_TEXT}},
    [STORE_DESK_SETTINGS] = {.sql = "SELECT key, value FROM setting ORDER BY key",
                             .names = {"key", "value"},
                             .as = {AS_TEXT, AS_TEXT}},
    [STORE_DESK_WORDS] = {.sql = "SELECT word_id, pattern, whole, act FROM word WHERE word_id < ?2"
                                 " ORDER BY word_id DESC LIMIT ?3",
                          .names = {"id", "pattern", "whole", "act"},
                          .as = {[1] = AS_TEXT, AS_FLAG, AS_WORD},
                          .words = {[3] = word_words}},
    [STORE_DESK_INVITES] = {.sql =
                                "SELECT invite_id, role, " ROOM("invite.room_id") ", uses, made_ms, until_ms, " TITLE(
                                    "by_person") " FROM invite WHERE person_id IS NULL AND until_ms > ?6"
                                                 " AND invite_id < ?2 ORDER BY invite_id DESC LIMIT ?3",
                            .names = {"id", "role", "room", "uses", "made", "until", "by"},
                            .as = {[1] = AS_ROLE, AS_TEXT, AS_NUMBER, AS_TIME, AS_TIME, AS_TEXT}},
    [STORE_DESK_STORAGE] = {.sql = "SELECT 0, 0, 0, 0,"
                                   " (SELECT sum(head - oldest + 1) FROM room), (SELECT count(*) FROM room),"
                                   " (SELECT count(*) FROM person), (SELECT count(*) FROM name),"
                                   " (SELECT count(*) FROM held), (SELECT count(*) FROM report),"
                                   " (SELECT count(*) FROM ban), (SELECT count(*) FROM audit)",
                            .names = {"bytes", "log_bytes", "free_bytes", "page_bytes", "messages", "rooms", "persons",
                                      "names", "held", "reports", "bans", "audit"},
                            .add = sql_desk_samples_space},
    [STORE_DESK_DAYS] = {.names = {"day", "messages"}, .as = {AS_TIME, AS_NUMBER}, .add = sql_desk_samples_days},
};

const struct sql_desk_list *sql_desk_lists_get(enum store_desk_kind kind)
{
    return &lists[kind];
}
