/* test_address.c - address.h: addresses as in headers, and the ranges of a setting. */
#include "support.h"

#include "base/address.h"

static struct address in_header(const char *text)
{
    size_t length = strlen(text);
    /* No NUL after it, so the sanitizer sees reads beyond it. */
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    for (size_t i = 0; i < length; i++) {
        copy[i] = text[i];
    }
    struct address a = address_in_header(copy, length);
    free(copy);
    return a;
}

static void addresses_of_headers_are_parsed_in_each_form(void **state)
{
    static const struct {
        const char *text;
        const char *means; /* NULL: no address */
    } cases[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2.1:4711", "192.0.2.1"},
        {"192.0.2.1:0", "192.0.2.1"},
        {"2001:db8::1", "2001:db8::1"},
        {"[2001:DB8::1]", "2001:db8::1"},
        {"[2001:db8::1]:65535", "2001:db8::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"[::ffff:192.0.2.1]:80", "192.0.2.1"},
        {"::", "::"},
        {"", NULL},
        {"unknown", NULL},
        {"_hidden", NULL},
        {"192.0.2", NULL},
        {"192.0.2.256", NULL},
        {"192.0.2.01x", NULL},
        {"0xC0000201", NULL},
        {"3221225985", NULL},
        {"192.0.2.1:", NULL},
        {"192.0.2.1:65536", NULL},
        {"192.0.2.1:+1", NULL},
        {"192.0.2.1:123456", NULL},
        {"192.0.2.1 ", NULL},
        {" 192.0.2.1", NULL},
        {"192.0.2.1/32", NULL},
        {"[192.0.2.1]", NULL},
        {"[2001:db8::1", NULL},
        {"2001:db8::1]", NULL},
        {"[]", NULL},
        {"[", NULL},
        {"[2001:db8::1]80", NULL},
        {"[2001:db8::1]:", NULL},
        {"[[2001:db8::1]]", NULL},
        {"fe80::1%eth0", NULL},
        {"2001:db8::1::2", NULL},
        {":", NULL},
        {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", NULL},
        {"\"192.0.2.1\"", NULL},
    };
    char text[ADDRESS_TEXT];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct address a = in_header(cases[i].text);
        if (a.length != ADDRESS_NONE) {
            address_text(&a, text);
        }
        if ((cases[i].means == NULL) != (a.length == ADDRESS_NONE) ||
            (cases[i].means != NULL && strcmp(text, cases[i].means) != 0)) {
            fail_msg("'%s' is read as '%s'", cases[i].text, a.length != ADDRESS_NONE ? text : "nothing");
        }
    }
    assert_int_equal(address_in_header("192.0.2.1\0", 10).length, ADDRESS_NONE);
    assert_int_equal(address_of(NULL).length, ADDRESS_NONE);
}

static void a_list_contains_only_ranges(void **state)
{
    static const char *const good[] = {"",
                                       " ",
                                       "127.0.0.1",
                                       "10.0.0.0/8 ::1",
                                       "  0.0.0.0/0   ::/0  ",
                                       "2001:db8::/32",
                                       "192.0.2.1/32",
                                       "2001:db8::1/128"};
    static const char *const bad[] = {"localhost",
                                      "10.0.0.0/33",
                                      "10.0.0.0/",
                                      "10.0.0.0/-1",
                                      "10.0.0.0/8/8",
                                      "10.0.0.1/8",
                                      "2001:db8::1/32",
                                      "::/129",
                                      "10.0.0.0,::1",
                                      "10.0.0.0 x",
                                      "10.0.0.0/08x",
                                      "/8",
                                      "*",
                                      "::ffff:10.0.0.0/104",
                                      "10.0.0.0\t::1",
                                      "192.0.2.1:80",
                                      "[::1]"};
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(address_list_valid(good[i]));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (address_list_valid(bad[i])) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
}

static void a_range_compares_exactly_its_prefix_bits(void **state)
{
    static const struct {
        const char *address;
        const char *list;
        bool in;
    } cases[] = {
        {"10.255.255.255", "10.0.0.0/8", true},
        {"11.0.0.0", "10.0.0.0/8", false},
        {"9.255.255.255", "10.0.0.0/8", false},
        {"192.0.2.127", "192.0.2.0/25", true},
        {"192.0.2.128", "192.0.2.0/25", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.2", "192.0.2.1", false},
        {"::ffff:192.0.2.1", "192.0.2.1", true},
        {"203.0.113.1", "0.0.0.0/0", true},
        {"2001:db8::1", "0.0.0.0/0", false},
        {"2001:db8::1", "::/0", true},
        {"203.0.113.1", "::/0", false},
        {"2001:db8::1", "2001:db8::/33", true},
        {"2001:db8:8000::1", "2001:db8::/33", false},
        {"::1", "127.0.0.1 10.0.0.0/8 ::1", true},
        {"::1", "", false},
        {"unix:", "0.0.0.0/0 ::/0", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct address a = address_of(cases[i].address);
        if (address_in_list(&a, cases[i].list) != cases[i].in) {
            fail_msg("%s in %s is not %d", cases[i].address, cases[i].list, cases[i].in);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_headers_are_parsed_in_each_form),
        cmocka_unit_test(a_list_contains_only_ranges),
        cmocka_unit_test(a_range_compares_exactly_its_prefix_bits),
    };
    return RUN(tests);
}
