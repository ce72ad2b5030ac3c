/* invisible.c - see invisible.h. The tables are of Unicode 15. */
#include "base/invisible.h"

enum { ZWNJ = 0x200C, ZWJ = 0x200D, AS_TEXT = 0xFE0E, AS_EMOJI = 0xFE0F, KEYCAP = 0x20E3 };
enum { BLACK_FLAG = 0x1F3F4, TAG_FIRST = 0xE0020, TAG_LAST = 0xE007E, TAG_END = 0xE007F };

struct range {
    uint32_t first;
    uint32_t last;
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

bool invisible_is(uint32_t c)
{
    static const struct range ranges[] = {
        {0xAD, 0xAD},       {0x34F, 0x34F},     {0x61C, 0x61C},     {0x115F, 0x1160},   {0x17B4, 0x17B5},
        {0x180B, 0x180F},   {0x2005, 0x200F},   {0x202A, 0x202F},   {0x205F, 0x206F},   {0x2800, 0x2800},
        {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFC},
        {0x13430, 0x1343F}, {0x16FE4, 0x16FE4}, {0x1BCA0, 0x1BCA3}, {0x1D159, 0x1D159}, {0x1D173, 0x1D17A},
        {0xE0000, 0xE0FFF}};
    return is_in(ranges, sizeof ranges / sizeof ranges[0], c);
}

/* Extended_Pictographic, roughly: symbols that are emoji or may become so. */
static bool is_picture(uint32_t c)
{
    static const struct range ranges[] = {
        {0xA9, 0xA9},     {0xAE, 0xAE},     {0x203C, 0x203C}, {0x2049, 0x2049}, {0x2122, 0x2122},  {0x2139, 0x2139},
        {0x2194, 0x21AA}, {0x231A, 0x23FF}, {0x24C2, 0x24C2}, {0x25AA, 0x27BF}, {0x2934, 0x2935},  {0x2B05, 0x2B55},
        {0x3030, 0x3030}, {0x303D, 0x303D}, {0x3297, 0x3297}, {0x3299, 0x3299}, {0x1F000, 0x1FAFF}};
    return is_in(ranges, sizeof ranges / sizeof ranges[0], c);
}

static bool is_virama(uint32_t c)
{
    static const struct range ranges[] = {{0x94D, 0x94D},   {0x9CD, 0x9CD},   {0xA4D, 0xA4D},   {0xACD, 0xACD},
                                          {0xB4D, 0xB4D},   {0xBCD, 0xBCD},   {0xC4D, 0xC4D},   {0xCCD, 0xCCD},
                                          {0xD3B, 0xD3C},   {0xD4D, 0xD4D},   {0xDCA, 0xDCA},   {0x1039, 0x103A},
                                          {0x17D2, 0x17D2}, {0x1A60, 0x1A60}, {0x1B44, 0x1B44}, {0xA9C0, 0xA9C0}};
    return is_in(ranges, sizeof ranges / sizeof ranges[0], c);
}

/* Joins with the letter behind it (Joining_Type D of ArabicShaping.txt). */
static bool joins_on(uint32_t c)
{
    static const struct range ranges[] = {{0x620, 0x620}, {0x626, 0x626}, {0x628, 0x628}, {0x62A, 0x62E},
                                          {0x633, 0x63F}, {0x641, 0x647}, {0x649, 0x64A}, {0x66E, 0x66F},
                                          {0x678, 0x687}, {0x69A, 0x6BF}, {0x6C1, 0x6C2}, {0x6CC, 0x6CC},
                                          {0x6CE, 0x6CE}, {0x6D0, 0x6D1}, {0x6FA, 0x6FC}, {0x6FF, 0x6FF}};
    return is_in(ranges, sizeof ranges / sizeof ranges[0], c);
}

/* Joins with the letter before it (D and R). */
static bool joins_back(uint32_t c)
{
    static const struct range ranges[] = {{0x622, 0x625}, {0x627, 0x627}, {0x629, 0x629}, {0x62F, 0x632},
                                          {0x648, 0x648}, {0x671, 0x673}, {0x675, 0x677}, {0x688, 0x699},
                                          {0x6C0, 0x6C0}, {0x6C3, 0x6CB}, {0x6CD, 0x6CD}, {0x6CF, 0x6CF},
                                          {0x6D2, 0x6D3}, {0x6D5, 0x6D5}, {0x6EE, 0x6EF}};
    return joins_on(c) || is_in(ranges, sizeof ranges / sizeof ranges[0], c);
}

/* How many tags from `at` on belong to a complete flag; 0: none. */
static size_t tags_of_flag(const uint32_t *text, size_t count, size_t at)
{
    size_t end = at;
    while (end < count && text[end] >= TAG_FIRST && text[end] <= TAG_LAST) {
        end++;
    }
    bool is_whole = at > 0 && text[at - 1] == BLACK_FLAG && end > at && end < count && text[end] == TAG_END;
    return is_whole ? end + 1 - at : 0;
}

/* How many characters from `at` on shape the characters around them; 0: the one there doesn't. */
static size_t shaping(const uint32_t *text, size_t count, size_t at)
{
    uint32_t before = at > 0 ? text[at - 1] : 0;
    uint32_t after = at + 1 < count ? text[at + 1] : 0;
    bool shapes = false;
    switch (text[at]) {
    case AS_TEXT:
    case AS_EMOJI:
        shapes = is_picture(before) || after == KEYCAP;
        break;
    case ZWJ:
        shapes = (is_picture(before) || before == AS_EMOJI || before == TAG_END) && is_picture(after);
        shapes = shapes || (is_virama(before) && after >= 0x900);
        break;
    case ZWNJ:
        shapes = (joins_on(before) && joins_back(after)) || (is_virama(before) && after >= 0x900);
        break;
    default:
        return tags_of_flag(text, count, at);
    }
    return shapes ? 1 : 0;
}

size_t invisible_find(const uint32_t *text, size_t count)
{
    for (size_t at = 0; at < count;) {
        size_t good = invisible_is(text[at]) ? shaping(text, count, at) : 1;
        if (good == 0) {
            return at;
        }
        at += good;
    }
    return count;
}
