/* view.c - see view.h. */
#include "store/sqlite/private/view.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/make.h"
#include "store/sqlite/private/meta.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/still.h"
#include "system/file_system.h"

static struct sqlite_handle *mine(struct store *base)
{
    return (struct sqlite_handle *)base;
}

static int begin_view(struct sqlite_handle *s, struct err *e)
{
    if (sqlite_rows_begin(s, false, e) != 0) {
        return -1;
    }
    if (sqlite_meta_check(s, e) != 0) { /* its first read fixes the view */
        sqlite_rows_rollback(s);
        return -1;
    }
    return 0;
}

/* Keeps other processes from beginning a log, or changing the file, until sqlite_view_end. */
static int hold_still(struct sqlite_handle *s, struct err *e)
{
    if (sqlite_flock_take(s, e) != 0) {
        return -1;
    }
    if (sqlite_still_is_unchanged(s)) {
        return 0;
    }
    sqlite_flock_release(s);
    s->stale = true;
    return err_set(e, ERR_BUSY, "The disk was full or read-only until a moment ago. Try again.");
}

int sqlite_view_begin(struct store *base, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    struct err why = ERR_INIT;
    CK(!s->viewing);
    sqlite_deadline_set(s);
    if (s->still != 0 && hold_still(s, e) != 0) {
        return -1;
    }
    int result = begin_view(s, &why);
    if (result != 0 && s->still == 0 && why.code == ERR_READONLY && s->mode == STORE_READ &&
        file_system_is_writable(s->folder)) {
        /* A writer was killed: what it left must be rolled back before the database can be read. */
        err_clear(&why);
        result = sqlite_make(s, &why) == 0 ? begin_view(s, &why) : -1;
    }
    s->viewing = result == 0;
    if (result != 0 && s->still != 0) {
        sqlite_flock_release(s);
    }
    return result == 0 ? 0 : err_move(e, &why);
}

void sqlite_view_end(struct store *base)
{
    struct sqlite_handle *s = mine(base);
    if (s->viewing) {
        s->viewing = false;
        sqlite_rows_rollback(s); /* nothing was written */
        if (s->still != 0) {
            sqlite_flock_release(s);
        }
    }
}

static int room_in_view(struct sqlite_handle *s, const char *name, struct store_room *out, struct err *e)
{
    struct sql_room room;
    if (sqlite_rows_find_room(s, name, &room, e) != 0) {
        return -1;
    }
    out->head = room.head;
    out->oldest = room.oldest;
    return 0;
}

int sqlite_view_room(struct store *base, const char *name, struct store_room *out, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    if (s->viewing) {
        return room_in_view(s, name, out, e);
    }
    if (sqlite_view_begin(base, e) != 0) {
        return -1;
    }
    int result = room_in_view(s, name, out, e);
    sqlite_view_end(base);
    return result;
}

int sqlite_view_read(struct store *base, const struct store_range *range, struct store_page *page, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    if (s->viewing) {
        return sqlite_rows_read(s, range, page, e);
    }
    if (sqlite_view_begin(base, e) != 0) {
        return -1;
    }
    int result = sqlite_rows_read(s, range, page, e);
    sqlite_view_end(base);
    return result;
}
