/* test_intake.c - intake.h: records as web servers send them, and records that are wrong. */
#include "support.h"

#include "base/buf.h"
#include "base/clock.h"
#include "web/private/intake.h"

#include <sys/socket.h>
#include <unistd.h>

enum { BEGIN = 1, ABORT = 2, PARAMS = 4, STDIN = 5, GET_VALUES = 9 };

static int pair[2];

static int open_pair(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static int close_pair(void **state)
{
    (void)state;
    close(pair[0]);
    return pair[1] < 0 ? 0 : close(pair[1]);
}

static void put(unsigned type, unsigned id, const char *bytes, size_t length, unsigned padding)
{
    static const char blanks[255];
    const unsigned char header[8] = {1,
                                     (unsigned char)type,
                                     (unsigned char)(id >> 8),
                                     (unsigned char)id,
                                     (unsigned char)(length >> 8),
                                     (unsigned char)length,
                                     (unsigned char)padding,
                                     0};
    assert_int_equal(write(pair[1], header, sizeof header), sizeof header);
    assert_int_equal(write(pair[1], length > 0 ? bytes : "", length), length);
    assert_int_equal(write(pair[1], blanks, padding), padding);
}

static void put_begin(unsigned role)
{
    const char begin[8] = {0, (char)role, 0};
    put(BEGIN, 1, begin, sizeof begin, 0);
}

/* An intake that reads the pair's bytes; no more will come. */
static int head_of(struct intake **out, struct buf *head)
{
    buf_init(head, BUF_UNLIMITED);
    *out = intake_new(pair[0]);
    return intake_head(*out, clock_mono_ms(), head);
}

static void assert_head(int expected)
{
    struct intake *in = NULL;
    struct buf head;
    assert_int_equal(head_of(&in, &head), expected);
    assert_true(expected == 0 || head.length == 0);
    buf_fini(&head);
    intake_free(in);
}

static void a_request_in_pieces_with_padding_and_records_of_others(void **state)
{
    struct intake *in = NULL;
    struct buf head;
    char body[16] = "";
    (void)state;
    put(GET_VALUES, 0, "\x0F\0FCGI_MAX_CONNS", 17, 3);
    put_begin(1);
    put(PARAMS, 1, "\1", 1, 7);
    put(PARAMS, 7, "other", 5, 1);
    put(PARAMS, 1, "\1AB", 3, 255);
    put(PARAMS, 1, "", 0, 0);
    put(STDIN, 1, "he", 2, 6);
    put(GET_VALUES, 0, "", 0, 0);
    put(STDIN, 7, "other", 5, 0);
    put(STDIN, 1, "llo", 3, 0);
    assert_int_equal(head_of(&in, &head), 0);
    assert_int_equal(head.length, 16 + 8 + 4 + 8); /* FCGI_BEGIN_REQUEST, one record of parameters, their end */
    assert_memory_equal(head.bytes + 24, "\1\1AB", 4);
    size_t length = 0;
    for (ssize_t count = 0; (count = intake_body(in, body + length, sizeof body - length, 0)) > 0;) {
        length += (size_t)count;
    }
    assert_string_equal(body, "hello");
    assert_false(intake_is_over(in));
    assert_int_equal(intake_body(in, body, sizeof body, clock_mono_ms() + 20), INTAKE_LATE);
    put(STDIN, 1, "", 0, 0);
    assert_int_equal(intake_body(in, body, sizeof body, 0), 0);
    assert_true(intake_is_over(in));
    buf_fini(&head);
    intake_free(in);
}

static void a_body_breaks_off_when_the_peer_aborts_or_leaves(void **state)
{
    for (int leaves = 0; leaves < 2; leaves++) {
        struct intake *in = NULL;
        struct buf head;
        char body[4];
        put_begin(1);
        put(PARAMS, 1, "", 0, 0);
        assert_int_equal(head_of(&in, &head), 0);
        if (leaves) {
            close(pair[1]);
            pair[1] = -1;
        } else {
            put(ABORT, 1, "", 0, 0);
        }
        assert_int_equal(intake_body(in, body, sizeof body, 0), -1);
        assert_true(intake_is_over(in));
        buf_fini(&head);
        intake_free(in);
        close_pair(state);
        open_pair(state);
    }
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
                 {"\2\1AB", 4},
                 {"\1", 1},
                 {"\x80\0\0", 3},
                 {"\1\1ABC", 5}};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        put_begin(1);
        put(PARAMS, 1, wrong[i].bytes, wrong[i].length, 0);
        put(PARAMS, 1, "", 0, 0);
        assert_head(-1);
        close_pair(state);
        open_pair(state);
    }
}

static void parameters_are_bounded_in_number_and_bytes(void **state)
{
    static char many[2 * (INTAKE_PAIRS_MAX + 1)];
    static char much[32 * 1024];
    for (int more = 0; more < 2; more++) { /* pairs of an empty name and an empty value */
        put_begin(1);
        put(PARAMS, 1, many, 2 * ((size_t)INTAKE_PAIRS_MAX + (size_t)more), 0);
        put(PARAMS, 1, "", 0, 0);
        assert_head(more ? -1 : 0);
        close_pair(state);
        open_pair(state);
    }
    put_begin(1);
    for (size_t bytes = 0; bytes <= INTAKE_PARAMS_MAX; bytes += sizeof much) {
        put(PARAMS, 1, much, sizeof much, 0);
    }
    assert_head(-1);
}

static void records_that_begin_no_request_are_refused(void **state)
{
    for (int kind = 0; kind < 5; kind++) {
        if (kind == 0) {
            put_begin(2); /* the role of an authorizer */
        } else if (kind == 1) {
            put(BEGIN, 1, "\0\1", 2, 0);
        } else if (kind == 2) {
            put(PARAMS, 1, "", 0, 0);
        } else if (kind == 3) {
            put_begin(1);
            put(STDIN, 1, "x", 1, 0);
        } else {
            assert_int_equal(write(pair[1], "GET / HTTP/1.1\r\n\r\n", 18), 18);
        }
        assert_head(-1);
        close_pair(state);
        open_pair(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_in_pieces_with_padding_and_records_of_others, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(a_body_breaks_off_when_the_peer_aborts_or_leaves, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(lengths_that_do_not_fit_are_refused, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(parameters_are_bounded_in_number_and_bytes, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(records_that_begin_no_request_are_refused, open_pair, close_pair),
    };
    return RUN(tests);
}
