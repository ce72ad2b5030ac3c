/* site.h - the settings and the store of this process. They are opened at the first use, and again
 * until that works.
 *
 * A program must answer while its site is broken (a wrong setting, a folder that can't be written),
 * and must work again as soon as the owner has repaired it. So a failure at the start is never
 * final. A process serves one set of settings. Where a server passes settings as request parameters
 * (SetEnv), those of the first request are used. A later request with other settings is refused,
 * because otherwise the rooms of two sites would be mixed. A process whose own environment names a
 * data folder refuses requests that name another one, also the first request. It has more than a
 * dozen functions, because settings, store handles and counts are of one folder and live equally
 * long.
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
struct limiter;
struct positions;
struct rules_cache;
struct site;

/* never NULL */
struct site *site_new(enum store_mode mode, bool short_lived, const atomic_bool *stopping);
void site_free(struct site *s);

/* From this call until site_free, the same line is logged at most once a minute, so that strangers
 * can't fill the log (metrics_file.h). Call it while the process has one thread. */
void site_guard_log(struct site *s);

/* The settings; borrowed for the life of the site. Mistakes in them are logged when they are read
 * (warn.h). NULL with ERR_CONFIG if the settings don't say for sure where the data is (conf.h).
 * NULL with ERR_EXPOSED while other users may write to the data (permissions.h), or while the
 * folder is marked as readable by the web (exposure.h). The first call looks at the disk for that;
 * then site_look_after does. After a second without calls the next one looks again.
 * settings: those that the request brings (request_settings in request.h); may be NULL. */
const struct conf *site_conf(struct site *s, const char *const *settings, struct err *e);

/* A copy of the settings, to find out what is wrong; never fails with ERR_EXPOSED. After -1
 * (ERR_CONFIG) all settings but `data` can be used. If the program can't find its own folder
 * (ERR_SYSTEM), or if the first request is for another site, all are 0. */
int site_conf_as_it_is(struct site *s, const char *const *settings, struct conf *out, struct err *e);

/* The settings, for threads without a request; site_conf must have succeeded. */
const struct conf *site_loaded_conf(const struct site *s);

/* The setting `threads` of the file or of the process's environment, since it is needed before the
 * first request. The default if the settings are wrong. Call it before threads start. */
unsigned site_threads(void);

/* A store handle for this thread alone, opened if none is idle. site_conf must have succeeded.
 * NULL on error. If the database was replaced meanwhile (restored from a backup), it is opened
 * anew. */
struct store *site_borrow(struct site *s, struct err *e);

/* May this host write? -1 with ERR_READONLY: its key of the site isn't that of the chat's other
 * hosts (host_key.h). handle: of this site, which writes. The key of a process stays until it
 * ends. */
int site_check_key(struct site *s, struct store *handle, struct err *e);

/* Gives the handle back. False: its database was replaced; the next handle is of another one.
 * Always true for a reader (handles.h). */
bool site_return(struct site *s, struct store *handle);

/* For a thread that keeps a handle. Returns it if its database is still there; else gives it back
 * and returns a new one (*is_new), or NULL. handle may be NULL. */
struct store *site_refresh(struct site *s, struct store *handle, bool *is_new);

/* Looks for what requests don't look for themselves. Closes idle handles whose database was
 * replaced or whose log was removed, and rescues the messages that only they have. Makes new files
 * of counts and of limits if they were deleted. If requests come, looks whether other users may
 * write to the data, and whether the folder is marked as readable by the web. A process that stays
 * calls this about once a second. */
void site_look_after(struct site *s);

bool site_was_opened(const struct site *s); /* this process has had a database open */

/* store_rest for this site. Does nothing before a database was opened. */
void site_rest(struct site *s, bool now);

/* What this process knows of the rooms without the store. Never NULL; valid as long as the site. */
struct positions *site_positions(struct site *s);

/* What this process keeps of the rules, for site_rules.c. Never NULL; valid as long as the site. */
struct rules_cache *site_rules(struct site *s);

/* How often the database was replaced by another one (handles_changes). */
uint64_t site_changes(const struct site *s);

/* The bell of the site's database, for what is counted in its file (slots.h, poll_load.h). Borrows
 * a store handle only if this process has used no bell yet. NULL where there can be no bell: on a
 * network file system, in a folder that can't be written. Valid as long as the site. */
struct bell *site_bell(struct site *s);

/* How much each client did lately. Never NULL; valid as long as the site. */
struct limiter *site_limiter(struct site *s);

/* The counts of the site (metrics_file.h), or of this process alone until the store was opened
 * once. Never NULL. Lower a gauge in the same file in which it was raised. */
struct metrics_file *site_metrics(struct site *s);

#endif
