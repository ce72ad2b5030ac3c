/* test_fcgi_reader.c - fcgi_reader.h: requests as web servers send them, in pieces of any size, and
 * bytes that are no request. */
#include "fcgi_support.h"

#include "web/private/fcgi_reader.h"
#include "web/private/variables.h"

enum { BODY_LIMIT = 200 * 1024, WHOLE_PIECE = 1 << 30 };

/* Gives the reader the bytes in pieces of this size, as arrivals.c does it. */
static void take(struct fcgi_reader *r, const struct buf *bytes, size_t piece)
{
    for (size_t at = 0; at < bytes->length && r->stage < FCGI_READER_WHOLE;) {
        const size_t left = bytes->length - at;
        const size_t given = left < piece ? left : piece;
        const enum fcgi_reader_stage before = r->stage;
        /* exactly these bytes, so that the address sanitizer sees a read beyond them */
        char *copy = malloc(given);
        assert_non_null(copy);
        memcpy(copy, bytes->bytes + at, given);
        const size_t used = fcgi_reader_take(r, copy, given);
        free(copy);
        assert_true(used > 0 && used <= given);
        assert_true(used == given || r->stage != before);
        if (before == FCGI_READER_HEAD && r->stage == FCGI_READER_BODY) {
            assert_int_equal(r->body.length, 0);
            r->body.limit = BODY_LIMIT;
        }
        at += used;
    }
}

static enum fcgi_reader_stage stage_of(const struct buf *bytes)
{
    struct fcgi_reader r;
    fcgi_reader_init(&r);
    take(&r, bytes, WHOLE_PIECE);
    const enum fcgi_reader_stage stage = r.stage;
    fcgi_reader_fini(&r);
    return stage;
}

/* The bytes in one piece lead to this stage. Empties *bytes. */
static void assert_stage(struct buf *bytes, enum fcgi_reader_stage expected)
{
    assert_int_equal(stage_of(bytes), expected);
    buf_fini(bytes);
}

static void assert_variable(const struct variable *v, const char *name, const char *value)
{
    assert_int_equal(v->name_length, strlen(name));
    assert_memory_equal(v->name, name, v->name_length);
    assert_string_equal(v->value, value);
}

/* ---- requests ---- */

static void a_request_is_read_alike_in_pieces_of_any_size(void **state)
{
    struct buf bytes;
    (void)state;
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_put(&bytes, FCGI_GET_VALUES, 0, "\x0F\0FCGI_MAX_CONNS", 17, 3);
    fcgi_put_begin(&bytes, FCGI_RESPONDER);
    fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, "\1", 1, 7); /* a pair in two records */
    fcgi_put(&bytes, FCGI_PARAMS, 7, "other", 5, 1);
    fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID,
             "\1AB"
             "\2\0CD",
             7, 255);
    fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, "", 0, 9);
    fcgi_put(&bytes, FCGI_STDIN, FCGI_ID, "he", 2, 6);
    fcgi_put(&bytes, FCGI_GET_VALUES, 0, "", 0, 0);
    fcgi_put(&bytes, FCGI_STDIN, 7, "other", 5, 0);
    fcgi_put(&bytes, FCGI_DATA, FCGI_ID, "data", 4, 0); /* only for the role of a filter */
    fcgi_put(&bytes, FCGI_STDIN, FCGI_ID, "llo", 3, 0);
    fcgi_put_end(&bytes);
    for (size_t piece = 1; piece <= bytes.length; piece++) {
        struct fcgi_reader r;
        struct variable *variables = NULL;
        size_t count = 0;
        fcgi_reader_init(&r);
        take(&r, &bytes, piece);
        assert_int_equal(r.stage, FCGI_READER_WHOLE);
        assert_int_equal(r.id, FCGI_ID);
        assert_string_equal(buf_text(&r.body), "hello");
        assert_false(r.body.over);
        assert_int_equal(fcgi_reader_variables(&r, &variables, &count), 0);
        assert_int_equal(count, 2);
        assert_variable(&variables[0], "A", "B");
        assert_variable(&variables[1], "CD", "");
        free(variables);
        fcgi_reader_fini(&r);
    }
    buf_fini(&bytes);
}

