/* token.c - see token.h. Owns jansson in this room. */
#include "peace/token.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "peace/base64url.h"

#include <assert.h>
#include <ctype.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

static_assert(TOKEN_PUBLIC_KEY == crypto_sign_PUBLICKEYBYTES, "a public key is one of libsodium's");

enum {
    WORD_MAX = 16,
    LAST_SECOND_BITS = 38, /* 2^38 seconds are some 8000 years */
    SIGNATURE_MAX = crypto_sign_BYTES,
};

static_assert(SIGNATURE_MAX >= crypto_auth_hmacsha256_BYTES, "a signature of either kind fits");

/* A token's three parts, in the text itself. */
struct part {
    const char *text;
    size_t length;
};

struct parts {
    struct part header;
    struct part claims;
    struct part signature;
    struct part is_signed; /* the first two with the dot between them */
};

static int bad(struct err *e, const char *why)
{
    return err_set(e, ERR_TOKEN, "%s", why);
}

/* ---- settings ---- */

static bool is_kid(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr("._-", text[i]) == NULL) {
            return false;
        }
    }
    return length >= 1 && length <= TOKEN_KID_MAX;
}

/* Takes "KID:" from the start of the text, if it is there. "base64url:" is none. */
static const char *take_kid(const char *text, char kid[TOKEN_KID_MAX + 1])
{
    const char *colon = strchr(text, ':');
    size_t length = colon != NULL ? (size_t)(colon - text) : 0;
    kid[0] = '\0';
    if (!is_kid(text, length) || (length == 9 && memcmp(text, "base64url", 9) == 0)) {
        return text;
    }
    memcpy(kid, text, length);
    kid[length] = '\0';
    return colon + 1;
}

static int read_bytes(struct token_key *key, const char *text, const char *field, struct err *e)
{
    if (!base64url_read(text, strlen(text), key->bytes, sizeof key->bytes, &key->length)) {
        return err_field(e, ERR_CONFIG, field, "%s is not base64url without padding, or is too long.", field);
    }
    return 0;
}

static int read_secret(struct token_key *key, const char *text, const char *field, struct err *e)
{
    static const char coded[] = "base64url:";
    if (strncmp(text, coded, sizeof coded - 1) == 0) {
        if (read_bytes(key, text + sizeof coded - 1, field, e) != 0) {
            return -1;
        }
    } else if ((key->length = strlen(text)) <= TOKEN_SECRET_MAX) {
        memcpy(key->bytes, text, key->length);
    }
    if (key->length < TOKEN_SECRET_MIN || key->length > TOKEN_SECRET_MAX) {
        return err_field(e, ERR_CONFIG, field, "%s must have %d to %d bytes with token_alg = hs256.", field,
                         TOKEN_SECRET_MIN, TOKEN_SECRET_MAX);
    }
    return 0;
}

static int read_public_key(struct token_key *key, const char *text, const char *field, struct err *e)
{
    if (read_bytes(key, text, field, e) != 0) {
        return -1;
    }
    if (key->length != TOKEN_PUBLIC_KEY) {
        return err_field(e, ERR_CONFIG, field, "%s must be a public key of %d bytes with token_alg = eddsa.", field,
                         TOKEN_PUBLIC_KEY);
    }
    return 0;
}

static int read_key(struct token_settings *s, const char *text, const char *field, struct err *e)
{
    struct token_key *key = &s->keys[s->count];
    text = take_kid(text, key->kid);
    int result = s->alg == TOKEN_HS256 ? read_secret(key, text, field, e) : read_public_key(key, text, field, e);
    s->count += result == 0;
    return result;
}

int token_settings_read(struct token_settings *out, enum token_alg alg, const char *key, const char *next,
                        const char *aud, struct err *e)
{
    CK(sodium_init() >= 0);
    memset(out, 0, sizeof *out);
    out->alg = alg;
    if (alg == TOKEN_NONE) {
        return 0;
    }
    if (aud[0] == '\0' || strlen(aud) > TOKEN_TEXT_MAX) {
        return err_field(e, ERR_CONFIG, "token_aud", "token_aud must have 1 to %d bytes when tokens are in use.",
                         TOKEN_TEXT_MAX);
    }
    memcpy(out->aud, aud, strlen(aud));
    if (read_key(out, key, "token_key", e) != 0) {
        return -1;
    }
    return next[0] == '\0' ? 0 : read_key(out, next, "token_key_next", e);
}

