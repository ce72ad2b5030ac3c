/* open.h - from a data folder to a handle that is ready to use. */
#ifndef SQLITE_OPEN_H
#define SQLITE_OPEN_H

#include "store/sqlite/private/handle.h"

/* See store_open. End it with sqlite_rescue_close. */
struct sqlite_handle *sqlite_open(const struct store_options *options, enum store_mode mode, struct err *e);

#endif
