/* test_store_contract.c - store.h: what every store promises. Each case runs for each store of
 * store_kinds (store_support.h); nothing here may know which one it is.
 */
#include "store_support.h"

#include "base/clock.h"

/* ---- opening ---- */

static void the_first_open_creates_the_database(void **state)
{
    struct place *p = *state;
    assert_false(place_has_database(p));
    struct store *s = open_store(p, STORE_WRITE);
    assert_true(place_has_database(p));
    assert_int_equal(access(p->folder, W_OK), 0); /* for the site's other files */
    assert_int_equal(strlen(store_epoch(s)), CHAT_EPOCH_SIZE - 1);
    assert_int_equal(strspn(store_epoch(s), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 22);
    assert_true(strlen(store_describe(s)) > 0);
    assert_false(store_is_stale(s));
    store_close(s);
}

static void a_reader_may_be_the_first_to_open_it(void **state)
{
    struct place *p = *state;
    struct store_room room;
    struct store *s = open_store(p, STORE_READ);
    assert_int_equal(store_room(s, "lobby", &room, NULL), 0);
    assert_int_equal(room.head, 0);
    store_close(s);
}

static void epoch_stays_and_differs_between_databases(void **state)
{
    struct place *p = *state;
    struct place other;
    char epoch[CHAT_EPOCH_SIZE];
    struct store *s = open_store(p, STORE_WRITE);
    snprintf(epoch, sizeof epoch, "%s", store_epoch(s));
    store_close(s);
    s = open_store(p, STORE_READ);
    assert_string_equal(store_epoch(s), epoch);
    store_close(s);
    other.kind = p->kind;
    p->kind->make(&other);
    s = open_store(&other, STORE_WRITE);
    assert_string_not_equal(store_epoch(s), epoch);
    store_close(s);
    p->kind->remove(&other);
}

static void closing_null_is_allowed(void **state)
{
    (void)state;
    store_close(NULL);
}

/* ---- appending ---- */

static void messages_are_read_as_they_were_appended(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_job job;
    struct store_page page;
    struct err e = ERR_INIT;
    const char *text = "  \"q\" 'q' \\ \r\n\t\x01\x7f \xf0\x9f\x98\x80 e\xcc\x81 ; DROP TABLE message; --  ";
    int64_t before = clock_wall_ms();
    assert_stored(s, "1", "first");
    assert_int_equal(append_reply(s, "lobby", "J\xc3\xbcrgen '; --", "A.b_c-9", text, 1, &job, &e), STORE_STORED);
    assert_int_equal(job.seq, 2);
    assert_in_range((uint64_t)job.time_ms, (uint64_t)before, (uint64_t)clock_wall_ms());
    assert_int_equal(read_room(s, "lobby", 1, &page, &e), 0);
    assert_int_equal(page.count, 1);
    assert_false(page.more);
    const struct chat_message *m = &page.messages[0];
    assert_int_equal(m->seq, 2);
    assert_int_equal(m->time_ms, job.time_ms);
    assert_int_equal(m->type, CHAT_MESSAGE);
    assert_int_equal(m->reply_to, 1);
    assert_string_equal(m->name, "J\xc3\xbcrgen '; --");
    assert_string_equal(m->id, "A.b_c-9");
    assert_string_equal(m->text, text);
    assert_int_equal(m->text_length, strlen(text));
    store_page_fini(&page);
    store_close(s);
}

static void a_long_text_is_read_back_completely(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_page page;
    struct err e = ERR_INIT;
    size_t length = 16 << 20; /* the greatest max_text */
    uint64_t random = 7;
    char *text = malloc(length + 1);
    assert_non_null(text);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)('!' + support_random(&random) % 90);
    }
    text[length] = '\0';
    assert_stored(s, "1", text);
    assert_int_equal(append(s, "1", text, NULL, NULL), STORE_REPEATED);
    assert_int_equal(read_room(s, "lobby", 0, &page, &e), 0);
    assert_int_equal(page.messages[0].text_length, length);
    assert_memory_equal(page.messages[0].text, text, length + 1);
    store_page_fini(&page);
    free(text);
    store_close(s);
}

static void an_empty_text_is_stored(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct chat_draft d = draft_of("lobby", "ann", "1", "");
    struct store_job job = {.draft = &d};
    d.text = NULL; /* as chat_draft_init sets it */
    assert_int_equal(store_append(s, &job, 1, NULL), 0);
    assert_int_equal(job.outcome, STORE_STORED);
    assert_int_equal(store_append(s, &job, 1, NULL), 0);
    assert_int_equal(job.outcome, STORE_REPEATED);
    store_close(s);
}