/* ---- the three parts ---- */

static bool split(const char *text, size_t length, struct parts *p)
{
    const char *first = memchr(text, '.', length);
    const char *second = first != NULL ? memchr(first + 1, '.', (size_t)(text + length - first - 1)) : NULL;
    if (second == NULL || memchr(second + 1, '.', (size_t)(text + length - second - 1)) != NULL) {
        return false;
    }
    p->header = (struct part){text, (size_t)(first - text)};
    p->claims = (struct part){first + 1, (size_t)(second - first - 1)};
    p->signature = (struct part){second + 1, (size_t)(text + length - second - 1)};
    p->is_signed = (struct part){text, (size_t)(second - text)};
    return true;
}

/* A part as an object of JSON, in which no name is given twice; NULL if it is none. */
static json_t *read_object(struct part part)
{
    unsigned char bytes[TOKEN_MAX];
    size_t length = 0;
    if (!base64url_read(part.text, part.length, bytes, sizeof bytes, &length)) {
        return NULL;
    }
    json_t *object = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, NULL);
    if (object != NULL && !json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* ---- the header ---- */

static int check_alg(const struct token_settings *s, const char *alg, struct err *e)
{
    const char *expected = s->alg == TOKEN_HS256 ? "HS256" : "EdDSA";
    if (alg == NULL) {
        return bad(e, "The token is malformed: its header has no alg.");
    }
    if (strcasecmp(alg, "none") == 0) {
        return bad(e, "The token has alg none: tokens without a signature are never accepted.");
    }
    if (strcmp(alg, expected) != 0) {
        return err_set(e, ERR_TOKEN, "The token has another alg; this chat accepts %s only.", expected);
    }
    return 0;
}

/* *kid is borrowed from the header, NULL if it has none. */
static int check_header(const struct token_settings *s, const json_t *header, const char **kid, struct err *e)
{
    const json_t *type = json_object_get(header, "typ");
    const json_t *key = json_object_get(header, "kid");
    if (check_alg(s, json_string_value(json_object_get(header, "alg")), e) != 0) {
        return -1;
    }
    if (json_object_get(header, "crit") != NULL) {
        return bad(e, "The token demands an extension (crit), and this chat knows none.");
    }
    if (type != NULL && (!json_is_string(type) || strcasecmp(json_string_value(type), "JWT") != 0)) {
        return bad(e, "The token is of another kind: its typ is not JWT.");
    }
    if (key != NULL && !json_is_string(key)) {
        return bad(e, "The token is malformed: its kid is not a text.");
    }
    *kid = json_string_value(key);
    return 0;
}

/* ---- the signature ---- */

static bool is_good_hs256(const struct token_key *key, struct part text, const unsigned char *signature, size_t length)
{
    unsigned char ours[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key->bytes, key->length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text.text, text.length);
    crypto_auth_hmacsha256_final(&state, ours);
    return length == sizeof ours && sodium_memcmp(ours, signature, sizeof ours) == 0;
}

static bool is_good_eddsa(const struct token_key *key, struct part text, const unsigned char *signature, size_t length)
{
    return length == crypto_sign_BYTES &&
           crypto_sign_verify_detached(signature, (const unsigned char *)text.text, text.length, key->bytes) == 0;
}

/* A key of the settings without a kid is tried for each token; a token without a kid is tried with
 * each key. */
static int check_signature(const struct token_settings *s, const char *kid, const struct parts *p, struct err *e)
{
    unsigned char signature[SIGNATURE_MAX];
    size_t length = 0;
    bool is_known = false;
    bool is_good = false;
    if (!base64url_read(p->signature.text, p->signature.length, signature, sizeof signature, &length)) {
        return bad(e, "The token's signature is wrong: it is not base64url of the right length.");
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct token_key *key = &s->keys[i];
        if (kid == NULL || key->kid[0] == '\0' || strcmp(kid, key->kid) == 0) {
            is_known = true;
            is_good |= s->alg == TOKEN_HS256 ? is_good_hs256(key, p->is_signed, signature, length)
                                             : is_good_eddsa(key, p->is_signed, signature, length);
        }
    }
    if (!is_known) {
        return bad(e, "The token's kid is not one of this chat's.");
    }
    return is_good ? 0 : bad(e, "The token's signature is wrong.");
}

/* ---- claims ---- */

/* Copies a claim that is a text; without it *out is "". No control characters: a sub with a line
 * break is a mistake of the site. */
static int take_text(const json_t *claims, const char *name, char *out, size_t size, struct err *e)
{
    const json_t *value = json_object_get(claims, name);
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    out[0] = '\0';
    if (value == NULL) {
        return 0;
    }
    if (text == NULL || length == 0 || length >= size) {
        return err_set(e, ERR_TOKEN, "The token's %s must be a text of 1 to %zu bytes.", name, size - 1);
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F) {
            return err_set(e, ERR_TOKEN, "The token's %s has a control character.", name);
        }
    }
    memcpy(out, text, length + 1);
    return 0;
}

