/* slots.h - which requests keep a process busy while they wait, and which processes there are, for
 * the whole site.
 *
 * Only counts; process_slots.h (room wait) has the rules. Kept in the bell's file, so that all
 * processes see the same numbers, and so that what a dead process leaves behind is found: every
 * entry has the process's number and an end.
 * Threads and processes: any function may be called from any.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdbool.h>
#include <stdint.h>

struct bell;

/* What a slot is wanted for. */
struct slots_request {
    uint16_t client;          /* a number of the client; 0: unknown, and not counted */
    unsigned most;            /* slots in all */
    unsigned most_per_client; /* slots of one client */
};

/* Takes a slot for a waiting request, for at most `seconds`. After that it counts as free, as does
 * a slot whose process is gone. Returns a token, or -1 if no slot is free. */
int slots_take(struct bell *b, const struct slots_request *w, unsigned seconds);
void slots_release(struct bell *b, int token); /* -1 is fine */
/* would slots_take find one now? */
bool slots_are_free(const struct bell *b, const struct slots_request *w);

/* A process that handles one request at a time enters itself, for `seconds`; up to SLOTS_PROCESSES
 * of them. Returns a token, or -1. */
enum { SLOTS_PROCESSES = 64 };
int slots_join(struct bell *b, unsigned seconds);
bool slots_stay(struct bell *b, int token,
                unsigned seconds); /* lasts for `seconds` from now; false: the entry was lost */

/* Removes the entry. False: another process has left within pause_ms, and the entry stays. */
bool slots_leave(struct bell *b, int token, unsigned pause_ms);

struct slots_count {
    unsigned there;   /* processes, by slots_join */
    unsigned holding; /* slots that are taken */
    /* clients that were told when to ask again, in this round (poll_load.h) */
    unsigned turned_away;
    bool has_sender; /* a process that has written within the hour lives */
};
struct slots_count slots_count(const struct bell *b);

/* Records that `there` processes were seen at once. Returns the greatest number within the hour. */
unsigned slots_show(struct bell *b, unsigned there);
unsigned slots_shown(const struct bell *b); /* that number, without recording one */

/* True: a trial begins, in which one poll more than is safe may wait, for `seconds`. The next trial
 * begins after a pause (seconds, up to 255) at the earliest. If the last trial brought no further
 * process although other clients wait for their turn, the pause is twice the last one, up to
 * pause_most. there: processes now. */
bool slots_try(struct bell *b, unsigned there, unsigned seconds, unsigned pause, unsigned pause_most);

#endif
