/* test_cors.c - cors.h: which pages of other sites may read and send. */
#include "fake_request.h"

#include "base/err.h"
#include "web/cors.h"
#include "web/forwarded.h"
#include "web/reply.h"

#define VARIABLES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void apply(struct fake *f, const char *allow_origin, const char *const *variables)
{
    struct reply r;
    fake_init(f, FAKE_FASTCGI, variables, NULL, 0);
    cors_apply(&f->request, allow_origin);
    reply_init(&r, 200);
    reply_send(&f->request, &r);
    reply_fini(&r);
}

static void by_default_no_other_site_may_read(void **state)
{
    struct fake f;
    (void)state;
    apply(&f, "", VARIABLES("REQUEST_METHOD=GET", "HTTP_ORIGIN=https://a.example"));
    assert_header(&f, "Access-Control-Allow-Origin", NULL);
    assert_header(&f, "Vary", NULL);
    fake_fini(&f);
}

static void a_listed_origin_may_read(void **state)
{
    static const char *const lists[] = {"https://a.example",
                                        "https://a.example https://b.example",
                                        "https://b.example https://a.example",
                                        "  https://b.example   https://a.example  ",
                                        "*",
                                        "https://b.example *"};
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct fake f;
        apply(&f, lists[i], VARIABLES("REQUEST_METHOD=GET", "HTTP_ORIGIN=https://a.example"));
        assert_header(&f, "Access-Control-Allow-Origin", "https://a.example");
        assert_header(&f, "Access-Control-Expose-Headers", "ETag, Retry-After");
        assert_header(&f, "Access-Control-Allow-Methods", NULL); /* only in the answer to a preflight request */
        assert_header(&f, "Access-Control-Allow-Credentials", NULL);
        assert_header(&f, "Vary", "Origin");
        fake_fini(&f);
    }
}

static void an_origin_is_compared_as_a_whole(void **state)
{
    static const char *const origins[] = {"HTTP_ORIGIN=https://a.example.evil",
                                          "HTTP_ORIGIN=https://a.exampl",
                                          "HTTP_ORIGIN=http://a.example",
                                          "HTTP_ORIGIN=https://a.example:8443",
                                          "HTTP_ORIGIN=https://x.a.example",
                                          "HTTP_ORIGIN=null",
                                          "HTTP_ORIGIN=*",
                                          "HTTP_ORIGIN=https://a.example ",
                                          "HTTP_ORIGIN=a.example",
                                          "HTTP_ORIGIN=https://a.example https://b.example",
                                          "HTTP_ORIGIN= ",
                                          "HTTP_ORIGIN="};
    (void)state;
    for (size_t i = 0; i < COUNT(origins); i++) {
        struct fake f;
        apply(&f, "https://a.example https://b.example", VARIABLES("REQUEST_METHOD=GET", origins[i]));
        if (fake_header(&f, "Access-Control-Allow-Origin", NULL) != 0) {
            fail_msg("%s is allowed", origins[i]);
        }
        assert_header(&f, "Vary", "Origin"); /* another origin gets another answer */
        fake_fini(&f);
    }
}

static void a_star_allows_all_only_as_a_word_of_its_own(void **state)
{
    static const char *const lists[] = {"*.example", "**", "https://*", "*x https://b.example", "x", "x y"};
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct fake f;
        apply(&f, lists[i], VARIABLES("REQUEST_METHOD=GET", "HTTP_ORIGIN=https://a.example"));
        assert_header(&f, "Access-Control-Allow-Origin", NULL);
        fake_fini(&f);
    }
}

static void an_origin_with_a_line_break_gets_no_header(void **state)
{
    struct fake f;
    char longest[1200] = "HTTP_ORIGIN=";
    (void)state;
    apply(&f, "*", VARIABLES("REQUEST_METHOD=GET", "HTTP_ORIGIN=https://a\r\nSet-Cookie: b=c"));
    assert_header(&f, "Access-Control-Allow-Origin", NULL);
    assert_header(&f, "Set-Cookie", NULL);
    fake_fini(&f);
    memset(longest + 12, 'o', 1025);
    apply(&f, "*", VARIABLES("REQUEST_METHOD=GET", longest));
    assert_header(&f, "Access-Control-Allow-Origin", NULL);
    fake_fini(&f);
    longest[12 + 1024] = '\0';
    apply(&f, "*", VARIABLES("REQUEST_METHOD=GET", longest));
    assert_header(&f, "Access-Control-Allow-Origin", longest + 12);
    fake_fini(&f);
}

