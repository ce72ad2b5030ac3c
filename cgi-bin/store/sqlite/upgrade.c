/* upgrade.c - see upgrade.h. */
#include "store/sqlite/private/upgrade.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/copy.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fresh.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/schema.h"
#include "store/sqlite/private/sql.h"
#include "store/sqlite/private/upgrade_note.h"
#include "system/file_system.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KEPT = 2,
    LOG_EACH_MS = 2000,
    /* Seconds between tries: most of the copy is written before a quota refuses. */
    FULL_AGAIN_S = 30,
    SPARE = 1024 * 1024, /* least room for what the migration itself writes */
    LOOK_EACH = 100000,  /* instructions of SQLite's machine, which take milliseconds */
    ROWS_PERCENT = 65,   /* a migration's share of time for copying all messages; the rest is for indexes */
};

static const char before_schema[] = "chat-before-schema-";

static unsigned long long megabytes(uint64_t bytes)
{
    return (unsigned long long)((bytes + 999999) / 1000000);
}

static int refuse_full(const struct sqlite_handle *s, uint64_t bytes, struct err *e)
{
    char free_text[64] = "";
    uint64_t room = 0;
    if (file_system_free(s->folder, &room)) {
        snprintf(free_text, sizeof free_text, " The disk has %llu MB free; a quota may allow less.", megabytes(room));
    }
    log_line("%s: no room for the upgrade: %llu MB are needed", s->path, megabytes(bytes));
    return err_set(
        e, ERR_FULL,
        "The chat can't be upgraded: its database is copied and then changed, which needs %llu MB in the data "
        "folder.%s Nothing was changed. Make room; it is tried again after %d seconds.",
        megabytes(bytes), free_text, FULL_AGAIN_S);
}

/* ERR_FULL when there is not enough room, as far as that can be known before it is tried. */
static int check_room(const struct sqlite_upgrade *u, struct err *e)
{
    uint64_t room = 0;
    if (!sqlite_upgrade_note_was_full(u->fd, u->needed, FULL_AGAIN_S) &&
        (!file_system_free(u->s->folder, &room) || room >= u->needed)) {
        return 0;
    }
    return refuse_full(u->s, u->needed, e);
}

/* The part of a copy's name that is its time; NULL for another file. */
static const char *time_in(const char *name)
{
    if (strncmp(name, before_schema, strlen(before_schema)) != 0) {
        return NULL;
    }
    const char *time = name + strlen(before_schema);
    while (isdigit((unsigned char)*time)) {
        time++;
    }
    size_t length = strlen(time); /* "-20261125-181500.db" */
    return length == 19 && *time == '-' && strcmp(time + 16, ".db") == 0 ? time : NULL;
}

static int is_copy(const struct dirent *entry)
{
    return time_in(entry->d_name) != NULL;
}

static int newest_first(const struct dirent **a, const struct dirent **b)
{
    return strcmp(time_in((*b)->d_name), time_in((*a)->d_name));
}

/* Never removes the copy just made, though a wrong clock may have named others after it. */
static void remove_older_copies(const struct sqlite_upgrade *u)
{
    const struct sqlite_handle *s = u->s;
    struct dirent **copies = NULL;
    int count = scandir(s->folder, &copies, is_copy, newest_first);
    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        sqlite_path_in(path, s->folder, copies[i]->d_name);
        if (i >= KEPT && strcmp(path, u->kept) != 0 && unlink(path) == 0) {
            log_line("%s: removed; the last %d are kept", path, KEPT);
        }
        free(copies[i]);
    }
    free(copies);
}

static void name_copy(struct sqlite_upgrade *u)
{
    char text[PATH_TIME_SIZE];
    sqlite_path_time(text);
    snprintf(u->kept, sizeof u->kept, "%s/%s%d-%s.db", u->s->folder, before_schema, sqlite_schema_latest(), text);
}

/* word: "copy" or "change". Returns false if this process has to end. */
static bool tell(struct sqlite_upgrade *u, const char *word, unsigned percent)
{
    int64_t now = clock_mono_ms();
    bool is_time = now - u->logged >= LOG_EACH_MS;
    if (percent != u->percent || is_time) { /* without flock, only a note written lately counts */
        sqlite_upgrade_note_write(u->fd, word, percent);
        u->percent = percent;
    }
    if (is_time) {
        u->logged = now;
        log_line("upgrading the database: %s, %u %%", word, percent);
    }
    return u->s->stopping == NULL || !atomic_load(u->s->stopping);
}

static bool told(void *context, unsigned percent)
{
    return tell(context, "copy", percent);
}

/* ---- while the migrations run ---- */

static void on_row(void *context, int operation, const char *database, const char *table, sqlite3_int64 row)
{
    (void)database, (void)table, (void)row;
    ((struct sqlite_upgrade *)context)->rows += operation == SQLITE_INSERT;
}

/* Not 0: SQLite ends the statement with SQLITE_INTERRUPT. */
static int on_instructions(void *context)
{
    struct sqlite_upgrade *u = context;
    uint64_t rows = u->rows < u->messages ? u->rows : u->messages;
    return !tell(u, "change", u->messages == 0 ? 0 : (unsigned)(rows * ROWS_PERCENT / u->messages));
}

