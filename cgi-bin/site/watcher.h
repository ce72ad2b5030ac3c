/* watcher.h - a thread that tells when there may be news.
 *
 * Sleeps on the bell. Where there is none (a network file system) it asks the store for its version on a timer, quicker while
 * people talk. And about once a second it makes sure that nobody has committed without ringing, such as an owner at the sqlite3
 * shell: then all heads are forgotten. While it is quiet, the store's version tells; while people talk, a stamp of the files that
 * is not the one of the last that rang.
 */
#ifndef WATCHER_H
#define WATCHER_H

#include <stdbool.h>

struct site;
struct watcher;

/* Starts the thread, which lives as long as the process, as do the site and the result. site_conf must have succeeded. Calls `news`,
 * from its own thread, when something may have been committed. NULL when there can be no thread. */
struct watcher *watcher_start(struct site *site, void (*news)(void *context), void *context);

/* It has made sure once that what the bell knows belongs to the files as they are; from then on, heads may be trusted. */
bool watcher_is_on(const struct watcher *w); /* NULL: false */

#endif
