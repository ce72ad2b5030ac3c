/* test_store_senders.c - store_append: persons and their names, and messages that wait. Each case
 * runs for each store of store_kinds. */
#include "senders_support.h"

#include "store/store_act.h"
#include "store/store_setup.h"

/* ---- names ---- */

static void the_first_key_that_uses_a_name_owns_it(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .who = 1, .name = "Ann");
    assert_outcome(STORE_STORED, s, .who = 1, .name = "Ann");
    assert_outcome(STORE_STORED, s, .who = 1, .name = "ann", .room = "other");
    struct heard other = SAY(s, .who = 2, .name = "ann");
    assert_int_equal(other.outcome, STORE_NAME_TAKEN);
    assert_string_equal(other.suggestion, "ann 2");
    assert_outcome(STORE_STORED, s, .who = 2, .name = other.suggestion);
    assert_string_equal(SAY(s, .who = 3, .name = "ANN").suggestion, "ANN 3");
    assert_int_equal(count_contiguous(s, "lobby"), 3);
    store_close(s);
}

static void a_guest_owns_no_name_and_uses_none_that_is_owned(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .name = "ann");
    assert_outcome(STORE_STORED, s, .who = 1, .name = "ann");
    assert_outcome(STORE_NAME_TAKEN, s, .name = "Ann");
    assert_outcome(STORE_STORED, s);
    store_close(s);
}

static void the_name_of_all_guests_belongs_to_nobody(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    struct heard one = SAY(s, .who = 1);
    struct heard two = SAY(s, .who = 2);
    assert_int_equal(one.outcome, STORE_STORED);
    assert_int_equal(two.outcome, STORE_STORED);
    assert_int_equal(one.mark, 0x0101);
    assert_int_equal(two.mark, 0x0202);
    assert_int_equal(one.flags, CHAT_HAS_MARK);
    assert_int_equal(SAY(s, .text = "x").flags, 0);
    store_close(s);
}

static void a_refused_name_stores_nothing(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    struct store_room room;
    assert_outcome(STORE_STORED, s, .who = 1, .name = "ann");
    assert_outcome(STORE_NAME_TAKEN, s, .who = 2, .name = "ann", .room = "new");
    assert_int_equal(store_room(s, "new", &room, NULL), 0);
    assert_int_equal(room.head, 0);
    assert_outcome(STORE_STORED, s, .who = 2, .name = "bob"); /* the key has no name yet that it would lose */
    store_close(s);
}

static void where_names_are_not_kept_they_belong_to_nobody(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    terms.name_keep_days = 0;
    assert_outcome(STORE_STORED, s, .who = 1, .name = "ann");
    assert_outcome(STORE_STORED, s, .who = 2, .name = "ann");
    assert_outcome(STORE_STORED, s, .name = "ann");
    terms.name_keep_days = 30;
    store_close(s);
}

static void similar_names_are_refused_where_the_first_is_in_use_and_flagged_elsewhere(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .who = 1, .name = "Ian");
    struct heard here = SAY(s, .who = 2, .name = "1an");
    assert_int_equal(here.outcome, STORE_NAME_ALIKE);
    assert_true(here.suggestion[0] != '\0');
    assert_outcome(STORE_STORED, s, .who = 2, .name = here.suggestion);
    assert_outcome(STORE_NAME_ALIKE, s, .name = "lan"); /* a guest */
    struct heard there = SAY(s, .who = 2, .name = "1an", .room = "other");
    assert_int_equal(there.outcome, STORE_STORED);
    assert_int_equal(there.flags, CHAT_HAS_MARK | CHAT_ALIKE);
    assert_outcome(STORE_NAME_ALIKE, s, .who = 2, .name = "1an"); /* owning it elsewhere doesn't help */
    /* The first stays as it is, wherever the second was. */
    struct heard first = SAY(s, .who = 1, .name = "Ian", .room = "other");
    assert_int_equal(first.outcome, STORE_STORED);
    assert_int_equal(first.flags, CHAT_HAS_MARK);
    /* A person's own names may look like one another. */
    assert_int_equal(SAY(s, .who = 1, .name = "lAN").flags, CHAT_HAS_MARK | CHAT_ALIKE); /* like that of 2 */
    store_close(s);
}

