/* upgrade.c - what is done around a migration: a copy first, and words for who has to wait. See sqlite.h.
 *
 * The one that has the write lock copies the database to chat-before-schema-N-TIME.db (N: the schema that is put in), by way of
 * chat-upgrade.new. The newest KEPT of them stay.
 *
 * chat.upgrade has one short line: "copy 40", "change", or "full 12345678", the bytes that were wanted in vain. It is locked
 * (flock) as long as its writer is at it, so that what a killed one left says nothing; it is removed by the next upgrade. Where there are no such locks, it counts
 * for some seconds after it was written last.
 */
#include "store/sqlite/private/sqlite.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_system.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    KEPT = 2,
    LOG_EACH_MS = 2000,
    PROBES_MAX = 1000, /* others look whether the file is locked for some microseconds each */
    LINE_SIZE = 32,
    COUNTS_S = 10,       /* without locks */
    FULL_AGAIN_S = 30,   /* not at each request: most of the copy is written before a quota says no */
    SPARE = 1024 * 1024, /* for what the migration itself writes, at least */
};

static const char before_schema[] = "chat-before-schema-";

static void in_folder(const struct store_sqlite *s, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", s->folder, name);
}

/* ---- chat.upgrade ---- */

static int open_line(const struct store_sqlite *s, int flags)
{
    char path[4200];
    in_folder(s, "chat.upgrade", path, sizeof path);
    return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Always as long, so that no reader finds half of one and half of another. A full disk may prevent it: no harm. */
static void write_line(const struct store_sqlite_upgrade *u, const char *word, uint64_t number)
{
    char line[LINE_SIZE + 1];
    snprintf(line, sizeof line, "%-6s %-24llu\n", word, (unsigned long long)number);
    ssize_t ignored = u->fd < 0 ? 0 : pwrite(u->fd, line, LINE_SIZE, 0);
    (void)ignored;
}

/* The word, and the number behind it; false when there is no such line. age: seconds since it was written. */
static bool read_line(int fd, char word[LINE_SIZE], uint64_t *number, int64_t *age)
{
    char line[LINE_SIZE + 1] = "";
    struct stat st;
    unsigned long long read_number = 0;
    if (pread(fd, line, LINE_SIZE, 0) != LINE_SIZE || fstat(fd, &st) != 0 ||
        sscanf(line, "%31s %20llu", word, &read_number) != 2) { // NOLINT(cert-err34-c): written by write_line
        return false;
    }
    *number = read_number;
    *age = clock_wall_ms() / 1000 - (int64_t)st.st_mtim.tv_sec;
    return true;
}

static int open_and_lock_line(const struct store_sqlite *s)
{
    char path[4200];
    int fd = open_line(s, O_RDWR | O_CREAT);
    in_folder(s, "chat.upgrade", path, sizeof path);
    if (fd >= 0 && !file_is_own(fd, path)) {
        close(fd);
        fd = -1; /* the upgrade goes on without a line that says so */
    }
    if (fd >= 0) {
        file_make_private(path);
    }
    for (int i = 0; fd >= 0 && i < PROBES_MAX && file_lock_try(fd) == FILE_LOCK_BUSY; i++) {
        clock_sleep_ms(1);
    }
    return fd;
}

bool store_sqlite_is_upgraded(const struct store_sqlite *s, char *why, size_t size)
{
    char word[LINE_SIZE];
    uint64_t number = 0;
    int64_t age = 0;
    int fd = open_line(s, O_RDONLY);
    if (fd < 0) {
        return false;
    }
    enum file_lock lock = file_lock_probe(fd);
    bool going_on = read_line(fd, word, &number, &age) && strcmp(word, "full") != 0 &&
                    (lock == FILE_LOCK_BUSY || (lock == FILE_LOCK_UNSUPPORTED && age >= -COUNTS_S && age < COUNTS_S));
    close(fd);
    if (going_on && why != NULL && strcmp(word, "copy") == 0) {
        snprintf(why, size,
                 "The chat is being upgraded: its database is copied before it is changed, %u %% are done. Nothing is "
                 "lost. Try again in a moment.",
                 (unsigned)number);
    } else if (going_on && why != NULL) {
        snprintf(why, size,
                 "The chat is being upgraded: its database is being changed. Nothing is lost. Try again in a moment.");
    }
    return going_on;
}

/* ---- room ---- */

static unsigned long long megabytes(uint64_t bytes)
{
    return (unsigned long long)((bytes + 999999) / 1000000);
}

static int refuse_full(const struct store_sqlite *s, uint64_t bytes, struct err *e)
{
    char free_text[64] = "";
    uint64_t room = 0;
    if (file_system_free(s->folder, &room)) {
        snprintf(free_text, sizeof free_text, " The disk has %llu MB free; a quota may allow less.", megabytes(room));
    }
    log_line("%s: no room for the copy before the upgrade: %llu MB are needed", s->path, megabytes(bytes));
    return err_set(
        e, ERR_FULL,
        "The chat can't be upgraded: its database is copied first, which needs %llu MB in the data folder.%s "
        "Nothing was changed. Make room; it is tried again after %d seconds.",
        megabytes(bytes), free_text, FULL_AGAIN_S);
}

/* Not enough, as far as one can know before it is tried. */
static int check_room(const struct store_sqlite_upgrade *u, struct err *e)
{
    char word[LINE_SIZE];
    uint64_t number = 0;
    int64_t age = 0;
    uint64_t room = 0;
    bool was_full = u->fd >= 0 && read_line(u->fd, word, &number, &age) && strcmp(word, "full") == 0 &&
                    number == u->bytes + SPARE && age >= 0 && age < FULL_AGAIN_S;
    if (!was_full && (!file_system_free(u->s->folder, &room) || room >= u->bytes + SPARE)) {
        return 0;
    }
    return refuse_full(u->s, u->bytes + SPARE, e);
}

/* ---- the copies ---- */

/* Where the time begins in a copy's name, or NULL when it is none. */
static const char *time_in(const char *name)
{
    if (strncmp(name, before_schema, strlen(before_schema)) != 0) {
        return NULL;
    }
    const char *time = name + strlen(before_schema);
    while (isdigit((unsigned char)*time)) {
        time++;
    }
    size_t length = strlen(time); /* of "-20261125-181500.db" */
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

/* Never the one just made, though a clock that was ahead may have named others after it. */
static void remove_older_copies(const struct store_sqlite_upgrade *u)
{
    const struct store_sqlite *s = u->s;
    struct dirent **copies = NULL;
    int count = scandir(s->folder, &copies, is_copy, newest_first);
    for (int i = 0; i < count; i++) {
        char path[4200];
        in_folder(s, copies[i]->d_name, path, sizeof path);
        if (i >= KEPT && strcmp(path, u->kept) != 0 && unlink(path) == 0) {
            log_line("%s: removed; the last %d are kept", path, KEPT);
        }
        free(copies[i]);
    }
    free(copies);
}

static void name_copy(struct store_sqlite_upgrade *u)
{
    char text[32];
    struct tm when;
    time_t now = (time_t)(clock_wall_ms() / 1000);
    gmtime_r(&now, &when);
    strftime(text, sizeof text, "%Y%m%d-%H%M%S", &when);
    snprintf(u->kept, sizeof u->kept, "%s/%s%d-%s.db", u->s->folder, before_schema, store_sqlite_schema(), text);
}

/* ---- the whole ---- */

static bool told(void *context, unsigned percent)
{
    struct store_sqlite_upgrade *u = context;
    int64_t now = clock_mono_ms();
    if (percent != u->percent) {
        write_line(u, "copy", percent);
        u->percent = percent;
    }
    if (now - u->logged >= LOG_EACH_MS) {
        u->logged = now;
        log_line("copying the database before the upgrade: %u %%", percent);
    }
    return u->s->stopping == NULL || !atomic_load(u->s->stopping);
}

static int copy_to(struct store_sqlite_upgrade *u, struct store_sqlite_fresh *fresh, struct err *e)
{
    char path[4200];
    char epoch[CHAT_EPOCH_SIZE];
    const struct store_sqlite_teller teller = {.tell = told, .context = u};
    in_folder(u->s, "chat-upgrade.new", path, sizeof path);
    if (store_sqlite_fresh_open(fresh, path, e) != 0) {
        return -1;
    }
    /* Another connection: one that has begun to write can't be copied from. It sees what is committed, which stays so. */
    struct store_sqlite *from = store_sqlite_handle(u->s->folder, NULL, STORE_READ);
    from->busy_timeout_ms = u->s->busy_timeout_ms;
    from->upgrading = true;
    int result = store_sqlite_connect(from, SQLITE_OPEN_READONLY, e);
    if (result == 0) {
        result = store_sqlite_copy(from, fresh, &teller, e);
    }
    store_sqlite_close(&from->base);
    return result == 0 && store_sqlite_renew(fresh, true, epoch, e) == 0
               ? store_sqlite_fresh_keep(fresh, u->kept, true, e)
               : -1;
}

static int copy(struct store_sqlite_upgrade *u, struct err *e)
{
    struct store_sqlite_fresh fresh = {.fd = -1};
    struct err why = ERR_INIT;
    name_copy(u);
    int result = copy_to(u, &fresh, &why);
    store_sqlite_fresh_drop(&fresh);
    if (result == 0) {
        return 0;
    }
    u->kept[0] = '\0';
    if (why.code == ERR_FULL) {
        write_line(u, "full", u->bytes + SPARE);
        return refuse_full(u->s, u->bytes + SPARE, e);
    }
    return err_move(e, &why);
}

static int learn_size(struct store_sqlite_upgrade *u, struct err *e)
{
    char pages[32];
    char page[32];
    if (store_sqlite_ask(u->s, "PRAGMA page_count", "upgrade", pages, sizeof pages, e) != 0 ||
        store_sqlite_ask(u->s, "PRAGMA page_size", "upgrade", page, sizeof page, e) != 0) {
        return -1;
    }
    u->bytes = strtoull(pages, NULL, 10) * strtoull(page, NULL, 10);
    return 0;
}

static void close_line(struct store_sqlite_upgrade *u, bool remove)
{
    char path[4200];
    in_folder(u->s, "chat.upgrade", path, sizeof path);
    if (u->fd >= 0 && remove) {
        unlink(path);
    }
    if (u->fd >= 0) {
        close(u->fd); /* unlocks */
    }
    u->fd = -1;
    u->s->upgrading = false;
}

int store_sqlite_upgrade_begin(struct store_sqlite_upgrade *u, struct store_sqlite *s, struct err *e)
{
    struct err why = ERR_INIT;
    *u = (struct store_sqlite_upgrade){.s = s, .fd = open_and_lock_line(s), .logged = clock_mono_ms()};
    s->upgrading = true;
    int result = learn_size(u, &why);
    if (result == 0) {
        result = check_room(u, &why);
    }
    if (result == 0) {
        write_line(u, "copy", 0);
        log_line("%s: upgrading to schema %d; copying %llu MB first", s->path, store_sqlite_schema(),
                 megabytes(u->bytes));
        result = copy(u, &why);
    }
    if (result != 0) {
        close_line(u, why.code != ERR_FULL);
        return err_move(e, &why);
    }
    log_line("copied the database as it was before the upgrade: %s", u->kept);
    remove_older_copies(u);
    write_line(u, "change", 0);
    store_sqlite_set_deadline(s);
    return 0;
}

void store_sqlite_upgrade_end(struct store_sqlite_upgrade *u, bool done, bool unsure)
{
    if (done) {
        log_line("%s: upgraded to schema %d", u->s->path, store_sqlite_schema());
    } else if (!unsure) {
        unlink(u->kept);
    }
    close_line(u, true);
}
