/* test_fcgi_request.c - FastCGI records of answers, and writing them without waiting. */
#include "support.h"

#include "base/buf.h"
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

static void output_of_any_length_is_read_back_as_it_was(void **state)
{
    static const size_t lengths[] = {0, 1, 7, 8, 65527, 65528, 65529, 65536, 131056, 300000};
    static const uint16_t ids[] = {1, 2, 255, 256, 65535};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buf bytes;
        struct buf records;
        struct buf back;
        uint16_t id = ids[i % (sizeof ids / sizeof ids[0])];
        buf_init(&bytes, BUF_UNLIMITED);
        buf_init(&records, BUF_UNLIMITED);
        buf_init(&back, BUF_UNLIMITED);
        for (size_t k = 0; k < lengths[i]; k++) {
            buf_addc(&bytes, (char)(k * 31 % 251));
        }
        fcgi_request_output(&records, id, bytes.bytes, bytes.length);
        fcgi_request_end(&records, id);
        assert_true(parse(&records, id, &back));
        assert_int_equal(back.length, bytes.length);
        if (bytes.length > 0) {
            assert_memory_equal(back.bytes, bytes.bytes, bytes.length);
        }
        buf_fini(&bytes);
        buf_fini(&records);
        buf_fini(&back);
    }
}

static void a_write_takes_what_fits_and_fails_when_the_peer_has_gone(void **state)
{
    static char much[1 << 20];
    int pair[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const struct fcgi_request r = {.connection = pair[0], .id = 1};
    long first = fcgi_request_write(&r, much, sizeof much);
    assert_true(first > 0 && first < (long)sizeof much);
    while (fcgi_request_write(&r, much, sizeof much) > 0) {
    }
    assert_int_equal(fcgi_request_write(&r, much, sizeof much), 0);
    close(pair[1]);
    assert_int_equal(fcgi_request_write(&r, much, sizeof much), -1);
    close(pair[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_of_any_length_is_read_back_as_it_was),
        cmocka_unit_test(a_write_takes_what_fits_and_fails_when_the_peer_has_gone),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
