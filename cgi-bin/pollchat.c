/* pollchat.c - pollchat, the owner's command line.
 *
 * Works on the data folder directly, so it needs no web server and works while one runs.
 * Exit status: 0 fine, 1 something is wrong (said on stderr or listed), 2 wrong usage.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "format/findings.h"
#include "site/checks.h"
#include "site/store_options.h"
#include "store/store.h"
#include "store/store_upkeep.h"
#include "system/conf_load.h"
#include "system/conf_print.h"
#include "system/process_limit.h"
#include "system/program_path.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef POLLCHAT_VERSION
#error "POLLCHAT_VERSION is given by the Makefile"
#endif

enum { OK = 0, WRONG = 1, USAGE = 2 };

struct options {
    const char *data; /* NULL: as the settings say */
    const char *file; /* of backup and restore */
    bool example;
};

static int fail(const struct err *e)
{
    fprintf(stderr, "pollchat: %s\n", e->text);
    return WRONG;
}

static void tell_faults(const struct conf_faults *f)
{
    for (size_t i = 0; i < f->count; i++) {
        fprintf(stderr, "pollchat: %s\n", f->list[i].text);
    }
    if (f->more > 0) {
        fprintf(stderr, "pollchat: There are %zu more mistakes in the settings.\n", f->more);
    }
}

/* -1: these settings don't say where the data is. */
static int read_settings(const struct options *o, struct conf *conf, struct err *e)
{
    char program_dir[CONF_TEXT_MAX];
    if (program_path_folder(program_dir, sizeof program_dir, e) != 0) {
        return -1;
    }
    int result = conf_load(conf, program_dir, NULL, (const char *const *)environ, o->data != NULL ? NULL : e);
    if (result != 0 && o->data == NULL) {
        return -1;
    }
    if (o->data != NULL && snprintf(conf->data, sizeof conf->data, "%s", o->data) >= (int)sizeof conf->data) {
        return err_set(e, ERR_CONFIG, "The path of --data is too long.");
    }
    return 0;
}

/* Prints mistakes in the settings to stderr. */
static int load(const struct options *o, struct conf *conf, struct err *e)
{
    int result = read_settings(o, conf, e);
    if (result == 0) {
        tell_faults(&conf->faults);
    }
    return result;
}

/* Opens the store to read: a mistyped folder must not become a new, empty and perfectly healthy
 * database. */
static int command_check(const struct options *o)
{
    struct err e = ERR_INIT;
    struct conf conf;
    if (load(o, &conf, &e) != 0) {
        return fail(&e);
    }
    const struct store_options options = store_options_of(&conf);
    if (!store_exists(&options)) {
        fprintf(stderr, "pollchat: there is no database in %s\n", conf.data);
        return WRONG;
    }
    struct store *s = store_open(&options, STORE_READ, &e);
    if (s == NULL) {
        return fail(&e);
    }
    int found = store_check(s, stdout, &e);
    if (found == 0) {
        printf("ok: %s, epoch %s\n", store_describe(s), store_epoch(s));
    } else if (found > 0) {
        printf("%d %s\n", found, found == 1 ? "fault" : "faults");
    }
    store_close(s);
    return found < 0 ? fail(&e) : found == 0 && conf.faults.count == 0 ? OK : WRONG;
}

/* ---- backup and restore ---- */

enum { TELL_EACH_MS = 2000 };

struct teller {
    const char *what;
    bool is_terminal;
    unsigned percent;
    int64_t told; /* monotonic ms */
};

/* On a terminal, one line that counts; elsewhere a line now and then, and only if the work takes
 * long. */
static void tell(void *context, unsigned percent)
{
    struct teller *t = context;
    int64_t now = clock_mono_ms();
    if (t->is_terminal && percent != t->percent) {
        fprintf(stderr, "\r%s: %u %%", t->what, percent);
    } else if (!t->is_terminal && now - t->told >= TELL_EACH_MS) {
        fprintf(stderr, "pollchat: %s: %u %%\n", t->what, percent);
        t->told = now;
    }
    t->percent = percent;
}

static struct teller teller_of(const char *what)
{
    return (struct teller){
        .what = what, .is_terminal = isatty(STDERR_FILENO) == 1, .percent = 101, .told = clock_mono_ms()};
}

static void end_line(const struct teller *t)
{
    if (t->is_terminal && t->percent <= 100) {
        fputc('\n', stderr);
    }
}

static int command_backup(const struct options *o)
{
    struct err e = ERR_INIT;
    struct conf conf;
    struct teller t = teller_of("copying the database");
    const struct store_progress progress = {.tell = tell, .context = &t};
    if (load(o, &conf, &e) != 0) {
        return fail(&e);
    }
    const struct store_options options = store_options_of(&conf);
    int result = store_backup(&options, o->file, &progress, &e);
    end_line(&t);
    if (result != 0) {
        return fail(&e);
    }
    printf("ok: %s is a complete copy of the database\n", o->file);
    return OK;
}

static int command_restore(const struct options *o)
{
    struct err e = ERR_INIT;
    struct conf conf;
    struct store_restored restored;
    struct teller t = teller_of("copying the backup");
    const struct store_progress progress = {.tell = tell, .context = &t};
    if (load(o, &conf, &e) != 0) {
        return fail(&e);
    }
    const struct store_options options = store_options_of(&conf);
    int result = store_restore(&options, o->file, &progress, &restored, &e);
    end_line(&t);
    if (result != 0) {
        return fail(&e);
    }
    printf(
        "ok: the chat now has the messages of %s. It has a new epoch, %s, so that open pages load everything again.\n",
        o->file, restored.epoch);
    if (restored.kept[0] != '\0') {
        printf("The old database is kept: %s/%s\n", conf.data, restored.kept);
    }
    return OK;
}

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

