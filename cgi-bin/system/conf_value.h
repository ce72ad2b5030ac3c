/* conf_value.h - the values of settings that are more than a number: folders, origins, networks,
 * words.
 *
 * Only for conf.c. Each function returns 0, or -1 for a value that isn't allowed; *out is then
 * undefined. A text out has CONF_TEXT_MAX bytes. Threads: any.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdint.h>

/* An absolute path; a relative one starts at the programs' folder. Empty is none. */
int conf_value_folder(char *out, const char *value, const char *program_dir);

int conf_value_origins(char *out, const char *value); /* "*" and origins as browsers write them, separated by spaces */
int conf_value_ranges(char *out, const char *value);  /* networks of address.h */
int conf_value_word(uint64_t *out, const char *value, const char *const *words); /* its index; NULL at the end */

#endif
