/* local.h - clients on this machine.
 *
 * Threads: any.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <stdbool.h>

struct request;

/* True when a client on this machine asked for this machine. Not true for a page that made the
 * browser connect here under a name of its own, nor for a proxy on this machine that passes on a
 * request of another client. */
bool local_is(const struct request *request);

#endif
