/* test_words.c - words.h: which texts contain a word of the list, and what is masked in them.
 *
 * The cases are in tests/cases/words. Keys; all but the first two may be given several times:
 *   part     the only entry, which also matches parts of words; or
 *   whole    the same for whole words
 *   match    a text that contains it
 *   pass     a text that doesn't
 *   text     a text, and
 *   masked   what is left of it when the entry masks
 */
#include "support.h"

#include "base/err.h"
#include "base/str.h"
#include "peace/words.h"

#include <time.h>

static size_t wrong; /* texts in all cases */

static void check_texts(struct support_case *c, const struct words *w, const char *key, enum words_act act)
{
    size_t length = 0;
    for (const char *text = NULL; (text = support_case_value(c, key, &length)) != NULL;) {
        if (words_find(w, text, length, NULL) != act) {
            print_error("%s: %s: %s\n", c->path, act == WORDS_NONE ? "should pass" : "should match", text);
            wrong++;
        }
    }
}

static void check_masks(struct support_case *c, const struct words *w)
{
    size_t length = 0;
    for (const char *text = NULL; (text = support_case_value(c, "text", &length)) != NULL;) {
        size_t expected_length = 0;
        const char *expected = support_case_value(c, "masked", &expected_length);
        char *copy = malloc(length + 1);
        assert_true(copy != NULL && expected != NULL);
        memcpy(copy, text, length + 1);
        size_t left = words_mask(w, copy, length);
        if (left != expected_length || strcmp(copy, expected) != 0) {
            print_error("%s: '%s' is masked as '%s', not as '%s'\n", c->path, text, copy, expected);
            wrong++;
        }
        free(copy);
    }
}

static void run_case(struct support_case *c)
{
    const char *part = support_case_value(c, "part", NULL);
    const char *whole = support_case_value(c, "whole", NULL);
    if ((part == NULL) == (whole == NULL)) {
        fail_msg("%s needs one of part and whole", c->path);
        return;
    }
    struct words_entry entry = {.pattern = part != NULL ? part : whole, .is_whole = whole != NULL, .act = WORDS_MASK};
    assert_int_equal(words_check(entry.pattern, NULL), 0);
    struct words *w = words_new(&entry, 1);
    check_texts(c, w, "match", WORDS_MASK);
    check_texts(c, w, "pass", WORDS_NONE);
    check_masks(c, w);
    words_free(w);
}

static void each_text_matches_passes_or_is_masked_as_the_case_says(void **state)
{
    (void)state;
    support_each_case("tests/cases/words", 15, run_case);
    assert_int_equal(wrong, 0);
}

static void the_strictest_act_wins(void **state)
{
    static const struct words_entry entries[] = {{"masked", false, WORDS_MASK},
                                                 {"held", false, WORDS_HOLD},
                                                 {"rejected", false, WORDS_REJECT},
                                                 {"heldmasked", false, WORDS_MASK}};
    struct words *w = words_new(entries, COUNT(entries));
    size_t entry = 99;
    (void)state;
    assert_int_equal(words_find(w, "nothing", 7, &entry), WORDS_NONE);
    assert_int_equal(entry, 99);
    assert_int_equal(words_find(w, "a masked one", 12, &entry), WORDS_MASK);
    assert_int_equal(entry, 0);
    assert_int_equal(words_find(w, "masked held", 11, &entry), WORDS_HOLD);
    assert_int_equal(entry, 1);
    assert_int_equal(words_find(w, "held rejected masked", 20, &entry), WORDS_REJECT);
    assert_int_equal(entry, 2);
    assert_int_equal(words_find(w, "heldmasked", 10, &entry), WORDS_HOLD);
    assert_int_equal(words_find(w, "rejected", 8, NULL), WORDS_REJECT);
    words_free(w);
}

static void only_entries_that_mask_are_masked(void **state)
{
    static const struct words_entry entries[] = {{"foo", false, WORDS_HOLD}, {"bar", false, WORDS_MASK}};
    char text[] = "foo bar";
    struct words *w = words_new(entries, COUNT(entries));
    (void)state;
    assert_int_equal(words_mask(w, text, 7), 7);
    assert_string_equal(text, "foo ***");
    words_free(w);
}

static void entries_within_each_other_are_all_found(void **state)
{
    static const struct words_entry entries[] = {{"he", false, WORDS_MASK},   {"she", false, WORDS_MASK},
                                                 {"his", false, WORDS_MASK},  {"hers", false, WORDS_MASK},
                                                 {"usher", true, WORDS_HOLD}, {"us", true, WORDS_REJECT}};
    char text[] = "ushers, ahis she";
    struct words *w = words_new(entries, COUNT(entries));
    (void)state;
    assert_int_equal(words_find(w, text, strlen(text), NULL), WORDS_MASK);
    assert_int_equal(words_find(w, "the usher", 9, NULL), WORDS_HOLD);
    assert_int_equal(words_find(w, "of us", 5, NULL), WORDS_REJECT);
    words_mask(w, text, strlen(text));
    assert_string_equal(text, "u*****, a*** ***");
    words_free(w);
}

static void the_empty_list_matches_nothing(void **state)
{
    char text[] = "text";
    struct words *w = words_new(NULL, 0);
    (void)state;
    assert_int_equal(words_find(w, text, 4, NULL), WORDS_NONE);
    assert_int_equal(words_mask(w, text, 4), 4);
    assert_int_equal(words_find(NULL, text, 4, NULL), WORDS_NONE);
    assert_int_equal(words_mask(NULL, text, 4), 4);
    assert_string_equal(text, "text");
    words_free(w);
    words_free(NULL);
}

