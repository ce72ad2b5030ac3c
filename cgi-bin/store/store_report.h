/* store_report.h - messages that visitors reported, and messages that wait for a moderator: steps
 * of an act (store_act.h). */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "store/store_person.h"

enum { STORE_REPORTER = 16, STORE_REPORTS = 10000 };

/* reporter: a hash of the key, or of the network, that reports: one report each. *open gets the
 * number of open reports of this message. ERR_ABSENT: no such message, or it is erased.
 * ERR_TOO_LARGE: STORE_REPORTS are open. */
int store_report_add(struct store *s, const char *room, uint64_t seq, const unsigned char reporter[STORE_REPORTER],
                     const char *reason, uint64_t *open, struct err *e);

/* Closes all open reports of a message: the one of this report, or, with report 0, of room and seq.
 * Closed ones are no error. ERR_ABSENT: no such report or message. */
int store_report_settle(struct store *s, uint64_t report, const char *room, uint64_t seq, struct err *e);

struct store_approved {
    char room[CHAT_ROOM_MAX + 1];
    uint64_t seq;
};

/* The message becomes the last one of its room, with its id and sender. trust: the sender is no
 * longer a newcomer. ERR_ABSENT: it doesn't wait (any more). */
int store_report_approve(struct store *s, uint64_t held, bool trust, struct store_approved *out, struct err *e);
/* Forgets a message that waits. ERR_ABSENT as above. */
int store_report_reject(struct store *s, uint64_t held, struct err *e);

#endif
