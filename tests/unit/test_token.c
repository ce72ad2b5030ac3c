/* test_token.c - token.h: which tokens sign a visitor in, and why the others don't.
 *
 * The cases are in tests/cases/tokens. Keys:
 *   header, claims  the two texts of JSON, which the test encodes and signs; or
 *   token   the token itself
 *   sign    how to sign it, as in token_support.h (default: first)
 *   alg     of the settings: hs256 (default), eddsa, none; rfc7515 and rfc8037 have the keys of the
 *           examples in these papers
 *   kids    no: the settings have one key without a kid (default: 2026a and 2026b)
 *   now     seconds since 1970 (default: 2000000000)
 *   is      what the token means, as describe() prints it; exp counts from now; or
 *   says    a part of the error's text (may be given several times)
 */
#include "token_support.h"

#define RFC7515_KEY "base64url:AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define RFC8037_KEY "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static void describe(const struct token *t, int64_t now, struct buf *out)
{
    buf_addf(out, "sub=%s", t->sub);
    if (t->iss[0] != '\0') {
        buf_addf(out, " iss=%s", t->iss);
    }
    buf_addf(out, " name=%s exp=%lld", t->name, (long long)(t->exp_s - now));
    if (t->role != CHAT_NOBODY) {
        buf_addf(out, " role=%s", chat_role_word(t->role));
    }
    buf_adds(out, t->has_rooms ? " rooms=" : "");
    for (size_t i = 0; i < t->room_count; i++) {
        buf_addf(out, "%s%s", i > 0 ? "," : "", t->rooms[i]);
    }
    if (t->avatar[0] != '\0') {
        buf_addf(out, " avatar=%s", t->avatar);
    }
}

static void settings_of(struct token_settings *s, const char *alg, bool with_kids)
{
    if (strcmp(alg, "rfc7515") == 0) {
        assert_int_equal(token_settings_read(s, TOKEN_HS256, RFC7515_KEY, "", "chat", NULL), 0);
    } else if (strcmp(alg, "rfc8037") == 0) {
        assert_int_equal(token_settings_read(s, TOKEN_EDDSA, RFC8037_KEY, "", "chat", NULL), 0);
    } else if (strcmp(alg, "none") == 0) {
        assert_int_equal(token_settings_read(s, TOKEN_NONE, "", "", "", NULL), 0);
    } else {
        token_test_settings(s, strcmp(alg, "eddsa") == 0 ? TOKEN_EDDSA : TOKEN_HS256, with_kids);
    }
}

static void check_answer(struct support_case *c, int result, const struct token *t, int64_t now, const struct err *e)
{
    const char *is = support_case_value(c, "is", NULL);
    struct buf got;
    size_t reasons = 0;
    buf_init(&got, 1 << 16);
    if (result == 0) {
        describe(t, now, &got);
    }
    if (is != NULL && (result != 0 || e->code != ERR_NONE || strcmp(is, buf_text(&got)) != 0)) {
        fail_msg("%s\n  is     %s\n  but is %s%s", c->path, is, buf_text(&got), e->text);
    }
    if (is == NULL && (result != -1 || e->code != ERR_TOKEN)) {
        fail_msg("%s is accepted: %s", c->path, buf_text(&got));
    }
    for (const char *part = NULL; (part = support_case_value(c, "says", NULL)) != NULL; reasons++) {
        assert_contains(e->text, part);
    }
    assert_true((is == NULL) == (reasons > 0));
    buf_fini(&got);
}

