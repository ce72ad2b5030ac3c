/* moved.c - see moved.h. */
#include "store/sql/moved.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/sql/sql_store.h"

#include <stdatomic.h>
#include <stddef.h>

enum { LOG_EACH_MS = 30000, RETRY_S = 5 };

uint64_t sql_moved_schema(uint64_t value)
{
    return value / SQL_MOVED_UNIT <= SQL_MOVED_AWAY ? value % SQL_MOVED_UNIT : value;
}

/* Each request finds the mark: the log gets a line now and then. */
static void tell(enum sql_moved moved)
{
    static _Atomic int64_t told;
    int64_t now = clock_mono_ms();
    int64_t before = atomic_load(&told);
    if ((before != 0 && now - before < LOG_EACH_MS) || !atomic_compare_exchange_strong(&told, &before, now)) {
        return;
    }
    log_line("%s",
             moved == SQL_MOVED_AWAY
                 ? "The chat was moved out of this database by 'pollchat move': requests are answered 503. Change "
                   "the setting 'store' to the database where it is now, on every host. (To go back: pollchat "
                   "move --undo --to that database.)"
                 : "A chat is being moved into this database, or a move was interrupted: requests are answered "
                   "503. Run 'pollchat move' again to end it, or leave the setting 'store' as it was before.");
}

int sql_moved_check(struct sql_store *s, uint64_t value, struct err *e)
{
    uint64_t mark = value / SQL_MOVED_UNIT;
    s->moved = mark <= SQL_MOVED_AWAY ? (enum sql_moved)mark : SQL_MOVED_NOT;
    if (s->moved == SQL_MOVED_NOT || s->is_mover) {
        return 0;
    }
    tell(s->moved);
    err_set(e, ERR_BUSY,
            s->moved == SQL_MOVED_AWAY
                ? "The chat has moved to another database, and will go on there. Try again in a moment."
                : "The chat is moving to another database. Try again in a moment.");
    if (e != NULL) {
        e->retry_s = RETRY_S;
    }
    return -1;
}
