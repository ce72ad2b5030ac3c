/* test_forms.c - forms.h: folded characters, and what they look like. */
#include "support.h"

#include "base/invisible.h"
#include "base/str.h"
#include "peace/confusables.h"
#include "peace/forms.h"

#include <utf8proc.h>

enum { POINTS_MAX = 200 };

static size_t points_of(const char *text, uint32_t points[POINTS_MAX])
{
    size_t count = 0;
    for (size_t at = 0, size = 0; at < strlen(text); at += size) {
        size = str_utf8_next(text + at, strlen(text) - at, &points[count++]);
        assert_true(size > 0);
    }
    return count;
}

static void assert_fold(const char *text, const char *expected)
{
    uint32_t points[POINTS_MAX];
    char got[4 * POINTS_MAX];
    size_t count = forms_fold(text, strlen(text), points, POINTS_MAX);
    assert_in_range(count, 0, POINTS_MAX);
    forms_write(points, count, got, sizeof got);
    assert_string_equal(got, expected);
}

static void folding_makes_letters_small_and_variants_plain(void **state)
{
    (void)state;
    assert_fold("Ian", "ian");
    assert_fold("ΣΊΣΥΦΟΣ", "σίσυφοσ");
    assert_fold("Straße", "strasse");
    assert_fold("\uFF29\uFF41\uFF4E", "ian");              /* full width */
    assert_fold("\U0001D408\U0001D41A\U0001D427", "ian");  /* mathematical bold */
    assert_fold("\uFB01n", "fin");                         /* a ligature */
    assert_fold("\u24BE\u24D0\u24DD", "ian");              /* in circles */
    assert_fold("A\u030Angstro\u0308m", "ångström");       /* composed */
    assert_fold("\u1112\u1161\u11AB", "한");               /* Hangul from its parts */
    assert_fold("I\u200Ba\u00ADn\uFE0F\U000E0041", "ian"); /* characters that draw nothing */
    assert_fold("\u2800a\u3164", "a");
}

static void folding_twice_changes_nothing(void **state)
{
    uint32_t point[1];
    (void)state;
    for (uint32_t c = 1; c < 0x110000; c++) {
        uint32_t once[POINTS_MAX];
        uint32_t twice[POINTS_MAX];
        char text[4 * FORMS_LOOK_MAX + 5];
        point[0] = c;
        if (c >= 0xD800 && c <= 0xDFFF) {
            continue;
        }
        size_t length = forms_write(point, 1, text, sizeof text);
        size_t count = forms_fold(text, length, once, POINTS_MAX);
        length = forms_write(once, count, text, sizeof text);
        size_t again = forms_fold(text, length, twice, POINTS_MAX);
        if (again != count || memcmp(once, twice, count * sizeof once[0]) != 0) {
            fail_msg("U+%04X is folded again by a second folding", (unsigned)c);
        }
    }
}

static void bytes_that_are_not_utf8_or_do_not_fit_are_told(void **state)
{
    uint32_t points[4];
    (void)state;
    assert_int_equal(forms_fold("a\xFF", 2, points, 4), 5);
    assert_int_equal(forms_fold("abcde", 5, points, 4), 5);
    assert_int_equal(forms_fold("abcd", 4, points, 4), 4);
    assert_int_equal(forms_compose("\xED\xA0\x80", 3, points, 4), 5);
}

/* The promise behind FORMS_LOOK_MAX; forms_look aborts if a look leads back to itself. */
static void each_character_of_unicode_has_a_look_that_looks_like_itself(void **state)
{
    size_t longest = 0;
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint32_t look[FORMS_LOOK_MAX];
        size_t count = forms_look(c, look);
        longest = count > longest ? count : longest;
        for (size_t i = 0; i < count; i++) {
            uint32_t again[FORMS_LOOK_MAX];
            if (forms_look(look[i], again) != 1 || again[0] != look[i]) {
                fail_msg("U+%04X looks like U+%04X, which looks like something else", (unsigned)c, (unsigned)look[i]);
            }
        }
    }
    assert_int_equal(longest, 18); /* U+FDFA */
}