static void run_case(struct support_case *c)
{
    struct token_settings s;
    struct token t;
    struct err e = ERR_INIT;
    struct buf token;
    size_t length = 0;
    size_t given_length = 0;
    const char *header = support_case_value(c, "header", NULL);
    const char *claims = support_case_value(c, "claims", &length);
    const char *given = support_case_value(c, "token", &given_length);
    const char *sign = support_case_value(c, "sign", NULL);
    const char *alg = support_case_value(c, "alg", NULL);
    const char *when = support_case_value(c, "now", NULL);
    bool with_kids = support_case_value(c, "kids", NULL) == NULL;
    int64_t now = when != NULL ? strtoll(when, NULL, 10) : TOKEN_TEST_NOW;
    buf_init(&token, BUF_UNLIMITED);
    settings_of(&s, alg != NULL ? alg : "hs256", with_kids);
    if (given != NULL) {
        buf_add(&token, given, given_length);
    } else {
        token_test_make(&token, header, claims, length, sign != NULL ? sign : "first");
    }
    int result = token_check(&s, buf_text(&token), token.length, now, &t, &e);
    check_answer(c, result, &t, now, &e);
    buf_fini(&token);
}

static void each_case_is_answered_as_it_says(void **state)
{
    (void)state;
    support_each_case("tests/cases/tokens", 100, run_case);
}

/* Makes a token of a given size: white space stands before the end of the header and behind the
 * claims. */
static void make_long(struct buf *out, size_t size)
{
    static const char start[] = "{\"sub\":\"17\",\"name\":\"Ann\",\"exp\":2000000600,\"aud\":\"chat\"}";
    char claims[TOKEN_MAX];
    memset(claims, ' ', sizeof claims);
    memcpy(claims, start, sizeof start - 1);
    for (size_t length = size * 3 / 4 - 90; out->length != size; length++) {
        buf_fini(out);
        token_test_make(out, "{\"alg\":\"HS256\"}", claims, length, "first");
        if (out->length > size) { /* base64 skips a length in four; a longer header gives it */
            buf_fini(out);
            token_test_make(out, "{\"alg\":\"HS256\" }", claims, length - 2, "first");
        }
        assert_true(length < sizeof claims);
    }
}

static void a_token_may_have_8192_bytes_and_not_one_more(void **state)
{
    (void)state;
    for (size_t size = TOKEN_MAX; size <= TOKEN_MAX + 1; size++) {
        struct token_settings s;
        struct token t;
        struct err e = ERR_INIT;
        struct buf token;
        buf_init(&token, BUF_UNLIMITED);
        token_test_settings(&s, TOKEN_HS256, false);
        make_long(&token, size);
        int result = token_check(&s, token.bytes, token.length, TOKEN_TEST_NOW, &t, &e);
        assert_int_equal(result, size == TOKEN_MAX ? 0 : -1);
        assert_true(size == TOKEN_MAX || support_contains(e.text, "longer than 8192"));
        buf_fini(&token);
    }
}

/* Each single change of a bit makes the token bad: no part of it is ignored. */
static void no_bit_of_a_token_can_be_changed(void **state)
{
    static const char claims[] = "{\"sub\":\"17\",\"name\":\"Ann\",\"exp\":2000000600,\"aud\":\"chat\"}";
    static const enum token_alg algs[] = {TOKEN_HS256, TOKEN_EDDSA};
    (void)state;
    for (size_t i = 0; i < COUNT(algs); i++) {
        struct token_settings s;
        struct token t;
        struct buf token;
        bool is_hs256 = algs[i] == TOKEN_HS256;
        buf_init(&token, BUF_UNLIMITED);
        token_test_settings(&s, algs[i], true);
        token_test_make(&token, is_hs256 ? "{\"alg\":\"HS256\"}" : "{\"alg\":\"EdDSA\"}", claims, sizeof claims - 1,
                        is_hs256 ? "first" : "eddsa");
        assert_int_equal(token_check(&s, token.bytes, token.length, TOKEN_TEST_NOW, &t, NULL), 0);
        for (size_t at = 0; at < token.length; at++) {
            for (int bit = 0; bit < 8; bit++) {
                char kept = token.bytes[at];
                token.bytes[at] = (char)((unsigned char)kept ^ 1U << bit);
                if (token_check(&s, token.bytes, token.length, TOKEN_TEST_NOW, &t, NULL) == 0) {
                    fail_msg("byte %zu of %zu, bit %d, was %c: %s", at, token.length, bit, kept, token.bytes);
                }
                token.bytes[at] = kept;
            }
        }
        for (size_t length = 0; length < token.length; length++) {
            assert_int_equal(token_check(&s, token.bytes, length, TOKEN_TEST_NOW, &t, NULL), -1);
        }
        buf_fini(&token);
    }
}

