/* seen.h - the greatest timeline of the database's cluster that this host has seen.
 *
 * When a replica has taken over, the old primary may come back and still take changes. Then two
 * halves of the chat would grow apart: libpq takes the first server of the address that can be
 * written to. But the old one is still on its old timeline, and each promotion has a greater one.
 * So a server whose timeline is smaller than one that was seen of the same cluster isn't used. The
 * operator has to stop it, or make it a replica.
 *
 * The number is in the file chat.timeline of the data folder, for all programs of the host. It is
 * raised while chat.timeline-lock is locked. A cluster with another identifier (a dump was restored
 * elsewhere) has a count of its own: its timeline takes the place of the number. To use an older
 * timeline on purpose, delete chat.timeline on all hosts.
 */
#ifndef POSTGRES_SEEN_H
#define POSTGRES_SEEN_H

#include "store/postgres/private/handle.h"

/* The server of the handle's connection is on this timeline; not 0. Looks at the file once a
 * second, and for a new connection. -1 with ERR_BUSY: it is an old server. */
int postgres_seen_check(struct postgres_handle *s, int64_t timeline, struct err *e);

#endif
