/* messages.c - see messages.h. */
#include "store/sql/messages.h"

#include "base/ck.h"

#include <string.h>

static enum chat_role role_in(int64_t sender)
{
    return (enum chat_role)(sender >> 8 & 0xff);
}

/* ---- messages that are sent again ---- */

/* The text of a message that was edited or deleted isn't there any more to be compared. */
static bool has_first_text(const struct sql_messages_row *row, const struct chat_draft *d)
{
    return d->type == CHAT_MESSAGE && row->edited == 0 && row->state != SQL_ERASED;
}

static bool is_same(const struct sql_messages_row *row, const struct chat_draft *d)
{
    if (row->type != d->type || row->reply_to != d->reply_to || row->target != d->target) {
        return false;
    }
    return !has_first_text(row, d) || (row->text.length == d->text_length &&
                                       (d->text_length == 0 || memcmp(row->text.bytes, d->text, d->text_length) == 0));
}

void sql_messages_compare(const struct sql_messages_row *row, struct store_job *job)
{
    bool same = is_same(row, job->draft);
    job->outcome = same ? STORE_REPEATED : STORE_CONFLICT;
    if (same) {
        job->seq = row->seq;
        job->time_ms = row->time_ms;
        job->mark = (uint16_t)(row->sender >> 16);
        job->role = role_in(row->sender);
        job->flags = (unsigned)(row->sender & 0xff);
    }
}

/* ---- one message ---- */

static const struct sql_messages_text no_text = {.bytes = "", .length = 0};

static char *put(char **at, struct sql_messages_text text)
{
    char *to = *at;
    memcpy(to, text.bytes, text.length + 1);
    *at += text.length + 1;
    return to;
}

static void take_texts(struct chat_message *m, struct sql_messages_text name, struct sql_messages_text id,
                       struct sql_messages_text text)
{
    char *at = ck_malloc(name.length + id.length + text.length + 3); /* one block for all */
    m->name = put(&at, name);
    m->id = put(&at, id);
    m->text = put(&at, text);
    m->text_length = text.length;
}

/* A delete of several messages has their seqs as its text. */
static void take_targets(struct chat_message *m)
{
    static char none[] = "";
    if (m->type == CHAT_DELETE && m->target != 0 && m->text_length > 0) {
        m->targets = m->text;
        m->text = none;
        m->text_length = 0;
    }
}

static void take_shown(const struct sql_messages_row *row, struct chat_message *m)
{
    m->reply_to = row->reply_to;
    m->target = row->target;
    m->edited = row->edited;
    m->mark = (uint16_t)(row->sender >> 16);
    m->role = role_in(row->sender);
    m->flags = (unsigned)(row->sender & 0xff);
    take_texts(m, row->name, row->id, row->text.bytes != NULL ? row->text : no_text);
    if (row->text.bytes != NULL) {
        take_targets(m);
    } else {
        m->type = CHAT_DELETE; /* an edit whose target isn't shown any more */
    }
}

/* As a delete of itself. A name is kept, unless others never saw the message. */
static void take_stub(const struct sql_messages_row *row, struct chat_message *m)
{
    const struct sql_messages_text guest = {.bytes = CHAT_NAME_DEFAULT, .length = strlen(CHAT_NAME_DEFAULT)};
    m->type = CHAT_DELETE;
    m->target = m->seq;
    take_texts(m, row->state != SQL_SHADOW ? row->name : guest, no_text, no_text);
}

static void take(const struct sql_messages_row *row, struct chat_message *m)
{
    *m = (struct chat_message){.seq = row->seq, .time_ms = row->time_ms, .type = row->type};
    if (row->state == SQL_SHOWN) {
        take_shown(row, m);
    } else {
        take_stub(row, m);
    }
}

/* ---- pages ---- */

static size_t weight_of(const struct sql_messages_row *row)
{
    return row->state == SQL_SHOWN ? chat_text_weight(row->text.bytes, row->text.length) : 0;
}

bool sql_messages_add(struct store_page *page, const struct store_range *range, const struct sql_messages_row *row,
                      size_t *bytes)
{
    enum { FIRST = 16 };
    size_t weight = weight_of(row);
    if (page->count == range->limit || (page->count > 0 && weight > range->budget - *bytes)) {
        page->more = true;
        return false;
    }
    if (page->count == 0 || (page->count >= FIRST && (page->count & (page->count - 1)) == 0)) {
        size_t capacity = page->count == 0 ? FIRST : page->count * 2;
        page->messages = ck_realloc(page->messages, capacity * sizeof *page->messages);
    }
    take(row, &page->messages[page->count]);
    page->count++;
    page->weight += weight;
    /* The first message may exceed the budget; then only empty ones fit after it. */
    *bytes = weight < range->budget - *bytes ? *bytes + weight : range->budget;
    return true;
}

void sql_messages_end(struct store_page *page, const struct store_range *range)
{
    for (size_t i = 0; range->backwards && i + 1 < page->count - i; i++) {
        struct chat_message other = page->messages[page->count - 1 - i];
        page->messages[page->count - 1 - i] = page->messages[i];
        page->messages[i] = other;
    }
}

bool sql_messages_bounds(const struct store_range *range, uint64_t *first, uint64_t *last)
{
    bool is_open = range->before == 0 || range->before > SQL_ROWS_SEQ_MAX;
    if (range->since >= SQL_ROWS_SEQ_MAX || range->before == 1) {
        return false; /* the sums of the statement would reach another room */
    }
    *first = range->since + 1;
    *last = is_open ? SQL_ROWS_SEQ_MAX : range->before - 1;
    return true;
}
