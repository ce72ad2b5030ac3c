/* runs.c - see runs.h. */
#include "peace/private/runs.h"

#include "base/str.h"
#include "peace/forms.h"

#include <string.h>

enum { SEPARATORS_MAX = 3 }; /* that are passed over between two single letters */

enum role { WORD, SEPARATOR, PICTURE, UNSEEN };

struct reader {
    const char *text;
    size_t length;
    runs_each *each;
    void *context;
    struct run run;      /* the one that grows; count is 0 at the start */
    size_t word;         /* characters of the word so far */
    uint32_t before;     /* the character before, 0 if it draws nothing */
    bool is_ambiguous_I; /* that was a capital I which may be an l */
    bool is_apart;       /* separators were passed over */
    bool has_stopped;
};

static bool is_ascii_letter(uint32_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c < 0x80;
}

/* Alphabets whose letters are mistaken for each other, and letters as signs. Letters of other
 * scripts only look like Latin ones where a single one stands in a Latin word. */
static bool is_of_europe(uint32_t c)
{
    return c < 0x590 || (c >= 0x10A0 && c <= 0x10FF) || (c >= 0x13A0 && c <= 0x16FF) || (c >= 0x1C80 && c <= 0x1CBF) ||
           (c >= 0x1D00 && c <= 0x2DFF) || (c >= 0xA4D0 && c <= 0xA7FF) || (c >= 0xAB30 && c <= 0xABBF) ||
           (c >= 0xFB00 && c <= 0xFB17) || (c >= 0xFF00 && c <= 0xFF5E) || (c >= 0x10280 && c <= 0x104FF) ||
           (c >= 0x118A0 && c <= 0x118FF) || (c >= 0x1D400 && c <= 0x1D7FF) || (c >= 0x1F100 && c <= 0x1F1FF);
}

/* Letters in circles and squares, and those that flags are made of. */
static bool is_enclosed_letter(uint32_t c)
{
    return (c >= 0x249C && c <= 0x24E9) || (c >= 0x1F110 && c <= 0x1F189) || (c >= 0x1F1E6 && c <= 0x1F1FF);
}

static enum role role_of(uint32_t c, uint32_t before)
{
    if (c < 0x80) {
        return is_ascii_letter(c) || (c >= '0' && c <= '9') ? WORD : SEPARATOR;
    }
    switch (forms_kind_of(c)) {
    case FORMS_NOTHING:
        return UNSEEN;
    case FORMS_MARK:
        return forms_is_accent(c, before) ? UNSEEN : WORD;
    case FORMS_SPACE:
    case FORMS_SIGN:
        return SEPARATOR;
    case FORMS_PICTURE:
        return is_enclosed_letter(c) ? WORD : PICTURE;
    default:
        return WORD;
    }
}

/* ---- symbols -------------------------------------------------------------------------------- */

/* Adds one symbol, which begins the next run or makes the last one longer. */
static void add(struct reader *r, uint32_t symbol, unsigned kinds, bool is_word, size_t start, size_t end)
{
    struct run next = {.symbol = symbol,
                       .count = 1,
                       .kinds = kinds,
                       .is_word = is_word,
                       .is_apart = r->is_apart,
                       .start = start,
                       .end = end};
    r->is_apart = false;
    if (r->run.count > 0 && r->run.symbol == symbol) {
        r->run.count++;
        r->run.kinds |= kinds;
        r->run.end = end;
        return;
    }
    if (r->run.count > 0 && !r->has_stopped) {
        r->has_stopped = !r->each(r->context, &r->run, &next);
    }
    r->run = next;
}

/* The letter that a digit or sign is read as, or 0. 6 is none. */
static uint32_t letter_of(uint32_t c)
{
    static const char letters[128] = {
        ['0'] = 'o', ['1'] = 'i', ['2'] = 'z', ['3'] = 'e', ['4'] = 'a', ['5'] = 's', ['7'] = 't',
        ['8'] = 'b', ['9'] = 'g', ['@'] = 'a', ['$'] = 's', ['!'] = 'i', ['|'] = 'i'};
    return c < sizeof letters ? (uint32_t)letters[c] : 0;
}

