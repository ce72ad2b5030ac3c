/* test_limit.c - limit.h and reserve.h: whose network a request comes from, and how much the
 * database may take. */
#include "fake_request.h"

#include "routes/limit.h"
#include "site/limiter.h"
#include "site/reserve.h"
#include "system/conf.h"
#include "web/client.h"
#include "web/forwarded.h"

#define FOR "HTTP_X_FORWARDED_FOR="

enum { VARIABLES_MAX = 5 };

static struct limiter_who who_of(const char *const *variables, const char *trusted)
{
    struct fake f;
    struct limiter_who who;
    fake_init(&f, FAKE_FASTCGI, variables, NULL, 0);
    forwarded_apply(&f.request, trusted);
    limit_who(&f.request, NULL, &who);
    assert_int_equal(limit_network_is_hidden(&f.request), !who.is_local && who.network == LIMITER_UNKNOWN);
    fake_fini(&f);
    return who;
}

static void the_network_of_a_client_is_known_unless_a_proxy_hides_it(void **state)
{
    static const struct {
        const char *variables[VARIABLES_MAX];
        const char *trusted;
        bool is_local;
        enum limiter_network network;
        const char *address;
    } cases[] = {
        /* the peer itself */
        {{"REMOTE_ADDR=203.0.113.9"}, "", false, LIMITER_KNOWN, "203.0.113.9"},
        {{"REMOTE_ADDR=2001:db8::9"}, "", false, LIMITER_KNOWN, "2001:db8::9"},
        {{"REMOTE_ADDR=10.0.0.9"}, "", false, LIMITER_KNOWN, "10.0.0.9"},
        /* forged headers of a public peer change nothing */
        {{"REMOTE_ADDR=203.0.113.9", FOR "198.51.100.1"}, "", false, LIMITER_KNOWN, "203.0.113.9"},
        {{"REMOTE_ADDR=203.0.113.9", FOR "127.0.0.1", "HTTP_VIA=x"}, "10.0.0.1", false, LIMITER_KNOWN, "203.0.113.9"},
        /* a proxy that isn't trusted */
        {{"REMOTE_ADDR=10.0.0.1", FOR "198.51.100.1"}, "", false, LIMITER_UNKNOWN, NULL},
        {{"REMOTE_ADDR=127.0.0.1", FOR "198.51.100.1"}, "", false, LIMITER_UNKNOWN, NULL},
        {{"REMOTE_ADDR=fd00::1", "HTTP_FORWARDED=for=198.51.100.1"}, "", false, LIMITER_UNKNOWN, NULL},
        {{"REMOTE_ADDR=::ffff:192.168.0.1", "HTTP_X_REAL_IP=198.51.100.1"}, "", false, LIMITER_UNKNOWN, NULL},
        {{"REMOTE_ADDR=unix:"}, "", false, LIMITER_UNKNOWN, NULL},
        {{"HTTP_HOST=localhost"}, "", false, LIMITER_UNKNOWN, NULL},
        /* a tunnel on this machine, or a page that made a browser connect here */
        {{"REMOTE_ADDR=127.0.0.1", "HTTP_HOST=chat.example"}, "", false, LIMITER_UNKNOWN, NULL},
        /* a proxy that is trusted */
        {{"REMOTE_ADDR=10.0.0.1", FOR "198.51.100.1"}, "10.0.0.1", false, LIMITER_KNOWN, "198.51.100.1"},
        {{"REMOTE_ADDR=10.0.0.1", FOR "1.2.3.4, 198.51.100.1"}, "10.0.0.1", false, LIMITER_KNOWN, "198.51.100.1"},
        {{"REMOTE_ADDR=10.0.0.1", FOR "198.51.100.1", FOR "198.51.100.2"}, "10.0.0.1", false, LIMITER_FORGED, NULL},
        {{"REMOTE_ADDR=127.0.0.1", "HTTP_HOST=localhost", FOR "127.0.0.1"}, "127.0.0.1", false, LIMITER_UNKNOWN, NULL},
        /* this machine */
        {{"REMOTE_ADDR=127.0.0.1", "HTTP_HOST=localhost:8080"}, "", true, LIMITER_UNKNOWN, NULL},
        {{"REMOTE_ADDR=::1", "HTTP_HOST=[::1]"}, "127.0.0.1", true, LIMITER_UNKNOWN, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct limiter_who who = who_of(cases[i].variables, cases[i].trusted);
        const struct address expected = address_of(cases[i].address);
        bool is_right = who.is_local == cases[i].is_local && who.network == cases[i].network && !who.has_key &&
                        (cases[i].address == NULL ||
                         (who.address.length == expected.length &&
                          memcmp(who.address.bytes, expected.bytes, (size_t)expected.length) == 0));
        if (!is_right) {
            fail_msg("case %zu: %s", i, cases[i].variables[0]);
        }
    }
}

static void private_addresses_are_told_from_public_ones(void **state)
{
    static const char *const private[] = {
        "10.0.0.0",   "10.255.255.255", "172.16.0.1",  "172.31.255.255", "192.168.9.9",
        "100.64.0.1", "100.127.0.1",    "169.254.1.1", "127.0.0.1",      "::1",
        "fc00::1",    "fdff::1",        "fe80::1",     "febf::1",        "::ffff:10.0.0.1"};
    static const char *const public[] = {"9.255.255.255", "11.0.0.0",   "172.15.0.1",    "172.32.0.1",
                                         "192.167.0.1",   "100.63.0.1", "100.128.0.1",   "2001:db8::1",
                                         "fec0::1",       "::2",        "::ffff:9.9.9.9"};
    (void)state;
    for (size_t i = 0; i < COUNT(private); i++) {
        const struct address a = address_of(private[i]);
        assert_true(client_is_private(&a));
    }
    for (size_t i = 0; i < COUNT(public); i++) {
        const struct address a = address_of(public[i]);
        assert_false(client_is_private(&a));
    }
}

static void a_text_stands_for_a_key(void **state)
{
    struct limiter_who a = {.network = LIMITER_UNKNOWN};
    struct limiter_who b = a;
    (void)state;
    limit_by_text("AAECAwQFBgcICQoLDA0ODw", &a);
    limit_by_text("AAECAwQFBgcICQoLDA0ODg", &b);
    assert_true(a.has_key && b.has_key);
    assert_memory_not_equal(a.key, b.key, sizeof a.key);
    limit_by_text("AAECAwQFBgcICQoLDA0ODw", &b);
    assert_memory_equal(a.key, b.key, sizeof a.key);
}

static void a_fifth_of_the_disk_is_left_to_others(void **state)
{
    static struct conf conf;
    const uint64_t mega = UINT64_C(1) << 20;
    (void)state;
    conf.max_store = CONF_AUTO;
    assert_int_equal(reserve_most(&conf, 0, 1000 * mega) / mega, 800);
    assert_int_equal(reserve_most(&conf, 500 * mega, 500 * mega) / mega, 800);
    assert_true(800 * mega >= reserve_most(&conf, 800 * mega, 200 * mega)); /* full */
    assert_int_equal(reserve_most(&conf, mega, UINT64_MAX), UINT64_MAX);    /* unknown */
    strcpy(conf.store, "postgresql://db/chat");                             /* this host's disk isn't the database's */
    assert_int_equal(reserve_most(&conf, mega, 1000 * mega), UINT64_MAX);
    strcpy(conf.store, "sqlite");
    assert_int_equal(reserve_most(&conf, mega, 1000 * mega) / mega, 800);
    conf.max_store = 5 * mega;
    assert_int_equal(reserve_most(&conf, mega, 1000 * mega), 5 * mega);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_network_of_a_client_is_known_unless_a_proxy_hides_it),
        cmocka_unit_test(private_addresses_are_told_from_public_ones),
        cmocka_unit_test(a_text_stands_for_a_key),
        cmocka_unit_test(a_fifth_of_the_disk_is_left_to_others),
    };
    return RUN(tests);
}
