/* meta.h - the table meta: is the database still the one that the handle was opened on? */
#ifndef SQLITE_META_H
#define SQLITE_META_H

#include "store/sqlite/private/handle.h"

/* Reads the epoch into the handle. -1 with the error set. */
int sqlite_meta_learn(struct sqlite_handle *s, struct err *e);
/* The first query of each transaction: epoch and schema are still those of the handle. A newer
 * program may have migrated the database, or its owner may have restored a backup into the same
 * file. -1: ERR_NEWER or ERR_BUSY, and the handle is stale; or another error. */
int sqlite_meta_check(struct sqlite_handle *s, struct err *e);

/* Must something be scrubbed (scrub.h), as far as writers of this process know? */
enum sqlite_meta_owed { SQLITE_OWED_NOTHING, SQLITE_OWED_LATER, SQLITE_OWED_SOON };
enum sqlite_meta_owed sqlite_meta_scrub_owed(void);
void sqlite_meta_set_scrub_owed(enum sqlite_meta_owed now);

#endif
