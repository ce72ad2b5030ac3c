/* key_mark.h - see store_keep_key. */
#ifndef POSTGRES_KEY_MARK_H
#define POSTGRES_KEY_MARK_H

#include "store/postgres/private/handle.h"

int postgres_key_mark_keep(struct store *base, const char *mark, char *kept, struct err *e);

#endif
