/* news.h - how a process learns that another one has committed, or replaced the database. */
#ifndef SQLITE_NEWS_H
#define SQLITE_NEWS_H

#include "store/sqlite/private/handle.h"

bool sqlite_news_is_stale(struct store *base); /* see store.h, */
uint64_t sqlite_news_identity(const struct store *base);
enum store_news sqlite_news_by(const struct store_options *options); /* and store_news.h */
uint64_t sqlite_news_stamp(const struct store_options *options);
int sqlite_news_version(struct store *base, uint64_t *out, struct err *e);

#endif
