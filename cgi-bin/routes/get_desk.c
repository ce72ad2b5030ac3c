/* get_desk.c - see get_desk.h. */
#include "routes/get_desk.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "chat/form.h"
#include "format/json_out.h"
#include "peace/name.h"
#include "routes/desk_backup.h"
#include "routes/get_me.h"
#include "routes/handler.h"
#include "routes/poll_program.h"
#include "site/desk_json.h"
#include "site/reserve.h"
#include "site/rules.h"
#include "site/site.h"
#include "site/store_options.h"
#include "store/store_desk.h"
#include "system/conf.h"
#include "system/conf_page.h"
#include "system/file_system.h"
#include "web/reply.h"
#include "web/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 50, SEARCH_MAX = 256 };

/* ---- the lists ---- */

struct renamed {
    const char *column; /* of store_desk.h */
    const char *name;   /* in the answer; NULL: left out */
};

static const struct list {
    const char *word;
    enum chat_role need;
    bool is_for_all; /* a moderator of one room has no part of it */
    struct renamed names[6];
} lists[] = {
    {"rooms", CHAT_MODERATOR, false, {{"kind", "kind_set"}, {"kind_until", "until"}}},
    {"people",
     CHAT_MODERATOR,
     true,
     {{"id", "person"}, {"messages_hour", "hour"}, {"room_roles", NULL}, {"names", NULL}, {"bans", NULL}}},
    {"bans", CHAT_MODERATOR, false, {{"id", "ban"}}},
    {"reports", CHAT_MODERATOR, false, {{"id", "report"}, {"reports", "count"}, {"state", NULL}}},
    {"held", CHAT_MODERATOR, false, {{"id", "held"}}},
    {"audit", CHAT_MODERATOR, false, {{"id", "audit"}}},
    {"words", CHAT_MODERATOR, true, {{"id", "word"}}},
    {"days", CHAT_MODERATOR, false, {{NULL, NULL}}},
    {"invites", CHAT_OWNER, true, {{"id", "invite"}}},
    {"storage", CHAT_OWNER, true, {{"rooms", "room_count"}}},
    {"settings", CHAT_OWNER, true, {{NULL, NULL}}},
    {"backup", CHAT_OWNER, true, {{NULL, NULL}}},
};

struct desk {
    struct poll_program *program;
    struct caller *caller;
    const struct list *list;
    struct store_desk_query query;
    struct store_desk_page page;
    struct name_forms sought; /* what is searched, where it is a name */
    char epoch[CHAT_EPOCH_SIZE];
    struct json_out out;
};

/* ---- what is asked for ---- */

static int find_list(struct desk *d, const struct form *fields, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(fields, "list", &f, e) != 0) {
        return -1;
    }
    bool is_text = f != NULL && strlen(f->value) == f->length; /* no U+0000 */
    for (size_t i = 0; is_text && i < sizeof lists / sizeof lists[0]; i++) {
        if (strcmp(lists[i].word, f->value) == 0) {
            d->list = &lists[i];
            d->query.list = store_desk_kind_of(f->value);
            return 0;
        }
    }
    err_field(e, ERR_INPUT, "list", "list must be the name of a list, such as rooms or bans.");
    return -1;
}

static int take_number(const struct form *fields, const char *name, uint64_t max, uint64_t *out, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(fields, name, &f, e) != 0) {
        return -1;
    }
    if (f != NULL && f->length > 0 && str_u64(f->value, 0, max, out) != 0) {
        return err_field(e, ERR_INPUT, name, "%s must be a whole number up to %llu.", name, (unsigned long long)max);
    }
    return 0;
}

static int take_text(const struct form *fields, const char *name, size_t max, const char **out, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(fields, name, &f, e) != 0) {
        return -1;
    }
    if (f != NULL && (f->length > max || strlen(f->value) != f->length || !str_utf8_valid(f->value, f->length, NULL))) {
        return err_field(e, ERR_INPUT, name, "%s must be UTF-8, and at most %zu bytes.", name, max);
    }
    *out = f != NULL ? f->value : "";
    return 0;
}

/* Persons are found by the beginning of a folded name, or by a mark. */
static void fold_search(struct desk *d)
{
    if (d->query.list == STORE_DESK_PEOPLE && d->query.search[0] != '\0' &&
        name_forms_of(d->query.search, &d->sought, NULL) == 0) {
        d->query.search = d->sought.fold;
    }
}

static int parse(struct desk *d, const struct form *fields, struct err *e)
{
    struct store_desk_query *q = &d->query;
    uint64_t limit = LIMIT_DEFAULT;
    if (find_list(d, fields, e) != 0 || take_text(fields, "room", CHAT_ROOM_MAX, &q->room, e) != 0 ||
        take_text(fields, "q", SEARCH_MAX, &q->search, e) != 0 ||
        take_number(fields, "before", CHAT_SEQ_MAX, &q->before, e) != 0 ||
        take_number(fields, "person", CHAT_SEQ_MAX, &q->person, e) != 0 ||
        take_number(fields, "seq", CHAT_SEQ_MAX, &q->seq, e) != 0 ||
        take_number(fields, "limit", STORE_DESK_MOST, &limit, e) != 0) {
        return -1;
    }
    q->limit = limit > 0 ? (uint32_t)limit : LIMIT_DEFAULT;
    if (q->room[0] != '\0' && !chat_room_valid(q->room, strlen(q->room))) {
        return err_field(e, ERR_INPUT, "room", "This is no name of a room.");
    }
    fold_search(d);
    return 0;
}

