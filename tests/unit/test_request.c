/* test_request.c - request.h and body.h: variables, queries, and bodies with every kind of length,
 * to be read as by plain CGI or collected as by FastCGI (test_arrivals.c tests the collecting).
 */
#include "fake_request.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "chat/form.h"
#include "web/body.h"
#include "web/reply.h"
#include "web/request.h"

#define VARIABLES(...) ((const char *const[]){__VA_ARGS__, NULL})

#define CHUNKED "HTTP_TRANSFER_ENCODING=chunked"

/* ---- the request ---- */

static void missing_and_empty_variables_are_the_same(void **state)
{
    struct fake f;
    (void)state;
    fake_init(&f, FAKE_CGI, VARIABLES("A=1", "EMPTY=", "AB=2", "X=y=z", "NOEQUALS"), NULL, 0);
    assert_string_equal(request_variable(&f.request, "A"), "1");
    assert_string_equal(request_variable(&f.request, "AB"), "2");
    assert_string_equal(request_variable(&f.request, "X"), "y=z");
    assert_null(request_variable(&f.request, "EMPTY"));
    assert_null(request_variable(&f.request, "MISSING"));
    assert_null(request_variable(&f.request, "NOEQUALS"));
    assert_null(request_variable(&f.request, "a"));
    fake_fini(&f);
    fake_init(&f, FAKE_CGI, NULL, NULL, 0);
    assert_null(request_variable(&f.request, "A"));
    assert_int_equal(request_method(&f.request), REQUEST_OTHER);
    fake_fini(&f);
}

static void methods_are_recognised_by_their_exact_names(void **state)
{
    static const struct {
        const char *variable;
        enum request_method method;
    } cases[] = {{"REQUEST_METHOD=GET", REQUEST_GET},      {"REQUEST_METHOD=HEAD", REQUEST_HEAD},
                 {"REQUEST_METHOD=POST", REQUEST_POST},    {"REQUEST_METHOD=OPTIONS", REQUEST_OPTIONS},
                 {"REQUEST_METHOD=get", REQUEST_OTHER},    {"REQUEST_METHOD=", REQUEST_OTHER},
                 {"REQUEST_METHOD=DELETE", REQUEST_OTHER}, {"REQUEST_METHOD=GETX", REQUEST_OTHER},
                 {"REQUEST_METHOD=POST ", REQUEST_OTHER}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake f;
        fake_init(&f, FAKE_CGI, VARIABLES(cases[i].variable), NULL, 0);
        assert_int_equal(request_method(&f.request), cases[i].method);
        fake_fini(&f);
    }
}

static void the_query_is_read_once(void **state)
{
    struct fake f;
    struct err e = ERR_INIT;
    (void)state;
    fake_init(&f, FAKE_CGI, VARIABLES("QUERY_STRING=a=1&b=2"), NULL, 0);
    assert_int_equal(request_query(&f.request, &e)->count, 2);
    assert_int_equal(request_query(&f.request, &e)->count, 2);
    fake_fini(&f);
    fake_init(&f, FAKE_CGI, NULL, NULL, 0);
    assert_int_equal(request_query(&f.request, &e)->count, 0);
    assert_int_equal(e.code, ERR_NONE);
    fake_fini(&f);
}

static void a_query_that_cannot_be_decoded_is_an_error_each_time_it_is_asked_for(void **state)
{
    struct fake f;
    (void)state;
    fake_init(&f, FAKE_CGI, VARIABLES("QUERY_STRING=a=1&b=%zz"), NULL, 0);
    for (int i = 0; i < 300; i++) { /* fields that were read before the mistake must not add up */
        struct err e = ERR_INIT;
        assert_null(request_query(&f.request, &e));
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "b");
    }
    fake_fini(&f);
}