static void the_stage_follows_the_bytes(void **state)
{
    static const char *const variables[] = {"A=B", NULL};
    struct buf bytes;
    struct fcgi_reader r;
    (void)state;
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_reader_init(&r);
    fcgi_put_head(&bytes, variables);
    bytes.length--;
    take(&r, &bytes, WHOLE_PIECE);
    assert_int_equal(r.stage, FCGI_READER_HEAD);
    assert_int_equal(fcgi_reader_take(&r, "\0xy", 3), 1); /* the last byte of the header; not what follows */
    assert_int_equal(r.stage, FCGI_READER_BODY);
    buf_fini(&bytes);
    fcgi_put_body(&bytes, "hello", 5);
    take(&r, &bytes, WHOLE_PIECE);
    assert_int_equal(r.stage, FCGI_READER_BODY);
    buf_fini(&bytes);
    fcgi_put_end(&bytes);
    buf_adds(&bytes, "more");
    assert_int_equal(fcgi_reader_take(&r, bytes.bytes, bytes.length), 8);
    assert_int_equal(r.stage, FCGI_READER_WHOLE);
    assert_int_equal(fcgi_reader_take(&r, "more", 4), 0);
    buf_fini(&bytes);
    fcgi_reader_fini(&r);
}

static void any_number_but_zero_is_a_request_s_own(void **state)
{
    static const unsigned ids[] = {1, 2, 255, 256, 0x1234, 65535};
    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct buf bytes;
        struct fcgi_reader r;
        buf_init(&bytes, BUF_UNLIMITED);
        fcgi_reader_init(&r);
        fcgi_put(&bytes, FCGI_BEGIN, ids[i], "\0\1\1\0\0\0\0\0", 8, 0); /* the peer asks to keep the connection */
        fcgi_put(&bytes, FCGI_PARAMS, ids[i], "", 0, 0);
        fcgi_put(&bytes, FCGI_STDIN, ids[i], "", 0, 0);
        take(&r, &bytes, WHOLE_PIECE);
        assert_int_equal(r.stage, FCGI_READER_WHOLE);
        assert_int_equal(r.id, ids[i]);
        fcgi_reader_fini(&r);
        buf_fini(&bytes);
    }
}

static void a_body_stops_growing_at_its_limit(void **state)
{
    static const char *const variables[] = {"A=B", NULL};
    static char body[BODY_LIMIT + 1000];
    static const size_t pieces[] = {1, 100, 65536, WHOLE_PIECE};
    (void)state;
    memset(body, 'x', sizeof body);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        for (size_t more = 0; more <= 1000; more += 500) {
            struct buf bytes;
            struct fcgi_reader r;
            buf_init(&bytes, BUF_UNLIMITED);
            fcgi_reader_init(&r);
            fcgi_put_head(&bytes, variables);
            fcgi_put_body(&bytes, body, BODY_LIMIT + more);
            fcgi_put_end(&bytes);
            take(&r, &bytes, pieces[i]);
            assert_int_equal(r.stage, FCGI_READER_WHOLE);
            assert_int_equal(r.body.length, BODY_LIMIT);
            assert_true(r.body.capacity <= BODY_LIMIT + 1);
            assert_int_equal(r.body.over, more > 0);
            fcgi_reader_fini(&r);
            buf_fini(&bytes);
        }
    }
}

/* ---- bytes that are no request ---- */

static void a_request_that_the_peer_gives_up_is_broken(void **state)
{
    static const char *const variables[] = {"A=B", NULL};
    struct buf bytes;
    (void)state;
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_put_begin(&bytes, FCGI_RESPONDER);
    fcgi_put(&bytes, FCGI_ABORT, FCGI_ID, "", 0, 0);
    assert_stage(&bytes, FCGI_READER_BROKEN);
    fcgi_put_head(&bytes, variables);
    fcgi_put_body(&bytes, "hel", 3);
    fcgi_put(&bytes, FCGI_ABORT, 7, "", 0, 0); /* another request */
    assert_int_equal(stage_of(&bytes), FCGI_READER_BODY);
    fcgi_put(&bytes, FCGI_ABORT, FCGI_ID, "", 0, 0);
    assert_stage(&bytes, FCGI_READER_BROKEN);
}

