/* news.h - how a process learns that another one has committed, or replaced the database. */
#ifndef SQLITE_NEWS_H
#define SQLITE_NEWS_H

#include "store/sqlite/private/handle.h"

bool sqlite_news_is_replaced(struct store *base); /* see store_is_replaced, and the next ones likewise */
uint64_t sqlite_news_file(const struct store *base);
uint64_t sqlite_news_stamp(const char *folder);
int sqlite_news_version(struct store *base, uint64_t *out, struct err *e);

#endif
