/* view.h - reading: a consistent view, rooms and messages. See store.h for each. */
#ifndef SQLITE_VIEW_H
#define SQLITE_VIEW_H

#include "store/sqlite/private/handle.h"

int sqlite_view_begin(struct store *base, struct err *e);
void sqlite_view_end(struct store *base);
int sqlite_view_room(struct store *base, const char *name, struct store_room *out, struct err *e);
int sqlite_view_read(struct store *base, const struct store_range *range, struct store_page *page, struct err *e);

#endif