/* Each message under such a name looks at all the others. */
static void so_many_names_may_look_alike_and_no_more(void **state)
{
    enum { MOST = 100, LETTERS = 5, PER_PERSON = 10 };
    struct store *s = open_store(*state, STORE_WRITE);
    for (int n = 0; n <= MOST; n++) {
        char name[LETTERS + 1] = "";
        char room[24];
        for (int i = 0, rest = n; i < LETTERS; i++, rest /= 3) {
            name[i] = "l1i"[rest % 3];
        }
        snprintf(room, sizeof room, "room-%d", n);
        assert_outcome(n < MOST ? STORE_STORED : STORE_NAME_ALIKE, s, .who = n / PER_PERSON + 1, .name = name,
                       .room = room);
    }
    assert_outcome(STORE_STORED, s, .who = 1, .name = "lllll", .room = "other"); /* one of the first */
    assert_outcome(STORE_STORED, s, .who = 99, .name = "iiiii", .room = "signed", .is_signed = true);
    store_close(s);
}

static void a_moderator_s_name_is_protected_in_all_rooms_and_from_older_names(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .who = 1, .name = "1an", .room = "corner");
    assert_outcome(STORE_STORED, s, .who = 2, .name = "Ian", .role = CHAT_OWNER, .is_signed = true);
    assert_outcome(STORE_NAME_ALIKE, s, .who = 1, .name = "1an");
    assert_outcome(STORE_NAME_ALIKE, s, .who = 1, .name = "1an", .room = "corner");
    assert_outcome(STORE_NAME_ALIKE, s, .who = 3, .name = "lan", .room = "third");
    struct heard owner = SAY(s, .who = 2, .name = "Ian", .role = CHAT_OWNER, .is_signed = true, .room = "corner");
    assert_int_equal(owner.outcome, STORE_STORED);
    assert_int_equal(owner.role, CHAT_OWNER);
    store_close(s);
}

static void a_name_is_protected_as_soon_as_its_person_is_a_moderator(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .who = 1, .name = "Ian");
    assert_outcome(STORE_STORED, s, .who = 2, .name = "1an", .room = "corner");
    give_role(s, 1, CHAT_MODERATOR);
    assert_outcome(STORE_NAME_ALIKE, s, .who = 2, .name = "1an", .room = "corner");
    assert_outcome(STORE_NAME_ALIKE, s, .name = "lan", .room = "third");
    assert_outcome(STORE_NAME_TAKEN, s, .who = 3, .name = "Ian", .is_signed = true); /* nor for the site's users */
    assert_outcome(STORE_NAME_ALIKE, s, .who = 3, .name = "lan", .is_signed = true);
    give_role(s, 1, CHAT_MEMBER);
    assert_outcome(STORE_STORED, s, .who = 2, .name = "1an", .room = "corner");
    store_close(s);
}

static void a_signed_visitor_meets_no_dead_end(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .who = 1, .name = "ann");
    struct heard is_signed = SAY(s, .who = 2, .name = "ann", .is_signed = true);
    assert_int_equal(is_signed.outcome, STORE_STORED);
    assert_int_equal(is_signed.flags, CHAT_HAS_MARK | CHAT_SIGNED);
    assert_outcome(STORE_NAME_TAKEN, s, .who = 1, .name = "ann"); /* the site's user has it now */
    struct heard another = SAY(s, .who = 3, .name = "Ann", .is_signed = true);
    assert_int_equal(another.outcome, STORE_STORED);
    assert_int_equal(another.flags, CHAT_HAS_MARK | CHAT_SIGNED | CHAT_ALIKE);
    assert_outcome(STORE_STORED, s, .who = 4, .name = "Ian", .is_signed = true);
    assert_outcome(STORE_STORED, s, .who = 5, .name = "1an", .is_signed = true);
    assert_outcome(STORE_NAME_ALIKE, s, .who = 6, .name = "lan", .room = "new");
    store_close(s);
}

static void a_name_that_may_be_read_in_another_alphabet_is_flagged(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    char fold[] = "odd";
    struct chat_draft d = draft_of("lobby", "odd", "1", "hi");
    struct store_job job = {.draft = &d, .terms = terms};
    d.sender = (struct chat_sender){.has_key = true, .key = {9}, .fold = fold, .look = fold, .is_odd = true};
    assert_int_equal(store_append(s, &job, 1, NULL), 0);
    assert_int_equal(job.outcome, STORE_STORED);
    assert_int_equal(job.flags, CHAT_HAS_MARK | CHAT_ALIKE);
    store_close(s);
}