static void each_room_counts_from_one(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_job job;
    for (uint64_t i = 1; i <= 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", (int)i);
        assert_int_equal(append_reply(s, "a", "ann", id, "x", 0, &job, NULL), STORE_STORED);
        assert_int_equal(job.seq, i);
        assert_int_equal(append_reply(s, "b", "ann", id, "x", 0, &job, NULL), STORE_STORED);
        assert_int_equal(job.seq, i);
    }
    store_close(s);
}

static void a_repeated_id_gets_the_first_answer(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_job first;
    struct store_job again;
    assert_stored(s, "0", "zero");
    assert_int_equal(append_reply(s, "lobby", "ann", "1", "hi", 1, &first, NULL), STORE_STORED);
    assert_stored(s, "2", "two");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(append_reply(s, "lobby", "ann", "1", "hi", 1, &again, NULL), STORE_REPEATED);
        assert_int_equal(again.seq, first.seq);
        assert_int_equal(again.time_ms, first.time_ms);
        store_close(s); /* and from another handle, later */
        s = open_store(p, STORE_WRITE);
    }
    assert_int_equal(count_contiguous(s, "lobby"), 3);
    store_close(s);
}

static void a_repeated_id_with_another_text_is_a_conflict(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    static const char *const others[] = {"Hi", "hi ", "h", "", "hi\n", "h\xc3\xaf"};
    assert_stored(s, "0", "zero");
    assert_stored(s, "1", "hi");
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(append(s, "1", others[i], NULL, NULL), STORE_CONFLICT);
    }
    assert_int_equal(append_reply(s, "lobby", "ann", "1", "hi", 1, NULL, NULL), STORE_CONFLICT);
    assert_int_equal(append(s, "1", "hi", NULL, NULL), STORE_REPEATED);
    assert_int_equal(count_contiguous(s, "lobby"), 2);
    store_close(s);
}

static void an_id_belongs_to_a_room_and_a_name(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    assert_int_equal(append_reply(s, "a", "ann", "1", "hi", 0, NULL, NULL), STORE_STORED);
    assert_int_equal(append_reply(s, "b", "ann", "1", "hi", 0, NULL, NULL), STORE_STORED);
    assert_int_equal(append_reply(s, "a", "Ann", "1", "hi", 0, NULL, NULL), STORE_STORED);
    assert_int_equal(append_reply(s, "a", "ann", "1.", "hi", 0, NULL, NULL), STORE_STORED);
    assert_int_equal(append_reply(s, "a", "an", "n1", "hi", 0, NULL, NULL), STORE_STORED);
    assert_int_equal(count_contiguous(s, "a"), 4);
    assert_int_equal(count_contiguous(s, "b"), 1);
    store_close(s);
}

/* The store makes the ids of these two messages. */
static void append_two(struct store *s, struct chat_draft d[2])
{
    struct store_job jobs[] = {{.draft = &d[0]}, {.draft = &d[1]}};
    assert_int_equal(store_append(s, jobs, 2, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(jobs[i].outcome, STORE_STORED);
        assert_true(d[i].id_is_made);
        assert_int_equal(chat_set_id(&d[i], d[i].id, strlen(d[i].id), NULL), 0);
    }
}

static void messages_without_an_id_are_all_stored_and_their_ids_differ(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_page page;
    struct chat_draft d[] = {draft_of("lobby", "ann", "", "hi"), draft_of("lobby", "ann", "", "hi"),
                             draft_of("lobby", "ann", "", "hi"), draft_of("other", "ann", "", "hi")};
    append_two(s, d);
    append_two(s, d + 2);
    assert_int_equal(read_room(s, "lobby", 0, &page, NULL), 0);
    assert_int_equal(page.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(page.messages[i].id, d[i].id);
    }
    store_page_fini(&page);
    for (size_t i = 0; i < COUNT(d); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(d[i].id, d[k].id);
        }
    }
    store_close(s);
}

