/* desk_backup.c - see desk_backup.h. */
#include "routes/desk_backup.h"

#include "base/blocking.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "site/site.h"
#include "site/store_options.h"
#include "store/store_upkeep.h"
#include "system/budget.h"
#include "system/conf.h"
#include "system/file.h"
#include "web/reply.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int read_all(const char *path, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t got = fd >= 0 ? 1 : -1;
    while (got > 0) {
        size_t room = 0;
        char *to = buf_room(out, 64 * 1024, &room);
        got = room > 0 ? read(fd, to, room) : 0;
        if (got > 0) {
            buf_grew(out, (size_t)got);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return got == 0 && !out->over ? 0 : err_set(e, ERR_SYSTEM, "The copy of the database can't be read.");
}

static int copy(struct site *site, struct buf *out, struct err *e)
{
    char random[RANDOM_ID_SIZE];
    char path[CONF_TEXT_MAX + 64];
    const struct store_options options = store_options_of(site_loaded_conf(site));
    random_id(random);
    snprintf(path, sizeof path, "%s/backup-download-%s.db", site_loaded_conf(site)->data, random);
    if (store_backup(&options, path, NULL, e) != 0) {
        return -1;
    }
    int result = read_all(path, out, e);
    unlink(path);
    return result;
}

static int check_size(struct site *site, uint64_t *size, struct err *e)
{
    if (store_options_of(site_loaded_conf(site)).address != NULL) {
        return err_set(
            e, ERR_ABSENT,
            "The messages are in PostgreSQL, so there is no file to download. Back them up with pg_dump: the "
            "commands are in sql/postgres/README.md of pollchat's source.");
    }
    struct store *store = site_borrow(site, e);
    int result = store != NULL ? store_size(store, size, e) : -1;
    if (store != NULL) {
        site_return(site, store);
    }
    if (result == 0 && *size > DESK_BACKUP_MOST) {
        return err_set(e, ERR_TOO_LARGE,
                       "The database is too large for a download here. Fetch a copy by FTP, or make one with: "
                       "pollchat backup FILE");
    }
    return result;
}

int desk_backup(struct request *request, struct site *site, struct err *e)
{
    struct reply r;
    uint64_t size = 0;
    char when[CLOCK_TEXT_SIZE];
    if (check_size(site, &size, e) != 0) {
        return -1;
    }
    if (!budget_take(size, 0)) {
        return err_set(e, ERR_CROWDED, "Too much is in work now. Try again in a moment.");
    }
    blocking_expected();
    reply_init(&r, 200);
    clock_text(clock_wall_ms(), when);
    reply_header(&r, "Content-Type", "application/vnd.sqlite3");
    reply_headerf(&r, "Content-Disposition", "attachment; filename=\"chat-%.10s.db\"", when);
    int result = copy(site, &r.body, e);
    if (result == 0) {
        reply_send(request, &r);
    }
    budget_give_back(size);
    reply_fini(&r);
    return result;
}
