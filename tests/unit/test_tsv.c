/* test_tsv.c - tsv.h: one message a line with fields at tabs; the shell's printf restores the
 * text. */
#include "support.h"

#include "base/buf.h"
#include "format/tsv.h"

static struct chat_message message(uint64_t seq, const char *name, const char *text, size_t length)
{
    return (struct chat_message){.seq = seq,
                                 .time_ms = 1700000000123,
                                 .type = CHAT_MESSAGE,
                                 .name = support_lend(name),
                                 .id = support_lend("id"),
                                 .text = support_lend(text),
                                 .text_length = length};
}

static void line_is(const char *text, size_t length, const char *escaped)
{
    struct buf b;
    char expected[1000];
    struct chat_message m = message(7, "ann", text, length);
    snprintf(expected, sizeof expected, "7\t2023-11-14T22:13:20.123Z\tann\t%s\n", escaped);
    buf_init(&b, 1000);
    tsv_message(&b, NULL, &m);
    assert_string_equal(b.bytes, expected);
    buf_fini(&b);
}

#define LINE(text, escaped) line_is(text, sizeof(text) - 1, escaped)

static void other_types_have_two_columns_more(void **state)
{
    struct buf b;
    struct chat_message m = message(7, "ann", "new\ttext", 8);
    (void)state;
    m.type = CHAT_EDIT;
    m.target = 3;
    buf_init(&b, 1000);
    tsv_message(&b, "lobby", &m);
    assert_string_equal(b.bytes, "lobby\t7\t2023-11-14T22:13:20.123Z\tann\tnew\\ttext\tedit\t3\n");
    buf_fini(&b);
    m.type = CHAT_DELETE;
    m.text_length = 0;
    m.targets = support_lend("3-4 6");
    tsv_message(&b, NULL, &m);
    assert_string_equal(b.bytes, "7\t2023-11-14T22:13:20.123Z\tann\t\tdelete\t3-4 6\n");
    buf_fini(&b);
    m = message(8, "ann", "closed", 6);
    m.type = CHAT_NOTICE;
    tsv_message(&b, NULL, &m);
    assert_string_equal(b.bytes, "8\t2023-11-14T22:13:20.123Z\tann\tclosed\tnotice\t\n");
    buf_fini(&b);
}

static void plain_texts_are_not_changed(void **state)
{
    (void)state;
    LINE("hi", "hi");
    LINE("  a  b  ", "  a  b  ");
    LINE("100% $x `y` 'z' \"q\"", "100% $x `y` 'z' \"q\"");
    LINE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    LINE("\xc2\xa0", "\xc2\xa0"); /* the first character after the C1 controls */
}

static void characters_that_would_end_a_line_or_field_are_escaped(void **state)
{
    (void)state;
    LINE("a\nb", "a\\nb");
    LINE("a\r\nb", "a\\r\\nb");
    LINE("a\tb", "a\\tb");
    LINE("a\\nb", "a\\\\nb");
    LINE("\\", "\\\\");
    LINE("a\0b", "a\\0000b"); /* no draft has it, but a changed database may */
}

static void terminal_control_characters_are_escaped(void **state)
{
    (void)state;
    LINE("\x1b[2J", "\\0033[2J");
    LINE("\x01"
         "7",
         "\\00017"); /* always three digits, so that a following digit is not part of it */
    LINE("\x7f", "\\0177");
    LINE("\xc2\x80", "\\0302\\0200"); /* C1 */
    LINE("\xc2\x9b"
         "31m",
         "\\0302\\023331m");
    LINE("\xc2\x9f", "\\0302\\0237");
    LINE("\xc3\x9b", "\xc3\x9b"); /* a letter with the same second byte */
}

static void names_are_escaped_like_texts(void **state)
{
    struct buf b;
    struct chat_message m = message(1, "a\tb\nc", "x", 1);
    (void)state;
    buf_init(&b, 1000);
    tsv_message(&b, NULL, &m);
    assert_string_equal(b.bytes, "1\t2023-11-14T22:13:20.123Z\ta\\tb\\nc\tx\n");
    buf_fini(&b);
}

static void with_several_rooms_each_line_begins_with_the_room(void **state)
{
    const struct chat_message of_a[] = {message(1, "ann", "x", 1)};
    const struct chat_message of_b[] = {message(5, "bob", "y", 1), message(6, "bob", "z", 1)};
    const struct answer_room rooms[] = {{.name = "a", .messages = of_a, .count = 1},
                                        {.name = "b", .messages = of_b, .count = 2}};
    struct answer a = {.epoch = "E", .rooms = rooms, .count = 2, .several = true};
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    tsv_answer(&b, &a);
    assert_string_equal(b.bytes, "a\t1\t2023-11-14T22:13:20.123Z\tann\tx\n"
                                 "b\t5\t2023-11-14T22:13:20.123Z\tbob\ty\n"
                                 "b\t6\t2023-11-14T22:13:20.123Z\tbob\tz\n");
    buf_fini(&b);
    a.count = 1;
    a.several = false;
    tsv_answer(&b, &a);
    assert_string_equal(b.bytes, "1\t2023-11-14T22:13:20.123Z\tann\tx\n");
    buf_fini(&b);
}

/* Passes the escaped text of a line to a shell as $1, and compares what it prints with the original
 * bytes. */