static void records_that_begin_no_request_are_refused(void **state)
{
    struct buf bytes;
    (void)state;
    buf_init(&bytes, BUF_UNLIMITED);
    for (unsigned role = 0; role < 256; role++) { /* 2: an authorizer, 3: a filter */
        fcgi_put_begin(&bytes, role);
        assert_stage(&bytes, role == FCGI_RESPONDER ? FCGI_READER_HEAD : FCGI_READER_BROKEN);
    }
    fcgi_put(&bytes, FCGI_BEGIN, FCGI_ID, "\1\1\0\0\0\0\0\0", 8, 0); /* the role has two bytes */
    assert_stage(&bytes, FCGI_READER_BROKEN);
    fcgi_put(&bytes, FCGI_BEGIN, FCGI_ID, "\0\1", 2, 0);
    assert_stage(&bytes, FCGI_READER_BROKEN);
    fcgi_put(&bytes, FCGI_BEGIN, FCGI_ID, "\0\1\0\0\0\0\0\0\0", 9, 0);
    assert_stage(&bytes, FCGI_READER_BROKEN);
    fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, "", 0, 0);
    assert_stage(&bytes, FCGI_READER_BROKEN);
    fcgi_put(&bytes, FCGI_STDIN, FCGI_ID, "", 0, 0);
    assert_stage(&bytes, FCGI_READER_BROKEN);
    fcgi_put(&bytes, FCGI_BEGIN, 0, "\0\1\0\0\0\0\0\0", 8, 0); /* skipped as a management record */
    assert_int_equal(stage_of(&bytes), FCGI_READER_HEAD);
    fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, "", 0, 0);
    assert_stage(&bytes, FCGI_READER_BROKEN);
    fcgi_put_begin(&bytes, FCGI_RESPONDER);
    fcgi_put_begin(&bytes, FCGI_RESPONDER); /* a second time */
    assert_stage(&bytes, FCGI_READER_BROKEN);
    fcgi_put_begin(&bytes, FCGI_RESPONDER);
    fcgi_put(&bytes, FCGI_STDIN, FCGI_ID, "x", 1, 0); /* before the end of the parameters */
    assert_stage(&bytes, FCGI_READER_BROKEN);
    buf_adds(&bytes, "GET / HTTP/1.1\r\n\r\n");
    assert_stage(&bytes, FCGI_READER_BROKEN);
}

static void a_record_of_another_version_is_refused_wherever_it_comes(void **state)
{
    static const unsigned char versions[] = {0, 2, 0x81, 255};
    static const char *const variables[] = {"A=B", NULL};
    struct buf bytes;
    (void)state;
    buf_init(&bytes, BUF_UNLIMITED);
    for (size_t i = 0; i < COUNT(versions); i++) {
        for (int place = 0; place < 3; place++) {
            if (place == 1) {
                fcgi_put_begin(&bytes, FCGI_RESPONDER);
            } else if (place == 2) {
                fcgi_put_head(&bytes, variables);
            }
            const size_t at = bytes.length;
            fcgi_put(&bytes, place == 0 ? FCGI_BEGIN : place == 1 ? FCGI_PARAMS : FCGI_STDIN, FCGI_ID, "", 0, 0);
            bytes.bytes[at] = (char)versions[i];
            assert_stage(&bytes, FCGI_READER_BROKEN);
        }
    }
}

static void records_of_other_requests_are_skipped_up_to_a_megabyte(void **state)
{
    static const char *const variables[] = {"A=B", NULL};
    static const char much[65535];
    (void)state;
    for (int in_body = 0; in_body < 2; in_body++) {
        struct buf bytes;
        struct fcgi_reader r;
        size_t skipped = 0;
        buf_init(&bytes, BUF_UNLIMITED);
        fcgi_reader_init(&r);
        if (in_body) {
            fcgi_put_head(&bytes, variables);
        }
        take(&r, &bytes, WHOLE_PIECE);
        buf_fini(&bytes);
        fcgi_put(&bytes, FCGI_STDIN, 0, much, sizeof much, 255);
        for (; r.stage < FCGI_READER_WHOLE && skipped < 4 * 1024 * 1024; skipped += bytes.length) {
            take(&r, &bytes, WHOLE_PIECE);
        }
        assert_int_equal(r.stage, FCGI_READER_BROKEN);
        assert_in_range(skipped, 1024 * 1024, 1024 * 1024 + bytes.length);
        assert_int_equal(r.body.capacity, 0);
        fcgi_reader_fini(&r);
        buf_fini(&bytes);
    }
}

/* ---- parameters ---- */

/* A request with these parameters, at stage BODY; -1 when its variables are refused. */
static int read_params(struct fcgi_reader *r, const char *params, size_t length, struct variable **variables,
                       size_t *count)
{
    struct buf bytes;
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_reader_init(r);
    fcgi_put_begin(&bytes, FCGI_RESPONDER);
    if (length > 0) {
        fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, params, length, 0);
    }
    fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, "", 0, 0);
    take(r, &bytes, WHOLE_PIECE);
    buf_fini(&bytes);
    assert_int_equal(r->stage, FCGI_READER_BODY);
    return fcgi_reader_variables(r, variables, count);
}