/* u: NULL ends it. */
static void watch(struct sqlite_handle *s, struct sqlite_upgrade *u)
{
    sqlite3_update_hook(s->db, u == NULL ? NULL : on_row, u);
    sqlite3_progress_handler(s->db, LOOK_EACH, u == NULL ? NULL : on_instructions, u);
}

/* ---- the copy ---- */

static int copy_to(struct sqlite_upgrade *u, struct sqlite_fresh *fresh, struct err *e)
{
    char path[PATH_SIZE];
    char epoch[CHAT_EPOCH_SIZE];
    const struct sqlite_copy_teller teller = {.tell = told, .context = u};
    sqlite_path_in(path, u->s->folder, "chat-upgrade.new");
    if (sqlite_fresh_open(fresh, path, e) != 0) {
        return -1;
    }
    /* A second connection, because one that has begun to write can't be copied from. It sees what
     * is committed; nothing else is, as the first one has the write lock. */
    struct sqlite_handle *from = sqlite_handle_new(u->s->folder, NULL, STORE_READ);
    from->busy_timeout_ms = u->s->busy_timeout_ms;
    from->upgrading = true;
    int result = sqlite_connection_open(from, SQLITE_OPEN_READONLY, e);
    if (result == 0) {
        result = sqlite_copy(from, fresh, &teller, e);
    }
    sqlite_rescue_close(from);
    return result == 0 && sqlite_copy_renew(fresh, true, epoch, e) == 0 ? sqlite_fresh_keep(fresh, u->kept, true, e)
                                                                        : -1;
}

static int copy(struct sqlite_upgrade *u, struct err *e)
{
    struct sqlite_fresh fresh = {.fd = -1};
    struct err why = ERR_INIT;
    name_copy(u);
    int result = copy_to(u, &fresh, &why);
    sqlite_fresh_drop(&fresh);
    if (result == 0) {
        return 0;
    }
    u->kept[0] = '\0';
    if (why.code == ERR_FULL) {
        sqlite_upgrade_note_write(u->fd, "full", u->needed);
        return refuse_full(u->s, u->needed, e);
    }
    return err_move(e, &why);
}

static int learn_size(struct sqlite_upgrade *u, int from, struct err *e)
{
    static const char count[] = "SELECT CAST(total(head - oldest + 1) AS INTEGER) FROM room";
    char pages[32];
    char page[32];
    char messages[32];
    if (sqlite_sql_ask(u->s, "PRAGMA page_count", "upgrade", pages, sizeof pages, e) != 0 ||
        sqlite_sql_ask(u->s, "PRAGMA page_size", "upgrade", page, sizeof page, e) != 0 ||
        sqlite_sql_ask(u->s, count, "upgrade", messages, sizeof messages, e) != 0) {
        return -1;
    }
    u->bytes = strtoull(pages, NULL, 10) * strtoull(page, NULL, 10);
    u->needed = u->bytes * (1 + sqlite_schema_growth(from)) + SPARE;
    u->messages = strtoull(messages, NULL, 10);
    return 0;
}

static void end_note(struct sqlite_upgrade *u, bool remove)
{
    sqlite_upgrade_note_close(u->s->folder, u->fd, remove);
    u->fd = -1;
    u->s->upgrading = false;
}

int sqlite_upgrade_begin(struct sqlite_upgrade *u, struct sqlite_handle *s, int from, struct err *e)
{
    struct err why = ERR_INIT;
    *u = (struct sqlite_upgrade){.s = s, .fd = sqlite_upgrade_note_open(s->folder), .logged = clock_mono_ms()};
    s->upgrading = true;
    int result = learn_size(u, from, &why);
    if (result == 0) {
        result = check_room(u, &why);
    }
    if (result == 0) {
        sqlite_upgrade_note_write(u->fd, "copy", 0);
        log_line("%s: upgrading to schema %d; copying %llu MB first", s->path, sqlite_schema_latest(),
                 megabytes(u->bytes));
        result = copy(u, &why);
    }
    if (result != 0) {
        end_note(u, why.code != ERR_FULL);
        return err_move(e, &why);
    }
    log_line("copied the database as it was before the upgrade: %s", u->kept);
    remove_older_copies(u);
    sqlite_upgrade_note_write(u->fd, "change", 0);
    sqlite_deadline_set(s);
    watch(s, u);
    return 0;
}

int sqlite_upgrade_end(struct sqlite_upgrade *u, bool changed, struct err *why, struct err *e)
{
    watch(u->s, NULL);
    bool full = why->code == ERR_FULL;
    if (why->code == ERR_NONE) {
        log_line("%s: upgraded to schema %d", u->s->path, sqlite_schema_latest());
    } else if (!changed || why->code != ERR_SYSTEM) { /* else the commit failed, but may have happened */
        unlink(u->kept);
    }
    if (full) {
        sqlite_upgrade_note_write(u->fd, "full", u->needed);
    }
    end_note(u, !full);
    if (full) {
        return refuse_full(u->s, u->needed, e);
    }
    return why->code == ERR_NONE ? 0 : err_move(e, why);
}
