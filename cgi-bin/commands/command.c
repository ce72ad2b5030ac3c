/* command.c - see command.h. */
#include "commands/command.h"

#include "base/err.h"
#include "base/str.h"
#include "site/store_note.h"
#include "site/store_options.h"
#include "store/store_upkeep.h"
#include "system/conf_load.h"
#include "system/program_path.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int command_fail(const struct err *e)
{
    fprintf(stderr, "pollchat: %s\n", e->text);
    return COMMAND_WRONG;
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

int command_settings(const struct command_line *line, struct conf *conf, struct err *e)
{
    char program_dir[CONF_TEXT_MAX];
    if (program_path_folder(program_dir, sizeof program_dir, e) != 0) {
        return -1;
    }
    struct err why = ERR_INIT;
    int result = conf_load(conf, program_dir, NULL, (const char *const *)environ, &why);
    if (result != 0 && (line->data == NULL || conf->store[0] == '\0')) {
        return err_move(e, &why);
    }
    if (line->data != NULL && snprintf(conf->data, sizeof conf->data, "%s", line->data) >= (int)sizeof conf->data) {
        return err_set(e, ERR_CONFIG, "The path of --data is too long.");
    }
    return 0;
}

int command_load(const struct command_line *line, struct conf *conf, struct err *e)
{
    int result = command_settings(line, conf, e);
    if (result == 0) {
        tell_faults(&conf->faults);
    }
    return result;
}

int command_need_database(const struct conf *conf, struct err *e)
{
    const struct store_options options = store_options_of(conf);
    if (store_note_check(&options, e) != 0) {
        return -1;
    }
    if (store_exists(&options)) {
        return 0;
    }
    return options.address != NULL
               ? err_set(e, ERR_ABSENT, "The PostgreSQL database that the setting store names has no chat in it yet.")
               : err_set(e, ERR_ABSENT, "There is no database in %s", conf->data);
}

static void list_words(const char *const *words, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; words[i] != NULL && at < size; i++) {
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? ", " : "", words[i]);
    }
}

int command_choice(const char *what, const char *word, const char *const *words, int otherwise, struct err *e)
{
    char allowed[128];
    if (word == NULL) {
        return otherwise;
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0) {
            return i;
        }
    }
    list_words(words, allowed, sizeof allowed);
    return err_set(e, ERR_INPUT, "%s can't be '%.40s'; allowed is one of %s.", what, word, allowed);
}

int command_number(const char *word, uint64_t *out, struct err *e)
{
    return str_u64(word, 1, INT64_MAX, out) == 0 ? 0 : err_set(e, ERR_INPUT, "'%.40s' must be a whole number.", word);
}
