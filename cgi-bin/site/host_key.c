/* host_key.c - see host_key.h. */
#include "site/host_key.h"

#include "shared/site_key.h"
#include "store/store_upkeep.h"

bool host_key_is_common(const struct store_options *options, struct store *store)
{
    struct site_key key;
    char mark[SITE_KEY_NAME_SIZE];
    bool is_same = true;
    _Static_assert(SITE_KEY_NAME_SIZE == (int)STORE_KEY_MARK_SIZE, "a mark is a name that the key makes");
    if (options->address == NULL || site_key_load(&key, options->folder, NULL) != 0) {
        return true;
    }
    site_key_name(&key, "mark", "", mark);
    return store_compare_key(store, mark, &is_same, NULL) != 0 || is_same;
}