/* A moderator of one room sees the lists of that room. Of the list of persons it sees only those
 * that wrote there, each by a message. */
static int check(struct desk *d, struct err *e)
{
    struct standing standing;
    struct standing_room found;
    struct store_desk_query *q = &d->query;
    bool by_message = q->list == STORE_DESK_PEOPLE && q->room[0] != '\0' && q->seq != 0;
    if (by_message) {
        q->person = 0; /* it would be found instead of the message's sender */
    }
    if (caller_stand(d->caller, d->list->is_for_all && !by_message ? "" : q->room, &standing, &found, e) != 0) {
        return -1;
    }
    return standing_need(&standing, d->list->need, e);
}

/* ---- items ---- */

/* False: the column is left out. */
static bool name_of(const struct list *list, const char **column)
{
    for (size_t i = 0; i < sizeof list->names / sizeof list->names[0] && list->names[i].column != NULL; i++) {
        if (strcmp(list->names[i].column, *column) == 0) {
            *column = list->names[i].name;
            return *column != NULL;
        }
    }
    return true;
}

static const struct store_cell *cell_of(const struct desk *d, size_t item, const char *column)
{
    const struct store_desk_page *p = &d->page;
    const struct store_cell *found = NULL;
    for (size_t i = 0; i < p->columns && found == NULL; i++) {
        found = strcmp(p->names[i], column) == 0 ? &p->cells[item * p->columns + i] : NULL;
    }
    return found;
}

/* "lobby moderator" */
static void add_role(struct json_out *o, const char *line, size_t length)
{
    char room[CHAT_ROOM_MAX + 32];
    snprintf(room, sizeof room, "%.*s", (int)length, line);
    char *space = strchr(room, ' ');
    if (space == NULL) {
        return;
    }
    *space = '\0';
    json_out_open(o, NULL, '{');
    json_out_text(o, "room", room);
    json_out_text(o, "role", space + 1);
    json_out_close(o, '}');
}

/* The lines of a column; "" for none. */
static const char *lines_of(const struct desk *d, size_t item, const char *column)
{
    const struct store_cell *cell = cell_of(d, item, column);
    return cell != NULL && cell->text != NULL ? cell->text : "";
}

/* Names, which may be none, and ids of bans. */
static void add_lists(struct desk *d, size_t item)
{
    const char *line = lines_of(d, item, "bans");
    json_out_lines(&d->out, "names", lines_of(d, item, "names"));
    json_out_open(&d->out, "bans", '[');
    for (; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        json_out_number(&d->out, NULL, strtoll(line, NULL, 10));
    }
    json_out_close(&d->out, ']');
}

static void add_roles(struct desk *d, size_t item)
{
    const char *line = lines_of(d, item, "room_roles");
    json_out_open(&d->out, "roles", '[');
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        add_role(&d->out, line, length);
        line += length + (line[length] == '\n');
    }
    json_out_close(&d->out, ']');
}

static void add_kind(struct desk *d, size_t item)
{
    struct standing_room found;
    const struct store_cell *cell = cell_of(d, item, "room");
    if (cell != NULL && cell->text != NULL) {
        standing_room(d->caller->rules, cell->text, d->caller->now_ms, &found);
        json_out_text(&d->out, "kind", get_me_kind_word(found.kind));
    }
}

/* As the store judges it (store_terms). */
static void add_fresh(struct desk *d, size_t item)
{
    const struct store_cell *first = cell_of(d, item, "first");
    const struct store_cell *trusted = cell_of(d, item, "trusted");
    const struct store_cell *is_signed = cell_of(d, item, "signed");
    const struct store_cell *role = cell_of(d, item, "role");
    bool moderates = role != NULL && role->text != NULL && chat_role_of(role->text) >= CHAT_MODERATOR;
    int64_t ms = (int64_t)rules_conf(d->caller->rules)->newcomer_minutes * 60 * 1000;
    bool is_new = !moderates && first != NULL && first->number > d->caller->now_ms - ms;
    json_out_bool(&d->out, "fresh",
                  is_new && trusted != NULL && trusted->number == 0 && is_signed != NULL && is_signed->number == 0);
}

static void add_disk(struct desk *d, size_t item)
{
    const struct conf *conf = site_loaded_conf(d->program->site);
    const struct store_cell *used = cell_of(d, item, "bytes");
    uint64_t available = UINT64_MAX;
    bool is_remote = store_options_of(conf).address != NULL; /* on another host's disk */
    json_out_text(&d->out, "store", is_remote ? "postgresql" : "sqlite");
    if (!is_remote && file_system_free(conf->data, &available)) {
        json_out_number(&d->out, "disk_free", (int64_t)available);
    }
    uint64_t most = reserve_most(conf, used != NULL ? (uint64_t)used->number : 0, available);
    if (most != UINT64_MAX) {
        json_out_number(&d->out, "max_store", (int64_t)most);
    }
}

