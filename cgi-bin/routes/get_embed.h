/* get_embed.h - GET /embed: the chat as a frame in a page of another site, put there by
 * www/embed.js.
 *
 * Parameters: `room`, and `title` for the heading. This is no file of www/, because a setting says
 * which pages may show it: those of this site and of the sites in allow_origin
 * (Content-Security-Policy: frame-ancestors). Its content corresponds to www/index.html and
 * www/js/embedded.js.
 * Threads: any.
 */
#ifndef GET_EMBED_H
#define GET_EMBED_H

struct request;

void get_embed(struct request *request, void *program); /* a handler of route.h */

#endif
