/* test_chat.c - chat.h: the values that the fields of a message may have, and what happens with
 * others. */
#include "support.h"

#include "base/ck.h"
#include "base/err.h"
#include "chat/chat.h"

typedef int setter(struct chat_draft *d, const char *value, size_t length, struct err *e);

/* Sets a field of a new draft from a heap block of the exact size, so that the address sanitizer
 * sees reads beyond it. */
static int set_in(struct chat_draft *d, setter *set, const char *value, size_t length, struct err *e)
{
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, value, length);
    copy[length] = '\0';
    chat_draft_init(d);
    int result = set(d, copy, length, e);
    free(copy);
    return result;
}

static void refused(setter *set, const char *field, const char *value, size_t length)
{
    struct err e = ERR_INIT;
    struct chat_draft d;
    struct chat_draft fresh;
    if (set_in(&d, set, value, length, &e) != -1) {
        fail_msg("%s of %zu bytes was taken: %s", field, length, value);
    }
    assert_int_equal(e.code, ERR_INPUT);
    assert_string_equal(e.field, field);
    assert_contains(e.text, field);
    chat_draft_init(&fresh);
    assert_memory_equal(&d, &fresh, sizeof d);
}

static void a_new_draft_is_from_a_guest_in_the_lobby(void **state)
{
    struct chat_draft d;
    (void)state;
    chat_draft_init(&d);
    assert_string_equal(d.room, "lobby");
    assert_string_equal(d.name, "guest");
    assert_string_equal(d.id, "");
    assert_int_equal(d.reply_to, 0);
    assert_null(d.text);
    chat_draft_fini(&d);
}

/* ---- room ---- */

static void rooms_have_1_to_64_characters_of_the_alphabet(void **state)
{
    static const char *const good[] = {"a", "0", "lobby", "a-b_c", "9lives", "a-", "a_", "a--b"};
    char longest[66];
    struct chat_draft d;
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(set_in(&d, chat_set_room, good[i], strlen(good[i]), NULL), 0);
        assert_string_equal(d.room, good[i]);
    }
    memset(longest, 'z', 65);
    longest[65] = '\0';
    assert_int_equal(set_in(&d, chat_set_room, longest, 64, NULL), 0);
    assert_int_equal(strlen(d.room), 64);
    refused(chat_set_room, "room", longest, 65);
}

static void other_rooms_are_refused(void **state)
{
    static const char *const bad[] = {"",    "-a", "_a",       "A",     "aB",          "a b",
                                      " a",  "a ", "a.b",      "a/b",   "../x",        "a:1",
                                      "a\n", "a%", "\xc3\xa4", "a\xff", "caf\xc3\xa9", "a\xe2\x80\x8b"};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        refused(chat_set_room, "room", bad[i], strlen(bad[i]));
    }
    refused(chat_set_room, "room", "a\0b", 3);
    refused(chat_set_room, "room", "a\0", 2);
    refused(chat_set_room, "room", "\0", 1);
}

static void each_byte_is_checked_against_the_room_alphabet(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char first[1] = {(char)c};
        char second[2] = {'a', (char)c};
        bool lower = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        assert_int_equal(chat_room_valid(first, 1), lower);
        assert_int_equal(chat_room_valid(second, 2), lower || c == '-' || c == '_');
    }
}

/* ---- name ---- */

static void name_becomes(const char *value, const char *expected)
{
    struct chat_draft d;
    struct err e = ERR_INIT;
    if (set_in(&d, chat_set_name, value, strlen(value), &e) != 0) {
        fail_msg("name '%s' was refused: %s", value, e.text);
    }
    assert_string_equal(d.name, expected);
}

