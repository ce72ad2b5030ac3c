/* form.h - named fields: of a query string, of a form body, of a JSON object turned into the same.
 *
 * Parsers above see one kind of thing wherever a value came from. Decoding follows the WHATWG URL
 * standard's application/x-www-form-urlencoded ('+' is a space) with one exception: a '%' without two
 * hexadecimal digits is an error, since keeping or dropping it would store what nobody wrote.
 * Pure. Threads: a form belongs to one caller.
 */
#ifndef FORM_H
#define FORM_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum { FORM_FIELDS_MAX = 256 };

struct form_field {
    char *name;  /* owned, decoded, NUL behind and none inside */
    char *value; /* owned, decoded, NUL behind; may hold NULs of its own */
    size_t length;
    bool bare; /* there was no '=': "hi" rather than "hi=" */
};

struct form {
    struct form_field *fields;
    size_t count;
};

void form_init(struct form *f);
void form_fini(struct form *f);

/* Adds the fields of "a=1&b=2". At most FORM_FIELDS_MAX in all. On -1 (ERR_INPUT) what was added before stays. */
int form_parse(struct form *f, const char *bytes, size_t length, struct err *e);

/* Adds one field; copies. -1 (ERR_INPUT) when there are too many. */
int form_add(struct form *f, const char *name, const char *value, size_t length, struct err *e);

/* The field, borrowed until form_fini, or NULL when there is none. Given twice: *e is set (ERR_INPUT, the field
 * named) and NULL comes back; so look at e, which may hold an older error. */
const struct form_field *form_once(const struct form *f, const char *name, struct err *e);

#endif
