/* spelling.c - see spelling.h. */
#include "base/spelling.h"

#include <string.h>

enum { LETTERS_PER_SLIP = 4 };

static char plain(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c == '-' ? '_' : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t spelling_distance(const char *a, size_t length, const char *b)
{
    size_t rows[3][SPELLING_MAX + 1]; /* for this letter of a and the two before it */
    size_t width = strlen(b);
    if (length > SPELLING_MAX || width > SPELLING_MAX) {
        return SPELLING_MAX + 1;
    }
    for (size_t x = 0; x <= width; x++) {
        rows[0][x] = x;
    }
    for (size_t y = 1; y <= length; y++) {
        size_t *row = rows[y % 3];
        const size_t *above = rows[(y - 1) % 3];
        row[0] = y;
        for (size_t x = 1; x <= width; x++) {
            bool same = plain(a[y - 1]) == plain(b[x - 1]);
            row[x] = least(least(above[x], row[x - 1]) + 1, above[x - 1] + !same);
            if (y > 1 && x > 1 && plain(a[y - 1]) == plain(b[x - 2]) && plain(a[y - 2]) == plain(b[x - 1])) {
                row[x] = least(row[x], rows[(y - 2) % 3][x - 2] + 1);
            }
        }
    }
    return rows[length % 3][width];
}

bool spelling_is(const char *written, size_t length, const char *known)
{
    size_t slips = strlen(known) / LETTERS_PER_SLIP;
    if (spelling_distance(written, length, known) <= (slips > 0 ? slips : 1)) {
        return true;
    }
    for (size_t at = 0; at < length;) {
        size_t end = at;
        while (end < length && plain(written[end]) != '_') {
            end++;
        }
        size_t begin = end - at < strlen(known) ? end - at : strlen(known);
        if (spelling_distance(written + at, begin, known) == 0) {
            return true;
        }
        at = end + 1;
    }
    return false;
}
