/* get_me.h - GET /poll/me: who the client is here, and what it may do in a room.
 *
 * For every client, also for one that may do nothing: a page asks it before it shows its buttons.
 * It says nothing about the room to a client that may not read it. With sign_in=yes the owner's
 * page lets the file owner-code.txt be made, if the chat has no owner (owner_code.h).
 * Threads: any.
 */
#ifndef GET_ME_H
#define GET_ME_H

#include "store/store_rules.h"

struct request;

const char *get_me_kind_word(enum store_room_kind kind); /* "open", ... */

void get_me(struct request *request, void *program); /* a handler of route.h */

#endif
