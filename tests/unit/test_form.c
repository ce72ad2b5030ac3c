/* test_form.c - form.h: fields of a query string or a form body, decoded or refused. */
#include "support.h"

#include "base/buf.h"
#include "base/err.h"
#include "chat/form.h"

/* Parses a heap block of the exact size, without a NUL behind it, so that a read past the end is
 * found. */
static int parse(struct form *f, const char *bytes, size_t length, struct err *e)
{
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    form_init(f);
    int result = form_parse(f, copy, length, e);
    free(copy);
    return result;
}

static void fields_are(const char *text, size_t count, const char *const *names_and_values)
{
    struct form f;
    struct err e = ERR_INIT;
    if (parse(&f, text, strlen(text), &e) != 0) {
        fail_msg("'%s': %s", text, e.text);
    }
    assert_int_equal(f.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(f.fields[i].name, names_and_values[2 * i]);
        assert_string_equal(f.fields[i].value, names_and_values[2 * i + 1]);
        assert_int_equal(f.fields[i].length, strlen(names_and_values[2 * i + 1]));
    }
    form_fini(&f);
}

#define FIELDS(text, count, ...) fields_are(text, count, (const char *const[]){__VA_ARGS__})

static void fields_are_decoded_as_the_url_standard_says(void **state)
{
    (void)state;
    FIELDS("", 0, NULL);
    FIELDS("&", 0, NULL);
    FIELDS("&&&", 0, NULL);
    FIELDS("a=1", 1, "a", "1");
    FIELDS("a=1&b=2", 2, "a", "1", "b", "2");
    FIELDS("&a=1&&b=2&", 2, "a", "1", "b", "2");
    FIELDS("a=", 1, "a", "");
    FIELDS("=1", 1, "", "1");
    FIELDS("=", 1, "", "");
    FIELDS("a=b=c", 1, "a", "b=c");
    FIELDS("a=1;b=2", 1, "a", "1;b=2");
    FIELDS("a+b=c+d", 1, "a b", "c d");
    FIELDS("%61%3d=%26%2B%25", 1, "a=", "&+%");
    FIELDS("a=%C3%A9%c3%a9", 1, "a", "\xc3\xa9\xc3\xa9");
    FIELDS("a=%0d%0A", 1, "a", "\r\n");
    FIELDS("a=1&a=2", 2, "a", "1", "a", "2");
    FIELDS("a=\xff", 1, "a", "\xff"); /* UTF-8 is checked later, and for known fields only */
    FIELDS("A=1", 1, "A", "1");
}

static void a_field_without_equals_is_bare(void **state)
{
    struct form f;
    (void)state;
    assert_int_equal(parse(&f, "hi&a=", 5, NULL), 0);
    assert_int_equal(f.count, 2);
    assert_true(f.fields[0].bare);
    assert_string_equal(f.fields[0].name, "hi");
    assert_string_equal(f.fields[0].value, "");
    assert_false(f.fields[1].bare);
    form_fini(&f);
}

static void a_value_may_contain_nul(void **state)
{
    struct form f;
    (void)state;
    assert_int_equal(parse(&f, "a=x%00y", 7, NULL), 0);
    assert_int_equal(f.fields[0].length, 3);
    assert_memory_equal(f.fields[0].value, "x\0y", 4);
    form_fini(&f);
    assert_int_equal(parse(&f, "a=x\0y", 5, NULL), 0);
    assert_int_equal(f.fields[0].length, 3);
    assert_memory_equal(f.fields[0].value, "x\0y", 4);
    form_fini(&f);
}

