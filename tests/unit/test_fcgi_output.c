/* test_fcgi_output.c - outputs as FastCGI records, written without waiting, in pieces of any
 * size. */
#include "support.h"

#include "base/buf.h"
#include "web/fcgi_output.h"
#include "web/fcgi_request.h"

#include <sys/socket.h>
#include <unistd.h>

/* Adds the output in the records of b, all of request id, to *out. True: the end of the request is
 * the last record. */
static bool parse(const struct buf *b, uint16_t id, struct buf *out)
{
    const unsigned char *at = (const unsigned char *)b->bytes;
    const unsigned char *end = at + b->length;
    bool output_ended = false;
    while (at < end) {
        size_t length = (size_t)at[4] << 8 | at[5];
        assert_true(at + 8 + length + at[6] <= end);
        assert_int_equal(at[0], 1);
        assert_int_equal(at[2] << 8 | at[3], id);
        if (at[1] == 3) {
            assert_true(output_ended);
            assert_int_equal(length, 8);
            for (size_t i = 0; i < 8; i++) {
                assert_int_equal(at[8 + i], 0);
            }
            assert_ptr_equal(at + 16, end);
            return true;
        }
        assert_int_equal(at[1], 6);
        output_ended = length == 0;
        buf_add(out, at + 8, length);
        at += 8 + length + at[6];
    }
    return false;
}

/* Writes the output to a socket, of which `piece` bytes are read when no more fit. Returns all that
 * is read. */
static struct buf written(const struct fcgi_output *o, uint16_t id, size_t piece)
{
    int pair[2];
    struct buf came;
    size_t sent = 0;
    buf_init(&came, BUF_UNLIMITED);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const struct fcgi_request r = {.connection = pair[0], .id = id};
    while (came.length < fcgi_output_size(o)) {
        size_t room = 0;
        long count = fcgi_output_write(o, &r, sent);
        assert_true(count >= 0);
        sent += (size_t)count;
        char *to = buf_room(&came, piece, &room);
        ssize_t taken = sent > came.length ? read(pair[1], to, piece) : 0;
        assert_true(taken >= 0);
        buf_grew(&came, (size_t)taken);
    }
    assert_int_equal(sent, came.length);
    assert_int_equal(fcgi_output_write(o, &r, sent), 0);
    close(pair[0]);
    close(pair[1]);
    return came;
}

static void add_pattern(struct buf *to, size_t length, size_t from)
{
    for (size_t k = from; k < from + length; k++) {
        buf_addc(to, (char)(k * 31 % 251));
    }
}

static void check(size_t head, size_t body, bool is_last, uint16_t id, size_t piece)
{
    struct fcgi_output o;
    struct buf back;
    struct buf expected;
    fcgi_output_init(&o, is_last);
    buf_init(&back, BUF_UNLIMITED);
    buf_init(&expected, BUF_UNLIMITED);
    add_pattern(&o.head, head, 0);
    add_pattern(&o.body, body, head);
    add_pattern(&expected, head + body, 0);
    struct buf came = written(&o, id, piece);
    assert_int_equal(parse(&came, id, &back), is_last);
    assert_int_equal(back.length, expected.length);
    if (expected.length > 0) {
        assert_memory_equal(back.bytes, expected.bytes, expected.length);
    }
    buf_fini(&came);
    buf_fini(&back);
    buf_fini(&expected);
    fcgi_output_fini(&o);
}

static void output_of_any_length_is_read_back_as_it_was(void **state)
{
    static const size_t lengths[] = {0, 1, 7, 8, 65527, 65528, 65529, 65536, 131056, 300000, 1500000};
    static const uint16_t ids[] = {1, 2, 255, 256, 65535};
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        for (size_t k = 0; k < COUNT(lengths); k++) {
            check(lengths[i], lengths[k], (i + k) % 2 == 0, ids[(i + k) % COUNT(ids)], 100000);
        }
    }
}

static void a_peer_that_takes_pieces_of_any_size_gets_each_byte_once(void **state)
{
    static const size_t pieces[] = {9999, 65528, 65535, 65536, 65537, 131072};
    (void)state;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        check(400, 1200000, true, 1, pieces[i]);
    }
}

static void a_write_takes_what_fits_and_fails_when_the_peer_has_gone(void **state)
{
    int pair[2];
    struct fcgi_output o;
    (void)state;
    fcgi_output_init(&o, true);
    add_pattern(&o.body, 1 << 20, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const struct fcgi_request r = {.connection = pair[0], .id = 1};
    long first = fcgi_output_write(&o, &r, 0);
    assert_true(first > 0 && first < 1 << 20);
    assert_int_equal(fcgi_output_write(&o, &r, (size_t)first), 0);
    close(pair[1]);
    assert_int_equal(fcgi_output_write(&o, &r, (size_t)first), -1);
    close(pair[0]);
    fcgi_output_fini(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_of_any_length_is_read_back_as_it_was),
        cmocka_unit_test(a_peer_that_takes_pieces_of_any_size_gets_each_byte_once),
        cmocka_unit_test(a_write_takes_what_fits_and_fails_when_the_peer_has_gone),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
