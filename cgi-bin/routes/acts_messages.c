/* acts_messages.c - acts on messages: reports, deletes, hiding, messages that wait. */
#include "base/err.h"
#include "routes/act.h"
#include "site/rules.h"
#include "store/store_desk.h"
#include "store/store_erase.h"
#include "store/store_report.h"
#include "system/conf.h"

#include <string.h>

/* ---- reports ---- */

static bool is_fresh(const struct act *a, const struct store_person *p)
{
    int64_t ms = (int64_t)rules_conf(a->caller.rules)->newcomer_minutes * 60 * 1000;
    return p->id == 0 || (!p->trusted && !p->is_signed && p->first_ms > a->caller.now_ms - ms);
}

/* Who reports: a person, but a new one counts as its network, since new keys cost nothing. */
static int find_reporter(const struct act *a, struct store *store, unsigned char out[STORE_REPORTER], struct err *e)
{
    struct store_person person = {.id = 0};
    if (a->sender.has_key && store_person_by_key(store, a->sender.key, NULL, &person, e) != 0) {
        return -1;
    }
    memset(out, 0, STORE_REPORTER);
    if (a->sender.has_network && is_fresh(a, &person)) {
        memcpy(out, a->sender.network, STORE_REPORTER);
    } else if (a->sender.has_key) {
        memcpy(out, a->sender.key, STORE_REPORTER);
    }
    return 0;
}

static int run_report(struct act *a, struct store *store, struct err *e)
{
    unsigned char reporter[STORE_REPORTER];
    uint64_t hides = rules_conf(a->caller.rules)->report_hides;
    uint64_t open = 0;
    uint64_t event = 0;
    if (find_reporter(a, store, reporter, e) != 0 ||
        store_report_add(store, a->room, a->f.seq, reporter, a->f.reason, &open, e) != 0) {
        return -1;
    }
    if (hides != 0 && open >= hides && store_erase_hide_reported(store, a->room, a->f.seq, &event, e) != 0) {
        return -1;
    }
    json_out_bool(&a->out, "hidden", event != 0);
    return 0;
}

static int read_settle(struct act *a, struct err *e)
{
    if (!act_has(a, "report")) {
        return act_message(a, e);
    }
    if (!act_is_everywhere(a, CHAT_MODERATOR)) {
        return err_set(e, ERR_WEAK, "A moderator of one room names the report by room and seq.");
    }
    return act_number(a, "report", 1, CHAT_SEQ_MAX, UINT64_MAX, &a->f.number, e);
}

static int run_settle(struct act *a, struct store *store, struct err *e)
{
    return store_report_settle(store, a->f.number, a->room, a->f.seq, e);
}

/* ---- one message ---- */

static int run_delete(struct act *a, struct store *store, struct err *e)
{
    uint64_t event = 0;
    if (store_erase_message(store, a->room, a->f.seq, &event, e) != 0) {
        return -1;
    }
    json_out_number(&a->out, "seq", (int64_t)event);
    return store_report_settle(store, 0, a->room, a->f.seq, e);
}

static int show(struct act *a, struct store *store, bool shown, struct err *e)
{
    uint64_t event = 0;
    if (store_erase_show(store, a->room, a->f.seq, shown, &event, e) != 0) {
        return -1;
    }
    json_out_number(&a->out, "seq", (int64_t)event);
    return store_report_settle(store, 0, a->room, a->f.seq, e);
}

static int run_hide(struct act *a, struct store *store, struct err *e)
{
    return show(a, store, false, e);
}

static int run_show(struct act *a, struct store *store, struct err *e)
{
    return show(a, store, true, e);
}

/* ---- messages that wait ---- */

static int read_held(struct act *a, struct err *e)
{
    if (a->room[0] == '\0' && !act_is_everywhere(a, CHAT_MODERATOR)) {
        return err_field(e, ERR_INPUT, "room", "room is missing.");
    }
    return act_number(a, "held", 1, CHAT_SEQ_MAX, UINT64_MAX, &a->f.number, e) != 0 ||
                   act_text(a, "reason", 500, "", &a->f.reason, e) != 0
               ? -1
               : 0;
}

static int read_approve(struct act *a, struct err *e)
{
    return act_yes(a, "person", false, &a->f.flag, e) == 0 ? read_held(a, e) : -1;
}

/* A moderator of one room decides on the messages of that room. */
static int check_held(struct act *a, struct store *store, struct err *e)
{
    const struct store_desk_query query = {
        .list = STORE_DESK_HELD, .room = a->room, .before = a->f.number + 1, .limit = 1};
    struct store_desk_page page;
    if (act_is_everywhere(a, CHAT_MODERATOR)) {
        return 0;
    }
    if (store_desk_list(store, &query, &page, e) != 0) {
        return -1;
    }
    bool is_here = page.count == 1 && (uint64_t)page.cells[0].number == a->f.number;
    store_desk_fini(&page);
    return is_here ? 0 : err_field(e, ERR_ABSENT, "held", "No such message waits in this room.");
}

static int run_approve(struct act *a, struct store *store, struct err *e)
{
    struct store_approved approved;
    if (check_held(a, store, e) != 0 || store_report_approve(store, a->f.number, a->f.flag, &approved, e) != 0) {
        return -1;
    }
    json_out_text(&a->out, "room", approved.room);
    json_out_number(&a->out, "seq", (int64_t)approved.seq);
    a->note.seq = approved.seq;
    return 0;
}

static int run_reject(struct act *a, struct store *store, struct err *e)
{
    return check_held(a, store, e) == 0 ? store_report_reject(store, a->f.number, e) : -1;
}

const struct act_row acts_messages[] = {
    {.name = "report",
     .need = CHAT_READER,
     .reads_room = true,
     .is_quiet = true,
     .read = act_message,
     .run = run_report},
    {.name = "delete", .need = CHAT_MODERATOR, .read = act_message, .run = run_delete},
    {.name = "hide", .need = CHAT_MODERATOR, .read = act_message, .run = run_hide},
    {.name = "show", .need = CHAT_MODERATOR, .read = act_message, .run = run_show},
    {.name = "approve", .need = CHAT_MODERATOR, .read = read_approve, .run = run_approve},
    {.name = "reject", .need = CHAT_MODERATOR, .read = read_held, .run = run_reject},
    {.name = "settle", .need = CHAT_MODERATOR, .read = read_settle, .run = run_settle},
    {.name = NULL},
};
