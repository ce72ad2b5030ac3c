/* get_desk.h - GET /poll/desk: lists for moderators and owners, and a backup for owners.
 *
 * list=rooms|people|bans|reports|held|audit|words|days for moderators; of one room alone (room=)
 * for moderators of that room. list=settings|invites|storage and list=backup, a copy of the
 * database as a download, for owners. The lists are those of store_desk.h, under the names of
 * www/API.md.
 * Threads: any.
 */
#ifndef GET_DESK_H
#define GET_DESK_H

struct request;

void get_desk(struct request *request, void *program); /* a handler of route.h */

#endif
