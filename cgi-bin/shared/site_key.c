/* site_key.c - see site_key.h. Owns libsodium: a keyed BLAKE2b, and the system's random bytes. */
#include "shared/site_key.h"

#include "base/ck.h"
#include "base/err.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_name.h"
#include "system/permissions.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static_assert(SITE_KEY_BYTES == crypto_generichash_KEYBYTES, "the key is one of libsodium's");

static int fail(const char *what, struct err *e)
{
    switch (err_of_errno(errno)) {
    case ERR_READONLY:
        return err_set(e, ERR_READONLY, "The key of the site can't be %s in the data folder.", what);
    case ERR_FULL:
        return err_set(e, ERR_FULL, "The disk or the quota is full: the key of the site can't be %s.", what);
    default:
        return err_set(e, ERR_SYSTEM, "The key of the site can't be %s: %s.", what, strerror(errno));
    }
}

/* 1: read; 0: there is none; -1 with the error. */
static int read_key(const char *path, struct site_key *s, struct err *e)
{
    unsigned char bytes[SITE_KEY_BYTES + 1];
    /* a pipe at this path must not block the program */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT ? 0 : fail("read", e);
    }
    if (permissions_file(fd, path, e) != 0) {
        close(fd);
        return -1;
    }
    ssize_t length = read(fd, bytes, sizeof bytes);
    close(fd);
    if (length != SITE_KEY_BYTES) {
        errno = length < 0 ? errno : EBADMSG;
        return fail("read", e);
    }
    memcpy(s->key, bytes, sizeof s->key);
    return 1;
}

/* *kept: the file's descriptor, to be closed once the file has its final name; unchanged when it
 * can't be made. */
static bool write_key(const char *path, const struct site_key *s, int *kept)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    (void)file_lock_try(fd); /* until it has its final name: see file_name_sweep */
    errno = ENOSPC;          /* for a write that is short without an error */
    bool written = write(fd, s->key, sizeof s->key) == (ssize_t)sizeof s->key && fsync(fd) == 0;
    int why = errno;
    if (written) {
        file_make_private(path);
    }
    *kept = fd;
    errno = why;
    return written;
}

static int make_key(const char *path, struct site_key *s, struct err *e)
{
    char made[PATH_MAX];
    char random[SITE_KEY_NAME_SIZE];
    int result = 0;
    int fd = -1;
    site_key_random(random, sizeof random);
    if (snprintf(made, sizeof made, "%s-%s", path, random) >= (int)sizeof made) {
        errno = ENAMETOOLONG;
        return fail("made", e);
    }
    file_name_sweep(path, '-', SITE_KEY_NAME_SIZE - 1);
    randombytes_buf(s->key, sizeof s->key);
    if (!write_key(made, s, &fd)) {
        result = fail("made", e);
        unlink(made);
        /* the first key stays when several processes make one */
    } else if (file_name_put(made, path) != 0 && errno != EEXIST) {
        result = fail("made", e);
    }
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

int site_key_load(struct site_key *s, const char *folder, struct err *e)
{
    char path[PATH_MAX];
    CK(sodium_init() >= 0);
    if (snprintf(path, sizeof path, "%s/chat.key", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return fail("read", e);
    }
    int found = read_key(path, s, e);
    if (found == 0) {
        if (make_key(path, s, e) != 0) {
            return -1;
        }
        found = read_key(path, s, e); /* another process may have been faster */
    }
    if (found == 0) {
        errno = ENOENT;
        return fail("read", e);
    }
    return found > 0 ? 0 : -1;
}

void site_key_name(const struct site_key *s, const char *purpose, const char *text, char out[SITE_KEY_NAME_SIZE])
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash_state state;
    static_assert(sizeof hash * 2 + 1 == SITE_KEY_NAME_SIZE, "a name is the whole hash");
    /* With the NUL of purpose, so that no two pairs of purpose and text have the same bytes. */
    CK(crypto_generichash_init(&state, s->key, sizeof s->key, sizeof hash) == 0);
    CK(crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1) == 0);
    CK(crypto_generichash_update(&state, (const unsigned char *)text, strlen(text)) == 0);
    CK(crypto_generichash_final(&state, hash, sizeof hash) == 0);
    sodium_bin2hex(out, SITE_KEY_NAME_SIZE, hash, sizeof hash);
}

/* A subkey has 32 bytes and a name 16. BLAKE2b hashes the length of its output along, so no name is
 * a part of a subkey. */
void site_key_derive(const struct site_key *s, const char *purpose, unsigned char out[SITE_KEY_BYTES])
{
    CK(crypto_generichash(out, SITE_KEY_BYTES, (const unsigned char *)purpose, strlen(purpose), s->key,
                          sizeof s->key) == 0);
}

void site_key_hash_init(const struct site_key *s, const char *purpose, struct site_key_hash *out)
{
    static_assert(sizeof out->key == crypto_shorthash_KEYBYTES, "the key is one of SipHash");
    CK(sodium_init() >= 0);
    if (s == NULL) {
        randombytes_buf(out->key, sizeof out->key);
        return;
    }
    unsigned char subkey[SITE_KEY_BYTES];
    site_key_derive(s, purpose, subkey);
    memcpy(out->key, subkey, sizeof out->key);
}

uint64_t site_key_hash(const struct site_key_hash *h, const void *bytes, size_t length)
{
    unsigned char out[crypto_shorthash_BYTES];
    uint64_t number = 0;
    static_assert(sizeof out == sizeof number, "the hash is a number");
    (void)crypto_shorthash(out, bytes, length, h->key);
    memcpy(&number, out, sizeof number);
    return number;
}

void site_key_random(char *out, unsigned size)
{
    unsigned char bytes[SITE_KEY_NAME_SIZE / 2];
    CK(sodium_init() >= 0 && size % 2 == 1 && size <= SITE_KEY_NAME_SIZE);
    randombytes_buf(bytes, size / 2);
    sodium_bin2hex(out, size, bytes, size / 2);
}