static void an_id_that_the_store_made_is_recognised_when_a_client_sends_it(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_job job;
    char other[CHAT_ID_MAX + 1];
    struct chat_draft d[] = {draft_of("lobby", "ann", "", "hi"), draft_of("lobby", "ann", "", "ho")};
    append_two(s, d);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(append(s, d[1].id, "ho", &job, NULL), STORE_REPEATED);
        assert_int_equal(job.seq, 2);
        assert_int_equal(append(s, d[1].id, "HO", NULL, NULL), STORE_CONFLICT);
        assert_int_equal(append_reply(s, "lobby", "ann", d[1].id, "ho", 1, NULL, NULL), STORE_CONFLICT);
        /* above the head: refused, but not if the message is there */
        assert_int_equal(append_reply(s, "lobby", "ann", d[1].id, "ho", 99, NULL, NULL), STORE_CONFLICT);
        store_close(s);
        s = open_store(p, STORE_WRITE);
    }
    /* Only the whole id counts, and with its name and room. */
    memcpy(other, d[1].id, sizeof other);
    other[0] = other[0] == 'x' ? 'y' : 'x';
    for (int round = 0; round < 2; round++) {
        int outcome = round == 0 ? STORE_STORED : STORE_REPEATED;
        assert_int_equal(append(s, other, "ho", NULL, NULL), outcome);
        assert_int_equal(append_reply(s, "lobby", "bob", d[1].id, "ho", 0, NULL, NULL), outcome);
        assert_int_equal(append_reply(s, "other", "ann", d[1].id, "ho", 0, NULL, NULL), outcome);
    }
    assert_int_equal(count_contiguous(s, "lobby"), 4);
    assert_int_equal(count_contiguous(s, "other"), 1);
    store_close(s);
}

/* As a group is tried again after an error: the first try may have been stored. */
static void a_draft_that_is_tried_again_is_stored_once(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct chat_draft d = draft_of("lobby", "ann", "", "hi");
    struct store_job job = {.draft = &d};
    assert_stored(s, "1", "one");
    for (int round = 0; round < 3; round++) {
        assert_int_equal(store_append(s, &job, 1, NULL), 0);
        assert_int_equal(job.outcome, round == 0 ? STORE_STORED : STORE_REPEATED);
        assert_int_equal(job.seq, 2);
    }
    /* And if it wasn't: the number that it had tried is another message's. */
    d = draft_of("lobby", "ann", "AAAAAAAAAAAAAAAAAAAAAA.1", "hi");
    d.id_is_made = true;
    assert_int_equal(store_append(s, &job, 1, NULL), 0);
    assert_int_equal(job.outcome, STORE_STORED);
    assert_int_equal(job.seq, 3);
    assert_int_equal(append(s, d.id, "hi", NULL, NULL), STORE_REPEATED);
    assert_int_equal(count_contiguous(s, "lobby"), 3);
    store_close(s);
}

static void a_reply_needs_an_existing_target(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_room room;
    assert_int_equal(append_reply(s, "new", "ann", "1", "hi", 1, NULL, NULL), STORE_NO_TARGET);
    assert_int_equal(store_room(s, "new", &room, NULL), 0);
    assert_int_equal(room.head, 0); /* and no room was made */
    assert_stored(s, "1", "one");
    assert_int_equal(append_reply(s, "lobby", "ann", "2", "hi", 2, NULL, NULL), STORE_NO_TARGET);
    assert_int_equal(append_reply(s, "lobby", "ann", "2", "hi", CHAT_SEQ_MAX, NULL, NULL), STORE_NO_TARGET);
    assert_int_equal(append_reply(s, "lobby", "ann", "2", "hi", UINT64_MAX, NULL, NULL), STORE_NO_TARGET);
    assert_int_equal(append_reply(s, "lobby", "ann", "2", "hi", 1, NULL, NULL), STORE_STORED);
    assert_int_equal(count_contiguous(s, "lobby"), 2);
    store_close(s);
}