static void names_are_trimmed_and_otherwise_unchanged(void **state)
{
    (void)state;
    name_becomes("ann", "ann");
    name_becomes("  ann\t", "ann");
    name_becomes("\r\n ann \r\n", "ann");
    name_becomes("\xc2\xa0"
                 "ann\xe3\x80\x80",
                 "ann"); /* no-break space, ideographic space */
    name_becomes("\xe2\x80\x8b"
                 "ann\xef\xbb\xbf",
                 "ann"); /* zero width space, byte order mark */
    name_becomes("Ann  Lee", "Ann  Lee");
    name_becomes("<b>&amp;'\"", "<b>&amp;'\"");
    name_becomes("\xd8\xb9\xd9\x84\xd9\x8a", "\xd8\xb9\xd9\x84\xd9\x8a"); /* Arabic without marks */
    name_becomes("e\xcc\x81", "e\xcc\x81");                               /* a combining accent is not normalised */
    /* A heart with its variation selector. */
    name_becomes("\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4\xef\xb8\x8f");
    name_becomes("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
                 "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"); /* a joiner */
}

static void names_have_1_to_64_characters_whatever_their_bytes(void **state)
{
    static const char *const letters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    (void)state;
    for (size_t i = 0; i < COUNT(letters); i++) {
        char text[65 * 4 + 1] = "";
        struct chat_draft d;
        for (int n = 0; n < 64; n++) {
            strcat(text, letters[i]);
        }
        assert_int_equal(set_in(&d, chat_set_name, text, strlen(text), NULL), 0);
        assert_string_equal(d.name, text);
        strcat(text, letters[i]);
        refused(chat_set_name, "name", text, strlen(text));
    }
}

static void white_space_around_a_name_is_not_counted(void **state)
{
    char text[1000];
    char expected[65];
    (void)state;
    memset(text, ' ', sizeof text);
    memset(text + 400, 'a', 64);
    text[sizeof text - 1] = '\0';
    memset(expected, 'a', 64);
    expected[64] = '\0';
    name_becomes(text, expected);
}

static void names_without_a_visible_character_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "\t\r\n",
        "\xc2\xa0",
        "\xe2\x80\x8b\xe2\x80\x8d",
        "\xef\xbb\xbf",
        "\xe3\x85\xa4",
        "\xe2\xa0\x80",
        "\xef\xb8\x8f",                     /* a variation selector alone */
        "\xf3\xa0\x81\xa1\xf3\xa0\x81\xa2", /* tags */
        "\xf3\xa0\x84\x80",                 /* another variation selector */
        "\xe1\xa0\x8b",                     /* Mongolian one */
        "\xef\xb8\x8f\xe2\x80\x8b\xef\xb8\x8f",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        refused(chat_set_name, "name", bad[i], strlen(bad[i]));
    }
}

