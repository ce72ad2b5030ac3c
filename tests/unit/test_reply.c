/* test_reply.c - reply.h: answers and problems with their headers. */
#include "fake_request.h"

#include "base/err.h"
#include "base/log.h"
#include "chat/form.h"
#include "web/reply.h"

#define VARIABLES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- the answer ---- */

static void answer(struct fake *f, const char *method, int status, const char *body)
{
    struct reply r;
    fake_init(f, FAKE_FASTCGI, VARIABLES(method), NULL, 0);
    reply_init(&r, status);
    reply_header(&r, "Content-Type", "text/plain");
    buf_adds(&r.body, body);
    reply_send(&f->request, &r);
    reply_fini(&r);
}

static void the_status_comes_first_and_every_answer_has_the_security_headers(void **state)
{
    struct fake f;
    (void)state;
    answer(&f, "REQUEST_METHOD=GET", 200, "hi");
    assert_string_equal(buf_text(&f.answer), "Status: 200 OK\r\n"
                                             "Content-Type: text/plain\r\n"
                                             "X-Content-Type-Options: nosniff\r\n"
                                             "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                                             "X-Frame-Options: DENY\r\n"
                                             "Referrer-Policy: no-referrer\r\n"
                                             "X-Robots-Tag: noindex\r\n"
                                             "X-Accel-Buffering: no\r\n"
                                             "Cache-Control: no-store\r\n"
                                             "Content-Length: 2\r\n"
                                             "\r\n"
                                             "hi");
    fake_fini(&f);
}

static void head_has_the_headers_of_get_and_no_body(void **state)
{
    struct fake get;
    struct fake head;
    (void)state;
    answer(&get, "REQUEST_METHOD=GET", 200, "hello");
    answer(&head, "REQUEST_METHOD=HEAD", 200, "hello");
    assert_string_equal(fake_body(&head), "");
    assert_header(&head, "Content-Length", "5");
    assert_int_equal(get.answer.length - 5, head.answer.length);
    assert_memory_equal(get.answer.bytes, head.answer.bytes, head.answer.length);
    fake_fini(&get);
    fake_fini(&head);
}

static void statuses_204_and_304_have_neither_body_nor_length(void **state)
{
    static const int statuses[] = {204, 304};
    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct fake f;
        answer(&f, "REQUEST_METHOD=GET", statuses[i], "must not be seen");
        assert_int_equal(fake_status(&f), statuses[i]);
        assert_header(&f, "Content-Length", NULL);
        assert_string_equal(fake_body(&f), "");
        assert_header(&f, "X-Content-Type-Options", "nosniff");
        fake_fini(&f);
    }
}

static void an_empty_body_has_length_0(void **state)
{
    struct fake f;
    (void)state;
    answer(&f, "REQUEST_METHOD=GET", 200, "");
    assert_header(&f, "Content-Length", "0");
    fake_fini(&f);
}

static void bodies_may_contain_any_byte(void **state)
{
    struct fake f;
    struct reply r;
    (void)state;
    fake_init(&f, FAKE_FASTCGI, VARIABLES("REQUEST_METHOD=GET"), NULL, 0);
    reply_init(&r, 200);
    buf_add(&r.body, "a\0b\r\n\r\n", 7);
    reply_send(&f.request, &r);
    reply_fini(&r);
    assert_header(&f, "Content-Length", "7");
    assert_memory_equal(fake_body(&f), "a\0b\r\n\r\n", 8);
    fake_fini(&f);
}

static void an_answer_with_its_own_caching_keeps_it(void **state)
{
    struct fake f;
    struct reply r;
    (void)state;
    fake_init(&f, FAKE_FASTCGI, NULL, NULL, 0);
    reply_init(&r, 200);
    reply_headerf(&r, "cache-control", "public, max-age=%d", 60);
    reply_send(&f.request, &r);
    reply_fini(&r);
    assert_header(&f, "cache-control", "public, max-age=60");
    assert_header(&f, "Cache-Control", NULL);
    fake_fini(&f);
}