/* Adds an ASCII letter, digit, or a sign that is read as a letter. */
static void add_ascii(struct reader *r, uint32_t c, size_t start, size_t end)
{
    uint32_t small = c | 0x20;
    bool was_small = (r->before >= 'a' && r->before <= 'z') || r->is_ambiguous_I;
    r->is_ambiguous_I = c == 'I' && was_small; /* no word has a capital letter behind a small one */
    if (r->is_ambiguous_I) {
        add(r, 'i', RUNS_I_OR_L, true, start, end);
    } else if (is_ascii_letter(c)) {
        add(r, small == 'l' ? 'i' : small,
            small == 'l'   ? RUNS_L
            : small == 'i' ? RUNS_I
                           : RUNS_OTHER,
            true, start, end);
    } else {
        uint32_t letter = letter_of(c);
        unsigned kinds = letter == 'i' ? RUNS_I_OR_L : 0;
        kinds |= c >= '0' && c <= '9' ? RUNS_DIGIT : letter == 'i' ? RUNS_SIGN : RUNS_SIGN | RUNS_OTHER;
        add(r, letter == 0 ? c : letter, kinds, true, start, end);
    }
}

/* Adds what another letter looks like. */
static void add_look(struct reader *r, uint32_t c, size_t start, size_t end)
{
    uint32_t look[FORMS_LOOK_MAX];
    size_t count = forms_look(c, look);
    if (count == 2 && look[0] == 'r' && look[1] == 'n') {
        add(r, 'm', RUNS_OTHER, true, start, end);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (look[i] == 'i' || look[i] == 'l') {
            add(r, 'i', RUNS_I_OR_L, true, start, end);
        } else if (forms_kind_of(look[i]) == FORMS_SIGN) {
            add(r, c, RUNS_OTHER, true, start, end);
        } else if (forms_kind_of(look[i]) != FORMS_MARK || !forms_is_accent(look[i], 'a')) {
            add(r, look[i], RUNS_OTHER, true, start, end);
        }
    }
}

/* Greek letters look like other Latin ones when they are capitals (a nu is N or v). So a capital
 * counts as such only beside a Latin letter. */
static bool is_greek(uint32_t c)
{
    return (c >= 0x370 && c <= 0x3FF) || (c >= 0x1F00 && c <= 0x1FFF);
}

/* Adds a character that isn't ASCII, with `after` behind it: as folded if that is ASCII or its
 * script is far from Europe's, else as it looks. */
static void add_other(struct reader *r, uint32_t c, uint32_t after, size_t start, size_t end)
{
    uint32_t folded[FORMS_LOOK_MAX];
    size_t count = forms_fold_one(c, folded);
    bool is_word = role_of(c, r->before) == WORD;
    bool is_ascii = count > 0;
    for (size_t i = 0; i < count && is_ascii; i++) {
        is_ascii = folded[i] < 0x80 || role_of(folded[i], 'a') == UNSEEN;
    }
    if (!is_ascii && is_of_europe(c)) {
        bool is_beside_latin = is_ascii_letter(r->before) || is_ascii_letter(after);
        add_look(r, is_greek(c) && !is_beside_latin ? folded[0] : c, start, end);
        return;
    }
    uint32_t before = r->before;
    for (size_t i = 0; i < count; i++) {
        enum role part = role_of(folded[i], before);
        if (part == WORD && folded[i] < 0x80) {
            add_ascii(r, folded[i], start, end);
        } else if (part == WORD || part == PICTURE) {
            add(r, folded[i], RUNS_OTHER, is_word, start, end);
        }
        before = folded[i];
    }
}

/* ---- characters ----------------------------------------------------------------------------- */

/* Reads the character at `at`, and returns its length. A byte that isn't UTF-8 is a separator. */
static size_t next_char(const struct reader *r, size_t at, uint32_t *c)
{
    if ((unsigned char)r->text[at] < 0x80) {
        *c = (unsigned char)r->text[at];
        return 1;
    }
    size_t size = str_utf8_next(r->text + at, r->length - at, c);
    if (size == 0) {
        *c = ' ';
        return 1;
    }
    return size;
}

/* Passes over characters that draw nothing. Returns the place of the next one, or the text's end;
 * then *c is 0. */