/* Reads a claim that is a time: 1 if it is there, 0 if not, -1 with the error. */
static int take_time(const json_t *claims, const char *name, int64_t *out, struct err *e)
{
    const json_t *value = json_object_get(claims, name);
    const double most = (double)((int64_t)1 << LAST_SECOND_BITS);
    if (value == NULL) {
        return 0;
    }
    double seconds = json_number_value(value);
    if (!json_is_number(value) || !(seconds >= 0 && seconds <= most)) {
        return err_set(e, ERR_TOKEN, "The token's %s must be a number of seconds since 1970.", name);
    }
    *out = (int64_t)seconds;
    return 1;
}

static int claim_subject(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                         struct err *e)
{
    (void)s;
    (void)now_s;
    if (take_text(claims, "sub", out->sub, sizeof out->sub, e) != 0 ||
        take_text(claims, "iss", out->iss, sizeof out->iss, e) != 0) {
        return -1;
    }
    return out->sub[0] != '\0' ? 0 : bad(e, "The token has no sub.");
}

static int claim_end(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                     struct err *e)
{
    char when[CLOCK_TEXT_SIZE];
    int found = take_time(claims, "exp", &out->exp_s, e);
    (void)s;
    if (found <= 0) {
        return found < 0 ? -1 : bad(e, "The token has no exp.");
    }
    clock_text(out->exp_s * 1000, when);
    if (out->exp_s <= now_s) {
        return err_set(e, ERR_TOKEN, "The token expired at %s.", when);
    }
    if (out->exp_s > now_s + TOKEN_LIFE_S + TOKEN_SKEW_S) {
        return err_set(e, ERR_TOKEN, "The token ends too late, at %s: its exp may be at most an hour from now.", when);
    }
    return 0;
}

/* iat and nbf: when the token was made, and when it begins. */
static int claim_start(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                       struct err *e)
{
    static const char *const names[] = {"iat", "nbf"};
    (void)s;
    (void)out;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char when[CLOCK_TEXT_SIZE];
        int64_t start = 0;
        int found = take_time(claims, names[i], &start, e);
        if (found < 0) {
            return -1;
        }
        clock_text(start * 1000, when);
        if (found > 0 && start > now_s + TOKEN_SKEW_S) {
            return err_set(e, ERR_TOKEN, "The token is not valid yet: its %s is %s.", names[i], when);
        }
    }
    return 0;
}

/* A text, or a list of texts of which one must be ours. */
static int claim_audience(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                          struct err *e)
{
    const json_t *aud = json_object_get(claims, "aud");
    bool is_ours = json_is_string(aud) && strcmp(json_string_value(aud), s->aud) == 0;
    (void)now_s;
    (void)out;
    if (aud == NULL) {
        return bad(e, "The token has no aud.");
    }
    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));
        is_ours |= one != NULL && strcmp(one, s->aud) == 0;
    }
    return is_ours ? 0 : bad(e, "The token is for another audience: its aud is not this chat's token_aud.");
}