static void a_preflight_is_told_methods_and_headers(void **state)
{
    struct fake f;
    (void)state;
    apply(&f, "https://a.example", VARIABLES("REQUEST_METHOD=OPTIONS", "HTTP_ORIGIN=https://a.example"));
    assert_header(&f, "Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS");
    assert_header(&f, "Access-Control-Max-Age", "86400");
    const char *headers = NULL;
    assert_int_equal(fake_header(&f, "Access-Control-Allow-Headers", &headers), 1);
    static const char *const needed[] = {"Authorization",   "Content-Type", "If-None-Match",     "Pollchat-Room",
                                         "Pollchat-Name",   "Pollchat-Id",  "Pollchat-Reply-To", "Pollchat-Type",
                                         "Pollchat-Target", "Pollchat-Key", "Pollchat-Token"};
    for (size_t i = 0; i < COUNT(needed); i++) {
        assert_contains(headers, needed[i]);
    }
    fake_fini(&f);
    apply(&f, "https://b.example", VARIABLES("REQUEST_METHOD=OPTIONS", "HTTP_ORIGIN=https://a.example"));
    assert_header(&f, "Access-Control-Allow-Methods", NULL);
    fake_fini(&f);
}

static void may_write(bool expected, const char *allow_origin, const char *const *variables)
{
    struct fake f;
    struct err e = ERR_INIT;
    fake_init(&f, FAKE_FASTCGI, variables, NULL, 0);
    int result = cors_check_write(&f.request, allow_origin, &e);
    if ((result == 0) != expected) {
        fail_msg("%s, %s, allowed '%s': %d", variables[0], variables[1], allow_origin, result);
    }
    assert_int_equal(e.code, expected ? ERR_NONE : ERR_AUTH);
    fake_fini(&f);
}

static void a_request_without_an_origin_may_write(void **state)
{
    (void)state;
    may_write(true, "", VARIABLES("HTTP_HOST=chat.example", "X=1"));
    may_write(true, "", VARIABLES("HTTP_HOST=chat.example", "HTTP_ORIGIN="));
}

static void the_site_s_own_pages_may_write(void **state)
{
    (void)state;
    may_write(true, "", VARIABLES("HTTP_HOST=chat.example", "HTTP_ORIGIN=https://chat.example"));
    may_write(true, "",
              /* a proxy that isn't trusted ends TLS */
              VARIABLES("HTTP_HOST=chat.example", "HTTP_ORIGIN=http://chat.example"));
    may_write(true, "", VARIABLES("HTTP_HOST=Chat.Example", "HTTP_ORIGIN=https://chat.example"));
    may_write(true, "", VARIABLES("HTTP_HOST=localhost:8080", "HTTP_ORIGIN=http://localhost:8080"));
    may_write(true, "", VARIABLES("HTTP_HOST=chat.example:443", "HTTP_ORIGIN=https://chat.example"));
    may_write(true, "", VARIABLES("HTTP_HOST=chat.example:80", "HTTP_ORIGIN=http://chat.example"));
    may_write(true, "", VARIABLES("HTTP_HOST=[::1]:8080", "HTTP_ORIGIN=http://[::1]:8080"));
    may_write(true, "",
              VARIABLES("HTTP_SEC_FETCH_SITE=same-origin", "HTTP_ORIGIN=https://outside.example", "HTTP_HOST=inside"));
}

static void pages_of_other_sites_may_not_write(void **state)
{
    static const char *const origins[] = {
        "HTTP_ORIGIN=https://evil.example",
        "HTTP_ORIGIN=null",
        "HTTP_ORIGIN=https://chat.example.evil",
        "HTTP_ORIGIN=https://evilchat.example",
        "HTTP_ORIGIN=https://chat.exampl",
        "HTTP_ORIGIN=https://chat.example:8443",
        "HTTP_ORIGIN=https://chat.example@evil",
        "HTTP_ORIGIN=https://",
        "HTTP_ORIGIN=://",
        "HTTP_ORIGIN=chat.example",
        "HTTP_ORIGIN=https://evil/://chat.example",
        "HTTP_ORIGIN=https://chat.example/",
        "HTTP_ORIGIN=https://chat",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(origins); i++) {
        may_write(false, "", VARIABLES("HTTP_HOST=chat.example", origins[i]));
        may_write(false, "https://friend.example", VARIABLES("HTTP_HOST=chat.example", origins[i]));
        may_write(false, "", VARIABLES("X=1", origins[i])); /* without a Host header no origin is the site's own */
    }
    may_write(false, "", VARIABLES("HTTP_HOST=:80", "HTTP_ORIGIN=https://"));
    may_write(
        false, "",
        VARIABLES("HTTP_SEC_FETCH_SITE=same-site", "HTTP_ORIGIN=https://other.example", "HTTP_HOST=chat.example"));
    may_write(
        false, "",
        VARIABLES("HTTP_SEC_FETCH_SITE=cross-site", "HTTP_ORIGIN=https://other.example", "HTTP_HOST=chat.example"));
}

