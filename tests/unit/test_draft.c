/* test_draft.c - draft.h: the body of POST /send becomes a checked draft.
 *
 * The cases are in tests/cases/draft. Keys:
 *   type      Content-Type; none if the key is missing
 *   body      the body; empty if missing
 *   query     fields of the query string, form encoded
 *   headers   fields of the headers, form encoded
 *   max_text  the limit, 64 if missing
 * and the expected result, either
 *   text (none of a delete), room (lobby), name (guest), reply_to (0), id (if missing: a generated
 *   one), kind (message), target (0), and key, token, proof, secret as they were sent (none), or
 *   error     "input", "type" or "too-large", and the named field if there is one
 *   says      a part of the error's text
 */
#include "support.h"

#include "base/buf.h"
#include "base/err.h"
#include "chat/draft.h"
#include "chat/form.h"

#include <pthread.h>

static const char *or_else(const char *value, const char *otherwise)
{
    return value != NULL ? value : otherwise;
}

static void fill_form(struct form *f, struct support_case *c, const char *key)
{
    size_t length = 0;
    const char *text = support_case_value(c, key, &length);
    form_init(f);
    if (text != NULL && form_parse(f, text, length, NULL) != 0) {
        fail_msg("%s: %s can't be decoded", c->path, key);
    }
}

static void check_draft(struct support_case *c, const struct chat_draft *d)
{
    size_t length = 0;
    char number[32];
    char target[32];
    const char *text = support_case_value(c, "text", &length);
    const char *id = support_case_value(c, "id", NULL);
    snprintf(number, sizeof number, "%llu", (unsigned long long)d->reply_to);
    snprintf(target, sizeof target, "%llu", (unsigned long long)d->target);
    if ((text == NULL) != (d->text == NULL) || (text == NULL) != (d->type == CHAT_DELETE) ||
        (text != NULL && (length != d->text_length || memcmp(text, d->text, length + 1) != 0))) {
        fail_msg("%s: the text is '%s'", c->path, d->text != NULL ? d->text : "missing");
    }
    if (strcmp(chat_type_word(d->type), or_else(support_case_value(c, "kind", NULL), "message")) != 0 ||
        strcmp(target, or_else(support_case_value(c, "target", NULL), "0")) != 0) {
        fail_msg("%s: type %s, target %s", c->path, chat_type_word(d->type), target);
    }
    if (strcmp(d->room, or_else(support_case_value(c, "room", NULL), "lobby")) != 0 ||
        strcmp(d->name, or_else(support_case_value(c, "name", NULL), "guest")) != 0 ||
        strcmp(number, or_else(support_case_value(c, "reply_to", NULL), "0")) != 0 ||
        strcmp(d->id, or_else(id, "")) != 0) {
        fail_msg("%s: room %s, name %s, reply_to %s, id %s", c->path, d->room, d->name, number, d->id);
    }
}

static void check_error(struct support_case *c, const char *expected, const struct err *e)
{
    char got[64];
    const char *word = e->code == ERR_INPUT       ? "input"
                       : e->code == ERR_TYPE      ? "type"
                       : e->code == ERR_TOO_LARGE ? "too-large"
                                                  : "?";
    snprintf(got, sizeof got, "%s%s%s", word, e->field[0] != '\0' ? " " : "", e->field);
    if (strcmp(got, expected) != 0) {
        fail_msg("%s: the error is '%s': %s", c->path, got, e->text);
    }
    for (const char *part = NULL; (part = support_case_value(c, "says", NULL)) != NULL;) {
        assert_contains(e->text, part);
    }
}

static void check_credential(struct support_case *c, const char *name, const struct draft_credential *found)
{
    size_t length = 0;
    const char *expected = support_case_value(c, name, &length);
    if ((expected == NULL) != (found->value == NULL) ||
        (expected != NULL && (found->length != length || memcmp(found->value, expected, length + 1) != 0))) {
        fail_msg("%s: %s is '%s'", c->path, name, found->value != NULL ? found->value : "missing");
    }
}

/* c: NULL, or the case that says which credentials there are. */
static int parse_in(struct support_case *c, struct draft_source *source, struct chat_draft *d, struct err *e)
{
    struct draft_credentials found = {.key = {.length = 0}};
    source->credentials = &found;
    int result = draft_parse(source, d, e);
    if (result == 0 && c != NULL) {
        check_credential(c, "key", &found.key);
        check_credential(c, "token", &found.token);
        check_credential(c, "proof", &found.proof);
        check_credential(c, "secret", &found.secret);
    }
    draft_credentials_fini(&found);
    source->credentials = NULL;
    return result;
}

/* Parses a copy of the body. */
static int parse_case(struct support_case *c, struct draft_source source, const char *bytes, size_t length,
                      struct chat_draft *d, struct err *e)
{
    struct form fields;
    struct buf body;
    source.body = &body;
    source.fields = &fields;
    buf_init(&body, BUF_UNLIMITED);
    buf_add(&body, bytes, length);
    form_init(&fields);
    int result = parse_in(c, &source, d, e);
    form_fini(&fields);
    buf_fini(&body);
    return result;
}

