/* test_client.c - client.h: which addresses are this machine, and which are one client. */
#include "support.h"

#include "web/client.h"

static void every_loopback_address_is_this_machine(void **state)
{
    static const char *const yes[] = {"127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"};
    static const char *const no[] = {"128.0.0.1", "192.0.2.1",         "::",        "::2", "::ffff:192.0.2.1",
                                     "1::1",      "127.0.0.1.example", "localhost", ""};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        assert_true(client_is_loopback(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        assert_false(client_is_loopback(no[i]));
    }
    assert_false(client_is_loopback(NULL));
}

static void addresses_of_one_household_are_one_client(void **state)
{
    (void)state;
    assert_int_equal(client_hash("2001:db8:1:2::3", 7), client_hash("2001:0db8:0001:0002:ffff:ffff:ffff:ffff", 7));
    assert_int_not_equal(client_hash("2001:db8:1:2::3", 7), client_hash("2001:db8:1:3::3", 7));
    assert_int_equal(client_hash("::ffff:192.0.2.1", 7), client_hash("192.0.2.1", 7));
    assert_int_not_equal(client_hash("192.0.2.1", 7), client_hash("192.0.2.2", 7));
    assert_int_not_equal(client_hash("unix:", 7), client_hash("unknown", 7));
}

static void only_a_host_header_of_this_machine_names_it(void **state)
{
    static const char *const yes[] = {"localhost",    "LocalHost:8080", "127.0.0.1",
                                      "127.0.0.1:80", "[::1]",          "[::1]:8080"};
    static const char *const no[] = {
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "192.0.2.1",
        "[2001:db8::1]:80",
        "",
        "a-name-that-is-longer-than-any-address-and-than-the-place-that-there-is-for-it.example"};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        assert_true(client_host_is_loopback(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        assert_false(client_host_is_loopback(no[i]));
    }
    assert_true(client_host_is_loopback(NULL)); /* HTTP/1.0, which no browser sends */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loopback_address_is_this_machine),
        cmocka_unit_test(addresses_of_one_household_are_one_client),
        cmocka_unit_test(only_a_host_header_of_this_machine_names_it),
    };
    return RUN(tests);
}