static void text_is_wanted_when_the_query_says_so(void **state)
{
    static const struct {
        const char *variable;
        bool wants;
    } cases[] = {{"QUERY_STRING=format=text", true},
                 {"QUERY_STRING=a=1&format=text&b=2", true},
                 {"QUERY_STRING=format=%74ext", true},
                 {"QUERY_STRING=format=text&x=%", true}, /* it can't be decoded, but says format=text */
                 {"QUERY_STRING=format=json&x=%", false},
                 {"QUERY_STRING=format=json", false},
                 {"QUERY_STRING=format=texts", false},
                 {"QUERY_STRING=xformat=text", false},
                 {"QUERY_STRING=format=text&format=text", false},
                 {"QUERY_STRING=", false},
                 {"X=1", false}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake f;
        fake_init(&f, FAKE_CGI, VARIABLES(cases[i].variable), NULL, 0);
        assert_int_equal(request_wants_text(&f.request), cases[i].wants);
        fake_fini(&f);
    }
}

/* ---- the body ---- */

struct reading {
    struct fake f;
    struct buf into;
    struct err e;
    int result;
};

/* Reads "0123456789" repeated up to `sent` bytes with a limit of `limit`. */
static void read_body(struct reading *r, enum fake_kind kind, const char *const *variables, size_t sent, size_t limit,
                      void (*change)(struct fake *f))
{
    static char bytes[300000];
    assert_true(sent <= sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)('0' + i % 10);
    }
    memset(&r->e, 0, sizeof r->e);
    fake_init(&r->f, kind, variables, bytes, sent);
    if (change != NULL) {
        change(&r->f);
    }
    buf_init(&r->into, limit);
    r->result = body_read(&r->f.request, &r->into, &r->e);
    assert_int_equal(r->result == 0, r->e.code == ERR_NONE);
    if (r->result == 0) {
        assert_memory_equal(buf_text(&r->into), bytes, r->into.length);
    }
}

/* Then answers, which may read the rest; the fake fails the test if that would wait. */
static void answer_and_fini(struct reading *r)
{
    struct reply reply;
    reply_init(&reply, 200);
    reply_send(&r->f.request, &reply);
    reply_fini(&reply);
    assert_int_equal(r->f.finished, 1);
    buf_fini(&r->into);
    fake_fini(&r->f);
}

static void one_byte_a_time(struct fake *f)
{
    f->piece = 1;
    f->ends = true;
}

static void breaking_off(struct fake *f)
{
    f->breaks = true;
    f->request.body_state = f->request.body_state == WEB_CARRIER_WHOLE ? WEB_CARRIER_BROKEN : WEB_CARRIER_TO_READ;
}

static void ending(struct fake *f)
{
    f->ends = true;
}

static void too_large(struct fake *f)
{
    f->request.body_state = WEB_CARRIER_TOO_LARGE;
}

static void too_slow(struct fake *f)
{
    f->request.body_state = WEB_CARRIER_SLOW;
}

static void crowded(struct fake *f)
{
    f->request.body_state = WEB_CARRIER_CROWDED;
}

static void a_body_of_the_announced_length_is_read_and_nothing_past_it(void **state)
{
    static const size_t lengths[] = {0, 1, 10, 255, 256, 65535, 65536, 65537, 200000};
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        for (int kind = FAKE_CGI; kind <= FAKE_FASTCGI; kind++) {
            struct reading r;
            char variable[64];
            snprintf(variable, sizeof variable, "CONTENT_LENGTH=%zu", lengths[i]);
            read_body(&r, (enum fake_kind)kind, VARIABLES(variable), lengths[i], 200000, NULL);
            assert_int_equal(r.result, 0);
            assert_int_equal(r.into.length, lengths[i]);
            answer_and_fini(&r); /* plain CGI: the server may keep the pipe open */
        }
    }
}

static void a_body_may_come_in_pieces(void **state)
{
    static const char *const variables[] = {"CONTENT_LENGTH=1000", CHUNKED};
    (void)state;
    for (size_t i = 0; i < COUNT(variables); i++) {
        struct reading r;
        read_body(&r, FAKE_CGI, VARIABLES(variables[i]), 1000, 1000, one_byte_a_time);
        assert_int_equal(r.result, 0);
        assert_int_equal(r.into.length, 1000);
        answer_and_fini(&r);
    }
}

static void bytes_behind_the_announced_length_are_not_of_the_body(void **state)
{
    struct reading r;
    (void)state;
    read_body(&r, FAKE_CGI, VARIABLES("CONTENT_LENGTH=4"), 100, 1000, NULL);
    assert_int_equal(r.result, 0);
    assert_int_equal(r.into.length, 4);
    answer_and_fini(&r);
    assert_int_equal(r.f.body_at, 4);
}

