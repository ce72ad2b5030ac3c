/* names.h - names that are claimed and freed by acts: see store_person.h for each. */
#ifndef SQL_NAMES_H
#define SQL_NAMES_H

#include "store/sql/persons.h"

int sql_names_claim(struct store *base, const struct store_claim *claim, uint16_t *mark, struct err *e);
int sql_names_release(struct store *base, const char *fold, struct err *e);

#endif
