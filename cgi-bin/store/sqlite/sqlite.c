/* sqlite.c - SQLite as a store: the table of functions that store.c calls.
 *
 * The modules of this room, from the bottom up: each uses only modules that stand before it.
 *   path  handle  upgrade_note  fresh
 *   fail  deadline  flock  sql      errors, waiting, the lock of writers
 *   header  schema  rows  meta      what is in the file; SQL beside the code that binds it
 *   wal  files  loss  record        the log: what it says, who has it open, whether it is gone
 *   aside  join  connection
 *   copy  put_back  rescue          whole databases; files that were removed or cut
 *   checkpoint  scrub  journal  upgrade  make
 *   still  backup  restore  open
 *   write  view  append  news  check   what a program asks for
 *   query  act  rules  persons         what decides who may do what, and its transactions
 *   bans  names  roles  invites  setup  reports  held
 *   events  erase  retain              what is erased, and what is forgotten by itself
 *   desk_page  desk_samples  desk_lists  desk   lists for moderators
 */
#include "store/sqlite/private/act.h"
#include "store/sqlite/private/append.h"
#include "store/sqlite/private/backup.h"
#include "store/sqlite/private/bans.h"
#include "store/sqlite/private/check.h"
#include "store/sqlite/private/checkpoint.h"
#include "store/sqlite/private/desk.h"
#include "store/sqlite/private/erase.h"
#include "store/sqlite/private/handle.h"
#include "store/sqlite/private/held.h"
#include "store/sqlite/private/invites.h"
#include "store/sqlite/private/names.h"
#include "store/sqlite/private/news.h"
#include "store/sqlite/private/open.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/persons.h"
#include "store/sqlite/private/query.h"
#include "store/sqlite/private/reports.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/restore.h"
#include "store/sqlite/private/retain.h"
#include "store/sqlite/private/roles.h"
#include "store/sqlite/private/rules.h"
#include "store/sqlite/private/scrub.h"
#include "store/sqlite/private/setup.h"
#include "store/sqlite/private/view.h"
#include "system/file.h"
#include "system/permissions.h"

#include <stdio.h>

#include "store/private/store_backend.h"

static bool exists(const struct store_options *options)
{
    char path[PATH_SIZE];
    sqlite_path_in(path, options->folder, "chat.db");
    return file_exists(path);
}

static struct store *open_store(const struct store_options *options, enum store_mode mode, struct err *e)
{
    if (permissions_folder(options->folder, e) != 0) {
        return NULL;
    }
    struct sqlite_handle *s = sqlite_open(options, mode, e);
    if (s != NULL && permissions_folder(options->folder, e) != 0) { /* a file may have come in between */
        sqlite_rescue_close(s);
        s = NULL;
    }
    if (s == NULL) {
        return NULL;
    }
    s->base.backend = &store_sqlite_backend;
    return &s->base;
}

static void close_store(struct store *base)
{
    sqlite_rescue_close((struct sqlite_handle *)base);
}

static const char *epoch(const struct store *base)
{
    return ((const struct sqlite_handle *)base)->epoch;
}

static const char *describe(const struct store *base)
{
    return ((const struct sqlite_handle *)base)->description;
}

static int size(struct store *base, uint64_t *out, struct err *e)
{
    const struct sqlite_handle *s = (const struct sqlite_handle *)base;
    (void)e;
    *out = file_size(s->path) + file_size(s->log_path);
    return 0;
}

static int unused(struct store *base, uint64_t *out, struct err *e)
{
    struct sqlite_handle *s = (struct sqlite_handle *)base;
    struct sqlite_query q;
    *out = 0;
    sqlite_query_begin(&q, s, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
                       "count unused pages", e);
    if (sqlite_query_next(&q)) {
        *out = (uint64_t)sqlite_query_number_at(&q, 0);
    }
    return sqlite_query_end(&q);
}

static int check(struct store *base, FILE *out, struct err *e)
{
    if (sqlite_view_begin(base, e) != 0) {
        return -1;
    }
    int found = sqlite_check((struct sqlite_handle *)base, out, e);
    sqlite_view_end(base);
    return found;
}

static void rest(const struct store_options *options, bool now)
{
    sqlite_checkpoint_rest(options, now);
    sqlite_scrub_rest(options, now);
}

static int backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                  struct err *e)
{
    return permissions_folder(options->folder, e) == 0 ? sqlite_backup(options, to, progress, e) : -1;
}

static int restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                   struct store_restored *out, struct err *e)
{
    return permissions_folder(options->folder, e) == 0 ? sqlite_restore(options, from, progress, out, e) : -1;
}

const struct store_backend store_sqlite_backend = {
    .name = "sqlite",
    .open = open_store,
    .close = close_store,
    .epoch = epoch,
    .is_stale = sqlite_news_is_stale,
    .identity = sqlite_news_identity,
    .append = sqlite_append,
    .read_begin = sqlite_view_begin,
    .read_end = sqlite_view_end,
    .room = sqlite_view_room,
    .read = sqlite_view_read,
    .news_by = sqlite_news_by,
    .stamp = sqlite_news_stamp,
    .version = sqlite_news_version,
    .exists = exists,
    .describe = describe,
    .size = size,
    .unused = unused,
    .check = check,
    .rest = rest,
    .backup = backup,
    .restore = restore,
    .peace =
        {
            .rules_number = sqlite_rules_number,
            .rules_load = sqlite_rules_load,
            .rules_renew_secret = sqlite_rules_renew_secret,
            .act_begin = sqlite_act_begin,
            .act_commit = sqlite_act_commit,
            .act_cancel = sqlite_act_cancel,
            .act_notice = sqlite_act_notice,
            .person_by_key = sqlite_persons_by_key,
            .person_find = sqlite_persons_find,
            .person_role = sqlite_roles_set,
            .person_own = sqlite_roles_own,
            .person_trust = sqlite_roles_trust,
            .person_claim = sqlite_names_claim,
            .person_release = sqlite_names_release,
            .ban_add = sqlite_bans_add,
            .ban_lift = sqlite_bans_lift,
            .invite_add = sqlite_invites_add,
            .invite_use = sqlite_invites_use,
            .invite_revoke = sqlite_invites_revoke,
            .setup_room = sqlite_setup_room,
            .setup_add_word = sqlite_setup_add_word,
            .setup_remove_word = sqlite_setup_remove_word,
            .setup_setting = sqlite_setup_setting,
            .report_add = sqlite_reports_add,
            .report_settle = sqlite_reports_settle,
            .report_approve = sqlite_held_approve,
            .report_reject = sqlite_held_reject,
            .desk_list = sqlite_desk_list,
            .desk_count = sqlite_desk_count,
        },
    .erase =
        {
            .erase_message = sqlite_erase_message,
            .erase_show = sqlite_erase_show,
            .erase_hide_reported = sqlite_erase_hide_reported,
            .erase_recent = sqlite_erase_recent,
            .erase_networks = sqlite_erase_networks,
            .erase_person = sqlite_erase_person,
            .erase_step = sqlite_erase_step,
            .retain_is_due = sqlite_retain_is_due,
            .retain_step = sqlite_retain_step,
        },
};
