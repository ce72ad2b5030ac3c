/* test_key.c - key.h, stretch.h and proof.h: keys of persons, and what is made from them.
 *
 * The expected bytes were computed by other programs (Python's hashlib, PHP's sodium). What is
 * stored depends on them, so they must never change.
 */
#include "support.h"

#include "base/err.h"
#include "peace/key.h"
#include "peace/proof.h"
#include "peace/stretch.h"

#include <pthread.h>
#include <sodium.h>

#define KEY_ONE "AAECAwQFBgcICQoLDA0ODw"

enum { NOW = 2000000000, BITS = 12 };

static const unsigned char subkey[KEY_SUBKEY_BYTES] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                                       16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
static const unsigned char other_subkey[KEY_SUBKEY_BYTES] = {1};

static void assert_hex(const unsigned char *bytes, const char *expected)
{
    char hex[33];
    sodium_bin2hex(hex, sizeof hex, bytes, 16);
    assert_string_equal(hex, expected);
}

/* ---- keys ---- */

static void a_key_has_one_spelling_of_22_characters(void **state)
{
    unsigned char key[KEY_BYTES];
    char text[KEY_TEXT_SIZE];
    (void)state;
    assert_int_equal(key_parse(KEY_ONE, 22, key, NULL), 0);
    assert_hex(key, "000102030405060708090a0b0c0d0e0f");
    key_text(key, text);
    assert_string_equal(text, KEY_ONE);
    assert_int_equal(key_parse("_-_-_-_-_-_-_-_-_-_-_w", 22, key, NULL), 0);
    key_text(key, text);
    assert_string_equal(text, "_-_-_-_-_-_-_-_-_-_-_w");
}

static void what_is_not_a_key_is_refused_and_not_repeated(void **state)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"", 0},
        {"AAECAwQFBgcICQoLDA0OD", 21},
        {"AAECAwQFBgcICQoLDA0ODwA", 23},
        {"AAECAwQFBgcICQoLDA0ODw==", 24},
        {"AAECAwQFBgcICQoLDA0ODx", 22}, /* the spare bits are not zero */
        {"AAECAwQFBgcICQoLDA0OD=", 22},
        {"AAECAwQFBgcICQoLDA0O+/", 22}, /* the letters of ordinary base64 */
        {" AECAwQFBgcICQoLDA0ODw", 22},
        {"AAECAwQFBgc\0CQoLDA0ODw", 22},
        {"AAECAwQFBgc\nCQoLDA0ODw", 22},
        {"\xDF-_-_-_-_-_-_-_-_-_-_w", 22},
        {"000102030405060708090a0b0c0d0e0f", 32},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned char key[KEY_BYTES];
        struct err e = ERR_INIT;
        if (key_parse(cases[i].text, cases[i].length, key, &e) == 0) {
            fail_msg("case %zu is accepted", i);
        }
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "key");
        assert_true(cases[i].length == 0 || !support_contains(e.text, cases[i].text));
    }
}

static void a_hash_never_changes_and_differs_by_site_and_kind(void **state)
{
    unsigned char key[KEY_BYTES];
    unsigned char hash[KEY_HASH_BYTES];
    unsigned char other[KEY_HASH_BYTES];
    char mark[KEY_MARK_SIZE];
    (void)state;
    assert_int_equal(key_parse(KEY_ONE, 22, key, NULL), 0);
    key_hash(subkey, key, hash);
    assert_hex(hash, "8be17389a6b614cb63b130185c976556");
    key_mark(hash, mark);
    assert_string_equal(mark, "8be1");
    key_hash(other_subkey, key, other);
    assert_memory_not_equal(hash, other, sizeof hash);
    key_hash_signed(subkey, "https://site.example", "17", hash);
    assert_hex(hash, "cf36f74f219b3c3fc45b6495a3f1d138");
    key_hash_signed(subkey, "https://site.example1", "7", other);
    assert_memory_not_equal(hash, other, sizeof hash);
    key_hash_signed(subkey, "", "17", other);
    assert_memory_not_equal(hash, other, sizeof hash);
}

/* ---- secrets ---- */