struct range {
    uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* Sources: Unicode 15, PropList.txt and DerivedCoreProperties.txt. */
static const struct range white_space[] = {{0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},
                                           {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F},
                                           {0x205F, 0x205F}, {0x3000, 0x3000}};
static const struct range default_ignorable[] = {
    {0xAD, 0xAD},     {0x34F, 0x34F},   {0x61C, 0x61C},     {0x115F, 0x1160},   {0x17B4, 0x17B5},  {0x180B, 0x180F},
    {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F},   {0x3164, 0x3164},   {0xFE00, 0xFE0F},  {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};
static const struct range breaks_or_turns[] = {
    {0x00, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x2029}, {0x202A, 0x202E}, {0x2066, 0x2069}};
static const struct range drawn_as_nothing[] = {
    {0x2800, 0x2800}, {0xFFF9, 0xFFFC}, {0x13430, 0x1343F}, {0x16FE4, 0x16FE4}, {0x1D159, 0x1D159}};
static const struct range thin_spaces[] = {{0x2005, 0x200A}, {0x202F, 0x202F}, {0x205F, 0x205F}};

static size_t encode(uint32_t c, char *out)
{
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size; i > 1; i--, c >>= 6) {
        out[i - 1] = (char)(0x80U | (c & 0x3FU));
    }
    out[0] = (char)(lead[size] | c);
    return size;
}

/* Each code point alone, at both ends and in the middle of a name. */
static void each_code_point_is_allowed_or_refused_as_unicode_says(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c += c == 0xD7FF ? 0x801 : 1) {
        char text[12] = "a";
        struct chat_draft d;
        bool white = is_in(white_space, COUNT(white_space), c);
        bool bad = is_in(breaks_or_turns, COUNT(breaks_or_turns), c);
        bool unseen = is_in(default_ignorable, COUNT(default_ignorable), c) ||
                      is_in(drawn_as_nothing, COUNT(drawn_as_nothing), c);
        bool shows = !white && !bad && !unseen;
        bool refused_inside = bad || unseen || is_in(thin_spaces, COUNT(thin_spaces), c);
        size_t size = encode(c, text + 1);
        text[1 + size] = 'b';
        text[2 + size] = '\0';
        chat_draft_init(&d);
        bool alone = chat_set_name(&d, text + 1, size, NULL) == 0;
        bool inside = chat_set_name(&d, text, size + 2, NULL) == 0;
        bool inside_kept = inside && strcmp(d.name, text) == 0;
        bool in_front = chat_set_name(&d, text + 1, size + 1, NULL) == 0;
        bool in_front_kept = in_front && strcmp(d.name, text + 1) == 0;
        bool in_front_trimmed = in_front && strcmp(d.name, "b") == 0;
        bool behind = chat_set_name(&d, text, size + 1, NULL) == 0;
        bool behind_trimmed = behind && strcmp(d.name, "a") == 0;
        if (alone != shows || inside_kept == refused_inside || inside == refused_inside ||
            (white && !(in_front_trimmed && behind_trimmed)) || (shows && !(in_front_kept && behind)) ||
            (!shows && in_front_kept) || (in_front && !in_front_kept && !in_front_trimmed) || behind != in_front) {
            fail_msg("U+%04X: alone %d, inside %d, in front %d %d, behind %d %d", c, alone, inside, in_front,
                     in_front_trimmed, behind, behind_trimmed);
        }
    }
}

static void the_error_names_the_invisible_character(void **state)
{
    struct chat_draft d;
    struct err e = ERR_INIT;
    (void)state;
    chat_draft_init(&d);
    assert_int_equal(set_in(&d, chat_set_name, " an\xe2\x80\x8bn", strlen(" an\xe2\x80\x8bn"), &e), -1);
    assert_string_equal(e.field, "name");
    assert_contains(e.text, "its character number 3 is U+200B");
}

