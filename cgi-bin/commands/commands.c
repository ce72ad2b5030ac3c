/* commands.c - see commands.h. */
#include "commands/commands.h"

#include "base/str.h"
#include "commands/command.h"
#include "system/conf.h"
#include "system/store_address.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct command *const tables[] = {commands_upkeep, commands_move,     commands_show,  commands_rooms,
                                               commands_people, commands_messages, commands_tokens};
enum { TABLES = sizeof tables / sizeof tables[0], NAME_COLUMNS = 34, WORDS_MAX = COMMAND_WORDS + 2 };

/* ---- options ---- */

#define TEXT(member) (offsetof(struct command_line, member) + 1)
#define NUMBER(member) (offsetof(struct command_line, member) + 1)

/* Exactly one of text and number is set, or none for an option without a value. */
static const struct option {
    const char *name;
    const char *value; /* for help; NULL: it has none */
    enum command_option bit;
    size_t text;   /* offset of a member + 1 */
    size_t number; /* the same */
    uint64_t most; /* of number */
} options[] = {
    {"--example", NULL, COMMAND_EXAMPLE, 0, 0, 0},
    {"--json", NULL, COMMAND_JSON, 0, 0, 0},
    {"--trust", NULL, COMMAND_TRUST, 0, 0, 0},
    {"--part", NULL, COMMAND_PART, 0, 0, 0},
    {"--room", "ROOM", COMMAND_ROOM, TEXT(room), 0, 0},
    {"--kind", "KIND", COMMAND_KIND, TEXT(kind), 0, 0},
    {"--reason", "TEXT", COMMAND_REASON, TEXT(reason), 0, 0},
    {"--of", "key|network|wide-network", COMMAND_OF, TEXT(of), 0, 0},
    {"--hours", "TEXT", COMMAND_HOURS, TEXT(hours), 0, 0},
    {"--newcomers", "free|slow|held|default", COMMAND_NEWCOMERS, TEXT(newcomers), 0, 0},
    {"--role", "ROLE", COMMAND_ROLE, TEXT(role), 0, 0},
    {"--act", "reject|hold|mask", COMMAND_ACT, TEXT(act), 0, 0},
    {"--to", "sqlite|postgresql://...", COMMAND_TO, TEXT(to), 0, 0},
    {"--undo", NULL, COMMAND_UNDO, 0, 0, 0},
    {"--keep-days", "N|default", COMMAND_KEEP_DAYS, TEXT(keep_days), 0, 0},
    {"--keep-count", "N|default", COMMAND_KEEP_COUNT, TEXT(keep_count), 0, 0},
    {"--minutes", "N", COMMAND_MINUTES, 0, NUMBER(minutes), 10UL * 366 * 24 * 60},
    {"--slow", "SECONDS", COMMAND_SLOW, 0, NUMBER(slow), 24UL * 60 * 60},
    {"--days", "N", COMMAND_DAYS, 0, NUMBER(days), 365},
    {"--uses", "N", COMMAND_USES, 0, NUMBER(uses), 1000},
    {"--limit", "N", COMMAND_LIMIT, 0, NUMBER(limit), 1000000},
    {"--before", "ID", COMMAND_BEFORE, 0, NUMBER(before), INT64_MAX},
};
enum { OPTIONS = sizeof options / sizeof options[0] };

/* what: a word of the command line. It may be an address with a password, as of pollchat move. */
static int usage(const char *complaint, const char *what)
{
    char shown[CONF_STORE_MAX];
    store_address_shown(what, shown, sizeof shown);
    fprintf(stderr, "pollchat: %s%s\nTry: pollchat help\n", complaint, shown);
    return COMMAND_USAGE;
}

