/* workers.h - how many workers a web server has, where each request that is held keeps one of them busy: Apache.
 *
 * Apache tells its programs nothing of that. But the kernel tells which process is at the other end of a Unix socket, and /proc how
 * many threads that process has and which other processes have the same parent: the workers that there are just now. Apache
 * starts more when few are idle, up to a limit that can't be seen, so the numbers are asked for again every two seconds.
 * Unknown where /proc shows own processes only, and over TCP.
 * A third of them may be kept busy, of one process as of all: a visitor's kept connection stays with one process of the server, and
 * where all workers of that one are busy, his next request waits.
 * Threads: any.
 */
#ifndef WORKERS_H
#define WORKERS_H

enum { WORKERS_UNSEEN = 4 /* how many may be kept busy where none can be seen */, WORKERS_MOST = 250 };

struct workers;

struct workers *workers_new(void); /* never NULL */
void workers_free(struct workers *w);

/* How many of the server at the other end of this connection can be seen; 0: none. At most 65535. */
unsigned workers_seen(struct workers *w, int connection);

/* How many of so many may be kept busy. Can't fail. */
unsigned workers_share(unsigned seen);

/* A worker of the process at the other end is kept busy until it is given back. A token from 0, or -1: that process has no more to
 * spare. */
int workers_take(struct workers *w, int connection);
void workers_give_back(struct workers *w, int token);

#endif
