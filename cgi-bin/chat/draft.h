/* draft.h - from the body of POST /send to a checked draft.
 *
 * Pure. A field is looked for in the body, then the query string, then the headers; the first place
 * that has it counts. Three kinds of body: JSON object, form, plain text.
 * Threads: any.
 */
#ifndef DRAFT_H
#define DRAFT_H

#include "chat/chat.h"

#include <stddef.h>

struct err;
struct form;

enum draft_kind { DRAFT_NONE, DRAFT_JSON, DRAFT_FORM, DRAFT_TEXT };

/* From a Content-Type value (NULL or "": none). ERR_TYPE for another type, or a charset other than
 * UTF-8. */
int draft_kind_of(const char *content_type, size_t body_length, enum draft_kind *out, struct err *e);

struct draft_source {
    enum draft_kind kind;
    const char *body; /* NUL behind; may hold NULs */
    size_t body_length;
    const struct form *query;
    const struct form *headers; /* fields already under their field names */
    size_t max_text;            /* bytes */
};

/* Fills *d (initialised by the caller) and gives it an id if the sender didn't. -1 with the field
 * named; d may then be half filled and is good for chat_draft_fini only. */
int draft_parse(const struct draft_source *source, struct chat_draft *d, struct err *e);

/* Greatest body worth reading for a text of max_text bytes: a JSON string may spend six bytes on
 * one ("\u000a"), a form three, and the other fields are small. */
size_t draft_body_limit(size_t max_text);

#endif
