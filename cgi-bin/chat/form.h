/* form.h - named fields: of a query string, of a form body, of a JSON object turned into the same.
 *
 * So parsers see one kind of input, wherever a value came from. Values may be large, so they are
 * not copied: a form that is parsed is decoded where its bytes are. Decoding follows the WHATWG URL
 * standard's application/x-www-form-urlencoded ('+' is a space) with one exception: a '%' without
 * two hexadecimal digits is an error. To keep it or to drop it would store a text that differs from
 * what the author wrote.
 * Pure. Threads: a form belongs to one caller.
 */
#ifndef FORM_H
#define FORM_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum { FORM_FIELDS_MAX = 256 };

struct form_field {
    const char *name;  /* decoded; ends with a NUL and contains none */
    const char *value; /* decoded; ends with a NUL and may contain others */
    size_t length;
    bool bare; /* there was no '=': "hi" rather than "hi=" */
};

struct form {
    struct form_field *fields;
    size_t count;
    size_t capacity; /* fields that there is room for */
    char *block;     /* owned; names and values of fields may be in it. NULL: none */
};

void form_init(struct form *f);
void form_fini(struct form *f);

/* Adds the fields of "a=1&b=2" to a form that owns no block yet; copies. At most FORM_FIELDS_MAX in
 * all. On -1 (ERR_INPUT) the fields that were added before the mistake stay. */
int form_parse(struct form *f, const char *bytes, size_t length, struct err *e);

/* The same without a copy: takes `block`, which is malloc'd and has length + 1 bytes. */
int form_parse_own(struct form *f, char *block, size_t length, struct err *e);

/* Adds one field. Its name and value are borrowed until form_fini. -1 (ERR_INPUT) when there are
 * too many. */
int form_add(struct form *f, const char *name, const char *value, size_t length, struct err *e);

/* Takes a malloc'd block, in which values of the form's fields are, and frees it with the form. A
 * form owns one block. */
void form_own(struct form *f, char *block);

/* Finds a field that may be given once. Returns 0 and sets *out to the field, borrowed until
 * form_fini, or to NULL when there is none. Returns -1 when it is given more than once (ERR_INPUT
 * with the field's name). */
int form_once(const struct form *f, const char *name, const struct form_field **out, struct err *e);

/* The field, borrowed until form_fini, when it is given exactly once, else NULL: for a field whose
 * mistakes the client isn't told. */
const struct form_field *form_single(const struct form *f, const char *name);

/* Gives the field's value, which is in the form's own block, to the caller, who frees it. The
 * block becomes the value's, and the form is empty then. */
char *form_take_value(struct form *f, const struct form_field *field);

#endif
