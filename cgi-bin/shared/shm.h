/* shm.h - a file mapped by several processes.
 *
 * The one owner of mmap. A file gets its name when it is complete, and the first of several that
 * are made at once gets it, so all processes map the same file. A file that can't be used is
 * replaced by a new one; a process that has the old one mapped keeps valid memory. If the file is
 * cut short while it is mapped, the mapping becomes zeros that this process alone sees, and counts
 * as replaced; otherwise the next access would end the process (SIGBUS).
 * Not for network file systems: mappings on different hosts don't see each other.
 * Threads: any. Fork: the child shares the mapping. Each mapping sets the handler of SIGBUS; a
 * SIGBUS outside of these mappings ends the process as usual.
 */
#ifndef SHM_H
#define SHM_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct shm;

/* What a new file is: `size` bytes, zeros except for the first ones. */
struct shm_new {
    size_t size;
    const void *first;
    size_t length; /* of first */
    /* Can a file be used that was found, where a new one would begin with `first`? NULL: always. */
    bool (*is_usable)(const void *bytes, const void *first);
};

/* Maps the file at path, read and write. A missing file, one of another size, or one that is not
 * usable is replaced by a new one, mode 0600. Its blocks are allocated at once: a full disk is an
 * error here and no SIGBUS later. NULL with ERR_FULL, ERR_READONLY, ERR_EXPOSED (permissions.h) or
 * ERR_SYSTEM. */
struct shm *shm_map(const char *path, const struct shm_new *made, struct err *e);
/* The same for a file that exists with that size; otherwise NULL, and nothing is made. */
struct shm *shm_map_there(const char *path, size_t size);
void shm_unmap(struct shm *s); /* NULL is fine */
void *shm_bytes(const struct shm *s);

/* The file was cut short while it was mapped. Costs one look at a flag. */
bool shm_is_lost(const struct shm *s);

/* The file was replaced, removed or cut short: other processes map another one. */
bool shm_is_replaced(const struct shm *s);

enum { SHM_BOOT_SIZE = 40 };

/* Writes an id of this boot of the machine, padded with zeros; "" if there is none. Process numbers
 * and monotonic times in a file mean something within one boot only. */
void shm_boot(char out[SHM_BOOT_SIZE]);

#endif
