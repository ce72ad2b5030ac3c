/* test_json.c - json.h: fields from a JSON object, and answers as JSON, which jansson reads
 * again. */
#include "support.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/err.h"
#include "chat/form.h"
#include "chat/json_read.h"
#include "format/json.h"

#include <jansson.h>

static const char *const known[] = {"text", "n", NULL};

static int fields(struct form *f, const char *bytes, size_t length, struct err *e)
{
    /* No byte longer than it must be, so that the address sanitizer sees reads beyond it. */
    char *copy = ck_memdup0(bytes, length);
    form_init(f);
    return json_read(copy, length, known, f, e);
}

static void known_members_become_fields(void **state)
{
    static const char text[] = "{\"x\":[1],\"n\":-5,\"text\":\"a\\\\\\\"\\u00e9\"}";
    struct form f;
    (void)state;
    assert_int_equal(fields(&f, text, strlen(text), NULL), 0);
    assert_int_equal(f.count, 2);
    assert_string_equal(form_single(&f, "text")->value, "a\\\"\xc3\xa9");
    assert_int_equal(form_single(&f, "text")->length, 5);
    assert_string_equal(form_single(&f, "n")->value, "-5");
    form_fini(&f);
}

static void integers_have_64_bits(void **state)
{
    static const struct {
        const char *text;
        const char *value; /* NULL: refused */
        const char *why;
    } cases[] = {{"{\"n\":9223372036854775807}", "9223372036854775807", NULL},
                 {"{\"n\":-9223372036854775808}", "-9223372036854775808", NULL},
                 {"{\"n\":9223372036854775808}", NULL, "n is a number of more than 64 bits"},
                 {"{\"n\":-9223372036854775809}", NULL, "n is a number of more than 64 bits"},
                 {"{\"n\":1e400}", NULL, "n must be a string or a whole number"},
                 {"{\"n\":99999999999999999999.5}", NULL, "n must be a string or a whole number"},
                 {"{\"n\":1.5}", NULL, "n must be a string or a whole number"},
                 {"{\"n\":[1]}", NULL, "n must be a string or a whole number"},
                 {"{\"n\":99999999999999999999.}", NULL, "isn't valid JSON"},
                 {"{\"n\":01}", NULL, "isn't valid JSON"},
                 {"{\"n\":-}", NULL, "isn't valid JSON"},
                 {"{\"x\":99999999999999999999,\"n\":-0}", "0", NULL}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct form f;
        struct err e = ERR_INIT;
        int result = fields(&f, cases[i].text, strlen(cases[i].text), &e);
        assert_int_equal(result, cases[i].value != NULL ? 0 : -1);
        if (cases[i].value != NULL) {
            assert_string_equal(form_single(&f, "n")->value, cases[i].value);
        } else {
            assert_int_equal(e.code, ERR_INPUT);
            assert_contains(e.text, cases[i].why);
        }
        form_fini(&f);
    }
}

static void an_error_has_the_position_of_a_mistake_but_not_its_text(void **state)
{
    static const char text[] = "{\"text\":\n\"secret\" nonsense}";
    struct form f;
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(fields(&f, text, strlen(text), &e), -1);
    assert_contains(e.text, "line 2");
    assert_without(e.text, "nonsense");
    assert_without(e.text, "secret");
    form_fini(&f);
}

static int nested(size_t levels, struct err *e)
{
    struct buf b;
    struct form f;
    buf_init(&b, 1 << 20);
    buf_adds(&b, "{\"x\":");
    for (size_t i = 1; i < levels; i++) {
        buf_addc(&b, '[');
    }
    for (size_t i = 1; i < levels; i++) {
        buf_addc(&b, ']');
    }
    buf_adds(&b, levels > 1 ? "}" : "0}");
    int result = fields(&f, b.bytes, b.length, e);
    form_fini(&f);
    buf_fini(&b);
    return result;
}

