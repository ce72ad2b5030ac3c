/* test_forwarded.c - forwarded.h: which client a trusted proxy names, and that clients can't forge
 * it.
 */
#include "fake_request.h"

#include "base/address.h"
#include "web/forwarded.h"
#include "web/private/web_carrier.h"
#include "web/private/web_cgi.h"
#include "web/request.h"

#define VARIABLES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FOR "HTTP_X_FORWARDED_FOR="
#define STANDARD "HTTP_FORWARDED="

static const char trusted[] = "127.0.0.1 10.0.0.0/8 2001:db8:ffff::/48";

static void question(struct fake *f, const char *const *variables)
{
    fake_init(f, FAKE_FASTCGI, variables, NULL, 0);
    forwarded_apply(&f->request, trusted);
}

#define asks_for(client, ...) asks_for_at(client, VARIABLES(__VA_ARGS__), __LINE__)
static void asks_for_at(const char *client, const char *const *variables, int line)
{
    struct fake f;
    question(&f, variables);
    const char *found = request_client(&f.request);
    if (found == NULL || strcmp(found, client) != 0) {
        print_error("line %d: '%s', not '%s'\n", line, found != NULL ? found : "nobody", client);
        _fail(__FILE__, line);
    }
    fake_fini(&f);
}

static void the_headers_of_a_peer_that_is_not_trusted_are_ignored(void **state)
{
    struct fake f;
    (void)state;
    asks_for("192.0.2.1", "REMOTE_ADDR=192.0.2.1", FOR "203.0.113.9");
    asks_for("192.0.2.1", "REMOTE_ADDR=192.0.2.1", FOR "127.0.0.1", STANDARD "for=127.0.0.1");
    asks_for("127.0.0.2", "REMOTE_ADDR=127.0.0.2", FOR "203.0.113.9");
    asks_for("unix:", "REMOTE_ADDR=unix:", FOR "203.0.113.9");
    question(&f, VARIABLES(FOR "203.0.113.9", "HTTP_X_FORWARDED_HOST=a"));
    assert_null(request_client(&f.request));
    fake_fini(&f);
    fake_init(&f, FAKE_FASTCGI, VARIABLES("REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9"), NULL, 0);
    forwarded_apply(&f.request, ""); /* the default */
    assert_string_equal(request_client(&f.request), "127.0.0.1");
    assert_false(request_has_trusted_proxy(&f.request));
    fake_fini(&f);
}

static void the_last_address_that_is_not_trusted_is_the_client(void **state)
{
    (void)state;
    asks_for("203.0.113.9", "REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9");
    asks_for("203.0.113.9", "REMOTE_ADDR=::ffff:127.0.0.1", FOR "203.0.113.9");
    asks_for("203.0.113.9", "REMOTE_ADDR=127.0.0.1", FOR "198.51.100.7, 203.0.113.9");
    asks_for("203.0.113.9", "REMOTE_ADDR=127.0.0.1", FOR "127.0.0.1,203.0.113.9");
    asks_for("203.0.113.9", "REMOTE_ADDR=127.0.0.1", FOR "198.51.100.7, 203.0.113.9, 10.1.1.1,\t2001:db8:ffff::5 ");
    asks_for("203.0.113.9", "REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9:4711, [2001:db8:ffff::5]:80");
    asks_for("2001:db8::9", "REMOTE_ADDR=10.0.0.1", FOR "2001:db8::9");
    /* all of them are trusted: the first one */
    asks_for("10.0.0.7", "REMOTE_ADDR=127.0.0.1", FOR "10.0.0.7, 10.0.0.8");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", FOR, STANDARD);
}

static void an_entry_that_cannot_be_read_ends_the_walk(void **state)
{
    (void)state;
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", FOR "unknown");
    asks_for("10.0.0.1", "REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9, evil, 10.0.0.1");
    asks_for("10.0.0.1", "REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9, , 10.0.0.1");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9,");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9 10.0.0.1");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9\n");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", FOR ",,,,,,,,");
}

