/* test_ck.c - ck.h: an allocation succeeds or ends the program, and checks also run in release
 * builds. */
#include "support.h"

#include "base/ck.h"

static void a_size_of_0_returns_memory(void **state)
{
    void *blocks[] = {ck_malloc(0), ck_calloc(0, 0), ck_calloc(0, 8), ck_calloc(8, 0), ck_realloc(NULL, 0)};
    (void)state;
    for (size_t i = 0; i < COUNT(blocks); i++) {
        assert_non_null(blocks[i]);
        memset(blocks[i], 1, 1);
        free(blocks[i]);
    }
}

static void calloc_returns_zeros(void **state)
{
    static const char zeros[1000];
    char *block = ck_calloc(10, 100);
    (void)state;
    assert_memory_equal(block, zeros, sizeof zeros);
    free(block);
}

static void realloc_keeps_the_contents(void **state)
{
    char *block = ck_strdup("abc");
    (void)state;
    block = ck_realloc(block, 10000);
    assert_string_equal(block, "abc");
    free(block);
}

static void copies_end_with_a_nul(void **state)
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

static void a_failed_check_ends_the_program(void **state)
{
    (void)state;
    assert_true(support_aborts(break_a_check));
    assert_false(support_aborts(keep_a_check));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_of_0_returns_memory),      cmocka_unit_test(calloc_returns_zeros),
        cmocka_unit_test(realloc_keeps_the_contents),      cmocka_unit_test(copies_end_with_a_nul),
        cmocka_unit_test(a_failed_check_ends_the_program),
    };
    return RUN(tests);
}
