/* bell.h - tell pollers in other processes that a room has news, and how far each room is.
 *
 * One mapped file beside the database, for all processes of the site:
 *   - one counter that every ring raises, slept on as a futex: a futex waits on one word only, and
 *     a poller watches many rooms, so it wakes for every ring and compares heads, which costs no
 *     system call;
 *   - a table of rooms with their heads, so that a poll without news is answered without SQL;
 *   - the processes that write just now, the requests that are held at the cost of a process, the
 *     processes that there are, and the number of clients that ask on a timer.
 *
 * The database is the truth; the table is a memory of it that may be trusted only while nothing can
 * have moved unseen. The rules that make it so:
 *   writer:  bell_writing(), commit, bell_wrote(room, head) for each room, bell_done()
 *   reader:  seen = bell_seen(), then bell_look(): a known head may be answered from; anything else means ask the
 *            database, and tell by bell_learned() what it said.
 *   waiter:  seen = bell_seen() BEFORE it looks or asks; bell_wait(seen) only after it found nothing.
 * While a writer is between bell_writing() and bell_done() no head is known. A writer that dies in
 * between leaves its mark: the next look by anyone finds that the process is gone, forgets all
 * heads and rings. A ring may come for nothing; it is never missing.
 * A file of another boot, another epoch, another size or layout is forgotten and made anew.
 * Threads and processes: everything may be called from any. Not for network file systems (shm.h).
 */
#ifndef BELL_H
#define BELL_H

#include <stdbool.h>
#include <stdint.h>

struct bell;
struct err;

enum { BELL_ROOMS = 4096 }; /* rooms beyond that have no known head and cost a read each time */

/* epoch: of the database, up to 22 characters: heads of another one are forgotten. NULL on error. */
struct bell *bell_open(const char *path, const char *epoch, struct err *e);
/* The bell as it is, of whichever epoch: NULL when there is none, or none of use; nothing is made. */
struct bell *bell_open_as_it_is(const char *path);
void bell_close(struct bell *b); /* NULL is fine */
bool bell_is_replaced(const struct bell *b);
const char *bell_epoch(const struct bell *b); /* borrowed until close */

uint32_t bell_seen(const struct bell *b); /* the counter now */

/* The head and oldest of a room, if they are known to be what the database has. */
bool bell_look(struct bell *b, const char *room, uint64_t *head, uint64_t *oldest);

/* A token of now, to be taken BEFORE the database is read, for bell_learned. */
uint64_t bell_moment(const struct bell *b);
/* The database, read after `moment`, has this. Ignored when something has moved since in a way that makes it unsure. Of a room that
 * doesn't exist (head 0) only this process takes note: the table is not for whatever names strangers ask for. */
void bell_learned(struct bell *b, uint64_t moment, const char *room, uint64_t head, uint64_t oldest);

bool bell_has_writer(struct bell *b); /* somebody commits just now */

/* Marks this thread as writing; returns a token for bell_done. Can't fail. */
int bell_writing(struct bell *b);
void bell_wrote(struct bell *b, const char *room, uint64_t head);
/* Ends it and rings. */
void bell_done(struct bell *b, int token);

/* For processes of one request, which can't watch for commits that ring nowhere. A stamp (store_stamp) says for which state of the
 * files the heads are known. A writer sets it before bell_done. Who finds another one than the files have forgets all
 * heads, reads, learns, and sets it in the place of the one it found, unless a writer was quicker. */
uint64_t bell_stamp(const struct bell *b);
void bell_set_stamp(struct bell *b, uint64_t stamp);
void bell_restamp(struct bell *b, uint64_t found, uint64_t stamp);

/* Somebody may have committed without ringing: no head is known any more, and everybody looks. */
void bell_forget(struct bell *b);

/* For a writer that can't open the bell: takes the file away, so that those who have it mapped notice (bell_is_replaced). */
void bell_abolish(const char *path);

/* ---- places and turns, site-wide; process_slots.h has the rules ---- */

/* What a place is wanted for. */
struct bell_for {
    uint16_t client;          /* a number of the client; 0: unknown, and not counted */
    unsigned most;            /* places in all */
    unsigned most_per_client; /* places of one client */
};

/* A place among the requests that are held at the cost of a process each. Taken for `seconds` at
 * most, then it counts as free whatever became of its holder; so does one whose process is gone.
 * Returns a token, or -1 when there is none. */
int bell_hold(struct bell *b, const struct bell_for *w, unsigned seconds);
void bell_release(struct bell *b, int token);                       /* -1 is fine */
bool bell_can_hold(const struct bell *b, const struct bell_for *w); /* would bell_hold find one now? */

/* A process that handles one request at a time enters itself as there, for so many seconds; up to
 * BELL_KEPT of them. Returns a token, or -1. */
enum { BELL_KEPT = 64 };
int bell_join(struct bell *b, unsigned seconds);
/* The entry lasts for so many seconds from now. False: it was lost. */
bool bell_stay(struct bell *b, int token, unsigned seconds);
/* Removes the entry. False: another process has left within pause_ms, and the entry stays. */
bool bell_leave(struct bell *b, int token, unsigned pause_ms);

struct bell_crew {
    unsigned there;       /* processes, by bell_join */
    unsigned holding;     /* places that are taken */
    unsigned turned_away; /* clients that were told when to ask again, in this round */
    bool has_sender;      /* a process that has written within the hour lives */
};
struct bell_crew bell_crew(const struct bell *b);

/* Records that so many processes are there at once. Returns the greatest number within the hour. */
unsigned bell_show(struct bell *b, unsigned there);
unsigned bell_shown(const struct bell *b); /* that number, without recording one */

/* True: a trial begins, in which one poll more than is safe may be held, for `seconds`. The next
 * trial begins after a pause (seconds, up to 255) at the earliest. If the last trial brought no
 * further process although other clients wait for their turn, the pause is twice the last one, up
 * to pause_most. there: processes now. */
bool bell_try(struct bell *b, unsigned there, unsigned seconds, unsigned pause, unsigned pause_most);

/* In how many seconds should a client ask again that asked and wasn't held? (poll_interval.h; rules->load is
 * filled in here.) Each client counts once in a round, site-wide. took_us: how long the poll kept a
 * process busy, or 0 where a process answers many at once. With 0, an unknown client (0) counts
 * each time, as nothing else tells how many there are. */
struct poll_interval_rules;
unsigned bell_poll_interval(struct bell *b, uint16_t client, uint64_t took_us, const struct poll_interval_rules *rules);

/* Records that a poll kept its process busy for so long. Returns the average of the latest polls,
 * site-wide, in microseconds. */
unsigned bell_took(struct bell *b, uint64_t us);
unsigned bell_average(const struct bell *b); /* that average; 0: no poll yet */

/* Sleeps until the counter differs from seen, or the time is up. 1 rung, 0 time is up. */
int bell_wait(struct bell *b, uint32_t seen, int timeout_ms);

/* When the last commit was told (clock_mono_us); 0 if none was since the file was made. */
int64_t bell_committed_at(const struct bell *b);

#endif
