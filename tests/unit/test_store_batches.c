/* test_store_batches.c - store_append: a batch does what its messages would have done one after the
 * other. Random messages are sent in batches to the store that is tested, and one by one to SQLite:
 * answers and messages must be the same. Runs for each store of store_kinds.
 *
 * Time stands still in a batch, and makes jumps between two, so that names get old, rest and are
 * taken over, persons are seen again, and edits come too late. SEED=7 sends other messages.
 */
#include "senders_support.h"

#include "store/store_act.h"

#include <sys/syscall.h>
#include <time.h>

enum { ROUNDS = 400, BATCH_MOST = 14, SECOND = 1000, MINUTE = 60 * SECOND, DAY = 24 * 60 * MINUTE };

static int64_t wall_ms = 1700000000000;

/* Instead of libc's. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock != CLOCK_REALTIME) {
        return (int)syscall(SYS_clock_gettime, clock, out);
    }
    *out = (struct timespec){.tv_sec = wall_ms / SECOND, .tv_nsec = wall_ms % SECOND * 1000000};
    return 0;
}

/* ---- what is sent ---- */

struct letter {
    struct said said;
    char id[16];
    char room[16]; /* "": that of said */
    char fold[16];
    char look[16];
};

static const char *one_of(uint64_t *seed, const char *const *all, size_t count)
{
    return all[support_random(seed) % count];
}

static bool once_in(uint64_t *seed, unsigned times)
{
    return support_random(seed) % times == 0;
}

/* Few rooms and names, so that messages meet; persons that are new; ids that were used in this
 * round or in an earlier one. */
static struct letter random_letter(uint64_t *seed, int round)
{
    static const char *const rooms[] = {"lobby", "lobby", "lobby", "other", "den"};
    static const char *const names[] = {"ann", "Ann", "bob",   "Ian",   "1an",
                                        "lan", "cy",  "ann 2", "bob 2", CHAT_NAME_DEFAULT};
    static const char *const texts[] = {"yes", "no"};
    unsigned persons = 7 + (unsigned)round / 4;
    struct letter l = {.said = {.who = (int)(support_random(seed) % persons), /* 6: a moderator, 5: signed */
                                .name = one_of(seed, names, COUNT(names)),
                                .text = one_of(seed, texts, COUNT(texts)),
                                .room = one_of(seed, rooms, COUNT(rooms)),
                                .type = CHAT_MESSAGE}};
    if (!once_in(seed, 3)) {
        unsigned at = once_in(seed, 20) ? (unsigned)support_random(seed) % (unsigned)(round + 1) : (unsigned)round;
        snprintf(l.id, sizeof l.id, "%u-%u", at, (unsigned)support_random(seed) % 4);
    }
    if (once_in(seed, 12)) { /* a room that isn't there yet */
        snprintf(l.room, sizeof l.room, "new-%d", round);
    }
    l.said.role = l.said.who == 6 ? CHAT_MODERATOR : CHAT_MEMBER;
    l.said.is_signed = l.said.who == 5;
    l.said.is_shadow = once_in(seed, 20);
    l.said.hold = once_in(seed, 40) ? "word" : NULL;
    l.said.hold_if_fresh = once_in(seed, 20) ? "newcomer" : NULL;
    if (once_in(seed, 8)) {
        l.said.type = once_in(seed, 3) ? CHAT_DELETE : CHAT_EDIT;
        l.said.target = 1 + support_random(seed) % 100;
    } else if (once_in(seed, 6)) {
        l.said.reply_to = support_random(seed) % 100;
    }
    return l;
}

/* Borrows all of l. */
static struct store_job job_of(struct letter *l, struct chat_draft *d)
{
    const struct said *said = &l->said;
    *d = draft_of(l->room[0] != '\0' ? l->room : said->room, said->name, l->id,
                  said->type == CHAT_DELETE ? "" : said->text);
    d->type = said->type;
    d->target = said->target;
    d->reply_to = said->reply_to;
    d->sender = sender_of(said, said->name, l->fold, l->look);
    return (struct store_job){.draft = d,
                              .terms = {.name_keep_days = 30, .newcomer_minutes = 5, .edit_minutes = 15},
                              .is_shadow = said->is_shadow,
                              .hold = said->hold,
                              .hold_if_fresh = said->hold_if_fresh};
}