static void patterns_that_could_match_nothing_or_are_too_long_are_refused(void **state)
{
    char longest[WORDS_PATTERN_MAX + 2];
    static const char *const bad[] = {"", " ", "...", "\u200B", "\u0301", "a\xFF"};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err e = ERR_INIT;
        assert_int_equal(words_check(bad[i], &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "pattern");
    }
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(words_check(longest, NULL), -1);
    longest[WORDS_PATTERN_MAX] = '\0';
    assert_int_equal(words_check(longest, NULL), 0);
    for (size_t i = 0; i < WORDS_PATTERN_MAX; i++) {
        longest[i] = "ab"[i % 2];
    }
    assert_int_equal(words_check(longest, NULL), -1);
    longest[64] = '\0';
    assert_int_equal(words_check(longest, NULL), 0);
    struct words_entry entries[] = {
        {"...", false, WORDS_REJECT}, {longest, false, WORDS_HOLD}, {"x", false, WORDS_NONE}};
    struct words *w = words_new(entries, COUNT(entries));
    assert_int_equal(words_find(w, "... x", 5, NULL), WORDS_NONE);
    assert_int_equal(words_find(w, longest, 64, NULL), WORDS_HOLD);
    words_free(w);
}

static void any_bytes_can_be_searched(void **state)
{
    static const struct words_entry entry = {"foo", true, WORDS_MASK};
    static const char *const texts[] = {"\xFF\xFE foo \xC3", "\xE2\x80", "foo\xE2\x80", "\xF0\x9F\x98"};
    struct words *w = words_new(&entry, 1);
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        char text[20];
        size_t length = strlen(texts[i]);
        memcpy(text, texts[i], length + 1);
        enum words_act act = words_find(w, text, length, NULL);
        assert_int_equal(act, strstr(texts[i], "foo") != NULL ? WORDS_MASK : WORDS_NONE);
        assert_true(words_mask(w, text, length) <= length);
        assert_null(strstr(text, "foo"));
    }
    words_free(w);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The time to search and mask a text that repeats a unit. */
static double time_of(const struct words *w, const char *unit, size_t size)
{
    size_t length = 0;
    char *text = malloc(size + 1);
    assert_non_null(text);
    for (; length + strlen(unit) <= size; length += strlen(unit)) {
        memcpy(text + length, unit, strlen(unit));
    }
    text[length] = '\0';
    double start = seconds();
    (void)words_find(w, text, length, NULL);
    double searched = seconds() - start;
    (void)words_mask(w, text, length);
    free(text);
    return searched;
}

/* Prints figures with TIMES=1. 16 times the text may take 64 times as long: machines are busy. */
static void a_text_takes_time_in_proportion_to_its_length_whatever_is_in_it(void **state)
{
    static const char *const units[] = {"the quick brown fox jumps over a lazy dog. ",
                                        "a",
                                        "a ",
                                        "a\u200B",
                                        "ab",
                                        "a.",
                                        "e\u0301\u0302",
                                        "a\u200B\u200B \u200B",
                                        "f u c k ",
                                        "\u200B",
                                        "съешь ещё этих булок ",
                                        "伊安王伟李娜，",
                                        "نص حكيم ",
                                        "다람쥐 헌 ",
                                        "\uFDFA",
                                        "\U0001D408",
                                        "1!|I",
                                        "😀",
                                        " \n"};
    static char patterns[WORDS_MAX][WORDS_PATTERN_MAX];
    static struct words_entry entries[WORDS_MAX];
    uint64_t seed = 5;
    (void)state;
    for (size_t i = 0; i < WORDS_MAX; i++) {
        size_t length = i < 64 ? i + 1 : 3 + support_random(&seed) % 8; /* abab... nested, then any words */
        for (size_t j = 0; j < length; j++) {
            patterns[i][j] = i < 64 ? "ab"[j % 2] : (char)('a' + support_random(&seed) % 26);
        }
        entries[i] = (struct words_entry){.pattern = patterns[i], .is_whole = i % 2 == 0, .act = WORDS_MASK};
    }
    struct words *w = words_new(entries, WORDS_MAX);
    for (size_t i = 0; i < COUNT(units); i++) {
        double some = time_of(w, units[i], 1 << 14);
        double more = time_of(w, units[i], 1 << 18);
        if (getenv("TIMES") != NULL) {
            print_message("%8.2f ms for 1 MiB of '%s'\n", time_of(w, units[i], 1 << 20) * 1e3, units[i]);
        }
        if (more > 1 && more > 64 * some) {
            fail_msg("'%s': %.1f ms for 16 KiB, but %.1f ms for 256 KiB", units[i], some * 1e3, more * 1e3);
        }
    }
    words_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_matches_passes_or_is_masked_as_the_case_says),
        cmocka_unit_test(the_strictest_act_wins),
        cmocka_unit_test(only_entries_that_mask_are_masked),
        cmocka_unit_test(entries_within_each_other_are_all_found),
        cmocka_unit_test(the_empty_list_matches_nothing),
        cmocka_unit_test(patterns_that_could_match_nothing_or_are_too_long_are_refused),
        cmocka_unit_test(any_bytes_can_be_searched),
        cmocka_unit_test(a_text_takes_time_in_proportion_to_its_length_whatever_is_in_it),
    };
    return RUN(tests);
}
