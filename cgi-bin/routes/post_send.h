/* post_send.h - POST /send: stores one message.
 *
 * The fields room, name, id and reply_to come in the body, in the query or as headers (draft.h).
 * The answer is 201 when the message is stored durably, 200 when the same message was stored
 * before, else a problem; with format=html it is a page (send_page.h). Pages of other sites may
 * send only if allow_origin names them (cors.h).
 * Threads: any. A call doesn't wait for the disk: the committer (commit.h) gets the request and
 * answers it.
 */
#ifndef POST_SEND_H
#define POST_SEND_H

struct request;

void post_send(struct request *request, void *program); /* a handler of route.h; program: struct send_program */

#endif
