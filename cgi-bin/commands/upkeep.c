/* upkeep.c - commands that look after the database: check, backup, restore. */
#include "commands/command.h"
#include "commands/teller.h"
#include "commands/work.h"

#include "base/clock.h"
#include "base/err.h"
#include "site/rules.h"
#include "site/store_note.h"
#include "site/store_options.h"
#include "site/upkeep.h"
#include "store/store.h"
#include "store/store_retain.h"
#include "store/store_upkeep.h"
#include "system/file.h"
#include "system/process.h"

#include <stdio.h>

/* Opens the store to read: a mistyped folder must not become a new, empty and perfectly healthy
 * database. */
static int run_check(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct conf conf;
    if (command_load(line, &conf, &e) != 0) {
        return command_fail(&e);
    }
    const struct store_options options = store_options_of(&conf);
    if (command_need_database(&conf, &e) != 0) {
        return command_fail(&e);
    }
    struct store *s = store_open(&options, STORE_READ, &e);
    if (s == NULL) {
        return command_fail(&e);
    }
    int found = store_check(s, stdout, &e);
    if (found == 0) {
        printf("ok: %s, epoch %s\n", store_describe(s), store_epoch(s));
    } else if (found > 0) {
        printf("%d %s\n", found, found == 1 ? "fault" : "faults");
    }
    store_close(s);
    return found < 0 ? command_fail(&e) : found == 0 && conf.faults.count == 0 ? COMMAND_OK : COMMAND_WRONG;
}

/* The data folder must be there: one that root makes would be of no use to the programs. */
static struct store *make(const struct command_line *line, struct err *e)
{
    struct conf conf;
    if (command_load(line, &conf, e) != 0) {
        return NULL;
    }
    const struct store_options options = store_options_of(&conf);
    if (store_note_check(&options, e) != 0 || process_become_owner_of(conf.data, e) != 0) {
        return NULL;
    }
    if (!file_exists(conf.data)) {
        err_set(e, ERR_ABSENT, "There is no folder %s. Make it first, for the user that runs the programs.", conf.data);
        return NULL;
    }
    struct store *s = store_open(&options, STORE_READ, e);
    if (s != NULL) {
        store_note_write(&options);
    }
    return s;
}

static int run_prepare(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct store *s = make(line, &e);
    if (s == NULL) {
        return command_fail(&e);
    }
    printf("ok: %s, epoch %s\n", store_describe(s), store_epoch(s));
    store_close(s);
    return COMMAND_OK;
}

static int run_backup(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct conf conf;
    struct teller t = teller_of("copying the database");
    const struct store_progress progress = {.tell = teller_tell, .context = &t};
    if (command_load(line, &conf, &e) != 0) {
        return command_fail(&e);
    }
    const struct store_options options = store_options_of(&conf);
    int result = store_backup(&options, line->words[0], &progress, &e);
    teller_end(&t);
    if (result != 0) {
        return command_fail(&e);
    }
    printf("ok: %s is a complete copy of the database\n", line->words[0]);
    return COMMAND_OK;
}

static int run_restore(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct conf conf;
    struct store_restored restored;
    struct teller t = teller_of("copying the backup");
    const struct store_progress progress = {.tell = teller_tell, .context = &t};
    if (command_load(line, &conf, &e) != 0) {
        return command_fail(&e);
    }
    const struct store_options options = store_options_of(&conf);
    int result = store_restore(&options, line->words[0], &progress, &restored, &e);
    teller_end(&t);
    if (result != 0) {
        return command_fail(&e);
    }
    printf(
        "ok: the chat now has the messages of %s. It has a new epoch, %s, so that open pages load everything again.\n",
        line->words[0], restored.epoch);
    if (restored.kept[0] != '\0') {
        printf("The old database is kept: %s/%s\n", conf.data, restored.kept);
    }
    return COMMAND_OK;
}

/* ---- what is old ---- */

struct purge {
    struct store_terms_kept terms;
    uint64_t steps;
};

static int step_purge(struct work *w, struct store *store, struct store_changes *changes, bool *left, struct err *e)
{
    struct purge *p = w->own;
    if (store_retain_step(store, &p->terms, clock_wall_ms(), changes, e) != 0) {
        return -1;
    }
    p->steps++;
    if (p->steps % 50 == 0) {
        fprintf(stderr, "pollchat: steps of up to 200 messages: %llu\n", (unsigned long long)p->steps);
    }
    *left = store_retain_is_due(store, &p->terms, clock_wall_ms());
    return 0;
}

static int purge(struct work *w, struct err *e)
{
    const struct rules *rules = work_rules(w, e);
    if (rules == NULL) {
        return -1;
    }
    struct purge p = {.terms = upkeep_terms(rules_conf(rules))};
    rules_release(rules);
    w->own = &p;
    int result = work_steps(w, step_purge, e);
    w->own = NULL;
    return result;
}

static int run_purge(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct work w;
    int result = work_open(&w, line, &e);
    result = result == 0 ? purge(&w, &e) : result;
    work_close(&w);
    if (result != 0) {
        return command_fail(&e);
    }
    printf("ok: nothing is older than the settings allow\n");
    return COMMAND_OK;
}

const struct command commands_upkeep[] = {
    {.name = "check", .about = "check the database; prints ok, or a line for each fault", .run = run_check},
    {.name = "prepare",
     .about = "make the database if there is none, or bring its tables up to date; else the first request does",
     .example = "pollchat prepare",
     .run = run_prepare},
    {.name = "backup",
     .words = "FILE",
     .least = 1,
     .most = 1,
     .about = "copy the whole database, while the chat runs, into a new file (SQLite; with PostgreSQL: pg_dump)",
     .example = "pollchat backup /var/backups/chat.db",
     .run = run_backup},
    {.name = "restore",
     .words = "FILE",
     .least = 1,
     .most = 1,
     .about = "replace the database by a backup; the old database is kept beside it (SQLite)",
     .run = run_restore},
    {.name = "purge",
     .about = "remove now what keep_days, keep_count and the other settings no longer keep",
     .run = run_purge},
    {.name = NULL},
};