static void every_status_in_use_has_its_phrase(void **state)
{
    static const struct {
        int status;
        const char *line;
    } cases[] = {{200, "200 OK"},
                 {201, "201 Created"},
                 {204, "204 No Content"},
                 {304, "304 Not Modified"},
                 {400, "400 Bad Request"},
                 {403, "403 Forbidden"},
                 {404, "404 Not Found"},
                 {405, "405 Method Not Allowed"},
                 {409, "409 Conflict"},
                 {413, "413 Content Too Large"},
                 {415, "415 Unsupported Media Type"},
                 {500, "500 Internal Server Error"},
                 {503, "503 Service Unavailable"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake f;
        answer(&f, "REQUEST_METHOD=GET", cases[i].status, "");
        assert_header(&f, "Status", cases[i].line);
        fake_fini(&f);
    }
}

static void common_headers_are_in_answers_and_in_problems(void **state)
{
    struct fake f;
    struct reply r;
    struct err e = ERR_INIT;
    (void)state;
    fake_init(&f, FAKE_FASTCGI, NULL, NULL, 0);
    reply_common_header(&f.request, "Vary", "Origin");
    reply_init(&r, 200);
    reply_send(&f.request, &r);
    reply_fini(&r);
    assert_header(&f, "Vary", "Origin");
    fake_fini(&f);
    fake_init(&f, FAKE_FASTCGI, NULL, NULL, 0);
    reply_common_header(&f.request, "Vary", "Origin");
    err_set(&e, ERR_ABSENT, "x");
    reply_send_problem(&f.request, &e, NULL, NULL);
    assert_header(&f, "Vary", "Origin");
    assert_int_equal(fake_status(&f), 404);
    fake_fini(&f);
}

static void header_with_break(void)
{
    struct reply r;
    reply_init(&r, 200);
    reply_headerf(&r, "X", "a%sb", "\r\nSet-Cookie: c");
}

static void header_with_line_feed(void)
{
    struct reply r;
    reply_init(&r, 200);
    reply_header(&r, "X", "a\nb");
}

static void add_common_header(struct fake *f, size_t length)
{
    static char value[5000];
    memset(value, 'a', length);
    value[length] = '\0';
    fake_init(f, FAKE_FASTCGI, NULL, NULL, 0);
    reply_common_header(&f->request, "X", value);
}

static void common_header_too_long(void)
{
    struct fake f;
    add_common_header(&f, 4096);
}

static void formatted_header_too_long(void)
{
    struct reply r;
    reply_init(&r, 200);
    reply_headerf(&r, "X", "%4096d", 1);
}

static void common_header_of_the_greatest_length(void)
{
    struct fake f;
    add_common_header(&f, 4095);
    reply_common_header(&f.request, "Y", "");
}

static void answer_that_is_incomplete(void)
{
    struct fake f;
    struct reply r;
    fake_init(&f, FAKE_FASTCGI, NULL, NULL, 0);
    reply_init(&r, 200);
    r.body.limit = 1;
    buf_adds(&r.body, "hi");
    reply_send(&f.request, &r);
}

static void a_header_with_a_line_break_or_too_long_aborts(void **state)
{
    (void)state;
    assert_true(support_aborts(header_with_break));
    assert_true(support_aborts(header_with_line_feed));
    assert_true(support_aborts(formatted_header_too_long));
    assert_true(support_aborts(common_header_too_long));
    assert_false(support_aborts(common_header_of_the_greatest_length));
    assert_true(support_aborts(answer_that_is_incomplete));
}

/* ---- problems ---- */

static void problem(struct fake *f, const char *query, enum err_code code)
{
    struct err e = ERR_INIT;
    fake_init(f, FAKE_FASTCGI, VARIABLES("REQUEST_METHOD=GET", query), NULL, 0);
    err_field(&e, code, "name", "why: %s", "\"<b>\"");
    reply_send_problem(&f->request, &e, NULL, NULL);
}

static void a_problem_is_json_that_names_the_field(void **state)
{
    struct fake f;
    (void)state;
    problem(&f, "X=1", ERR_INPUT);
    assert_int_equal(fake_status(&f), 400);
    assert_header(&f, "Content-Type", "application/problem+json");
    assert_header(&f, "Cache-Control", "no-store");
    assert_header(&f, "Retry-After", NULL);
    assert_contains(fake_body(&f), "\"field\":\"name\"");
    assert_contains(fake_body(&f), "\"detail\":\"why: \\\"<b>\\\"\"");
    fake_fini(&f);
}

static void a_problem_is_a_line_of_text_when_the_query_asks_for_text(void **state)
{
    struct fake f;
    (void)state;
    problem(&f, "QUERY_STRING=format=text", ERR_INPUT);
    assert_header(&f, "Content-Type", "text/plain; charset=utf-8");
    assert_string_equal(fake_body(&f), "400 Bad Request: why: \"<b>\"\n");
    fake_fini(&f);
    problem(&f, "QUERY_STRING=format=text&x=%", ERR_INPUT);
    assert_header(&f, "Content-Type", "text/plain; charset=utf-8");
    fake_fini(&f);
}

static void a_busy_store_is_told_with_retry_after(void **state)
{
    struct fake f;
    (void)state;
    problem(&f, "X=1", ERR_BUSY);
    assert_int_equal(fake_status(&f), 503);
    assert_header(&f, "Retry-After", "1");
    fake_fini(&f);
}

static void a_problem_can_have_further_headers_and_the_epoch(void **state)
{
    struct fake f;
    struct buf headers;
    struct err e = ERR_INIT;
    (void)state;
    fake_init(&f, FAKE_FASTCGI, NULL, NULL, 0);
    buf_init(&headers, 100);
    buf_adds(&headers, "Allow: GET\r\n");
    err_set(&e, ERR_EPOCH, "x");
    reply_send_problem(&f.request, &e, "EPOCH", &headers);
    buf_fini(&headers);
    assert_int_equal(fake_status(&f), 409);
    assert_header(&f, "Allow", "GET");
    assert_contains(fake_body(&f), "\"epoch\":\"EPOCH\"");
    fake_fini(&f);
}

static void count_line(void *context, const char *line)
{
    int *count = context;
    assert_contains(line, "why");
    (*count)++;
}

static void problems_for_the_owner_are_logged_and_mistakes_of_visitors_are_not(void **state)
{
    static const enum err_code logged[] = {ERR_SYSTEM, ERR_CONFIG, ERR_CORRUPT, ERR_FULL, ERR_READONLY, ERR_NEWER};
    static const enum err_code quiet[] = {ERR_INPUT, ERR_AUTH, ERR_ABSENT, ERR_BUSY, ERR_TOO_LARGE, ERR_STOPPING};
    int count = 0;
    (void)state;
    log_attach(count_line, &count);
    for (size_t i = 0; i < COUNT(logged); i++) {
        struct fake f;
        problem(&f, "X=1", logged[i]);
        assert_int_equal(count, (int)i + 1);
        fake_fini(&f);
    }
    for (size_t i = 0; i < COUNT(quiet); i++) {
        struct fake f;
        problem(&f, "X=1", quiet[i]);
        fake_fini(&f);
    }
    assert_int_equal(count, (int)COUNT(logged));
    log_attach(NULL, NULL);
}

static void a_problem_for_head_has_no_body(void **state)
{
    struct fake f;
    struct err e = ERR_INIT;
    (void)state;
    fake_init(&f, FAKE_FASTCGI, VARIABLES("REQUEST_METHOD=HEAD"), NULL, 0);
    err_set(&e, ERR_ABSENT, "x");
    reply_send_problem(&f.request, &e, NULL, NULL);
    assert_string_equal(fake_body(&f), "");
    assert_int_equal(fake_header(&f, "Content-Length", NULL), 1);
    fake_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_comes_first_and_every_answer_has_the_security_headers),
        cmocka_unit_test(head_has_the_headers_of_get_and_no_body),
        cmocka_unit_test(statuses_204_and_304_have_neither_body_nor_length),
        cmocka_unit_test(an_empty_body_has_length_0),
        cmocka_unit_test(bodies_may_contain_any_byte),
        cmocka_unit_test(an_answer_with_its_own_caching_keeps_it),
        cmocka_unit_test(every_status_in_use_has_its_phrase),
        cmocka_unit_test(common_headers_are_in_answers_and_in_problems),
        cmocka_unit_test(a_header_with_a_line_break_or_too_long_aborts),
        cmocka_unit_test(a_problem_is_json_that_names_the_field),
        cmocka_unit_test(a_problem_is_a_line_of_text_when_the_query_asks_for_text),
        cmocka_unit_test(a_busy_store_is_told_with_retry_after),
        cmocka_unit_test(a_problem_can_have_further_headers_and_the_epoch),
        cmocka_unit_test(problems_for_the_owner_are_logged_and_mistakes_of_visitors_are_not),
        cmocka_unit_test(a_problem_for_head_has_no_body),
    };
    return RUN(tests);
}
