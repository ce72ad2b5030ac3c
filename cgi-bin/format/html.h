/* html.h - users' text in HTML pages and in their addresses, escaped so that it can't become
 * markup.
 *
 * Pure. Threads: any.
 */
#ifndef HTML_H
#define HTML_H

#include <stddef.h>

struct buf;

/* For text between tags, or in an attribute's double quotes. Line breaks stay. Characters that HTML
 * can't contain (controls except tab and line breaks) become U+FFFD. */
void html_text(struct buf *out, const char *bytes, size_t length);

/* The same with each line break as <br>, for browsers without CSS. */
void html_lines(struct buf *out, const char *bytes, size_t length);

/* For a value in a query string: percent-encoded (RFC 3986: all but unreserved characters). */
void html_query_value(struct buf *out, const char *text);

#endif
