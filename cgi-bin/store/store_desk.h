/* store_desk.h - lists for moderators and owners, page by page.
 *
 * All lists have one form, a table of named values, so that a page and the command line show any of
 * them without knowing which. Every list is cheap, however many messages there are: it reads about
 * as many rows as it shows, and for sizes and days some samples of each room.
 *
 *   rooms     newest first: id room kind kind_until slow hours newcomers keep_days keep_count head
 *             oldest messages created last bytes
 *   people    last seen first: id mark name names role room_roles made signed trusted first seen
 *             keys bans messages_hour
 *   bans      that haven't ended, newest first: id kind of room title reason by person made until
 *             covers
 *   reports   messages with open reports, last report first: id room seq time name mark person text
 *             state reports reasons last
 *   held      messages that wait, newest first: id room time name mark person text reply_to why
 *   audit     newest first: id time who person act room seq subject reason detail
 *   settings  of the owner's page, by key: key value
 *   words     newest first: id pattern whole act
 *   invites   that haven't ended, newest first: id role room uses made until by
 *   storage   one item: bytes log_bytes free_bytes page_bytes messages rooms persons names held
 *             reports bans audit
 *   days      the last 30 in UTC, oldest first: day messages
 *
 * names, room_roles, bans (ids) and reasons are several, one a line. mark is "7f3a", or none for a
 * guest. bytes of a room is an estimate from a few of its messages. messages_hour counts those
 * among the last STORE_DESK_RECENT of each room that the person wrote in; days those of the
 * STORE_DESK_DAYS_ROOMS largest rooms. covers is as store_ban.h says. Texts are cut at
 * STORE_DESK_TEXT characters. A time that is none: never, or no end.
 */
#ifndef STORE_DESK_H
#define STORE_DESK_H

#include "store/store.h"

enum store_desk_kind {
    STORE_DESK_ROOMS,
    STORE_DESK_PEOPLE,
    STORE_DESK_BANS,
    STORE_DESK_REPORTS,
    STORE_DESK_HELD,
    STORE_DESK_AUDIT,
    STORE_DESK_SETTINGS,
    STORE_DESK_WORDS,
    STORE_DESK_INVITES,
    STORE_DESK_STORAGE,
    STORE_DESK_DAYS,
    STORE_DESK__MAX
};

enum {
    STORE_DESK_MOST = 200,
    STORE_DESK_TEXT = 2000,
    STORE_DESK_RECENT = 2000,
    STORE_DESK_DAYS_SHOWN = 30,
    STORE_DESK_DAYS_ROOMS = 100
};

/* The list with this word: "rooms", ...; STORE_DESK__MAX for another one. */
enum store_desk_kind store_desk_kind_of(const char *word);

struct store_desk_query {
    enum store_desk_kind list;
    const char *room; /* NULL or "": all. Not of people, settings, words, invites, storage */
    uint64_t before;  /* the id after which the next page goes on; 0: the first page */
    uint32_t limit;   /* items, 1 to STORE_DESK_MOST */
    /* NULL or "". rooms: in the name. people: begins a folded name (peace/name.h), or is a mark.
     * audit: the act, or in the subject */
    const char *search;
    uint64_t person; /* 0: all. people, bans: this one. audit: what it did */
    uint64_t seq;    /* people, with room: the sender of this message; 0: all */
};

enum store_cell_kind {
    STORE_CELL_NONE, /* no value */
    STORE_CELL_NUMBER,
    STORE_CELL_FLAG, /* number: 0 or 1 */
    STORE_CELL_TIME, /* number: ms since 1970 */
    STORE_CELL_TEXT,
    STORE_CELL_LINES, /* text: several, with '\n' between */
};

struct store_cell {
    enum store_cell_kind kind;
    int64_t number;
    char *text; /* owned by the page; NULL for a number */
};

struct store_desk_page {
    const char *const *names; /* of the columns; a constant */
    size_t columns;
    struct store_cell *cells; /* of item i, column j: [i * columns + j]; owned */
    size_t count;             /* of items */
    bool more;                /* a next page has further items: before = the last item's id, its first column */
};

/* 0, or -1 with an empty page. Free the page with store_desk_fini. A room that doesn't exist has no
 * items. ERR_ABSENT: of a message that doesn't exist, or is a guest's. */
int store_desk_list(struct store *s, const struct store_desk_query *query, struct store_desk_page *page, struct err *e);
void store_desk_fini(struct store_desk_page *page);

struct store_desk_counts {
    uint64_t reports; /* messages with open reports */
    uint64_t held;    /* messages that wait */
    bool has_owner;
};

/* room: NULL or "" for all; one that doesn't exist has none. */
int store_desk_count(struct store *s, const char *room, struct store_desk_counts *out, struct err *e);

#endif
