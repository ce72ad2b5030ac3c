/* fuzz_draft.c - draft.h on any request. Input: a line with the Content-Type, a line with the query
 * string, the body.
 *
 * An accepted draft keeps all limits of chat.h. Written as JSON, it is accepted again as the same
 * draft; written as a line, it is one line.
 */
#include "fuzz.h"

#include "chat/draft.h"
#include "format/tsv.h"

enum { DRAFT_MAX_TEXT = 64 }; /* small, so that the fuzzer reaches it */

/* Returns the next line, with a NUL in place of its line feed. "" if there is none. */
static char *draft_cut_line(char **rest, size_t *left)
{
    char *line = *rest;
    char *end = memchr(line, '\n', *left);
    if (end == NULL) {
        *rest = line + *left;
        *left = 0;
        return line;
    }
    *end = '\0';
    *left -= (size_t)(end + 1 - line);
    *rest = end + 1;
    return line;
}

static void draft_check_limits(const struct chat_draft *d)
{
    struct chat_draft again;
    chat_draft_init(&again);
    CK(d->type >= CHAT_MESSAGE && d->type <= CHAT_DELETE && (d->type == CHAT_MESSAGE) == (d->target == 0));
    CK(d->target <= CHAT_SEQ_MAX && (d->target == 0 || d->reply_to == 0));
    CK((d->type == CHAT_DELETE) == (d->text == NULL));
    if (d->text != NULL) {
        CK(d->text_length >= 1 && d->text_length <= DRAFT_MAX_TEXT && d->text[d->text_length] == '\0');
        CK(strlen(d->text) == d->text_length && str_utf8_valid(d->text, d->text_length, NULL));
    }
    CK(chat_room_valid(d->room, strlen(d->room)) && d->reply_to <= CHAT_SEQ_MAX);
    CK(d->id[0] == '\0' || chat_set_id(&again, d->id, strlen(d->id), NULL) == 0);
    /* Trimming again changes nothing. */
    CK(chat_set_name(&again, d->name, strlen(d->name), NULL) == 0);
    CK(strcmp(again.name, d->name) == 0);
    chat_draft_fini(&again);
}

static void draft_check_line(const struct chat_message *m)
{
    struct buf line;
    size_t tabs = 0;
    buf_init(&line, BUF_UNLIMITED);
    tsv_message(&line, NULL, m);
    for (size_t i = 0; i < line.length; i++) {
        unsigned char c = (unsigned char)line.bytes[i];
        tabs += c == '\t';
        CK(c >= 0x20 || c == '\t' || (c == '\n' && i + 1 == line.length));
    }
    CK(tabs == (m->type == CHAT_MESSAGE ? 3 : 5) && line.bytes[line.length - 1] == '\n');
    buf_fini(&line);
}

/* Parses a copy of the body. */
static int draft_read(struct draft_source source, const char *bytes, size_t length, struct chat_draft *d, struct err *e)
{
    struct form fields;
    struct buf body;
    struct draft_credentials credentials = {.key = {.length = 0}};
    source.credentials = &credentials;
    source.body = &body;
    source.fields = &fields;
    buf_init(&body, BUF_UNLIMITED);
    buf_add(&body, bytes, length);
    form_init(&fields);
    int result = draft_parse(&source, d, e);
    draft_credentials_fini(&credentials);
    form_fini(&fields);
    buf_fini(&body);
    return result;
}

static void draft_check_round_trip(struct chat_draft *d)
{
    static char made[] = "made-by-the-store";
    static char no_text[] = "";
    const struct chat_message m = {.seq = 1,
                                   .type = d->type,
                                   .reply_to = d->reply_to,
                                   .target = d->target,
                                   .name = d->name,
                                   .id = d->id[0] != '\0' ? d->id : made,
                                   .text = d->text != NULL ? d->text : no_text,
                                   .text_length = d->text_length};
    struct buf json;
    struct chat_draft again;
    buf_init(&json, BUF_UNLIMITED);
    chat_draft_init(&again);
    json_sent(&json, "E", d->room, &m);
    CK(json.length <= draft_body_limit(DRAFT_MAX_TEXT));
    const struct draft_source source = {.kind = DRAFT_JSON, .max_text = DRAFT_MAX_TEXT};
    CK(draft_read(source, json.bytes, json.length, &again, NULL) == 0);
    CK(strcmp(again.room, d->room) == 0 && strcmp(again.name, d->name) == 0 && strcmp(again.id, m.id) == 0);
    CK(again.reply_to == d->reply_to && again.type == d->type && again.target == d->target);
    CK(again.text_length == d->text_length);
    CK(d->text == NULL || memcmp(again.text, d->text, d->text_length) == 0);
    draft_check_line(&m);
    chat_draft_fini(&again);
    buf_fini(&json);
}

static void draft_check(const char *type, const struct form *query, const char *body, size_t body_length)
{
    struct draft_source source = {.query = query, .max_text = DRAFT_MAX_TEXT};
    struct chat_draft d;
    struct err e = ERR_INIT;
    chat_draft_init(&d);
    int result = draft_kind_of(type, body_length, &source.kind, &e);
    if (result == 0) {
        result = draft_read(source, body, body_length, &d, &e);
    }
    CK((result == 0) == (e.code == ERR_NONE));
    if (result == 0) {
        draft_check_limits(&d);
        draft_check_round_trip(&d);
    } else {
        fuzz_check_error(&e);
    }
    chat_draft_fini(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    char *rest = bytes;
    const char *type = draft_cut_line(&rest, &size);
    const char *text = draft_cut_line(&rest, &size);
    struct form query;
    form_init(&query);
    if (form_parse(&query, text, strlen(text), NULL) == 0) {
        draft_check(type, &query, rest, size);
    }
    form_fini(&query);
    free(bytes);
    return 0;
}