static void add_item(struct desk *d, size_t item)
{
    const struct store_desk_page *p = &d->page;
    json_out_open(&d->out, NULL, '{');
    for (size_t i = 0; i < p->columns; i++) {
        const char *name = p->names[i];
        if (name_of(d->list, &name)) {
            desk_json_add(&d->out, name, &p->cells[item * p->columns + i]);
        }
    }
    if (d->query.list == STORE_DESK_ROOMS) {
        add_kind(d, item);
    } else if (d->query.list == STORE_DESK_PEOPLE) {
        add_roles(d, item);
        add_lists(d, item);
        add_fresh(d, item);
    } else if (d->query.list == STORE_DESK_REPORTS) {
        const struct store_cell *state = cell_of(d, item, "state");
        json_out_bool(&d->out, "hidden", state != NULL && state->text != NULL && strcmp(state->text, "hidden") == 0);
    } else if (d->query.list == STORE_DESK_STORAGE) {
        add_disk(d, item);
    }
    json_out_close(&d->out, '}');
}

static void add_setting(struct json_out *o, const struct conf_page_row *row, bool by_page)
{
    json_out_open(o, NULL, '{');
    json_out_text(o, "key", row->key);
    json_out_text(o, "value", row->is_secret ? "" : row->value);
    if (row->is_secret) {
        json_out_bool(o, "set", row->value[0] != '\0');
    }
    json_out_text(o, "default", row->fallback);
    json_out_text(o, "source", by_page ? "page" : row->source);
    json_out_bool(o, "editable", row->is_page && !row->is_fixed);
    json_out_text(o, "kind", row->words != NULL ? "word" : row->is_number ? "number" : "text");
    json_out_open(o, "words", '[');
    for (size_t i = 0; row->words != NULL && row->words[i] != NULL; i++) {
        json_out_text(o, NULL, row->words[i]);
    }
    json_out_close(o, ']');
    if (row->is_number) {
        json_out_number(o, "min", (int64_t)row->min);
        json_out_number(o, "max", (int64_t)row->max);
    }
    json_out_text(o, "about", row->about);
    json_out_close(o, '}');
}

static void add_settings(struct desk *d)
{
    const struct store_rules *s = rules_store(d->caller->rules);
    struct conf_page_row row;
    for (unsigned i = 0; conf_page_row(rules_conf(d->caller->rules), i, &row); i++) {
        bool by_page = false;
        for (size_t k = 0; k < s->setting_count && !row.is_fixed; k++) {
            by_page = by_page || strcmp(s->settings[k].key, row.key) == 0;
        }
        add_setting(&d->out, &row, by_page);
    }
}

/* ---- the answer ---- */

static int read_page(struct desk *d, struct err *e)
{
    struct store *store = site_borrow(d->program->site, e);
    if (store == NULL) {
        return -1;
    }
    snprintf(d->epoch, sizeof d->epoch, "%s", store_epoch(store));
    int result = d->query.list == STORE_DESK_SETTINGS ? 0 : store_desk_list(store, &d->query, &d->page, e);
    site_return(d->program->site, store);
    return result;
}

static void write_page(struct desk *d, struct buf *to)
{
    const struct store_desk_page *p = &d->page;
    json_out_init(&d->out, to);
    json_out_open(&d->out, NULL, '{');
    json_out_text(&d->out, "list", d->list->word);
    json_out_text(&d->out, "epoch", d->epoch);
    json_out_open(&d->out, "items", '[');
    for (size_t i = 0; i < p->count; i++) {
        add_item(d, i);
    }
    if (d->query.list == STORE_DESK_SETTINGS) {
        add_settings(d);
    }
    json_out_close(&d->out, ']');
    json_out_bool(&d->out, "more", p->more);
    if (p->more && p->count > 0) {
        json_out_number(&d->out, "before", p->cells[(p->count - 1) * p->columns].number);
    }
    json_out_close(&d->out, '}');
}

static int answer(struct request *request, struct desk *d, struct err *e)
{
    struct reply r;
    if (strcmp(d->list->word, "backup") == 0) {
        return desk_backup(request, d->program->site, e);
    }
    if (read_page(d, e) != 0) {
        return -1;
    }
    reply_init(&r, 200);
    reply_header(&r, "Content-Type", "application/json");
    write_page(d, &r.body);
    reply_send(request, &r);
    reply_fini(&r);
    return 0;
}

void get_desk(struct request *request, void *program)
{
    struct poll_program *p = program;
    struct err e = ERR_INIT;
    struct handler_input in;
    struct desk d = {.program = p, .caller = &in.caller, .query = {.room = "", .search = ""}};
    if (handler_begin(&in, p->site, request, METRICS_POLL_REQUESTS, &e) != 0 || parse(&d, in.fields, &e) != 0 ||
        check(&d, &e) != 0 || answer(request, &d, &e) != 0) {
        reply_send_problem(request, &e, NULL, NULL);
    }
    store_desk_fini(&d.page);
    handler_end(&in);
}
