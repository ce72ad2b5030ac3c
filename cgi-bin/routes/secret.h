/* secret.h - the key of a visitor without JavaScript, whose browser keeps none: made from a secret
 * that the visitor types (stretch.h).
 *
 * It comes from the form of the page without JavaScript (html_page.h) alone: in the field `secret`,
 * or behind the name, as in "ann#secret". Elsewhere a '#' is a part of the name.
 * Threads: any.
 */
#ifndef SECRET_H
#define SECRET_H

#include "peace/stretch.h"
#include "site/limiter.h"

#include <stdbool.h>
#include <stddef.h>

struct caller;
struct chat_draft;
struct draft_credential;
struct err;
struct request;
struct site;

struct secret {
    char text[STRETCH_SECRET_MAX + 2]; /* cut behind a byte too much; "": none */
    bool is_counted;                   /* as wrong, until secret_end */
    struct limiter_who who;
};

/* Where the name in a field like "ann#secret" ends, for a form that shows it again: white space
 * before the '#' isn't a part of it. The whole length if there is no secret. */
size_t secret_name_length(const char *text, size_t length);

/* Copies the secret: that of the field or, if it is empty, what stands behind the name. That is cut
 * off the name in any case, because a name is public. *out is zeros before. Can't fail. */
void secret_find(struct secret *out, struct chat_draft *d, const struct draft_credential *field);

/* Makes the key of the caller from the secret, if there is one and the caller sent no other key and
 * no token. Takes some milliseconds and 8 MiB, and may wait for other threads. -1: ERR_INPUT (field
 * `name`: too short or too long), ERR_RATE (too many secrets were tried), ERR_CROWDED, or as
 * caller_rules. */
int secret_use(struct secret *s, const struct request *request, struct caller *c, const char *name, struct err *e);

/* The message was answered. is_wrong: it was refused, so the secret counts as a guess. Each refusal
 * counts, since many tell whether the key is another one's: the name is taken, a message can't be
 * deleted, a room can't be read. */
void secret_end(struct secret *s, struct site *site, bool is_wrong);

#endif
