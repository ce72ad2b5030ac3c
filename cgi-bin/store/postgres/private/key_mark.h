/* key_mark.h - see store_compare_key. */
#ifndef POSTGRES_KEY_MARK_H
#define POSTGRES_KEY_MARK_H

#include "store/postgres/private/handle.h"

int postgres_key_mark_compare(struct store *base, const char *mark, bool *is_same, struct err *e);

#endif
