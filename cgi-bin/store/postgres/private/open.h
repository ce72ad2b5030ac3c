/* open.h - opening and closing a database. */
#ifndef POSTGRES_OPEN_H
#define POSTGRES_OPEN_H

#include "store/postgres/private/handle.h"

/* See store_open, but the table of functions isn't set. NULL with the error set. */
struct postgres_handle *postgres_open(const struct store_options *options, enum store_mode mode, struct err *e);
void postgres_close(struct postgres_handle *s);

/* See store_exists. */
bool postgres_open_exists(const struct store_options *options);

#endif