static void what_was_allowed_by_earlier_rules_is_not_stored(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    struct chat_draft d = draft_of("lobby", "ann", "1", "hi");
    uint64_t number = 0;
    assert_int_equal(store_rules_number(s, &number, NULL), 0);
    struct store_job job = {.draft = &d, .terms = terms, .rules = number};
    assert_int_equal(store_append(s, &job, 1, NULL), 0);
    assert_int_equal(job.outcome, STORE_STORED);
    assert_int_equal(store_act_begin(s, NULL, "test", NULL), 0);
    assert_int_equal(store_setup_add_word(s, "casino", true, STORE_WORD_REJECT, NULL, NULL), 0);
    struct store_changes changes = {.count = 0};
    assert_int_equal(store_act_commit(s, NULL, &changes, NULL), 0);
    store_changes_fini(&changes);
    assert_int_equal(store_append(s, &job, 1, NULL), 0);
    assert_int_equal(job.outcome, STORE_REPEATED); /* it was stored before */
    struct chat_draft other = draft_of("lobby", "ann", "2", "hi");
    struct store_job late = {.draft = &other, .terms = terms, .rules = number};
    assert_int_equal(store_append(s, &late, 1, NULL), 0);
    assert_int_equal(late.outcome, STORE_NEW_RULES);
    assert_int_equal(count_contiguous(s, "lobby"), 1);
    late.rules = number + 1;
    assert_int_equal(store_append(s, &late, 1, NULL), 0);
    assert_int_equal(late.outcome, STORE_STORED);
    store_close(s);
}

static void a_person_owns_sixteen_names_at_most(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    char name[16];
    for (int i = 0; i < 17; i++) {
        snprintf(name, sizeof name, "name-%c", 'a' + i);
        assert_outcome(STORE_STORED, s, .who = 1, .name = name);
    }
    assert_outcome(STORE_NAME_TAKEN, s, .who = 2, .name = "name-q");
    int taken = 0;
    for (int i = 0; i < 17; i++) {
        snprintf(name, sizeof name, "name-%c", 'a' + i);
        taken += SAY(s, .who = 2 + i, .name = name).outcome == STORE_NAME_TAKEN;
    }
    assert_int_equal(taken, 16);
    store_close(s);
}

static void names_and_persons_hold_for_other_handles_and_within_a_batch(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    char fold[] = "ann";
    struct chat_draft d[] = {draft_of("lobby", "ann", "1", "a"), draft_of("lobby", "ann", "2", "b"),
                             draft_of("lobby", "ann", "3", "c")};
    struct store_job jobs[3];
    for (size_t i = 0; i < 3; i++) {
        d[i].sender = (struct chat_sender){.has_key = true, .fold = fold, .look = fold};
        memset(d[i].sender.key, i == 1 ? 2 : 1, CHAT_KEY_BYTES);
        jobs[i] = (struct store_job){.draft = &d[i], .terms = terms};
    }
    assert_int_equal(store_append(s, jobs, 3, NULL), 0);
    assert_int_equal(jobs[0].outcome, STORE_STORED);
    assert_int_equal(jobs[1].outcome, STORE_NAME_TAKEN);
    assert_int_equal(jobs[2].outcome, STORE_STORED);
    free(jobs[1].suggestion);
    struct store *other = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_NAME_TAKEN, other, .who = 3, .name = "ann");
    assert_outcome(STORE_STORED, other, .who = 1, .name = "ann");
    store_close(other);
    store_close(s);
}

/* ---- the same message again ---- */

