/* post_act.h - POST /send/act: what moderators and visitors do beside sending.
 *
 * A form or a JSON object with the field `do`; act.h has what an act is.
 * Threads: any.
 */
#ifndef POST_ACT_H
#define POST_ACT_H

struct request;

void post_act(struct request *request, void *program); /* a handler of route.h */

#endif
