/* test_sse.c - sse.h: events as the standard defines them, and event ids that lead back to their
 * position. */
#include "support.h"

#include "base/buf.h"
#include "base/err.h"
#include "format/sse.h"

static struct chat_message message(uint64_t seq, const char *text)
{
    return (struct chat_message){.seq = seq,
                                 .time_ms = 1700000000123,
                                 .type = CHAT_MESSAGE,
                                 .name = support_lend("ann"),
                                 .id = support_lend("i"),
                                 .text = support_lend(text),
                                 .text_length = strlen(text)};
}

#define MESSAGE(seq, text)                                                                      \
    "{\"seq\":" #seq ",\"time\":\"2023-11-14T22:13:20.123Z\",\"name\":\"ann\",\"text\":\"" text \
    "\",\"type\":\"message\",\"id\":\"i\"}"

static void events_of_one_room_have_the_seq_as_id_and_one_line_of_data(void **state)
{
    const struct chat_message messages[] = {message(41, "hi"), message(42, "two\nlines\r\n\r\ndata: x")};
    const struct answer_room room = {.name = "lobby", .messages = messages, .count = 2, .next = 42, .head = 42};
    const struct answer a = {.epoch = "E", .rooms = &room, .count = 1};
    struct buf b;
    (void)state;
    buf_init(&b, BUF_UNLIMITED);
    sse_messages(&b, &a);
    assert_string_equal(
        buf_text(&b),
        "id: 41\ndata: " MESSAGE(41, "hi") "\n\n"
                                           "id: 42\ndata: " MESSAGE(42, "two\\nlines\\r\\n\\r\\ndata: x") "\n\n");
    buf_fini(&b);
}

static void events_of_several_rooms_have_the_position_of_each_room_as_id(void **state)
{
    const struct chat_message lobby[] = {message(6, "a"), message(7, "b")};
    const struct chat_message dev[] = {message(3, "c")};
    const struct answer_room rooms[] = {
        {.name = "quiet", .next = 9, .head = 9},
        {.name = "lobby", .messages = lobby, .count = 2, .next = 7, .head = 7},
        {.name = "dev", .messages = dev, .count = 1, .next = 3, .head = 3},
    };
    const struct answer a = {.epoch = "E", .rooms = rooms, .count = 3, .several = true};
    struct buf b;
    (void)state;
    buf_init(&b, BUF_UNLIMITED);
    sse_messages(&b, &a);
    assert_contains(buf_text(&b), "id: quiet:9,lobby:6,dev:2\ndata: {\"room\":\"lobby\",\"seq\":6,");
    assert_contains(buf_text(&b), "id: quiet:9,lobby:7,dev:2\ndata: {\"room\":\"lobby\",\"seq\":7,");
    assert_contains(buf_text(&b), "id: quiet:9,lobby:7,dev:3\ndata: {\"room\":\"dev\",\"seq\":3,");
    buf_fini(&b);
}

static void a_stream_begins_with_the_retry_time_and_a_cursor_without_an_id(void **state)
{
    const struct answer_room room = {.name = "lobby", .next = 3, .head = 9, .oldest = 5, .gap = true};
    const struct answer a = {.epoch = "E", .rooms = &room, .count = 1};
    struct buf b;
    (void)state;
    buf_init(&b, BUF_UNLIMITED);
    sse_opening(&b, &a, 1234);
    assert_string_equal(buf_text(&b),
                        "retry: 1234\nevent: cursor\ndata: {\"type\":\"cursor\",\"epoch\":\"E\",\"room\":\"lobby\","
                        "\"next\":3,\"head\":9,\"oldest\":5,\"gap\":true}\n\n");
    buf_fini(&b);
}

static void a_heartbeat_is_a_comment(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, BUF_UNLIMITED);
    sse_heartbeat(&b);
    assert_string_equal(buf_text(&b), ":\n\n");
    buf_fini(&b);
}

static struct query two_rooms(void)
{
    struct query q;
    memset(&q, 0, sizeof q);
    q.kind = QUERY_LAST;
    q.count = 2;
    q.several = true;
    snprintf(q.rooms[0].name, sizeof q.rooms[0].name, "lobby");
    snprintf(q.rooms[1].name, sizeof q.rooms[1].name, "dev");
    q.rooms[0].now = true;
    q.rooms[1].since = 5;
    return q;
}

static void an_id_leads_back_to_its_position(void **state)
{
    struct query q = two_rooms();
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(sse_resume(&q, "other:3,lobby:41,dev:9223372036854775807", &e), 0);
    assert_int_equal(q.kind, QUERY_SINCE);
    assert_false(q.rooms[0].now);
    assert_int_equal(q.rooms[0].since, 41);
    assert_int_equal(q.rooms[1].since, INT64_MAX);
    q = two_rooms();
    assert_int_equal(sse_resume(&q, "lobby:1", &e), 0); /* dev keeps the position in the address */
    assert_int_equal(q.rooms[1].since, 5);
    q.count = 1;
    assert_int_equal(sse_resume(&q, "17", &e), 0);
    assert_int_equal(q.rooms[0].since, 17);
}

static void an_unknown_id_is_an_error(void **state)
{
    static const char *const wrong[] = {
        "",
        "x",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1,2",
        "9223372036854775808",
        "99999999999999999999999",
        "lobby",
        "lobby:",
        "lobby:x",
        "lobby:1,",
        ",lobby:1",
        "lobby:1,,dev:2",
        "lobby:1,dev",
        "lobby:1:2",
        "lobby:1 ,dev:2",
        "other:x",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        for (size_t count = 1; count <= 2; count++) {
            struct query q = two_rooms();
            struct err e = ERR_INIT;
            q.count = count;
            assert_int_equal(sse_resume(&q, wrong[i], &e), -1);
            assert_int_equal(e.code, ERR_INPUT);
            assert_string_equal(e.field, "Last-Event-ID");
        }
    }
    struct query q = two_rooms();
    struct err e = ERR_INIT;
    assert_int_equal(sse_resume(&q, "17", &e), -1); /* the room is missing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_one_room_have_the_seq_as_id_and_one_line_of_data),
        cmocka_unit_test(events_of_several_rooms_have_the_position_of_each_room_as_id),
        cmocka_unit_test(a_stream_begins_with_the_retry_time_and_a_cursor_without_an_id),
        cmocka_unit_test(a_heartbeat_is_a_comment),
        cmocka_unit_test(an_id_leads_back_to_its_position),
        cmocka_unit_test(an_unknown_id_is_an_error),
    };
    return RUN(tests);
}