static int claim_name(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                      struct err *e)
{
    struct chat_draft draft;
    struct err why = ERR_INIT;
    char name[CHAT_NAME_BYTES_MAX + 1];
    (void)s;
    (void)now_s;
    if (take_text(claims, "name", name, sizeof name, e) != 0) {
        return -1;
    }
    if (name[0] == '\0') {
        return bad(e, "The token has no name.");
    }
    chat_draft_init(&draft);
    int result = chat_set_name(&draft, name, strlen(name), &why);
    memcpy(out->name, draft.name, sizeof out->name);
    chat_draft_fini(&draft);
    return result == 0 ? 0 : err_set(e, ERR_TOKEN, "The token's name can't be used: %s", why.text);
}

static int claim_role(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                      struct err *e)
{
    char role[WORD_MAX];
    (void)s;
    (void)now_s;
    if (take_text(claims, "role", role, sizeof role, e) != 0) {
        return -1;
    }
    out->role = role[0] == '\0' ? CHAT_NOBODY : chat_role_of(role);
    return role[0] == '\0' || (out->role >= CHAT_READER && out->role <= CHAT_MODERATOR)
               ? 0
               : bad(e, "The token's role must be reader, member or moderator.");
}

static int claim_rooms(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                       struct err *e)
{
    const json_t *rooms = json_object_get(claims, "rooms");
    (void)s;
    (void)now_s;
    out->has_rooms = rooms != NULL;
    out->room_count = json_array_size(rooms);
    if (rooms != NULL && (!json_is_array(rooms) || out->room_count > TOKEN_ROOMS_MAX)) {
        return err_set(e, ERR_TOKEN, "The token's rooms must be a list of at most %d names.", TOKEN_ROOMS_MAX);
    }
    for (size_t i = 0; i < out->room_count; i++) {
        const json_t *room = json_array_get(rooms, i);
        if (!json_is_string(room) || !chat_room_valid(json_string_value(room), json_string_length(room))) {
            return bad(e, "The token's rooms must be names of rooms: a-z, 0-9, '-' and '_', at most 64.");
        }
        memcpy(out->rooms[i], json_string_value(room), json_string_length(room) + 1);
    }
    return 0;
}

static int claim_avatar(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                        struct err *e)
{
    (void)s;
    (void)now_s;
    if (take_text(claims, "avatar", out->avatar, sizeof out->avatar, e) != 0) {
        return -1;
    }
    return out->avatar[0] == '\0' || strncmp(out->avatar, "https://", 8) == 0
               ? 0
               : bad(e, "The token's avatar must be an https address.");
}

typedef int claim(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                  struct err *e);

static int check_claims(const struct token_settings *s, const json_t *claims, int64_t now_s, struct token *out,
                        struct err *e)
{
    static claim *const all[] = {claim_end,  claim_start, claim_audience, claim_subject,
                                 claim_name, claim_role,  claim_rooms,    claim_avatar};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i](s, claims, now_s, out, e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- the whole ---- */

static int check_signed(const struct token_settings *s, const struct parts *p, struct err *e)
{
    const char *kid = NULL;
    json_t *header = read_object(p->header);
    if (header == NULL) {
        return bad(e, "The token is malformed: its header is not an object of JSON in base64url.");
    }
    int result = check_header(s, header, &kid, e) == 0 ? check_signature(s, kid, p, e) : -1;
    json_decref(header);
    return result;
}

int token_check(const struct token_settings *s, const char *text, size_t length, int64_t now_s, struct token *out,
                struct err *e)
{
    struct parts p;
    memset(out, 0, sizeof *out);
    if (s->alg == TOKEN_NONE) {
        return bad(e, "This chat takes no tokens.");
    }
    if (length > TOKEN_MAX) {
        return err_set(e, ERR_TOKEN, "The token is longer than %d bytes.", TOKEN_MAX);
    }
    if (!split(text, length, &p)) {
        return bad(e, "The token is malformed: it must have three parts with dots between them.");
    }
    if (check_signed(s, &p, e) != 0) {
        return -1;
    }
    json_t *claims = read_object(p.claims);
    if (claims == NULL) {
        return bad(e, "The token is malformed: its claims are not an object of JSON in base64url.");
    }
    int result = check_claims(s, claims, now_s, out, e);
    json_decref(claims);
    return result;
}

bool token_has_room(const struct token *t, const char *room)
{
    for (size_t i = 0; i < t->room_count; i++) {
        if (strcmp(t->rooms[i], room) == 0) {
            return true;
        }
    }
    return !t->has_rooms;
}
