/* test_site_key.c - site_key.h: all processes have the same key, and names made with it reveal
 * nothing. */
#include "store_support.h"

#include "shared/site_key.h"

enum { RACERS = 12 };

static struct site_key load(const struct place *p)
{
    struct site_key s;
    struct err e = ERR_INIT;
    if (site_key_load(&s, p->root, &e) != 0) {
        fail_msg("%s", e.text);
    }
    return s;
}

static void a_key_is_created_once_and_kept(void **state)
{
    const struct place *p = *state;
    char path[300];
    struct stat st;
    umask(0);
    const struct site_key first = load(p);
    umask(022);
    const struct site_key again = load(p);
    assert_memory_equal(&first, &again, sizeof first);
    snprintf(path, sizeof path, "%s/chat.key", p->root);
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, SITE_KEY_BYTES);
    assert_int_equal(st.st_nlink, 1); /* no temporary name is left */
    assert_int_equal(unlink(path), 0);
    const struct site_key other = load(p);
    assert_memory_not_equal(&first, &other, sizeof first);
}

static void a_key_that_others_may_write_to_is_refused(void **state)
{
    const struct place *p = *state;
    char path[300];
    struct site_key s;
    struct err e = ERR_INIT;
    (void)load(p);
    snprintf(path, sizeof path, "%s/chat.key", p->root);
    assert_int_equal(chmod(path, 0602), 0);
    assert_int_equal(site_key_load(&s, p->root, &e), -1);
    assert_int_equal(e.code, ERR_EXPOSED);
    assert_contains(e.text, "chat.key (permissions 602)");
    assert_int_equal(chmod(path, 0600), 0);
    (void)load(p);
}

static void tell_key(const struct place *p, int out)
{
    struct site_key s;
    NEED(site_key_load(&s, p->root, NULL) == 0);
    NEED(write(out, s.key, sizeof s.key) == (ssize_t)sizeof s.key);
}

static void processes_that_create_it_at_the_same_moment_get_the_same_key(void **state)
{
    const struct place *p = *state;
    char path[300];
    snprintf(path, sizeof path, "%s/chat.key", p->root);
    for (int round = 0; round < 10; round++) {
        pid_t children[RACERS];
        struct site_key told;
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        for (int i = 0; i < RACERS; i++) {
            children[i] = start_child(tell_key, p, ends[1]);
        }
        for (int i = 0; i < RACERS; i++) {
            assert_int_equal(wait_child(children[i]), 0);
        }
        const struct site_key kept = load(p);
        for (int i = 0; i < RACERS; i++) {
            assert_int_equal(read(ends[0], told.key, sizeof told.key), sizeof told.key);
            assert_memory_equal(told.key, kept.key, sizeof kept.key);
        }
        close(ends[0]);
        close(ends[1]);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_file_that_is_not_a_key_is_neither_used_nor_replaced(void **state)
{
    const struct place *p = *state;
    char path[300];
    char target[300];
    struct site_key s;
    struct err e = ERR_INIT;
    snprintf(path, sizeof path, "%s/chat.key", p->root);
    snprintf(target, sizeof target, "%s/elsewhere", p->root);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("short", file);
    fclose(file);
    assert_int_equal(site_key_load(&s, p->root, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(site_key_load(&s, p->root, NULL), -1);
    assert_int_equal(access(target, F_OK), -1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(site_key_load(&s, p->root, NULL), -1);
    assert_int_equal(site_key_load(&s, target, NULL), -1); /* no such folder */
}

static void a_name_depends_on_key_purpose_and_text(void **state)
{
    struct site_key a = {.key = {1}};
    struct site_key b = {.key = {2}};
    const struct {
        const struct site_key *key;
        const char *purpose;
        const char *text;
    } cases[] = {{&a, "head", "lobby"}, {&b, "head", "lobby"}, {&a, "token", "lobby"}, {&a, "head", "lobbz"},
                 {&a, "headl", "obby"}, {&a, "head", ""},      {&a, "", "head"}};
    char names[COUNT(cases)][SITE_KEY_NAME_SIZE];
    char again[SITE_KEY_NAME_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        site_key_name(cases[i].key, cases[i].purpose, cases[i].text, names[i]);
        site_key_name(cases[i].key, cases[i].purpose, cases[i].text, again);
        assert_string_equal(names[i], again);
        assert_int_equal(strspn(names[i], "0123456789abcdef"), SITE_KEY_NAME_SIZE - 1);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(names[i], names[k]);
        }
    }
}

static void a_subkey_depends_on_key_and_purpose(void **state)
{
    struct site_key one = {.key = {1}};
    struct site_key two = {.key = {2}};
    unsigned char subkeys[4][SITE_KEY_BYTES];
    (void)state;
    site_key_derive(&one, "a", subkeys[0]);
    site_key_derive(&one, "a", subkeys[1]);
    assert_memory_equal(subkeys[0], subkeys[1], SITE_KEY_BYTES);
    site_key_derive(&one, "b", subkeys[1]);
    site_key_derive(&two, "a", subkeys[2]);
    memcpy(subkeys[3], one.key, SITE_KEY_BYTES);
    for (size_t i = 0; i < 4; i++) {
        for (size_t other = 0; other < i; other++) {
            assert_memory_not_equal(subkeys[i], subkeys[other], SITE_KEY_BYTES);
        }
    }
}

static void a_number_depends_on_key_purpose_and_bytes(void **state)
{
    const struct site_key one = {{1}};
    const struct site_key other = {{2}};
    struct site_key_hash h[5];
    (void)state;
    site_key_hash_init(&one, "limits", &h[0]);
    site_key_hash_init(&other, "limits", &h[1]);
    site_key_hash_init(&one, "else", &h[2]);
    site_key_hash_init(NULL, "limits", &h[3]);
    site_key_hash_init(NULL, "limits", &h[4]); /* another random one */
    assert_int_equal(site_key_hash(&h[0], "ann", 3), site_key_hash(&h[0], "ann", 3));
    assert_int_not_equal(site_key_hash(&h[0], "ann", 3), site_key_hash(&h[0], "bob", 3));
    for (size_t i = 0; i < COUNT(h); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(site_key_hash(&h[i], "ann", 3), site_key_hash(&h[k], "ann", 3));
        }
    }
}

static void random_digits_differ(void **state)
{
    char a[SITE_KEY_NAME_SIZE];
    char b[SITE_KEY_NAME_SIZE];
    (void)state;
    site_key_random(a, sizeof a);
    site_key_random(b, sizeof b);
    assert_int_equal(strlen(a), sizeof a - 1);
    assert_string_not_equal(a, b);
    site_key_random(a, 3);
    assert_int_equal(strlen(a), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROLLBACK(a_key_is_created_once_and_kept),
        IN_ROLLBACK(a_key_that_others_may_write_to_is_refused),
        IN_ROLLBACK(processes_that_create_it_at_the_same_moment_get_the_same_key),
        IN_ROLLBACK(a_file_that_is_not_a_key_is_neither_used_nor_replaced),
        cmocka_unit_test(a_name_depends_on_key_purpose_and_text),
        cmocka_unit_test(a_subkey_depends_on_key_and_purpose),
        cmocka_unit_test(a_number_depends_on_key_purpose_and_bytes),
        cmocka_unit_test(random_digits_differ),
    };
    quiet_log();
    return RUN(tests);
}
