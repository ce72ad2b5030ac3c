/* html.h - what somebody said, as text of an HTML page and in its addresses; nothing of it can
 * become markup.
 *
 * Pure. Threads: any.
 */
#ifndef HTML_H
#define HTML_H

#include <stddef.h>

struct buf;

/* Text between tags, or within an attribute's double quotes. Line breaks stay as they are.
 * Characters that HTML has no way to write (controls but tab and line breaks) become U+FFFD. */
void html_text(struct buf *out, const char *bytes, size_t length);

/* The same with each line break as <br>, for browsers that know no style. */
void html_lines(struct buf *out, const char *bytes, size_t length);

/* A value in a query string, percent-encoded (RFC 3986: all but unreserved). */
void html_query_value(struct buf *out, const char *text);

#endif