static void pass_time(uint64_t *seed)
{
    static const int64_t jumps[] = {1,           SECOND,           2 * MINUTE,       11 * MINUTE,
                                    70 * MINUTE, 2 * (int64_t)DAY, 31 * (int64_t)DAY};
    wall_ms += jumps[support_random(seed) % COUNT(jumps)];
}

/* ---- both stores ---- */

static void append_or_fail(struct store *s, struct store_job *jobs, size_t count)
{
    struct err e = ERR_INIT;
    if (store_append(s, jobs, count, &e) != 0) {
        fail_msg("store_append: %s", e.text);
    }
}

static const char *or_none(const char *text)
{
    return text != NULL ? text : "(none)";
}

static void compare(const struct store_job *a, const struct store_job *b)
{
    assert_int_equal(a->outcome, b->outcome);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->mark, b->mark);
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->time_ms, b->time_ms);
    assert_string_equal(or_none(a->why), or_none(b->why));
    assert_string_equal(or_none(a->suggestion), or_none(b->suggestion));
}

/* Ids that the stores made differ. */
static void compare_messages(const struct chat_message *a, const struct chat_message *b)
{
    bool is_made = strlen(a->id) > 8;
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->time_ms, b->time_ms);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->target, b->target);
    assert_int_equal(a->edited, b->edited);
    assert_int_equal(a->reply_to, b->reply_to);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->mark, b->mark);
    assert_int_equal(a->role, b->role);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->text, b->text);
    if (!is_made) {
        assert_string_equal(a->id, b->id);
    }
}

static void compare_rooms(struct store *a, struct store *b, const char *room)
{
    struct store_page pages[2];
    assert_int_equal(read_room(a, room, 0, &pages[0], NULL), 0);
    assert_int_equal(read_room(b, room, 0, &pages[1], NULL), 0);
    assert_int_equal(pages[0].count, pages[1].count);
    for (size_t i = 0; i < pages[0].count; i++) {
        compare_messages(&pages[0].messages[i], &pages[1].messages[i]);
    }
    store_page_fini(&pages[0]);
    store_page_fini(&pages[1]);
}

static void send_batch(struct store *tested, struct store *model, uint64_t *seed, int round, size_t count)
{
    struct letter letters[BATCH_MOST];
    struct chat_draft drafts[2][BATCH_MOST];
    struct store_job jobs[2][BATCH_MOST];
    for (size_t i = 0; i < count; i++) {
        letters[i] = random_letter(seed, round);
        jobs[0][i] = job_of(&letters[i], &drafts[0][i]);
        jobs[1][i] = job_of(&letters[i], &drafts[1][i]);
        append_or_fail(model, &jobs[1][i], 1);
    }
    append_or_fail(tested, jobs[0], count);
    for (size_t i = 0; i < count; i++) {
        compare(&jobs[0][i], &jobs[1][i]);
        free(jobs[0][i].suggestion);
        free(jobs[1][i].suggestion);
    }
}

static void a_batch_is_as_its_messages_one_after_the_other(void **state)
{
    static const char *const rooms[] = {"lobby", "other", "den"};
    const char *asked = getenv("SEED");
    uint64_t seed = asked != NULL ? strtoull(asked, NULL, 10) : 13;
    struct place other;
    place_init(&other, STORE_JOURNAL_WAL, NULL);
    struct store *tested = open_store(*state, STORE_WRITE);
    struct store *model = open_store(&other, STORE_WRITE);
    for (int round = 0; round < ROUNDS; round++) {
        send_batch(tested, model, &seed, round, 1 + support_random(&seed) % BATCH_MOST);
        pass_time(&seed);
    }
    for (size_t i = 0; i < COUNT(rooms); i++) {
        compare_rooms(tested, model, rooms[i]);
    }
    store_close(tested);
    store_close(model);
    assert_int_equal(check_place(&other), 0);
    other.kind->remove(&other);
}

int main(void)
{
    static const struct store_case cases[] = {
        STORE_CASE(a_batch_is_as_its_messages_one_after_the_other),
    };
    quiet_log();
    return RUN_FOR_EACH_STORE(cases);
}
