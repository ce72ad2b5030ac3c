/* get_plain.h - GET /plain: the chat as a page for browsers without JavaScript (html_page.h).
 *
 * `room` and `name` as elsewhere; `reply_to` for the form; `part=log`: the messages alone, which a
 * frame shows (`turn` makes two addresses of it, html_page.c); `before` as in /poll, for older ones;
 * `part=text`: the text of the message `seq` from the byte `from` on. Its form goes to POST
 * /send?format=html.
 * Threads: any.
 */
#ifndef GET_PLAIN_H
#define GET_PLAIN_H

struct request;

void get_plain(struct request *x, void *program); /* a handler of route.h */

#endif
