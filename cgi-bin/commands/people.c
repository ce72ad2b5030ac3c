/* people.c - commands about persons: names, roles, bans, erasing. */
#include "base/clock.h"
#include "base/err.h"
#include "commands/command.h"
#include "commands/list.h"
#include "commands/teller.h"
#include "commands/work.h"
#include "store/store_ban.h"
#include "store/store_erase.h"

#include <stdio.h>
#include <stdlib.h>

enum { BAN_MINUTES = 24 * 60, MINUTE_MS = 60 * 1000 };

/* What the steps of this file need. */
struct own {
    struct work_whom whom;
    const char *word;
    int choice;
    int of;
    uint64_t number;
    uint64_t count;
    struct store_ban_made made;
};

/* Opens the site, finds whom the first word means, and runs one act. */
static int act_on(const struct command_line *line, struct own *own, const char *act,
                  int (*step)(struct work *w, struct store *store, struct err *e))
{
    struct err e = ERR_INIT;
    struct work w;
    int result = work_open(&w, line, &e);
    if (result == 0) {
        result = work_whom_of(line->words[0], &own->whom, &e);
    }
    if (result == 0) {
        w.own = own;
        w.note.reason = line->reason;
        w.note.room = own->whom.whom.room;
        w.note.seq = own->whom.whom.seq;
        result = work_do(&w, act, step, &e);
    }
    work_close(&w);
    work_whom_fini(&own->whom);
    return result == 0 ? COMMAND_OK : command_fail(&e);
}

/* ---- names ---- */

static int run_name(const struct command_line *line)
{
    static const char *const columns[] = {"id", "name", "mark", "role", "seen", "messages_hour", "bans", NULL};
    struct err e = ERR_INIT;
    struct store_desk_query query = {.search = line->words[0]};
    char *fold = line->words[0] != NULL ? work_fold(line->words[0], &e) : NULL;
    query.search = fold != NULL ? fold : query.search;
    int status = list_print(line, "people", &query, columns);
    free(fold);
    return status;
}

static int step_free(struct work *w, struct store *store, struct err *e)
{
    struct own *own = w->own;
    w->note.subject = own->whom.name;
    if (own->whom.fold == NULL) {
        return err_set(e, ERR_INPUT, "Give the name itself, not a person or message.");
    }
    return store_person_release(store, own->whom.fold, e);
}

static int run_free(const struct command_line *line)
{
    struct own own = {.choice = 0};
    int status = act_on(line, &own, "release", step_free);
    if (status == COMMAND_OK) {
        printf("ok: the name is free\n");
    }
    return status;
}

static int step_role(struct work *w, struct store *store, struct err *e)
{
    struct own *own = w->own;
    w->note.detail = own->word;
    return store_person_role(store, &own->whom.whom, (enum chat_role)own->choice, w->line->room, e);
}

static int run_role(const struct command_line *line)
{
    static const char *const roles[] = {"nobody", "reader", "member", "moderator", "owner", "default", NULL};
    struct err e = ERR_INIT;
    struct own own = {.word = line->words[1]};
    own.choice = command_choice("a role", line->words[1], roles, 0, &e);
    if (own.choice < 0) {
        return command_fail(&e);
    }
    int status = act_on(line, &own, "role", step_role);
    if (status == COMMAND_OK) {
        printf("ok: the role is %s%s%s now\n", line->words[1], line->room != NULL ? " in " : "",
               line->room != NULL ? line->room : "");
    }
    return status;
}

static int step_trust(struct work *w, struct store *store, struct err *e)
{
    struct own *own = w->own;
    return store_person_trust(store, &own->whom.whom, e);
}

static int run_trust(const struct command_line *line)
{
    struct own own = {.choice = 0};
    int status = act_on(line, &own, "trust", step_trust);
    if (status == COMMAND_OK) {
        printf("ok: this person no longer counts as new\n");
    }
    return status;
}

/* ---- bans ---- */

static int run_ban(const struct command_line *line)
{
    static const char *const columns[] = {"id", "kind", "title", "room", "until", "covers", "reason", "by", NULL};
    struct store_desk_query query = {.room = line->room};
    return list_print(line, "bans", &query, columns);
}

static enum store_ban_of of_of(const struct own *own)
{
    static const enum store_ban_of all[] = {STORE_OF_PERSON, STORE_OF_NETWORK, STORE_OF_WIDE};
    return own->whom.fold != NULL ? STORE_OF_NAME : all[own->of];
}

static int step_ban(struct work *w, struct store *store, struct err *e)
{
    struct own *own = w->own;
    uint64_t minutes = (w->line->given & COMMAND_MINUTES) != 0 ? w->line->minutes : BAN_MINUTES;
    const struct store_ban_draft draft = {.kind = (enum store_ban_kind)(own->choice + STORE_BAN),
                                          .of = of_of(own),
                                          .whom = own->whom.whom,
                                          .name = own->whom.name,
                                          .room = w->line->room,
                                          .until_ms = minutes != 0 ? clock_wall_ms() + (int64_t)minutes * MINUTE_MS : 0,
                                          .reason = w->line->reason != NULL ? w->line->reason : ""};
    if (own->of != 0 && own->whom.whom.seq == 0) {
        return err_set(e, ERR_INPUT, "A network is named by a message: ROOM:SEQ");
    }
    int result = store_ban_add(store, &draft, &own->made, e);
    w->note.subject = own->made.title;
    return result;
}