/* A client's X_Forwarded_For beside the proxy's X-Forwarded-For, in either order. */
static void two_variables_with_one_name_are_both_ignored(void **state)
{
    static const char *const forged[] = {"HTTP_X_FORWARDED_FOR=198.51.100.7", "HTTP_X_FORWARDED_FOR=127.0.0.1",
                                         "HTTP_X_FORWARDED_FOR="};
    struct fake f;
    char host[FORWARDED_HOST];
    (void)state;
    for (size_t i = 0; i < COUNT(forged); i++) {
        asks_for("unknown", "REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9", forged[i]);
        asks_for("unknown", "REMOTE_ADDR=127.0.0.1", forged[i], "OTHER=1", "HTTP_X_FORWARDED_FOR=203.0.113.9");
        /* the peer isn't trusted, so it doesn't matter */
        asks_for("192.0.2.1", "REMOTE_ADDR=192.0.2.1", forged[i], FOR "203.0.113.9");
    }
    asks_for("unknown", "REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9", FOR "203.0.113.9", STANDARD "for=203.0.113.9");
    asks_for("unknown", "REMOTE_ADDR=127.0.0.1", STANDARD "for=203.0.113.9", STANDARD "for=198.51.100.7");
    question(&f,
             VARIABLES("REMOTE_ADDR=127.0.0.1", FOR "203.0.113.9", "HTTP_X_FORWARDED_HOST=a", "HTTP_X_FORWARDED_HOST=b",
                       "HTTP_X_FORWARDED_PROTO=https", "HTTP_X_FORWARDED_PROTO=https", STANDARD "host=c;proto=https"));
    assert_string_equal(request_client(&f.request), "203.0.113.9");
    assert_false(forwarded_host(&f.request, 0, host));
    assert_false(forwarded_is_https(&f.request));
    fake_fini(&f);
}

static void two_variables_with_one_name_are_ignored_under_plain_cgi_too(void **state)
{
    char *both[] = {support_lend("REMOTE_ADDR=127.0.0.1"), support_lend("REQUEST_METHOD=GET"),
                    support_lend(FOR "203.0.113.9"), support_lend(FOR "198.51.100.7"), NULL};
    char **before = environ;
    (void)state;
    environ = both;
    struct request *request = web_cgi_new();
    forwarded_apply(request, trusted);
    assert_string_equal(request_client(request), "unknown");
    environ = before;
    web_carrier_fini(request);
    free(request);
}

static void forwarded_is_read_when_there_is_no_x_forwarded_for(void **state)
{
    (void)state;
    asks_for("203.0.113.9", "REMOTE_ADDR=127.0.0.1", STANDARD "for=203.0.113.9");
    asks_for("203.0.113.9", "REMOTE_ADDR=127.0.0.1",
             STANDARD "for=1.2.3.4, For = x;for=9.9.9.9, proto=https; FOR=\"203.0.113.9:1\" ;by=x");
    asks_for("2001:db8::9", "REMOTE_ADDR=127.0.0.1", STANDARD "for=\"[2001:db8::9]:4711\", for=10.0.0.1");
    asks_for("203.0.113.9", "REMOTE_ADDR=127.0.0.1", STANDARD "for=\"evil, for=203.0.113.9");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", STANDARD "for=\"203.0.113.9");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", STANDARD "for=203.0.113.9;for=198.51.100.7");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", STANDARD "for=203.0.113.9, for=unknown");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", STANDARD "203.0.113.9");
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", STANDARD ";;;=;for=;");
    asks_for("198.51.100.7", "REMOTE_ADDR=127.0.0.1", FOR "198.51.100.7", STANDARD "for=203.0.113.9");
}

static void of_a_long_list_sixteen_entries_are_read(void **state)
{
    char text[8192] = FOR;
    (void)state;
    for (int i = 0; i < 400; i++) {
        strcat(text, "10.0.0.77,");
    }
    strcat(text, "10.0.0.1");
    asks_for("10.0.0.77", "REMOTE_ADDR=127.0.0.1", text);
    strcpy(text, FOR "203.0.113.9");
    for (int i = 0; i < FORWARDED_ENTRIES; i++) {
        strcat(text, ",10.0.0.1");
    }
    asks_for("10.0.0.1", "REMOTE_ADDR=127.0.0.1", text);
    strcpy(text, FOR "203.0.113.9");
    for (int i = 0; i < FORWARDED_ENTRIES - 1; i++) {
        strcat(text, ",10.0.0.1");
    }
    asks_for("203.0.113.9", "REMOTE_ADDR=127.0.0.1", text);
    memset(text + strlen(FOR), '7', sizeof text - strlen(FOR) - 1);
    text[sizeof text - 1] = '\0';
    asks_for("127.0.0.1", "REMOTE_ADDR=127.0.0.1", text);
}

