/* test_html_page.c - html.h and html_page.h: what people wrote is always text on the page, and the
 * form keeps what was typed. */
#include "support.h"

#include "base/buf.h"
#include "format/html.h"
#include "format/html_page.h"

#define HOSTILE "</textarea></noframes><script>alert(1)</script>\"onload='x'&amp;"

static void text_is(void (*add)(struct buf *, const char *, size_t), const char *text, size_t length, const char *html)
{
    struct buf b;
    buf_init(&b, 1000);
    add(&b, text, length);
    assert_string_equal(buf_text(&b), html);
    buf_fini(&b);
}

#define TEXT(text, html) text_is(html_text, text, sizeof(text) - 1, html)
#define LINES(text, html) text_is(html_lines, text, sizeof(text) - 1, html)

static void no_text_becomes_markup(void **state)
{
    (void)state;
    TEXT("", "");
    TEXT("a < b > c & d \"e\" 'f'", "a &lt; b &gt; c &amp; d &quot;e&quot; &#39;f&#39;");
    TEXT("\xC3\xA4\xF0\x9F\x98\x80", "\xC3\xA4\xF0\x9F\x98\x80");
    TEXT("a\tb\nc\r\n", "a\tb\nc\r\n");
    TEXT("\x01\x1B\x7F", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    LINES("a\nb\r\n\n<c>", "a<br>b<br><br>&lt;c&gt;");
    LINES("\n", "<br>");
    LINES("", "");
}

static void addresses_have_no_characters_with_a_special_meaning(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    html_page_address(&b, "a-b_1", "\xC3\xA4 &\"<>#+%");
    assert_string_equal(buf_text(&b), "?room=a-b_1&name=%C3%A4%20%26%22%3C%3E%23%2B%25");
    buf_fini(&b);
    html_page_address(&b, "lobby", "");
    assert_string_equal(buf_text(&b), "?room=lobby");
    buf_fini(&b);
}

static struct answer_room room_of(const struct chat_message *m, size_t count)
{
    return (struct answer_room){.name = "lobby", .messages = m, .count = count, .head = 9, .oldest = 1, .next = 9};
}

static void has(const struct buf *b, const char *part)
{
    if (strstr(buf_text(b), part) == NULL) {
        fail_msg("'%s' isn't in: %s", part, buf_text(b));
    }
}

static void has_not(const struct buf *b, const char *part)
{
    if (strstr(buf_text(b), part) != NULL) {
        fail_msg("'%s' is in: %s", part, buf_text(b));
    }
}

static void pages_show_messages_and_run_no_code_of_them(void **state)
{
    struct buf b;
    (void)state;
    const struct chat_message m = {.seq = 8,
                                   .type = CHAT_MESSAGE,
                                   .time_ms = 1700000000123,
                                   .reply_to = 3,
                                   .name = support_lend(HOSTILE),
                                   .id = support_lend("id"),
                                   .text = support_lend(HOSTILE),
                                   .text_length = strlen(HOSTILE)};
    const struct answer_room room = room_of(&m, 1);
    const struct answer a = {.epoch = "e", .rooms = &room, .count = 1};
    const struct html_page_form f = {.paths = &html_page_paths_short,
                                     .room = "lobby",
                                     .name = HOSTILE,
                                     .secret = HOSTILE,
                                     .id = "abc",
                                     .reply_to = "3",
                                     .text = HOSTILE,
                                     .text_length = strlen(HOSTILE)};
    buf_init(&b, 100000);
    const struct html_page_refresh refresh = {.seconds = 4, .turn = 1};
    html_page_log(&b, &html_page_paths_short, &a, HOSTILE, &refresh);
    has(&b, "<li id=\"m8\">");
    has(&b, "2023-11-14 22:13 UTC");
    has(&b, "before=8\">Older messages</a>");
    has(&b, "content=\"4; url=plain?room=lobby&amp;name=%3C%2Ftextarea%3E");
    has(&b, "&amp;part=log&amp;turn=2#end\">");
    has(&b, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;onload=&#39;x&#39;&amp;amp;");
    has_not(&b, "<script");
    has_not(&b, "</textarea>");
    buf_fini(&b);
    html_page_room(&b, &f, &a);
    has(&b, "<input type=\"hidden\" name=\"id\" value=\"abc\">");
    has(&b, "<input type=\"hidden\" name=\"reply_to\" value=\"3\">");
    has(&b, "autocomplete=\"current-password\" value=\"&lt;/textarea&gt;");
    has_not(&b, "<script");
    buf_fini(&b);
    html_page_refused(&b, &f, 413, "Content Too Large", "The <b>text</b> is too long.");
    has(&b, "The &lt;b&gt;text&lt;/b&gt; is too long.");
    has(&b, "dir=\"auto\">\n&lt;/textarea&gt;");
    has_not(&b, "<script");
    buf_fini(&b);
}

static void pages_of_old_messages_do_not_reload_and_the_first_has_no_link_back(void **state)
{
    struct buf b;
    (void)state;
    const struct chat_message m = {.seq = 1,
                                   .type = CHAT_DELETE,
                                   .target = 1,
                                   .name = support_lend("ann"),
                                   .id = support_lend("i"),
                                   .text = support_lend("")};
    const struct answer_room room = room_of(&m, 1);
    const struct answer_room empty = room_of(NULL, 0);
    struct answer a = {.epoch = "e", .rooms = &room, .count = 1};
    buf_init(&b, 100000);
    html_page_log(&b, &html_page_paths_short, &a, "", NULL);
    has_not(&b, "http-equiv");
    has_not(&b, "Older messages");
    has(&b, "<em>(a message was deleted)</em>");
    buf_fini(&b);
    a.rooms = &empty;
    html_page_log(&b, &html_page_paths_short, &a, "", NULL);
    has(&b, "There are no messages here yet.");
    buf_fini(&b);
}

static void pages_show_edits_deletions_and_who_only_looks_like_another(void **state)
{
    struct buf b;
    (void)state;
    const struct chat_message m[] = {
        {.seq = 4,
         .type = CHAT_MESSAGE,
         .edited = 5,
         .mark = 0x7f3a,
         .flags = CHAT_HAS_MARK | CHAT_ALIKE,
         .name = support_lend("Ian"),
         .id = support_lend("i"),
         .text = support_lend("better"),
         .text_length = 6},
        {.seq = 5,
         .type = CHAT_EDIT,
         .target = 4,
         .name = support_lend("Ian"),
         .id = support_lend("j"),
         .text = support_lend("better"),
         .text_length = 6},
        {.seq = 6,
         .type = CHAT_DELETE,
         .target = 1,
         .targets = support_lend("1-2 3"),
         .role = CHAT_MODERATOR,
         .name = support_lend("mod"),
         .id = support_lend("k"),
         .text = support_lend("")},
    };
    const struct answer_room room = room_of(m, COUNT(m));
    const struct answer a = {.epoch = "e", .rooms = &room, .count = 1};
    buf_init(&b, 100000);
    html_page_log(&b, &html_page_paths_short, &a, "", NULL);
    has(&b, "\xC2\xB7"
            "7f3a <em>(not the first with such a name)</em>");
    has(&b, "(edited)");
    has(&b, "<em>edited message <a href=\"#m4\">4</a></em>");
    has(&b, "<em>(moderator)</em>");
    has(&b, "<em>deleted the messages 1-2 3</em>");
    has_not(&b, "reply_to=5"); /* a change has no link to reply */
    buf_fini(&b);
}

static void messages_that_are_not_shown_take_one_line(void **state)
{
    struct buf b;
    (void)state;
    struct chat_message m[4];
    for (size_t i = 0; i < COUNT(m); i++) {
        m[i] = (struct chat_message){.seq = i + 1,
                                     .type = i < 3 ? CHAT_DELETE : CHAT_MESSAGE,
                                     .target = i < 3 ? i + 1 : 0,
                                     .name = support_lend("spam"),
                                     .id = support_lend(""),
                                     .text = support_lend("")};
    }
    const struct answer_room room = room_of(m, COUNT(m));
    const struct answer a = {.epoch = "e", .rooms = &room, .count = 1};
    buf_init(&b, 100000);
    html_page_log(&b, &html_page_paths_short, &a, "", NULL);
    has(&b, "<li id=\"m1\"><em>(3 messages were deleted)</em></li>");
    has(&b, "<li id=\"m4\">");
    has_not(&b, "m2");
    buf_fini(&b);
}

static void a_page_says_that_a_message_waits_for_a_moderator(void **state)
{
    struct buf b;
    struct chat_draft d;
    (void)state;
    chat_draft_init(&d);
    assert_int_equal(chat_set_name(&d, HOSTILE, strlen(HOSTILE), NULL), 0);
    buf_init(&b, 100000);
    html_page_held(&b, &html_page_paths_under_send, &d);
    has(&b, "waits for a moderator");
    has(&b, "<a href=\"../poll.cgi/plain?room=lobby&amp;name=");
    has_not(&b, "<script");
    buf_fini(&b);
    chat_draft_fini(&d);
}

static void piece_is(const char *text, size_t from, size_t most, size_t end)
{
    assert_int_equal(html_page_piece_end(text, strlen(text), from, most), end);
}

static void a_piece_ends_after_a_line_or_a_word_and_never_inside_a_character(void **state)
{
    (void)state;
    piece_is("", 0, 8, 0);
    piece_is("12345678", 0, 8, 8);
    piece_is("123456789", 0, 8, 8);
    piece_is("12345\n78 0", 0, 8, 6);
    piece_is("1\n345 789", 0, 8, 8); /* both the line and the word end too early */
    piece_is("123456 8 0", 0, 8, 7);
    piece_is("123456 8 0", 7, 8, 10);
    piece_is("1234567\xC3\xA4 0", 0, 8, 7);
    piece_is("1234567\xF0\x9F\x98\x80", 0, 8, 7);
    piece_is("\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 0, 4, 4);
    char breaks[1000];
    memset(breaks, '\n', sizeof breaks - 1);
    breaks[sizeof breaks - 1] = '\0';
    piece_is(breaks, 0, 4000, HTML_PAGE_PIECE_LINES);
    piece_is(breaks, 950, 4000, 999);
}

/* A text of 1 MiB adds a few kilobytes to the log, and its own pages contain all of it. */
static void a_long_text_is_shown_in_pieces(void **state)
{
    enum { LENGTH = 1 << 20 };
    struct buf b;
    (void)state;
    char *text = malloc(LENGTH + 1);
    assert_non_null(text);
    for (size_t i = 0; i < LENGTH; i++) {
        text[i] = "ab\xCC\x81 \n"[i % 6];
    }
    text[LENGTH] = '\0';
    const struct chat_message m = {.seq = 8,
                                   .type = CHAT_MESSAGE,
                                   .name = support_lend("ann"),
                                   .id = support_lend("i"),
                                   .text = text,
                                   .text_length = LENGTH};
    const struct answer_room room = room_of(&m, 1);
    const struct answer a = {.epoch = "e", .rooms = &room, .count = 1};
    buf_init(&b, 100000);
    html_page_log(&b, &html_page_paths_short, &a, "ben", NULL);
    assert_true(b.length < 10000);
    has(&b, "href=\"plain?room=lobby&amp;name=ben&amp;part=text&amp;seq=8&amp;from=600\">Show more</a>");
    size_t pages = 0;
    for (size_t from = 600; from < LENGTH; from = html_page_piece_end(text, LENGTH, from, HTML_PAGE_PIECE_LONG)) {
        buf_fini(&b);
        html_page_text(&b, &html_page_paths_short, &a, &m, from, "ben");
        assert_true(b.length < 20000);
        pages++;
    }
    assert_true(pages > 1000);
    has(&b, "before=9#m8\">Back to the messages</a>");
    has_not(&b, "Show more");
    buf_fini(&b);
    html_page_text(&b, &html_page_paths_short, &a, &m, LENGTH, ""); /* nothing is left to show */
    buf_fini(&b);
    html_page_text(&b, &html_page_paths_short, &a, &m, 3, ""); /* inside a character: starts after it */
    has(&b, "<p dir=\"auto\"> <br>ab");
    buf_fini(&b);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_becomes_markup),
        cmocka_unit_test(addresses_have_no_characters_with_a_special_meaning),
        cmocka_unit_test(pages_show_messages_and_run_no_code_of_them),
        cmocka_unit_test(a_piece_ends_after_a_line_or_a_word_and_never_inside_a_character),
        cmocka_unit_test(a_long_text_is_shown_in_pieces),
        cmocka_unit_test(pages_show_edits_deletions_and_who_only_looks_like_another),
        cmocka_unit_test(messages_that_are_not_shown_take_one_line),
        cmocka_unit_test(a_page_says_that_a_message_waits_for_a_moderator),
        cmocka_unit_test(pages_of_old_messages_do_not_reload_and_the_first_has_no_link_back),
    };
    return RUN(tests);
}
