/* senders_support.h - messages of persons with keys, for tests of every store.
 *
 * A person is a number: its key is that byte sixteen times. Names fold to small letters here, and
 * look alike if they do without '1' for 'l' (peace/name.h has its own tests).
 */
#ifndef SENDERS_SUPPORT_H
#define SENDERS_SUPPORT_H

#include "store_support.h"

#include "store/store_act.h"
#include "store/store_person.h"

/* What a test sends; zeros: a message of a guest in the lobby. */
struct said {
    int who; /* 0: a guest */
    const char *name;
    const char *id; /* NULL: the store makes one */
    const char *text;
    const char *room;
    enum chat_type type; /* 0: message */
    uint64_t target;
    uint64_t reply_to;
    enum chat_role role; /* 0: member */
    bool is_signed;
    bool is_shadow;
    const char *hold;
    const char *hold_if_fresh;
};

struct heard { /* what the store answered */
    uint64_t seq;
    int outcome;
    unsigned flags;
    enum chat_role role;
    uint16_t mark;
    char id[CHAT_ID_MAX + 1];
    char suggestion[CHAT_NAME_BYTES_MAX + 1];
    char why[32];
};

static struct store_terms terms = {.name_keep_days = 30, .newcomer_minutes = 0, .edit_minutes = 15};

static inline void senders_fold(const char *name, char *fold, char *look)
{
    size_t length = strlen(name);
    for (size_t i = 0; i <= length; i++) {
        fold[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
        look[i] = fold[i] == '1' || fold[i] == 'i' ? 'l' : fold[i];
    }
}

/* Borrows fold and look, NAME bytes each. */
static inline struct chat_sender sender_of(const struct said *w, const char *name, char *fold, char *look)
{
    struct chat_sender sender = {
        .has_key = w->who != 0, .is_signed = w->is_signed, .role = w->role == 0 ? CHAT_MEMBER : w->role};
    memset(sender.key, w->who, sizeof sender.key);
    if (strcmp(name, CHAT_NAME_DEFAULT) != 0) {
        senders_fold(name, fold, look);
        sender.fold = fold;
        sender.look = look;
    }
    return sender;
}

static inline struct heard say(struct store *s, struct said w)
{
    char fold[CHAT_NAME_BYTES_MAX + 1];
    char look[CHAT_NAME_BYTES_MAX + 1];
    struct heard heard = {.outcome = -1};
    struct err e = ERR_INIT;
    const char *name = w.name != NULL ? w.name : CHAT_NAME_DEFAULT;
    struct chat_draft d = draft_of(w.room != NULL ? w.room : "lobby", name, w.id != NULL ? w.id : "",
                                   w.text != NULL ? w.text : "");
    d.type = w.type == 0 ? CHAT_MESSAGE : w.type;
    d.target = w.target;
    d.reply_to = w.reply_to;
    d.sender = sender_of(&w, name, fold, look);
    struct store_job job = {
        .draft = &d, .terms = terms, .is_shadow = w.is_shadow, .hold = w.hold, .hold_if_fresh = w.hold_if_fresh};
    if (store_append(s, &job, 1, &e) != 0) {
        print_error("store_append: %s\n", e.text);
        return heard;
    }
    heard.outcome = (int)job.outcome;
    heard.seq = job.seq;
    heard.flags = job.flags;
    heard.mark = job.mark;
    heard.role = job.role;
    snprintf(heard.id, sizeof heard.id, "%s", d.id);
    snprintf(heard.suggestion, sizeof heard.suggestion, "%s", job.suggestion != NULL ? job.suggestion : "");
    snprintf(heard.why, sizeof heard.why, "%s", job.why != NULL ? job.why : "");
    free(job.suggestion);
    return heard;
}

#define SAY(s, ...) say(s, (struct said){__VA_ARGS__})
#define assert_outcome(expected, s, ...) assert_int_equal(SAY(s, __VA_ARGS__).outcome, expected)

/* Gives the sender of a message a role in all rooms. */
static inline void give_role(struct store *s, uint64_t seq, enum chat_role role)
{
    struct err e = ERR_INIT;
    struct store_changes changes = {.count = 0};
    const struct store_whom whom = {.room = "lobby", .seq = seq};
    assert_int_equal(store_act_begin(s, NULL, "test", &e), 0);
    assert_int_equal(store_person_role(s, &whom, role, NULL, &e), 0);
    assert_int_equal(store_act_commit(s, NULL, &changes, &e), 0);
    store_changes_fini(&changes);
}

/* One message of the lobby, as the person `viewer` (number in the store) reads it. The caller ends
 * the page. */
static inline const struct chat_message *read_one(struct store *s, uint64_t seq, int64_t viewer,
                                                  struct store_page *page)
{
    const struct store_range range = {
        .room = "lobby", .since = seq - 1, .limit = 1, .budget = SIZE_MAX, .viewer = viewer};
    assert_int_equal(store_read(s, &range, page, NULL), 0);
    assert_int_equal(page->count, 1);
    assert_int_equal(page->messages[0].seq, seq);
    return &page->messages[0];
}

#endif
