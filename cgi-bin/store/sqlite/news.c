/* news.c - see news.h. */
#include "store/sqlite/private/news.h"

#include "base/clock.h"
#include "base/hash.h"
#include "store/sqlite/private/loss.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/record.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/still.h"
#include "system/file.h"
#include "system/file_system.h"

enum {
    LOOK_MS = 100, /* between two checks for removed files */
    /* With a rollback journal a commit keeps readers out for some milliseconds. While a program
     * keeps them out for longer, a sender must not wait here and then again for its own commit. */
    VERSION_PATIENCE_MS = 100,
};

/* A later check repairs as well, and a poll without news should cost few system calls. A writer
 * checks around each commit besides: write.c. */
static bool is_look_due(struct sqlite_handle *s)
{
    int64_t now = clock_mono_ms();
    bool is = s->looked_ms == 0 || now - s->looked_ms >= LOOK_MS;
    s->looked_ms = is ? now : s->looked_ms;
    return is;
}

bool sqlite_news_is_stale(struct store *base)
{
    struct sqlite_handle *s = (struct sqlite_handle *)base;
    if (!s->stale && !s->locked && is_look_due(s) && sqlite_loss_is_seen(s)) {
        /* If this fails, only this handle has those messages: it stays in use until it succeeds. */
        (void)sqlite_rescue(s, NULL);
    }
    if (s->still != 0 && !s->viewing && !sqlite_still_is_unchanged(s)) {
        s->stale = true;
    }
    return s->stale || s->file_number == 0 || file_exists(s->asked_path) || sqlite_handle_is_moved(s);
}

uint64_t sqlite_news_identity(const struct store *base)
{
    return ((const struct sqlite_handle *)base)->file_number;
}

/* Shared memory and the clock of the files can't be trusted between the hosts of a network. */
enum store_news sqlite_news_by(const struct store_options *options)
{
    return file_system_is_network(options->folder) ? STORE_NEWS_TIMER : STORE_NEWS_BELL;
}

/* Each commit changes the database, its log or its journal. chat-restore.db asks for another
 * database. */
uint64_t sqlite_news_stamp(const struct store_options *options)
{
    static const char *const names[] = {"chat.db", "chat.db-wal", "chat.db-journal", "chat-restore.db"};
    uint64_t all = HASH_START;
    char path[PATH_SIZE];
    if (sqlite_news_by(options) != STORE_NEWS_BELL) {
        return 0; /* another host may have changed the files, and this one not know it yet */
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        sqlite_path_in(path, options->folder, names[i]);
        uint64_t one = file_stamp(path);
        if (i == 0 && one == 0) {
            return 0;
        }
        all = hash_bytes(all, &one, sizeof one);
    }
    /* Tells two commits within one tick of the file system's clock apart. */
    uint64_t commits = sqlite_record_commits(options->folder);
    return hash_bytes(all, &commits, sizeof commits);
}

int sqlite_news_version(struct store *base, uint64_t *out, struct err *e)
{
    struct sqlite_handle *s = (struct sqlite_handle *)base;
    s->deadline = clock_mono_ms() + VERSION_PATIENCE_MS;
    return sqlite_rows_data_version(s, out, e);
}