static void nesting_is_limited(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(nested(1, &e), 0);
    assert_int_equal(nested(JSON_READ_DEPTH_MAX, &e), 0);
    assert_int_equal(nested(JSON_READ_DEPTH_MAX + 1, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
}

static void each_prefix_of_json_is_refused_without_a_crash(void **state)
{
    static const char text[] = "{\"text\":\"a\\u00e9\\n\\ud83d\\ude00\",\"n\":12,\"x\":[true,null,{\"y\":-1.5e3}]}";
    (void)state;
    for (size_t length = 0; length < strlen(text); length++) {
        struct form f;
        struct err e = ERR_INIT;
        assert_int_equal(fields(&f, text, length, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        form_fini(&f);
    }
}

/* ---- output ---- */

static struct chat_message message(uint64_t seq, const char *name, const char *text, size_t length)
{
    return (struct chat_message){.seq = seq,
                                 .time_ms = 1700000000123,
                                 .type = CHAT_MESSAGE,
                                 .name = support_lend(name),
                                 .id = support_lend("id-1"),
                                 .text = support_lend(text),
                                 .text_length = length};
}

static void a_sent_message_has_these_members_in_this_order(void **state)
{
    struct buf b;
    struct chat_message m = message(41, "ann", "hi", 2);
    (void)state;
    buf_init(&b, 1000);
    json_sent(&b, "EPOCH", "lobby", &m);
    assert_string_equal(b.bytes,
                        "{\"epoch\":\"EPOCH\",\"room\":\"lobby\",\"seq\":41,\"time\":\"2023-11-14T22:13:20.123Z\","
                        "\"name\":\"ann\",\"text\":\"hi\",\"type\":\"message\",\"id\":\"id-1\"}");
    buf_fini(&b);
    m.reply_to = CHAT_SEQ_MAX;
    json_sent(&b, "EPOCH", "lobby", &m);
    assert_contains(b.bytes, ",\"id\":\"id-1\",\"reply_to\":9223372036854775807}");
    buf_fini(&b);
}

static void a_change_names_its_target(void **state)
{
    struct buf b;
    struct chat_message m = message(41, "ann", "", 0);
    (void)state;
    m.type = CHAT_DELETE;
    m.target = 40;
    buf_init(&b, 1000);
    json_message(&b, NULL, &m);
    assert_contains(b.bytes, "\"text\":\"\",\"type\":\"delete\",\"id\":\"id-1\",\"target\":40}");
    buf_fini(&b);
    m.targets = support_lend("31-33 40");
    json_message(&b, NULL, &m);
    assert_contains(b.bytes, ",\"target\":40,\"targets\":[[31,33],[40,40]]}");
    buf_fini(&b);
    m.targets = support_lend("31-33 x\",1");
    json_message(&b, NULL, &m);
    assert_contains(b.bytes, ",\"targets\":[[31,33]]}"); /* damaged, but valid JSON */
    buf_fini(&b);
}

static void what_is_known_of_the_sender_is_told_only_where_it_applies(void **state)
{
    struct buf b;
    struct chat_message m = message(41, "ann", "hi", 2);
    (void)state;
    m.edited = 43;
    m.mark = 0x0f3a;
    m.role = CHAT_MEMBER;
    m.flags = CHAT_HAS_MARK;
    buf_init(&b, 1000);
    json_message(&b, NULL, &m);
    assert_contains(b.bytes, ",\"id\":\"id-1\",\"edited\":43,\"mark\":\"0f3a\"}");
    buf_fini(&b);
    m.role = CHAT_OWNER;
    m.flags = CHAT_HAS_MARK | CHAT_ALIKE | CHAT_FRESH | CHAT_SIGNED;
    json_message(&b, NULL, &m);
    assert_contains(b.bytes, ",\"mark\":\"0f3a\",\"role\":\"owner\",\"signed\":true,\"alike\":true,\"fresh\":true}");
    buf_fini(&b);
}

static void a_held_message_says_why(void **state)
{
    struct buf b;
    struct chat_draft d;
    (void)state;
    chat_draft_init(&d);
    assert_int_equal(chat_set_id(&d, "h-1", 3, NULL), 0);
    buf_init(&b, 1000);
    json_held(&b, "EPOCH", &d, "link");
    assert_string_equal(b.bytes,
                        "{\"held\":true,\"epoch\":\"EPOCH\",\"room\":\"lobby\",\"id\":\"h-1\",\"why\":\"link\"}");
    buf_fini(&b);
    chat_draft_fini(&d);
}

static void an_answer_about_one_room(void **state)
{
    const struct chat_message messages[] = {message(40, "ann", "a", 1), message(41, "bob", "b", 1)};
    struct answer_room room = {
        .name = "lobby", .messages = messages, .count = 2, .next = 41, .head = 50, .oldest = 3, .gap = false};
    struct answer a = {.epoch = "EPOCH", .rooms = &room, .count = 1, .more = true, .poll_after = 2};
    struct buf b;
    (void)state;
    buf_init(&b, 10000);
    json_answer(&b, &a);
    assert_string_equal(
        b.bytes,
        "{\"epoch\":\"EPOCH\",\"room\":\"lobby\",\"messages\":["
        "{\"seq\":40,\"time\":\"2023-11-14T22:13:20.123Z\",\"name\":\"ann\",\"text\":\"a\",\"type\":\"message\",\"id\":\"id-1\"},"
        "{\"seq\":41,\"time\":\"2023-11-14T22:13:20.123Z\",\"name\":\"bob\",\"text\":\"b\",\"type\":\"message\",\"id\":\"id-1\"}"
        "],\"next\":41,\"head\":50,\"oldest\":3,\"more\":true,\"wait\":0,\"poll_after\":2}");
    room.watch = "heads/abc";
    buf_fini(&b);
    json_answer_lines(&b, &a);
    assert_contains(b.bytes, "\"poll_after\":2,\"watch\":\"heads/abc\"}\n");
    buf_fini(&b);
}

static void a_head_file_has_epoch_and_head(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 100);
    json_head(&b, "EPOCH", CHAT_SEQ_MAX);
    assert_string_equal(b.bytes, "{\"epoch\":\"EPOCH\",\"head\":9223372036854775807}\n");
    buf_fini(&b);
}

static void an_answer_after_a_wait_has_no_poll_after_and_reports_a_gap(void **state)
{
    const struct answer_room room = {.name = "lobby", .next = 7, .head = 7, .oldest = 5, .gap = true};
    const struct answer a = {.epoch = "EPOCH", .rooms = &room, .count = 1, .wait = 25, .poll_after = 2};
    struct buf b;
    (void)state;
    buf_init(&b, 10000);
    json_answer(&b, &a);
    assert_string_equal(b.bytes,
                        "{\"epoch\":\"EPOCH\",\"room\":\"lobby\",\"messages\":[],\"next\":7,\"head\":7,\"oldest\":5,"
                        "\"more\":false,\"wait\":25,\"gap\":true}");
    buf_fini(&b);
}

static void an_answer_about_several_rooms(void **state)
{
    const struct chat_message messages[] = {message(8, "ann", "a", 1)};
    const struct answer_room rooms[] = {
        {.name = "a", .next = 0, .head = 0, .oldest = 1},
        {.name = "b", .messages = messages, .count = 1, .next = 8, .head = 9, .oldest = 8, .gap = true}};
    const struct answer a = {
        .epoch = "EPOCH", .rooms = rooms, .count = 2, .several = true, .more = true, .poll_after = 5};
    struct buf b;
    (void)state;
    buf_init(&b, 10000);
    json_answer(&b, &a);
    assert_string_equal(
        b.bytes,
        "{\"epoch\":\"EPOCH\",\"messages\":["
        "{\"room\":\"b\",\"seq\":8,\"time\":\"2023-11-14T22:13:20.123Z\",\"name\":\"ann\",\"text\":\"a\",\"type\":\"message\",\"id\":\"id-1\"}"
        "],\"next\":{\"a\":0,\"b\":8},\"head\":{\"a\":0,\"b\":9},\"oldest\":{\"a\":1,\"b\":8},"
        "\"more\":true,\"wait\":0,\"poll_after\":5,\"gap\":[\"b\"]}");
    buf_fini(&b);
}

static void one_room_in_the_syntax_of_several_is_answered_in_that_form(void **state)
{
    const struct answer_room room = {.name = "a", .next = 1, .head = 1, .oldest = 1};
    const struct answer a = {.epoch = "EPOCH", .rooms = &room, .count = 1, .several = true, .poll_after = 2};
    struct buf b;
    (void)state;
    buf_init(&b, 10000);
    json_answer(&b, &a);
    assert_contains(b.bytes, "\"next\":{\"a\":1}");
    assert_without(b.bytes, "\"room\"");
    buf_fini(&b);
}

static void ndjson_has_one_message_a_line_and_the_cursor_last(void **state)
{
    const struct chat_message messages[] = {message(1, "ann", "a\nb", 3), message(2, "bob", "\r\n", 2)};
    const struct answer_room room = {
        .name = "lobby", .messages = messages, .count = 2, .next = 2, .head = 2, .oldest = 1};
    const struct answer a = {.epoch = "EPOCH", .rooms = &room, .count = 1, .poll_after = 2};
    struct buf b;
    char *rest = NULL;
    (void)state;
    buf_init(&b, 10000);
    json_answer_lines(&b, &a);
    assert_int_equal(b.bytes[b.length - 1], '\n');
    assert_contains(strtok_r(b.bytes, "\n", &rest), "\"text\":\"a\\nb\"");
    assert_contains(strtok_r(NULL, "\n", &rest), "\"text\":\"\\r\\n\"");
    assert_string_equal(
        strtok_r(NULL, "\n", &rest),
        "{\"type\":\"cursor\",\"epoch\":\"EPOCH\",\"room\":\"lobby\",\"next\":2,\"head\":2,\"oldest\":1,"
        "\"more\":false,\"wait\":0,\"poll_after\":2}");
    assert_null(strtok_r(NULL, "\n", &rest));
    buf_fini(&b);
}

/* Each text that can be stored is written as JSON that is read as the same bytes. */
static void each_character_is_read_back(void **state)
{
    (void)state;
    for (uint32_t from = 1; from <= 0x10FFFF; from += 0x800) {
        struct buf text;
        struct buf b;
        buf_init(&text, 1 << 16);
        buf_init(&b, 1 << 18);
        for (uint32_t c = from; c < from + 0x800 && c <= 0x10FFFF; c++) {
            if (c < 0x80) {
                buf_addc(&text, (char)c);
            } else if (c < 0x800) {
                buf_addf(&text, "%c%c", (int)(0xC0U | c >> 6), (int)(0x80U | (c & 0x3FU)));
            } else if (c < 0xD800 || (c > 0xDFFF && c < 0x10000)) {
                buf_addf(&text, "%c%c%c", (int)(0xE0U | c >> 12), (int)(0x80U | (c >> 6 & 0x3FU)),
                         (int)(0x80U | (c & 0x3FU)));
            } else if (c >= 0x10000) {
                buf_addf(&text, "%c%c%c%c", (int)(0xF0U | c >> 18), (int)(0x80U | (c >> 12 & 0x3FU)),
                         (int)(0x80U | (c >> 6 & 0x3FU)), (int)(0x80U | (c & 0x3FU)));
            }
        }
        struct chat_message m = message(1, "ann", buf_text(&text), text.length);
        json_sent(&b, "E", "lobby", &m);
        assert_null(strpbrk(b.bytes, "\r\n"));
        json_t *root = json_loadb(b.bytes, b.length, 0, NULL);
        assert_non_null(root);
        assert_int_equal(json_string_length(json_object_get(root, "text")), text.length);
        assert_memory_equal(json_string_value(json_object_get(root, "text")), buf_text(&text), text.length);
        json_decref(root);
        buf_fini(&text);
        buf_fini(&b);
    }
}

static void a_damaged_text_does_not_spoil_the_answer(void **state)
{
    struct buf b;
    struct chat_message m = message(1, "a\xff", "b\xff", 2);
    (void)state;
    buf_init(&b, 1000);
    json_sent(&b, "E", "lobby", &m);
    assert_contains(b.bytes, "\"name\":\"\xef\xbf\xbd\",\"text\":\"\xef\xbf\xbd\"");
    buf_fini(&b);
}

static void markup_in_texts_cannot_end_the_string(void **state)
{
    struct buf b;
    static const char text[] = "\"},{\"seq\":99,\"\\\x01\x7f</script>";
    struct chat_message m = message(1, "ann", text, strlen(text));
    (void)state;
    buf_init(&b, 1000);
    json_sent(&b, "E", "lobby", &m);
    json_t *root = json_loadb(b.bytes, b.length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_int_equal(json_object_size(root), 8);
    assert_string_equal(json_string_value(json_object_get(root, "text")), text);
    json_decref(root);
    buf_fini(&b);
}

static void a_problem_has_its_members(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    json_problem(&b, &(struct json_problem){.type = "urn:x",
                                            .title = "Bad Request",
                                            .status = 400,
                                            .detail = "why",
                                            .field = "name",
                                            .epoch = "EPOCH"});
    assert_string_equal(b.bytes, "{\"type\":\"urn:x\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"why\","
                                 "\"field\":\"name\",\"epoch\":\"EPOCH\"}");
    buf_fini(&b);
    json_problem(
        &b, &(struct json_problem){
                .type = "urn:x", .title = "Bad Request", .status = 400, .detail = "why", .field = NULL, .epoch = NULL});
    assert_string_equal(b.bytes, "{\"type\":\"urn:x\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"why\"}");
    buf_fini(&b);
    json_problem(
        &b, &(struct json_problem){
                .type = "urn:x", .title = "Bad Request", .status = 400, .detail = "why", .field = "", .epoch = ""});
    assert_without(b.bytes, "field");
    buf_fini(&b);
    json_problem(&b, &(struct json_problem){.type = "urn:x",
                                            .title = "Bad Request",
                                            .status = 400,
                                            .detail = "\xff",
                                            .field = "na\xc3",
                                            .epoch = NULL});
    assert_string_equal(b.bytes,
                        "{\"type\":\"urn:x\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"Bad Request\"}");
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_members_become_fields),
        cmocka_unit_test(integers_have_64_bits),
        cmocka_unit_test(an_error_has_the_position_of_a_mistake_but_not_its_text),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(each_prefix_of_json_is_refused_without_a_crash),
        cmocka_unit_test(a_sent_message_has_these_members_in_this_order),
        cmocka_unit_test(a_change_names_its_target),
        cmocka_unit_test(what_is_known_of_the_sender_is_told_only_where_it_applies),
        cmocka_unit_test(a_held_message_says_why),
        cmocka_unit_test(an_answer_about_one_room),
        cmocka_unit_test(a_head_file_has_epoch_and_head),
        cmocka_unit_test(an_answer_after_a_wait_has_no_poll_after_and_reports_a_gap),
        cmocka_unit_test(an_answer_about_several_rooms),
        cmocka_unit_test(one_room_in_the_syntax_of_several_is_answered_in_that_form),
        cmocka_unit_test(ndjson_has_one_message_a_line_and_the_cursor_last),
        cmocka_unit_test(each_character_is_read_back),
        cmocka_unit_test(a_damaged_text_does_not_spoil_the_answer),
        cmocka_unit_test(markup_in_texts_cannot_end_the_string),
        cmocka_unit_test(a_problem_has_its_members),
    };
    return RUN(tests);
}