static int command_settings(const struct options *o)
{
    struct err e = ERR_INIT;
    struct conf conf;
    if (o->example) {
        conf_print_example(stdout);
        return OK;
    }
    if (load(o, &conf, &e) != 0) {
        return fail(&e);
    }
    conf_print(&conf, stdout);
    if (conf.max_held == CONF_AUTO) {
        print_max_held(&conf);
    }
    return conf.faults.count == 0 ? OK : WRONG;
}

/* pollchat can't see what the web server does to the programs; doctor.html can. */
static int command_doctor(const struct options *o)
{
    struct err e = ERR_INIT;
    struct conf conf = {.data = ""};
    struct findings findings = {.count = 0};
    char folder[CONF_TEXT_MAX] = "";
    struct buf text;
    bool is_right = read_settings(o, &conf, &e) == 0;
    (void)program_path_folder(folder, sizeof folder, NULL);
    const struct checks_given given = {
        .conf = &conf, .conf_problem = is_right ? NULL : e.text, .program_folder = folder, .carrier = CHECKS_SHELL};
    checks_run(&given, &findings);
    buf_init(&text, BUF_UNLIMITED);
    findings_lines(&text, &findings);
    fputs(buf_text(&text), stdout);
    buf_fini(&text);
    return findings_worst(&findings) == FINDING_WRONG || conf.faults.count > 0 ? WRONG : OK;
}

static int command_version(const struct options *o)
{
    (void)o;
    printf("pollchat %s\n", POLLCHAT_VERSION);
    return OK;
}

static int command_help(const struct options *o);

static const struct command {
    const char *name;
    int (*run)(const struct options *o);
    const char *about;
    const char *file; /* what the word after it is; NULL: no word follows */
} commands[] = {
    {"check", command_check, "check the database; prints ok, or a line for each fault", NULL},
    {"backup", command_backup, "copy the whole database, while the chat runs, into a new file", "FILE"},
    {"restore", command_restore, "replace the database by a backup; the old database is kept beside it", "FILE"},
    {"doctor", command_doctor, "check this host: what works, and what to do where something doesn't", NULL},
    {"settings", command_settings,
     "show every setting, its value and where it comes from (--example: the example file)", NULL},
    {"version", command_version, "print the version", NULL},
    {"help", command_help, "this text", NULL},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int command_help(const struct options *o)
{
    (void)o;
    printf("usage: pollchat COMMAND [--data FOLDER]\n\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        char words[32];
        snprintf(words, sizeof words, "%s %s", commands[i].name, commands[i].file != NULL ? commands[i].file : "");
        printf("  %-12s %s\n", words, commands[i].about);
    }
    printf("\n--data FOLDER: the folder of chat.db, instead of the one that the settings name\n");
    return OK;
}

static int usage(const char *complaint, const char *what)
{
    fprintf(stderr, "pollchat: %s%s\nTry: pollchat help\n", complaint, what);
    return USAGE;
}

/* Sets *name to the command, or to NULL when there is none. -1: the mistake was printed. */
static int parse(int argc, char **argv, struct options *o, const char **name)
{
    *name = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--data") == 0 && i + 1 < argc) {
            o->data = argv[++i];
        } else if (strcmp(argv[i], "--example") == 0) {
            o->example = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            *name = "help";
        } else if (argv[i][0] == '-') {
            usage("unknown or incomplete option ", argv[i]);
            return -1;
        } else if (*name == NULL) {
            *name = argv[i];
        } else if (o->file == NULL) {
            o->file = argv[i];
        } else {
            usage("unexpected argument: ", argv[i]);
            return -1;
        }
    }
    return 0;
}

static int run(const struct command *c, const struct options *o)
{
    if (o->file == NULL && c->file != NULL) {
        return usage("a file name is missing after ", c->name);
    }
    if (o->file != NULL && c->file == NULL) {
        return usage("unexpected argument: ", o->file);
    }
    int status = c->run(o);
    return fflush(stdout) == 0 ? status : WRONG;
}

/* A web server that runs every file in a folder called cgi-bin passes the words of the query as
 * arguments (RFC 3875, section 4.4): /cgi-bin/pollchat?backup+FILE. A visitor must not be able to
 * do what the owner may. */
static int refuse_visitor(void)
{
    printf("Status: 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n"
           "pollchat runs only from a command line, not over the web. (In a shell that a web page offers: unset "
           "GATEWAY_INTERFACE.)\n");
    return WRONG;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    const char *name = NULL;
    log_program("pollchat");
    if (getenv("GATEWAY_INTERFACE") != NULL) {
        return refuse_visitor();
    }
    signal(SIGXFSZ, SIG_IGN); /* a write to a file that has reached a size limit fails instead */
    if (parse(argc, argv, &o, &name) != 0) {
        return USAGE;
    }
    for (size_t i = 0; name != NULL && i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return run(&commands[i], &o);
        }
    }
    return name == NULL ? usage("a command is missing", "") : usage("there is no command ", name);
}
