/* upkeep.h - news, sizes and checks. See store_news.h and store_upkeep.h for each. */
#ifndef POSTGRES_UPKEEP_H
#define POSTGRES_UPKEEP_H

#include "store/postgres/private/handle.h"

#include <stdio.h>

struct sql_space;

int postgres_upkeep_version(struct store *base, uint64_t *out, struct err *e);
uint64_t postgres_upkeep_identity(const struct store *base);

/* As the engine's function (store/sql/sql_store.h). */
int postgres_upkeep_space(struct sql_store *base, struct sql_space *out, struct err *e);

/* Runs sql/postgres/invariants.sql; inside a view. How many things were found; -1 with the error
 * set. */
int postgres_upkeep_check(struct postgres_handle *s, FILE *out, struct err *e);

/* As the engine's functions last_number and number_behind (sql_store.h). The second one takes the
 * right to update the sequence, which its owner has. */
int postgres_upkeep_last_number(struct sql_store *s, const char *table, const char *column, int64_t *out,
                                struct err *e);
int postgres_upkeep_number_behind(struct sql_store *s, const char *table, const char *column, int64_t last,
                                  struct err *e);

#endif
