/* test_err.c - err.h: the first error wins, its text fits, and errno becomes a code. */
#include "support.h"

#include "base/err.h"

#include <errno.h>

static void the_first_error_wins(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(err_set(&e, ERR_BUSY, "locked for %d s", 5), -1);
    assert_int_equal(err_field(&e, ERR_INPUT, "name", "while undoing"), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_string_equal(e.text, "locked for 5 s");
    assert_string_equal(e.field, "");
}

static void a_caller_may_ignore_the_error(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_SYSTEM, "x"), -1);
    assert_int_equal(err_field(NULL, ERR_INPUT, "f", "x"), -1);
    err_clear(NULL);
}

static void a_moved_error_is_whole_and_hides_none(void **state)
{
    struct err inner = ERR_INIT;
    struct err outer = ERR_INIT;
    (void)state;
    err_field(&inner, ERR_INPUT, "name", "bad");
    assert_int_equal(err_move(NULL, &inner), -1);
    assert_int_equal(err_move(&outer, &inner), -1);
    assert_int_equal(outer.code, ERR_INPUT);
    assert_string_equal(outer.field, "name");
    assert_string_equal(outer.text, "bad");
    err_clear(&inner);
    err_set(&inner, ERR_FULL, "full");
    assert_int_equal(err_move(&outer, &inner), -1);
    assert_int_equal(outer.code, ERR_INPUT);
}

static void an_errno_of_a_full_disk_is_told_from_one_of_missing_rights(void **state)
{
    static const struct {
        int number;
        enum err_code code;
    } cases[] = {{ENOSPC, ERR_FULL},     {EDQUOT, ERR_FULL},    {EFBIG, ERR_FULL},    {EACCES, ERR_READONLY},
                 {EPERM, ERR_READONLY},  {EROFS, ERR_READONLY}, {ENOENT, ERR_ABSENT}, {ENOTDIR, ERR_ABSENT},
                 {EEXIST, ERR_CONFLICT}, {EIO, ERR_SYSTEM},     {0, ERR_SYSTEM}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(err_of_errno(cases[i].number), cases[i].code);
    }
}

static void field_and_text_that_are_too_long_are_cut(void **state)
{
    struct err e = ERR_INIT;
    char text[1000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    err_field(&e, ERR_INPUT, text, "%s", text);
    assert_int_equal(strlen(e.field), 31);
    assert_int_equal(strlen(e.text), 511);
}

static void a_cleared_error_takes_the_next_one(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    err_field(&e, ERR_INPUT, "name", "bad");
    err_clear(&e);
    assert_int_equal(e.code, ERR_NONE);
    assert_string_equal(e.text, "");
    assert_string_equal(e.field, "");
    err_set(&e, ERR_FULL, "full");
    assert_int_equal(e.code, ERR_FULL);
}

static void a_field_given_by_a_stranger_is_no_format(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    err_field(&e, ERR_INPUT, "%s%n", "%s", "%n%s");
    assert_string_equal(e.field, "%s%n");
    assert_string_equal(e.text, "%n%s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_error_wins),
        cmocka_unit_test(a_caller_may_ignore_the_error),
        cmocka_unit_test(a_moved_error_is_whole_and_hides_none),
        cmocka_unit_test(an_errno_of_a_full_disk_is_told_from_one_of_missing_rights),
        cmocka_unit_test(field_and_text_that_are_too_long_are_cut),
        cmocka_unit_test(a_cleared_error_takes_the_next_one),
        cmocka_unit_test(a_field_given_by_a_stranger_is_no_format),
    };
    return RUN(tests);
}