static int parse(struct draft_source source, const char *bytes, size_t length, struct chat_draft *d, struct err *e)
{
    return parse_case(NULL, source, bytes, length, d, e);
}

static void run_case(struct support_case *c)
{
    struct form query;
    struct form headers;
    struct chat_draft d;
    struct err e = ERR_INIT;
    struct draft_source source = {.query = &query, .headers = &headers};
    size_t length = 0;
    const char *type = support_case_value(c, "type", NULL);
    const char *error = support_case_value(c, "error", NULL);
    source.max_text = (size_t)strtoul(or_else(support_case_value(c, "max_text", NULL), "64"), NULL, 10);
    const char *body = or_else(support_case_value(c, "body", &length), "");
    fill_form(&query, c, "query");
    fill_form(&headers, c, "headers");
    chat_draft_init(&d);
    int result = draft_kind_of(type, length, &source.kind, &e);
    if (result == 0) {
        result = parse_case(error == NULL ? c : NULL, source, body, length, &d, &e);
    }
    if ((result == 0) != (e.code == ERR_NONE) || (result == 0) != (error == NULL)) {
        fail_msg("%s: result %d, %s", c->path, result, e.text);
    }
    if (error == NULL) {
        check_draft(c, &d);
    } else {
        check_error(c, error, &e);
    }
    chat_draft_fini(&d);
    form_fini(&query);
    form_fini(&headers);
}

static void each_case_gives_its_result(void **state)
{
    (void)state;
    support_each_case("tests/cases/draft", 80, run_case);
}

/* The longest valid body: each byte of the text is written as "\\u00XX", and all other fields are
 * at their limits. */
static void a_text_at_its_limit_fits_into_the_body_limit_in_each_encoding(void **state)
{
    static const size_t limits[] = {1, 1000, 1048576};
    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct buf body;
        buf_init(&body, BUF_UNLIMITED);
        buf_adds(&body, "{\"name\":\"");
        for (int n = 0; n < CHAT_NAME_MAX; n++) {
            buf_adds(&body, "\\ud83d\\ude00");
        }
        buf_addf(&body, "\",\"id\":\"%064d\",\"room\":\"%064d\",\"reply_to\":\"9223372036854775807\",\"text\":\"", 1,
                 1);
        for (size_t n = 0; n < limits[i]; n++) {
            buf_adds(&body, "\\u000a");
        }
        buf_adds(&body, "\"}");
        assert_true(body.length <= draft_body_limit(limits[i]));
        struct chat_draft d;
        struct err e = ERR_INIT;
        const struct draft_source source = {.kind = DRAFT_JSON, .max_text = limits[i]};
        chat_draft_init(&d);
        if (parse(source, body.bytes, body.length, &d, &e) != 0) {
            fail_msg("%s", e.text);
        }
        assert_int_equal(d.text_length, limits[i]);
        assert_int_equal(strlen(d.name), CHAT_NAME_BYTES_MAX);
        chat_draft_fini(&d);
        buf_fini(&body);
    }
}

/* The deepest nesting in a body of the default limit, with the small stack of crew.c. */
static void *parse_deep_json(void *opening)
{
    struct buf body;
    struct chat_draft d;
    struct err e = ERR_INIT;
    buf_init(&body, BUF_UNLIMITED);
    buf_adds(&body, "{\"text\":\"hi\",\"x\":");
    while (body.length < draft_body_limit(1048576) - 16) {
        buf_adds(&body, opening);
    }
    const struct draft_source source = {.kind = DRAFT_JSON, .max_text = 1048576};
    chat_draft_init(&d);
    int result = parse(source, body.bytes, body.length, &d, &e);
    chat_draft_fini(&d);
    buf_fini(&body);
    return result == -1 && e.code == ERR_INPUT ? opening : NULL;
}

static void endless_nesting_is_an_error_and_no_crash(void **state)
{
    static char openings[][8] = {"[", "{\"a\":", "[{\"\":"};
    (void)state;
    for (size_t i = 0; i < COUNT(openings); i++) {
        pthread_attr_t attributes;
        pthread_t thread;
        void *good = NULL;
        pthread_attr_init(&attributes);
        assert_int_equal(pthread_attr_setstacksize(&attributes, 2 * 1024 * 1024), 0);
        assert_int_equal(pthread_create(&thread, &attributes, parse_deep_json, openings[i]), 0);
        assert_int_equal(pthread_join(thread, &good), 0);
        pthread_attr_destroy(&attributes);
        assert_non_null(good);
    }
}

static void the_error_argument_may_be_null(void **state)
{
    struct chat_draft d;
    const struct draft_source source = {.kind = DRAFT_FORM, .max_text = 10};
    (void)state;
    chat_draft_init(&d);
    assert_int_equal(parse(source, "text=%", 6, &d, NULL), -1);
    chat_draft_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_gives_its_result),
        cmocka_unit_test(a_text_at_its_limit_fits_into_the_body_limit_in_each_encoding),
        cmocka_unit_test(endless_nesting_is_an_error_and_no_crash),
        cmocka_unit_test(the_error_argument_may_be_null),
    };
    return RUN(tests);
}
