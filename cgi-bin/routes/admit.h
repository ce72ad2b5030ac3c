/* admit.h - may this message be stored, and how?
 *
 * Asks, in this order: who writes, the name, bans and the room, the words of the text, the rules
 * for new visitors, a proof of work, slow mode. Each answer costs more than the one before; only
 * what concerns new visitors asks the store, and only where the settings have such rules. The
 * limits on floods are another question (limit.h).
 * Threads: an admission belongs to one.
 */
#ifndef ADMIT_H
#define ADMIT_H

#include "site/limiter.h"
#include "store/store.h"

struct caller;
struct draft_credentials;
struct err;
struct request;
struct rules;
struct site;

/* What admit_draft counted for slow mode, to be given back if the message isn't stored. */
struct admit_pace {
    struct limiter_who who;
    unsigned seconds; /* 0: nothing was counted */
};

/* Fills the sender of job->draft, may change its name (to that of a token) and its text (where
 * words are masked), and sets how the store shall take it. -1: the reason. */
int admit_draft(struct caller *c, const struct request *request, const struct draft_credentials *credentials,
                struct store_job *job, struct admit_pace *pace, struct err *e);

/* How long names, newcomers and edits have. */
struct store_terms admit_terms(const struct rules *r);

/* The message wasn't stored. */
void admit_give_back(struct site *site, const struct chat_draft *d, struct admit_pace *pace);

/* For acts: fills *out with who the caller is in this room; the name, forms and all. name may be
 * NULL. Its fold is the caller's to free. */
int admit_sender(struct caller *c, const char *room, const char *name, struct chat_sender *out, struct err *e);

/* Sets fold and look of *out. They stay NULL for a name that stands for anybody. */
int admit_forms(const char *name, struct chat_sender *out, struct err *e);

#endif
