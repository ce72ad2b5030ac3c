/* name.c - see name.h. */
#include "peace/name.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/invisible.h"
#include "base/str.h"
#include "peace/forms.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Characters of a form: each has at least one byte of it, and decomposed it may be longer. */
enum { POINTS_MAX = 2 * NAME_FORM_MAX };

struct points {
    uint32_t at[POINTS_MAX];
    size_t count;
};

static void add(struct points *p, uint32_t c)
{
    if (p->count < POINTS_MAX) {
        p->at[p->count++] = c;
    }
}

/* ---- the fold ------------------------------------------------------------------------------- */

/* Makes one space of each run of white space, and none at the ends. */
static void collapse_spaces(struct points *p)
{
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++) {
        bool is_space = forms_kind_of(p->at[i]) == FORMS_SPACE;
        if (!is_space) {
            p->at[count++] = p->at[i];
        } else if (count > 0 && p->at[count - 1] != ' ') {
            p->at[count++] = ' ';
        }
    }
    p->count = count > 0 && p->at[count - 1] == ' ' ? count - 1 : count;
}

/* ---- the look ------------------------------------------------------------------------------- */

/* A digit or sign that is read as a letter when a letter follows it; 0: none. */
static uint32_t read_as(uint32_t c)
{
    static const char pairs[] = "2z3e4a5s6b7t8b9g!l@a$s";
    for (size_t i = 0; pairs[i] != '\0'; i += 2) {
        if ((uint32_t)pairs[i] == c) {
            return (uint32_t)pairs[i + 1];
        }
    }
    return 0;
}

/* Does the character count, behind the character `before`? */
static bool counts(uint32_t c, uint32_t before)
{
    switch (forms_kind_of(c)) {
    case FORMS_SPACE:
    case FORMS_SIGN:
    case FORMS_NOTHING:
        return false;
    case FORMS_MARK:
        return !forms_is_accent(c, before);
    default:
        return c != 0x640; /* the Arabic tatweel only makes a word longer */
    }
}

/* Writes what a character looks like in front of `next`. */
static size_t look_of_one(uint32_t c, uint32_t next, uint32_t seen[FORMS_LOOK_MAX])
{
    size_t count = forms_look(c, seen);
    uint32_t letter = count == 1 && forms_kind_of(next) == FORMS_LETTER ? read_as(seen[0]) : 0;
    if (letter != 0) {
        return forms_look(letter, seen);
    }
    if (count == 1 && forms_kind_of(c) == FORMS_LETTER && forms_kind_of(seen[0]) == FORMS_SIGN) {
        seen[0] = c; /* a letter counts even if it looks like a sign, as the Hebrew yod does */
    }
    return count;
}

static void look_of(const struct points *written, struct points *look)
{
    look->count = 0;
    for (size_t i = 0; i < written->count; i++) {
        uint32_t seen[FORMS_LOOK_MAX];
        size_t count = look_of_one(written->at[i], i + 1 < written->count ? written->at[i + 1] : 0, seen);
        for (size_t j = 0; j < count; j++) {
            uint32_t before = look->count > 0 ? look->at[look->count - 1] : 0;
            if (seen[j] == 'v' && before == 'v') {
                look->at[look->count - 1] = 'w';
            } else if (counts(seen[j], before)) {
                add(look, seen[j] == 'i' ? 'l' : seen[j]);
            }
        }
    }
    look->count = forms_recompose(look->at, look->count);
}

/* ---- odd alphabets -------------------------------------------------------------------------- */

/* Alphabets that share shapes. FAR ones have no capitals and share few shapes, so only a word that
 * mixes them with others is odd. NONE may stand beside Latin letters in a word: ideographs, kana
 * and Hangul, as in Japanese. OTHER: Coptic, Georgian, Canadian syllables, runes, Glagolitic,
 * Tifinagh, Lisu, ancient alphabets, Osage, Warang Citi, Miao. FAR: Hebrew to Myanmar, Ethiopic,
 * Tagalog to Ol Chiki. */
