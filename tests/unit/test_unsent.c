/* test_unsent.c - what a peer doesn't take at once is kept, written on, and counted. */
#include "support.h"

#include "base/clock.h"
#include "system/budget.h"
#include "web/fcgi_request.h"
#include "web/shared_bytes.h"
#include "web/unsent.h"

#include <sys/socket.h>
#include <unistd.h>

enum { MUCH = 1 << 20 }; /* more than a socket holds */

static int peer; /* the other end of the request's connection */
static struct fcgi_request request;
static struct shared_bytes *bytes;

static struct shared_bytes *share(const char *from, size_t length)
{
    struct fcgi_output output;
    fcgi_output_init(&output, true);
    buf_add(&output.body, from, length);
    return shared_bytes_new(&output);
}

static int open_all(void **state)
{
    static char text[MUCH];
    int pair[2];
    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 31 % 251);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return -1;
    }
    request = (struct fcgi_request){.connection = pair[0], .id = 1};
    peer = pair[1];
    bytes = share(text, sizeof text);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    shared_bytes_release(bytes);
    close(request.connection);
    close(peer);
    return 0;
}

/* Reads the header of a record or a piece of its content at the peer's end, and compares the
 * content with what should be there. *left: bytes that are left of the record. */
static void read_piece(size_t *at, size_t *left)
{
    static char piece[64 * 1024];
    ssize_t count = read(peer, piece, *left == 0 ? 8 : *left);
    assert_true(count > 0);
    if (*left == 0) {
        assert_int_equal(count, 8);
        *left = (size_t)(unsigned char)piece[4] << 8 | (unsigned char)piece[5];
        return;
    }
    assert_true(*at + (size_t)count <= MUCH);
    assert_memory_equal(piece, bytes->output.body.bytes + *at, (size_t)count);
    *at += (size_t)count;
    *left -= (size_t)count;
}

static void what_a_slow_peer_leaves_is_written_on_in_order(void **state)
{
    struct unsent u;
    size_t at = 0;
    size_t left_of_record = 0;
    (void)state;
    enum unsent_left left = unsent_start(&u, &request, bytes);
    assert_int_equal(left, UNSENT_SOME);
    assert_int_equal(unsent_write(&u, &request), UNSENT_SOME); /* nothing was read meanwhile */
    while (left == UNSENT_SOME) {
        read_piece(&at, &left_of_record);
        left = unsent_write(&u, &request);
    }
    assert_int_equal(left, UNSENT_NOTHING);
    assert_null(u.bytes);
    while (at < MUCH) {
        read_piece(&at, &left_of_record);
    }
}

static void nothing_is_kept_for_a_peer_that_takes_all_at_once(void **state)
{
    struct unsent u;
    struct shared_bytes *little = share("hi", 2);
    (void)state;
    assert_int_equal(unsent_start(&u, &request, little), UNSENT_NOTHING);
    assert_null(u.bytes);
    assert_int_equal(unsent_write(&u, &request), UNSENT_NOTHING);
    shared_bytes_release(little);
}

static void a_peer_that_reads_makes_progress_even_while_its_socket_stays_full(void **state)
{
    struct unsent u;
    size_t at = 0;
    size_t left_of_record = 0;
    (void)state;
    assert_int_equal(unsent_start(&u, &request, bytes), UNSENT_SOME);
    int64_t later = u.moved_at + 7000;
    assert_int_equal(unsent_still_ms(&u, &request, later), 7000);
    read_piece(&at, &left_of_record);
    read_piece(&at, &left_of_record);
    assert_int_equal(unsent_still_ms(&u, &request, later), 0);
    assert_int_equal(unsent_still_ms(&u, &request, later + 500), 500);
    unsent_drop(&u);
}

static void a_peer_that_has_gone_is_noticed(void **state)
{
    struct unsent u;
    (void)state;
    assert_int_equal(unsent_start(&u, &request, bytes), UNSENT_SOME);
    shutdown(peer, SHUT_RDWR);
    assert_int_equal(unsent_write(&u, &request), UNSENT_GONE);
    unsent_drop(&u);
    assert_int_equal(unsent_start(&u, &request, bytes), UNSENT_GONE);
    assert_null(u.bytes);
}

static void bytes_that_several_peers_leave_are_counted_once(void **state)
{
    enum { PEERS = 3 };
    static char text[BUDGET_KEPT_MOST / 2 - 8192]; /* and its records */
    struct unsent u[PEERS];
    struct shared_bytes *half = share(text, sizeof text);
    struct shared_bytes *other = share(text, sizeof text);
    (void)state;
    for (size_t i = 0; i < PEERS; i++) {
        unsent_keep(&u[i], &request, half, 0);
    }
    assert_false(budget_keeps_too_many());
    struct unsent more;
    unsent_keep(&more, &request, other, 0);
    assert_false(budget_keeps_too_many());
    struct unsent last;
    unsent_keep(&last, &request, bytes, 0);
    assert_true(budget_keeps_too_many());
    unsent_drop(&more);
    shared_bytes_release(other);
    assert_false(budget_keeps_too_many());
    for (size_t i = 0; i < PEERS; i++) {
        unsent_drop(&u[i]);
    }
    unsent_drop(&last);
    shared_bytes_release(half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_slow_peer_leaves_is_written_on_in_order, open_all, close_all),
        cmocka_unit_test_setup_teardown(nothing_is_kept_for_a_peer_that_takes_all_at_once, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_peer_that_reads_makes_progress_even_while_its_socket_stays_full, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_peer_that_has_gone_is_noticed, open_all, close_all),
        cmocka_unit_test_setup_teardown(bytes_that_several_peers_leave_are_counted_once, open_all, close_all),
    };
    return RUN(tests);
}
