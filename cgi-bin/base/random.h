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

/* Writes 22 characters: for epochs of databases and names of files. */
void random_id(char out[RANDOM_ID_SIZE]);

/* The same for ids of messages: 42 bits of the server's time (ms, until 2109), then 90 random bits.
 * As bytes, a later id is greater than an earlier one, so new entries of an index of ids are
 * neighbours: a group of sends writes one or two pages of the index instead of one per message. */
void random_id_in_order(char out[RANDOM_ID_SIZE]);

#endif
