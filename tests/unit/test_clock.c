/* test_clock.c - clock.h: time as text, and clocks that never go back. */
#include "support.h"

#include "base/clock.h"

#include <time.h>

static void writes_rfc_3339_in_utc_with_milliseconds(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } times[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {999, "1970-01-01T00:00:00.999Z"},
        {1000, "1970-01-01T00:00:01.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-999, "1969-12-31T23:59:59.001Z"},
        {-1000, "1969-12-31T23:59:59.000Z"},
        {-1001, "1969-12-31T23:59:58.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {1709251199999, "2024-02-29T23:59:59.999Z"},
        {2147483648000, "2038-01-19T03:14:08.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"}, /* 2100 has no 29th of February */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_text(times[i].ms, text);
        assert_string_equal(text, times[i].text);
    }
}

static void clamps_to_years_1_to_9999(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } times[] = {
        {-62135596800000, "0001-01-01T00:00:00.000Z"}, {-62135596800001, "0001-01-01T00:00:00.000Z"},
        {INT64_MIN, "0001-01-01T00:00:00.000Z"},       {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "9999-12-31T23:59:59.999Z"}, {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_text(times[i].ms, text);
        assert_string_equal(text, times[i].text);
    }
}

static void time_zone_of_the_process_does_not_matter(void **state)
{
    char text[CLOCK_TEXT_SIZE];
    (void)state;
    setenv("TZ", "Asia/Kolkata", 1);
    tzset();
    clock_text(0, text);
    unsetenv("TZ");
    tzset();
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
}

static void a_later_time_is_a_greater_text(void **state)
{
    uint64_t seed = 4;
    (void)state;
    for (int i = 0; i < 5000; i++) {
        int64_t a = (int64_t)(support_random(&seed) % 253402300799999);
        int64_t b = (int64_t)(support_random(&seed) % 253402300799999);
        char text_a[CLOCK_TEXT_SIZE];
        char text_b[CLOCK_TEXT_SIZE];
        clock_text(a, text_a);
        clock_text(b, text_b);
        assert_int_equal(strcmp(text_a, text_b) < 0, a < b);
    }
}

static void sleeps_at_least_as_long_as_asked(void **state)
{
    (void)state;
    int64_t before = clock_mono_ms();
    clock_sleep_ms(20);
    assert_true(clock_mono_ms() - before >= 20);
    clock_sleep_ms(0);
    clock_sleep_ms(-5); /* returns */
}

static void the_wall_clock_counts_milliseconds_from_1970(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL) * 1000;
    int64_t now = clock_wall_ms();
    int64_t after = (int64_t)time(NULL) * 1000;
    /* time() may be a kernel tick late, so there is one second of tolerance on both sides. */
    assert_true(now >= before - 1000 && now <= after + 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_rfc_3339_in_utc_with_milliseconds),
        cmocka_unit_test(clamps_to_years_1_to_9999),
        cmocka_unit_test(time_zone_of_the_process_does_not_matter),
        cmocka_unit_test(a_later_time_is_a_greater_text),
        cmocka_unit_test(sleeps_at_least_as_long_as_asked),
        cmocka_unit_test(the_wall_clock_counts_milliseconds_from_1970),
    };
    return RUN(tests);
}
