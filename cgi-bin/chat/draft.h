/* draft.h - from the body of POST /send to a checked draft.
 *
 * A field is looked for in the body, then in the query string, then in the headers; the first place
 * that has it counts. There are three kinds of body: JSON object, form, plain text.
 * Pure. Threads: any.
 */
#ifndef DRAFT_H
#define DRAFT_H

#include "chat/chat.h"

#include <stddef.h>

struct buf;
struct err;
struct form;

enum draft_kind { DRAFT_NONE, DRAFT_JSON, DRAFT_FORM, DRAFT_TEXT };

/* Finds the kind from a Content-Type (NULL or "": none). ERR_TYPE for another type, or a charset
 * other than UTF-8. */
int draft_kind_of(const char *content_type, size_t body_length, enum draft_kind *out, struct err *e);

/* What the client says it is, and how it proves that: as it was sent, unchecked. */
struct draft_credential {
    char *value; /* owned, with a NUL behind; NULL: it wasn't sent */
    size_t length;
};
struct draft_credentials {
    struct draft_credential key;
    struct draft_credential token;
    struct draft_credential proof;  /* of work */
    struct draft_credential secret; /* of the page without JavaScript: secret.h */
};
void draft_credentials_fini(struct draft_credentials *c); /* also for zeros */

struct draft_source {
    enum draft_kind kind;
    struct buf *body;    /* its bytes are taken */
    struct form *fields; /* empty; gets those of the body. The caller frees it */
    const struct form *query;
    const struct form *headers; /* headers under the names of their fields */
    size_t max_text;            /* bytes */
    /* Zeros; gets what was sent of them, also if the draft is refused. The caller ends it. NULL:
     * they aren't wanted. */
    struct draft_credentials *credentials;
};

/* Fills *d (initialised by the caller), all but its sender. A delete has no text. The text is not
 * copied: the block of the body becomes that of the text. -1 with the field named; then d may be
 * half filled and is good for chat_draft_fini only, and source->fields has what was read. */
int draft_parse(const struct draft_source *source, struct chat_draft *d, struct err *e);

/* The greatest body that may hold a text of max_text bytes: JSON may spend six bytes on one
 * ("\u000a"), a form three, and the other fields are small. */
size_t draft_body_limit(size_t max_text);

#endif