static void lengths_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } wrong[] = {{"\xFF\xFF\xFF\xFE\xFF\xFF\xFF\xFE"
                  "A",
                  9},
                 {"\xFF\xFF\xFF\xFF\5A", 6},
                 {"\5\xFF\xFF\xFF\xFF"
                  "A",
                  6},
                 {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8},
                 {"\2\1AB", 4},
                 {"\1\2AB", 4},
                 {"\1", 1},
                 {"\x80", 1},
                 {"\x80\0\0", 3},
                 {"\0\x80\0\0", 4},
                 {"\1\1AB\0", 5},
                 {"\1\1ABC", 5}};
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct fcgi_reader r;
        struct variable *variables = NULL;
        size_t count = 0;
        if (read_params(&r, wrong[i].bytes, wrong[i].length, &variables, &count) != -1) {
            fail_msg("case %zu is accepted", i);
        }
        fcgi_reader_fini(&r);
    }
}

static void names_and_values_may_be_empty_and_there_may_be_none(void **state)
{
    struct fcgi_reader r;
    struct variable *variables = NULL;
    size_t count = 1;
    (void)state;
    assert_int_equal(read_params(&r, "", 0, &variables, &count), 0);
    assert_int_equal(count, 0);
    free(variables);
    fcgi_reader_fini(&r);
    assert_int_equal(read_params(&r,
                                 "\0\0"
                                 "\1\0A"
                                 "\0\1B"
                                 "\0\0",
                                 10, &variables, &count),
                     0);
    assert_int_equal(count, 4);
    assert_variable(&variables[0], "", "");
    assert_variable(&variables[1], "A", "");
    assert_variable(&variables[2], "", "B");
    assert_variable(&variables[3], "", "");
    free(variables);
    fcgi_reader_fini(&r);
}

/* A NUL follows each value, wherever the next pair begins, and however its lengths are written. */
static void each_value_ends_with_a_nul(void **state)
{
    static char text[70000];
    static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 300, 20000};
    (void)state;
    memset(text, 'v', sizeof text - 1);
    for (int is_long = 0; is_long < 2; is_long++) {
        struct buf params;
        struct fcgi_reader r;
        struct variable *variables = NULL;
        size_t count = 0;
        buf_init(&params, BUF_UNLIMITED);
        for (size_t i = 0; i < COUNT(lengths); i++) {
            fcgi_put_length(&params, lengths[i], is_long);
            fcgi_put_length(&params, lengths[COUNT(lengths) - 1 - i], is_long);
            buf_add(&params, text, lengths[i] + lengths[COUNT(lengths) - 1 - i]);
        }
        assert_int_equal(read_params(&r, params.bytes, params.length, &variables, &count), 0);
        assert_int_equal(count, COUNT(lengths));
        for (size_t i = 0; i < COUNT(lengths); i++) {
            assert_int_equal(variables[i].name_length, lengths[i]);
            assert_memory_equal(variables[i].name, text, lengths[i]);
            assert_int_equal(strlen(variables[i].value), lengths[COUNT(lengths) - 1 - i]);
            assert_memory_equal(variables[i].value, text, lengths[COUNT(lengths) - 1 - i]);
        }
        free(variables);
        fcgi_reader_fini(&r);
        buf_fini(&params);
    }
}

static void a_value_with_a_nul_ends_there(void **state)
{
    struct fcgi_reader r;
    struct variable *variables = NULL;
    size_t count = 0;
    (void)state;
    assert_int_equal(read_params(&r,
                                 "\1\3Aa\0b"
                                 "\3\1B\0CD",
                                 12, &variables, &count),
                     0);
    assert_int_equal(count, 2);
    assert_variable(&variables[0], "A", "a");
    assert_int_equal(variables[1].name_length, 3); /* so it equals no name that the program asks for */
    assert_memory_equal(variables[1].name, "B\0C", 3);
    assert_string_equal(variables[1].value, "D");
    free(variables);
    fcgi_reader_fini(&r);
}

static void parameters_are_bounded_in_number(void **state)
{
    static const char many[2 * (FCGI_READER_PAIRS_MAX + 1)]; /* pairs of an empty name and an empty value */
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct fcgi_reader r;
        struct variable *variables = NULL;
        size_t count = 0;
        assert_int_equal(read_params(&r, many, 2 * ((size_t)FCGI_READER_PAIRS_MAX + more), &variables, &count),
                         more > 0 ? -1 : 0);
        assert_true(more > 0 || count == FCGI_READER_PAIRS_MAX);
        free(variables);
        fcgi_reader_fini(&r);
    }
}

