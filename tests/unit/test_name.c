/* test_name.c - name.h: which names are the same, and which look alike.
 *
 * The cases are in tests/cases/names. Keys:
 *   name     the name that is known
 *   same     another spelling of it (may be given several times, like all that follow)
 *   alike    another name that looks like it
 *   marked   looks like it or is odd by itself, so it is marked at least
 *   other    neither the same nor alike, and not odd: it passes
 *   refused  chat_set_name doesn't take it, because it has a character that draws nothing
 */
#include "support.h"

#include "base/err.h"
#include "peace/name.h"

#include <time.h>

static bool forms_of(const char *name, size_t length, struct name_forms *forms)
{
    struct chat_draft d;
    struct err e = ERR_INIT;
    chat_draft_init(&d);
    bool taken = chat_set_name(&d, name, length, NULL) == 0;
    if (taken && name_forms_of(d.name, forms, &e) != 0) {
        fail_msg("'%s' is a valid name, but has no forms: %s", d.name, e.text);
    }
    chat_draft_fini(&d);
    return taken;
}

static size_t wrong; /* names in all cases */

static void check(struct support_case *c, const struct name_forms *known, const char *key)
{
    size_t length = 0;
    for (const char *name = NULL; (name = support_case_value(c, key, &length)) != NULL;) {
        struct name_forms forms;
        bool taken = forms_of(name, length, &forms);
        bool same = taken && strcmp(forms.fold, known->fold) == 0;
        bool alike = taken && !same && strcmp(forms.look, known->look) == 0;
        const char *is = !taken ? "refused" : same ? "same" : alike ? "alike" : forms.is_odd ? "marked" : "other";
        bool marked = strcmp(key, "marked") == 0 && (alike || (taken && !same && forms.is_odd));
        if (strcmp(is, key) != 0 && !marked) {
            print_error("%s: '%s' should be %s, but is %s (fold '%s', look '%s', not '%s', '%s')\n", c->path, name, key,
                        is, taken ? forms.fold : "", taken ? forms.look : "", known->fold, known->look);
            wrong++;
        }
    }
}

static void run_case(struct support_case *c)
{
    static const char *const keys[] = {"same", "alike", "marked", "other", "refused"};
    struct name_forms known;
    size_t length = 0;
    const char *name = support_case_value(c, "name", &length);
    if (name == NULL || !forms_of(name, length, &known)) {
        fail_msg("%s needs a valid name", c->path);
        return;
    }
    for (size_t i = 0; i < COUNT(keys); i++) {
        check(c, &known, keys[i]);
    }
}

static void each_name_is_the_same_alike_or_another_as_the_case_says(void **state)
{
    (void)state;
    support_each_case("tests/cases/names", 20, run_case);
    assert_int_equal(wrong, 0);
}

/* Names of people in many scripts. None may be taken for another one, nor be odd. */
static void honest_names_of_many_scripts_do_not_collide(void **state)
{
    static char *names[500];
    static struct name_forms forms[500];
    size_t count = 0;
    char *rest = NULL;
    (void)state;
    char *text = support_read_file("tests/cases/honest-names.txt", NULL);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        if (line[0] != '#') {
            assert_true(count < COUNT(names));
            names[count] = line;
            if (!forms_of(line, strlen(line), &forms[count]) || forms[count].is_odd) {
                fail_msg("'%s' is refused or odd", line);
            }
            count++;
        }
    }
    assert_true(count > 200);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(forms[i].fold, forms[j].fold) == 0 || strcmp(forms[i].look, forms[j].look) == 0) {
                fail_msg("'%s' looks like '%s': '%s'", names[i], names[j], forms[i].look);
            }
        }
    }
    free(text);
}

