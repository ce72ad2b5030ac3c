/* desk.h - lists for moderators: see store_desk.h for each. */
#ifndef SQLITE_DESK_H
#define SQLITE_DESK_H

#include "store/sqlite/private/handle.h"
#include "store/store_desk.h"

int sqlite_desk_list(struct store *base, const struct store_desk_query *query, struct store_desk_page *page,
                     struct err *e);
int sqlite_desk_count(struct store *base, const char *room, struct store_desk_counts *out, struct err *e);

#endif
