/* test_problem.c - problem.h: status, title and body of the answer that tells of an error. */
#include "support.h"

#include "base/buf.h"
#include "base/err.h"
#include "format/problem.h"

static void every_code_has_the_status_of_the_contract(void **state)
{
    static const struct {
        enum err_code code;
        int status;
        const char *slug;
        bool retry;
    } table[] = {{ERR_INPUT, 400, "bad-input", false},
                 {ERR_AUTH, 403, "forbidden-origin", false},
                 {ERR_FORBIDDEN, 403, "forbidden", false},
                 {ERR_TOKEN, 401, "bad-token", false},
                 {ERR_SIGN_IN, 401, "sign-in-needed", false},
                 {ERR_WEAK, 403, "not-allowed", false},
                 {ERR_BANNED, 403, "banned", false},
                 {ERR_MUTED, 403, "muted", false},
                 {ERR_CLOSED, 403, "room-closed", false},
                 {ERR_PROOF, 403, "proof-needed", false},
                 {ERR_WORDS, 403, "words", false},
                 {ERR_LATE, 403, "too-late", false},
                 {ERR_NAME, 409, "name-taken", false},
                 {ERR_ALIKE, 409, "name-alike", false},
                 {ERR_RATE, 429, "too-fast", true},
                 {ERR_SLOW_MODE, 429, "slow-mode", true},
                 {ERR_ABSENT, 404, "not-found", false},
                 {ERR_METHOD, 405, "method-not-allowed", false},
                 {ERR_SLOW, 408, "too-slow", false},
                 {ERR_EPOCH, 409, "epoch-changed", false},
                 {ERR_CONFLICT, 409, "id-reused", false},
                 {ERR_TOO_LARGE, 413, "too-large", false},
                 {ERR_TYPE, 415, "unsupported-type", false},
                 {ERR_BUSY, 503, "store-busy", true},
                 {ERR_UNSURE, 503, "unsure", true},
                 {ERR_CROWDED, 503, "crowded", true},
                 {ERR_FULL, 503, "store-full", true},
                 {ERR_READONLY, 503, "store-read-only", true},
                 {ERR_CORRUPT, 500, "store-corrupt", false},
                 {ERR_NEWER, 503, "store-newer", true},
                 {ERR_CONFIG, 500, "misconfigured", false},
                 {ERR_STOPPING, 503, "stopping", true},
                 {ERR_STREAM, 503, "no-stream", true},
                 {ERR_SYSTEM, 500, "internal", false}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct problem *p = problem_of(table[i].code);
        assert_int_equal(p->status, table[i].status);
        assert_string_equal(p->slug, table[i].slug);
        assert_int_equal(p->retry_after > 0, table[i].retry);
        assert_true(strlen(p->title) > 0);
    }
}

static void every_429_and_503_says_when_to_try_again(void **state)
{
    (void)state;
    for (int code = 0; code < ERR__MAX; code++) {
        const struct problem *p = problem_of((enum err_code)code);
        assert_int_equal(p->status == 503 || p->status == 429, p->retry_after > 0);
    }
}

static void an_unknown_code_is_an_internal_error(void **state)
{
    static const int codes[] = {ERR_NONE, ERR__MAX, ERR__MAX + 1, 1000};
    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        assert_string_equal(problem_of((enum err_code)codes[i])->slug, "internal");
    }
}

static void the_body_names_type_and_field(void **state)
{
    struct err e = ERR_INIT;
    struct buf b;
    (void)state;
    buf_init(&b, 2000);
    err_field(&e, ERR_INPUT, "name", "name must be \"valid\".");
    problem_body(&b, &e, false, NULL);
    assert_string_equal(b.bytes,
                        "{\"type\":\"urn:pollchat:problem:bad-input\",\"title\":\"Bad Request\",\"status\":400,"
                        "\"detail\":\"name must be \\\"valid\\\".\",\"field\":\"name\"}");
    buf_fini(&b);
}

static void the_body_can_have_an_epoch(void **state)
{
    struct err e = ERR_INIT;
    struct buf b;
    (void)state;
    buf_init(&b, 2000);
    err_field(&e, ERR_EPOCH, "epoch", "begin again");
    problem_body(&b, &e, false, "EPOCH");
    assert_contains(b.bytes, "\"epoch\":\"EPOCH\"");
    assert_contains(b.bytes, "problem:epoch-changed");
    buf_fini(&b);
}

static void as_text_it_is_one_line(void **state)
{
    struct err e = ERR_INIT;
    struct buf b;
    (void)state;
    buf_init(&b, 2000);
    err_set(&e, ERR_ABSENT, "There is nothing here.");
    problem_body(&b, &e, true, NULL);
    assert_string_equal(b.bytes, "404 Not Found: There is nothing here.\n");
    buf_fini(&b);
}

static void clients_do_not_see_details_that_are_for_the_owner(void **state)
{
    static const enum err_code codes[] = {ERR_CONFIG, ERR_SYSTEM};
    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        for (int as_text = 0; as_text < 2; as_text++) {
            struct err e = ERR_INIT;
            struct buf b;
            buf_init(&b, 2000);
            err_set(&e, codes[i], "/home/ann/secret: %s", "no such file");
            problem_body(&b, &e, as_text, NULL);
            assert_without(b.bytes, "secret");
            assert_contains(b.bytes, "log");
            buf_fini(&b);
        }
    }
}

static void the_longest_error_makes_a_whole_body(void **state)
{
    struct err e = ERR_INIT;
    struct buf b;
    char text[2000];
    (void)state;
    memset(text, '\x01', sizeof text - 1); /* six bytes each in JSON */
    text[sizeof text - 1] = '\0';
    buf_init(&b, 10000);
    err_field(&e, ERR_INPUT, text, "%s", text);
    problem_body(&b, &e, false, "EPOCH");
    assert_false(b.over);
    assert_int_equal(b.bytes[b.length - 1], '}');
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_the_status_of_the_contract),
        cmocka_unit_test(every_429_and_503_says_when_to_try_again),
        cmocka_unit_test(an_unknown_code_is_an_internal_error),
        cmocka_unit_test(the_body_names_type_and_field),
        cmocka_unit_test(the_body_can_have_an_epoch),
        cmocka_unit_test(as_text_it_is_one_line),
        cmocka_unit_test(clients_do_not_see_details_that_are_for_the_owner),
        cmocka_unit_test(the_longest_error_makes_a_whole_body),
    };
    return RUN(tests);
}
