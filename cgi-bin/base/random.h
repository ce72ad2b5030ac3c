/* random.h - bytes and ids that can't be guessed, from the kernel.
 *
 * The program ends if the kernel gives no random bytes, neither by getrandom (since Linux 3.17) nor
 * by /dev/urandom.
 * Threads: any.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>

enum { RANDOM_ID_SIZE = 23 }; /* 22 of A-Za-z0-9-_ and NUL */

/* At most 256 bytes. */
void random_fill(void *out, size_t size);

/* Writes 22 characters, 132 random bits: for ids of messages, epochs of databases, names of files.
 */
void random_id(char out[RANDOM_ID_SIZE]);

#endif
