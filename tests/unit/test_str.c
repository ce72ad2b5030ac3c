/* test_str.c - str.h: strict numbers, UTF-8 by RFC 3629, comparison without case. */
#include "support.h"

#include "base/str.h"

static void reads_numbers_from_0_to_2_64_less_1(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"0", 0},
                {"1", 1},
                {"007", 7},
                {"9223372036854775807", INT64_MAX},
                {"9223372036854775808", (uint64_t)INT64_MAX + 1},
                {"18446744073709551615", UINT64_MAX},
                {"00000000000000000001", 1}};
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        uint64_t value = 42;
        assert_int_equal(str_u64(good[i].text, 0, UINT64_MAX, &value), 0);
        assert_int_equal(value, good[i].value);
    }
}

static void refuses_anything_but_digits(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "-",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1\n",
                                      "0x10",
                                      "1e3",
                                      "1.0",
                                      "1,0",
                                      "one",
                                      "\xd9\xa1",
                                      "18446744073709551616",
                                      "18446744073709551625",
                                      "28446744073709551615",
                                      "99999999999999999999",
                                      "000000000000000000001"};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t value = 42;
        assert_int_equal(str_u64(bad[i], 0, UINT64_MAX, &value), -1);
        assert_int_equal(value, 42);
    }
}

static void accepts_exactly_the_range(void **state)
{
    uint64_t value = 42;
    (void)state;
    assert_int_equal(str_u64("4", 5, 7, &value), -1);
    assert_int_equal(str_u64("8", 5, 7, &value), -1);
    assert_int_equal(value, 42);
    assert_int_equal(str_u64("5", 5, 7, &value), 0);
    assert_int_equal(value, 5);
    assert_int_equal(str_u64("7", 5, 7, &value), 0);
    assert_int_equal(value, 7);
}

/* Encodes by the table of RFC 3629, section 3, independently of the decoder. */
static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80U | (c & 0x3FU));
        c >>= 6;
    }
    out[0] = (char)(lead[size] | c);
    return size;
}

static void decodes_each_code_point_except_surrogates(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char bytes[4];
        uint32_t decoded = 0xFFFFFFFF;
        size_t size = encode(c, bytes);
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        size_t got = str_utf8_next(bytes, size, &decoded);
        if (got != (surrogate ? 0 : size) || (!surrogate && decoded != c)) {
            fail_msg("U+%04X: %zu bytes, read as U+%04X", c, got, decoded);
        }
        for (size_t cut = 1; cut < size; cut++) { /* cut off anywhere, it is not a character */
            if (str_utf8_next(bytes, cut, &decoded) != 0) {
                fail_msg("U+%04X cut to %zu bytes was taken", c, cut);
            }
        }
    }
}

static void refuses_code_points_above_10FFFF(void **state)
{
    (void)state;
    for (uint32_t c = 0x110000; c < 0x200000; c += 0xFF) {
        char bytes[4];
        uint32_t decoded = 0;
        assert_int_equal(encode(c, bytes), 4);
        assert_int_equal(str_utf8_next(bytes, 4, &decoded), 0);
    }
}

/* The length of the well-formed sequence at the start, by table 3-7 of the Unicode Standard; 0 for
 * none. */
static size_t well_formed(const unsigned char *b, size_t length)
{
    static const struct {
        unsigned char first[2], second[2];
        size_t size;
    } rows[] = {{{0x00, 0x7F}, {0, 0}, 1},       {{0xC2, 0xDF}, {0x80, 0xBF}, 2}, {{0xE0, 0xE0}, {0xA0, 0xBF}, 3},
                {{0xE1, 0xEC}, {0x80, 0xBF}, 3}, {{0xED, 0xED}, {0x80, 0x9F}, 3}, {{0xEE, 0xEF}, {0x80, 0xBF}, 3},
                {{0xF0, 0xF0}, {0x90, 0xBF}, 4}, {{0xF1, 0xF3}, {0x80, 0xBF}, 4}, {{0xF4, 0xF4}, {0x80, 0x8F}, 4}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (b[0] < rows[i].first[0] || b[0] > rows[i].first[1] || rows[i].size > length) {
            continue;
        }
        bool good = rows[i].size == 1 || (b[1] >= rows[i].second[0] && b[1] <= rows[i].second[1]);
        for (size_t t = 2; t < rows[i].size; t++) {
            good = good && b[t] >= 0x80 && b[t] <= 0xBF;
        }
        return good ? rows[i].size : 0;
    }
    return 0;
}

static void check_sequence(const unsigned char *b, size_t length)
{
    uint32_t ignored = 0;
    size_t got = str_utf8_next((const char *)b, length, &ignored);
    if (got != well_formed(b, length)) {
        fail_msg("%zu bytes %02x %02x %02x %02x: taken %zu", length, b[0], b[1], b[2], b[3], got);
    }
}

/* All sequences of up to two bytes; with three and four bytes, each first two bytes with
 * continuation bytes around each limit. */
