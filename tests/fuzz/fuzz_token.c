/* fuzz_token.c - token.h, key.h, proof.h and stretch.h on any bytes.
 *
 * The first byte chooses what the others are: 't' a whole token, 'c' the claims and 'h' the header
 * of a token that the target signs, anything else a key, a proof and a name. A token that is
 * accepted keeps the limits of token.h; a key has one spelling.
 */
#include "fuzz.h"

#include "peace/base64url.h"
#include "peace/key.h"
#include "peace/proof.h"
#include "peace/stretch.h"
#include "peace/token.h"

#include <sodium.h>

#define TOKEN_SECRET "0123456789abcdef0123456789abcdef"

enum { TOKEN_NOW = 2000000000 };

static void token_add_part(struct buf *out, const char *bytes, size_t length)
{
    size_t room = length * 4 / 3 + 4;
    char *text = ck_malloc(room);
    base64url_write((const unsigned char *)bytes, length, text, room);
    buf_adds(out, text);
    free(text);
}

static void token_sign(struct buf *out)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)TOKEN_SECRET, sizeof TOKEN_SECRET - 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)buf_text(out), out->length);
    crypto_auth_hmacsha256_final(&state, mac);
    buf_addc(out, '.');
    token_add_part(out, (const char *)mac, sizeof mac);
}

static void token_check_limits(const struct token *t)
{
    CK(t->sub[0] != '\0' && str_utf8_valid(t->sub, strlen(t->sub), NULL));
    CK(t->name[0] != '\0' && str_utf8_valid(t->name, strlen(t->name), NULL));
    CK(strlen(t->sub) <= TOKEN_TEXT_MAX && strlen(t->iss) <= TOKEN_TEXT_MAX && strlen(t->avatar) <= TOKEN_AVATAR_MAX);
    CK(t->exp_s > TOKEN_NOW && t->exp_s <= TOKEN_NOW + TOKEN_LIFE_S + TOKEN_SKEW_S);
    CK(t->role <= CHAT_MODERATOR);
    CK(t->room_count <= TOKEN_ROOMS_MAX && (t->has_rooms || t->room_count == 0));
    for (size_t i = 0; i < t->room_count; i++) {
        CK(chat_room_valid(t->rooms[i], strlen(t->rooms[i])) && token_has_room(t, t->rooms[i]));
    }
}

static void token_run(const char *bytes, size_t size, enum token_alg alg)
{
    struct token_settings s;
    struct token t;
    struct err e = ERR_INIT;
    CK(token_settings_read(&s, alg, alg == TOKEN_HS256 ? TOKEN_SECRET : "AAECAwQFBgcICQoLDA0ODwAAECAwQFBgcICQoLDA0OA",
                           "", "chat", NULL) == 0);
    int result = token_check(&s, bytes, size, TOKEN_NOW, &t, &e);
    CK((result == 0) == (e.code == ERR_NONE));
    if (result == 0) {
        CK(size <= TOKEN_MAX);
        token_check_limits(&t);
    } else {
        fuzz_check_error(&e);
    }
}

static void token_run_signed(const char *header, size_t header_size, const char *claims, size_t claims_size)
{
    struct buf token;
    buf_init(&token, BUF_UNLIMITED);
    token_add_part(&token, header, header_size);
    buf_addc(&token, '.');
    token_add_part(&token, claims, claims_size);
    token_sign(&token);
    token_run(token.bytes, token.length, TOKEN_HS256);
    buf_fini(&token);
}

static void token_run_others(const char *bytes, size_t size)
{
    static const unsigned char subkey[KEY_SUBKEY_BYTES];
    unsigned char key[KEY_BYTES];
    char text[KEY_TEXT_SIZE];
    struct err e = ERR_INIT;
    if (key_parse(bytes, size, key, &e) == 0) {
        key_text(key, text);
        CK(size == strlen(text) && memcmp(text, bytes, size) == 0);
    } else {
        fuzz_check_error(&e);
    }
    err_clear(&e);
    if (proof_check(subkey, "AAECAwQFBgcICQoLDA0ODw", 8, TOKEN_NOW, bytes, size, &e) != 0) {
        fuzz_check_error(&e);
    }
    const char *secret = stretch_find(bytes, size);
    CK(secret == NULL || (secret > bytes + 1 && secret < bytes + size && secret[-1] == '#'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char header[] = "{\"alg\":\"HS256\"}";
    static const char claims[] = "{\"sub\":\"17\",\"name\":\"Ann\",\"exp\":2000000600,\"aud\":\"chat\"}";
    if (size == 0) {
        return 0;
    }
    char *bytes = fuzz_copy(data + 1, size - 1);
    if (data[0] == 't') {
        token_run(bytes, size - 1, TOKEN_HS256);
        token_run(bytes, size - 1, TOKEN_EDDSA);
    } else if (data[0] == 'c') {
        token_run_signed(header, sizeof header - 1, bytes, size - 1);
    } else if (data[0] == 'h') {
        token_run_signed(bytes, size - 1, claims, sizeof claims - 1);
    } else {
        token_run_others(bytes, size - 1);
    }
    free(bytes);
    return 0;
}
