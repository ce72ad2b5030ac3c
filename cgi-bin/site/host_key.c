/* host_key.c - see host_key.h. */
#include "site/host_key.h"

#include "shared/site_key.h"

#include <string.h>

enum host_key host_key_compare(const struct store_options *options, struct store *store, struct host_key_marks *marks)
{
    struct site_key key;
    struct host_key_marks own;
    _Static_assert(SITE_KEY_NAME_SIZE == (int)STORE_KEY_MARK_SIZE, "a mark is a name that the key makes");
    if (options->address == NULL) {
        return HOST_KEY_COMMON;
    }
    if (site_key_load(&key, options->folder, NULL) != 0) {
        return HOST_KEY_UNKNOWN;
    }
    marks = marks != NULL ? marks : &own;
    site_key_name(&key, "mark", "", marks->own);
    if (store_keep_key(store, marks->own, marks->kept, NULL) != 0) {
        return HOST_KEY_UNKNOWN;
    }
    bool is_common = marks->kept[0] == '\0' || strcmp(marks->kept, marks->own) == 0;
    return is_common ? HOST_KEY_COMMON : HOST_KEY_FOREIGN;
}
