/* get_plain.h - GET /plain: the chat as a page for browsers without JavaScript (html_page.h).
 *
 * Parameters: `room` and `name` as elsewhere; `reply_to` for the form; `before` as in /poll, for
 * older messages; `part=log` for the messages alone, which a frame shows (`turn` makes two
 * different addresses of it, see html_page.c); `part=text` for the text of message `seq` from byte
 * `from` on. The form is sent to POST /send?format=html.
 * Threads: any.
 */
#ifndef GET_PLAIN_H
#define GET_PLAIN_H

struct request;

void get_plain(struct request *request, void *program); /* a handler of route.h */

#endif