static const struct option *option_of(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

/* -1: the value isn't allowed. value: NULL if none follows. */
static int set(struct command_line *line, const struct option *o, const char *value)
{
    line->given |= o->bit;
    if (o->value == NULL) {
        return 0;
    }
    if (value != NULL && o->text != 0) {
        *(const char **)(void *)((char *)line + o->text - 1) = value;
        return 0;
    }
    return value == NULL ? -1 : str_u64(value, 0, o->most, (uint64_t *)(void *)((char *)line + o->number - 1));
}

/* ---- arguments ---- */

struct arguments {
    struct command_line line;
    const char *words[WORDS_MAX]; /* the command's name, and what follows it */
    unsigned count;
    bool help;
};

/* Returns how many arguments were used; 0: the mistake was printed. */
static int take_option(struct arguments *a, char **at, int left)
{
    const struct option *o = option_of(at[0]);
    if (strcmp(at[0], "--help") == 0 || strcmp(at[0], "-h") == 0) {
        a->help = true;
        return 1;
    }
    if (strcmp(at[0], "--data") == 0 && left > 1) {
        a->line.data = at[1];
        return 2;
    }
    if (o == NULL || set(&a->line, o, left > 1 ? at[1] : NULL) != 0) {
        usage(o == NULL ? "unknown or incomplete option " : "a value is missing or not allowed after ", at[0]);
        return 0;
    }
    return o->value != NULL ? 2 : 1;
}

/* -1: the mistake was printed. */
static int read_arguments(struct arguments *a, int argc, char **argv)
{
    bool options_end = false;
    for (int i = 1; i < argc;) {
        int used = 1;
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (!options_end && argv[i][0] == '-' && argv[i][1] != '\0') {
            used = take_option(a, &argv[i], argc - i);
        } else if (a->count < WORDS_MAX) {
            a->words[a->count++] = argv[i];
        } else {
            usage("unexpected argument: ", argv[i]);
            used = 0;
        }
        if (used == 0) {
            return -1;
        }
        i += used;
    }
    return 0;
}

/* ---- the command ---- */

/* How many words of the arguments are the command's name; 0: it isn't this command. */
static unsigned name_length(const struct command *c, const struct arguments *a)
{
    const char *space = strchr(c->name, ' ');
    size_t first = space != NULL ? (size_t)(space - c->name) : strlen(c->name);
    if (a->count == 0 || strlen(a->words[0]) != first || strncmp(c->name, a->words[0], first) != 0) {
        return 0;
    }
    if (space == NULL) {
        return 1;
    }
    return a->count > 1 && strcmp(space + 1, a->words[1]) == 0 ? 2 : 0;
}

/* The command with the longest name that fits. */
static const struct command *find(const struct arguments *a, unsigned *length)
{
    const struct command *found = NULL;
    *length = 0;
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct command *c = tables[t]; c->name != NULL; c++) {
            unsigned fits = name_length(c, a);
            if (fits > *length) {
                *length = fits;
                found = c;
            }
        }
    }
    return found;
}

/* ---- help ---- */

static void print_options(const struct command *c)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if ((c->options & options[i].bit) != 0) {
            printf(" [%s%s%s]", options[i].name, options[i].value != NULL ? " " : "",
                   options[i].value != NULL ? options[i].value : "");
        }
    }
}

static bool begins_with(const struct command *c, const char *word)
{
    size_t length = strlen(word);
    return strncmp(c->name, word, length) == 0 && (c->name[length] == ' ' || c->name[length] == '\0');
}

static void print_command(const struct command *c, bool in_short)
{
    char words[96];
    snprintf(words, sizeof words, "%s%s%s", c->name, c->words != NULL ? " " : "", c->words != NULL ? c->words : "");
    printf("  %-*s %s\n", NAME_COLUMNS, words, c->about);
    if (!in_short) {
        printf("    pollchat %s", words);
        print_options(c);
        printf("%s%s\n\n", c->example != NULL ? "\n    for example: " : "", c->example != NULL ? c->example : "");
    }
}

/* All commands that begin with the word; NULL: all commands, in short. */
static bool print_help(const char *word)
{
    bool found = false;
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct command *c = tables[t]; c->name != NULL; c++) {
            if (word == NULL || begins_with(c, word)) {
                print_command(c, word == NULL);
                found = true;
            }
        }
    }
    return found;
}

static int help(const char *word)
{
    if (word != NULL) {
        return print_help(word) ? COMMAND_OK : usage("there is no command ", word);
    }
    printf("usage: pollchat COMMAND [--data FOLDER]\n\n");
    print_help(NULL);
    printf("  %-*s %s\n", NAME_COLUMNS, "help [COMMAND]", "this text, or all options of a command, with an example");
    printf("\n--data FOLDER: the data folder (with SQLite that of chat.db), instead of the one that the settings name\n"
           "Exit status: 0 done, 1 something is wrong, 2 wrong usage.\n");
    return COMMAND_OK;
}

/* ---- running ---- */

static int run(const struct command *c, struct arguments *a, unsigned name)
{
    struct command_line *line = &a->line;
    line->count = a->count - name;
    for (unsigned i = 0; i < line->count && i < COMMAND_WORDS; i++) {
        line->words[i] = a->words[name + i];
    }
    if (line->count < c->least) {
        fprintf(stderr, "pollchat: %s is missing after %s\nTry: pollchat help %s\n", c->words, c->name, a->words[0]);
        return COMMAND_USAGE;
    }
    if (line->count > c->most) {
        return usage("unexpected argument: ", a->words[name + c->most]);
    }
    if ((line->given & ~c->options) != 0) {
        fprintf(stderr, "pollchat: %s doesn't take such an option\nTry: pollchat help %s\n", c->name, a->words[0]);
        return COMMAND_USAGE;
    }
    int status = c->run(line);
    return fflush(stdout) == 0 ? status : COMMAND_WRONG;
}

int commands_run(int argc, char **argv)
{
    struct arguments a = {.count = 0};
    unsigned length = 0;
    if (read_arguments(&a, argc, argv) != 0) {
        return COMMAND_USAGE;
    }
    bool wants_help = a.count > 0 && strcmp(a.words[0], "help") == 0;
    if (a.help || wants_help) {
        return help(a.count > (unsigned)wants_help ? a.words[wants_help] : NULL);
    }
    const struct command *c = find(&a, &length);
    if (c == NULL) {
        return a.count == 0 ? usage("a command is missing", "") : usage("there is no command ", a.words[0]);
    }
    return run(c, &a, length);
}
