/* test_buf.c - buf.h: byte buffers that grow up to a limit and report when bytes did not fit. */
#include "support.h"

#include "base/buf.h"

static void is_empty_text_before_the_first_byte(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 10);
    assert_string_equal(buf_text(&b), "");
    assert_null(b.bytes);
    buf_add(&b, "", 0);
    assert_null(b.bytes);
    buf_fini(&b);
}

static void keeps_bytes_and_a_nul_after_them(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 100);
    buf_add(&b, "a\0b", 3);
    buf_add(&b, NULL, 0);
    buf_addc(&b, 'c');
    buf_adds(&b, "de");
    buf_addf(&b, "%d", 7);
    assert_int_equal(b.length, 7);
    assert_memory_equal(b.bytes, "a\0bcde7", 8);
    assert_false(b.over);
    buf_fini(&b);
}

static void takes_exactly_its_limit(void **state)
{
    static const size_t limits[] = {1, 2, 255, 256, 257, 4096};
    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct buf b;
        buf_init(&b, limits[i]);
        for (size_t n = 0; n < limits[i]; n++) {
            buf_addc(&b, 'x');
        }
        assert_int_equal(b.length, limits[i]);
        assert_false(b.over);
        buf_addc(&b, 'y');
        assert_true(b.over);
        assert_int_equal(b.length, limits[i]);
        assert_int_equal(strlen(b.bytes), limits[i]);
        buf_fini(&b);
    }
}

static void a_piece_over_the_limit_and_all_later_pieces_are_dropped(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 5);
    buf_adds(&b, "abc");
    buf_adds(&b, "def");
    assert_true(b.over);
    assert_string_equal(b.bytes, "abc");
    buf_addc(&b, 'd'); /* fits, but would come after a gap */
    assert_string_equal(b.bytes, "abc");
    buf_fini(&b);
    assert_false(b.over);
    assert_string_equal(buf_text(&b), "");
    buf_adds(&b, "12345");
    assert_string_equal(b.bytes, "12345");
    assert_false(b.over);
    buf_fini(&b);
}

static void limit_zero_takes_nothing(void **state)
{
    struct buf b;
    size_t room = 99;
    (void)state;
    buf_init(&b, 0);
    buf_add(&b, "", 0);
    assert_false(b.over);
    assert_non_null(buf_room(&b, 10, &room));
    assert_int_equal(room, 0);
    buf_addc(&b, 'x');
    assert_true(b.over);
    assert_string_equal(buf_text(&b), "");
    buf_fini(&b);
}

static void memory_stays_below_the_limit(void **state)
{
    struct buf b;
    size_t room = 0;
    (void)state;
    buf_init(&b, 1000);
    buf_room(&b, BUF_UNLIMITED, &room);
    assert_int_equal(room, 1000);
    assert_int_equal(b.capacity, 1001);
    buf_grew(&b, 999);
    buf_room(&b, BUF_UNLIMITED, &room);
    assert_int_equal(room, 1);
    buf_grew(&b, 1);
    buf_room(&b, 1, &room);
    assert_int_equal(room, 0);
    buf_fini(&b);
}

static void grew_more_than_room(void)
{
    struct buf b;
    size_t room = 0;
    buf_init(&b, 10);
    buf_room(&b, 10, &room);
    buf_grew(&b, 11);
}

static void claiming_more_bytes_than_there_was_room_for_aborts(void **state)
{
    (void)state;
    assert_true(support_aborts(grew_more_than_room));
}

static void formats_texts_of_any_length(void **state)
{
    static const size_t lengths[] = {0, 1, 510, 511, 512, 513, 5000};
    char text[5001];
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct buf b;
        memset(text, 'x', lengths[i]);
        text[lengths[i]] = '\0';
        buf_init(&b, 6000);
        buf_addf(&b, "%s", text);
        assert_int_equal(b.length, lengths[i]);
        assert_string_equal(buf_text(&b), text);
        buf_fini(&b);
    }
}

static void stolen_bytes_leave_an_empty_buffer(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 10);
    char *nothing = buf_steal(&b);
    assert_string_equal(nothing, "");
    free(nothing);
    buf_adds(&b, "abc");
    char *bytes = buf_steal(&b);
    assert_string_equal(bytes, "abc");
    free(bytes);
    assert_int_equal(b.length, 0);
    assert_string_equal(buf_text(&b), "");
    buf_adds(&b, "0123456789");
    assert_false(b.over);
    buf_fini(&b);
}

/* Random pieces, compared with an array. */
static void behaves_like_an_array_with_a_limit(void **state)
{
    uint64_t seed = 2;
    (void)state;
    for (int round = 0; round < 300; round++) {
        char model[3000];
        char piece[700];
        size_t limit = support_random(&seed) % sizeof model;
        size_t length = 0;
        bool over = false;
        struct buf b;
        buf_init(&b, limit);
        for (int step = 0; step < 12; step++) {
            size_t size = support_random(&seed) % sizeof piece;
            memset(piece, 'a' + step, size);
            buf_add(&b, piece, size);
            over = over || size > limit - length;
            if (!over) {
                memcpy(model + length, piece, size);
                length += size;
            }
            assert_int_equal(b.length, length);
            assert_int_equal(b.over, over);
            assert_true(b.capacity <= limit + 1);
            assert_memory_equal(buf_text(&b), model, length);
            assert_int_equal(buf_text(&b)[length], '\0');
        }
        buf_fini(&b);
    }
}

static void a_number_is_added_in_decimal_digits(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 100);
    buf_addu(&b, 0);
    buf_addc(&b, ' ');
    buf_addu(&b, 1234567890);
    buf_addc(&b, ' ');
    buf_addu(&b, UINT64_MAX);
    assert_string_equal(buf_text(&b), "0 1234567890 18446744073709551615");
    buf_fini(&b);
    buf_init(&b, 3);
    buf_addu(&b, 1000);
    assert_true(b.over);
    assert_int_equal(b.length, 0);
    buf_fini(&b);
}

static void a_large_buffer_that_grows_byte_by_byte_takes_little_more_than_its_bytes(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, BUF_UNLIMITED);
    for (size_t i = 0; i < 3000000; i++) {
        buf_addc(&b, (char)('a' + i % 26));
    }
    assert_true(b.capacity <= b.length + b.length / 4);
    buf_trim(&b);
    assert_int_equal(b.capacity, b.length + 1);
    assert_int_equal(b.bytes[2999999], 'a' + 2999999 % 26);
    assert_int_equal(b.bytes[3000000], '\0');
    buf_fini(&b);
    buf_trim(&b); /* of nothing */
    assert_null(b.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_added_in_decimal_digits),
        cmocka_unit_test(is_empty_text_before_the_first_byte),
        cmocka_unit_test(keeps_bytes_and_a_nul_after_them),
        cmocka_unit_test(takes_exactly_its_limit),
        cmocka_unit_test(a_piece_over_the_limit_and_all_later_pieces_are_dropped),
        cmocka_unit_test(limit_zero_takes_nothing),
        cmocka_unit_test(memory_stays_below_the_limit),
        cmocka_unit_test(claiming_more_bytes_than_there_was_room_for_aborts),
        cmocka_unit_test(formats_texts_of_any_length),
        cmocka_unit_test(stolen_bytes_leave_an_empty_buffer),
        cmocka_unit_test(behaves_like_an_array_with_a_limit),
        cmocka_unit_test(a_large_buffer_that_grows_byte_by_byte_takes_little_more_than_its_bytes),
    };
    return RUN(tests);
}