static int run_ban_add(const struct command_line *line)
{
    static const char *const kinds[] = {"ban", "mute", "shadow", NULL};
    static const char *const ofs[] = {"key", "network", "wide-network", NULL};
    struct err e = ERR_INIT;
    struct own own = {.count = 0};
    own.choice = command_choice("--kind", line->kind, kinds, 0, &e);
    own.of = own.choice >= 0 ? command_choice("--of", line->of, ofs, 0, &e) : -1;
    if (own.choice < 0 || own.of < 0) {
        return command_fail(&e);
    }
    int status = act_on(line, &own, kinds[own.choice], step_ban);
    if (status == COMMAND_OK) {
        printf("ok: ban %llu, of %s", (unsigned long long)own.made.id, own.made.title);
        if (own.of != 0) {
            printf(", covers %llu addresses", (unsigned long long)own.made.covers);
        }
        putchar('\n');
    }
    return status;
}

static int step_lift(struct work *w, struct store *store, struct err *e)
{
    struct own *own = w->own;
    return store_ban_lift(store, own->number, e);
}

static int run_lift(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct work w;
    struct own own = {.count = 0};
    int result = command_number(line->words[0], &own.number, &e);
    if (result == 0) {
        result = work_open(&w, line, &e);
        w.own = &own;
        result = result == 0 ? work_do(&w, "lift", step_lift, &e) : result;
        work_close(&w);
    }
    if (result != 0) {
        return command_fail(&e);
    }
    printf("ok: the ban is lifted\n");
    return COMMAND_OK;
}

/* ---- erasing ---- */

static int step_erase(struct work *w, struct store *store, struct err *e)
{
    struct own *own = w->own;
    return store_erase_person(store, &own->whom.whom, e);
}

static int step_texts(struct work *w, struct store *store, struct store_changes *changes, bool *left, struct err *e)
{
    struct own *own = w->own;
    uint64_t count = 0;
    int result = store_erase_step(store, changes, &count, left, e);
    own->count += count;
    if (count > 0 && *left) {
        fprintf(stderr, "pollchat: erased messages: %llu\n", (unsigned long long)own->count);
    }
    return result;
}

static int erase(struct work *w, struct own *own, struct err *e)
{
    w->own = own;
    w->note.reason = w->line->reason;
    return work_do(w, "erase", step_erase, e) == 0 ? work_steps(w, step_texts, e) : -1;
}

static int run_erase(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct work w;
    struct own own = {.count = 0};
    int result = work_open(&w, line, &e);
    if (result == 0) {
        result = work_whom_of(line->words[0], &own.whom, &e);
    }
    if (result == 0) {
        result = erase(&w, &own, &e);
    }
    work_close(&w);
    work_whom_fini(&own.whom);
    if (result != 0) {
        return command_fail(&e);
    }
    printf("ok: erased messages: %llu. Names and keys of this person are gone too. Copies that were made before "
           "still have them.\n",
           (unsigned long long)own.count);
    return COMMAND_OK;
}

const struct command commands_people[] = {
    {.name = "name",
     .words = "[NAME|MARK]",
     .most = 1,
     .options = COMMAND_JSON | COMMAND_LIMIT | COMMAND_BEFORE,
     .about = "list persons with names, roles and bans; or those whose name begins so",
     .example = "pollchat name ann --json",
     .run = run_name},
    {.name = "name free",
     .words = "NAME",
     .least = 1,
     .most = 1,
     .options = COMMAND_REASON,
     .about = "take a name from its owner, so that others can have it",
     .run = run_free},
    {.name = "name role",
     .words = "WHO ROLE",
     .least = 2,
     .most = 2,
     .options = COMMAND_ROOM | COMMAND_REASON,
     .about = "make a person nobody, reader, member, moderator, owner; or default, in a room",
     .example = "pollchat name role ann moderator --room dev",
     .run = run_role},
    {.name = "name trust",
     .words = "WHO",
     .least = 1,
     .most = 1,
     .about = "a person no longer counts as new",
     .run = run_trust},
    {.name = "ban",
     .options = COMMAND_JSON | COMMAND_ROOM | COMMAND_LIMIT | COMMAND_BEFORE,
     .about = "list bans that haven't ended",
     .run = run_ban},
    {.name = "ban add",
     .words = "WHO",
     .least = 1,
     .most = 1,
     .options = COMMAND_KIND | COMMAND_OF | COMMAND_MINUTES | COMMAND_REASON | COMMAND_ROOM,
     .about = "ban a NAME, a person (#12), or the sender of a message (ROOM:SEQ), for a day",
     .example = "pollchat ban add lobby:41 --of network --minutes 60 --reason flood",
     .run = run_ban_add},
    {.name = "ban lift", .words = "BAN", .least = 1, .most = 1, .about = "end a ban, by its id", .run = run_lift},
    {.name = "erase",
     .words = "WHO",
     .least = 1,
     .most = 1,
     .options = COMMAND_REASON,
     .about = "erase everything of a NAME, a person (#12) or the sender of a message (ROOM:SEQ) for good",
     .example = "pollchat erase ann",
     .run = run_erase},
    {.name = NULL},
};
