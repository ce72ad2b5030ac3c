/* send_page.h - what POST /send?format=html answers: the browser of somebody without JavaScript, who wrote in the form of html_page.h.
 *
 * Stored: 303 to the room's page, so that loading anew sends nothing again. Refused: a page that says why, with the form as it was
 * filled in: nobody writes twice.
 * Threads: any.
 */
#ifndef SEND_PAGE_H
#define SEND_PAGE_H

#include <stdbool.h>

struct buf;
struct chat_draft;
struct err;
struct request;

bool send_page_is_wanted(struct request *x);

/* Each answers and takes x. */
void send_page_stored(struct request *x, const struct chat_draft *d);
void send_page_refused(struct request *x, const struct err *e, const struct chat_draft *d); /* a draft that is whole */
void send_page_unread(struct request *x, const struct err *e, const struct buf *body);      /* no draft was to be had */

#endif
