/* hash.c - see hash.h. */
#include "base/hash.h"

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ b[i]) * 1099511628211ULL;
    }
    return hash;
}
