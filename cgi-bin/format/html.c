/* html.c - see html.h. */
#include "format/html.h"

#include "base/buf.h"

#include <string.h>

/* NULL: the byte needs no entity. */
static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return ((unsigned char)c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F ? "\xEF\xBF\xBD" : NULL;
    }
}

void html_text(struct buf *out, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const char *entity = entity_of(bytes[i]);
        if (entity != NULL) {
            buf_adds(out, entity);
        } else {
            buf_addc(out, bytes[i]);
        }
    }
}

void html_lines(struct buf *out, const char *bytes, size_t length)
{
    const char *end = NULL;
    while ((end = memchr(bytes, '\n', length)) != NULL) {
        size_t line = (size_t)(end - bytes);
        html_text(out, bytes, line > 0 && bytes[line - 1] == '\r' ? line - 1 : line);
        buf_adds(out, "<br>");
        bytes += line + 1;
        length -= line + 1;
    }
    html_text(out, bytes, length);
}

void html_query_value(struct buf *out, const char *text)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text != '\0'; text++) {
        if (strchr(unreserved, *text) != NULL) {
            buf_addc(out, *text);
        } else {
            buf_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
}
