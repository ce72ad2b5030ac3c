/* test_commit_errors.c - commit.h: one sender's error does not affect the others. */
#include "commit_fakes.h"

static const char *every_seventh_is_full(size_t i)
{
    return i % 7 == 3 ? "full" : good_id(i);
}

static void an_error_affects_only_the_message_that_caused_it(void **state)
{
    static struct sender senders[21];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), every_seventh_is_full);
    for (size_t i = 0; i < COUNT(senders); i++) {
        bool full = i % 7 == 3;
        assert_int_equal(senders[i].e.code, full ? ERR_FULL : ERR_NONE);
        assert_string_equal(senders[i].e.text, full ? "full" : "");
        assert_int_equal(senders[i].job.store.seq > 0, !full);
    }
    assert_int_equal(fake.stored, 18);
    assert_int_equal(fake.published, 18);
    assert_int_equal(fake.seq, 18); /* the second attempt stores nothing twice */
}

static const char *first_good_rest_full(size_t i)
{
    return i == 0 ? "good" : "full";
}

static void if_all_fail_each_sender_gets_its_own_error(void **state)
{
    static struct sender senders[10];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), first_good_rest_full);
    assert_int_equal(senders[0].e.code, ERR_NONE);
    for (size_t i = 1; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].e.code, ERR_FULL);
        assert_int_equal(senders[i].job.store.outcome, 0); /* unchanged */
    }
}

static const char *one_is_busy(size_t i)
{
    return i == 4 ? "busy" : good_id(i);
}

static void a_busy_store_is_not_tried_again_for_each_message(void **state)
{
    static struct sender senders[10];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), one_is_busy);
    assert_int_equal(fake.appends, 2);
    assert_int_equal(senders[0].e.code, ERR_NONE);
    for (size_t i = 1; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].e.code, ERR_BUSY);
    }
    assert_int_equal(fake.stored, 1);
}

static const char *full_then_busy(size_t i)
{
    return i == 1 ? "full" : i == 2 ? "busy" : good_id(i);
}

/* Each attempt could wait for the lock as long as the setting allows: one after the other, that
 * would take minutes. */
static void a_busy_store_ends_the_second_attempts_of_a_group(void **state)
{
    static struct sender senders[10];
    (void)state;
    reset();
    send_behind_a_gate(senders, COUNT(senders), full_then_busy);
    assert_int_equal(fake.appends, 4); /* the first sender, the group, "full", "busy" */
    assert_int_equal(senders[0].e.code, ERR_NONE);
    assert_int_equal(senders[1].e.code, ERR_FULL);
    for (size_t i = 2; i < COUNT(senders); i++) {
        assert_int_equal(senders[i].e.code, ERR_BUSY);
        assert_int_equal(senders[i].job.store.outcome, 0);
    }
    assert_int_equal(fake.stored, 1);
}

static void without_a_store_all_get_the_reason_and_the_next_sender_tries_again(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    fake.no_store = true;
    send_and_wait(&s, c, "good");
    assert_int_equal(s.e.code, ERR_READONLY);
    assert_int_equal(fake.appends, 0);
    assert_int_equal(fake.returned, 0);
    fake.no_store = false;
    send_and_wait(&s, c, "good");
    assert_int_equal(s.e.code, ERR_NONE);
    commit_free(c);
}

static void a_host_with_another_key_stores_nothing(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    fake.is_foreign = true;
    send_and_wait(&s, c, "good");
    assert_int_equal(s.e.code, ERR_READONLY);
    assert_int_equal(fake.appends, 0);
    assert_int_equal(fake.returned, fake.borrowed);
    fake.is_foreign = false;
    commit_free(c);
}

/* Its handle says so when it is given back; an error for another reason isn't tried again. */
static void a_message_that_met_a_replaced_database_is_tried_with_a_new_handle(void **state)
{
    struct sender s;
    struct commit *c = commit_new(NULL, true);
    (void)state;
    reset();
    fake.replaced = 2;
    send_and_wait(&s, c, "busy");
    assert_int_equal(s.e.code, ERR_BUSY);
    assert_int_equal(fake.appends, 3);
    fake.replaced = 2;
    send_and_wait(&s, c, "full");
    assert_int_equal(s.e.code, ERR_FULL);
    assert_int_equal(fake.appends, 4);
    commit_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_affects_only_the_message_that_caused_it),
        cmocka_unit_test(if_all_fail_each_sender_gets_its_own_error),
        cmocka_unit_test(a_busy_store_is_not_tried_again_for_each_message),
        cmocka_unit_test(a_busy_store_ends_the_second_attempts_of_a_group),
        cmocka_unit_test(without_a_store_all_get_the_reason_and_the_next_sender_tries_again),
        cmocka_unit_test(a_host_with_another_key_stores_nothing),
        cmocka_unit_test(a_message_that_met_a_replaced_database_is_tried_with_a_new_handle),
    };
    return RUN(tests);
}