static void a_secret_stands_behind_the_first_sign_that_has_something_on_both_sides(void **state)
{
    static const struct {
        const char *text;
        const char *secret; /* NULL: none */
    } cases[] = {
        {"ann#secret", "secret"},  {"ann#a#b", "a#b"}, {"a#b", "b"}, {"ann", NULL}, {"ann#", NULL}, {"#ann", NULL},
        {"#ann#secret", "secret"}, {"##", NULL},       {"#", NULL},  {"", NULL},    {"C#", NULL},   {"\u00e4#x", "x"},
        {"ann# s", " s"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *found = stretch_find(cases[i].text, strlen(cases[i].text));
        if (cases[i].secret == NULL) {
            assert_null(found);
        } else {
            assert_non_null(found);
            assert_string_equal(found, cases[i].secret);
        }
    }
    assert_null(stretch_find("ann#secret", 4)); /* the length counts, not the NUL */
}

static void a_secret_gives_the_same_key_each_time(void **state)
{
    unsigned char key[KEY_BYTES];
    unsigned char other[KEY_BYTES];
    (void)state;
    assert_int_equal(stretch_key(subkey, "ann", "correct horse", 13, key, NULL), 0);
    assert_hex(key, "67626afebdc4ec402778ff27cb619837");
    assert_int_equal(stretch_key(subkey, "bob", "correct horse", 13, other, NULL), 0);
    assert_memory_not_equal(key, other, sizeof key);
    assert_int_equal(stretch_key(other_subkey, "ann", "correct horse", 13, other, NULL), 0);
    assert_memory_not_equal(key, other, sizeof key);
    assert_int_equal(stretch_key(subkey, "ann", "correct horsf", 13, other, NULL), 0);
    assert_memory_not_equal(key, other, sizeof key);
}

static void a_secret_that_is_too_short_or_long_is_refused_and_not_repeated(void **state)
{
    unsigned char key[KEY_BYTES];
    char secret[STRETCH_SECRET_MAX + 1];
    (void)state;
    memset(secret, 'q', sizeof secret);
    static const size_t lengths[] = {0, 5, STRETCH_SECRET_MAX + 1};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct err e = ERR_INIT;
        assert_int_equal(stretch_key(subkey, "ann", secret, lengths[i], key, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "name");
        assert_without(e.text, "qqqqq");
    }
    assert_int_equal(stretch_key(subkey, "ann", secret, 6, key, NULL), 0);
    assert_int_equal(stretch_key(subkey, "ann", secret, STRETCH_SECRET_MAX, key, NULL), 0);
}

static void *stretch_some(void *ignored)
{
    (void)ignored;
    for (int made = 0; made < 3;) {
        unsigned char key[KEY_BYTES];
        struct err e = ERR_INIT;
        bool is_made = stretch_key(subkey, "ann", "correct horse", 13, key, &e) == 0;
        if (is_made ? key[0] != 0x67 : e.code != ERR_CROWDED) { /* crowded: the others took seconds */
            return NULL;
        }
        made += is_made;
    }
    static char good;
    return &good;
}

static void threads_wait_for_each_other_and_get_the_same_key(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, stretch_some, NULL), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *good = NULL;
        pthread_join(threads[i], &good);
        assert_non_null(good);
    }
}

/* ---- proofs of work ---- */

#define CHALLENGE "2000000000.jNSN1c4h4-l8ln-8I9Tb8w"
#define NUMBER "3463" /* the first one with 12 bits; it has 13 */

static int check(const char *key, unsigned bits, int64_t now, const char *proof, struct err *e)
{
    return proof_check(subkey, key, bits, now, proof, strlen(proof), e);
}

static void a_challenge_is_the_time_and_a_code_for_the_key(void **state)
{
    char challenge[PROOF_CHALLENGE_SIZE];
    (void)state;
    proof_challenge(subkey, KEY_ONE, NOW, challenge);
    assert_string_equal(challenge, CHALLENGE);
    proof_challenge(subkey, KEY_ONE, INT64_MAX, challenge);
    assert_true(strlen(challenge) < sizeof challenge);
}

static void a_proof_is_good_for_ten_minutes(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(check(KEY_ONE, BITS, NOW, CHALLENGE ":" NUMBER, NULL), 0);
    assert_int_equal(check(KEY_ONE, BITS + 1, NOW + 600, CHALLENGE ":" NUMBER, NULL), 0);
    assert_int_equal(check(KEY_ONE, BITS, NOW + 601, CHALLENGE ":" NUMBER, &e), -1);
    assert_contains(e.text, "too old");
    assert_int_equal(check(KEY_ONE, BITS, NOW - 1, CHALLENGE ":" NUMBER, NULL), -1);
    assert_int_equal(check(KEY_ONE, 0, NOW, "", NULL), 0);
    assert_int_equal(check(KEY_ONE, 0, NOW, "anything", NULL), 0);
}

