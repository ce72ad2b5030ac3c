/* name_cache.c - see name_cache.h. */
#include "site/name_cache.h"

#include "base/ck.h"
#include "base/hash.h"
#include "base/random.h"
#include "peace/name.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 256 };

/* Three texts one behind the other: the name, its fold, its look. */
struct entry {
    char *texts;
    size_t length; /* of the name */
    size_t fold;   /* of the fold */
    bool is_odd;
};

static struct {
    pthread_mutex_t lock; /* of the next ones */
    uint64_t seed;        /* 0: not chosen yet */
    struct entry entries[ENTRIES];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The lock is held here and in the next two functions. */
static struct entry *entry_of(const char *name, size_t length)
{
    if (cache.seed == 0) {
        random_fill(&cache.seed, sizeof cache.seed);
        cache.seed |= 1;
    }
    return &cache.entries[(hash_bytes(HASH_START ^ cache.seed, name, length) >> 32) % ENTRIES];
}

static bool copy(const struct entry *entry, const char *name, size_t length, struct name_forms *out)
{
    if (entry->texts == NULL || entry->length != length || memcmp(entry->texts, name, length) != 0) {
        return false;
    }
    const char *fold = entry->texts + length + 1;
    const char *look = fold + entry->fold + 1;
    memcpy(out->fold, fold, entry->fold + 1);
    memcpy(out->look, look, strlen(look) + 1);
    out->is_odd = entry->is_odd;
    return true;
}

static void keep(struct entry *entry, const char *name, size_t length, const struct name_forms *forms)
{
    size_t fold = strlen(forms->fold);
    size_t look = strlen(forms->look);
    entry->texts = ck_realloc(entry->texts, length + fold + look + 3);
    memcpy(entry->texts, name, length + 1);
    memcpy(entry->texts + length + 1, forms->fold, fold + 1);
    memcpy(entry->texts + length + fold + 2, forms->look, look + 1);
    entry->length = length;
    entry->fold = fold;
    entry->is_odd = forms->is_odd;
}

int name_cache_forms(const char *name, struct name_forms *out, struct err *e)
{
    size_t length = strlen(name);
    pthread_mutex_lock(&cache.lock);
    bool found = copy(entry_of(name, length), name, length, out);
    pthread_mutex_unlock(&cache.lock);
    if (found) {
        return 0;
    }
    if (name_forms_of(name, out, e) != 0) {
        return -1;
    }
    pthread_mutex_lock(&cache.lock);
    keep(entry_of(name, length), name, length, out);
    pthread_mutex_unlock(&cache.lock);
    return 0;
}