/* "text%00x" must not be taken for "text". */
static void a_name_must_not_contain_nul(void **state)
{
    struct form f;
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(parse(&f, "text%00x=hi", 11, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_contains(e.text, "U+0000");
    form_fini(&f);
    err_clear(&e);
    assert_int_equal(parse(&f, "text\0=hi", 8, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    form_fini(&f);
}

static void a_lone_percent_is_an_error_that_names_the_field(void **state)
{
    static const char *const bad[] = {"text=%",   "text=100%",  "text=%2",  "text=%&b=1", "text=%2&b=41",
                                      "text=%zz", "text=%2g",   "text=%g2", "text=% 1",   "text=%+1",
                                      "text=%-1", "text=%0x41", "text=%%41"};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct form f;
        struct err e = ERR_INIT;
        if (parse(&f, bad[i], strlen(bad[i]), &e) != -1) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "text");
        assert_contains(e.text, "--data-urlencode");
        form_fini(&f);
    }
    struct form f;
    struct err e = ERR_INIT;
    assert_int_equal(parse(&f, "te%xt=1", 7, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_contains(e.text, "name");
    form_fini(&f);
}

static void fields_that_were_added_before_an_error_stay(void **state)
{
    struct form f;
    (void)state;
    assert_int_equal(parse(&f, "a=1&b=%&c=3", 11, NULL), -1);
    assert_int_equal(f.count, 1);
    assert_string_equal(f.fields[0].name, "a");
    form_fini(&f);
}

static void at_most_256_fields_are_taken(void **state)
{
    struct buf b;
    struct form f;
    struct err e = ERR_INIT;
    (void)state;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < FORM_FIELDS_MAX; i++) {
        buf_addf(&b, "%sf%d=%d", i > 0 ? "&" : "", i, i);
    }
    assert_int_equal(parse(&f, b.bytes, b.length, &e), 0);
    assert_int_equal(f.count, 256);
    assert_string_equal(f.fields[255].value, "255");
    assert_int_equal(form_add(&f, "one", "more", 4, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_int_equal(f.count, 256);
    form_fini(&f);
    err_clear(&e);
    buf_adds(&b, "&x");
    assert_int_equal(parse(&f, b.bytes, b.length, &e), -1);
    assert_contains(e.text, "256");
    form_fini(&f);
    buf_fini(&b);
}

static void a_field_that_is_given_twice_is_an_error(void **state)
{
    struct form f;
    struct err e = ERR_INIT;
    const struct form_field *found = NULL;
    (void)state;
    assert_int_equal(parse(&f, "a=1&b=2&a=3&A=4&ab=5", 20, NULL), 0);
    assert_int_equal(form_once(&f, "b", &found, &e), 0);
    assert_string_equal(found->value, "2");
    assert_int_equal(form_once(&f, "c", &found, &e), 0);
    assert_null(found);
    assert_int_equal(form_once(&f, "", &found, &e), 0);
    assert_null(found);
    assert_int_equal(e.code, ERR_NONE);
    assert_string_equal(form_single(&f, "A")->value, "4"); /* names are case-sensitive */
    assert_int_equal(form_once(&f, "a", &found, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_string_equal(e.field, "a");
    assert_contains(e.text, "twice");
    assert_int_equal(form_once(&f, "a", &found, NULL), -1);
    assert_null(form_single(&f, "a"));
    assert_null(form_single(&f, "c"));
    form_fini(&f);
}

static void form_add_adds_a_field_that_may_contain_a_nul(void **state)
{
    struct form f;
    static const char value[] = "v\0w";
    (void)state;
    form_init(&f);
    assert_int_equal(form_add(&f, "n", value, 3, NULL), 0);
    assert_ptr_equal(form_single(&f, "n")->value, value);
    assert_int_equal(form_single(&f, "n")->length, 3);
    assert_false(form_single(&f, "n")->bare);
    form_fini(&f);
    assert_int_equal(f.count, 0);
    form_fini(&f); /* a second time does nothing */
}

/* Encodes as a browser does. */
static void encode(struct buf *out, const char *bytes, size_t length, uint64_t *seed)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (isalnum(c) || (c != '\0' && strchr("*-._", c) != NULL)) {
            buf_addc(out, (char)c);
        } else if (c == ' ' && support_random(seed) % 2 == 0) {
            buf_addc(out, '+');
        } else {
            buf_addf(out, support_random(seed) % 2 == 0 ? "%%%02X" : "%%%02x", (unsigned)c);
        }
    }
}

static void any_encoded_form_is_decoded_to_the_same(void **state)
{
    uint64_t seed = 5;
    (void)state;
    for (int round = 0; round < 500; round++) {
        char values[8][40];
        size_t lengths[8];
        struct buf b;
        struct form f;
        struct err e = ERR_INIT;
        buf_init(&b, 1 << 16);
        for (size_t i = 0; i < 8; i++) {
            lengths[i] = support_random(&seed) % sizeof values[i];
            for (size_t at = 0; at < lengths[i]; at++) {
                values[i][at] = (char)support_random(&seed);
            }
            buf_addf(&b, "%sn%zu=", i > 0 ? "&" : "", i);
            encode(&b, values[i], lengths[i], &seed);
        }
        assert_int_equal(parse(&f, b.bytes, b.length, &e), 0);
        assert_int_equal(f.count, 8);
        for (size_t i = 0; i < 8; i++) {
            assert_int_equal(f.fields[i].length, lengths[i]);
            assert_memory_equal(f.fields[i].value, values[i], lengths[i]);
        }
        form_fini(&f);
        buf_fini(&b);
    }
}

static void a_value_that_is_taken_gets_the_whole_block(void **state)
{
    struct form f;
    (void)state;
    form_init(&f);
    assert_int_equal(form_parse(&f, "a=1&text=%78%00y&b=2", 20, NULL), 0);
    char *value = form_take_value(&f, form_single(&f, "text"));
    assert_memory_equal(value, "x\0y", 4);
    free(value);
    assert_int_equal(f.count, 0);
    assert_null(form_single(&f, "a"));
    form_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded_as_the_url_standard_says),
        cmocka_unit_test(a_field_without_equals_is_bare),
        cmocka_unit_test(a_value_may_contain_nul),
        cmocka_unit_test(a_name_must_not_contain_nul),
        cmocka_unit_test(a_lone_percent_is_an_error_that_names_the_field),
        cmocka_unit_test(fields_that_were_added_before_an_error_stay),
        cmocka_unit_test(at_most_256_fields_are_taken),
        cmocka_unit_test(a_field_that_is_given_twice_is_an_error),
        cmocka_unit_test(form_add_adds_a_field_that_may_contain_a_nul),
        cmocka_unit_test(a_value_that_is_taken_gets_the_whole_block),
        cmocka_unit_test(any_encoded_form_is_decoded_to_the_same),
    };
    return RUN(tests);
}