static void parameters_are_bounded_in_bytes(void **state)
{
    static char much[32 * 1024];
    static const size_t pieces[] = {1, 1000, WHOLE_PIECE};
    (void)state;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        for (size_t more = 0; more < 2; more++) {
            struct buf bytes;
            struct fcgi_reader r;
            buf_init(&bytes, BUF_UNLIMITED);
            fcgi_reader_init(&r);
            fcgi_put_begin(&bytes, FCGI_RESPONDER);
            for (size_t length = 0; length < FCGI_READER_PARAMS_MAX; length += sizeof much) {
                fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, much, sizeof much, 0);
            }
            fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, much, more, 0); /* without a byte: the end */
            take(&r, &bytes, pieces[i]);
            assert_int_equal(r.stage, more > 0 ? FCGI_READER_BROKEN : FCGI_READER_BODY);
            assert_true(r.params.capacity <= FCGI_READER_PARAMS_MAX + 1);
            fcgi_reader_fini(&r);
            buf_fini(&bytes);
        }
    }
}

static void a_length_allocates_nothing_before_its_bytes_are_there(void **state)
{
    static const char *const variables[] = {"A=B", NULL};
    struct buf bytes;
    struct fcgi_reader r;
    (void)state;
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_reader_init(&r);
    fcgi_put_begin(&bytes, FCGI_RESPONDER);
    buf_add(&bytes, "\1\4\0\1\xFF\xFF\xFF\0", 8);
    buf_add(&bytes, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8); /* a name and a value of 2^31 - 1 bytes */
    take(&r, &bytes, WHOLE_PIECE);
    assert_int_equal(r.stage, FCGI_READER_HEAD);
    assert_true(r.params.capacity <= 256);
    fcgi_reader_fini(&r);
    buf_fini(&bytes);
    fcgi_reader_init(&r);
    fcgi_put_head(&bytes, variables);
    buf_add(&bytes, "\1\5\0\1\xFF\xFF\xFF\0x", 9);
    take(&r, &bytes, WHOLE_PIECE);
    assert_int_equal(r.stage, FCGI_READER_BODY);
    assert_true(r.body.capacity <= 256);
    fcgi_reader_fini(&r);
    buf_fini(&bytes);
}

/* The end is where it was, whatever the bytes are. */
static void random_bytes_are_read_alike_in_pieces_of_any_size(void **state)
{
    static const char *const variables[] = {"REQUEST_METHOD=POST", "CONTENT_LENGTH=5", NULL};
    uint64_t seed = 2025;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct buf bytes;
        struct fcgi_reader readers[2];
        buf_init(&bytes, BUF_UNLIMITED);
        fcgi_put_head(&bytes, variables);
        fcgi_put_body(&bytes, "hello", 5);
        fcgi_put_end(&bytes);
        for (uint64_t changes = support_random(&seed) % 4; changes > 0; changes--) {
            bytes.bytes[support_random(&seed) % bytes.length] = (char)(support_random(&seed) >> 8);
        }
        for (size_t i = 0; i < 2; i++) {
            fcgi_reader_init(&readers[i]);
            take(&readers[i], &bytes, i == 0 ? WHOLE_PIECE : 1 + (size_t)(support_random(&seed) % 20));
        }
        assert_int_equal(readers[0].stage, readers[1].stage);
        assert_string_equal(buf_text(&readers[0].body), buf_text(&readers[1].body));
        assert_int_equal(readers[0].params.length, readers[1].params.length);
        for (size_t i = 0; i < 2; i++) {
            fcgi_reader_fini(&readers[i]);
        }
        buf_fini(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_alike_in_pieces_of_any_size),
        cmocka_unit_test(the_stage_follows_the_bytes),
        cmocka_unit_test(any_number_but_zero_is_a_request_s_own),
        cmocka_unit_test(a_body_stops_growing_at_its_limit),
        cmocka_unit_test(a_request_that_the_peer_gives_up_is_broken),
        cmocka_unit_test(records_that_begin_no_request_are_refused),
        cmocka_unit_test(a_record_of_another_version_is_refused_wherever_it_comes),
        cmocka_unit_test(records_of_other_requests_are_skipped_up_to_a_megabyte),
        cmocka_unit_test(lengths_that_do_not_fit_are_refused),
        cmocka_unit_test(names_and_values_may_be_empty_and_there_may_be_none),
        cmocka_unit_test(each_value_ends_with_a_nul),
        cmocka_unit_test(a_value_with_a_nul_ends_there),
        cmocka_unit_test(parameters_are_bounded_in_number),
        cmocka_unit_test(parameters_are_bounded_in_bytes),
        cmocka_unit_test(a_length_allocates_nothing_before_its_bytes_are_there),
        cmocka_unit_test(random_bytes_are_read_alike_in_pieces_of_any_size),
    };
    return RUN(tests);
}