static void a_letter_looks_like_its_prototype(void **state)
{
    static const struct {
        uint32_t c;
        const char *look;
    } cases[] = {{'I', "l"},    {'1', "l"},     {'|', "l"},     {0x399, "l"}, {0x406, "l"},   {0x4CF, "i"},
                 {'m', "rn"},   {'0', "o"},     {'O', "o"},     {0x41E, "o"}, {0x430, "a"},   {0xFF21, "a"},
                 {0x41C, "rn"}, {0x43C, "rn"},  {0x442, "t"},   {0x422, "t"}, {0x432, "b"},   {0x3B2, "b"},
                 {0x13A0, "d"}, {0x1D400, "a"}, {0xD55C, "한"}, {0x200B, ""}, {0x1F600, "😀"}, {0x4F0A, "伊"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t look[FORMS_LOOK_MAX];
        char text[100];
        forms_write(look, forms_look(cases[i].c, look), text, sizeof text);
        assert_string_equal(text, cases[i].look);
    }
}

static void the_table_is_of_the_version_of_unicode_that_utf8proc_has(void **state)
{
    char version[40];
    (void)state;
    char *text = support_read_file("cgi-bin/peace/confusables.txt", NULL);
    snprintf(version, sizeof version, "\n# Version: %.2s", utf8proc_unicode_version());
    if (strncmp(utf8proc_unicode_version(), "15", 2) == 0) { /* a newer library is welcome, too */
        assert_contains(text, version);
    }
    free(text);
    assert_true(confusables_count > 6000);
    for (size_t i = 1; i < confusables_count; i++) {
        assert_true(confusables_pairs[i - 1].from < confusables_pairs[i].from);
    }
}

static void kinds_are_those_of_unicode(void **state)
{
    static const struct {
        uint32_t c;
        enum forms_kind kind;
    } cases[] = {{'a', FORMS_LETTER},      {0x4F0A, FORMS_LETTER},  {0x93F, FORMS_LETTER}, {'7', FORMS_DIGIT},
                 {0x663, FORMS_DIGIT},     {0x301, FORMS_MARK},     {' ', FORMS_SPACE},    {'\n', FORMS_SPACE},
                 {0x3000, FORMS_SPACE},    {'-', FORMS_SIGN},       {'$', FORMS_SIGN},     {0x60, FORMS_SIGN},
                 {0x1F600, FORMS_PICTURE}, {0x200B, FORMS_NOTHING}, {0x7F, FORMS_NOTHING}, {0x378, FORMS_NOTHING},
                 {0xE0041, FORMS_NOTHING}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(forms_kind_of(cases[i].c), cases[i].kind);
    }
    assert_true(forms_is_capital('A') && forms_is_capital(0x410));
    assert_false(forms_is_capital('a') || forms_is_capital('1') || forms_is_capital(0x4F0A));
}

static void accents_are_told_from_marks_that_make_another_letter(void **state)
{
    (void)state;
    assert_true(forms_is_accent(0x301, 'a'));
    assert_true(forms_is_accent(0x64E, 0x639)); /* fatha on ain */
    assert_true(forms_is_accent(0x5B0, 0x5D0));
    assert_true(forms_is_accent(0xE48, 'a')); /* a Thai mark on a Latin letter */
    assert_false(forms_is_accent(0xE48, 0xE01));
    assert_false(forms_is_accent(0x3099, 0x304B)); /* ga is not ka */
    assert_false(forms_is_accent(0x947, 0x915));
}

static void a_text_is_cut_between_the_characters_that_a_reader_sees(void **state)
{
    uint32_t points[POINTS_MAX];
    (void)state;
    assert_int_equal(forms_cut(points, points_of("abc", points), 2), 2);
    assert_int_equal(forms_cut(points, points_of("abc", points), 9), 3);
    assert_int_equal(forms_cut(points, points_of("ae\u0301\u0302", points), 3), 1);
    assert_int_equal(forms_cut(points, points_of("\U0001F468\u200D\U0001F469\u200D\U0001F467x", points), 4), 0);
    assert_int_equal(forms_cut(points, points_of("\U0001F468\u200D\U0001F469\u200D\U0001F467x", points), 5), 5);
}

static void what_does_not_fit_is_not_written(void **state)
{
    static const uint32_t points[] = {'a', 0x1F600};
    char out[16];
    (void)state;
    assert_int_equal(forms_write(points, 2, out, sizeof out), 5);
    assert_string_equal(out, "a😀");
    assert_int_equal(forms_write(points, 2, out, 5), 5);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_makes_letters_small_and_variants_plain),
        cmocka_unit_test(folding_twice_changes_nothing),
        cmocka_unit_test(bytes_that_are_not_utf8_or_do_not_fit_are_told),
        cmocka_unit_test(each_character_of_unicode_has_a_look_that_looks_like_itself),
        cmocka_unit_test(a_letter_looks_like_its_prototype),
        cmocka_unit_test(the_table_is_of_the_version_of_unicode_that_utf8proc_has),
        cmocka_unit_test(kinds_are_those_of_unicode),
        cmocka_unit_test(accents_are_told_from_marks_that_make_another_letter),
        cmocka_unit_test(a_text_is_cut_between_the_characters_that_a_reader_sees),
        cmocka_unit_test(what_does_not_fit_is_not_written),
    };
    return RUN(tests);
}
