/* acts_setup.c - acts that set what rules are: modes of a room, the word list, settings. */
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "peace/hours.h"
#include "peace/words.h"
#include "routes/act.h"
#include "site/rules.h"
#include "store/store_setup.h"
#include "system/conf.h"
#include "system/conf_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTES_MAX = 366 * 24 * 60, KEEP_DAYS_MAX = 36500, KEEP_COUNT_MAX = 1000000000, NOTICE_MAX = 600 };

/* ---- a room ---- */

/* "default": as the site's setting says. The indexes are the numbers of the store. */
static const char *const kinds[] = {"default", "open", "read-only", "members", "locked", NULL};
static const char *const newcomers[] = {"default", "free", "slow", "held", NULL};

struct own {
    struct store_room_setup setup;
    struct hours hours;
    char notice[NOTICE_MAX];
};

/* *until_ms: 0 without `minutes`. */
static int read_end(struct act *a, int64_t *until_ms, struct err *e)
{
    uint64_t minutes = 0;
    int result = act_number(a, "minutes", 0, MINUTES_MAX, 0, &minutes, e);
    *until_ms = minutes != 0 ? a->caller.now_ms + (int64_t)minutes * 60 * 1000 : 0;
    return result;
}

static int read_kind(struct act *a, struct store_room_setup *s, struct err *e)
{
    int kind = 0;
    int64_t until_ms = 0;
    if (!act_has(a, "kind")) {
        return 0;
    }
    if (act_choice(a, "kind", kinds, -1, &kind, e) != 0 || read_end(a, &until_ms, e) != 0) {
        return -1;
    }
    s->parts |= STORE_SETUP_KIND;
    s->kind = (enum store_room_kind)kind;
    s->kind_until_ms = kind != 0 ? until_ms : 0;
    return 0;
}

static int read_slow(struct act *a, struct store_room_setup *s, struct err *e)
{
    uint64_t slow = 0;
    if (act_has(a, "slow")) {
        s->parts |= STORE_SETUP_SLOW;
    }
    int result = act_number(a, "slow", 0, 24 * 60 * 60, 0, &slow, e);
    s->slow_s = (unsigned)slow;
    return result;
}

/* An empty text means always open, so here it isn't the same as none. */
static int read_hours(struct act *a, struct own *own, struct err *e)
{
    const struct form_field *f = form_single(&a->fields, "hours");
    if (f == NULL) {
        return act_text(a, "hours", HOURS_TEXT_MAX, "", &own->setup.hours, e);
    }
    own->setup.parts |= STORE_SETUP_HOURS;
    return act_text(a, "hours", HOURS_TEXT_MAX, "", &own->setup.hours, e) == 0
               ? hours_read(&own->hours, own->setup.hours, e)
               : -1;
}

static int read_newcomers(struct act *a, struct store_room_setup *s, struct err *e)
{
    int choice = 0;
    int64_t until_ms = 0;
    if (act_has(a, "newcomers")) {
        s->parts |= STORE_SETUP_NEWCOMERS;
    }
    if (act_choice(a, "newcomers", newcomers, 0, &choice, e) != 0 || read_end(a, &until_ms, e) != 0) {
        return -1;
    }
    s->newcomers = (enum store_newcomers)choice;
    s->newcomers_until_ms = choice != 0 ? until_ms : 0;
    return 0;
}

/* "default": as the site's setting says. */
static int read_keep(struct act *a, const char *field, uint64_t max, enum store_setup_part part, int64_t *out,
                     unsigned *parts, struct err *e)
{
    uint64_t number = 0;
    const struct form_field *f = form_single(&a->fields, field);
    if (!act_has(a, field)) {
        return 0;
    }
    *parts |= part;
    if (strcmp(f->value, "default") == 0) {
        *out = STORE_SETUP_AS_SITE;
        return 0;
    }
    int result = act_number(a, field, 0, max, 0, &number, e);
    *out = (int64_t)number;
    return result;
}

