/* backup.c - see backup.h. */
#include "store/sqlite/private/backup.h"

#include "base/err.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/copy.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/fresh.h"
#include "store/sqlite/private/header.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/rescue.h"
#include "system/file.h"
#include "system/file_lock.h"

static int refuse_absent(struct err *e)
{
    return err_set(e, ERR_ABSENT, "There is no database in the data folder.");
}

/* The database of whichever schema, or none: it is neither made nor migrated. */
static struct sqlite_handle *open_raw(const struct store_options *options, struct err *e)
{
    bool ours = false;
    struct sqlite_handle *s = sqlite_handle_new(options->folder, NULL, STORE_WRITE);
    s->busy_timeout_ms = options->busy_timeout_ms;
    sqlite_deadline_set(s);
    int result = file_exists(s->path) ? 0 : refuse_absent(e);
    /* Opened for writing, because what a killed writer left must be rolled back first; with the
     * flock, because the log may have to be begun. */
    s->lock_fd = result == 0 ? file_lock_open(s->lock_path, NULL) : -1;
    if (result == 0 && s->lock_fd >= 0 && sqlite_flock_take(s, e) < 0) {
        result = -1;
    }
    if (result == 0) {
        result = sqlite_connection_open(s, SQLITE_OPEN_READWRITE, e);
    }
    sqlite_flock_release(s);
    if (result == 0) {
        result = sqlite_header_is_ours(s, &ours, e);
    }
    if (result == 0 && !ours) {
        result = sqlite_fail_foreign(s, e);
    }
    if (result != 0) {
        sqlite_rescue_close(s);
        return NULL;
    }
    return s;
}

static int verify_copy(const struct sqlite_fresh *fresh, struct err *e)
{
    struct sqlite_handle *s = sqlite_copy_open(fresh->path, e);
    if (s == NULL) {
        return -1;
    }
    int result = sqlite_copy_verify(s, e);
    sqlite_connection_close(s);
    return result;
}

int sqlite_backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                  struct err *e)
{
    const struct sqlite_copy_teller teller = {.progress = progress};
    struct sqlite_fresh fresh = {.fd = -1};
    char epoch[CHAT_EPOCH_SIZE];
    char path[PATH_SIZE];
    sqlite_path_with_tail(path, to, ".pollchat-new");
    if (file_exists(to)) {
        return err_set(e, ERR_CONFLICT, "A file of that name exists already. It was left as it is.");
    }
    struct sqlite_handle *from = open_raw(options, e);
    if (from == NULL) {
        return -1;
    }
    int result = sqlite_fresh_open(&fresh, path, e);
    if (result == 0) {
        result = sqlite_copy(from, &fresh, &teller, e);
    }
    sqlite_rescue_close(from);
    if (result == 0) {
        result = sqlite_copy_renew(&fresh, true, epoch, e);
    }
    if (result == 0) {
        result = verify_copy(&fresh, e);
    }
    if (result == 0) {
        result = sqlite_fresh_keep(&fresh, to, false, e);
    }
    sqlite_fresh_drop(&fresh);
    return result;
}
