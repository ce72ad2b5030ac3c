/* desk.h - lists for moderators: see store_desk.h for each. */
#ifndef SQL_DESK_H
#define SQL_DESK_H

#include "store/sql/sql_store.h"
#include "store/store_desk.h"

int sql_desk_list(struct store *base, const struct store_desk_query *query, struct store_desk_page *page,
                  struct err *e);
int sql_desk_count(struct store *base, const char *room, struct store_desk_counts *out, struct err *e);

#endif
