/* draft.c - see draft.h. */
#include "chat/draft.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/err.h"
#include "base/str.h"
#include "chat/form.h"
#include "chat/json_read.h"

#include <stdlib.h>
#include <string.h>

enum { OTHER_FIELDS_BYTES = 16 * 1024 };

static const char two_forms[] = "Send a form: curl -d text=hi URL/send (or --data-urlencode 'text=100% right'), "
                                "or plain text: curl -H 'Content-Type: text/plain' -d hi URL/send";

size_t draft_body_limit(size_t max_text)
{
    return max_text * 6 + OTHER_FIELDS_BYTES;
}

/* Content-Type = type/subtype *( OWS ";" OWS name=value ), RFC 9110 section 8.3. */
static bool type_is(const char *content_type, const char *type)
{
    size_t length = strlen(type);
    if (!str_starts_nocase(content_type, type)) {
        return false;
    }
    char next = content_type[length];
    return next == '\0' || next == ';' || next == ' ' || next == '\t';
}

static bool charset_is_utf8(const char *content_type)
{
    const char *at = content_type;
    while ((at = strchr(at, ';')) != NULL) {
        at++;
        at += strspn(at, " \t");
        if (str_starts_nocase(at, "charset=")) {
            at += strlen("charset=");
            at += *at == '"';
            size_t length = strcspn(at, "\"; \t");
            return (length == 5 && str_starts_nocase(at, "utf-8")) || (length == 4 && str_starts_nocase(at, "utf8")) ||
                   (length == 8 && str_starts_nocase(at, "us-ascii"));
        }
    }
    return true;
}

int draft_kind_of(const char *content_type, size_t body_length, enum draft_kind *out, struct err *e)
{
    static const struct {
        const char *type;
        enum draft_kind kind;
    } kinds[] = {{"application/json", DRAFT_JSON},
                 {"application/x-www-form-urlencoded", DRAFT_FORM},
                 {"text/plain", DRAFT_TEXT}};
    if (content_type == NULL || content_type[0] == '\0') {
        *out = DRAFT_NONE;
        return body_length == 0 ? 0
                                : err_set(e, ERR_TYPE,
                                          "The body has no Content-Type; allowed are application/json, "
                                          "application/x-www-form-urlencoded and text/plain.");
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (type_is(content_type, kinds[i].type)) {
            *out = kinds[i].kind;
            return charset_is_utf8(content_type) ? 0 : err_set(e, ERR_TYPE, "The charset must be utf-8.");
        }
    }
    return err_set(e, ERR_TYPE,
                   "This Content-Type isn't accepted; allowed are application/json, "
                   "application/x-www-form-urlencoded and text/plain.");
}

/* Sets *out to the field in the first place that has it, or to NULL. -1 if it is given twice
 * there. */
static int find(const struct draft_source *source, const char *name, const struct form_field **out, struct err *e)
{
    const struct form *places[] = {source->fields, source->query, source->headers};
    *out = NULL;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && *out == NULL; i++) {
        if (places[i] != NULL && form_once(places[i], name, out, e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The fields of a draft, in the order in which they are checked. */
static const struct {
    const char *name;
    /* NULL: text_field does it */
    int (*set)(struct chat_draft *d, const char *value, size_t length, struct err *e);
} fields[] = {
    {"room", chat_set_room}, {"name", chat_set_name},     {"id", chat_set_id}, {"reply_to", chat_set_reply_to},
    {"type", chat_set_type}, {"target", chat_set_target}, {"text", NULL}};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static const char *const credential_names[] = {"key", "token", "proof", "secret"};
enum { CREDENTIALS = sizeof credential_names / sizeof credential_names[0] };

static int small_fields(const struct draft_source *source, struct chat_draft *d, struct err *e)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const struct form_field *f = NULL;
        if (fields[i].set != NULL && (find(source, fields[i].name, &f, e) != 0 ||
                                      (f != NULL && fields[i].set(d, f->value, f->length, e) != 0))) {
            return -1;
        }
    }
    return 0;
}

/* They are copied, because the block that they are in becomes the text's. */
static int take_credentials(const struct draft_source *source, struct err *e)
{
    struct draft_credentials *c = source->credentials;
    if (c == NULL) {
        return 0;
    }
    struct draft_credential *const all[CREDENTIALS] = {&c->key, &c->token, &c->proof, &c->secret};
    for (size_t i = 0; i < CREDENTIALS; i++) {
        const struct form_field *f = NULL;
        if (find(source, credential_names[i], &f, e) != 0) {
            return -1;
        }
        if (f != NULL) {
            *all[i] = (struct draft_credential){.value = ck_memdup0(f->value, f->length), .length = f->length};
        }
    }
    return 0;
}

void draft_credentials_fini(struct draft_credentials *c)
{
    free(c->key.value);
    free(c->token.value);
    free(c->proof.value);
    free(c->secret.value);
    memset(c, 0, sizeof *c);
}

static int check_target(const struct chat_draft *d, struct err *e)
{
    if (d->type == CHAT_MESSAGE) {
        return d->target == 0 ? 0 : err_field(e, ERR_INPUT, "target", "Only an edit or a delete has a target.");
    }
    if (d->target == 0) {
        return err_field(e, ERR_INPUT, "target", "target is missing: the seq of the message that the %s is for.",
                         chat_type_word(d->type));
    }
    return d->reply_to == 0 ? 0 : err_field(e, ERR_INPUT, "reply_to", "What a message replies to can't be changed.");
}

/* A text that came in the body isn't copied: it may be large. */
static int text_field(const struct draft_source *source, struct chat_draft *d, struct err *e)
{
    const struct form_field *f = NULL;
    if (find(source, "text", &f, e) != 0) {
        return -1;
    }
    if (f == NULL || f->bare) { /* bare: as from curl -d text */
        return err_field(e, ERR_INPUT, "text", "There is no field text. %s", two_forms);
    }
    size_t length = f->length;
    if (chat_text_check(f->value, length, source->max_text, e) != 0) {
        return -1;
    }
    bool is_own = form_single(source->fields, "text") == f;
    chat_text_take(d, is_own ? form_take_value(source->fields, f) : ck_memdup0(f->value, length), length);
    return 0;
}

/* Fills source->fields from the body. */
static int read_fields(const struct draft_source *source, struct err *e)
{
    const char *known[FIELDS + CREDENTIALS + 1] = {NULL};
    size_t length = source->body->length;
    for (size_t i = 0; i < FIELDS + CREDENTIALS; i++) {
        known[i] = i < FIELDS ? fields[i].name : credential_names[i - FIELDS];
    }
    if (source->kind == DRAFT_NONE || (source->kind == DRAFT_TEXT && length == 0)) {
        return 0;
    }
    char *block = buf_steal(source->body);
    switch (source->kind) {
    case DRAFT_JSON:
        return json_read(block, length, known, source->fields, e);
    case DRAFT_FORM:
        return form_parse_own(source->fields, block, length, e);
    case DRAFT_NONE:
    case DRAFT_TEXT:
        break;
    }
    form_own(source->fields, block);
    return form_add(source->fields, "text", block, length, e);
}

int draft_parse(const struct draft_source *source, struct chat_draft *d, struct err *e)
{
    struct err own = ERR_INIT;
    if (e == NULL) {
        e = &own;
    }
    if (read_fields(source, e) != 0 || take_credentials(source, e) != 0 || small_fields(source, d, e) != 0 ||
        check_target(d, e) != 0) {
        return -1;
    }
    return d->type == CHAT_DELETE ? 0 : text_field(source, d, e);
}
