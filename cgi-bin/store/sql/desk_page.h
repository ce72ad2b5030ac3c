/* desk_page.h - a page of a list (store_desk.h) that is being made. */
#ifndef SQL_DESK_PAGE_H
#define SQL_DESK_PAGE_H

#include "store/sql/query.h"
#include "store/store_desk.h"

struct sql_desk {
    struct sql_store *s;
    const struct store_desk_query *query;
    struct store_desk_page *page;
    int64_t room_id; /* of query->room; 0: all; -1: it doesn't exist */
    int64_t person;  /* of query->person, or query->seq; 0: all */
    int64_t now_ms;
};

#endif
