/* loss.h - was a file of an open database removed, emptied or cut? Some looks at files each. */
#ifndef SQLITE_LOSS_H
#define SQLITE_LOSS_H

#include "store/sqlite/private/handle.h"

/* The path of the log, or of the shared memory, names another file than the open one, or none. */
bool sqlite_loss_of_log(const struct sqlite_handle *s);
/* The path of the log still names the open file. */
bool sqlite_loss_spared_log(const struct sqlite_handle *s);
/* The database or the log is shorter than it must be. Ask with the flock. */
bool sqlite_loss_by_cut(struct sqlite_handle *s);
/* A file that is open was removed or emptied: rescue it (rescue.h) before the handle is closed. May
 * be asked at any time, but a writer at work can make it look so: ask again with the flock. */
bool sqlite_loss_is_seen(const struct sqlite_handle *s);

#endif
