/* desk_page.h - a page of a list (store_desk.h) that is being made. */
#ifndef SQLITE_DESK_PAGE_H
#define SQLITE_DESK_PAGE_H

#include "store/sqlite/private/query.h"
#include "store/store_desk.h"

struct sqlite_desk {
    struct sqlite_handle *s;
    const struct store_desk_query *query;
    struct store_desk_page *page;
    sqlite3_int64 room_id; /* of query->room; 0: all; -1: it doesn't exist */
    sqlite3_int64 person;  /* of query->person, or query->seq; 0: all */
    int64_t now_ms;
};

#endif