static void names_keep_invisible_characters_that_shape_visible_ones(void **state)
{
    static const char *const good[] = {
        "\xe2\x9d\xa4\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x94\xa5",             /* a heart on fire */
        "1\xef\xb8\x8f\xe2\x83\xa3",                                        /* a keycap */
        "\xf0\x9f\x91\xa9\xf0\x9f\x8f\xbd\xe2\x80\x8d\xf0\x9f\x9a\x80 ann", /* with a tone of skin */
        "\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xa5\xf3\xa0\x81\xae\xf3\xa0\x81\xa7\xf3\xa0\x81\xbf", /* England */
        "\xd9\x86\xdb\x8c\xd9\x85\xe2\x80\x8c\xd9\x81\xd8\xa7\xd8\xb5\xd9\x84\xd9\x87", /* Persian */
        "\xe0\xb7\x81\xe0\xb7\x8a\xe2\x80\x8d\xe0\xb6\xbb\xe0\xb7\x93",                 /* Sinhala: Sri */
        "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8c\xe0\xa4\xb7",                             /* Hindi */
    };
    static const char *const bad[] = {
        "x\xe2\x80\x8dy",  /* a joiner between letters */
        "an\xef\xb8\x8fn", /* a style of a letter */
        "ann\xef\xb8\x8f",
        "\xd8\xa7\xe2\x80\x8c\xd8\xa8",         /* alef does not join the next letter */
        "\xe0\xa4\x95\xe2\x80\x8d\xe0\xa4\xb7", /* without a virama */
        "ann\xf3\xa0\x81\xa7\xf3\xa0\x81\xbf",  /* tags without a flag */
        "\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7",     /* tags of an incomplete flag */
        "\xe2\x9d\xa4\xef\xb8\x8f\xef\xb8\x8f", /* two variation selectors */
        "\xf0\x9f\x99\x82\xe2\x80\x8d\xe2\x80\x8d\xf0\x9f\x99\x82",
        "\xe3\x85\xa4nn\xe2\xa0\x80x",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        name_becomes(good[i], good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        refused(chat_set_name, "name", bad[i], strlen(bad[i]));
    }
}

static void names_with_line_breaks_or_bidirectional_controls_are_refused(void **state)
{
    (void)state;
    for (uint32_t c = 1; c < 0xA0; c++) { /* C0, DEL and C1 in the middle */
        char text[8] = "a";
        size_t at = 1;
        if (c < 0x80) {
            text[at++] = (char)c;
        } else {
            text[at++] = (char)0xC2;
            text[at++] = (char)c;
        }
        text[at++] = 'b';
        if (c < 0x20 || c >= 0x7F) {
            refused(chat_set_name, "name", text, at);
        } else {
            name_becomes(text, text);
        }
    }
    for (unsigned last = 0xA8; last <= 0xAE; last++) { /* U+2028 .. U+202E */
        char text[6] = {'a', (char)0xE2, (char)0x80, (char)last, 'b', '\0'};
        refused(chat_set_name, "name", text, 5);
    }
    for (unsigned last = 0xA6; last <= 0xA9; last++) { /* U+2066 .. U+2069 */
        char text[6] = {'a', (char)0xE2, (char)0x81, (char)last, 'b', '\0'};
        refused(chat_set_name, "name", text, 5);
        /* At the ends they do not count as white space. */
        refused(chat_set_name, "name", text + 1, 3);
    }
}

static void names_that_are_not_utf8_or_contain_nul_are_refused(void **state)
{
    (void)state;
    refused(chat_set_name, "name", "a\0b", 3);
    refused(chat_set_name, "name", "\0", 1);
    refused(chat_set_name, "name", "ann\0", 4);
    refused(chat_set_name, "name", "\xff", 1);
    refused(chat_set_name, "name", "an\xc3", 3);
    refused(chat_set_name, "name", "\xc0\xa0", 2);
    refused(chat_set_name, "name", "\xed\xa0\xbd\xed\xb8\x80", 6);
}

/* ---- id, reply_to ---- */

static void ids_have_1_to_64_characters_of_the_alphabet(void **state)
{
    char longest[66];
    struct chat_draft d;
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[2] = {(char)c, '\0'};
        bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                       c == '_' || c == '-';
        if (allowed) {
            assert_int_equal(set_in(&d, chat_set_id, text, 1, NULL), 0);
            assert_string_equal(d.id, text);
        } else {
            refused(chat_set_id, "id", text, 1);
        }
    }
    memset(longest, 'i', 65);
    longest[65] = '\0';
    assert_int_equal(set_in(&d, chat_set_id, longest, 64, NULL), 0);
    refused(chat_set_id, "id", longest, 65);
    refused(chat_set_id, "id", "", 0);
    refused(chat_set_id, "id", "a\0b", 3);
}

static void check_seq(const char *field,
                      int (*set)(struct chat_draft *d, const char *value, size_t length, struct err *e), size_t offset)
{
    static const char *const bad[] = {"", "0", "-1", "+1", "1.0", " 1", "9223372036854775808", "18446744073709551617",
                                      "x"};
    struct chat_draft d;
    uint64_t seq = 0;
    assert_int_equal(set_in(&d, set, "1", 1, NULL), 0);
    memcpy(&seq, (const char *)&d + offset, sizeof seq);
    assert_int_equal(seq, 1);
    assert_int_equal(set_in(&d, set, "9223372036854775807", 19, NULL), 0);
    memcpy(&seq, (const char *)&d + offset, sizeof seq);
    assert_int_equal(seq, INT64_MAX);
    for (size_t i = 0; i < COUNT(bad); i++) {
        refused(set, field, bad[i], strlen(bad[i]));
    }
    refused(set, field, "1\0", 2);
}

static void reply_to_and_target_are_seqs(void **state)
{
    (void)state;
    check_seq("reply_to", chat_set_reply_to, offsetof(struct chat_draft, reply_to));
    check_seq("target", chat_set_target, offsetof(struct chat_draft, target));
}