static void a_body_shorter_than_announced_is_an_error(void **state)
{
    static const size_t sent[] = {0, 1, 9};
    (void)state;
    for (size_t i = 0; i < COUNT(sent); i++) {
        for (int kind = FAKE_CGI; kind <= FAKE_FASTCGI; kind++) {
            struct reading r;
            char words[64];
            snprintf(words, sizeof words, "%zu of 10 bytes", sent[i]);
            read_body(&r, (enum fake_kind)kind, VARIABLES("CONTENT_LENGTH=10"), sent[i], 1000, ending);
            assert_int_equal(r.result, -1);
            assert_int_equal(r.e.code, ERR_INPUT);
            assert_contains(r.e.text, words);
            answer_and_fini(&r);
            read_body(&r, (enum fake_kind)kind, VARIABLES("CONTENT_LENGTH=10"), sent[i], 1000, breaking_off);
            assert_int_equal(r.result, -1);
            assert_int_equal(r.e.code, ERR_INPUT);
            assert_contains(r.e.text, words);
            answer_and_fini(&r);
        }
    }
}

static void without_a_length_a_fastcgi_body_is_what_has_come_to_its_end(void **state)
{
    /* no variable, and an empty one as from nginx */
    static const char *const variables[] = {"X=1", "CONTENT_LENGTH="};
    (void)state;
    for (size_t i = 0; i < COUNT(variables); i++) {
        static const size_t lengths[] = {0, 1, 65536, 70000, 100000};
        for (size_t n = 0; n < COUNT(lengths); n++) {
            struct reading r;
            read_body(&r, FAKE_FASTCGI, VARIABLES(variables[i]), lengths[n], 100000, NULL);
            assert_int_equal(r.result, 0);
            assert_int_equal(r.into.length, lengths[n]);
            answer_and_fini(&r);
        }
    }
}

static void without_a_length_plain_cgi_has_no_body(void **state)
{
    struct reading r;
    (void)state;
    read_body(&r, FAKE_CGI, VARIABLES("CONTENT_LENGTH="), 10, 1000, NULL);
    assert_int_equal(r.result, 0);
    assert_int_equal(r.into.length, 0);
    assert_int_equal(r.f.body_at, 0); /* standard input may be a terminal, or never end */
    answer_and_fini(&r);
}

static void a_chunked_body_of_plain_cgi_is_read_to_its_end(void **state)
{
    static const size_t lengths[] = {0, 1, 65536, 70000, 100000};
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct reading r;
        read_body(&r, FAKE_CGI, VARIABLES(CHUNKED), lengths[i], 100000, ending);
        assert_int_equal(r.result, 0);
        assert_int_equal(r.into.length, lengths[i]);
        answer_and_fini(&r);
    }
}

static void a_body_without_length_that_breaks_off_is_an_error(void **state)
{
    /* 1,000 is the limit: the break comes where the byte after it would be */
    static const size_t lengths[] = {0, 5, 1000};
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct reading r;
        read_body(&r, FAKE_FASTCGI, NULL, lengths[i], 1000, breaking_off);
        assert_int_equal(r.result, -1);
        assert_int_equal(r.e.code, ERR_INPUT);
        assert_contains(r.e.text, "broke off");
        answer_and_fini(&r);
        read_body(&r, FAKE_CGI, VARIABLES(CHUNKED), lengths[i], 1000, breaking_off);
        assert_int_equal(r.result, -1);
        assert_int_equal(r.e.code, ERR_INPUT);
        answer_and_fini(&r);
    }
}

