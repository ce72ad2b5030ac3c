/* send_page.h - what POST /send?format=html answers to the form of the page without JavaScript
 * (html_page.h).
 *
 * Stored: 303 to the room's page, so that a reload doesn't send again. Held: a page that says so.
 * Refused: a page that says
 * why, with the form as it was filled in, so that the author need not write the text again.
 * Threads: any.
 */
#ifndef SEND_PAGE_H
#define SEND_PAGE_H

#include <stdbool.h>

struct chat_draft;
struct err;
struct form;
struct request;

bool send_page_is_wanted(struct request *request);

/* What was asked for is done: 303 to the room's page. Takes the request. */
void send_page_done(struct request *request, const char *room);

/* Each of these answers the request and takes it. */
void send_page_stored(struct request *request, const struct chat_draft *d);
void send_page_held(struct request *request, const struct chat_draft *d); /* it waits for a moderator */
/* The draft was read. secret: of the form (secret.h), "": none. */
void send_page_refused(struct request *request, const struct err *e, const struct chat_draft *d, const char *secret);
/* The draft could not be read. fields: what is known of the body. */
void send_page_unread(struct request *request, const struct err *e, const struct form *fields);

#endif