static void a_message_an_edit_or_a_delete_can_be_sent(void **state)
{
    static const char *const bad[] = {"", "notice", "Message", "messages", "edi", "4"};
    struct chat_draft d;
    (void)state;
    for (enum chat_type type = CHAT_MESSAGE; type <= CHAT_DELETE; type++) {
        assert_int_equal(set_in(&d, chat_set_type, chat_type_word(type), strlen(chat_type_word(type)), NULL), 0);
        assert_int_equal(d.type, type);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        refused(chat_set_type, "type", bad[i], strlen(bad[i]));
    }
    refused(chat_set_type, "type", "edit\0", 5);
}

/* ---- text ---- */

static int take(struct chat_draft *d, const char *value, size_t length, size_t max_text, struct err *e)
{
    int result = chat_text_check(value, length, max_text, e);
    if (result == 0) {
        chat_text_take(d, ck_memdup0(value, length), length);
    }
    return result;
}

static void texts_are_kept_byte_for_byte(void **state)
{
    static const char *const texts[] = {"a",           " ",
                                        "\n",          "  a \r\n",
                                        "\x01\x1b[2J", "\xe2\x80\xae",
                                        "<script>",    "\xef\xbb\xbf",
                                        "e\xcc\x81",   "\xf4\x8f\xbf\xbf"};
    struct chat_draft d;
    (void)state;
    chat_draft_init(&d);
    for (size_t i = 0; i < COUNT(texts); i++) { /* a new text frees the previous one */
        assert_int_equal(take(&d, texts[i], strlen(texts[i]), 100, NULL), 0);
        assert_string_equal(d.text, texts[i]);
        assert_int_equal(d.text_length, strlen(texts[i]));
    }
    chat_draft_fini(&d);
    assert_null(d.text);
}