enum alphabet { NONE = 0, LATIN = 1, GREEK = 2, CYRILLIC = 4, ARMENIAN = 8, CHEROKEE = 16, OTHER = 32, FAR = 64 };

static enum alphabet alphabet_of(uint32_t c)
{
    static const struct {
        uint32_t first;
        uint32_t last;
        enum alphabet alphabet;
    } ranges[] = {
        {'A', 'Z', LATIN},          {'a', 'z', LATIN},          {0xC0, 0x24F, LATIN},       {0x250, 0x2AF, LATIN},
        {0x370, 0x3E1, GREEK},      {0x3E2, 0x3EF, OTHER},      {0x3F0, 0x3FF, GREEK},      {0x400, 0x52F, CYRILLIC},
        {0x531, 0x58F, ARMENIAN},   {0x590, 0x109F, FAR},       {0x10A0, 0x10FF, OTHER},    {0x1200, 0x139F, FAR},
        {0x13A0, 0x13FD, CHEROKEE}, {0x1400, 0x167F, OTHER},    {0x16A0, 0x16F8, OTHER},    {0x1700, 0x1C7F, FAR},
        {0x1C80, 0x1C8F, CYRILLIC}, {0x1D00, 0x1D25, LATIN},    {0x1E00, 0x1EFF, LATIN},    {0x1F00, 0x1FFF, GREEK},
        {0x2C00, 0x2C5F, OTHER},    {0x2C60, 0x2C7F, LATIN},    {0x2C80, 0x2CFF, OTHER},    {0x2D30, 0x2D6F, OTHER},
        {0x2DE0, 0x2DFF, CYRILLIC}, {0xA4D0, 0xA4FF, OTHER},    {0xA640, 0xA69F, CYRILLIC}, {0xA720, 0xA7FF, LATIN},
        {0xAB30, 0xAB6F, LATIN},    {0xAB70, 0xABBF, CHEROKEE}, {0x10280, 0x1044F, OTHER},  {0x104B0, 0x104FF, OTHER},
        {0x118A0, 0x118FF, OTHER},  {0x16F00, 0x16F9F, OTHER}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return ranges[i].alphabet;
        }
    }
    return NONE;
}

/* Does the character, which is no Latin letter, look exactly like a Latin letter? */
static bool looks_latin(uint32_t c)
{
    uint32_t seen[FORMS_LOOK_MAX];
    size_t count = forms_look(c, seen);
    for (size_t i = 0; i < count; i++) {
        if (seen[i] < 'a' || seen[i] > 'z') {
            return false;
        }
    }
    return count > 0;
}

static bool is_odd(const struct points *written)
{
    unsigned in_word = 0;
    size_t letters = 0;
    size_t capitals = 0; /* of another alphabet, which look like Latin ones */
    for (size_t i = 0; i < written->count; i++) {
        uint32_t c = written->at[i];
        enum forms_kind kind = forms_kind_of(c);
        enum alphabet alphabet = alphabet_of(c);
        in_word = kind == FORMS_SPACE || kind == FORMS_SIGN ? 0 : in_word | alphabet;
        if ((in_word & (in_word - 1)) != 0) {
            return true;
        }
        if (kind == FORMS_LETTER) {
            letters++;
            capitals += alphabet > LATIN && alphabet < FAR && (forms_is_capital(c) || alphabet >= CHEROKEE) &&
                        looks_latin(c);
        }
    }
    return letters > 1 && capitals == letters;
}

/* ---- the interface -------------------------------------------------------------------------- */

static int refuse(struct err *e, const char *why)
{
    return err_field(e, ERR_INPUT, "name", "%s", why);
}

