/* store_upkeep.h - looking after a store: checks, backups, what to do in quiet times. */
#ifndef STORE_UPKEEP_H
#define STORE_UPKEEP_H

#include "store/store.h"

#include <stdio.h>

/* There is a database, sound or not. True also if that can't be found out, as where its server
 * can't be reached: opening it tells why. */
bool store_exists(const struct store_options *options);

const char *store_describe(const struct store *s); /* "SQLite 3.40.1, WAL"; borrowed until close */

/* Bytes on the disk, including what isn't copied into the database yet. */
int store_size(struct store *s, uint64_t *out, struct err *e);

/* How many of those bytes new messages can use: what was erased there can't always be returned to
 * the file system. */
int store_unused(struct store *s, uint64_t *out, struct err *e);

/* Which site's key do the hosts of the chat have? A key is named by its mark: 32 hexadecimal digits
 * that are made from the key and don't reveal it. mark: of this host's key. The database keeps the
 * mark of the host whose writing handle asked first, and writes it to `kept`; "" if it keeps none
 * yet, and for a store of one host. */
enum { STORE_KEY_MARK_SIZE = 33 };
int store_keep_key(struct store *s, const char mark[STORE_KEY_MARK_SIZE], char kept[STORE_KEY_MARK_SIZE],
                   struct err *e);

/* Runs the store's own integrity check, and looks for what must not be in it (for SQLite
 * sql/sqlite/invariants.sql). Writes a line to `out` for each thing found. Returns how many were
 * found, or -1 if it could not look. */
int store_check(struct store *s, FILE *out, struct err *e);

/* Work for quiet times, to be called about once a second when no sender waits. SQLite copies its
 * log into the database, so that a copy of that one file is the whole chat. now: at once, for a
 * process that ends; otherwise if the log is long, or nothing was written for a minute, or, with
 * short_lived, once a minute. Never waits for other processes, and only looks at files if there is
 * nothing to do. Failures are logged. */
void store_rest(const struct store_options *options, bool now);

/* Called from time to time with the percentage done, 0 to 100. It may go back, when other processes
 * write meanwhile. */
struct store_progress {
    void (*tell)(void *context, unsigned percent);
    void *context;
};

/* Writes the whole database as it is at one moment, of whichever schema, to a new file (mode
 * 0600), while other processes read and write. The copy has an epoch of its own. The file appears
 * only when it is whole, checked and durable. progress may be NULL.
 * -1: ERR_CONFLICT if the file exists, ERR_ABSENT without a database or a folder for the file, or
 * as in store.h. */
int store_backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                 struct err *e);

struct store_restored {
    char epoch[CHAT_EPOCH_SIZE]; /* a new one: the heads went back, so clients must start again */
    char kept[64];               /* name of the database that was there; "" if there was none */
};

/* Puts a backup, of this program's schema or an older one, in the place of the database. Processes
 * that have the database open notice (store_is_stale). If the process is killed, one of the two
 * databases is there, whole, and the next restore tidies up. progress may be NULL.
 * -1: nothing was changed; ERR_ABSENT without a file, ERR_CORRUPT if it is damaged or not ours, or
 * as in store.h. */
int store_restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                  struct store_restored *out, struct err *e);

#endif
