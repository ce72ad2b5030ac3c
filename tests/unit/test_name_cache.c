/* test_name_cache.c - site/name_cache.h: the forms are those of the name, whatever was asked
 * before. */
#include "support.h"

#include "base/err.h"
#include "peace/name.h"
#include "site/name_cache.h"

static void assert_same_forms(const char *name)
{
    struct name_forms direct;
    struct name_forms cached;
    struct err e = ERR_INIT;
    assert_int_equal(name_forms_of(name, &direct, &e), 0);
    assert_int_equal(name_cache_forms(name, &cached, &e), 0);
    assert_string_equal(cached.fold, direct.fold);
    assert_string_equal(cached.look, direct.look);
    assert_int_equal(cached.is_odd, direct.is_odd);
}

static void the_forms_are_those_of_the_name_at_first_and_later(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_same_forms("Ian");
        assert_same_forms("\xce\x99\xce\xb1\x6e");     /* with a Greek iota and alpha */
        assert_same_forms("\xd0\x86\xd0\x90\xd0\x9d"); /* in Cyrillic capitals */
        assert_same_forms("ann");
        assert_same_forms("Ann");
    }
}

static void many_names_drive_each_other_out_and_stay_right(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        char name[32];
        snprintf(name, sizeof name, "Visitor %d", i % 1500);
        assert_same_forms(name);
    }
}

static void a_name_that_is_none_is_refused_each_time(void **state)
{
    struct name_forms forms;
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct err e = ERR_INIT;
        assert_int_equal(name_cache_forms("\xff", &forms, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forms_are_those_of_the_name_at_first_and_later),
        cmocka_unit_test(many_names_drive_each_other_out_and_stay_right),
        cmocka_unit_test(a_name_that_is_none_is_refused_each_time),
    };
    return RUN(tests);
}