static void a_refusal_says_why_and_has_a_new_challenge(void **state)
{
    static const struct {
        const char *key;
        const char *proof;
        const char *says;
    } cases[] = {
        {KEY_ONE, "", "need a proof"},
        {KEY_ONE, CHALLENGE, "malformed"},
        {KEY_ONE, CHALLENGE ":", "malformed"},
        {KEY_ONE, CHALLENGE ":0x10", "malformed"},
        {KEY_ONE, CHALLENGE ":-1", "malformed"},
        {KEY_ONE, CHALLENGE ":" NUMBER " ", "malformed"},
        {KEY_ONE, CHALLENGE ":000000000000000003463", "malformed"},
        {KEY_ONE, CHALLENGE ":" NUMBER ":1", "malformed"},
        {KEY_ONE, ":", "malformed"},
        {KEY_ONE, ".:1", "malformed"},
        {KEY_ONE, "99999999999999999999.jNSN1c4h4-l8ln-8I9Tb8w:1", "malformed"},
        {KEY_ONE, CHALLENGE ":3462", "too few zero bits"},
        {KEY_ONE, CHALLENGE ":03463", "too few zero bits"},
        {"AAECAwQFBgcICQoLDA0ODg", CHALLENGE ":" NUMBER, "not made for this key"},
        {KEY_ONE, "2000000001.jNSN1c4h4-l8ln-8I9Tb8w:1", "not made for this key"},
        {KEY_ONE, "02000000000.jNSN1c4h4-l8ln-8I9Tb8w:1", "not made for this key"},
        {KEY_ONE, "2000000000.:1", "not made for this key"},
        {KEY_ONE, "2000000000.jNSN1c4h4-l8ln-8I9Tb8wA:1", "not made for this key"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char fresh[PROOF_CHALLENGE_SIZE];
        struct err e = ERR_INIT;
        assert_int_equal(check(cases[i].key, BITS, NOW + 5, cases[i].proof, &e), -1);
        assert_int_equal(e.code, ERR_PROOF);
        assert_contains(e.text, cases[i].says);
        assert_string_equal(e.more[0].name, "challenge");
        proof_challenge(subkey, cases[i].key, NOW + 5, fresh);
        assert_string_equal(e.more[0].value, fresh);
        assert_string_equal(e.more[1].name, "bits");
        assert_string_equal(e.more[1].value, "12");
    }
}

static void a_number_can_be_found_for_each_challenge(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits <= 8; bits++) {
        char challenge[PROOF_CHALLENGE_SIZE];
        char proof[PROOF_CHALLENGE_SIZE + 24];
        unsigned tries = 0;
        proof_challenge(subkey, KEY_ONE, NOW + (int64_t)bits, challenge);
        do {
            snprintf(proof, sizeof proof, "%s:%u", challenge, tries++);
        } while (check(KEY_ONE, bits, NOW + 10, proof, NULL) != 0 && tries < 100000);
        assert_true(tries < 100000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_one_spelling_of_22_characters),
        cmocka_unit_test(what_is_not_a_key_is_refused_and_not_repeated),
        cmocka_unit_test(a_hash_never_changes_and_differs_by_site_and_kind),
        cmocka_unit_test(a_secret_stands_behind_the_first_sign_that_has_something_on_both_sides),
        cmocka_unit_test(a_secret_gives_the_same_key_each_time),
        cmocka_unit_test(a_secret_that_is_too_short_or_long_is_refused_and_not_repeated),
        cmocka_unit_test(threads_wait_for_each_other_and_get_the_same_key),
        cmocka_unit_test(a_challenge_is_the_time_and_a_code_for_the_key),
        cmocka_unit_test(a_proof_is_good_for_ten_minutes),
        cmocka_unit_test(a_refusal_says_why_and_has_a_new_challenge),
        cmocka_unit_test(a_number_can_be_found_for_each_challenge),
    };
    return RUN(tests);
}
