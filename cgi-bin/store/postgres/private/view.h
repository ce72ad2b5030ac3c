/* view.h - reading: rooms and messages. See store.h for each. */
#ifndef POSTGRES_VIEW_H
#define POSTGRES_VIEW_H

#include "store/postgres/private/handle.h"

int postgres_view_begin(struct store *base, struct err *e);
void postgres_view_end(struct store *base);
int postgres_view_room(struct store *base, const char *name, struct store_room *out, struct err *e);
int postgres_view_read(struct store *base, const struct store_range *range, struct store_page *page, struct err *e);

/* As the engine's functions of the same names (store/sql/sql_store.h). */
int postgres_view_enter(struct sql_store *s, bool *begun, struct err *e);
void postgres_view_leave(struct sql_store *s, bool begun);

#endif