static size_t skip_unseen(const struct reader *r, size_t at, uint32_t *c, size_t *size)
{
    for (; at < r->length; at += *size) {
        *size = next_char(r, at, c);
        if (role_of(*c, 'a') != UNSEEN) {
            return at;
        }
    }
    *c = 0;
    return at;
}

/* Is the sign c between two characters read as a letter? A dollar beside a letter or another dollar
 * is; other signs in front of a letter, and behind one in front of what is read as one. */
static bool is_letter_between(uint32_t before, uint32_t c, uint32_t after)
{
    if (letter_of(c) == 0) {
        return false;
    }
    if (c == '$' && (is_ascii_letter(before) || before == '$' || after == '$')) {
        return true;
    }
    return is_ascii_letter(after) || (after >= 0x80 && role_of(after, 0) == WORD) ||
           (is_ascii_letter(before) && letter_of(after) != 0) || (c == '@' && after == '$');
}

/* At separators behind a word of a single letter: does another such word follow? Returns its place,
 * or 0. */
static size_t next_single_letter(const struct reader *r, size_t at)
{
    uint32_t c = 0;
    size_t size = 0;
    for (int i = 0;; i++) {
        at = skip_unseen(r, at, &c, &size);
        if (at >= r->length) {
            return 0;
        }
        if (role_of(c, 0) != SEPARATOR) {
            break;
        }
        if (i == SEPARATORS_MAX) {
            return 0;
        }
        at += size;
    }
    if (role_of(c, 0) != WORD) {
        return 0;
    }
    size_t after = skip_unseen(r, at + size, &c, &size);
    return after == r->length || role_of(c, 0) != WORD ? at : 0;
}

/* Reads the character at `at`. Returns the place of the next one. */
static size_t read_char(struct reader *r, size_t at)
{
    uint32_t c = 0;
    uint32_t after = 0;
    size_t end = at + next_char(r, at, &c);
    enum role role = role_of(c, r->before);
    if (letter_of(c) != 0 || is_greek(c)) {
        size_t size = 0;
        (void)skip_unseen(r, end, &after, &size);
    }
    if (role == SEPARATOR && is_letter_between(r->before, c, after)) {
        role = WORD;
    }
    if (role == UNSEEN) {
        if (r->run.count > 0 && r->run.end == at) {
            r->run.end = end;
        }
        return end;
    }
    if (role == SEPARATOR) {
        size_t letter = r->word == 1 ? next_single_letter(r, at) : 0;
        if (letter > 0) {
            end = letter;
            r->is_apart = true;
        } else {
            add(r, RUNS_SPACE, 0, false, at, end);
        }
    } else if (c < 0x80) {
        add_ascii(r, c, at, end);
    } else {
        add_other(r, c, after, at, end);
    }
    r->word = role == WORD ? r->word + 1 : 0;
    r->before = role == SEPARATOR ? 0 : c;
    return end;
}

void runs_read(const char *text, size_t length, runs_each *each, void *context)
{
    struct reader r = {.text = text, .length = length, .each = each, .context = context};
    for (size_t at = 0; at < length && !r.has_stopped;) {
        at = read_char(&r, at);
    }
    if (r.run.count > 0 && !r.has_stopped) {
        (void)each(context, &r.run, NULL);
    }
}

bool runs_fit(const struct run *pattern, const struct run *text, bool is_edge)
{
    unsigned p = pattern->kinds;
    unsigned t = text->kinds;
    if (pattern->symbol == RUNS_SPACE) {
        return true;
    }
    if ((p & RUNS_DIGIT) != 0) { /* a digit in the pattern is this digit */
        return t == p && (text->count == pattern->count || (is_edge && text->count > pattern->count));
    }
    if (text->count < pattern->count || (text->count > pattern->count && text->count < 3 && !is_edge)) {
        return false;
    }
    if ((p & (RUNS_I | RUNS_L)) == 0) {
        return true;
    }
    /* Each i and l of the text is one of the pattern, and the other way round. */
    return (t & ~p & (RUNS_I | RUNS_L)) == 0 && ((p & ~t & (RUNS_I | RUNS_L)) == 0 || (t & RUNS_I_OR_L) != 0);
}
