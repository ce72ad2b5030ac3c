/* name_cache.h - the forms of names that were used lately, for the whole process.
 *
 * The forms of a name (peace/name.h) cost as much as a tenth of a send, and in a room the same few
 * persons write. Entries are found by a hash with a random start, so that no client can choose
 * names that drive out others'.
 * Threads: any.
 */
#ifndef NAME_CACHE_H
#define NAME_CACHE_H

struct err;
struct name_forms;

/* As name_forms_of; errors aren't remembered. */
int name_cache_forms(const char *name, struct name_forms *out, struct err *e);

#endif
