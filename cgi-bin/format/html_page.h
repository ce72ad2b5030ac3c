/* html_page.h - the pages for browsers without JavaScript.
 *
 * There are five pages: a room, its messages alone, a long text piece by piece, an error page that
 * keeps the form as it was filled in, and one that says that a message waits for a moderator. A
 * room is a form and a frame with the messages. The frame reloads itself and leaves the form as it
 * is. The pages are HTML 4 as all browsers of the last twenty-five years understand it. lynx and
 * w3m show no frames, so the messages stand in the room's page as well. Of a long text a page shows
 * a piece and a link to the rest, because browsers take minutes to lay out some texts of a few
 * hundred thousand bytes, and any visitor may send them. Users' text goes through html.h. Addresses
 * are relative (struct html_page_paths).
 * Pure. Threads: any.
 */
#ifndef HTML_PAGE_H
#define HTML_PAGE_H

#include "chat/answer.h"

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/* Content-Security-Policy: no scripts, and no frames except our own pages. */
extern const char html_page_policy[];

/* The paths that are put before the addresses of the page's own files, of /plain and of /send. All
 * are "" (html_page_paths_short) when the client's URL is a short address. Otherwise it is the path
 * of a program, .../cgi-bin/poll.cgi/plain (request_is_under_program). */
struct html_page_paths {
    const char *site;
    const char *poll;
    const char *send;
};
extern const struct html_page_paths html_page_paths_short;
extern const struct html_page_paths html_page_paths_under_poll;
extern const struct html_page_paths html_page_paths_under_send;

/* What the form shows. All borrowed; "" for nothing. */
struct html_page_form {
    const struct html_page_paths *paths;
    const char *room;
    const char *name;
    const char *secret; /* the form's own field, never in an address; NULL: none */
    /* of the message that will be sent: if it is sent twice, it is stored once */
    const char *id;
    const char *reply_to; /* "" or a seq */
    const char *text;
    size_t text_length;
};

/* Writes the page of a room. a: its last messages, for browsers without frames. */
void html_page_room(struct buf *out, const struct html_page_form *f, const struct answer *a);

/* When the browser reloads the page. */
struct html_page_refresh {
    unsigned seconds;
    int turn; /* the parameter `turn` of this page's address, 0 if it has none */
};

/* Writes the messages alone. refresh: NULL for older messages, which don't change. */
void html_page_log(struct buf *out, const struct html_page_paths *paths, const struct answer *a, const char *name,
                   const struct html_page_refresh *refresh);

enum {
    HTML_PAGE_PIECE = 4000,      /* bytes of a text among other messages */
    HTML_PAGE_PIECE_LONG = 8000, /* on a page of its own */
    HTML_PAGE_PIECE_LINES = 100,
};

/* Returns where a piece of a text ends that begins at `from`: after at most `most` bytes (>= 4) and
 * HTML_PAGE_PIECE_LINES line breaks, behind a line or a word if one ends near there, and never
 * within a character of UTF-8. The result is greater than `from` unless `from` is the end of the
 * text. */
size_t html_page_piece_end(const char *text, size_t length, size_t from, size_t most);

/* Writes the text of the message m of a->rooms[0] from the byte `from` on (at most its length), as
 * much as one page shows. */
void html_page_text(struct buf *out, const struct html_page_paths *paths, const struct answer *a,
                    const struct chat_message *m, size_t from, const char *name);

/* Writes the answer to a message that was not stored. status: from problem_of(). */
void html_page_refused(struct buf *out, const struct html_page_form *f, int status, const char *title,
                       const char *detail);

/* Writes the answer to a message that waits for a moderator. */
void html_page_held(struct buf *out, const struct html_page_paths *paths, const struct chat_draft *d);

/* Adds the address of a room's page, as a query behind "plain": "?room=lobby&name=ann". */
void html_page_address(struct buf *out, const char *room, const char *name);

#endif