static void accepts_exactly_the_well_formed_sequences(void **state)
{
    static const unsigned char edges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xFF};
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        unsigned char b[4] = {(unsigned char)first, 0, 0, 0};
        check_sequence(b, 1);
        for (unsigned second = 0; second < 256; second++) {
            b[1] = (unsigned char)second;
            check_sequence(b, 2);
            for (size_t third = 0; third < sizeof edges; third++) {
                b[2] = edges[third];
                check_sequence(b, 3);
                for (size_t fourth = 0; fourth < sizeof edges; fourth++) {
                    b[3] = edges[fourth];
                    check_sequence(b, 4);
                }
            }
        }
    }
}

static void finds_the_position_of_the_first_invalid_byte(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        size_t bad_at; /* == length: valid */
    } texts[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"a\0b", 3, 3}, /* U+0000 is a character; callers that do not want it check for it */
        {"\xc3\xa9", 2, 2},
        {"\xf0\x9f\x98\x80!", 5, 5},
        {"\xff", 1, 0},
        {"ab\x80", 3, 2},    /* a continuation byte alone */
        {"ab\xc3", 3, 2},    /* cut off */
        {"ab\xc3(", 4, 2},   /* a continuation byte is missing */
        {"\xc0\x80", 2, 0},  /* overlong NUL */
        {"x\xc0\xaf", 3, 1}, /* overlong '/' */
        {"x\xe0\x80\xaf", 4, 1},
        {"x\xf0\x80\x80\xaf", 5, 1},
        {"\xed\xa0\x80", 3, 0}, /* surrogates: high, low, a CESU-8 pair */
        {"\xed\xbf\xbf", 3, 0},
        {"\xed\xa0\xbd\xed\xb8\x80", 6, 0},
        {"\xf4\x8f\xbf\xbf", 4, 4},     /* U+10FFFF */
        {"\xf4\x90\x80\x80", 4, 0},     /* one more */
        {"\xf8\x88\x80\x80\x80", 5, 0}, /* five bytes */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t bad_at = 999;
        bool valid = texts[i].bad_at == texts[i].length;
        assert_int_equal(str_utf8_valid(texts[i].bytes, texts[i].length, &bad_at), valid);
        assert_int_equal(bad_at, valid ? 999 : texts[i].bad_at);
        assert_int_equal(str_utf8_valid(texts[i].bytes, texts[i].length, NULL), valid);
    }
}

static void never_reads_beyond_the_given_length(void **state)
{
    uint64_t seed = 3;
    (void)state;
    /* Heap blocks of the exact size, so that the address sanitizer sees reads beyond them. */
    for (int i = 0; i < 20000; i++) {
        size_t length = 1 + support_random(&seed) % 8;
        char *bytes = malloc(length);
        assert_non_null(bytes);
        for (size_t b = 0; b < length; b++) {
            bytes[b] = (char)support_random(&seed);
        }
        (void)str_utf8_valid(bytes, length, NULL);
        free(bytes);
    }
}

static void a_json_run_ends_before_a_character_that_needs_an_escape(void **state)
{
    char text[41];
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < sizeof text - 1; at++) {
            memset(text, at % 2 == 0 ? 'x' : 0xFF, sizeof text);
            text[at] = (char)c;
            bool plain = c >= 0x20 && c != '"' && c != '\\';
            assert_int_equal(str_json_run(text, sizeof text - 1), plain ? sizeof text - 1 : at);
            assert_int_equal(str_json_run(text, at), at); /* never beyond the given length */
        }
    }
    assert_int_equal(str_json_run("", 0), 0);
}

static void ignores_case_for_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(str_equal_nocase("", ""));
    assert_true(str_equal_nocase("UTF-8", "utf-8"));
    assert_false(str_equal_nocase("utf-8", "utf-8 "));
    assert_false(str_equal_nocase("utf-8 ", "utf-8"));
    assert_false(str_equal_nocase("\xc3\x84", "\xc3\xa4"));
    assert_false(str_equal_nocase("[", "{")); /* 0x20 apart, but not letters */
    assert_false(str_equal_nocase("@", "`"));
    assert_true(str_equal_nocase("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"));
    assert_true(str_starts_nocase("Text/Plain; x", "text/plain"));
    assert_true(str_starts_nocase("a", ""));
    assert_false(str_starts_nocase("", "a"));
    assert_false(str_starts_nocase("tex", "text"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_from_0_to_2_64_less_1),
        cmocka_unit_test(refuses_anything_but_digits),
        cmocka_unit_test(accepts_exactly_the_range),
        cmocka_unit_test(decodes_each_code_point_except_surrogates),
        cmocka_unit_test(refuses_code_points_above_10FFFF),
        cmocka_unit_test(accepts_exactly_the_well_formed_sequences),
        cmocka_unit_test(finds_the_position_of_the_first_invalid_byte),
        cmocka_unit_test(never_reads_beyond_the_given_length),
        cmocka_unit_test(a_json_run_ends_before_a_character_that_needs_an_escape),
        cmocka_unit_test(ignores_case_for_ascii_letters_only),
    };
    return RUN(tests);
}
