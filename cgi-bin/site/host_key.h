/* host_key.h - is the key of the site (site_key.h) the same on all hosts that serve the chat?
 *
 * By that key the chat knows its visitors again. On a host with another key each visitor would be
 * another person: visitors would lose their names and rights there, and banned visitors could write
 * again. So a host with another key stores nothing that visitors send (site_check_key). Its upkeep
 * goes on, which needs no key.
 * Threads: any; the store is the caller's.
 */
#ifndef HOST_KEY_H
#define HOST_KEY_H

#include "store/store_upkeep.h"

struct store;
struct store_options;

enum host_key {
    HOST_KEY_UNKNOWN, /* the key or the database can't be read now */
    HOST_KEY_COMMON,  /* also if no host has written yet */
    HOST_KEY_FOREIGN,
};

/* The marks of keys: an owner can compare them, and they reveal nothing. */
struct host_key_marks {
    char own[STORE_KEY_MARK_SIZE];
    char kept[STORE_KEY_MARK_SIZE]; /* of the host that wrote first; "": none has */
};

/* Makes the key if there is none. marks: may be NULL; set if the key is foreign. */
enum host_key host_key_compare(const struct store_options *options, struct store *store, struct host_key_marks *marks);

#endif
