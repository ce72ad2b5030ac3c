/* desk_lists.h - what each list of store_desk.h is made of: a statement, its columns, and what no
 * statement finds cheaply.
 *
 * To add a list: its row in store_desk.h, its word in store_peace.c, its row in desk_lists.c.
 */
#ifndef SQL_DESK_LISTS_H
#define SQL_DESK_LISTS_H

#include "store/sql/desk_page.h"

/* How a column's value becomes a cell's. */
enum sql_desk_as { AS_NUMBER, AS_FLAG, AS_TIME, AS_TEXT, AS_LINES, AS_ROLE, AS_MARK, AS_WORD };

enum { SQL_DESK_COLUMNS = 20 };

struct sql_desk_list {
    /* Parameters: ?1 room_id, ?2 before (the greatest number for the first page), ?3 items, ?4 the
     * text that is searched, ?5 person, ?6 now, ?7 the mark that is searched, or -1, ?8 the room's
     * name. All texts may be NULL. NULL: add does everything. */
    const char *sql;
    const char *search_sql; /* with a text that is searched; NULL: the same */
    const char *person_sql; /* with a person; NULL: the same */
    const char *names[SQL_DESK_COLUMNS];
    enum sql_desk_as as[SQL_DESK_COLUMNS];
    const char *const *words[SQL_DESK_COLUMNS]; /* of AS_WORD: for 1 and so on, then NULL */
    /* Completes the page; may be NULL. */
    int (*add)(struct sql_desk *d, struct err *e);
};

const struct sql_desk_list *sql_desk_lists_get(enum store_desk_kind kind);

#endif
