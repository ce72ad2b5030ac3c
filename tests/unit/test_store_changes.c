/* test_store_changes.c - store_append and store_read: edits, deletes, and messages that only their
 * author sees. Each case runs for each store of store_kinds. */
#include "senders_support.h"

#include "base/clock.h"

enum { ANN = 1, BOB = 2, MOD = 3 };

#define DELETE(seq) .type = CHAT_DELETE, .target = (seq)
#define EDIT(seq, words) .type = CHAT_EDIT, .target = (seq), .text = (words)

static struct store *open_with_one(struct place *p)
{
    struct store *s = open_store(p, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", .id = "one", .text = "first");
    return s;
}

static void check_stub(const struct chat_message *m, uint64_t target, const char *name)
{
    assert_int_equal(m->type, CHAT_DELETE);
    assert_int_equal(m->target, target);
    assert_string_equal(m->name, name);
    assert_string_equal(m->text, "");
    assert_int_equal(m->text_length, 0);
    assert_int_equal(m->edited, 0);
}

/* ---- deleting ---- */

static void a_delete_erases_the_text_and_is_a_message_of_its_own(void **state)
{
    struct store *s = open_with_one(*state);
    struct store_page page;
    struct heard deleted = SAY(s, .who = ANN, .name = "ann", .id = "d", DELETE(1));
    assert_int_equal(deleted.outcome, STORE_STORED);
    assert_int_equal(deleted.seq, 2);
    const struct chat_message *m = read_one(s, 1, 0, &page);
    check_stub(m, 1, "ann");
    assert_string_equal(m->id, "");
    assert_int_equal(m->flags, 0);
    store_page_fini(&page);
    m = read_one(s, 2, 0, &page);
    check_stub(m, 1, "ann");
    assert_string_equal(m->id, "d");
    assert_int_equal(m->mark, 0x0101);
    store_page_fini(&page);
    assert_int_equal(count_contiguous(s, "lobby"), 2);
    store_close(s);
}

static void an_edit_replaces_the_text_which_both_rows_show(void **state)
{
    struct store *s = open_with_one(*state);
    struct store_page page;
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", EDIT(1, "second"));
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", EDIT(1, "third"));
    const struct chat_message *m = read_one(s, 1, 0, &page);
    assert_int_equal(m->type, CHAT_MESSAGE);
    assert_string_equal(m->text, "third");
    assert_string_equal(m->id, "one");
    assert_int_equal(m->edited, 3);
    store_page_fini(&page);
    for (uint64_t seq = 2; seq <= 3; seq++) { /* as it is now, also in the first edit */
        m = read_one(s, seq, 0, &page);
        assert_int_equal(m->type, CHAT_EDIT);
        assert_int_equal(m->target, 1);
        assert_string_equal(m->text, "third");
        assert_int_equal(m->text_length, 5);
        assert_int_equal(m->edited, 0);
        store_page_fini(&page);
    }
    store_close(s);
}

static void an_edit_of_a_message_that_is_deleted_later_is_read_as_a_delete(void **state)
{
    struct store *s = open_with_one(*state);
    struct store_page page;
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", EDIT(1, "second"));
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", DELETE(1));
    check_stub(read_one(s, 1, 0, &page), 1, "ann");
    store_page_fini(&page);
    check_stub(read_one(s, 2, 0, &page), 1, "ann");
    store_page_fini(&page);
    /* It has no text that a page would count. */
    const struct store_range range = {.room = "lobby", .limit = 100, .budget = 100};
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", .text = "third");
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", .text = "fourth");
    assert_int_equal(store_read(s, &range, &page, NULL), 0);
    assert_int_equal(page.count, 5);
    store_page_fini(&page);
    store_close(s);
}

static void a_change_that_is_sent_again_is_done_once(void **state)
{
    struct store *s = open_with_one(*state);
    struct heard edited = SAY(s, .who = ANN, .name = "ann", .id = "e", EDIT(1, "second"));
    struct heard again = SAY(s, .who = ANN, .name = "ann", .id = "e", EDIT(1, "second"));
    assert_int_equal(again.outcome, STORE_REPEATED);
    assert_int_equal(again.seq, edited.seq);
    assert_outcome(STORE_CONFLICT, s, .who = ANN, .name = "ann", .id = "e", DELETE(1));
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", .id = "d", DELETE(1));
    assert_outcome(STORE_REPEATED, s, .who = ANN, .name = "ann", .id = "d", DELETE(1));
    assert_outcome(STORE_REPEATED, s, .who = ANN, .name = "ann", .id = "e", EDIT(1, "second"));
    assert_outcome(STORE_CONFLICT, s, .who = ANN, .name = "ann", .id = "d", .text = "a message");
    assert_int_equal(count_contiguous(s, "lobby"), 3);
    store_close(s);
}

static void a_message_is_recognised_after_it_was_edited_or_deleted(void **state)
{
    struct store *s = open_with_one(*state);
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", EDIT(1, "second"));
    assert_outcome(STORE_REPEATED, s, .who = ANN, .name = "ann", .id = "one", .text = "first");
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", DELETE(1));
    assert_outcome(STORE_REPEATED, s, .who = ANN, .name = "ann", .id = "one", .text = "first");
    assert_outcome(STORE_CONFLICT, s, .who = ANN, .name = "ann", .id = "one", .text = "first", .reply_to = 1);
    assert_int_equal(count_contiguous(s, "lobby"), 3);
    store_close(s);
}

static void a_deleted_message_can_be_replied_to_but_not_changed(void **state)
{
    struct store *s = open_with_one(*state);
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", DELETE(1));
    assert_outcome(STORE_NO_TARGET, s, .who = ANN, .name = "ann", DELETE(1));
    assert_outcome(STORE_NO_TARGET, s, .who = ANN, .name = "ann", EDIT(1, "back"));
    assert_outcome(STORE_STORED, s, .who = BOB, .text = "re", .reply_to = 1);
    store_close(s);
}

static void only_messages_can_be_changed(void **state)
{
    struct store *s = open_with_one(*state);
    struct store_room room;
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", EDIT(1, "second"));
    for (enum chat_type type = CHAT_EDIT; type <= CHAT_DELETE; type++) {
        assert_outcome(STORE_NO_TARGET, s, .who = ANN, .name = "ann", .type = type, .target = 2, .text = "x");
        assert_outcome(STORE_NO_TARGET, s, .who = ANN, .name = "ann", .type = type, .target = 3, .text = "x");
        assert_outcome(STORE_NO_TARGET, s, .who = ANN, .name = "ann", .type = type, .target = CHAT_SEQ_MAX);
        assert_outcome(STORE_NO_TARGET, s, .who = ANN, .name = "ann", .type = type, .target = 1, .room = "new");
    }
    assert_int_equal(store_room(s, "new", &room, NULL), 0);
    assert_int_equal(room.head, 0);
    store_close(s);
}

/* ---- who may ---- */

static void others_cannot_change_a_message(void **state)
{
    struct store *s = open_with_one(*state);
    struct store_page page;
    assert_outcome(STORE_NOT_YOURS, s, .who = BOB, .name = "bob", DELETE(1));
    assert_outcome(STORE_NOT_YOURS, s, .who = BOB, .name = "bob", EDIT(1, "mine"));
    assert_outcome(STORE_NOT_YOURS, s, DELETE(1));
    assert_string_equal(read_one(s, 1, 0, &page)->text, "first");
    store_page_fini(&page);
    assert_outcome(STORE_STORED, s, .name = "carl", .text = "a guest's");
    assert_outcome(STORE_NOT_YOURS, s, .name = "carl", DELETE(2)); /* anybody can have this name */
    assert_outcome(STORE_NOT_YOURS, s, .who = BOB, DELETE(2));
    store_close(s);
}

static void an_author_has_some_minutes(void **state)
{
    struct store *s = open_with_one(*state);
    terms.edit_minutes = 0;
    clock_sleep_ms(5);
    assert_outcome(STORE_TOO_LATE, s, .who = ANN, .name = "ann", DELETE(1));
    assert_outcome(STORE_TOO_LATE, s, .who = ANN, .name = "ann", EDIT(1, "late"));
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", EDIT(1, "late"), .role = CHAT_MODERATOR);
    terms.edit_minutes = 15;
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", DELETE(1));
    store_close(s);
}

static void a_moderator_changes_what_lower_roles_wrote(void **state)
{
    struct store *s = open_with_one(*state);
    struct store_page page;
    assert_outcome(STORE_STORED, s, .text = "a guest's");
    assert_outcome(STORE_STORED, s, .who = 4, .text = "a moderator's", .role = CHAT_MODERATOR, .is_signed = true);
    assert_outcome(STORE_STORED, s, .who = MOD, .name = "mod", .role = CHAT_MODERATOR, DELETE(1));
    assert_outcome(STORE_STORED, s, .who = MOD, .name = "mod", .role = CHAT_MODERATOR, DELETE(2));
    assert_outcome(STORE_NOT_YOURS, s, .who = MOD, .name = "mod", .role = CHAT_MODERATOR, DELETE(3));
    const struct chat_message *m = read_one(s, 4, 0, &page);
    assert_int_equal(m->role, CHAT_MODERATOR);
    assert_string_equal(m->name, "mod");
    store_page_fini(&page);
    assert_outcome(STORE_STORED, s, .who = 5, .role = CHAT_OWNER, DELETE(3));
    store_close(s);
}

static void the_role_that_the_author_has_now_counts(void **state)
{
    struct store *s = open_with_one(*state);
    give_role(s, 1, CHAT_MODERATOR);
    assert_outcome(STORE_NOT_YOURS, s, .who = MOD, .name = "mod", .role = CHAT_MODERATOR, DELETE(1));
    give_role(s, 1, CHAT_MEMBER);
    assert_outcome(STORE_STORED, s, .who = MOD, .name = "mod", .role = CHAT_MODERATOR, DELETE(1));
    store_close(s);
}

static void a_change_needs_a_name_that_may_be_used(void **state)
{
    struct store *s = open_with_one(*state);
    assert_outcome(STORE_STORED, s, .who = BOB, .name = "bob");
    assert_outcome(STORE_NAME_TAKEN, s, .who = ANN, .name = "bob", DELETE(1));
    assert_outcome(STORE_STORED, s, .who = ANN, DELETE(1)); /* as guest */
    store_close(s);
}

static void changes_of_one_batch_see_one_another(void **state)
{
    struct store *s = open_with_one(*state);
    struct chat_draft d[] = {draft_of("lobby", "guest", "a", "second"), draft_of("lobby", "guest", "b", ""),
                             draft_of("lobby", "guest", "c", "third")};
    struct store_job jobs[3];
    for (size_t i = 0; i < 3; i++) {
        d[i].type = i == 1 ? CHAT_DELETE : CHAT_EDIT;
        d[i].target = 1;
        d[i].sender = (struct chat_sender){.has_key = true, .role = CHAT_MEMBER};
        memset(d[i].sender.key, ANN, CHAT_KEY_BYTES);
        jobs[i] = (struct store_job){.draft = &d[i], .terms = terms};
    }
    assert_int_equal(store_append(s, jobs, 3, NULL), 0);
    assert_int_equal(jobs[0].outcome, STORE_STORED);
    assert_int_equal(jobs[1].outcome, STORE_STORED);
    assert_int_equal(jobs[2].outcome, STORE_NO_TARGET);
    store_close(s);
}

/* ---- what only its author sees ---- */

/* The number of ann's person: the one viewer that sees her message. */
static int64_t viewer_of(struct store *s, uint64_t seq)
{
    for (int64_t viewer = 1; viewer < 10; viewer++) {
        struct store_page page;
        bool sees = read_one(s, seq, viewer, &page)->type != CHAT_DELETE;
        store_page_fini(&page);
        if (sees) {
            return viewer;
        }
    }
    fail_msg("no person sees message %d", (int)seq);
    return 0;
}

static void a_shadow_is_seen_by_its_author_alone(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    struct store_page page;
    assert_outcome(STORE_STORED, s, .who = BOB, .name = "bob", .text = "before");
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", .id = "x", .text = "spam", .is_shadow = true);
    assert_outcome(STORE_REPEATED, s, .who = ANN, .name = "ann", .id = "x", .text = "spam", .is_shadow = true);
    check_stub(read_one(s, 2, 0, &page), 2, "guest");
    assert_string_equal(page.messages[0].id, "");
    store_page_fini(&page);
    int64_t ann = viewer_of(s, 2);
    const struct chat_message *m = read_one(s, 2, ann, &page);
    assert_string_equal(m->text, "spam");
    assert_string_equal(m->name, "ann");
    assert_string_equal(m->id, "x");
    assert_int_equal(m->type, CHAT_MESSAGE);
    store_page_fini(&page);
    m = read_one(s, 1, ann, &page); /* and others' messages as they are */
    assert_string_equal(m->text, "before");
    store_page_fini(&page);
    store_close(s);
}

static void a_shadow_is_changed_without_a_trace_for_others(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    struct store_page page;
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", .text = "spam", .is_shadow = true);
    int64_t ann = viewer_of(s, 1);
    assert_outcome(STORE_NO_TARGET, s, .who = BOB, .name = "bob", DELETE(1)); /* there is nothing to see */
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", EDIT(1, "more spam"), .is_shadow = true);
    check_stub(read_one(s, 2, 0, &page), 2, "guest");
    store_page_fini(&page);
    assert_string_equal(read_one(s, 2, ann, &page)->text, "more spam");
    store_page_fini(&page);
    assert_string_equal(read_one(s, 1, ann, &page)->text, "more spam");
    store_page_fini(&page);
    assert_outcome(STORE_STORED, s, .who = MOD, .role = CHAT_MODERATOR, DELETE(1));
    check_stub(read_one(s, 1, ann, &page), 1, "guest");
    store_page_fini(&page);
    store_close(s);
}

static void who_is_in_the_shadow_cannot_write_into_older_messages(void **state)
{
    struct store *s = open_with_one(*state);
    struct store_page page;
    assert_outcome(STORE_TOO_LATE, s, .who = ANN, .name = "ann", EDIT(1, "spam"), .is_shadow = true);
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", DELETE(1), .is_shadow = true);
    check_stub(read_one(s, 2, 0, &page), 1, "ann"); /* that harms nobody, so all see it */
    store_page_fini(&page);
    store_close(s);
}

static void a_page_counts_the_texts_that_it_shows(void **state)
{
    struct store *s = open_with_one(*state);
    struct store_page page;
    const struct store_range range = {.room = "lobby", .limit = 100, .budget = 12};
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", .text = "a long text that nobody reads",
                   .is_shadow = true);
    assert_outcome(STORE_STORED, s, .who = ANN, .name = "ann", EDIT(1, "second")); /* twice six bytes */
    assert_int_equal(store_read(s, &range, &page, NULL), 0);
    assert_int_equal(page.count, 3);
    assert_int_equal(page.weight, 12);
    assert_false(page.more);
    store_page_fini(&page);
    store_close(s);
}

