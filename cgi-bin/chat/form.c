/* form.c - see form.h. */
#include "chat/form.h"

#include "base/ck.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

void form_init(struct form *f)
{
    memset(f, 0, sizeof *f);
}

void form_fini(struct form *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->fields[i].name);
        free(f->fields[i].value);
    }
    free(f->fields);
    form_init(f);
}

/* Takes name and value, also on failure. */
static int add_take(struct form *f, char *name, char *value, size_t length, bool bare, struct err *e)
{
    if (f->count == FORM_FIELDS_MAX) {
        free(name);
        free(value);
        return err_set(e, ERR_INPUT, "There are too many fields: at most %d are allowed.", FORM_FIELDS_MAX);
    }
    f->fields = ck_realloc(f->fields, (f->count + 1) * sizeof f->fields[0]);
    f->fields[f->count++] = (struct form_field){.name = name, .value = value, .length = length, .bare = bare};
    return 0;
}

int form_add(struct form *f, const char *name, const char *value, size_t length, struct err *e)
{
    return add_take(f, ck_strdup(name), ck_memdup0(value, length), length, false, e);
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

/* NULL on a bad escape. The result is never longer than the input. */
static char *decode(const char *bytes, size_t length, size_t *out_length)
{
    char *out = ck_malloc(length + 1);
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < length ? hex(bytes[i + 1]) : -1;
            int low = i + 2 < length ? hex(bytes[i + 2]) : -1;
            if (high < 0 || low < 0) {
                free(out);
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[at++] = c;
    }
    out[at] = '\0';
    *out_length = at;
    return out;
}

static int parse_pair(struct form *f, const char *bytes, size_t length, struct err *e)
{
    const char *equals = memchr(bytes, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - bytes) : length;
    size_t value_length = 0;
    char *name = decode(bytes, name_length, &name_length);
    if (name == NULL) {
        return err_set(e, ERR_INPUT, "The name of a field has a '%%' that isn't followed by two hexadecimal digits.");
    }
    if (memchr(name, '\0', name_length) != NULL) { /* C would take it for a shorter name */
        free(name);
        return err_set(e, ERR_INPUT, "The name of a field must not contain the character U+0000.");
    }
    char *value = equals != NULL ? decode(equals + 1, length - (size_t)(equals + 1 - bytes), &value_length)
                                 : ck_strdup("");
    if (value == NULL) {
        err_field(e, ERR_INPUT, name,
                  "A '%%' must be followed by two hexadecimal digits. With curl, use --data-urlencode instead of -d.");
        free(name);
        return -1;
    }
    return add_take(f, name, value, value_length, equals == NULL, e);
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
