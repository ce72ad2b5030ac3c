/* chat.c - see chat.h. */
#include "chat/chat.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/invisible.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t EACH_BYTE = 0x0101010101010101; /* times a byte: a word of eight such bytes */

static const char *const type_words[CHAT_TYPE__MAX] = {
    [CHAT_MESSAGE] = "message",
    [CHAT_EDIT] = "edit",
    [CHAT_DELETE] = "delete",
    [CHAT_NOTICE] = "notice",
};

const char *chat_type_word(enum chat_type type)
{
    return type >= CHAT_MESSAGE && type < CHAT_TYPE__MAX ? type_words[type] : "";
}

static const char *const role_words[CHAT_ROLE__MAX] = {
    [CHAT_NOBODY] = "nobody",       [CHAT_READER] = "reader", [CHAT_MEMBER] = "member",
    [CHAT_MODERATOR] = "moderator", [CHAT_OWNER] = "owner",
};

const char *chat_role_word(enum chat_role role)
{
    return role >= CHAT_NOBODY && role < CHAT_ROLE__MAX ? role_words[role] : "";
}

enum chat_role chat_role_of(const char *word)
{
    enum chat_role role = CHAT_NOBODY;
    while (role < CHAT_ROLE__MAX && strcmp(role_words[role], word) != 0) {
        role++;
    }
    return role;
}

void chat_draft_init(struct chat_draft *d)
{
    memset(d, 0, sizeof *d);
    d->type = CHAT_MESSAGE;
    memcpy(d->room, CHAT_ROOM_DEFAULT, sizeof CHAT_ROOM_DEFAULT);
    memcpy(d->name, CHAT_NAME_DEFAULT, sizeof CHAT_NAME_DEFAULT);
}

void chat_draft_fini(struct chat_draft *d)
{
    free(d->text);
    free(d->sender.fold);
    chat_draft_init(d);
}

void chat_message_fini(struct chat_message *m)
{
    free(m->name);
    memset(m, 0, sizeof *m);
}

/* Each byte of the result is 1 where that of `word` is 0, else 0. */
static uint64_t zero_bytes(uint64_t word)
{
    const uint64_t low = 0x7f * EACH_BYTE;
    return ~(((word & low) + low) | word | low) >> 7;
}

/* How much longer eight bytes of text become as JSON: 5 for a control character, 1 for a quote or a
 * backslash. */
static size_t growth_of_eight(const char *text)
{
    uint64_t word = 0;
    memcpy(&word, text, sizeof word);
    uint64_t growth = 5 * zero_bytes(word & (0xe0 * EACH_BYTE)) + zero_bytes(word ^ ('"' * EACH_BYTE)) +
                      zero_bytes(word ^ ('\\' * EACH_BYTE));
    return (size_t)((growth * EACH_BYTE) >> 56); /* the sum of its bytes, at most 40 */
}

size_t chat_text_weight(const char *text, size_t length)
{
    size_t weight = length;
    size_t at = 0;
    for (; length - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        weight += growth_of_eight(text + at);
    }
    for (; at < length; at++) {
        unsigned char c = (unsigned char)text[at];
        weight += c < 0x20 ? 5 : c == '"' || c == '\\';
    }
    return weight;
}

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool chat_room_valid(const char *room, size_t length)
{
    if (length == 0 || length > CHAT_ROOM_MAX || !is_lower_or_digit(room[0])) {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (!is_lower_or_digit(room[i]) && room[i] != '-' && room[i] != '_') {
            return false;
        }
    }
    return true;
}

int chat_set_room(struct chat_draft *d, const char *value, size_t length, struct err *e)
{
    if (!chat_room_valid(value, length)) {
        return err_field(
            e, ERR_INPUT, "room",
            "room must have 1 to 64 of the characters a-z, 0-9, '-' and '_', and begin with a letter or digit.");
    }
    memcpy(d->room, value, length);
    d->room[length] = '\0';
    return 0;
}

/* Does the character look blank? True for Unicode's White_Space and for characters that take no
 * room. A trimmed name must show something, or it would look like no name at all. */
static bool is_blank(uint32_t c)
{
    static const uint32_t others[] = {0x85,   0xA0,   0xAD,   0x34F,  0x61C,  0x115F, 0x1160, 0x1680, 0x17B4, 0x17B5,
                                      0x180E, 0x2028, 0x2029, 0x202F, 0x205F, 0x2800, 0x3000, 0x3164, 0xFEFF, 0xFFA0};
    if ((c >= 0x09 && c <= 0x0D) || c == 0x20 || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2060 && c <= 0x2064) ||
        (c >= 0x206A && c <= 0x206F)) {
        return true;
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (c == others[i]) {
            return true;
        }
    }
    return false;
}

/* Would the character break a line, move a terminal's cursor or turn the direction of the text
 * after it (Unicode Cc, Zl, Zp and the embeddings, overrides and isolates of UAX #9)? */