static void a_body_of_plain_cgi_longer_than_its_limit_is_refused(void **state)
{
    static const char *const announced[] = {"CONTENT_LENGTH=1001", "CONTENT_LENGTH=9223372036854775807"};
    struct reading r;
    (void)state;
    for (size_t i = 0; i < COUNT(announced); i++) {
        read_body(&r, FAKE_CGI, VARIABLES(announced[i]), 1001, 1000, ending);
        assert_int_equal(r.result, -1);
        assert_int_equal(r.e.code, ERR_TOO_LARGE);
        assert_contains(r.e.text, "1000");
        assert_int_equal(r.f.body_at, 0); /* before any byte was read */
        assert_int_equal(r.into.capacity, 0);
        answer_and_fini(&r);
    }
    read_body(&r, FAKE_CGI, VARIABLES(CHUNKED), 1001, 1000, ending);
    assert_int_equal(r.result, -1);
    assert_int_equal(r.e.code, ERR_TOO_LARGE);
    assert_int_equal(r.f.body_at, 1001);
    answer_and_fini(&r);
    read_body(&r, FAKE_CGI, VARIABLES(CHUNKED), 1, 0, ending);
    assert_int_equal(r.e.code, ERR_TOO_LARGE);
    answer_and_fini(&r);
}

static void a_collected_body_longer_than_the_handler_s_limit_is_refused(void **state)
{
    struct reading r;
    (void)state;
    read_body(&r, FAKE_FASTCGI, VARIABLES("CONTENT_LENGTH=1001"), 1001, 1000, NULL);
    assert_int_equal(r.result, -1);
    assert_int_equal(r.e.code, ERR_TOO_LARGE);
    assert_contains(r.e.text, "1000");
    answer_and_fini(&r);
    read_body(&r, FAKE_FASTCGI, NULL, 1, 0, NULL);
    assert_int_equal(r.e.code, ERR_TOO_LARGE);
    answer_and_fini(&r);
}

static void a_body_that_was_not_collected_is_an_error_that_says_why(void **state)
{
    static const struct {
        void (*change)(struct fake *f);
        enum err_code code;
        const char *words;
    } cases[] = {{too_large, ERR_TOO_LARGE, "at most 1000 bytes"},
                 {too_slow, ERR_SLOW, "7 bytes arrived"},
                 {crowded, ERR_CROWDED, "too many long messages"},
                 {breaking_off, ERR_INPUT, "7 of 10 bytes"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading r;
        read_body(&r, FAKE_FASTCGI, VARIABLES("CONTENT_LENGTH=10"), 7, 1000, cases[i].change);
        assert_int_equal(r.result, -1);
        assert_int_equal(r.e.code, cases[i].code);
        assert_contains(r.e.text, cases[i].words);
        assert_int_equal(r.into.length, 0);
        answer_and_fini(&r);
    }
}

static void a_length_that_is_no_number_is_an_error(void **state)
{
    static const char *const bad[] = {"CONTENT_LENGTH=-1",
                                      "CONTENT_LENGTH=+5",
                                      "CONTENT_LENGTH=5x",
                                      "CONTENT_LENGTH= 5",
                                      "CONTENT_LENGTH=0x5",
                                      "CONTENT_LENGTH=5, 5",
                                      "CONTENT_LENGTH=5.0",
                                      "CONTENT_LENGTH=9223372036854775808",
                                      "CONTENT_LENGTH=18446744073709551621"};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        for (int kind = FAKE_CGI; kind <= FAKE_FASTCGI; kind++) {
            struct reading r;
            read_body(&r, (enum fake_kind)kind, VARIABLES(bad[i]), 5, 1000, NULL);
            assert_int_equal(r.result, -1);
            assert_int_equal(r.e.code, ERR_INPUT);
            assert_contains(r.e.text, "Content-Length");
            assert_int_equal(r.f.body_at, 0);
            answer_and_fini(&r);
        }
    }
}

/* Closing a pipe over an unread body would lose the answer. FastCGI's carrier takes care of that
 * without a thread. */
static void under_plain_cgi_a_body_that_the_handler_left_is_read_before_the_answer_ends(void **state)
{
    struct reading r;
    (void)state;
    read_body(&r, FAKE_CGI, VARIABLES("CONTENT_LENGTH=300000"), 300000, 1000, NULL);
    assert_int_equal(r.e.code, ERR_TOO_LARGE);
    assert_int_equal(r.f.body_at, 0);
    answer_and_fini(&r);
    assert_int_equal(r.f.body_at, 300000);
}

static void a_request_without_a_body_is_answered_without_waiting_for_one(void **state)
{
    struct fake f;
    struct reply reply;
    (void)state;
    fake_init(&f, FAKE_CGI, VARIABLES("REQUEST_METHOD=GET"), "body", 4);
    reply_init(&reply, 200);
    reply_send(&f.request, &reply);
    reply_fini(&reply);
    assert_int_equal(f.body_at, 0);
    fake_fini(&f);
}

