/* site.h - the settings and the store of this process, opened when first needed and retried until
 * it works.
 *
 * A program must be able to answer while its site is broken (a wrong setting, a folder that can't
 * be written), and must heal by itself when the owner mends it: so nothing is given up at start.
 * A process serves one set of settings. Where a server passes them as request parameters (SetEnv),
 * the first request's hold; a later request with others is refused, since mixing sites would mix
 * their rooms. A process whose own environment names a data folder refuses requests that name
 * another one from the first on.
 * Threads: any.
 */
#ifndef SITE_H
#define SITE_H

#include "shared/metrics_file.h"
#include "store/store.h"
#include "system/conf.h"

#include <stdatomic.h>
#include <stdbool.h>

struct bell;
struct err;
struct positions;
struct site;

struct site *site_new(enum store_mode mode, bool short_lived, const atomic_bool *stopping); /* never NULL */
void site_free(struct site *s);

/* From here on, and until site_free, the same line of the log is written at most once a minute,
 * whatever strangers ask for (metrics_file.h). Call it while there is one thread. */
void site_guard_log(struct site *s);

/* The settings; borrowed for the life of the site. Mistakes in them are logged when they are read
 * (warn.h). NULL with ERR_CONFIG when the settings don't say for sure where the data is (conf.h).
 * NULL with ERR_EXPOSED while other users may write to the data (permissions.h), or while the folder is
 * marked as one that the web can read (exposure.h). request_environment may be NULL. */
const struct conf *site_conf(struct site *s, const char *const *request_environment, struct err *e);

/* A copy of the settings for finding out what is wrong: never ERR_EXPOSED. After -1 (ERR_CONFIG)
 * all of them but `data` can be used, unless the program can't find its own folder (ERR_SYSTEM) or
 * the first request is for another site: then all are 0. */
int site_conf_as_it_is(struct site *s, const char *const *request_environment, struct conf *out, struct err *e);

/* The same once it has succeeded, for threads without a request. */
const struct conf *site_loaded_conf(const struct site *s);

/* The setting `threads` as the file or the process's environment has it: it is needed before the first request. The
 * default when the settings are wrong. Call before threads start. */
unsigned site_threads(void);

/* A store handle for this thread alone, opened if none is idle. site_conf must have succeeded. NULL
 * on error. If the database was replaced meanwhile (restored from a backup), it is opened anew. */
struct store *site_borrow(struct site *s, struct err *e);

/* Gives it back. False: its database was replaced, so a handle borrowed from now on is of another
 * one. */
bool site_return(struct site *s, struct store *handle);

/* For a thread that keeps a handle: returns it if its database is still there, else gives it back
 * and borrows another one (*is_new), or NULL. handle may be NULL. */
struct store *site_refresh(struct site *s, struct store *handle, bool *is_new);

/* Closes idle handles whose database was replaced or whose log was taken away, and rescues what
 * only they have. Begins the counts anew when their file was deleted. A process that stays calls
 * this about once a second. */
void site_look_after(struct site *s);

/* store_rest for this site; does nothing before a database was opened. */
void site_rest(struct site *s, bool now);

/* What is known of the rooms without the store. Never NULL; valid as long as the site. */
struct positions *site_positions(struct site *s);

/* The bell of the site's database, for the slots that are counted in its file. Opens a store only
 * if this process has used no bell yet. NULL where there can be none: on a network file system, in
 * a folder that can't be written. Valid as long as the site. */
struct bell *site_bell(struct site *s);

/* The counts of the site; see metrics_file.h. Never NULL; of this process alone until the store was opened once. A gauge that is
 * raised must be lowered in the same one. */
struct metrics_file *site_metrics(struct site *s);

#endif
