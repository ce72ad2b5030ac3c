/* host_key.h - is the key of the site (site_key.h) the same on all hosts that serve the chat?
 *
 * By that key the chat knows its visitors again. With another one a visitor would be another person
 * on this host, and a name or a right of its own would be a stranger's.
 * Threads: any; the store is the caller's.
 */
#ifndef HOST_KEY_H
#define HOST_KEY_H

#include <stdbool.h>

struct store;
struct store_options;

/* False: this host's key isn't that of the host that wrote first. True also if that can't be found
 * out. Makes the key if there is none. */
bool host_key_is_common(const struct store_options *options, struct store *store);

#endif
