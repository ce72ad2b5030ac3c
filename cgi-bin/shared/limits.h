/* limits.h - how much of something a client did lately, and whether it may do more.
 *
 * A table of cells in a mapped file beside the database (chat.limits), for all processes of a site.
 * Each cell is one debt: of a key, a network, a room. Doing something adds to the debt, time pays
 * it off, and a client whose debt would exceed the burst of its rate is refused (GCRA, the
 * algorithm of ATM's traffic policing: a token bucket in one number). A debt that is paid off is
 * the same as no cell, so nothing has to be cleaned up.
 *
 * A cell is 64 bits and changes by one compare-and-swap: 24 bits of the debtor's hash, and the time
 * at which the debt is paid off. So a process that is killed at any moment leaves no half-made cell
 * and no lock. Cells stand in sets of eight, a cache line each; a new debt in a full set takes the
 * cell that owes least. So the file has one size, however many addresses ask, and who floods it
 * with small debts can't push out a large one. Two debtors share a cell by chance once in two
 * million; they can't bring it about, as the hash has a secret key (site_key.h). The file names no
 * debtor: no address can be read from it without that key.
 *
 * Time is wall time, so that debts outlive processes and a reboot: a restart opens no gate. A clock
 * that is put forward forgives debts. After a clock was put back, or in a file with arbitrary
 * bytes, a debt above the burst counts as the burst: the client waits until one more is paid off.
 *
 * A second table in the same file remembers whom the site has seen within 30 days.
 * Threads and processes: any, except for opening and closing. Nothing waits.
 */
#ifndef LIMITS_H
#define LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits;
struct site_key_hash;

/* `amount` in `seconds` in the long run, `burst` at once. amount 0: no limit; at most 2^38. */
struct limits_rate {
    uint64_t amount;
    uint64_t burst;   /* at least 1 */
    unsigned seconds; /* up to an hour */
};

struct limits_cell {
    uint64_t who; /* of limits_who */
    struct limits_rate rate;
    uint64_t cost; /* a cost above the burst counts as the burst */
};

struct limits_refusal {
    size_t cell;     /* the index of the cell that has to wait longest */
    unsigned wait_s; /* seconds until it may, at least 1 */
};

enum { LIMITS_CELLS_MAX = 16 }; /* in one call */

/* path: NULL for a table of this process alone. Never NULL: if the file can't be mapped, the table
 * is this process's own. hash: of the site, copied. */
struct limits *limits_open(const char *path, const struct site_key_hash *hash);
void limits_close(struct limits *l); /* NULL is fine */

/* All processes of the site count in the same table. */
bool limits_are_shared(const struct limits *l);

/* The file was removed or replaced, so new processes count elsewhere. */
bool limits_are_replaced(const struct limits *l);

/* A number for a debtor. kind: what is counted for whom, so that a debtor has a debt for each. */
uint64_t limits_who(const struct limits *l, unsigned kind, const void *bytes, size_t length);

/* Adds the cost of each cell to its debt, or, if one of them may not do more, of none. now_ms: wall
 * time. 0, or -1 with *refusal. */
int limits_take(struct limits *l, const struct limits_cell *cells, size_t count, int64_t now_ms,
                struct limits_refusal *refusal);

/* Would limits_take succeed? Changes no debt. */
int limits_look(const struct limits *l, const struct limits_cell *cells, size_t count, int64_t now_ms,
                struct limits_refusal *refusal);

/* Takes the costs off again, for something that didn't happen or turned out to be allowed. */
void limits_give_back(struct limits *l, const struct limits_cell *cells, size_t count, int64_t now_ms);

/* Milliseconds since limits_remember was first called for it. -1: it wasn't within 30 days, or many
 * others were remembered since. */
int64_t limits_known_ms(const struct limits *l, uint64_t who, int64_t now_ms);
void limits_remember(struct limits *l, uint64_t who, int64_t now_ms);

#endif
