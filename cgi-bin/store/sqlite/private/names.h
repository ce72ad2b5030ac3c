/* names.h - names that are claimed and freed by acts: see store_person.h for each. */
#ifndef SQLITE_NAMES_H
#define SQLITE_NAMES_H

#include "store/sqlite/private/persons.h"

int sqlite_names_claim(struct store *base, const struct store_claim *claim, uint16_t *mark, struct err *e);
int sqlite_names_release(struct store *base, const char *fold, struct err *e);

#endif
