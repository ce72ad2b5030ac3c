/* desk_samples.h - sizes of rooms, messages of persons, messages of days: found by looking at some
 * messages, since there may be millions. */
#ifndef SQLITE_DESK_SAMPLES_H
#define SQLITE_DESK_SAMPLES_H

#include "store/sqlite/private/desk_page.h"

/* Each fills the cells of one column. */
int sqlite_desk_samples_bytes(struct sqlite_desk *d, struct err *e);    /* of rooms: the last column */
int sqlite_desk_samples_messages(struct sqlite_desk *d, struct err *e); /* of people: the last column */
int sqlite_desk_samples_log(struct sqlite_desk *d, struct err *e);      /* of storage: the second column */

/* The whole list of days. */
int sqlite_desk_samples_days(struct sqlite_desk *d, struct err *e);

#endif