static void may_write_behind_a_proxy(bool may, const char *const *variables)
{
    struct fake f;
    struct err e = ERR_INIT;
    fake_init(&f, FAKE_FASTCGI, variables, NULL, 0);
    forwarded_apply(&f.request, "127.0.0.1");
    assert_int_equal(cors_check_write(&f.request, "", &e), may ? 0 : -1);
    fake_fini(&f);
}

#define BEHIND(...) VARIABLES("HTTP_HOST=inner:8080", "HTTP_ORIGIN=https://chat.example", __VA_ARGS__)
static void a_trusted_proxy_may_change_the_host(void **state)
{
    (void)state;
    may_write_behind_a_proxy(true, BEHIND("REMOTE_ADDR=127.0.0.1", "HTTP_X_FORWARDED_HOST=chat.example"));
    may_write_behind_a_proxy(true, BEHIND("REMOTE_ADDR=127.0.0.1", "HTTP_X_FORWARDED_HOST=Chat.Example:443, middle"));
    may_write_behind_a_proxy(true, BEHIND("REMOTE_ADDR=127.0.0.1", "HTTP_FORWARDED=host=chat.example;for=192.0.2.1"));
    may_write_behind_a_proxy(false, BEHIND("REMOTE_ADDR=127.0.0.1", "HTTP_X_FORWARDED_HOST=other.example"));
    may_write_behind_a_proxy(false, BEHIND("REMOTE_ADDR=127.0.0.1", "HTTP_X_FORWARDED_FOR=192.0.2.1"));
    may_write_behind_a_proxy(false, BEHIND("REMOTE_ADDR=192.0.2.1", "HTTP_X_FORWARDED_HOST=chat.example"));
}

static void a_page_that_came_without_tls_is_not_the_site_s_own_where_the_site_has_tls(void **state)
{
    (void)state;
    may_write_behind_a_proxy(false, VARIABLES("REMOTE_ADDR=127.0.0.1", "HTTP_HOST=a.example",
                                              "HTTP_ORIGIN=http://a.example", "HTTP_X_FORWARDED_PROTO=https"));
    may_write_behind_a_proxy(true,
                             VARIABLES("REMOTE_ADDR=127.0.0.1", "HTTP_HOST=a.example", "HTTP_ORIGIN=https://a.example",
                                       "HTTP_X_FORWARDED_PROTO=http")); /* a proxy before the nearest one ended TLS */
}

static void listed_sites_may_write(void **state)
{
    (void)state;
    may_write(true, "https://friend.example",
              VARIABLES("HTTP_HOST=chat.example", "HTTP_ORIGIN=https://friend.example"));
    may_write(true, "*", VARIABLES("HTTP_HOST=chat.example", "HTTP_ORIGIN=https://anyone.example"));
    may_write(true, "*", VARIABLES("HTTP_HOST=chat.example", "HTTP_ORIGIN=null"));
}

static void the_refusal_names_the_setting(void **state)
{
    struct fake f;
    struct err e = ERR_INIT;
    (void)state;
    fake_init(&f, FAKE_FASTCGI, VARIABLES("HTTP_ORIGIN=https://<script>"), NULL, 0);
    assert_int_equal(cors_check_write(&f.request, "", &e), -1);
    assert_contains(e.text, "allow_origin");
    assert_contains(e.text, "trusted_proxies");
    assert_without(e.text, "script");
    assert_int_equal(cors_check_write(&f.request, "", NULL), -1);
    fake_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_default_no_other_site_may_read),
        cmocka_unit_test(a_listed_origin_may_read),
        cmocka_unit_test(an_origin_is_compared_as_a_whole),
        cmocka_unit_test(a_star_allows_all_only_as_a_word_of_its_own),
        cmocka_unit_test(an_origin_with_a_line_break_gets_no_header),
        cmocka_unit_test(a_preflight_is_told_methods_and_headers),
        cmocka_unit_test(a_request_without_an_origin_may_write),
        cmocka_unit_test(the_site_s_own_pages_may_write),
        cmocka_unit_test(pages_of_other_sites_may_not_write),
        cmocka_unit_test(a_trusted_proxy_may_change_the_host),
        cmocka_unit_test(a_page_that_came_without_tls_is_not_the_site_s_own_where_the_site_has_tls),
        cmocka_unit_test(listed_sites_may_write),
        cmocka_unit_test(the_refusal_names_the_setting),
    };
    return RUN(tests);
}