static void a_name_that_is_not_utf8_or_stands_for_too_much_is_refused(void **state)
{
    struct name_forms forms;
    struct err e = ERR_INIT;
    char phrase[3 * CHAT_NAME_MAX + 1] = "";
    (void)state;
    assert_int_equal(name_forms_of("\xC3(", &forms, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_string_equal(e.field, "name");
    err_clear(&e);
    assert_int_equal(name_forms_of("", &forms, &e), -1);
    err_clear(&e);
    assert_int_equal(name_forms_of("\u200B\u00AD", &forms, &e), -1);
    err_clear(&e);
    for (size_t i = 0; i < CHAT_NAME_MAX; i++) {
        memcpy(phrase + 3 * i, "\uFDFA", 4); /* 18 letters each */
    }
    assert_int_equal(name_forms_of(phrase, &forms, &e), -1);
    assert_string_equal(e.field, "name");
    assert_int_equal(name_forms_of("محمد \uFDFA", &forms, NULL), 0);
}

static void the_longest_names_of_each_script_have_forms(void **state)
{
    static const char *const letters[] = {"m", "ё", "ﾊ", "한", "語", "कि", "ộ", "\U0001F600", "\U0001D408", "ณ", "ഠ"};
    (void)state;
    for (size_t i = 0; i < COUNT(letters); i++) {
        char name[CHAT_NAME_BYTES_MAX + 1] = "";
        struct name_forms forms;
        size_t most = strcmp(letters[i], "कि") == 0 ? CHAT_NAME_MAX / 2 : CHAT_NAME_MAX;
        for (size_t j = 0; j < most; j++) {
            strcat(name, letters[i]); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy): 4 bytes a character */
        }
        assert_true(forms_of(name, strlen(name), &forms));
    }
}

static void words_for_anybody_are_common(void **state)
{
    struct name_forms forms;
    (void)state;
    assert_true(forms_of(CHAT_NAME_DEFAULT, strlen(CHAT_NAME_DEFAULT), &forms) && name_is_common(forms.fold));
    assert_true(forms_of("GUEST", 5, &forms) && name_is_common(forms.fold));
    assert_true(forms_of("Гость", strlen("Гость"), &forms) && name_is_common(forms.fold));
    assert_true(forms_of("ゲスト", strlen("ゲスト"), &forms) && name_is_common(forms.fold));
    assert_false(name_is_common("ann") || name_is_common("guest 2") || name_is_common(""));
}

static void suggestions_count_on(void **state)
{
    static const struct {
        const char *name;
        unsigned n;
        const char *suggestion;
    } cases[] = {{"ann", 0, "ann 2"},           {"ann", 1, "ann 3"},
                 {"ann 7", 0, "ann 8"},         {"ann 7", 5, "ann 13"},
                 {"ann7", 0, "ann7 2"},         {"7", 0, "7 2"},
                 {"ann 1234", 0, "ann 1234 2"}, {"ann 0", 0, "ann 0 2"},
                 {"伊安", 0, "伊安 2"},         {"ann", NAME_SUGGEST_MAX - 1, "ann 1001"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[CHAT_NAME_BYTES_MAX + 1];
        name_suggest(cases[i].name, cases[i].n, out);
        assert_string_equal(out, cases[i].suggestion);
    }
}

static void suggestions_for_long_names_are_valid_and_cut_no_character(void **state)
{
    static const char *const units[] = {"m",
                                        "한",
                                        "\U0001F600",
                                        "e\u0301",
                                        "\U0001F468\u200D\U0001F469\u200D\U0001F467",
                                        "\u2764\uFE0F",
                                        "کتاب\u200Cها",
                                        "a "};
    (void)state;
    for (size_t i = 0; i < COUNT(units); i++) {
        struct chat_draft d;
        char name[10 * CHAT_NAME_BYTES_MAX] = "";
        char out[CHAT_NAME_BYTES_MAX + 1];
        chat_draft_init(&d);
        for (size_t end = 0;; end += strlen(units[i])) { /* as many as fit in a name */
            memcpy(name + end, units[i], strlen(units[i]) + 1);
            if (chat_set_name(&d, name, strlen(name), NULL) != 0) {
                break;
            }
        }
        for (unsigned n = 0; n < NAME_SUGGEST_MAX; n += 111) {
            struct name_forms taken;
            struct name_forms offered;
            name_suggest(d.name, n, out);
            struct chat_draft again;
            chat_draft_init(&again);
            assert_int_equal(chat_set_name(&again, out, strlen(out), NULL), 0);
            assert_string_equal(again.name, out);
            assert_true(forms_of(d.name, strlen(d.name), &taken) && forms_of(out, strlen(out), &offered));
            assert_string_not_equal(taken.look, offered.look);
            chat_draft_fini(&again);
        }
        chat_draft_fini(&d);
    }
}

/* The last units are repeated to long names. Prints figures with TIMES=1. */
static void the_forms_of_a_name_take_microseconds(void **state)
{
    static const char *const units[] = {"Ann", "Иван Петров", "田中ひろし", "عمر",    "m0d3r4t0r",
                                        "m",   "ё",           "한",         "\uFDFA", "क्षि"};
    (void)state;
    for (size_t i = 0; i < COUNT(units); i++) {
        char name[CHAT_NAME_BYTES_MAX + 1] = "";
        struct name_forms forms;
        size_t unit = strlen(units[i]);
        for (size_t at = 0; i > 4 && at < CHAT_NAME_MAX * unit && at + unit <= CHAT_NAME_BYTES_MAX; at += unit) {
            memcpy(name + at, units[i], unit + 1);
        }
        clock_t start = clock();
        for (int round = 0; round < 1000; round++) {
            (void)name_forms_of(i > 4 ? name : units[i], &forms, NULL);
        }
        double each = (double)(clock() - start) / CLOCKS_PER_SEC * 1e3;
        if (getenv("TIMES") != NULL) {
            print_message("%8.2f us for '%s'\n", each, i > 4 ? name : units[i]);
        }
        assert_true(each < 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_is_the_same_alike_or_another_as_the_case_says),
        cmocka_unit_test(honest_names_of_many_scripts_do_not_collide),
        cmocka_unit_test(a_name_that_is_not_utf8_or_stands_for_too_much_is_refused),
        cmocka_unit_test(the_longest_names_of_each_script_have_forms),
        cmocka_unit_test(words_for_anybody_are_common),
        cmocka_unit_test(the_forms_of_a_name_take_microseconds),
        cmocka_unit_test(suggestions_count_on),
        cmocka_unit_test(suggestions_for_long_names_are_valid_and_cut_no_character),
    };
    return RUN(tests);
}
