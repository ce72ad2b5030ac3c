/* json_read.h - parsing JSON: the members of one object as named fields.
 *
 * Pure. Threads: any.
 */
#ifndef JSON_READ_H
#define JSON_READ_H

#include <stddef.h>

struct err;
struct form;

enum { JSON_READ_MARKS_MAX = 4096 }; /* limits the memory that parsing takes */

/* Adds the members `known` (NULL at the end) of a JSON object to *out: strings as they are, whole
 * numbers in decimal; null counts as missing. A value of another type is ERR_INPUT and names the
 * field; other members are ignored. The JSON must be one object, without duplicate members and
 * without U+0000, and have at most JSON_READ_MARKS_MAX of '[', '{' and ','. */
int json_read(const char *bytes, size_t length, const char *const *known, struct form *out, struct err *e);

#endif
