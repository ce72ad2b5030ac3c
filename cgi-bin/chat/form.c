/* form.c - see form.h. */
#include "chat/form.h"

#include "base/ck.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_FIRST = 8 }; /* room for so many is taken with the first one */

void form_init(struct form *f)
{
    memset(f, 0, sizeof *f);
}

void form_fini(struct form *f)
{
    free(f->fields);
    free(f->block);
    form_init(f);
}

static int add(struct form *f, const struct form_field *field, struct err *e)
{
    if (f->count == FORM_FIELDS_MAX) {
        return err_set(e, ERR_INPUT, "There are too many fields: at most %d are allowed.", FORM_FIELDS_MAX);
    }
    if (f->count == f->capacity) {
        f->capacity = f->capacity == 0 ? FIELDS_FIRST : f->capacity * 2;
        f->fields = ck_realloc(f->fields, f->capacity * sizeof f->fields[0]);
    }
    f->fields[f->count++] = *field;
    return 0;
}

int form_add(struct form *f, const char *name, const char *value, size_t length, struct err *e)
{
    return add(f, &(struct form_field){.name = name, .value = value, .length = length}, e);
}

void form_own(struct form *f, char *block)
{
    CK(f->block == NULL);
    f->block = block;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes the bytes where they are; they don't become more. NULL on a bad escape, else their end,
 * which is at most that of the bytes. */
static char *decode(char *bytes, const char *end)
{
    char *to = bytes;
    for (const char *at = bytes; at < end; at++) {
        char c = *at;
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = end - at > 2 ? hex(at[1]) : -1;
            int low = end - at > 2 ? hex(at[2]) : -1;
            if (high < 0 || low < 0) {
                return NULL;
            }
            c = (char)(high * 16 + low);
            at += 2;
        }
        *to++ = c;
    }
    return to;
}

/* Fills *field from the bytes up to `end`, where the byte may be overwritten. */
static int decode_pair(struct form_field *field, char *bytes, char *end, struct err *e)
{
    char *equals = memchr(bytes, '=', (size_t)(end - bytes));
    char *name_end = decode(bytes, equals != NULL ? equals : end);
    if (name_end == NULL) {
        return err_set(e, ERR_INPUT, "The name of a field has a '%%' that isn't followed by two hexadecimal digits.");
    }
    if (memchr(bytes, '\0', (size_t)(name_end - bytes)) != NULL) { /* C would take it for a shorter name */
        return err_set(e, ERR_INPUT, "The name of a field must not contain the character U+0000.");
    }
    *name_end = '\0';
    char *value = equals != NULL ? equals + 1 : name_end;
    char *value_end = equals != NULL ? decode(value, end) : name_end;
    if (value_end == NULL) {
        return err_field(
            e, ERR_INPUT, bytes,
            "A '%%' must be followed by two hexadecimal digits. With curl, use --data-urlencode instead of -d.");
    }
    *value_end = '\0';
    *field = (struct form_field){
        .name = bytes, .value = value, .length = (size_t)(value_end - value), .bare = equals == NULL};
    return 0;
}

int form_parse_own(struct form *f, char *block, size_t length, struct err *e)
{
    char *last = block + length;
    form_own(f, block);
    for (char *at = block; at < last;) {
        struct form_field field;
        char *end = memchr(at, '&', (size_t)(last - at));
        end = end != NULL ? end : last;
        if (end > at && (decode_pair(&field, at, end, e) != 0 || add(f, &field, e) != 0)) {
            return -1;
        }
        at = end + 1;
    }
    return 0;
}

int form_parse(struct form *f, const char *bytes, size_t length, struct err *e)
{
    return form_parse_own(f, ck_memdup0(bytes, length), length, e);
}

int form_once(const struct form *f, const char *name, const struct form_field **out, struct err *e)
{
    *out = NULL;
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->fields[i].name, name) != 0) {
            continue;
        }
        if (*out != NULL) {
            return err_field(e, ERR_INPUT, name, "%s is given twice, but may be given only once.", name);
        }
        *out = &f->fields[i];
    }
    return 0;
}

const struct form_field *form_single(const struct form *f, const char *name)
{
    const struct form_field *found = NULL;
    return form_once(f, name, &found, NULL) == 0 ? found : NULL;
}

char *form_take_value(struct form *f, const struct form_field *field)
{
    char *block = f->block;
    size_t size = field->length + 1;
    memmove(block, field->value, size);
    f->block = NULL;
    form_fini(f);
    return ck_realloc(block, size);
}
