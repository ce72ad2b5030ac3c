/* store_notices.h - how programs on several hosts tell each other of commits, for a store of kind
 * STORE_NEWS_NOTICES.
 *
 * A notice is a hint that saves time; the rows of the rooms are the truth. A notice is sent after
 * its commit, never inside, and may get lost. So a process that listens also asks for the heads
 * themselves: seldom while its own notices come back to it (store_notices_are_heard), else often.
 * site/notices.h does that.
 *
 * Each process has one connection for notices, beside those of its handles.
 * Threads: one at a time, but store_notices_wake.
 */
#ifndef STORE_NOTICES_H
#define STORE_NOTICES_H

#include "store/store.h"

struct store_notices;

/* Connects and listens. NULL on error, as in store.h. */
struct store_notices *store_notices_open(const struct store_options *options, struct err *e);
void store_notices_close(struct store_notices *n); /* NULL is fine */

/* Tells all hosts: these heads have risen, these are the rules now. Of changes that don't fit into
 * one notice several are sent. -1: the connection is of no more use. */
int store_notices_tell(struct store_notices *n, const struct store_changes *changes, struct err *e);

/* Waits until a notice comes, also one of this process (1), or the time is up or another thread
 * calls store_notices_wake (0). What was told is added to *out. -1: the connection is of no more
 * use, and notices may have been lost. */
int store_notices_listen(struct store_notices *n, int timeout_ms, struct store_changes *out, struct err *e);
void store_notices_wake(struct store_notices *n);

/* Do notices come through? A notice of this process comes back from time to time; where a pool of
 * connections swallows LISTEN, it doesn't. False also before the first one has come. */
bool store_notices_are_heard(const struct store_notices *n);

struct store_asked_room {
    char room[CHAT_ROOM_MAX + 1];
    uint64_t known;  /* of the caller: the database has had this head; 0: not known */
    uint64_t head;   /* 0: the room has no message */
    uint64_t oldest; /* as in struct store_room */
};

struct store_asked {
    struct store_asked_room *rooms; /* of the caller: its names, and their heads and oldest seqs afterwards */
    size_t count;
    bool wants_sum;              /* of the caller: it asks for the sum too, which costs a look at each room */
    uint64_t sum;                /* of the heads of all rooms of the database, at the moment of the other heads */
    char epoch[CHAT_EPOCH_SIZE]; /* of the database */
    uint64_t rules;              /* number of the rules */
    uint64_t rooms_made;         /* differs if a room was made since */
};

/* Asks the database itself, in one statement. -1: the connection is of no more use. */
int store_notices_ask(struct store_notices *n, struct store_asked *asked, struct err *e);

/* A head went back: the database has lost messages that were durable. It gets a new epoch, by the
 * next transaction of any program, so that all clients start again. */
int store_notices_doubt(struct store_notices *n, struct err *e);

/* For a process of one request: the same as store_notices_tell, by a handle that has just
 * committed. */
int store_tell(struct store *s, const struct store_changes *changes, struct err *e);

#endif
