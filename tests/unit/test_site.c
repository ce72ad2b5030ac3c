/* test_site.c - site.h: what is known of a database isn't taken for another one's, whoever has the old one open. */
#include "store_support.h"

#include "../../cgi-bin/lib/bell.h"
#include "../../cgi-bin/lib/site.h"

static struct site *site_at(const struct place *p, char data[320])
{
    snprintf(data, 320, "POLLCHAT_DATA=%s", p->folder);
    const char *const environment[] = {data, NULL};
    struct site *s = site_new(STORE_READ, false, NULL);
    assert_non_null(site_conf(s, environment, NULL));
    return s;
}

/* From the head that is known, or else from the store, which is then known. */
static uint64_t head_by(struct site *s, struct store *store)
{
    struct store_room room = {.head = 0};
    uint64_t head = 0;
    uint64_t oldest = 0;
    struct bell *bell = site_bell(s, store);
    assert_non_null(bell);
    if (bell_look(bell, "lobby", &head, &oldest)) {
        return head;
    }
    uint64_t moment = bell_moment(bell);
    assert_int_equal(store_room(store, "lobby", &room, NULL), 0);
    bell_learned(bell, moment, "lobby", room.head, room.oldest);
    return room.head;
}

/* Of the same epoch, so that the heads could be its own. */
static void put_copy_in_place(const struct place *p)
{
    static const char *const tails[] = {"chat.db-wal", "chat.db-shm"};
    for (size_t i = 0; i < COUNT(tails); i++) {
        unlink(in_place(p, tails[i]));
    }
    assert_int_equal(rename(in_place(p, "copy.db"), in_place(p, "chat.db")), 0);
}

static void copy_of_now(const struct place *p)
{
    char sql[500];
    sqlite3 *db = NULL;
    snprintf(sql, sizeof sql, "VACUUM INTO '%s'", in_place(p, "copy.db"));
    assert_int_equal(sqlite3_open(in_place(p, "chat.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void say_more(const struct place *p)
{
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "more", "text");
    store_close(s);
}

static void an_older_copy_is_noticed_though_only_others_have_the_old_one_open(void **state)
{
    const struct place *p = *state;
    char data[320];
    fill(p, 3);
    copy_of_now(p);
    say_more(p);
    struct site *s = site_at(p, data);
    struct store *kept = site_borrow(s, NULL); /* as the one that watches keeps his */
    assert_int_equal(head_by(s, kept), 4);
    put_copy_in_place(p);
    struct store *now = site_borrow(s, NULL);
    assert_int_equal(head_by(s, now), 3);
    assert_true(store_is_replaced(kept));
    site_return(s, kept);
    site_return(s, now);
    site_free(s);
}

static void further_handles_of_the_same_file_are_no_reason_to_forget(void **state)
{
    const struct place *p = *state;
    char data[320];
    fill(p, 3);
    struct site *s = site_at(p, data);
    struct store *one = site_borrow(s, NULL);
    assert_int_equal(head_by(s, one), 3);
    struct bell *bell = site_bell(s, one);
    uint32_t seen = bell_seen(bell);
    struct store *other = site_borrow(s, NULL);
    assert_ptr_not_equal(one, other);
    assert_int_equal(store_file(one), store_file(other));
    assert_ptr_equal(site_bell(s, other), bell);
    assert_int_equal(bell_seen(bell), seen);
    assert_int_equal(head_by(s, other), 3);
    site_return(s, one);
    site_return(s, other);
    site_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(an_older_copy_is_noticed_though_only_others_have_the_old_one_open),
        IN_BOTH_MODES(further_handles_of_the_same_file_are_no_reason_to_forget),
    };
    quiet_log();
    return RUN(tests);
}