static void texts_have_1_to_max_text_bytes(void **state)
{
    struct chat_draft d;
    struct err e = ERR_INIT;
    (void)state;
    chat_draft_init(&d);
    assert_int_equal(take(&d, "x", 1, 1, NULL), 0);
    assert_int_equal(take(&d, "1234", 4, 4, NULL), 0);
    assert_int_equal(take(&d, "", 0, 4, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    err_clear(&e);
    assert_int_equal(take(&d, "12345", 5, 4, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_string_equal(e.field, "text");
    assert_contains(e.text, "5 bytes");
    assert_contains(e.text, "at most 4");
    assert_string_equal(d.text, "1234"); /* a failure changes nothing */
    chat_draft_fini(&d);
}

static void texts_with_nul_or_invalid_utf8_are_refused_with_the_position(void **state)
{
    struct chat_draft d;
    struct err e = ERR_INIT;
    (void)state;
    chat_draft_init(&d);
    assert_int_equal(take(&d, "a\0b", 3, 100, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_contains(e.text, "U+0000");
    err_clear(&e);
    assert_int_equal(take(&d, "abc\xed\xa0\x80", 6, 100, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_string_equal(e.field, "text");
    assert_contains(e.text, "byte 3 ");
    assert_null(d.text);
    chat_draft_fini(&d);
}

/* ---- the rest ---- */

static void a_message_is_empty_after_fini(void **state)
{
    struct chat_message m = {.seq = 1, .name = strdup("ann"), .text_length = 3};
    (void)state;
    m.text = m.name;
    chat_message_fini(&m);
    assert_null(m.text);
    assert_int_equal(m.seq, 0);
    chat_message_fini(&m); /* twice is harmless */
}

static void each_type_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(chat_type_word(CHAT_MESSAGE), "message");
    assert_string_equal(chat_type_word(CHAT_EDIT), "edit");
    assert_string_equal(chat_type_word(CHAT_DELETE), "delete");
    assert_string_equal(chat_type_word(CHAT_NOTICE), "notice");
    assert_string_equal(chat_type_word((enum chat_type)0), "");
    assert_string_equal(chat_type_word(CHAT_TYPE__MAX), "");
    assert_int_equal(CHAT_MESSAGE, 1); /* stored in databases, so these numbers never change */
    assert_int_equal(CHAT_NOTICE, 4);
}

static void random_ids_are_valid_ids_and_differ(void **state)
{
    enum { IDS = 2000 };
    static char ids[IDS][CHAT_EPOCH_SIZE];
    unsigned seen[128] = {0};
    (void)state;
    for (int i = 0; i < IDS; i++) {
        struct chat_draft d;
        random_id(ids[i]);
        assert_int_equal(strlen(ids[i]), 22);
        assert_int_equal(set_in(&d, chat_set_id, ids[i], 22, NULL), 0);
        for (int c = 0; c < 22; c++) {
            seen[(unsigned char)ids[i][c]]++;
        }
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(ids[i], ids[j]);
        }
    }
    /* 44,000 characters of 64 kinds: 688 of each on average; 530 and 846 are six standard
     * deviations away. */
    for (int c = 0; c < 128; c++) {
        if (isalnum(c) || c == '-' || c == '_') {
            assert_true(seen[c] > 530 && seen[c] < 846);
        }
    }
}

static void the_length_of_a_text_as_json_is_computed_exactly(void **state)
{
    (void)state;
    assert_int_equal(chat_text_weight("", 0), 0);
    assert_int_equal(chat_text_weight("hi \xC3\xA4", 5), 5);
    assert_int_equal(chat_text_weight("\"\\", 2), 4);
    assert_int_equal(chat_text_weight("\x01\x1F\n", 3), 18);
    for (int byte = 0; byte < 256; byte++) { /* whatever its position is */
        size_t grown = byte < 0x20 ? 5 : byte == '"' || byte == '\\';
        for (size_t at = 0; at < 19; at++) {
            char text[20] = "\x7F\x80\xFF!#[] ~\x7F\x80\xFF!#[] ~x";
            text[at] = (char)byte;
            assert_int_equal(chat_text_weight(text, 19), 19 + grown);
        }
    }
    assert_int_equal(chat_text_weight("\x01\x1F\n\"\\\"\"\t\x01\x01\x01\x01\x01\x01\x01\x01!", 17),
                     17 + 4 * 5 + 4 + 8 * 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_draft_is_from_a_guest_in_the_lobby),
        cmocka_unit_test(rooms_have_1_to_64_characters_of_the_alphabet),
        cmocka_unit_test(other_rooms_are_refused),
        cmocka_unit_test(each_byte_is_checked_against_the_room_alphabet),
        cmocka_unit_test(names_are_trimmed_and_otherwise_unchanged),
        cmocka_unit_test(names_have_1_to_64_characters_whatever_their_bytes),
        cmocka_unit_test(white_space_around_a_name_is_not_counted),
        cmocka_unit_test(names_without_a_visible_character_are_refused),
        cmocka_unit_test(each_code_point_is_allowed_or_refused_as_unicode_says),
        cmocka_unit_test(the_error_names_the_invisible_character),
        cmocka_unit_test(names_keep_invisible_characters_that_shape_visible_ones),
        cmocka_unit_test(names_with_line_breaks_or_bidirectional_controls_are_refused),
        cmocka_unit_test(names_that_are_not_utf8_or_contain_nul_are_refused),
        cmocka_unit_test(ids_have_1_to_64_characters_of_the_alphabet),
        cmocka_unit_test(reply_to_and_target_are_seqs),
        cmocka_unit_test(a_message_an_edit_or_a_delete_can_be_sent),
        cmocka_unit_test(texts_are_kept_byte_for_byte),
        cmocka_unit_test(texts_have_1_to_max_text_bytes),
        cmocka_unit_test(texts_with_nul_or_invalid_utf8_are_refused_with_the_position),
        cmocka_unit_test(a_message_is_empty_after_fini),
        cmocka_unit_test(each_type_has_its_name),
        cmocka_unit_test(the_length_of_a_text_as_json_is_computed_exactly),
        cmocka_unit_test(random_ids_are_valid_ids_and_differ),
    };
    return RUN(tests);
}
