/* rules.h - what decides who may do what, from its tables: see store_rules.h for each. */
#ifndef SQL_RULES_H
#define SQL_RULES_H

#include "store/sql/sql_store.h"
#include "store/store_rules.h"

int sql_rules_number(struct store *base, uint64_t *out, struct err *e);
int sql_rules_load(struct store *base, struct store_rules *out, struct err *e);
int sql_rules_renew_secret(struct store *base, int64_t oldest_ms, struct store_changes *changes, struct err *e);

#endif
