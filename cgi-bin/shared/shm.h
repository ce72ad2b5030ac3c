/* shm.h - a file mapped by several processes.
 *
 * The one owner of mmap. A file gets its name when it is whole, and of several that are made at
 * once the first one has it, so that all map the same. One that won't do is taken away and made
 * anew; whoever has it mapped keeps valid memory. Should somebody cut a mapped file short, what was
 * mapped becomes zeros of this process alone, and counts as replaced; without that the next look
 * would end the process (SIGBUS).
 * Not for network file systems: mappings of different hosts don't see each other.
 * Threads: any. Fork: the child shares the mapping. Each mapping sets the handler of SIGBUS; one
 * that is not of a mapping here ends the process as ever.
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
    /* May a file that was found be used, where a new one would begin with `first`? NULL: any may. */
    bool (*is_usable)(const void *bytes, const void *first);
};

/* Maps the file at path, read and write. A missing file, one of another size, or one that is not
 * usable is replaced by a new one, mode 0600. Its blocks are allocated: a full disk is an error
 * here and no SIGBUS later. NULL with ERR_FULL, ERR_READONLY, ERR_EXPOSED (permissions.h) or
 * ERR_SYSTEM. */
struct shm *shm_map(const char *path, const struct shm_new *made, struct err *e);
/* The same if it is there in that size; NULL otherwise, and nothing is made. */
struct shm *shm_map_there(const char *path, size_t size);
void shm_unmap(struct shm *s); /* NULL is fine */
void *shm_bytes(const struct shm *s);

/* The file was cut short under us. Costs a look at a flag. */
bool shm_is_lost(const struct shm *s);

/* Another file stands at the path now, or none, or it is lost: others ring elsewhere. */
bool shm_is_replaced(const struct shm *s);

enum { SHM_BOOT_SIZE = 40 };

/* An id of this boot of the machine, padded with zeros: what a file says of processes and of
 * monotonic time is true within one boot only. "" where there is none to be had. */
void shm_boot(char out[SHM_BOOT_SIZE]);

#endif
