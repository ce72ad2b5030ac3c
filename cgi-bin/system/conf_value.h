/* conf_value.h - parsing settings that are more than a number: folders, origins, networks, words.
 *
 * Only for conf_load.c. Each function returns 0, or -1 for a value that isn't allowed; *out is
 * undefined then. Buffers for texts have CONF_TEXT_MAX bytes unless it says otherwise. Threads:
 * any.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdint.h>

/* Writes an absolute path; a relative value starts at the folder of the programs. An empty value
 * isn't allowed. */
int conf_value_folder(char *out, const char *value, const char *program_dir);

/* "*" and origins as browsers write them, separated by spaces */
int conf_value_origins(char *out, const char *value);
int conf_value_ranges(char *out, const char *value); /* networks of address.h */
/* "sqlite" or an address of store_address.h; *out has CONF_STORE_MAX bytes */
int conf_value_store(char *out, const char *value);
int conf_value_replica(char *out, const char *value); /* such an address or "" */
int conf_value_text(char *out, const char *value);    /* *out has CONF_SECRET_MAX bytes */
/* its index; NULL at the end */
int conf_value_word(uint64_t *out, const char *value, const char *const *words);

#endif
