/* stretch.c - see stretch.h. */
#include "peace/stretch.h"

#include "base/blocking.h"
#include "base/ck.h"
#include "base/err.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

/* Four passes over 8 MiB take about 20 ms of a core. */
enum { MEMORY = 8 << 20, PASSES = 4, WAIT_S = 3 };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static_assert(STRETCH_SECRET_MIN >= crypto_pwhash_PASSWD_MIN, "libsodium takes such secrets");
static_assert(KEY_BYTES >= crypto_pwhash_BYTES_MIN, "libsodium makes keys of this size");

const char *stretch_find(const char *text, size_t length)
{
    const char *sign = length > 1 ? memchr(text + 1, '#', length - 1) : NULL;
    return sign != NULL && sign + 1 < text + length ? sign + 1 : NULL;
}

static void make_salt(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *fold,
                      unsigned char out[crypto_pwhash_SALTBYTES])
{
    CK(crypto_generichash(out, crypto_pwhash_SALTBYTES, (const unsigned char *)fold, strlen(fold), subkey,
                          KEY_SUBKEY_BYTES) == 0);
}

static bool take_turn(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until); /* musl has no pthread_mutex_clocklock */
    until.tv_sec += WAIT_S;
    return pthread_mutex_timedlock(&one_at_a_time, &until) == 0;
}

int stretch_key(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *fold, const char *secret, size_t length,
                unsigned char out[KEY_BYTES], struct err *e)
{
    unsigned char salt[crypto_pwhash_SALTBYTES];
    if (length < STRETCH_SECRET_MIN || length > STRETCH_SECRET_MAX) {
        return err_field(e, ERR_INPUT, "name", "The secret behind the '#' must have %d to %d bytes.",
                         STRETCH_SECRET_MIN, STRETCH_SECRET_MAX);
    }
    make_salt(subkey, fold, salt);
    blocking_expected();
    if (!take_turn()) {
        return err_set(e, ERR_CROWDED, "Too many secrets are being checked; try again.");
    }
    int made = crypto_pwhash(out, KEY_BYTES, secret, length, salt, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13);
    pthread_mutex_unlock(&one_at_a_time);
    return made == 0 ? 0 : err_set(e, ERR_CROWDED, "There is no memory to check the secret; try again.");
}
