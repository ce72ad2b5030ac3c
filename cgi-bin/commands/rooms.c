/* rooms.c - commands about rooms and the word list. */
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "commands/command.h"
#include "commands/list.h"
#include "commands/work.h"
#include "peace/hours.h"
#include "peace/words.h"
#include "store/store_setup.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000, KEEP_DAYS_MAX = 36500, KEEP_COUNT_MAX = 1000000000 };

static int run_room(const struct command_line *line)
{
    static const char *const columns[] = {"room", "kind", "messages", "head", "slow", "hours", "last", NULL};
    struct store_desk_query query = {.search = line->words[0]};
    return list_print(line, "rooms", &query, columns);
}

/* ---- room set ---- */

/* When --minutes are over; 0 without them. */
static int64_t end_of(const struct command_line *line)
{
    return line->minutes != 0 ? clock_wall_ms() + (int64_t)line->minutes * MINUTE_MS : 0;
}

static int read_kind(const struct command_line *line, struct store_room_setup *s, struct err *e)
{
    static const char *const kinds[] = {"default", "open", "read-only", "members", "locked", NULL};
    int kind = command_choice("--kind", line->kind, kinds, 0, e);
    s->kind = kind > 0 ? (enum store_room_kind)kind : 0;
    s->kind_until_ms = kind > 0 ? end_of(line) : 0;
    return kind < 0 ? -1 : 0;
}

static int read_newcomers(const struct command_line *line, struct store_room_setup *s, struct err *e)
{
    static const char *const words[] = {"default", "free", "slow", "held", NULL};
    int newcomers = command_choice("--newcomers", line->newcomers, words, 0, e);
    s->newcomers = newcomers > 0 ? (enum store_newcomers)newcomers : 0;
    s->newcomers_until_ms = newcomers > 0 ? end_of(line) : 0;
    return newcomers < 0 ? -1 : 0;
}

static int read_hours(const struct command_line *line, struct store_room_setup *s, struct err *e)
{
    struct hours hours;
    s->hours = line->hours != NULL ? line->hours : "";
    return s->hours[0] == '\0' ? 0 : hours_read(&hours, s->hours, e);
}

static int read_keep(const char *option, const char *word, uint64_t most, int64_t *out, struct err *e)
{
    uint64_t number = 0;
    *out = STORE_SETUP_AS_SITE;
    if (word == NULL || strcmp(word, "default") == 0) {
        return 0;
    }
    if (str_u64(word, 0, most, &number) != 0) {
        return err_set(e, ERR_INPUT, "%s must be a whole number up to %llu, or default.", option,
                       (unsigned long long)most);
    }
    *out = (int64_t)number;
    return 0;
}

static unsigned parts_of(const struct command_line *line)
{
    static const struct {
        enum command_option option;
        enum store_setup_part part;
    } all[] = {{COMMAND_KIND, STORE_SETUP_KIND},           {COMMAND_SLOW, STORE_SETUP_SLOW},
               {COMMAND_HOURS, STORE_SETUP_HOURS},         {COMMAND_NEWCOMERS, STORE_SETUP_NEWCOMERS},
               {COMMAND_KEEP_DAYS, STORE_SETUP_KEEP_DAYS}, {COMMAND_KEEP_COUNT, STORE_SETUP_KEEP_COUNT}};
    unsigned parts = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        parts |= (line->given & all[i].option) != 0 ? all[i].part : 0;
    }
    return parts;
}

static int read_setup(const struct command_line *line, struct store_room_setup *s, struct err *e)
{
    *s = (struct store_room_setup){.parts = parts_of(line), .slow_s = (unsigned)line->slow};
    if (!chat_room_valid(line->words[0], strlen(line->words[0]))) {
        return err_set(e, ERR_INPUT, "%.80s can't be the name of a room.", line->words[0]);
    }
    if (s->parts == 0) {
        return err_set(e, ERR_INPUT, "Nothing to change was given. Try: pollchat help room");
    }
    if (read_kind(line, s, e) != 0 || read_hours(line, s, e) != 0 || read_newcomers(line, s, e) != 0 ||
        read_keep("--keep-days", line->keep_days, KEEP_DAYS_MAX, &s->keep_days, e) != 0) {
        return -1;
    }
    return read_keep("--keep-count", line->keep_count, KEEP_COUNT_MAX, &s->keep_count, e);
}

