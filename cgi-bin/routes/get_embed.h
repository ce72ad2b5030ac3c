/* get_embed.h - GET /embed: the chat as a frame within a page of another site, which www/embed.js puts there.
 *
 * `room`, and `title` for its heading. A page of our own rather than a file of www, because who may show it is a setting:
 * pages of this site and of those in allow_origin (Content-Security-Policy: frame-ancestors). What stands in it comes from
 * www/index.html and www/js/embedded.js.
 * Threads: any.
 */
#ifndef GET_EMBED_H
#define GET_EMBED_H

struct request;

void get_embed(struct request *x, void *program); /* a handler of route.h */

#endif
