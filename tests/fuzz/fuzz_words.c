/* fuzz_words.c - peace/words.h on any list and any text. The first line is the list, with a '|'
 * between entries; one that begins with '=' matches whole words. Each entry matches itself, and a
 * text is changed by masking exactly if something is found in it.
 */
#include "fuzz.h"

#include "peace/words.h"

enum { ENTRIES_MAX = 20 };

static size_t words_split(char *line, struct words_entry *entries)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *one = strtok_r(line, "|", &rest); one != NULL && count < ENTRIES_MAX; one = strtok_r(NULL, "|", &rest)) {
        bool is_whole = one[0] == '=';
        entries[count++] = (struct words_entry){.pattern = one + is_whole, .is_whole = is_whole, .act = WORDS_MASK};
    }
    return count;
}

static void words_check_entries(const struct words *w, const struct words_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err e = ERR_INIT;
        size_t found = count;
        if (words_check(entries[i].pattern, &e) != 0) {
            fuzz_check_error(&e);
            continue;
        }
        CK(words_find(w, entries[i].pattern, strlen(entries[i].pattern), &found) == WORDS_MASK && found < count);
    }
}

static void words_check_mask(const struct words *w, const char *text, size_t length)
{
    enum words_act act = words_find(w, text, length, NULL);
    char *masked = ck_memdup0(text, length);
    size_t left = words_mask(w, masked, length);
    CK(left <= length);
    CK((act == WORDS_MASK) == (left != length || memcmp(masked, text, length) != 0));
    CK(!str_utf8_valid(text, length, NULL) || str_utf8_valid(masked, left, NULL));
    free(masked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct words_entry entries[ENTRIES_MAX];
    char *end = memchr(bytes, '\n', size);
    if (end != NULL) {
        *end = '\0';
        size_t count = words_split(bytes, entries);
        struct words *w = words_new(entries, count);
        words_check_entries(w, entries, count);
        words_check_mask(w, end + 1, size - (size_t)(end + 1 - bytes));
        words_free(w);
    }
    free(bytes);
    return 0;
}
