/* test_err.c - err.h: the first error wins, and its words fit. */
#include "support.h"

#include "base/err.h"

#include <errno.h>

static void first_error_wins(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(err_set(&e, ERR_BUSY, "locked for %d s", 5), -1);
    assert_int_equal(err_field(&e, ERR_INPUT, "name", "while undoing"), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_string_equal(e.text, "locked for 5 s");
    assert_string_equal(e.field, "");
}

static void nobody_has_to_care(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_SYSTEM, "x"), -1);
    assert_int_equal(err_field(NULL, ERR_INPUT, "f", "x"), -1);
    err_clear(NULL);
}

static void keeps_errno_of_that_moment(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    errno = ENOSPC;
    err_set(&e, ERR_FULL, "full");
    errno = 0;
    assert_int_equal(e.os_errno, ENOSPC);
}

static void cuts_field_and_text_that_are_too_long(void **state)
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

static void cleared_it_takes_the_next_one(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    errno = EIO;
    err_field(&e, ERR_INPUT, "name", "bad");
    err_clear(&e);
    assert_int_equal(e.code, ERR_NONE);
    assert_int_equal(e.os_errno, 0);
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
        cmocka_unit_test(first_error_wins),
        cmocka_unit_test(nobody_has_to_care),
        cmocka_unit_test(keeps_errno_of_that_moment),
        cmocka_unit_test(cuts_field_and_text_that_are_too_long),
        cmocka_unit_test(cleared_it_takes_the_next_one),
        cmocka_unit_test(a_field_given_by_a_stranger_is_no_format),
    };
    return RUN(tests);
}
