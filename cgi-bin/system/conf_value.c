/* conf_value.c - see conf_value.h. */
#include "system/conf_value.h"

#include "base/address.h"
#include "system/conf.h"
#include "system/store_address.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int conf_value_folder(char *out, const char *value, const char *program_dir)
{
    int length = value[0] == '/' ? snprintf(out, CONF_TEXT_MAX, "%s", value)
                                 : snprintf(out, CONF_TEXT_MAX, "%s/%s", program_dir, value);
    return value[0] == '\0' || length >= CONF_TEXT_MAX ? -1 : 0;
}

/* scheme://host[:port] as browsers write it (RFC 6454, section 6.2): another spelling would never
 * match. */
static bool is_origin(const char *word, size_t length)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789+-._:[]";
    size_t scheme = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
    if (scheme == 0 || strncmp(word + scheme, "://", 3) != 0) {
        return false;
    }
    return length > scheme + 3 && strspn(word + scheme + 3, allowed) == length - scheme - 3;
}

int conf_value_origins(char *out, const char *value)
{
    for (const char *at = value + strspn(value, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (!(length == 1 && *at == '*') && !is_origin(at, length)) {
            return -1;
        }
        at += length;
    }
    return snprintf(out, CONF_TEXT_MAX, "%s", value) < CONF_TEXT_MAX ? 0 : -1;
}

int conf_value_ranges(char *out, const char *value)
{
    return address_list_valid(value) && snprintf(out, CONF_TEXT_MAX, "%s", value) < CONF_TEXT_MAX ? 0 : -1;
}

/* Either this word or an address. */
static int set_address(char *out, const char *value, const char *word)
{
    return (strcmp(value, word) == 0 || store_address_fault(value) == NULL) &&
                   snprintf(out, CONF_STORE_MAX, "%s", value) < CONF_STORE_MAX
               ? 0
               : -1;
}

int conf_value_store(char *out, const char *value)
{
    return set_address(out, value, "sqlite");
}

int conf_value_replica(char *out, const char *value)
{
    return set_address(out, value, "");
}

int conf_value_text(char *out, const char *value)
{
    return snprintf(out, CONF_SECRET_MAX, "%s", value) < CONF_SECRET_MAX ? 0 : -1;
}

int conf_value_word(uint64_t *out, const char *value, const char *const *words)
{
    for (uint64_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            *out = i;
            return 0;
        }
    }
    return -1;
}