static int check_parts(struct act *a, const struct store_room_setup *s, struct err *e)
{
    if (s->parts == 0) {
        return err_field(e, ERR_INPUT, "kind",
                         "Give at least one of kind, slow, hours, newcomers, keep_days, keep_count.");
    }
    if ((s->parts & (STORE_SETUP_KEEP_DAYS | STORE_SETUP_KEEP_COUNT)) != 0 && !act_is_everywhere(a, CHAT_OWNER)) {
        return err_set(e, ERR_WEAK, "Only owners set how long messages are kept.");
    }
    return 0;
}

/* ---- what its readers are told ---- */

static void add_sentence(struct own *own, const char *sentence)
{
    size_t length = strlen(own->notice);
    snprintf(own->notice + length, sizeof own->notice - length, "%s%s", length > 0 ? " " : "", sentence);
}

static void add_with_end(struct own *own, const char *what, int64_t until_ms)
{
    char until[CLOCK_TEXT_SIZE] = "";
    char sentence[160];
    if (until_ms != 0) {
        clock_text(until_ms, until); /* 2026-11-27T15:50:32.690Z */
        snprintf(sentence, sizeof sentence, "%s, until %.10s %.5s UTC.", what, until, until + 11);
    } else {
        snprintf(sentence, sizeof sentence, "%s.", what);
    }
    add_sentence(own, sentence);
}

static void describe_kind(struct own *own)
{
    static const char *const sentences[] = {
        [0] = "The usual rules hold here again",
        [STORE_ROOM_OPEN] = "This room is open: everyone may write",
        [STORE_ROOM_READ_ONLY] = "This room is read-only: moderators write",
        [STORE_ROOM_MEMBERS] = "This room is for its members",
        [STORE_ROOM_LOCKED] = "This room is closed",
    };
    add_with_end(own, sentences[own->setup.kind], own->setup.kind_until_ms);
}

static void describe_newcomers(struct own *own)
{
    static const char *const sentences[] = {
        [0] = "For new visitors the usual rules hold",
        [STORE_NEWCOMERS_FREE] = "New visitors write like all others",
        [STORE_NEWCOMERS_SLOW] = "New visitors write slowly",
        [STORE_NEWCOMERS_HELD] = "What new visitors write waits for a moderator",
    };
    add_with_end(own, sentences[own->setup.newcomers], own->setup.newcomers_until_ms);
}

static void describe(struct own *own)
{
    const struct store_room_setup *s = &own->setup;
    char sentence[HOURS_TEXT_MAX + 80];
    if ((s->parts & STORE_SETUP_KIND) != 0) {
        describe_kind(own);
    }
    if ((s->parts & STORE_SETUP_SLOW) != 0) {
        snprintf(sentence, sizeof sentence,
                 s->slow_s != 0 ? "Each visitor writes once in %u seconds." : "There is no slow mode.", s->slow_s);
        add_sentence(own, sentence);
    }
    if ((s->parts & STORE_SETUP_HOURS) != 0) {
        snprintf(sentence, sizeof sentence, "%s%s%s",
                 s->hours[0] != '\0' ? "Opening hours: " : "There are no opening hours", s->hours, ".");
        add_sentence(own, sentence);
    }
    if ((s->parts & STORE_SETUP_NEWCOMERS) != 0) {
        describe_newcomers(own);
    }
}

static int read_room(struct act *a, struct err *e)
{
    struct own *own = ck_calloc(1, sizeof *own);
    struct store_room_setup *s = &own->setup;
    a->own = own;
    if (a->room[0] == '\0') {
        return err_field(e, ERR_INPUT, "room", "room is missing.");
    }
    if (act_text(a, "reason", 500, "", &a->f.reason, e) != 0 || read_kind(a, s, e) != 0 || read_slow(a, s, e) != 0 ||
        read_hours(a, own, e) != 0 || read_newcomers(a, s, e) != 0 ||
        read_keep(a, "keep_days", KEEP_DAYS_MAX, STORE_SETUP_KEEP_DAYS, &s->keep_days, &s->parts, e) != 0 ||
        read_keep(a, "keep_count", KEEP_COUNT_MAX, STORE_SETUP_KEEP_COUNT, &s->keep_count, &s->parts, e) != 0) {
        return -1;
    }
    describe(own);
    return check_parts(a, s, e);
}