static void an_id_belongs_to_the_person_whatever_the_name(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    struct heard first = SAY(s, .who = 1, .name = "ann", .id = "x", .text = "hi");
    struct heard again = SAY(s, .who = 1, .name = "ann the second", .id = "x", .text = "hi");
    assert_int_equal(again.outcome, STORE_REPEATED);
    assert_int_equal(again.seq, first.seq);
    assert_int_equal(again.mark, first.mark);
    assert_int_equal(again.flags, first.flags);
    assert_outcome(STORE_CONFLICT, s, .who = 1, .name = "ann", .id = "x", .text = "ho");
    assert_outcome(STORE_STORED, s, .who = 2, .name = "bob", .id = "x", .text = "hi");
    assert_outcome(STORE_STORED, s, .id = "x", .text = "hi");
    assert_outcome(STORE_REPEATED, s, .id = "x", .text = "hi");
    store_close(s);
}

static void a_repeated_message_is_recognised_though_its_name_has_been_lost(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .who = 1, .name = "ann", .id = "x", .text = "hi");
    assert_outcome(STORE_STORED, s, .who = 2, .name = "ann", .is_signed = true);
    assert_outcome(STORE_REPEATED, s, .who = 1, .name = "ann", .id = "x", .text = "hi");
    store_close(s);
}

static void what_was_sent_before_there_was_a_key_is_not_stored_again_with_it(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    struct heard guest = SAY(s, .name = "ann", .id = "x", .text = "hi");
    struct heard person = SAY(s, .who = 1, .name = "ann", .id = "x", .text = "hi");
    assert_int_equal(person.outcome, STORE_REPEATED);
    assert_int_equal(person.seq, guest.seq);
    /* Another person's message with this name and id isn't in the way. */
    assert_outcome(STORE_STORED, s, .who = 2, .name = "ann", .id = "x", .text = "another");
    store_close(s);
}

/* ---- newcomers ---- */

static void a_person_is_fresh_at_first(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    terms.newcomer_minutes = 10;
    assert_int_equal(SAY(s, .who = 1).flags, CHAT_HAS_MARK | CHAT_FRESH);
    assert_int_equal(SAY(s, .who = 1).flags, CHAT_HAS_MARK | CHAT_FRESH);
    assert_int_equal(SAY(s, .who = 2, .is_signed = true).flags, CHAT_HAS_MARK | CHAT_SIGNED);
    assert_int_equal(SAY(s, .who = 3, .role = CHAT_MODERATOR).flags, CHAT_HAS_MARK);
    assert_int_equal(SAY(s, .text = "guest").flags, 0);
    terms.newcomer_minutes = 0;
    assert_int_equal(SAY(s, .who = 1).flags, CHAT_HAS_MARK);
    store_close(s);
}

static void readers_learn_who_sent_a_message(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    struct store_page page;
    assert_outcome(STORE_STORED, s, .who = 0x7f, .name = "ann", .text = "hi", .role = CHAT_MODERATOR);
    const struct chat_message *m = read_one(s, 1, 0, &page);
    assert_int_equal(m->mark, 0x7f7f);
    assert_int_equal(m->flags, CHAT_HAS_MARK);
    assert_int_equal(m->role, CHAT_MODERATOR);
    assert_int_equal(m->target, 0);
    assert_int_equal(m->edited, 0);
    assert_null(m->targets);
    store_page_fini(&page);
    store_close(s);
}

/* ---- messages that wait ---- */

static void a_held_message_is_not_in_the_room(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    struct store_room room;
    struct heard held = SAY(s, .who = 1, .name = "ann", .id = "x", .text = "hi", .room = "new", .hold = "link");
    assert_int_equal(held.outcome, STORE_HELD);
    assert_string_equal(held.why, "link");
    assert_outcome(STORE_HELD, s, .who = 1, .name = "ann", .id = "x", .text = "hi", .room = "new", .hold = "link");
    assert_outcome(STORE_CONFLICT, s, .who = 1, .name = "ann", .id = "x", .text = "ho", .room = "new", .hold = "link");
    assert_int_equal(store_room(s, "new", &room, NULL), 0);
    assert_int_equal(room.head, 0);
    assert_outcome(STORE_NAME_TAKEN, s, .who = 2, .name = "ann"); /* its name is kept meanwhile */
    struct heard guest = SAY(s, .text = "hi", .hold = "word");
    assert_int_equal(guest.outcome, STORE_HELD);
    assert_true(guest.id[0] != '\0');
    assert_outcome(STORE_HELD, s, .id = guest.id, .text = "hi", .hold = "word");
    store_close(s);
}

