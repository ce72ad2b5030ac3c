/* reading.h - what a poll finds: positions and messages of its rooms, from one view of the store,
 * or from memory if there is nothing new (positions.h).
 *
 * Knows queries, answers and the store; knows no HTTP.
 * Threads: a reading belongs to one.
 */
#ifndef READING_H
#define READING_H

#include "chat/answer.h"
#include "chat/query.h"
#include "store/store.h"

#include <stdbool.h>

struct err;
struct site;

struct reading {
    struct answer answer;                      /* points into what follows */
    struct answer_room rooms[QUERY_ROOMS_MAX]; /* as many as were asked for; so have pages */
    struct store_page pages[QUERY_ROOMS_MAX];
    char epoch[CHAT_EPOCH_SIZE];
    char etag[64];    /* with its quotes */
    size_t counted;   /* bytes of the budget that are taken until reading_fini */
    bool unchanged;   /* if_none_match names the etag: no messages were read */
    bool nothing_new; /* newer messages were asked for, and the client knows all that there is */
};

struct reading_how {
    /* Greatest weight of the texts in the answer (chat_text_weight), about. It is less while much
     * is in work (budget.h); the answer's `more` tells so. */
    size_t budget;
    unsigned poll_after;       /* for the answer */
    const char *if_none_match; /* may be NULL */
    bool always;               /* read however much is in work: for the one thread that answers all waiting requests */
};

/* Fills *g, which borrows the query and counts its texts as in work (budget.h). -1: ERR_EPOCH (the
 * present one is g->epoch), ERR_CROWDED for a single text that is too long for what is left of the
 * budget, or an error of the store. Call reading_fini in all cases; it may also be called for a
 * struct of zeros. */
int reading_take(struct reading *g, struct site *site, const struct query *q, const struct reading_how *how,
                 struct err *e);

/* Frees the messages before reading_fini, when the answer is rendered: it may take long to send. */
void reading_drop_messages(struct reading *g);
void reading_fini(struct reading *g);

#endif
