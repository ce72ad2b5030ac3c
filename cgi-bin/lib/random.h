/* random.h - bytes that nobody can guess, from the kernel.
 *
 * Threads: any.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>

/* At most 256 bytes. Ends the program where the kernel has none to give: neither the call of Linux 3.17 nor /dev/urandom. */
void random_fill(void *out, size_t size);

#endif
