/* caller.h - who asks: key or token, address, role; and whether it may.
 *
 * A key comes as Authorization: Bearer, as Pollchat-Key, or as the field key; a token as
 * Authorization: Bearer (it has two dots), as Pollchat-Token, or as the field token. They may come
 * in several places if they agree. Other schemes of Authorization, such as the Basic of a folder
 * with a password, aren't for the chat. A bad token is refused on every route and never counts as
 * none. With both, the token says who it is.
 * Every handler begins with a caller (handler.h). It costs no SQL: the rules are taken when a
 * question needs them (site_rules.h).
 * Threads: a caller belongs to one.
 */
#ifndef CALLER_H
#define CALLER_H

#include "peace/key.h"
#include "site/limiter.h"
#include "site/standing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct form;
struct query;
struct request;
struct rules;
struct site;
struct token;

/* What came in a body or its query, borrowed. */
struct caller_text {
    const char *value; /* with a NUL behind; NULL: it wasn't sent */
    size_t length;
};

struct caller_fields {
    struct caller_text key;
    struct caller_text token;
};

struct caller {
    struct site *site;
    int64_t now_ms;              /* wall time of the request */
    struct limiter_who who;      /* for the limits; its key is of the text that the client sent */
    char key[KEY_TEXT_SIZE];     /* as the client sent it; "": none */
    struct token *token;         /* owned; NULL: none */
    const struct rules *rules;   /* NULL before caller_rules */
    struct standing_asker asker; /* its key is set by caller_rules */
    /* when what it may read may become less, at the latest; 0: not known to */
    int64_t ends_ms;
};

/* who: of limit_who; NULL: found here. fields: of the query; may be NULL, as may body. -1:
 * ERR_INPUT (a bad key, or contradictions) or ERR_TOKEN; ERR_CONFIG for wrong settings of tokens.
 * Call caller_fini in all cases. */
int caller_take(struct caller *c, struct site *site, const struct request *request, const struct limiter_who *who,
                const struct form *fields, const struct caller_fields *body, struct err *e);
void caller_fini(struct caller *c); /* fine for zeros */

/* Takes the rules, unless they are here. -1: the store can't be read. */
int caller_rules(struct caller *c, struct err *e);

/* Another key than a header or field has, after caller_rules. */
void caller_set_key(struct caller *c, const unsigned char key[KEY_BYTES]);

/* May it read the rooms that q asks for? Sets q->viewer and q->rules, and cuts q->wait so that a
 * token doesn't end meanwhile. -1: ERR_SIGN_IN, ERR_WEAK, ERR_BANNED, ERR_CLOSED, or as
 * caller_rules. */
int caller_may_read(struct caller *c, struct query *q, struct err *e);

/* What the caller is in this room, and the room. room: a valid name. As caller_rules. */
int caller_stand(struct caller *c, const char *room, struct standing *out, struct standing_room *found, struct err *e);

/* Has it this role, moderator or owner, in all rooms or in some? -1: ERR_SIGN_IN or ERR_WEAK. */
int caller_need_somewhere(struct caller *c, enum chat_role need, struct err *e);

/* Does what caller_may_read allowed for q still hold? 1: yes; 0: the client has to ask again; -1:
 * the store can't be read now. For requests that wait. */
int caller_holds(struct site *site, const struct query *q);

/* The error for a client that waited and has to ask again. Returns -1. */
int caller_must_ask_again(struct err *e);

#endif
