/* watcher.h - a thread that tells when there may be news, and makes sure of what positions.h
 * knows.
 *
 * It sleeps in positions_watch, with a store handle of its own, for as long as the process lives.
 */
#ifndef WATCHER_H
#define WATCHER_H

#include <stdbool.h>

struct site;

/* Starts the thread. site_conf must have succeeded; the site lives as long as the process. Calls
 * `news`, from its own thread, when something may have been committed. False: there can be no
 * further thread. */
bool watcher_start(struct site *site, void (*news)(void *context), void *context);

#endif
