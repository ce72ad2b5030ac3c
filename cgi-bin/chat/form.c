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
    for (size_t i = 0; i < f->count; i++) {
        free(f->fields[i].name);
    }
    free(f->fields);
    form_init(f);
}

/* Name and value of the field are in one block, which is taken, also on failure. */
static int add_take(struct form *f, const struct form_field *field, struct err *e)
{
    if (f->count == FORM_FIELDS_MAX) {
        free(field->name);
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
    size_t name_size = strlen(name) + 1;
    char *block = ck_malloc(name_size + length + 1);
    memcpy(block, name, name_size);
    memcpy(block + name_size, value, length);
    block[name_size + length] = '\0';
    return add_take(f, &(struct form_field){.name = block, .value = block + name_size, .length = length}, e);
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

/* Writes the decoded bytes and a NUL; they are never more than the input. NULL on a bad escape,
 * else the place of the NUL. */
static char *decode(char *to, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < length ? hex(bytes[i + 1]) : -1;
            int low = i + 2 < length ? hex(bytes[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        *to++ = c;
    }
    *to = '\0';
    return to;
}

/* Fills *field, whose name is a block of length + 2 bytes, with name and value. */
static int decode_pair(struct form_field *field, const char *bytes, size_t length, struct err *e)
{
    const char *equals = memchr(bytes, '=', length);
    const char *end = equals != NULL ? equals : bytes + length;
    char *name_end = decode(field->name, bytes, (size_t)(end - bytes));
    if (name_end == NULL) {
        return err_set(e, ERR_INPUT, "The name of a field has a '%%' that isn't followed by two hexadecimal digits.");
    }
    if (memchr(field->name, '\0', (size_t)(name_end - field->name)) != NULL) { /* C would take it for a shorter name */
        return err_set(e, ERR_INPUT, "The name of a field must not contain the character U+0000.");
    }
    const char *value = equals != NULL ? equals + 1 : end;
    field->value = name_end + 1;
    field->bare = equals == NULL;
    char *value_end = decode(field->value, value, length - (size_t)(value - bytes));
    if (value_end == NULL) {
        return err_field(
            e, ERR_INPUT, field->name,
            "A '%%' must be followed by two hexadecimal digits. With curl, use --data-urlencode instead of -d.");
    }
    field->length = (size_t)(value_end - field->value);
    return 0;
}

static int parse_pair(struct form *f, const char *bytes, size_t length, struct err *e)
{
    struct form_field field = {.name = ck_malloc(length + 2)};
    if (decode_pair(&field, bytes, length, e) != 0) {
        free(field.name);
        return -1;
    }
    return add_take(f, &field, e);
}

int form_parse(struct form *f, const char *bytes, size_t length, struct err *e)
{
    size_t at = 0;
    while (at < length) {
        const char *end = memchr(bytes + at, '&', length - at);
        size_t size = end != NULL ? (size_t)(end - (bytes + at)) : length - at;
        if (size > 0 && parse_pair(f, bytes + at, size, e) != 0) {
            return -1;
        }
        at += size + 1;
    }
    return 0;
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
    char *block = field->name;
    size_t at = (size_t)(field - f->fields);
    size_t size = field->length + 1;
    memmove(block, field->value, size);
    f->count--;
    memmove(f->fields + at, f->fields + at + 1, (f->count - at) * sizeof f->fields[0]);
    return ck_realloc(block, size); /* encoded, it may have been three times as long */
}