static void settings_that_would_be_weak_or_wrong_are_refused_by_name(void **state)
{
    static const char long_enough[] = "0123456789abcdef0123456789abcdef";
    static const struct {
        enum token_alg alg;
        const char *key;
        const char *next;
        const char *aud;
        const char *field; /* NULL: these are good */
    } cases[] = {
        {TOKEN_NONE, "", "", "", NULL},
        {TOKEN_HS256, long_enough, "", "chat", NULL},
        {TOKEN_HS256, long_enough, long_enough, "chat", NULL},
        {TOKEN_HS256, "kid:0123456789abcdef0123456789abcdef", "", "chat", NULL},
        {TOKEN_HS256, "", "", "chat", "token_key"},
        {TOKEN_HS256, "0123456789abcdef0123456789abcde", "", "chat", "token_key"},
        {TOKEN_HS256, "kid:0123456789abcdef0123456789abc", "", "chat", "token_key"},
        {TOKEN_HS256, long_enough, "short", "chat", "token_key_next"},
        {TOKEN_HS256, long_enough, "", "", "token_aud"},
        {TOKEN_HS256, "base64url:AAAA", "", "chat", "token_key"},
        {TOKEN_HS256, "base64url:not base64!", "", "chat", "token_key"},
        {TOKEN_HS256, "base64url:" RFC8037_KEY, "", "chat", NULL},
        {TOKEN_HS256, "a:base64url:" RFC8037_KEY, "", "chat", NULL},
        {TOKEN_EDDSA, RFC8037_KEY, "", "chat", NULL},
        {TOKEN_EDDSA, "a:" RFC8037_KEY, "b:" RFC8037_KEY, "chat", NULL},
        {TOKEN_EDDSA, RFC8037_KEY "AA", "", "chat", "token_key"},
        {TOKEN_EDDSA, long_enough, "", "chat", "token_key"},
        {TOKEN_EDDSA, "", "", "chat", "token_key"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct token_settings s;
        struct err e = ERR_INIT;
        int result = token_settings_read(&s, cases[i].alg, cases[i].key, cases[i].next, cases[i].aud, &e);
        if ((result == 0) != (cases[i].field == NULL)) {
            fail_msg("case %zu: %d %s", i, result, e.text);
        }
        if (cases[i].field != NULL) {
            assert_int_equal(e.code, ERR_CONFIG);
            assert_string_equal(e.field, cases[i].field);
            assert_true(cases[i].key[0] == '\0' || !support_contains(e.text, cases[i].key));
        }
    }
}

static void without_rooms_a_token_is_for_all_and_with_them_for_these(void **state)
{
    struct token t = {.has_rooms = false};
    (void)state;
    assert_true(token_has_room(&t, "lobby"));
    t.has_rooms = true;
    assert_false(token_has_room(&t, "lobby"));
    t.room_count = 2;
    memcpy(t.rooms[0], "dev", sizeof "dev");
    memcpy(t.rooms[1], "lobby", sizeof "lobby");
    assert_true(token_has_room(&t, "lobby"));
    assert_false(token_has_room(&t, "lobby2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_is_answered_as_it_says),
        cmocka_unit_test(a_token_may_have_8192_bytes_and_not_one_more),
        cmocka_unit_test(no_bit_of_a_token_can_be_changed),
        cmocka_unit_test(settings_that_would_be_weak_or_wrong_are_refused_by_name),
        cmocka_unit_test(without_rooms_a_token_is_for_all_and_with_them_for_these),
    };
    return RUN(tests);
}