static void a_batch_is_stored_as_if_sent_one_after_the_other(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct chat_draft drafts[] = {
        draft_of("lobby", "ann", "1", "one"), draft_of("lobby", "ann", "2", "two"),
        draft_of("lobby", "ann", "1", "one"), draft_of("lobby", "ann", "1", "uno"),
        draft_of("lobby", "bob", "1", "re"),  draft_of("lobby", "bob", "2", "re"),
        draft_of("other", "ann", "1", "one"), draft_of("empty", "ann", "1", "re"),
        draft_of("lobby", "old", "0", "old"), draft_of("lobby", "ann", "3", "last"),
    };
    static const struct {
        enum store_outcome outcome;
        uint64_t seq;
    } expected[] = {{STORE_STORED, 2},   {STORE_STORED, 3},    {STORE_REPEATED, 2}, {STORE_CONFLICT, 0},
                    {STORE_STORED, 4},   {STORE_NO_TARGET, 0}, {STORE_STORED, 1},   {STORE_NO_TARGET, 0},
                    {STORE_REPEATED, 1}, {STORE_STORED, 5}};
    struct store_job jobs[COUNT(drafts)];
    struct store_room room;
    drafts[4].reply_to = 3; /* stored by the same call */
    drafts[5].reply_to = 5; /* not stored yet */
    drafts[7].reply_to = 1;
    assert_int_equal(append_reply(s, "lobby", "old", "0", "old", 0, NULL, NULL), STORE_STORED);
    for (size_t i = 0; i < COUNT(drafts); i++) {
        jobs[i] = (struct store_job){.draft = &drafts[i], .outcome = STORE_CONFLICT, .seq = 0x55};
    }
    assert_int_equal(store_append(s, jobs, COUNT(jobs), NULL), 0);
    for (size_t i = 0; i < COUNT(drafts); i++) {
        assert_int_equal(jobs[i].outcome, expected[i].outcome);
        assert_int_equal(jobs[i].seq, expected[i].seq);
    }
    assert_int_equal(jobs[2].time_ms, jobs[0].time_ms);
    assert_int_equal(count_contiguous(s, "lobby"), 5);
    assert_int_equal(store_room(s, "empty", &room, NULL), 0);
    assert_int_equal(room.head, 0);
    store_close(s);
}

static void an_empty_batch_is_allowed(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    assert_int_equal(store_append(s, NULL, 0, NULL), 0);
    store_close(s);
}

static void a_large_batch_is_stored_completely(void **state)
{
    enum { MANY = 3000 };
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct chat_draft *drafts = calloc(MANY, sizeof *drafts);
    struct store_job *jobs = calloc(MANY, sizeof *jobs);
    assert_true(drafts != NULL && jobs != NULL);
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        drafts[i] = draft_of(i % 2 != 0 ? "odd" : "even", "ann", id, "x");
        jobs[i].draft = &drafts[i];
    }
    assert_int_equal(store_append(s, jobs, MANY, NULL), 0);
    assert_int_equal(count_contiguous(s, "odd"), MANY / 2);
    assert_int_equal(count_contiguous(s, "even"), MANY / 2);
    free(jobs);
    free(drafts);
    store_close(s);
}

/* ---- reading ---- */

static void a_missing_room_is_empty(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_READ);
    struct store_room room;
    struct store_page page;
    assert_int_equal(store_room(s, "nowhere", &room, NULL), 0);
    assert_int_equal(room.head, 0);
    assert_int_equal(room.oldest, 1);
    assert_int_equal(read_room(s, "nowhere", 0, &page, NULL), 0);
    assert_int_equal(page.count, 0);
    assert_false(page.more);
    store_page_fini(&page);
    store_close(s);
}

/* A room of ten messages: "1", "22", "333", ... */
static struct store *open_ten(const struct place *p)
{
    struct store *s = open_store(p, STORE_WRITE);
    for (int i = 1; i <= 10; i++) {
        char id[16];
        char text[16];
        snprintf(id, sizeof id, "%d", i);
        memset(text, '0' + i % 10, sizeof text);
        text[i] = '\0';
        assert_stored(s, id, text);
        assert_int_equal(append_reply(s, "neighbour", "ann", id, text, 0, NULL, NULL), STORE_STORED);
    }
    return s;
}

