/* desk_samples.h - sizes of rooms, messages of persons, messages of days: found by looking at some
 * messages, since there may be millions. */
#ifndef SQL_DESK_SAMPLES_H
#define SQL_DESK_SAMPLES_H

#include "store/sql/desk_page.h"

/* Each fills the cells of one column. */
int sql_desk_samples_bytes(struct sql_desk *d, struct err *e);    /* of rooms: the last column */
int sql_desk_samples_messages(struct sql_desk *d, struct err *e); /* of people: the last column */
int sql_desk_samples_space(struct sql_desk *d, struct err *e);    /* of storage: the second column */

/* The whole list of days. */
int sql_desk_samples_days(struct sql_desk *d, struct err *e);

#endif
