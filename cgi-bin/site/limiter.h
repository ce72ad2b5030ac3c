/* limiter.h - may this client do this now? The limits of a site, as errors in words.
 *
 * Counts for each key, network and room in one table of all processes (limits.h), by the rates of
 * limit_rates.h. Where processes can't share memory (a network file system), each counts alone, and
 * doctor says so. A client on this machine has no limits unless the setting limit_local says so. A
 * client whose network isn't known, as behind a proxy that isn't trusted, is limited by its key and
 * by rooms.
 * It has more than a dozen functions: one for each thing that clients do and that is limited. To
 * add one: a kind in limit_rates.h with its rates, its words in limiter.c, and a function here.
 * Threads: any.
 */
#ifndef LIMITER_H
#define LIMITER_H

#include "base/address.h"
#include "chat/chat.h"

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct err;
struct limiter;

enum limiter_network {
    LIMITER_UNKNOWN, /* the peer is a proxy that isn't trusted */
    LIMITER_KNOWN,   /* of `address` */
    LIMITER_FORGED,  /* the client forged a trusted proxy's header: all such clients are one network */
};

struct limiter_who {
    bool is_local; /* on this machine, through no proxy */
    enum limiter_network network;
    struct address address;
    bool has_key;
    unsigned char key[CHAT_KEY_BYTES]; /* its keyed hash */
};

/* conf: of the site, borrowed; filled in later. Never NULL. */
struct limiter *limiter_new(const struct conf *conf);
void limiter_free(struct limiter *l); /* NULL is fine */

/* Maps the file anew if it was removed. A process that stays calls it about once a second. */
void limiter_look_after(struct limiter *l);

/* From now on each poll costs a process, or not, so fewer are allowed, or more (limit_rates.h). */
void limiter_note_cost(struct limiter *l, bool costs_process);

/* All processes count together. Opens the file, if it can. */
bool limiter_is_shared(struct limiter *l);

/* Each of these counts what the client is about to do. -1 with ERR_RATE: nothing was counted, and
 * the client shall come back after e->retry_s. */

/* A request that reads. */
int limiter_poll(struct limiter *l, const struct limiter_who *who, struct err *e);
int limiter_stream(struct limiter *l, const struct limiter_who *who, struct err *e);

/* Before the body is read: is it certain by now that limiter_send will refuse? Counts nothing. */
int limiter_send_begin(struct limiter *l, const struct limiter_who *who, struct err *e);
int limiter_send(struct limiter *l, const struct limiter_who *who, const char *room, size_t text_length, struct err *e);

/* A room where each person writes once in so many seconds (up to a day). Counts for everyone, also
 * on this machine. name: stands for a guest whose network isn't known. -1 with ERR_SLOW_MODE.
 * limiter_pace_back: the message wasn't stored, so it doesn't count. */
int limiter_pace(struct limiter *l, const struct limiter_who *who, const char *name, const char *room, unsigned seconds,
                 struct err *e);
void limiter_pace_back(struct limiter *l, const struct limiter_who *who, const char *name, const char *room,
                       unsigned seconds);

/* The rules refused a message that limiter_send counted: the room gets its part back. Else visitors
 * who are banned, or may not write there, could use up what the room may take. */
void limiter_send_refused(struct limiter *l, const struct limiter_who *who, const char *room, size_t text_length);

/* Before a key may become a person without writing. Counts it as a new visitor, unless it was seen
 * lately. */
int limiter_claim(struct limiter *l, const struct limiter_who *who, struct err *e);

/* For /send/act. */
int limiter_act(struct limiter *l, const struct limiter_who *who, struct err *e);

/* Before a secret is compared that can be guessed (a code, an invitation, a password): counts it as
 * wrong. limiter_secret_right: it was right, so it doesn't count. */
int limiter_secret(struct limiter *l, const struct limiter_who *who, struct err *e);
void limiter_secret_right(struct limiter *l, const struct limiter_who *who);

#endif