static void a_range_gives_its_messages_in_order(void **state)
{
    struct place *p = *state;
    struct store *s = open_ten(p);
    static const struct {
        struct store_range range;
        uint64_t first;
        size_t count;
        bool more;
    } cases[] = {
        {{"lobby", 0, 0, 1000, SIZE_MAX, false, 0}, 1, 10, false},
        {{"lobby", 0, 0, 10, SIZE_MAX, false, 0}, 1, 10, false}, /* the page has all: no "more" */
        {{"lobby", 0, 0, 9, SIZE_MAX, false, 0}, 1, 9, true},
        {{"lobby", 0, 0, 1, SIZE_MAX, false, 0}, 1, 1, true},
        {{"lobby", 3, 0, 4, SIZE_MAX, false, 0}, 4, 4, true},
        {{"lobby", 9, 0, 4, SIZE_MAX, false, 0}, 10, 1, false},
        {{"lobby", 10, 0, 4, SIZE_MAX, false, 0}, 0, 0, false},
        {{"lobby", 11, 0, 4, SIZE_MAX, false, 0}, 0, 0, false},
        {{"lobby", 3, 7, 1000, SIZE_MAX, false, 0}, 4, 3, false},
        {{"lobby", 3, 4, 1000, SIZE_MAX, false, 0}, 0, 0, false},
        {{"lobby", 7, 3, 1000, SIZE_MAX, false, 0}, 0, 0, false},
        {{"lobby", 0, 1, 1000, SIZE_MAX, false, 0}, 0, 0, false},
        {{"lobby", CHAT_SEQ_MAX - 1, 0, 5, SIZE_MAX, false, 0}, 0, 0, false},
        {{"lobby", CHAT_SEQ_MAX, 0, 5, SIZE_MAX, false, 0}, 0, 0, false},
        {{"lobby", UINT64_MAX, UINT64_MAX, 5, SIZE_MAX, false, 0}, 0, 0, false},
        {{"lobby", 8, UINT64_MAX, 5, SIZE_MAX, false, 0}, 9, 2, false},
        {{"lobby", 8, CHAT_SEQ_MAX, 5, SIZE_MAX, false, 0}, 9, 2, false},
        /* The last messages, still ascending. */
        {{"lobby", 0, 0, 3, SIZE_MAX, true, 0}, 8, 3, true},
        {{"lobby", 0, 0, 4, SIZE_MAX, true, 0}, 7, 4, true},
        {{"lobby", 0, 0, 1000, SIZE_MAX, true, 0}, 1, 10, false},
        {{"lobby", 0, 5, 3, SIZE_MAX, true, 0}, 2, 3, true},
        {{"lobby", 0, 5, 4, SIZE_MAX, true, 0}, 1, 4, false},
        {{"lobby", 2, 5, 9, SIZE_MAX, true, 0}, 3, 2, false},
        {{"lobby", 2, 6, 2, SIZE_MAX, true, 0}, 4, 2, true},
        {{"lobby", 0, 1, 9, SIZE_MAX, true, 0}, 0, 0, false},
        /* Texts of 1, 2, 3, ... bytes. */
        {{"lobby", 0, 0, 1000, 6, false, 0}, 1, 3, true},
        {{"lobby", 0, 0, 1000, 9, false, 0}, 1, 3, true},
        {{"lobby", 0, 0, 1000, 55, false, 0}, 1, 10, false},
        {{"lobby", 0, 0, 1000, 54, false, 0}, 1, 9, true},
        {{"lobby", 5, 0, 1000, 0, false, 0}, 6, 1, true}, /* at least one message */
        {{"lobby", 9, 0, 1000, 0, false, 0}, 10, 1, false},
        {{"lobby", 0, 0, 1000, 19, true, 0}, 9, 2, true},
        {{"lobby", 0, 0, 1000, 1, true, 0}, 10, 1, true},
        {{"lobby", 0, 0, 2, 55, false, 0}, 1, 2, true},
        {{"lobb", 0, 0, 2, 55, false, 0}, 0, 0, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_page page;
        assert_int_equal(store_read(s, &cases[i].range, &page, NULL), 0);
        if (page.count != cases[i].count || page.more != cases[i].more) {
            fail_msg("range %d: %d messages%s", (int)i, (int)page.count, page.more ? " and more" : "");
        }
        size_t weight = 0;
        for (size_t k = 0; k < page.count; k++) {
            assert_int_equal(page.messages[k].seq, cases[i].first + k);
            assert_int_equal(page.messages[k].text_length, cases[i].first + k);
            weight += chat_text_weight(page.messages[k].text, page.messages[k].text_length);
        }
        assert_int_equal(page.weight, weight);
        store_page_fini(&page);
    }
    store_close(s);
}

static void a_view_does_not_change(void **state)
{
    struct place *p = *state;
    struct store *reader = open_store(p, STORE_READ);
    struct store *writer = open_store(p, STORE_WRITE);
    struct store_room room;
    struct store_page page;
    assert_stored(writer, "1", "one");
    assert_int_equal(store_read_begin(reader, NULL), 0);
    if (p->kind->writes_beside_views) {
        assert_stored(writer, "2", "two");
    }
    assert_int_equal(store_room(reader, "lobby", &room, NULL), 0);
    assert_int_equal(room.head, 1);
    assert_int_equal(read_room(reader, "lobby", 0, &page, NULL), 0);
    assert_int_equal(page.count, 1);
    store_page_fini(&page);
    store_read_end(reader);
    assert_int_not_equal(append(writer, "2", "two", NULL, NULL), -1);
    assert_int_equal(store_read_begin(reader, NULL), 0);
    assert_int_equal(store_room(reader, "lobby", &room, NULL), 0);
    assert_int_equal(room.head, 2);
    store_read_end(reader);
    store_close(writer);
    store_close(reader);
}

static void ending_a_view_twice_is_harmless(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_READ);
    assert_int_equal(store_read_begin(s, NULL), 0);
    store_read_end(s);
    store_read_end(s);
    assert_int_equal(store_read_begin(s, NULL), 0);
    store_close(s); /* while the view is open */
}