static int run_room(struct act *a, struct store *store, struct err *e)
{
    const struct own *own = a->own;
    if (store_setup_room(store, a->room, &own->setup, e) != 0) {
        return -1;
    }
    a->note.detail = own->notice;
    return own->notice[0] != '\0' ? store_act_notice(store, a->room, own->notice, e) : 0;
}

/* ---- words ---- */

static int read_word(struct act *a, struct err *e)
{
    static const char *const acts[] = {"reject", "hold", "mask", NULL};
    if (act_text(a, "pattern", WORDS_PATTERN_MAX, NULL, &a->f.text, e) != 0 ||
        act_yes(a, "whole", true, &a->f.flag, e) != 0 || act_choice(a, "act", acts, 0, &a->f.choice, e) != 0) {
        return -1;
    }
    return words_check(a->f.text, e);
}

static int run_word(struct act *a, struct store *store, struct err *e)
{
    uint64_t id = 0;
    if (store_setup_add_word(store, a->f.text, a->f.flag, (enum store_word_act)(a->f.choice + STORE_WORD_REJECT), &id,
                             e) != 0) {
        return -1;
    }
    a->note.subject = a->f.text;
    json_out_number(&a->out, "word", (int64_t)id);
    return 0;
}

static int read_unword(struct act *a, struct err *e)
{
    return act_number(a, "word", 1, CHAT_SEQ_MAX, UINT64_MAX, &a->f.number, e);
}

static int run_unword(struct act *a, struct store *store, struct err *e)
{
    return store_setup_remove_word(store, a->f.number, e);
}

/* ---- settings ---- */

/* `key`, as the list of settings calls it, or `setting`. */
static int read_key(struct act *a, struct err *e)
{
    return act_text(a, act_has(a, "setting") ? "setting" : "key", 64, NULL, &a->f.name, e);
}

static int read_set(struct act *a, struct err *e)
{
    if (read_key(a, e) != 0 || act_text(a, "value", CONF_PAGE_VALUE - 1, NULL, &a->f.text, e) != 0) {
        return -1;
    }
    struct conf *copy = ck_malloc(sizeof *copy);
    *copy = *rules_conf(a->caller.rules);
    int result = conf_page_set(copy, a->f.name, a->f.text, e);
    free(copy);
    if (result == 0 && conf_page_is_fixed(a->f.name)) {
        return err_field(e, ERR_CONFLICT, "key",
                         "A settings file or the environment sets this; it can't be changed here.");
    }
    return result;
}

static int run_set(struct act *a, struct store *store, struct err *e)
{
    a->note.subject = a->f.name;
    a->note.detail = a->f.text;
    return store_setup_setting(store, a->f.name, a->f.text, e);
}

static int run_unset(struct act *a, struct store *store, struct err *e)
{
    a->note.subject = a->f.name;
    return store_setup_setting(store, a->f.name, NULL, e);
}

const struct act_row acts_setup[] = {
    {.name = "room", .need = CHAT_MODERATOR, .read = read_room, .run = run_room},
    {.name = "word", .need = CHAT_MODERATOR, .is_for_all = true, .read = read_word, .run = run_word},
    {.name = "unword", .need = CHAT_MODERATOR, .is_for_all = true, .read = read_unword, .run = run_unword},
    {.name = "set", .need = CHAT_OWNER, .is_for_all = true, .read = read_set, .run = run_set},
    {.name = "unset", .need = CHAT_OWNER, .is_for_all = true, .read = read_key, .run = run_unset},
    {.name = NULL},
};
