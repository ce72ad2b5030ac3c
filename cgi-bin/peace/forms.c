/* forms.c - see forms.h. */
#include "peace/forms.h"

#include "base/ck.h"
#include "base/invisible.h"
#include "peace/confusables.h"

#include <string.h>
#include <utf8proc.h>

/* A look is looked up again after folding, a few times at most; a test asks for all characters. */
enum { DEPTH_MAX = 8 };

static const utf8proc_option_t FOLD = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                      UTF8PROC_IGNORE;
static const utf8proc_option_t DECOMPOSE = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE;
static const utf8proc_option_t COMPOSE = UTF8PROC_STABLE | UTF8PROC_COMPOSE;

enum forms_kind forms_kind_of(uint32_t c)
{
    if (invisible_is(c)) {
        return FORMS_NOTHING;
    }
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return FORMS_DIGIT;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
        return FORMS_MARK;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return FORMS_SPACE;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
        return FORMS_SIGN;
    case UTF8PROC_CATEGORY_SO:
        return FORMS_PICTURE;
    case UTF8PROC_CATEGORY_CC:
        return (c >= 0x09 && c <= 0x0D) || c == 0x85 ? FORMS_SPACE : FORMS_NOTHING;
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CS:
        return FORMS_NOTHING;
    default:
        return FORMS_LETTER;
    }
}

bool forms_is_capital(uint32_t c)
{
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LU;
}

/* Decomposes, composes again and drops what draws nothing. */
static size_t transform(const char *text, size_t length, uint32_t *out, size_t capacity, utf8proc_option_t options)
{
    utf8proc_int32_t *points = (utf8proc_int32_t *)out;
    utf8proc_ssize_t got = utf8proc_decompose((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, points,
                                              (utf8proc_ssize_t)capacity, options);
    size_t count = 0;
    if (got < 0 || (size_t)got > capacity) {
        return capacity + 1;
    }
    for (size_t i = 0; i < (size_t)got; i++) {
        if (!invisible_is(out[i])) {
            out[count++] = out[i];
        }
    }
    return forms_recompose(out, count);
}

size_t forms_fold(const char *text, size_t length, uint32_t *out, size_t capacity)
{
    return transform(text, length, out, capacity, FOLD);
}

size_t forms_compose(const char *text, size_t length, uint32_t *out, size_t capacity)
{
    return transform(text, length, out, capacity, DECOMPOSE);
}

size_t forms_recompose(uint32_t *points, size_t count)
{
    utf8proc_ssize_t left = utf8proc_normalize_utf32((utf8proc_int32_t *)points, (utf8proc_ssize_t)count, COMPOSE);
    CK(left >= 0 && (size_t)left <= count);
    return (size_t)left;
}

/* Writes the prototype of c by the table of look-alikes. Returns 0 if it isn't there. */
static size_t look_up(uint32_t c, uint32_t out[FORMS_LOOK_MAX])
{
    size_t from = 0;
    size_t to = confusables_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (confusables_pairs[middle].from < c) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    if (from == confusables_count || confusables_pairs[from].from != c) {
        return 0;
    }
    out[0] = confusables_pairs[from].to;
    if (!CONFUSABLES_IS_SEVERAL(out[0])) {
        return 1;
    }
    size_t count = CONFUSABLES_COUNT_OF(out[0]);
    CK(count <= FORMS_LOOK_MAX);
    memcpy(out, confusables_pool + CONFUSABLES_PLACE_OF(confusables_pairs[from].to), count * sizeof out[0]);
    return count;
}

static bool is_hangul(uint32_t c)
{
    return c >= 0xAC00 && c <= 0xD7A3;
}

static size_t decompose(uint32_t c, uint32_t out[FORMS_LOOK_MAX], utf8proc_option_t options)
{
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)c, (utf8proc_int32_t *)out, FORMS_LOOK_MAX,
                                                     options, &boundary);
    CK(count >= 0 && count <= FORMS_LOOK_MAX);
    return (size_t)count;
}

size_t forms_fold_one(uint32_t c, uint32_t out[FORMS_LOOK_MAX])
{
    return decompose(c, out, FOLD);
}

/* One step to the look of c: its parts, else its prototype, else its folded form. Returns the
 * number of characters, or 0 if c is what it looks like. */
static size_t step(uint32_t c, uint32_t out[FORMS_LOOK_MAX])
{
    size_t count = is_hangul(c) ? 1 : decompose(c, out, DECOMPOSE);
    if (is_hangul(c) || count > 1 || (count == 1 && out[0] != c)) {
        return is_hangul(c) ? 0 : count;
    }
    count = look_up(c, out);
    if (count == 0) {
        count = decompose(c, out, FOLD);
    }
    return count == 1 && out[0] == c ? 0 : count;
}

/* Appends what c looks like. */
/* NOLINTNEXTLINE(misc-no-recursion): at most DEPTH_MAX deep */
static void add_look(uint32_t c, unsigned depth, uint32_t out[FORMS_LOOK_MAX], size_t *used)
{
    uint32_t next[FORMS_LOOK_MAX] = {0};
    if (invisible_is(c)) {
        return;
    }
    size_t count = step(c, next);
    if (count == 0) {
        CK(*used < FORMS_LOOK_MAX);
        out[(*used)++] = c;
    }
    CK(depth < DEPTH_MAX);
    for (size_t i = 0; i < count; i++) {
        add_look(next[i], depth + 1, out, used);
    }
}

size_t forms_look(uint32_t c, uint32_t out[FORMS_LOOK_MAX])
{
    size_t used = 0;
    add_look(c, 0, out, &used);
    return used;
}

bool forms_is_accent(uint32_t mark, uint32_t base)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } accents[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5C7},   {0x610, 0x61A},  {0x64B, 0x65F},
                   {0x670, 0x670},   {0x6D6, 0x6ED},   {0x711, 0x711},   {0x730, 0x74A},  {0x898, 0x8FF},
                   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F}};
    for (size_t i = 0; i < sizeof accents / sizeof accents[0]; i++) {
        if (mark >= accents[i].first && mark <= accents[i].last) {
            return true;
        }
    }
    return base < 0x590; /* a foreign mark on a letter of Europe's alphabets, or on nothing */
}

size_t forms_write(const uint32_t *points, size_t count, char *out, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        if (length + 4 >= size) {
            out[0] = '\0';
            return size;
        }
        length += (size_t)utf8proc_encode_char((utf8proc_int32_t)points[i], (utf8proc_uint8_t *)out + length);
    }
    out[length] = '\0';
    return length;
}

size_t forms_cut(const uint32_t *points, size_t count, size_t most)
{
    utf8proc_int32_t state = 0;
    size_t end = 0;
    for (size_t i = 1; i <= count && i <= most; i++) {
        if (i == count ||
            utf8proc_grapheme_break_stateful((utf8proc_int32_t)points[i - 1], (utf8proc_int32_t)points[i], &state)) {
            end = i;
        }
    }
    return end;
}
