/* json_read.h - parsing JSON: the members of one object as named fields.
 *
 * A text may take most of the body, so strings are decoded where they are, and nothing is copied: a
 * library that makes a tree of values takes three times the body and more.
 * Format: RFC 8259. Pure. Threads: any.
 */
#ifndef JSON_READ_H
#define JSON_READ_H

#include <stddef.h>

struct err;
struct form;

enum { JSON_READ_DEPTH_MAX = 2048 }; /* lists and objects within each other */

/* Adds the members `known` (NULL at the end) of a JSON object to *out: strings as they are, whole
 * numbers of 64 bits in decimal; null counts as missing. A value of another type is ERR_INPUT and
 * names the field; other members are ignored. The JSON must be one object, without U+0000, and with
 * at most FORM_FIELDS_MAX members of its own, of which no two have the same name. Takes `block`,
 * which is malloc'd, has length + 1 bytes, the last one NUL, and belongs to *out from here on, also
 * on failure. The names in `known` are borrowed by *out. */
int json_read(char *block, size_t length, const char *const *known, struct form *out, struct err *e);

#endif
