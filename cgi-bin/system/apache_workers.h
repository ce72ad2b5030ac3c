/* apache_workers.h - how many workers Apache has, where each waiting request keeps one of them busy
 * (mod_proxy_fcgi).
 *
 * Apache doesn't tell its programs. But the kernel tells which process is at the other end of a
 * Unix socket, and /proc tells how many threads that process has and which other processes have the
 * same parent. That gives the workers that there are now. Apache starts more when few are idle, up
 * to a limit that can't be seen, so the numbers are read again every two seconds. They are unknown
 * over TCP, and where /proc shows own processes only.
 * A third of all workers may be kept busy, and a third of the workers of each process: a browser's
 * open connection stays with one process of Apache, and its next request is stuck when all workers
 * of that process are busy.
 * Threads: any.
 */
#ifndef APACHE_WORKERS_H
#define APACHE_WORKERS_H

enum {
    APACHE_WORKERS_UNSEEN = 4, /* workers that may be kept busy where none can be seen */
    APACHE_WORKERS_MOST = 250, /* the same where many can be seen */
};

struct apache_workers;

struct apache_workers *apache_workers_new(void); /* never NULL */
void apache_workers_free(struct apache_workers *w);

/* How many workers of the server at the other end of this connection can be seen, at most 65535.
 * 0: none. */
unsigned apache_workers_seen(struct apache_workers *w, int connection);

/* How many workers may be kept busy where `seen` can be seen. Can't fail. */
unsigned apache_workers_share(unsigned seen);

/* Counts a worker of the process at the other end as busy until apache_workers_give_back. Returns a
 * token (at least 0), or -1 when that process has no worker to spare. */
int apache_workers_take(struct apache_workers *w, int connection);
void apache_workers_give_back(struct apache_workers *w, int token); /* once for each token */

#endif
