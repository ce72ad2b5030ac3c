/* show.c - commands that show something: settings, doctor, version. */
#include "commands/command.h"
#include "commands/list.h"

#include "base/buf.h"
#include "base/err.h"
#include "format/findings.h"
#include "site/checks.h"
#include "system/conf_print.h"
#include "system/process_limit.h"
#include "system/program_path.h"

#include <stdio.h>

#ifndef POLLCHAT_VERSION
#error "POLLCHAT_VERSION is given by the Makefile"
#endif

/* The programs may see another limit, if the web server sets one; GET /status tells what they
 * found. */
static void print_max_held(const struct conf *conf)
{
    uint64_t limit = process_limit_find();
    printf("; max_held: auto is %u here, because ", process_limit_polls(conf));
    if (limit == 0) {
        printf("no limit on processes is known\n");
    } else {
        printf("the limit on processes is %llu\n", (unsigned long long)limit);
    }
}

static int run_settings(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct conf conf;
    if ((line->given & COMMAND_EXAMPLE) != 0) {
        conf_print_example(stdout);
        return COMMAND_OK;
    }
    if (command_load(line, &conf, &e) != 0) {
        return command_fail(&e);
    }
    conf_print(&conf, stdout);
    if (conf.max_held == CONF_AUTO) {
        print_max_held(&conf);
    }
    return conf.faults.count == 0 ? COMMAND_OK : COMMAND_WRONG;
}

/* pollchat can't see what the web server does to the programs; doctor.html can. */
static int run_doctor(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct conf conf = {.data = ""};
    struct findings findings = {.count = 0};
    char folder[CONF_TEXT_MAX] = "";
    struct buf text;
    bool is_right = command_settings(line, &conf, &e) == 0;
    (void)program_path_folder(folder, sizeof folder, NULL);
    const struct checks_given given = {
        .conf = &conf, .conf_problem = is_right ? NULL : e.text, .program_folder = folder, .carrier = CHECKS_SHELL};
    checks_run(&given, &findings);
    buf_init(&text, BUF_UNLIMITED);
    findings_lines(&text, &findings);
    fputs(buf_text(&text), stdout);
    buf_fini(&text);
    return findings_worst(&findings) == FINDING_WRONG || conf.faults.count > 0 ? COMMAND_WRONG : COMMAND_OK;
}

/* ---- what the store tells ---- */

static int run_stats(const struct command_line *line)
{
    static const char *const storage[] = {"messages",   "rooms",   "persons", "bytes",
                                          "free_bytes", "reports", "held",    NULL};
    static const char *const days[] = {"day", "messages", NULL};
    struct store_desk_query query = {.room = NULL};
    if ((line->given & COMMAND_ROOM) == 0) {
        int status = list_print(line, "storage", &query, storage);
        if (status != COMMAND_OK || (line->given & COMMAND_JSON) != 0) {
            return status;
        }
        putchar('\n');
    }
    query = (struct store_desk_query){.room = line->room};
    return list_print(line, "days", &query, days);
}

static int run_audit(const struct command_line *line)
{
    static const char *const columns[] = {"time", "who", "act", "room", "seq", "subject", "detail", "reason", NULL};
    struct store_desk_query query = {.room = line->room, .search = line->words[0]};
    return list_print(line, "audit", &query, columns);
}

static int run_version(const struct command_line *line)
{
    (void)line;
    printf("pollchat %s\n", POLLCHAT_VERSION);
    return COMMAND_OK;
}

const struct command commands_show[] = {
    {.name = "doctor",
     .about = "check this host: what works, and what to do where something doesn't",
     .run = run_doctor},
    {.name = "settings",
     .options = COMMAND_EXAMPLE,
     .about = "show every setting, its value and where it comes from (--example: the example file)",
     .run = run_settings},
    {.name = "stats",
     .options = COMMAND_JSON | COMMAND_ROOM,
     .about = "messages, persons and bytes; messages a day (--json: the first table; with --room: days)",
     .example = "pollchat stats --room lobby --json",
     .run = run_stats},
    {.name = "audit",
     .words = "[ACT|WHOM]",
     .most = 1,
     .options = COMMAND_JSON | COMMAND_ROOM | COMMAND_LIMIT | COMMAND_BEFORE,
     .about = "what moderators did, when and why; the latest first",
     .example = "pollchat audit ban --limit 20",
     .run = run_audit},
    {.name = "version", .about = "print the version", .run = run_version},
    {.name = NULL},
};
