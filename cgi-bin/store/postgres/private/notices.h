/* notices.h - notices between the programs of a chat, by LISTEN and NOTIFY.
 *
 * A NOTIFY inside of a transaction takes a lock of the whole cluster at its commit, and keeps it
 * over the sync; and a full queue makes the commit fail. So notices are statements of their own, on
 * a connection of their own.
 *
 * A pool of connections in transaction mode takes LISTEN without an error, and no notice comes, or
 * only with the answer to a later statement. So the connection sends itself a notice from time to
 * time, and counts as heard while it comes back. Behind a pool it counts as heard while such
 * notices of other processes come between its statements.
 *
 * A notice is words, separated by blanks: "rules=7", "oldest", "echo=...", and "lobby:12" for the
 * head of a room. Words that a program doesn't know are for newer ones.
 */
#ifndef POSTGRES_NOTICES_H
#define POSTGRES_NOTICES_H

#include "store/private/notices_backend.h"

extern const struct notices_backend postgres_notices;

#endif
