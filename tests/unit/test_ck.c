/* test_ck.c - ck.h: memory that is there or the program ends, and checks that stay on. */
#include "support.h"

#include "base/ck.h"

static void sizes_of_0_give_memory_too(void **state)
{
    void *blocks[] = {ck_malloc(0), ck_calloc(0, 0), ck_calloc(0, 8), ck_calloc(8, 0), ck_realloc(NULL, 0)};
    (void)state;
    for (size_t i = 0; i < COUNT(blocks); i++) {
        assert_non_null(blocks[i]);
        memset(blocks[i], 1, 1);
        free(blocks[i]);
    }
}

static void calloc_is_zero(void **state)
{
    static const char zeros[1000];
    char *block = ck_calloc(10, 100);
    (void)state;
    assert_memory_equal(block, zeros, sizeof zeros);
    free(block);
}

static void realloc_keeps_what_was_there(void **state)
{
    char *block = ck_strdup("abc");
    (void)state;
    block = ck_realloc(block, 10000);
    assert_string_equal(block, "abc");
    free(block);
}

static void copies_have_a_nul_behind(void **state)
{
    char *copy = ck_memdup0("a\0bc", 3);
    (void)state;
    assert_memory_equal(copy, "a\0b", 4);
    free(copy);
    copy = ck_memdup0(NULL, 0);
    assert_string_equal(copy, "");
    free(copy);
}

static void break_a_check(void)
{
    volatile int one = 1;
    CK(one == 2);
}

static void keep_a_check(void)
{
    volatile int one = 1;
    CK(one == 1);
}

static void what_must_not_be_ends_the_program(void **state)
{
    (void)state;
    assert_true(support_aborts(break_a_check));
    assert_false(support_aborts(keep_a_check));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_0_give_memory_too),        cmocka_unit_test(calloc_is_zero),
        cmocka_unit_test(realloc_keeps_what_was_there),      cmocka_unit_test(copies_have_a_nul_behind),
        cmocka_unit_test(what_must_not_be_ends_the_program),
    };
    return RUN(tests);
}
