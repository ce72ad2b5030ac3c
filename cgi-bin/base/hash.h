/* hash.h - a number for some bytes: FNV-1a (Fowler, Noll, Vo), 64 bits.
 *
 * For tables, and to tell whether something has changed. It keeps no secret. Its upper half is
 * better distributed. A mapped file that other versions read needs a hash that never changes:
 * room_heads.c has its own.
 * Pure. Threads: any.
 */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

/* or a random number, where strangers must not be able to choose values that share a bucket */
#define HASH_START 14695981039346656037ULL

/* Continues from `hash`: hashing in pieces gives the same number as hashing the whole. */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length);

#endif
