/* chat.h - what a message is, and which values its fields may have.
 *
 * A draft is what a client wants to send; a message is what the store made of it. Knows no HTTP, no
 * JSON, no database. To add a field: cgi-bin/README.md, "How to add", names all places.
 * Pure. Threads: any; a struct belongs to one caller.
 */
#ifndef CHAT_H
#define CHAT_H

#include "base/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum {
    CHAT_ROOM_MAX = 64, /* bytes */
    CHAT_NAME_MAX = 64, /* characters; a character is up to 4 bytes */
    CHAT_NAME_BYTES_MAX = CHAT_NAME_MAX * 4,
    CHAT_ID_MAX = 64, /* bytes */
    CHAT_EPOCH_SIZE = RANDOM_ID_SIZE,
    CHAT_KEY_BYTES = 16,     /* of a key, and of its keyed hash */
    CHAT_NETWORK_BYTES = 17, /* what is stored of a client's network (chat_sender) */
};

/* the greatest number that SQLite, PostgreSQL and JSON readers in C can hold */
#define CHAT_SEQ_MAX ((uint64_t)INT64_MAX)
#define CHAT_ROOM_DEFAULT "lobby"
#define CHAT_NAME_DEFAULT "guest"

/* stored: never renumber */
enum chat_type { CHAT_MESSAGE = 1, CHAT_EDIT, CHAT_DELETE, CHAT_NOTICE, CHAT_TYPE__MAX };

/* What a person may do; each includes the ones before. Stored: never renumber. */
enum chat_role { CHAT_NOBODY = 0, CHAT_READER, CHAT_MEMBER, CHAT_MODERATOR, CHAT_OWNER, CHAT_ROLE__MAX };

/* Who sends, as the program found out; no client can write these. All zeros: a guest whose network
 * isn't known. */
struct chat_sender {
    bool has_key;                      /* false: a guest */
    bool is_signed;                    /* by a token of the host's site */
    enum chat_role role;               /* in the draft's room */
    unsigned char key[CHAT_KEY_BYTES]; /* keyed hash of the key, never the key itself */
    bool has_network;                  /* the next one is known */
    /* Number of the secret (4 bytes, big end first), 4 or 6 for the family, keyed hash of the /24
     * or /64 (6 bytes), of the /24 or /48 (6). */
    unsigned char network[CHAT_NETWORK_BYTES];
    char *fold;  /* owned: the name, folded; NULL with the default name */
    char *look;  /* in fold's block: what the name looks like */
    bool is_odd; /* the name may be read in another alphabet (peace/name.h) */
};

struct chat_draft {
    char room[CHAT_ROOM_MAX + 1];
    char name[CHAT_NAME_BYTES_MAX + 1];
    char id[CHAT_ID_MAX + 1]; /* "": the client sent none, and the store makes one */
    bool id_is_made;          /* by the store */
    enum chat_type type;      /* message, edit or delete */
    uint64_t reply_to;        /* a seq, 0 for none */
    uint64_t target;          /* seq of the message that is edited or deleted; 0 for other types */
    struct chat_sender sender;
    char *text; /* owned; UTF-8, NUL behind */
    size_t text_length;
};

/* What a reader learns of a message's sender. Stored: never renumber. */
enum chat_flag {
    CHAT_HAS_MARK = 1, /* the sender has a key */
    CHAT_ALIKE = 2,    /* the name looks like another person's */
    CHAT_FRESH = 4,    /* the person was new */
    CHAT_SIGNED = 8,   /* signed in at the host's site */
};

struct chat_message {
    uint64_t seq;
    int64_t time_ms;   /* since 1970, by the server's clock at the commit */
    uint64_t reply_to; /* 0 for none */
    uint64_t target;   /* of an edit or delete: seq of the message. Its own seq: it was erased. Else 0 */
    uint64_t edited;   /* seq of the last edit of this message; 0: none */
    uint16_t mark;     /* with CHAT_HAS_MARK: what tells persons of one name apart */
    unsigned flags;    /* set of enum chat_flag */
    enum chat_type type;
    enum chat_role role;
    char *name; /* owned: one block with the next two */
    char *id;
    char *text;
    size_t text_length;
    /* Of a delete of several messages: their seqs, as "41-60 63", ascending; target is the first.
     * NULL: it is of one. In the block of the name. */
    char *targets;
};

const char *chat_type_word(enum chat_type type); /* "message", ...; "" for a number that is none */
const char *chat_role_word(enum chat_role role); /* "reader", ...; "" for a number that is none */
/* The role that a word names; CHAT_ROLE__MAX for another word. */
enum chat_role chat_role_of(const char *word);

void chat_draft_init(struct chat_draft *d); /* a message, default room and name, no text, no id */
void chat_draft_fini(struct chat_draft *d);
void chat_message_fini(struct chat_message *m);

/* The size of a text as JSON, which counts against the limit of an answer: a control character
 * takes six bytes, a quote or backslash two (RFC 8259, section 7). */
size_t chat_text_weight(const char *text, size_t length);

/* Each of these checks one value and copies it into the draft. value ends with a NUL; length is its
 * true length, so a NUL inside is found and refused. -1 names the field and what is allowed, and
 * the draft is unchanged. */
int chat_set_room(struct chat_draft *d, const char *value, size_t length, struct err *e);
int chat_set_name(struct chat_draft *d, const char *value, size_t length,
                  /* trims white space; invisible.h says what else a name must not have */
                  struct err *e);
int chat_set_id(struct chat_draft *d, const char *value, size_t length, struct err *e);
int chat_set_reply_to(struct chat_draft *d, const char *value, size_t length, struct err *e);
int chat_set_type(struct chat_draft *d, const char *value, size_t length, struct err *e); /* no notice */
int chat_set_target(struct chat_draft *d, const char *value, size_t length, struct err *e);
/* Checks a text, which is large and therefore not copied: chat_text_take takes it, malloc'd, when
 * it is good. */
int chat_text_check(const char *value, size_t length, size_t max_text, struct err *e);
void chat_text_take(struct chat_draft *d, char *value, size_t length);

/* [a-z0-9][a-z0-9_-]{0,63} */
bool chat_room_valid(const char *room, size_t length);

#endif
