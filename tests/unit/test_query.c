/* test_query.c - query.h: the parameters of GET /poll.
 *
 * The cases are in tests/cases/query. Keys:
 *   query   the query string
 *   is      its meaning, as printed by describe() below; or
 *   error   the named field, and
 *   says    a part of the error's text (may be given several times)
 */
#include "support.h"

#include "base/buf.h"
#include "base/err.h"
#include "chat/form.h"
#include "chat/query.h"

/* Prints a query such as "since lobby:0 limit=100 wait=0 json", with "several" and "epoch=…" where
 * they apply. */
static void describe(const struct query *q, struct buf *out)
{
    static const char *const kinds[] = {"since", "before", "last"};
    static const char *const formats[] = {"json", "ndjson", "text"};
    buf_adds(out, kinds[q->kind]);
    if (q->kind == QUERY_BEFORE) {
        buf_addf(out, "=%llu", (unsigned long long)q->before);
    }
    buf_adds(out, q->several ? " several" : "");
    for (size_t i = 0; i < q->count; i++) {
        buf_addf(out, " %s:", q->rooms[i].name);
        if (q->rooms[i].now) {
            buf_adds(out, "now");
        } else {
            buf_addf(out, "%llu", (unsigned long long)q->rooms[i].since);
        }
    }
    buf_addf(out, " limit=%u wait=%u %s", (unsigned)q->limit, q->wait, formats[q->format]);
    if (q->epoch[0] != '\0') {
        buf_addf(out, " epoch=%s", q->epoch);
    }
}

static void run_case(struct support_case *c)
{
    struct form fields;
    struct query q;
    struct err e = ERR_INIT;
    size_t length = 0;
    const char *text = support_case_value(c, "query", &length);
    const char *is = support_case_value(c, "is", NULL);
    const char *error = support_case_value(c, "error", NULL);
    form_init(&fields);
    if (text == NULL || (is == NULL) == (error == NULL) || form_parse(&fields, text, length, NULL) != 0) {
        fail_msg("%s needs a query that can be decoded, and one of is and error", c->path);
        return;
    }
    int result = query_parse(&fields, &q, &e);
    if (is != NULL) {
        struct buf got;
        buf_init(&got, 1 << 16);
        if (result == 0) {
            describe(&q, &got);
        }
        if (result != 0 || e.code != ERR_NONE || strcmp(is, buf_text(&got)) != 0) {
            fail_msg("%s\n  is     %s\n  but is %s%s", c->path, is, buf_text(&got), e.text);
        }
        buf_fini(&got);
    } else {
        if (result != -1 || e.code != ERR_INPUT || strcmp(e.field, error) != 0) {
            fail_msg("%s: result %d, code %d, field %s: %s", c->path, result, (int)e.code, e.field, e.text);
        }
        for (const char *part = NULL; (part = support_case_value(c, "says", NULL)) != NULL;) {
            assert_contains(e.text, part);
        }
    }
    form_fini(&fields);
}

static void each_case_is_parsed_as_it_says(void **state)
{
    (void)state;
    support_each_case("tests/cases/query", 40, run_case);
}

static void at_most_32_rooms_are_allowed(void **state)
{
    (void)state;
    for (int count = QUERY_ROOMS_MAX; count <= QUERY_ROOMS_MAX + 1; count++) {
        struct form fields;
        struct query q;
        struct err e = ERR_INIT;
        char rooms[QUERY_ROOMS_MAX + 1][32];
        form_init(&fields);
        for (int i = 0; i < count; i++) {
            snprintf(rooms[i], sizeof rooms[i], "r%d:%d", i, i);
            assert_int_equal(form_add(&fields, "room", rooms[i], strlen(rooms[i]), NULL), 0);
        }
        int result = query_parse(&fields, &q, &e);
        assert_int_equal(result, count <= QUERY_ROOMS_MAX ? 0 : -1);
        if (result == 0) {
            assert_int_equal(q.count, 32);
            assert_string_equal(q.rooms[31].name, "r31");
            assert_int_equal(q.rooms[31].since, 31);
        } else {
            assert_string_equal(e.field, "room");
            assert_contains(e.text, "32");
        }
        form_fini(&fields);
    }
}

static void the_error_argument_may_be_null(void **state)
{
    struct form fields;
    struct query q;
    (void)state;
    form_init(&fields);
    assert_int_equal(form_parse(&fields, "limit=x", 7, NULL), 0);
    assert_int_equal(query_parse(&fields, &q, NULL), -1);
    form_fini(&fields);
}

static void the_format_is_known_even_when_the_rest_is_wrong(void **state)
{
    static const struct {
        const char *query;
        enum query_format format;
    } cases[] = {{"", QUERY_JSON},
                 {"format=json", QUERY_JSON},
                 {"format=ndjson&limit=x", QUERY_NDJSON},
                 {"since=-1&format=text", QUERY_TEXT},
                 {"format=xml", QUERY_JSON},
                 {"format=TEXT", QUERY_JSON},
                 {"format=text%00", QUERY_JSON},
                 {"format=text&format=text", QUERY_JSON},
                 {"format", QUERY_JSON}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct form fields;
        struct query q;
        form_init(&fields);
        assert_int_equal(form_parse(&fields, cases[i].query, strlen(cases[i].query), NULL), 0);
        (void)query_parse(&fields, &q, NULL);
        assert_int_equal(q.format, cases[i].format);
        form_fini(&fields);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_is_parsed_as_it_says),
        cmocka_unit_test(at_most_32_rooms_are_allowed),
        cmocka_unit_test(the_error_argument_may_be_null),
        cmocka_unit_test(the_format_is_known_even_when_the_rest_is_wrong),
    };
    return RUN(tests);
}