/* 20 s plus a second for each 16,000 bytes: of the announced length, else of the bytes that have
 * come. */
static void a_body_of_plain_cgi_has_time_by_its_length_then_it_is_408(void **state)
{
    static const struct {
        const char *length;
        size_t comes;
        int64_t ms;
    } cases[] = {{"CONTENT_LENGTH=160000", 1000, 30000}, {"CONTENT_LENGTH=1001", 1000, 20062}, {CHUNKED, 32000, 22000}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake f;
        struct buf into;
        struct err e = ERR_INIT;
        char *body = ck_calloc(1, cases[i].comes);
        fake_init(&f, FAKE_CGI, VARIABLES(cases[i].length), body, cases[i].comes);
        f.stalls = true;
        buf_init(&into, 200000);
        int64_t before = clock_mono_ms();
        assert_int_equal(body_read(&f.request, &into, &e), -1);
        int64_t after = clock_mono_ms();
        assert_int_equal(e.code, ERR_SLOW);
        assert_in_range(f.deadline, before + cases[i].ms, after + cases[i].ms);
        buf_fini(&into);
        fake_fini(&f);
        free(body);
    }
}

static ssize_t endless_read(struct request *request, char *to, size_t size, int64_t deadline)
{
    (void)deadline;
    struct fake *f = (struct fake *)(void *)request;
    memset(to, 'x', size);
    f->body_at += size;
    return (ssize_t)size;
}

static void an_endless_body_is_not_read_for_ever(void **state)
{
    static const struct web_carrier endless = {.read = endless_read, .write = fake_write, .finish = fake_finish};
    struct fake f;
    struct buf into;
    struct reply reply;
    struct err e = ERR_INIT;
    (void)state;
    fake_init(&f, FAKE_CGI, VARIABLES(CHUNKED), NULL, 0);
    f.request.carrier = &endless;
    buf_init(&into, 1000);
    assert_int_equal(body_read(&f.request, &into, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    reply_init(&reply, 413);
    reply_send(&f.request, &reply);
    reply_fini(&reply);
    assert_int_equal(fake_status(&f), 413);
    assert_true(f.body_at <= 17 * 1024 * 1024);
    buf_fini(&into);
    fake_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_and_empty_variables_are_the_same),
        cmocka_unit_test(methods_are_recognised_by_their_exact_names),
        cmocka_unit_test(the_query_is_read_once),
        cmocka_unit_test(a_query_that_cannot_be_decoded_is_an_error_each_time_it_is_asked_for),
        cmocka_unit_test(text_is_wanted_when_the_query_says_so),
        cmocka_unit_test(a_body_of_the_announced_length_is_read_and_nothing_past_it),
        cmocka_unit_test(a_body_may_come_in_pieces),
        cmocka_unit_test(bytes_behind_the_announced_length_are_not_of_the_body),
        cmocka_unit_test(a_body_shorter_than_announced_is_an_error),
        cmocka_unit_test(without_a_length_a_fastcgi_body_is_what_has_come_to_its_end),
        cmocka_unit_test(without_a_length_plain_cgi_has_no_body),
        cmocka_unit_test(a_chunked_body_of_plain_cgi_is_read_to_its_end),
        cmocka_unit_test(a_body_without_length_that_breaks_off_is_an_error),
        cmocka_unit_test(a_body_of_plain_cgi_longer_than_its_limit_is_refused),
        cmocka_unit_test(a_collected_body_longer_than_the_handler_s_limit_is_refused),
        cmocka_unit_test(a_body_that_was_not_collected_is_an_error_that_says_why),
        cmocka_unit_test(a_length_that_is_no_number_is_an_error),
        cmocka_unit_test(under_plain_cgi_a_body_that_the_handler_left_is_read_before_the_answer_ends),
        cmocka_unit_test(a_request_without_a_body_is_answered_without_waiting_for_one),
        cmocka_unit_test(a_body_of_plain_cgi_has_time_by_its_length_then_it_is_408),
        cmocka_unit_test(an_endless_body_is_not_read_for_ever),
    };
    return RUN(tests);
}