int main(void)
{
    static const struct store_case cases[] = {
        STORE_CASE(a_delete_erases_the_text_and_is_a_message_of_its_own),
        STORE_CASE(an_edit_replaces_the_text_which_both_rows_show),
        STORE_CASE(an_edit_of_a_message_that_is_deleted_later_is_read_as_a_delete),
        STORE_CASE(a_change_that_is_sent_again_is_done_once),
        STORE_CASE(a_message_is_recognised_after_it_was_edited_or_deleted),
        STORE_CASE(a_deleted_message_can_be_replied_to_but_not_changed),
        STORE_CASE(only_messages_can_be_changed),
        STORE_CASE(others_cannot_change_a_message),
        STORE_CASE(an_author_has_some_minutes),
        STORE_CASE(a_moderator_changes_what_lower_roles_wrote),
        STORE_CASE(the_role_that_the_author_has_now_counts),
        STORE_CASE(a_change_needs_a_name_that_may_be_used),
        STORE_CASE(changes_of_one_batch_see_one_another),
        STORE_CASE(a_shadow_is_seen_by_its_author_alone),
        STORE_CASE(a_shadow_is_changed_without_a_trace_for_others),
        STORE_CASE(who_is_in_the_shadow_cannot_write_into_older_messages),
        STORE_CASE(a_page_counts_the_texts_that_it_shows),
    };
    quiet_log();
    return RUN_FOR_EACH_STORE(cases);
}