static void assert_shell_gives_back(const char *shell, const char *const *texts, const size_t *lengths, size_t count)
{
    char template[] = "/tmp/pollchat-line-XXXXXX";
    char command[200];
    struct buf got;
    size_t at = 0;
    int file = mkstemp(template);
    assert_true(file >= 0);
    for (size_t i = 0; i < count; i++) {
        struct buf b;
        struct chat_message m = message(1, "ann", texts[i], lengths[i]);
        buf_init(&b, 1 << 20);
        tsv_message(&b, NULL, &m);
        assert_int_equal(write(file, b.bytes, b.length), (ssize_t)b.length);
        buf_fini(&b);
    }
    close(file);
    /* The loop of the documentation: reads one line with fields at tabs; '.' ends each text. */
    snprintf(command, sizeof command,
             "exec %s -c 'while IFS=\"\t\" read -r seq time name text; do printf %%b. \"$text\"; done' <%s", shell,
             template);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    buf_init(&got, BUF_UNLIMITED);
    for (int c = 0; (c = fgetc(pipe)) != EOF;) {
        buf_addc(&got, (char)c);
    }
    assert_int_equal(pclose(pipe), 0);
    unlink(template);
    for (size_t i = 0; i < count; i++) {
        if (got.length - at < lengths[i] + 1 || memcmp(got.bytes + at, texts[i], lengths[i]) != 0 ||
            got.bytes[at + lengths[i]] != '.') {
            fail_msg("%s: text %zu came back as something else", shell, i);
        }
        at += lengths[i] + 1;
    }
    assert_int_equal(at, got.length);
    buf_fini(&got);
}

static void printf_b_of_each_shell_restores_the_exact_text(void **state)
{
    static const char *const shells[] = {"sh", "bash"};
    enum { TEXTS = 400 };
    static char bytes[TEXTS][64];
    static const char *texts[TEXTS];
    static size_t lengths[TEXTS];
    uint64_t seed = 6;
    size_t count = 0;
    (void)state;
    /* Each character below U+0100 except NUL, before a digit and at the end; then random mixtures
     * of the difficult ones. */
    for (unsigned c = 1; c < 0x100; c++, count++) {
        texts[count] = bytes[count];
        lengths[count] = (size_t)(c < 0x80 ? snprintf(bytes[count], 64, "x%c7%c", (int)c, (int)c)
                                           : snprintf(bytes[count], 64, "x%c%c7%c%c", (int)(0xC0U | c >> 6),
                                                      (int)(0x80U | (c & 0x3FU)), (int)(0xC0U | c >> 6),
                                                      (int)(0x80U | (c & 0x3FU))));
    }
    for (; count < TEXTS; count++) {
        static const char *const pieces[] = {"\\",   "n",        "0", "1",   "7", "\n", "\r",  "\t",
                                             "\x1b", "\xc2\x9b", "c", "\\c", "%", "a",  "\x7f"};
        size_t length = 1;
        bytes[count][0] = 'x';
        for (size_t i = 0; i < 20; i++) {
            const char *piece = pieces[support_random(&seed) % COUNT(pieces)];
            length += (size_t)snprintf(bytes[count] + length, sizeof bytes[count] - length, "%s", piece);
        }
        texts[count] = bytes[count];
        lengths[count] = length;
    }
    for (size_t i = 0; i < COUNT(shells); i++) {
        assert_shell_gives_back(shells[i], texts, lengths, count);
    }
}

static void texts_with_white_space_at_the_ends_survive_the_shell(void **state)
{
    static const char *const texts[] = {" a ", "\ta\t", "\n", " ", "\\", "a\\", "-n", "-e \\c", "\xef\xbb\xbf"};
    size_t lengths[COUNT(texts)];
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        lengths[i] = strlen(texts[i]);
    }
    assert_shell_gives_back("sh", texts, lengths, COUNT(texts));
    assert_shell_gives_back("bash", texts, lengths, COUNT(texts));
}

/* Each text gives one line with four fields. */
static void a_message_is_one_line_of_four_fields(void **state)
{
    uint64_t seed = 7;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        char text[50];
        size_t length = support_random(&seed) % sizeof text;
        size_t tabs = 0;
        struct buf b;
        for (size_t i = 0; i < length; i++) {
            text[i] = (char)support_random(&seed);
        }
        struct chat_message m = message(1, "ann", text, length);
        buf_init(&b, 10000);
        tsv_message(&b, NULL, &m);
        for (size_t i = 0; i < b.length; i++) {
            unsigned char c = (unsigned char)b.bytes[i];
            tabs += c == '\t';
            assert_true(c >= 0x20 || c == '\t' || (c == '\n' && i == b.length - 1));
            assert_int_not_equal(c, 0x7F);
        }
        assert_int_equal(tabs, 3);
        assert_int_equal(b.bytes[b.length - 1], '\n');
        buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_types_have_two_columns_more),
        cmocka_unit_test(plain_texts_are_not_changed),
        cmocka_unit_test(characters_that_would_end_a_line_or_field_are_escaped),
        cmocka_unit_test(terminal_control_characters_are_escaped),
        cmocka_unit_test(names_are_escaped_like_texts),
        cmocka_unit_test(with_several_rooms_each_line_begins_with_the_room),
        cmocka_unit_test(printf_b_of_each_shell_restores_the_exact_text),
        cmocka_unit_test(texts_with_white_space_at_the_ends_survive_the_shell),
        cmocka_unit_test(a_message_is_one_line_of_four_fields),
    };
    return RUN(tests);
}