static int step_room(struct work *w, struct store *store, struct err *e)
{
    const struct store_room_setup *setup = w->own;
    if (store_setup_room(store, w->line->words[0], setup, e) != 0) {
        return -1;
    }
    return store_act_notice(store, w->line->words[0], "The owner has changed the rules of this room.", e);
}

static int run_room_set(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct store_room_setup setup;
    struct work w;
    int result = read_setup(line, &setup, &e);
    if (result == 0) {
        result = work_open(&w, line, &e);
        w.own = &setup;
        w.note.room = line->words[0];
        w.note.reason = line->reason;
        result = result == 0 ? work_do(&w, "room", step_room, &e) : result;
        work_close(&w);
    }
    if (result != 0) {
        return command_fail(&e);
    }
    printf("ok: the room %s is changed\n", line->words[0]);
    return COMMAND_OK;
}

/* ---- words ---- */

static int run_word(const struct command_line *line)
{
    static const char *const columns[] = {"id", "pattern", "whole", "act", NULL};
    struct store_desk_query query = {.room = NULL};
    return list_print(line, "words", &query, columns);
}

static int step_word(struct work *w, struct store *store, struct err *e)
{
    const int *act = w->own;
    w->note.subject = w->line->words[0];
    bool whole = (w->line->given & COMMAND_PART) == 0;
    return store_setup_add_word(store, w->line->words[0], whole, (enum store_word_act)(*act + STORE_WORD_REJECT), NULL,
                                e);
}

static int run_word_add(const struct command_line *line)
{
    static const char *const acts[] = {"reject", "hold", "mask", NULL};
    struct err e = ERR_INIT;
    struct work w;
    int act = command_choice("--act", line->act, acts, 0, &e);
    int result = act < 0 ? -1 : words_check(line->words[0], &e);
    if (result == 0) {
        result = work_open(&w, line, &e);
        w.own = &act;
        result = result == 0 ? work_do(&w, "word", step_word, &e) : result;
        work_close(&w);
    }
    if (result != 0) {
        return command_fail(&e);
    }
    printf("ok: the word is on the list\n");
    return COMMAND_OK;
}

static int step_unword(struct work *w, struct store *store, struct err *e)
{
    return store_setup_remove_word(store, *(const uint64_t *)w->own, e);
}

static int run_word_remove(const struct command_line *line)
{
    return work_on_id(line, "unword", step_unword, "the word is off the list");
}

const struct command commands_rooms[] = {
    {.name = "room",
     .words = "[NAME]",
     .most = 1,
     .options = COMMAND_JSON | COMMAND_LIMIT | COMMAND_BEFORE,
     .about = "list rooms, newest first",
     .run = run_room},
    {.name = "room set",
     .words = "ROOM",
     .least = 1,
     .most = 1,
     .options = COMMAND_KIND | COMMAND_MINUTES | COMMAND_SLOW | COMMAND_HOURS | COMMAND_NEWCOMERS | COMMAND_KEEP_DAYS |
                COMMAND_KEEP_COUNT | COMMAND_REASON,
     .about = "make a room open, read-only, members, locked, default; slow mode, hours, how long it keeps messages",
     .example = "pollchat room set lobby --kind read-only --minutes 30",
     .run = run_room_set},
    {.name = "word", .options = COMMAND_JSON, .about = "list the words that aren't allowed", .run = run_word},
    {.name = "word add",
     .words = "PATTERN",
     .least = 1,
     .most = 1,
     .options = COMMAND_ACT | COMMAND_PART,
     .about = "refuse, hold or mask messages with a word (--part: also within words)",
     .example = "pollchat word add casino --act hold",
     .run = run_word_add},
    {.name = "word remove",
     .words = "ID",
     .least = 1,
     .most = 1,
     .about = "take it off the list",
     .run = run_word_remove},
    {.name = NULL},
};
