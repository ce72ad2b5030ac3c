/* json_read.c - see json_read.h. */
#include "chat/json_read.h"

#include "base/err.h"
#include "chat/form.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int add_member(const char *name, const json_t *value, struct form *out, struct err *e)
{
    char number[32];
    switch (json_typeof(value)) {
    case JSON_STRING:
        return form_add(out, name, json_string_value(value), json_string_length(value), e);
    case JSON_INTEGER:
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return form_add(out, name, number, strlen(number), e);
    case JSON_NULL:
        return 0;
    default:
        return err_field(e, ERR_INPUT, name, "%s must be a string.", name);
    }
}

/* Jansson takes some 250 bytes for an empty object, so a body at its limit could ask for half a
 * gigabyte. So the values are counted first, by the characters outside of strings that begin or
 * separate them. If the bytes are no JSON the count may be wrong behind the first mistake, but
 * there jansson stops. */
static bool has_too_many_values(const char *bytes, size_t length)
{
    size_t marks = 0;
    bool in_string = false;
    for (size_t i = 0; i < length && marks <= JSON_READ_MARKS_MAX; i++) {
        if (bytes[i] == '"') {
            in_string = !in_string;
        } else if (in_string && bytes[i] == '\\') {
            i++;
        } else if (!in_string && (bytes[i] == '{' || bytes[i] == '[' || bytes[i] == ',')) {
            marks++;
        }
    }
    return marks > JSON_READ_MARKS_MAX;
}

int json_read(const char *bytes, size_t length, const char *const *known, struct form *out, struct err *e)
{
    json_error_t why;
    if (has_too_many_values(bytes, length)) {
        return err_set(e, ERR_INPUT, "The JSON has more than %d brackets, braces and commas.", JSON_READ_MARKS_MAX);
    }
    json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &why);
    int result = 0;
    if (root == NULL && json_error_code(&why) == json_error_out_of_memory) {
        return err_set(e, ERR_CROWDED, "The server is short of memory. Try again in a moment.");
    }
    if (root == NULL) {
        if (json_error_code(&why) == json_error_null_character ||
            json_error_code(&why) == json_error_null_byte_in_key) {
            return err_set(e, ERR_INPUT,
                           "The JSON holds the character U+0000, which is not allowed: line %d, column %d.", why.line,
                           why.column);
        }
        /* why.text may quote the input, so only line and column are told. */
        return err_set(e, ERR_INPUT, "The body isn't valid JSON: line %d, column %d.", why.line, why.column);
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return err_set(e, ERR_INPUT, "The JSON must be an object, as in {\"text\":\"hi\"}.");
    }
    for (size_t i = 0; known[i] != NULL && result == 0; i++) {
        const json_t *value = json_object_get(root, known[i]);
        result = value != NULL ? add_member(known[i], value, out, e) : 0;
    }
    json_decref(root);
    return result;
}
