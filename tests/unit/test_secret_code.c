/* test_secret_code.c - base/secret_code.h: codes that people read and type. */
#include "support.h"

#include "base/secret_code.h"

static void a_code_has_groups_of_four_and_no_characters_that_are_mistaken(void **state)
{
    char code[SECRET_CODE_SIZE];
    (void)state;
    for (int i = 0; i < 100; i++) {
        secret_code_make(code, 16);
        assert_int_equal(strlen(code), 19);
        assert_true(code[4] == '-' && code[9] == '-' && code[14] == '-');
        assert_int_equal(strcspn(code, "01IO"), 19);
    }
}

static void two_codes_differ(void **state)
{
    char a[SECRET_CODE_SIZE];
    char b[SECRET_CODE_SIZE];
    (void)state;
    secret_code_make(a, 32);
    secret_code_make(b, 32);
    assert_string_not_equal(a, b);
}

static void spaces_hyphens_and_capitals_do_not_count(void **state)
{
    (void)state;
    assert_true(secret_code_is_same("K7QM-2XRT", "k7qm2xrt"));
    assert_true(secret_code_is_same("K7QM-2XRT", " K7 QM 2X RT "));
    assert_false(secret_code_is_same("K7QM-2XRT", "K7QM-2XRU"));
    assert_false(secret_code_is_same("K7QM-2XRT", "K7QM-2XR"));
}

static void what_cannot_be_a_code_is_the_same_as_nothing(void **state)
{
    static const char *const texts[] = {"", "-", "K7QM-2XR0", "K7QM/2XRT", "K7QM2XRTK7QM2XRTK7QM2XRTK7QM2XRTK7QM"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_false(secret_code_is_same(texts[i], texts[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_has_groups_of_four_and_no_characters_that_are_mistaken),
        cmocka_unit_test(two_codes_differ),
        cmocka_unit_test(spaces_hyphens_and_capitals_do_not_count),
        cmocka_unit_test(what_cannot_be_a_code_is_the_same_as_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
