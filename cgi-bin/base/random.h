/* random.h - bytes and names that cannot be guessed, from the kernel.
 *
 * Threads: any. Ends the program where the kernel has no random bytes to give: neither by the
 * call of Linux 3.17 nor by /dev/urandom.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>

enum { RANDOM_ID_SIZE = 23 }; /* 22 of A-Za-z0-9-_ (128 random bits) and NUL */

/* At most 256 bytes. */
void random_fill(void *out, size_t size);

/* 22 characters: ids of messages, epochs of databases. */
void random_id(char out[RANDOM_ID_SIZE]);

#endif