static bool is_forbidden_in_name(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* Finds the part of value without blanks at both ends. value must be UTF-8. */
static void trim(const char *value, size_t length, size_t *from, size_t *to)
{
    *from = length;
    *to = length;
    for (size_t at = 0, size = 0; at < length; at += size) {
        uint32_t c = 0;
        size = str_utf8_next(value + at, length - at, &c);
        if (!is_blank(c)) {
            if (*from == length) {
                *from = at;
            }
            *to = at + size;
        }
    }
}

/* Decodes a trimmed name. Returns the number of its characters, or CHAT_NAME_MAX + 1 if there are
 * more. */
static size_t points_of(const char *name, size_t length, uint32_t points[CHAT_NAME_MAX])
{
    size_t count = 0;
    for (size_t at = 0; at < length && count <= CHAT_NAME_MAX; count++) {
        uint32_t c = 0;
        at += str_utf8_next(name + at, length - at, &c);
        if (count < CHAT_NAME_MAX) {
            points[count] = c;
        }
    }
    return count;
}

static int check_points(const uint32_t *points, size_t count, struct err *e)
{
    bool shows = false;
    for (size_t i = 0; i < count && i < CHAT_NAME_MAX; i++) {
        if (is_forbidden_in_name(points[i])) {
            return err_field(e, ERR_INPUT, "name",
                             "name must not contain control characters or marks that change the direction of text.");
        }
        shows = shows || (!is_blank(points[i]) && !invisible_is(points[i]));
    }
    if (!shows || count > CHAT_NAME_MAX) {
        return err_field(e, ERR_INPUT, "name", "name must have 1 to %d visible characters.", CHAT_NAME_MAX);
    }
    size_t unseen = invisible_find(points, count);
    if (unseen < count) {
        return err_field(
            e, ERR_INPUT, "name",
            "name must not contain invisible characters, because it could look like another name: its character "
            "number %zu is U+%04X.",
            unseen + 1, (unsigned)points[unseen]);
    }
    return 0;
}

int chat_set_name(struct chat_draft *d, const char *value, size_t length, struct err *e)
{
    uint32_t points[CHAT_NAME_MAX];
    size_t from = 0;
    size_t to = 0;
    if (!str_utf8_valid(value, length, NULL)) {
        return err_field(e, ERR_INPUT, "name", "name must be valid UTF-8.");
    }
    trim(value, length, &from, &to);
    if (check_points(points, points_of(value + from, to - from, points), e) != 0) {
        return -1;
    }
    memcpy(d->name, value + from, to - from);
    d->name[to - from] = '\0';
    return 0;
}

int chat_set_id(struct chat_draft *d, const char *value, size_t length, struct err *e)
{
    bool good = length >= 1 && length <= CHAT_ID_MAX;
    for (size_t i = 0; good && i < length; i++) {
        char c = value[i];
        good = is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
    }
    if (!good) {
        return err_field(e, ERR_INPUT, "id", "id must have 1 to %d of the characters A-Z, a-z, 0-9, '.', '_' and '-'.",
                         CHAT_ID_MAX);
    }
    memcpy(d->id, value, length);
    d->id[length] = '\0';
    return 0;
}

int chat_set_reply_to(struct chat_draft *d, const char *value, size_t length, struct err *e)
{
    if (strlen(value) != length || str_u64(value, 1, CHAT_SEQ_MAX, &d->reply_to) != 0) {
        return err_field(e, ERR_INPUT, "reply_to", "reply_to must be the seq of a message: a whole number from 1.");
    }
    return 0;
}

int chat_set_type(struct chat_draft *d, const char *value, size_t length, struct err *e)
{
    for (enum chat_type type = CHAT_MESSAGE; type <= CHAT_DELETE; type++) {
        if (length == strlen(type_words[type]) && memcmp(value, type_words[type], length) == 0) {
            d->type = type;
            return 0;
        }
    }
    return err_field(e, ERR_INPUT, "type", "type must be message, edit or delete.");
}

int chat_set_target(struct chat_draft *d, const char *value, size_t length, struct err *e)
{
    if (strlen(value) != length || str_u64(value, 1, CHAT_SEQ_MAX, &d->target) != 0) {
        return err_field(e, ERR_INPUT, "target", "target must be the seq of a message: a whole number from 1.");
    }
    return 0;
}

int chat_text_check(const char *value, size_t length, size_t max_text, struct err *e)
{
    size_t bad_at = 0;
    if (length == 0) {
        return err_field(e, ERR_INPUT, "text", "text must not be empty.");
    }
    if (length > max_text) {
        return err_field(e, ERR_TOO_LARGE, "text", "text has %zu bytes; at most %zu are allowed (max_text).", length,
                         max_text);
    }
    if (memchr(value, '\0', length) != NULL) {
        return err_field(e, ERR_INPUT, "text", "text must not contain the character U+0000.");
    }
    if (!str_utf8_valid(value, length, &bad_at)) {
        return err_field(e, ERR_INPUT, "text", "text must be valid UTF-8; byte %zu (counted from 0) is not.", bad_at);
    }
    return 0;
}

void chat_text_take(struct chat_draft *d, char *value, size_t length)
{
    free(d->text);
    d->text = value;
    d->text_length = length;
}
