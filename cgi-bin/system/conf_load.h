/* conf_load.h - loading the settings of a site (conf.h) from a file, the environment, or defaults.
 *
 * A value comes from the first place that has it:
 *   1. the parameters of the request, where a server passes settings that way (Apache: SetEnv
 *      POLLCHAT_MAX_TEXT 4096)
 *   2. the environment of the process (lighttpd: bin-environment)
 *   3. the file that POLLCHAT_CONF names. Without POLLCHAT_CONF: my-chat.conf beside the programs,
 *      then chat.conf. my-chat.conf is the owner's alone: no archive has one, so no upload
 *      overwrites it.
 *   4. the default
 *
 * A name that starts with HTTP_ is a client's header and never a setting.
 *
 * A mistake does not stop the chat. An unknown key, a key given twice in one file (except
 * trusted_proxies), a line that is too long, and a value that isn't allowed are faults, kept in
 * struct conf. Each fault says file, line, value and what is allowed. Instead of the wrong value
 * the default applies, or a safer value: a wrong allow_origin or trusted_proxies allows no site and
 * no proxy, a wrong status or doctor shows nothing. An unknown key that looks like a setting counts
 * as a wrong value of that setting, unless the same file also sets it correctly. Loading fails only
 * where messages could be stored in another place: for a wrong or misspelt `data` or `store`, and
 * for a settings file that can't be read, because it may name the folder.
 * Texts of faults never contain a value that may be a secret.
 * Threads: conf_load from one thread; afterwards the struct is read only.
 */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "system/conf.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Loads all settings. program_dir: folder of the running program, absolute; relative paths in the
 * file and in `data` start there. The environments are lists of NAME=VALUE with NULL at the end;
 * the request's wins; each may be NULL. Returns 0, also with faults. Returns -1 with ERR_CONFIG if
 * it is not certain where the messages are; then all members except `data` and `store` can be
 * used. */
int conf_load(struct conf *out, const char *program_dir, const char *const *request_environment,
              const char *const *process_environment, struct err *e);

/* The name of a settings file beside the programs; number < CONF_FILES. A greater number wins. */
const char *conf_file(size_t number);

/* Writes the data folder that is used unless a setting names another one. False: the program can't
 * find its own folder. */
bool conf_usual_data(char *out, size_t size);

#endif
