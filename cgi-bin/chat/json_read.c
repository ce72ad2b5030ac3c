/* json_read.c - see json_read.h. */
#include "chat/json_read.h"

#include "base/err.h"
#include "base/str.h"
#include "chat/form.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Strings are decoded where they are: the bytes before `at` may have been overwritten. */
struct reader {
    char *at;
    char *end;        /* there is a NUL */
    const char *line; /* the start of the line that `at` is in */
    int line_number;
    bool has_nul; /* the mistake is an escaped U+0000 */
};

struct string {
    char *bytes;
    size_t length;
};

/* ---- tokens ---- */

static void skip_space(struct reader *r)
{
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n') {
        if (*r->at++ == '\n') {
            r->line = r->at;
            r->line_number++;
        }
    }
}

static bool skip_char(struct reader *r, char c)
{
    skip_space(r);
    bool is_there = *r->at == c;
    r->at += is_there;
    return is_there;
}

static bool skip_word(struct reader *r, const char *word)
{
    size_t length = strlen(word);
    bool is_there = strncmp(r->at, word, length) == 0;
    r->at += is_there ? length : 0;
    return is_there;
}

static bool skip_digits(struct reader *r)
{
    size_t count = strspn(r->at, "0123456789");
    r->at += count;
    return count > 0;
}

/* number = [ "-" ] int [ frac ] [ exp ], RFC 8259 section 6. */
static bool skip_number(struct reader *r, bool *is_integer)
{
    r->at += *r->at == '-';
    bool good = *r->at == '0' ? skip_word(r, "0") : skip_digits(r);
    *is_integer = *r->at != '.' && *r->at != 'e' && *r->at != 'E';
    if (good && *r->at == '.') {
        r->at++;
        good = skip_digits(r);
    }
    if (good && (*r->at == 'e' || *r->at == 'E')) {
        r->at++;
        r->at += *r->at == '+' || *r->at == '-';
        good = skip_digits(r);
    }
    return good;
}

/* ---- strings ---- */

static bool take_hex(struct reader *r, uint32_t *out)
{
    char digits[5] = "";
    strncat(digits, r->at, 4);
    if (strspn(digits, "0123456789abcdefABCDEF") != 4) {
        return false;
    }
    *out = (uint32_t)strtoul(digits, NULL, 16);
    r->at += 4;
    return true;
}

/* Takes the digits of \uXXXX, and those of the second half of a pair (RFC 8259, section 7). */
static bool take_code(struct reader *r, uint32_t *out)
{
    uint32_t low = 0;
    if (!take_hex(r, out)) {
        return false;
    }
    r->has_nul = *out == 0;
    if (r->has_nul) {
        return false;
    }
    if (*out < 0xD800 || *out > 0xDFFF) {
        return true;
    }
    if (*out > 0xDBFF || !skip_word(r, "\\u") || !take_hex(r, &low) || low < 0xDC00 || low > 0xDFFF) {
        return false;
    }
    *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static char *put_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (code & 0x3F));
    return to;
}

/* `at` is behind a backslash. Writes what the escape means, which is never longer than the escape,
 * and returns the end of it. NULL: there is no valid escape. */
static char *take_escape(struct reader *r, char *to)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = *r->at;
    const char *letter = c != '\0' ? strchr(letters, c) : NULL;
    uint32_t code = 0;
    if (letter == NULL && c != 'u') {
        return NULL;
    }
    r->at++;
    if (letter != NULL) {
        *to++ = meanings[letter - letters];
        return to;
    }
    return take_code(r, &code) ? put_utf8(to, code) : NULL;
}

/* Decodes the string at `at` in its place, with a NUL behind it. */
static bool take_string(struct reader *r, struct string *out)
{
    if (!skip_char(r, '"')) {
        return false;
    }
    char *to = r->at;
    out->bytes = to;
    while (*r->at != '"') {
        size_t run = str_json_run(r->at, (size_t)(r->end - r->at));
        if (to != r->at) {
            memmove(to, r->at, run);
        }
        to += run;
        r->at += run;
        if (*r->at == '\\') {
            r->at++;
            to = take_escape(r, to);
        }
        if (to == NULL || (unsigned char)*r->at < 0x20) { /* the end of the bytes, too */
            return false;
        }
    }
    r->at++;
    *to = '\0';
    out->length = (size_t)(to - out->bytes);
    return true;
}

/* ---- values ---- */

static bool take_name(struct reader *r, struct string *out)
{
    return take_string(r, out) && skip_char(r, ':');
}

static bool skip_scalar(struct reader *r)
{
    struct string ignored;
    bool is_integer = false;
    if (*r->at == '"') {
        return take_string(r, &ignored);
    }
    return skip_word(r, "null") || skip_word(r, "true") || skip_word(r, "false") || skip_number(r, &is_integer);
}

/* Behind a value: skips the ends of lists and objects, up to the next value, if there is one.
 * False: a mistake. */
static bool skip_ends(struct reader *r, const char *closing, size_t *depth)
{
    struct string ignored;
    while (*depth > 0) {
        char close = closing[*depth - 1];
        if (skip_char(r, ',')) {
            return close == ']' || take_name(r, &ignored);
        }
        if (!skip_char(r, close)) {
            return false;
        }
        --*depth;
    }
    return true;
}

