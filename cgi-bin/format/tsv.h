/* tsv.h - messages as lines for people with a shell.
 *
 *   seq TAB time TAB name TAB text LF            (several rooms: room TAB in front)
 *
 * What isn't of the type message has two columns more: TAB type TAB target. A target is a seq, of a
 * deletion of several messages their ranges ("41-60 63"), and "" for none.
 *
 * In name and text a backslash is "\\", a line feed "\n", a carriage return "\r", a tab "\t" and
 * any other control byte "\0ooo" in octal (U+0080..U+009F as their two bytes), so that one message
 * is one line, fields are cut at tabs, a terminal gets no escape sequences, and POSIX `printf %b`
 * gives back the exact text.
 * Pure. Threads: any.
 */
#ifndef TSV_H
#define TSV_H

#include "chat/answer.h"
#include "chat/chat.h"

struct buf;

/* room may be NULL */
void tsv_message(struct buf *out, const char *room, const struct chat_message *m);
void tsv_answer(struct buf *out, const struct answer *a);

#endif