static void newcomers_may_be_held_and_others_not(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .who = 1, .hold_if_fresh = "newcomer");
    terms.newcomer_minutes = 10;
    struct heard fresh = SAY(s, .who = 2, .hold_if_fresh = "newcomer");
    assert_int_equal(fresh.outcome, STORE_HELD);
    assert_string_equal(fresh.why, "newcomer");
    assert_outcome(STORE_HELD, s, .text = "a guest is always new", .hold_if_fresh = "newcomer");
    assert_outcome(STORE_STORED, s, .who = 3, .is_signed = true, .hold_if_fresh = "newcomer");
    terms.newcomer_minutes = 0;
    assert_outcome(STORE_STORED, s, .who = 2, .hold_if_fresh = "newcomer");
    store_close(s);
}

static void a_message_that_is_there_is_not_held_when_it_is_sent_again(void **state)
{
    struct store *s = open_store(*state, STORE_WRITE);
    assert_outcome(STORE_STORED, s, .who = 1, .id = "x", .text = "hi");
    assert_outcome(STORE_REPEATED, s, .who = 1, .id = "x", .text = "hi", .hold = "link");
    store_close(s);
}

/* ---- batches ---- */

enum { BATCH = 40, ROUNDS = 12 };

struct wish {
    struct said said;
    char name[8];
    char id[8];
    char text[16];
};

/* A few persons, names, ids and rooms, so that they meet; now and then an edit or a delete. */
static void wish_for(uint64_t *random, struct wish *w)
{
    static const char *const names[] = {"ann", "Ann", "bob", "b0b", "kim", "tim", "t1m", CHAT_NAME_DEFAULT};
    uint64_t kind = support_random(random) % 10;
    *w = (struct wish){.said = {.who = (int)(support_random(random) % 6)}};
    snprintf(w->name, sizeof w->name, "%s", names[support_random(random) % COUNT(names)]);
    snprintf(w->id, sizeof w->id, "%d", (int)(support_random(random) % 60));
    snprintf(w->text, sizeof w->text, "text %d", (int)(support_random(random) % 3));
    w->said.room = support_random(random) % 4 == 0 ? "other" : "lobby";
    w->said.type = kind == 0 ? CHAT_EDIT : kind == 1 ? CHAT_DELETE : CHAT_MESSAGE;
    w->said.target = kind <= 1 ? 1 + support_random(random) % 30 : 0;
    w->said.reply_to = kind == 2 ? 1 + support_random(random) % 30 : 0;
    w->said.is_shadow = kind == 3;
    w->said.hold = kind == 4 ? "word" : NULL;
}

static void say_together(struct store *s, const struct wish *wishes, struct heard *out)
{
    static char folds[BATCH][CHAT_NAME_BYTES_MAX + 1];
    static char looks[BATCH][CHAT_NAME_BYTES_MAX + 1];
    struct chat_draft drafts[BATCH];
    struct store_job jobs[BATCH];
    struct err e = ERR_INIT;
    for (size_t i = 0; i < BATCH; i++) {
        const struct said *w = &wishes[i].said;
        drafts[i] = draft_of(w->room, wishes[i].name, wishes[i].id, w->type == CHAT_DELETE ? "" : wishes[i].text);
        drafts[i].type = w->type;
        drafts[i].target = w->target;
        drafts[i].reply_to = w->reply_to;
        drafts[i].sender = sender_of(w, wishes[i].name, folds[i], looks[i]);
        jobs[i] = (struct store_job){.draft = &drafts[i], .terms = terms, .is_shadow = w->is_shadow, .hold = w->hold};
    }
    if (store_append(s, jobs, BATCH, &e) != 0) {
        fail_msg("store_append: %s", e.text);
    }
    for (size_t i = 0; i < BATCH; i++) {
        out[i] = (struct heard){
            .outcome = (int)jobs[i].outcome, .seq = jobs[i].seq, .flags = jobs[i].flags, .mark = jobs[i].mark};
        free(jobs[i].suggestion);
    }
}

static struct heard say_alone(struct store *s, const struct wish *w)
{
    struct said said = w->said;
    said.name = w->name;
    said.id = w->id;
    said.text = said.type == CHAT_DELETE ? "" : w->text;
    return say(s, said);
}