/* The entry that the trusted proxy adds counts, whatever a client writes before it. */
static void entries_that_a_client_wrote_do_not_change_its_address(void **state)
{
    static const char *const parts[] = {"for=", "\"", ",",           ";",   " ", "127.0.0.1", "10.0.0.1", "[",
                                        "]",    ":",  "203.0.113.5", "::1", "=", "\t",        "proto=",   "/",
                                        "\\",   "_x", "\xff",        "for", "%", ".",         "0"};
    uint64_t random = 42;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char front[600] = "";
        char one[700];
        char two[700];
        for (uint64_t n = support_random(&random) % 30; n > 0; n--) {
            strcat(front, parts[support_random(&random) % COUNT(parts)]);
        }
        snprintf(one, sizeof one, FOR "%s, 192.0.2.1", front);
        snprintf(two, sizeof two, STANDARD "%s, for=192.0.2.1;proto=https", front);
        asks_for("192.0.2.1", "REMOTE_ADDR=127.0.0.1", one);
        asks_for("192.0.2.1", "REMOTE_ADDR=127.0.0.1", two);
        struct fake f; /* it may be wrong, but it is an address */
        snprintf(one, sizeof one, FOR "%s", front);
        question(&f, VARIABLES("REMOTE_ADDR=127.0.0.1", one));
        assert_int_not_equal(address_of(request_client(&f.request)).length, ADDRESS_NONE);
        fake_fini(&f);
    }
}

static void hosts_are_returned_from_the_nearest_proxy_on(void **state)
{
    struct fake f;
    char host[FORWARDED_HOST];
    char longest[1024] = "HTTP_X_FORWARDED_HOST=";
    (void)state;
    question(&f, VARIABLES("REMOTE_ADDR=127.0.0.1", "HTTP_X_FORWARDED_HOST=chat.example:8443, inner"));
    assert_true(forwarded_host(&f.request, 0, host));
    assert_string_equal(host, "inner");
    assert_true(forwarded_host(&f.request, 1, host));
    assert_string_equal(host, "chat.example:8443");
    assert_false(forwarded_host(&f.request, 2, host));
    fake_fini(&f);
    question(&f, VARIABLES("REMOTE_ADDR=127.0.0.1", STANDARD "for=192.0.2.1;host=\"chat.example\";proto=https"));
    assert_true(forwarded_host(&f.request, 0, host));
    assert_string_equal(host, "chat.example");
    fake_fini(&f);
    memset(longest + strlen(longest), 'a', 400);
    question(&f, VARIABLES("REMOTE_ADDR=127.0.0.1", longest));
    assert_true(forwarded_host(&f.request, 0, host));
    assert_string_equal(host, "");
    fake_fini(&f);
    question(&f,
             VARIABLES("REMOTE_ADDR=192.0.2.1", "HTTP_X_FORWARDED_HOST=chat.example", "HTTP_X_FORWARDED_PROTO=https"));
    assert_false(forwarded_host(&f.request, 0, host));
    assert_false(forwarded_is_https(&f.request));
    fake_fini(&f);
}

static void the_scheme_is_that_of_the_client_s_connection(void **state)
{
    static const struct {
        const char *variable;
        bool https;
    } cases[] = {{"HTTP_X_FORWARDED_PROTO=https", true},
                 {"HTTP_X_FORWARDED_PROTO=HTTPS", true},
                 {"HTTP_X_FORWARDED_PROTO=http", false},
                 {"HTTP_X_FORWARDED_PROTO=https, http", true},
                 {"HTTP_X_FORWARDED_PROTO=http,https", false},
                 {"HTTP_X_FORWARDED_PROTO=httpsx", false},
                 {STANDARD "for=192.0.2.1;proto=https", true},
                 {STANDARD "for=192.0.2.1", false},
                 {"X=1", false}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake f;
        question(&f, VARIABLES("REMOTE_ADDR=127.0.0.1", cases[i].variable));
        assert_int_equal(forwarded_is_https(&f.request), cases[i].https);
        fake_fini(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headers_of_a_peer_that_is_not_trusted_are_ignored),
        cmocka_unit_test(the_last_address_that_is_not_trusted_is_the_client),
        cmocka_unit_test(an_entry_that_cannot_be_read_ends_the_walk),
        cmocka_unit_test(two_variables_with_one_name_are_both_ignored),
        cmocka_unit_test(two_variables_with_one_name_are_ignored_under_plain_cgi_too),
        cmocka_unit_test(forwarded_is_read_when_there_is_no_x_forwarded_for),
        cmocka_unit_test(of_a_long_list_sixteen_entries_are_read),
        cmocka_unit_test(entries_that_a_client_wrote_do_not_change_its_address),
        cmocka_unit_test(hosts_are_returned_from_the_nearest_proxy_on),
        cmocka_unit_test(the_scheme_is_that_of_the_client_s_connection),
    };
    return RUN(tests);
}