int name_forms_of(const char *name, struct name_forms *out, struct err *e)
{
    struct points written;
    struct points form;
    size_t length = strlen(name);
    if (length > CHAT_NAME_BYTES_MAX || !str_utf8_valid(name, length, NULL)) {
        return refuse(e, "name must be valid UTF-8, and not longer than a name may be.");
    }
    written.count = forms_compose(name, length, written.at, POINTS_MAX);
    form.count = forms_fold(name, length, form.at, POINTS_MAX);
    if (written.count > POINTS_MAX || form.count > POINTS_MAX) {
        return refuse(e, "name stands for too many characters; use a shorter one.");
    }
    collapse_spaces(&form);
    if (form.count == 0) {
        return refuse(e, "name must have visible characters.");
    }
    out->is_odd = is_odd(&written);
    bool fits = forms_write(form.at, form.count, out->fold, sizeof out->fold) < sizeof out->fold;
    struct points look;
    look_of(&written, &look);
    if (look.count == 0) { /* only punctuation: it looks as it is */
        look = form;
    }
    fits = forms_write(look.at, look.count, out->look, sizeof out->look) < sizeof out->look && fits;
    return fits && look.count < POINTS_MAX ? 0 : refuse(e, "name stands for too many characters; use a shorter one.");
}

bool name_is_common(const char *fold)
{
    static const char *const common[] = {CHAT_NAME_DEFAULT,
                                         "anonymous",
                                         "anon",
                                         "nobody",
                                         "user",
                                         "visitor",
                                         "gast",
                                         "anonym",
                                         "invité",
                                         "anonyme",
                                         "invitado",
                                         "anónimo",
                                         "ospite",
                                         "anonimo",
                                         "convidado",
                                         "gość",
                                         "гость",
                                         "гість",
                                         "ゲスト",
                                         "名無し",
                                         "名無しさん",
                                         "访客",
                                         "游客",
                                         "匿名",
                                         "訪客",
                                         "손님",
                                         "익명",
                                         "ضيف",
                                         "זר",
                                         "אורח",
                                         "अतिथि"};
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        if (strcmp(fold, common[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Splits "ann 7" into the length of "ann" and 7; another name has the number 1. */
static size_t stem_of(const char *name, unsigned *number)
{
    size_t length = strlen(name);
    size_t digits = 0;
    uint64_t value = 0;
    while (digits < length && name[length - digits - 1] >= '0' && name[length - digits - 1] <= '9') {
        digits++;
    }
    *number = 1;
    if (digits > 0 && digits <= 3 && length > digits + 1 && name[length - digits - 1] == ' ' &&
        str_u64(name + length - digits, 1, 999, &value) == 0) {
        *number = (unsigned)value;
        return length - digits - 1;
    }
    return length;
}

static size_t decode(const char *bytes, size_t length, uint32_t points[CHAT_NAME_MAX])
{
    size_t count = 0;
    for (size_t at = 0, size = 1; at < length && size > 0 && count < CHAT_NAME_MAX; at += size) {
        size = str_utf8_next(bytes + at, length - at, &points[count]);
        count += size > 0;
    }
    return count;
}

void name_suggest(const char *name, unsigned n, char out[CHAT_NAME_BYTES_MAX + 1])
{
    uint32_t points[CHAT_NAME_MAX];
    char tail[16];
    unsigned number = 1;
    CK(n < NAME_SUGGEST_MAX);
    size_t count = decode(name, stem_of(name, &number), points);
    size_t extra = (size_t)snprintf(tail, sizeof tail, " %u", number + n + 1);
    if (count + extra > CHAT_NAME_MAX) {
        count = forms_cut(points, count, CHAT_NAME_MAX - extra);
    }
    while (count > 0 && (forms_kind_of(points[count - 1]) == FORMS_SPACE || invisible_is(points[count - 1]))) {
        count--;
    }
    size_t length = forms_write(points, count, out, CHAT_NAME_BYTES_MAX + 1 - extra);
    if (count == 0 || length > CHAT_NAME_BYTES_MAX - extra) {
        length = strlen(CHAT_NAME_DEFAULT);
        memcpy(out, CHAT_NAME_DEFAULT, length);
    }
    memcpy(out + length, tail, extra + 1);
}
