/* test_hours.c - peace/hours.h: texts of opening hours, and when a room is open by them. */
#include "support.h"

#include "base/err.h"
#include "peace/hours.h"

enum { MINUTE = 60 * 1000 };
#define DAY ((int64_t)24 * 60 * MINUTE)
/* Monday 2026-11-23 00:00 UTC */
#define MONDAY (INT64_C(20780) * DAY)

static int64_t at(int day, int hour, int minute)
{
    return MONDAY + day * DAY + ((int64_t)hour * 60 + minute) * MINUTE;
}

static struct hours hours_of(const char *text)
{
    struct hours h;
    struct err e = ERR_INIT;
    if (hours_read(&h, text, &e) != 0) {
        fail_msg("'%s': %s", text, e.text);
    }
    return h;
}

static void a_room_without_hours_is_always_open(void **state)
{
    struct hours h = hours_of("");
    int64_t until = 1;
    (void)state;
    assert_true(hours_are_open(&h, at(0, 3, 0), &until));
    assert_int_equal(until, 0);
}

static void a_room_opens_and_closes_to_the_minute_and_says_when_that_changes(void **state)
{
    struct hours h = hours_of("mon-fri 08:00-18:00");
    int64_t until = 0;
    (void)state;
    assert_false(hours_are_open(&h, at(0, 7, 59), &until));
    assert_int_equal(until, at(0, 8, 0));
    assert_true(hours_are_open(&h, at(0, 8, 0), &until));
    assert_int_equal(until, at(0, 18, 0));
    assert_true(hours_are_open(&h, at(0, 17, 59), NULL));
    assert_false(hours_are_open(&h, at(0, 18, 0), NULL));
    assert_false(hours_are_open(&h, at(4, 18, 0), &until)); /* on Friday evening: until Monday */
    assert_int_equal(until, at(7, 8, 0));
}

static void a_span_may_go_past_midnight_and_belongs_to_the_day_on_which_it_begins(void **state)
{
    struct hours h = hours_of("fri 22:00-02:00");
    (void)state;
    assert_true(hours_are_open(&h, at(4, 23, 0), NULL));
    assert_true(hours_are_open(&h, at(5, 1, 59), NULL));
    assert_false(hours_are_open(&h, at(5, 2, 0), NULL));
    assert_false(hours_are_open(&h, at(4, 1, 0), NULL));
}

static void the_last_word_is_the_difference_from_UTC(void **state)
{
    struct hours east = hours_of("mon 08:00-09:00 +60");
    struct hours west = hours_of("mon 00:00-24:00 -300");
    (void)state;
    assert_true(hours_are_open(&east, at(0, 7, 0), NULL));
    assert_false(hours_are_open(&east, at(0, 8, 0), NULL));
    assert_false(hours_are_open(&west, at(0, 4, 59), NULL));
    assert_true(hours_are_open(&west, at(1, 4, 59), NULL));
}

static void several_spans_and_days_in_any_form_are_understood(void **state)
{
    static const char *const texts[] = {
        "08:00-18:00",
        "mon,wed,fri 08:00-12:00;tue 08:00-09:00",
        "MON-FRI 08:00-18:00; sat 10:00-14:00; +60",
        "fri-mon 00:00-24:00",
        "mon-fri 08:00-18:00 +60; sat 10:00-14:00 +60",
        " mon 08:00-09:00 ",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct hours h = hours_of(texts[i]);
        assert_true(h.count > 0);
    }
    struct hours round_the_week = hours_of("fri-mon 00:00-24:00");
    assert_true(hours_are_open(&round_the_week, at(6, 12, 0), NULL));
    assert_false(hours_are_open(&round_the_week, at(2, 12, 0), NULL));
}

static void a_text_that_is_wrong_is_refused_and_counts_as_closed(void **state)
{
    static const char *const texts[] = {
        "always",
        "mon",
        "mon 8:00-9:00",
        "mon 08:00",
        "mon 08:00-25:00",
        "mon 08:60-09:00",
        "mon 08:00-08:00",
        "mon- 08:00-09:00",
        "mon, 08:00-09:00",
        "mon 08:00-09:00 x",
        "mon 08:00-09:00 +9999",
        "mon 24:00-08:00",
        "mon 08:00-09:00;;",
        ";",
        "mon 08:00-09:00 +",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct hours h;
        struct err e = ERR_INIT;
        if (hours_read(&h, texts[i], &e) == 0) {
            fail_msg("'%s' was taken", texts[i]);
        }
        assert_string_equal(e.field, "hours");
        assert_false(hours_are_open(&h, at(0, 12, 0), NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_without_hours_is_always_open),
        cmocka_unit_test(a_room_opens_and_closes_to_the_minute_and_says_when_that_changes),
        cmocka_unit_test(a_span_may_go_past_midnight_and_belongs_to_the_day_on_which_it_begins),
        cmocka_unit_test(the_last_word_is_the_difference_from_UTC),
        cmocka_unit_test(several_spans_and_days_in_any_form_are_understood),
        cmocka_unit_test(a_text_that_is_wrong_is_refused_and_counts_as_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