static void assert_same_page(struct store *a, struct store *b, const char *room)
{
    struct store_page one;
    struct store_page two;
    assert_int_equal(read_room(a, room, 0, &one, NULL), 0);
    assert_int_equal(read_room(b, room, 0, &two, NULL), 0);
    assert_int_equal(one.count, two.count);
    for (size_t i = 0; i < one.count; i++) {
        const struct chat_message *m = &one.messages[i];
        const struct chat_message *n = &two.messages[i];
        assert_int_equal(m->seq, n->seq);
        assert_int_equal(m->type, n->type);
        assert_int_equal(m->target, n->target);
        assert_int_equal(m->edited, n->edited);
        assert_int_equal(m->reply_to, n->reply_to);
        assert_int_equal(m->flags, n->flags);
        assert_int_equal(m->mark, n->mark);
        assert_string_equal(m->name, n->name);
        assert_string_equal(m->id, n->id);
        assert_string_equal(m->text, n->text);
    }
    store_page_fini(&two);
    store_page_fini(&one);
}

static void a_batch_gives_what_its_messages_give_one_by_one(void **state)
{
    struct place *p = *state;
    struct place other = {.kind = p->kind};
    struct wish wishes[BATCH];
    struct heard together[BATCH];
    uint64_t random = 11;
    p->kind->make(&other);
    struct store *s = open_store(p, STORE_WRITE);
    struct store *alone = open_store(&other, STORE_WRITE);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BATCH; i++) {
            wish_for(&random, &wishes[i]);
        }
        say_together(s, wishes, together);
        for (size_t i = 0; i < BATCH; i++) {
            struct heard heard = say_alone(alone, &wishes[i]);
            if (heard.outcome != together[i].outcome || heard.seq != together[i].seq ||
                heard.flags != together[i].flags || heard.mark != together[i].mark) {
                fail_msg("round %d, message %d: outcome %d, seq %llu; alone %d, %llu", round, (int)i,
                         together[i].outcome, (unsigned long long)together[i].seq, heard.outcome,
                         (unsigned long long)heard.seq);
            }
        }
    }
    assert_same_page(s, alone, "lobby");
    assert_same_page(s, alone, "other");
    assert_int_equal(check_place(&other), 0);
    store_close(alone);
    store_close(s);
    p->kind->remove(&other);
}

int main(void)
{
    static const struct store_case cases[] = {
        STORE_CASE(a_batch_gives_what_its_messages_give_one_by_one),
        STORE_CASE(the_first_key_that_uses_a_name_owns_it),
        STORE_CASE(what_was_allowed_by_earlier_rules_is_not_stored),
        STORE_CASE(a_guest_owns_no_name_and_uses_none_that_is_owned),
        STORE_CASE(the_name_of_all_guests_belongs_to_nobody),
        STORE_CASE(a_refused_name_stores_nothing),
        STORE_CASE(where_names_are_not_kept_they_belong_to_nobody),
        STORE_CASE(similar_names_are_refused_where_the_first_is_in_use_and_flagged_elsewhere),
        STORE_CASE(so_many_names_may_look_alike_and_no_more),
        STORE_CASE(a_moderator_s_name_is_protected_in_all_rooms_and_from_older_names),
        STORE_CASE(a_name_is_protected_as_soon_as_its_person_is_a_moderator),
        STORE_CASE(a_signed_visitor_meets_no_dead_end),
        STORE_CASE(a_name_that_may_be_read_in_another_alphabet_is_flagged),
        STORE_CASE(a_person_owns_sixteen_names_at_most),
        STORE_CASE(names_and_persons_hold_for_other_handles_and_within_a_batch),
        STORE_CASE(an_id_belongs_to_the_person_whatever_the_name),
        STORE_CASE(a_repeated_message_is_recognised_though_its_name_has_been_lost),
        STORE_CASE(what_was_sent_before_there_was_a_key_is_not_stored_again_with_it),
        STORE_CASE(a_person_is_fresh_at_first),
        STORE_CASE(readers_learn_who_sent_a_message),
        STORE_CASE(a_held_message_is_not_in_the_room),
        STORE_CASE(newcomers_may_be_held_and_others_not),
        STORE_CASE(a_message_that_is_there_is_not_held_when_it_is_sent_again),
    };
    quiet_log();
    return RUN_FOR_EACH_STORE(cases);
}
