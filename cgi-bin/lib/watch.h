/* watch.h - a thread that tells when there may be news.
 *
 * Sleeps on the bell. Where there is none (a network file system) it asks the store for its version on a timer, quicker while
 * people talk. And once a second it makes sure that nobody has committed without ringing, such as an owner at the sqlite3
 * shell: then all heads are forgotten.
 */
#ifndef WATCH_H
#define WATCH_H

struct site;

/* Starts the thread, which lives as long as the process; the site must, too. site_conf must have succeeded. Calls `news`, from its
 * own thread, when something may have been committed. 0, or -1 when there can be no thread. */
int watch_start(struct site *site, void (*news)(void *context), void *context);

#endif
