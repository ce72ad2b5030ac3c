/* test_spelling.c - spelling.h: a typing error is recognised, and another word is not. */
#include "support.h"

#include "base/spelling.h"

static size_t distance(const char *a, const char *b)
{
    size_t there = spelling_distance(a, strlen(a), b);
    assert_int_equal(spelling_distance(b, strlen(b), a), there);
    return there;
}

static void typing_errors_are_counted(void **state)
{
    (void)state;
    assert_int_equal(distance("data", "data"), 0);
    assert_int_equal(distance("", ""), 0);
    assert_int_equal(distance("", "data"), 4);
    assert_int_equal(distance("dta", "data"), 1);
    assert_int_equal(distance("adta", "data"), 1); /* two letters swapped */
    assert_int_equal(distance("dara", "data"), 1);
    assert_int_equal(distance("datta", "data"), 1);
    assert_int_equal(distance("Max-Wait", "max_wait"), 0);
    assert_int_equal(distance("ca", "abc"), 3); /* no letter is moved twice */
    assert_int_equal(spelling_distance("dataX", 4, "data"), 0);
}

static void a_long_word_is_similar_to_none(void **state)
{
    char word[SPELLING_MAX + 2];
    (void)state;
    memset(word, 'a', sizeof word - 1);
    word[SPELLING_MAX + 1] = '\0';
    assert_int_equal(distance(word, "data"), SPELLING_MAX + 1);
    assert_int_equal(spelling_distance(word, SPELLING_MAX, word + 1), 0);
    assert_false(spelling_is(word, SPELLING_MAX + 1, "data"));
}

static void the_intended_word_is_found(void **state)
{
    static const char *const near[][2] = {{"dta", "data"},
                                          {"DATA", "data"},
                                          {"data_folder", "data"},
                                          {"chat-data", "data"},
                                          {"database", "data"},
                                          {"my_database", "data"},
                                          {"trusted_proxy", "trusted_proxies"},
                                          {"max_waiting_for_apache", "max_waiting_apache"},
                                          {"allow_origins", "allow_origin"}};
    static const char *const far[][2] = {{"date_of", "data"},      {"", "data"},
                                         {"threads", "heads"},     {"colour", "doctor"},
                                         {"max_text", "max_wait"}, {"poll_rate", "max_held"}};
    (void)state;
    for (size_t i = 0; i < COUNT(near); i++) {
        if (!spelling_is(near[i][0], strlen(near[i][0]), near[i][1])) {
            fail_msg("%s is not near %s", near[i][0], near[i][1]);
        }
    }
    for (size_t i = 0; i < COUNT(far); i++) {
        if (spelling_is(far[i][0], strlen(far[i][0]), far[i][1])) {
            fail_msg("%s is near %s", far[i][0], far[i][1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typing_errors_are_counted),
        cmocka_unit_test(a_long_word_is_similar_to_none),
        cmocka_unit_test(the_intended_word_is_found),
    };
    return RUN(tests);
}
