/* hash.h - a number for some bytes: FNV-1a (Fowler, Noll, Vo), 64 bits.
 *
 * For tables and for telling whether something is another one; no secret is safe behind it. Its
 * upper half is the better one. Where the number stands in a file that other versions read, it must
 * stay what it is: bell.c has its own.
 * Pure. Threads: any.
 */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

/* or anything random, where nobody may choose what shares a bucket */
#define HASH_START 14695981039346656037ULL

/* Goes on from `hash`: what is hashed in pieces has the number of the whole. */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length);

#endif
