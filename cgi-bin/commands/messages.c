/* messages.c - commands about reported messages, and messages that wait for approval. */
#include "base/err.h"
#include "commands/command.h"
#include "commands/list.h"
#include "commands/work.h"
#include "store/store_erase.h"
#include "store/store_report.h"

#include <stdio.h>

static int run_report(const struct command_line *line)
{
    static const char *const columns[] = {"room", "seq", "name", "reports", "state", "reasons", "text", NULL};
    struct store_desk_query query = {.room = line->room};
    return list_print(line, "reports", &query, columns);
}

static int run_held(const struct command_line *line)
{
    static const char *const columns[] = {"id", "time", "room", "name", "why", "text", NULL};
    struct store_desk_query query = {.room = line->room};
    return list_print(line, "held", &query, columns);
}

/* ---- one message: ROOM:SEQ ---- */

static int on_message(const struct command_line *line, const char *act,
                      int (*step)(struct work *w, struct store *store, struct err *e))
{
    struct err e = ERR_INIT;
    struct work w;
    struct work_whom message;
    int result = work_message_of(line->words[0], &message, &e);
    if (result == 0) {
        result = work_open(&w, line, &e);
        w.own = &message;
        w.note.room = message.room;
        w.note.seq = message.whom.seq;
        w.note.reason = line->reason;
        result = result == 0 ? work_do(&w, act, step, &e) : result;
        work_close(&w);
    }
    if (result != 0) {
        return command_fail(&e);
    }
    printf("ok: %s %s\n", act, line->words[0]);
    return COMMAND_OK;
}

static int settle(const struct work *w, struct store *store, struct err *e)
{
    const struct work_whom *m = w->own;
    return store_report_settle(store, 0, m->room, m->whom.seq, e);
}

static int step_keep(struct work *w, struct store *store, struct err *e)
{
    return settle(w, store, e);
}

static int show(const struct work *w, struct store *store, bool shown, struct err *e)
{
    const struct work_whom *m = w->own;
    uint64_t event = 0;
    return store_erase_show(store, m->room, m->whom.seq, shown, &event, e) == 0 ? settle(w, store, e) : -1;
}

static int step_hide(struct work *w, struct store *store, struct err *e)
{
    return show(w, store, false, e);
}

static int step_show(struct work *w, struct store *store, struct err *e)
{
    return show(w, store, true, e);
}

static int step_delete(struct work *w, struct store *store, struct err *e)
{
    const struct work_whom *m = w->own;
    uint64_t event = 0;
    return store_erase_message(store, m->room, m->whom.seq, &event, e) == 0 ? settle(w, store, e) : -1;
}

static int run_keep(const struct command_line *line)
{
    return on_message(line, "settle", step_keep);
}

static int run_hide(const struct command_line *line)
{
    return on_message(line, "hide", step_hide);
}

static int run_show(const struct command_line *line)
{
    return on_message(line, "show", step_show);
}

static int run_delete(const struct command_line *line)
{
    return on_message(line, "delete", step_delete);
}

/* ---- messages that wait: ID ---- */

static int step_approve(struct work *w, struct store *store, struct err *e)
{
    struct store_approved approved;
    bool trust = (w->line->given & COMMAND_TRUST) != 0;
    return store_report_approve(store, *(const uint64_t *)w->own, trust, &approved, e);
}

static int step_reject(struct work *w, struct store *store, struct err *e)
{
    return store_report_reject(store, *(const uint64_t *)w->own, e);
}

static int run_approve(const struct command_line *line)
{
    return work_on_id(line, "approve", step_approve, "the message is in its room");
}

static int run_reject(const struct command_line *line)
{
    return work_on_id(line, "reject", step_reject, "the message is forgotten");
}

#define ON_MESSAGE .words = "ROOM:SEQ", .least = 1, .most = 1, .options = COMMAND_REASON

const struct command commands_messages[] = {
    {.name = "report",
     .options = COMMAND_JSON | COMMAND_ROOM | COMMAND_LIMIT | COMMAND_BEFORE,
     .about = "list messages that visitors reported",
     .run = run_report},
    {.name = "report keep", ON_MESSAGE, .about = "the message may stay as it is", .run = run_keep},
    {.name = "report hide", ON_MESSAGE, .about = "hide a message; its text is kept", .run = run_hide},
    {.name = "report show", ON_MESSAGE, .about = "show a hidden message again", .run = run_show},
    {.name = "report delete",
     ON_MESSAGE,
     .about = "erase a message for good",
     .example = "pollchat report delete lobby:41 --reason insult",
     .run = run_delete},
    {.name = "report held",
     .options = COMMAND_JSON | COMMAND_ROOM | COMMAND_LIMIT | COMMAND_BEFORE,
     .about = "list messages that wait for approval",
     .run = run_held},
    {.name = "report approve",
     .words = "ID",
     .least = 1,
     .most = 1,
     .options = COMMAND_TRUST,
     .about = "a waiting message goes into its room (--trust: further ones of this person too)",
     .run = run_approve},
    {.name = "report reject",
     .words = "ID",
     .least = 1,
     .most = 1,
     .about = "forget a waiting message",
     .run = run_reject},
    {.name = NULL},
};
