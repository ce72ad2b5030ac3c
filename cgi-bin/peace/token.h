/* token.h - the token by which a site signs in its own visitors: a JWT (RFC 7519, RFC 8725).
 *
 * The site and the chat share a secret (HS256), or the chat has the public key of the site (EdDSA,
 * Ed25519). Which of the two is a setting; what the token itself says about its algorithm is only
 * compared with it. A claim is read after the signature was found good.
 * Claims: sub and name (texts), exp (at most TOKEN_LIFE_S ahead), aud; optional: iss, iat, nbf,
 * role, rooms, avatar. Other claims are ignored. No leeway after exp; TOKEN_SKEW_S for iat, nbf and
 * the end of a token that was made by a clock ahead of this one.
 * Not for the limits of a room: role and rooms are what the token says, and the caller decides.
 * To add a claim: a member of struct token, and a function in the table `claims` in token.c.
 * Pure; token_settings_read starts libsodium. Threads: any.
 */
#ifndef TOKEN_H
#define TOKEN_H

#include "chat/chat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum {
    TOKEN_MAX = 8192,      /* bytes */
    TOKEN_LIFE_S = 3600,   /* the latest exp, from now */
    TOKEN_SKEW_S = 60,     /* how far a clock may differ */
    TOKEN_SECRET_MIN = 32, /* bytes of a secret for HS256 (RFC 7518, section 3.2) */
    TOKEN_SECRET_MAX = 256,
    TOKEN_PUBLIC_KEY = 32, /* bytes of a public key for EdDSA */
    TOKEN_KID_MAX = 32,    /* bytes of a kid */
    TOKEN_TEXT_MAX = 255,  /* bytes of sub, iss, and of aud in the settings */
    TOKEN_AVATAR_MAX = 511,
    TOKEN_ROOMS_MAX = 32,
};

enum token_alg { TOKEN_NONE, TOKEN_HS256, TOKEN_EDDSA };

struct token_key {
    char kid[TOKEN_KID_MAX + 1]; /* "": none */
    unsigned char bytes[TOKEN_SECRET_MAX];
    size_t length;
};

struct token_settings {
    enum token_alg alg; /* TOKEN_NONE: this chat takes no tokens */
    struct token_key keys[2];
    size_t count;
    char aud[TOKEN_TEXT_MAX + 1];
};

struct token {
    char sub[TOKEN_TEXT_MAX + 1];
    char iss[TOKEN_TEXT_MAX + 1];       /* "": none */
    char name[CHAT_NAME_BYTES_MAX + 1]; /* as a name of a message must be, trimmed */
    char avatar[TOKEN_AVATAR_MAX + 1];  /* an https address, "": none */
    int64_t exp_s;                      /* when the token ends: the first second in which it is bad */
    enum chat_role role;                /* reader, member or moderator; CHAT_NOBODY: it doesn't say */
    bool has_rooms;                     /* without it the token is for all rooms */
    size_t room_count;
    char rooms[TOKEN_ROOMS_MAX][CHAT_ROOM_MAX + 1];
};

/* Reads the settings. key, next: "SECRET" or "KID:SECRET", next may be "". With HS256 the secret is
 * the bytes of the text as they are, which is what libraries for JWT do with a text; or
 * "base64url:TEXT" for any bytes. With EdDSA it is the public key, 43 characters of base64url. -1:
 * ERR_CONFIG, field is the setting's name, the text doesn't repeat the secret. */
int token_settings_read(struct token_settings *out, enum token_alg alg, const char *key, const char *next,
                        const char *aud, struct err *e);

/* Reads and checks a token. text needs no NUL behind it. now_s: seconds since 1970. -1: ERR_TOKEN,
 * whose text has the reason, and *out is undefined. */
int token_check(const struct token_settings *s, const char *text, size_t length, int64_t now_s, struct token *out,
                struct err *e);

/* Does the token's role count in this room? */
bool token_has_room(const struct token *t, const char *room);

#endif