/* Enters a list or object. *inside: it isn't empty, and `at` is at its first value. False: a
 * mistake. */
static bool enter(struct reader *r, char *closing, size_t *depth, bool *inside)
{
    struct string ignored;
    if (*depth == JSON_READ_DEPTH_MAX - 1) {
        return false;
    }
    char close = *r->at++ == '{' ? '}' : ']';
    *inside = !skip_char(r, close);
    if (*inside) {
        closing[(*depth)++] = close;
    }
    return !*inside || close == ']' || take_name(r, &ignored);
}

/* Skips a value of any type, with all that it contains. The object around all is not counted. */
static bool skip_value(struct reader *r)
{
    char closing[JSON_READ_DEPTH_MAX];
    size_t depth = 0;
    do {
        bool inside = false;
        skip_space(r);
        bool is_scalar = *r->at != '{' && *r->at != '[';
        if (is_scalar ? !skip_scalar(r) : !enter(r, closing, &depth, &inside)) {
            return false;
        }
        if (!inside && !skip_ends(r, closing, &depth)) {
            return false;
        }
    } while (depth > 0);
    return true;
}

/* ---- members ---- */

static int fail(const struct reader *r, struct err *e)
{
    int column = (int)(r->at - r->line) + 1;
    if (r->has_nul) {
        return err_set(e, ERR_INPUT, "The JSON holds the character U+0000, which is not allowed: line %d, column %d.",
                       r->line_number, column);
    }
    return err_set(e, ERR_INPUT, "The body isn't valid JSON: line %d, column %d.", r->line_number, column);
}

/* Writes the integer again, one byte earlier, so that a NUL fits behind it. It doesn't become
 * longer (-0 becomes 0). */
static int add_integer(struct form *out, const char *name, struct reader *r, struct err *e)
{
    char number[32];
    char *from = r->at;
    bool is_integer = false;
    errno = 0;
    long long value = strtoll(from, NULL, 10);
    if (!skip_number(r, &is_integer)) {
        return fail(r, e);
    }
    if (!is_integer) {
        return err_field(e, ERR_INPUT, name, "%s must be a string or a whole number.", name);
    }
    if (errno == ERANGE) {
        return err_field(e, ERR_INPUT, name, "%s is a number of more than 64 bits.", name);
    }
    int length = snprintf(number, sizeof number, "%lld", value);
    memcpy(from - 1, number, (size_t)length + 1);
    return form_add(out, name, from - 1, (size_t)length, e);
}

static int take_value(struct form *out, const char *name, struct reader *r, struct err *e)
{
    struct string value;
    skip_space(r);
    if (name == NULL) {
        return skip_value(r) ? 0 : fail(r, e);
    }
    if (*r->at == '"') {
        return take_string(r, &value) ? form_add(out, name, value.bytes, value.length, e) : fail(r, e);
    }
    if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9')) {
        return add_integer(out, name, r, e);
    }
    if (skip_word(r, "null")) {
        return 0;
    }
    return skip_value(r) ? err_field(e, ERR_INPUT, name, "%s must be a string or a whole number.", name) : fail(r, e);
}

static const char *find(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count && list[i] != NULL; i++) {
        if (strcmp(list[i], name) == 0) {
            return list[i];
        }
    }
    return NULL;
}

/* `at` is behind the opening brace. */
static int take_members(struct reader *r, const char *const *known, struct form *out, struct err *e)
{
    const char *names[FORM_FIELDS_MAX];
    size_t count = 0;
    if (skip_char(r, '}')) {
        return 0;
    }
    do {
        struct string name;
        if (!take_name(r, &name)) {
            return fail(r, e);
        }
        if (count == FORM_FIELDS_MAX || find(names, count, name.bytes) != NULL) {
            return err_set(e, ERR_INPUT, "The JSON has %s: line %d.",
                           count == FORM_FIELDS_MAX ? "too many members" : "a member twice", r->line_number);
        }
        names[count++] = name.bytes;
        if (take_value(out, find(known, SIZE_MAX, name.bytes), r, e) != 0) {
            return -1;
        }
    } while (skip_char(r, ','));
    return skip_char(r, '}') ? 0 : fail(r, e);
}

int json_read(char *block, size_t length, const char *const *known, struct form *out, struct err *e)
{
    struct reader r = {.at = block, .end = block + length, .line = block, .line_number = 1};
    size_t bad_at = 0;
    form_own(out, block);
    if (!str_utf8_valid(block, length, &bad_at)) {
        r.at = block + bad_at;
        return fail(&r, e);
    }
    if (!skip_char(&r, '{')) {
        return *r.at == '[' || *r.at == '"'
                   ? err_set(e, ERR_INPUT, "The JSON must be an object, as in {\"text\":\"hi\"}.")
                   : fail(&r, e);
    }
    int result = take_members(&r, known, out, e);
    skip_space(&r);
    return result == 0 && r.at != r.end ? fail(&r, e) : result;
}