/* ---- news ---- */

static void the_commit_of_another_handle_changes_the_version(void **state)
{
    struct place *p = *state;
    struct store *reader = open_store(p, STORE_READ);
    struct store *writer = open_store(p, STORE_WRITE);
    uint64_t before = 0;
    uint64_t now = 0;
    assert_int_equal(store_version(reader, &before, NULL), 0);
    assert_int_equal(store_version(reader, &now, NULL), 0);
    assert_int_equal(now, before);
    for (int i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_stored(writer, id, "text");
        assert_int_equal(store_version(reader, &now, NULL), 0);
        assert_int_not_equal(now, before);
        before = now;
    }
    store_close(writer);
    store_close(reader);
}

/* If the store has a stamp, it tells. */
static void each_commit_changes_the_stamp(void **state)
{
    struct place *p = *state;
    const struct store_options options = options_of(p);
    struct store *s = open_store(p, STORE_WRITE);
    uint64_t before = store_stamp(&options);
    bool has_stamp = before != 0;
    if (store_news_by(&options) == STORE_NEWS_BELL) {
        assert_true(has_stamp);
    } else if (store_news_by(&options) == STORE_NEWS_TIMER) {
        assert_false(has_stamp);
    }
    for (int i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_true(store_stamp(&options) == before);
        assert_stored(s, id, "text");
        assert_int_equal(store_stamp(&options) != before, has_stamp);
        before = store_stamp(&options);
        clock_sleep_ms(20); /* longer than a tick of a file system's clock */
    }
    store_close(s);
}

static void handles_of_one_database_have_one_identity(void **state)
{
    struct place *p = *state;
    struct place other = {.kind = p->kind};
    p->kind->make(&other);
    struct store *writer = open_store(p, STORE_WRITE);
    struct store *reader = open_store(p, STORE_READ);
    struct store *of_other = open_store(&other, STORE_WRITE);
    assert_true(store_identity(writer) != 0);
    assert_true(store_identity(writer) == store_identity(reader));
    assert_true(store_identity(writer) != store_identity(of_other));
    store_close(of_other);
    store_close(reader);
    store_close(writer);
    p->kind->remove(&other);
}

int main(void)
{
    static const struct store_case cases[] = {
        STORE_CASE(the_first_open_creates_the_database),
        STORE_CASE(a_reader_may_be_the_first_to_open_it),
        STORE_CASE(epoch_stays_and_differs_between_databases),
        STORE_CASE(closing_null_is_allowed),
        STORE_CASE(messages_are_read_as_they_were_appended),
        STORE_CASE(a_long_text_is_read_back_completely),
        STORE_CASE(an_empty_text_is_stored),
        STORE_CASE(each_room_counts_from_one),
        STORE_CASE(a_repeated_id_gets_the_first_answer),
        STORE_CASE(a_repeated_id_with_another_text_is_a_conflict),
        STORE_CASE(an_id_belongs_to_a_room_and_a_name),
        STORE_CASE(messages_without_an_id_are_all_stored_and_their_ids_differ),
        STORE_CASE(an_id_that_the_store_made_is_recognised_when_a_client_sends_it),
        STORE_CASE(a_draft_that_is_tried_again_is_stored_once),
        STORE_CASE(a_reply_needs_an_existing_target),
        STORE_CASE(a_batch_is_stored_as_if_sent_one_after_the_other),
        STORE_CASE(an_empty_batch_is_allowed),
        STORE_CASE(a_large_batch_is_stored_completely),
        STORE_CASE(a_missing_room_is_empty),
        STORE_CASE(a_range_gives_its_messages_in_order),
        STORE_CASE(a_view_does_not_change),
        STORE_CASE(ending_a_view_twice_is_harmless),
        STORE_CASE(the_commit_of_another_handle_changes_the_version),
        STORE_CASE(each_commit_changes_the_stamp),
        STORE_CASE(handles_of_one_database_have_one_identity),
    };
    quiet_log();
    return RUN_FOR_EACH_STORE(cases);
}
