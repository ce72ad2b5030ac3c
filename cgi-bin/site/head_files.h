/* head_files.h - the head of each room as a tiny file that the web server hands out, for hosts where a
 * request to a program is dear.
 *
 * Where only plain CGI is to be had, each poll starts a process, and most find nothing new. So
 * after a commit `send` writes
 *     {"epoch":"…","head":N}
 * to a file in the folder of the setting `heads`, which the web server serves as heads/ beside the
 * page; a page asks for it with If-None-Match, which costs next to nothing, and goes to /poll when
 * it has moved, and now and then in any case. So a file that is late, missing or wrong delays a
 * message until then and never loses one; and a failure here is logged once and fails nothing.
 *
 * The file's name is a keyed hash of the room's (site_key.h): only clients that may poll a room are
 * told it. Rooms without a message have none, so that asking for names that don't exist makes no
 * files. No more than about 1,024 rooms have one: the files of the rooms that were quiet for
 * longest are removed.
 * The file is replaced by rename, without a sync: after a crash it may be behind. A process that
 * answers a poll compares the file with its answer, and mends it. After each rename the writer
 * looks at the head again: of two processes that commit 5 and 6 the one that renames last finds 6,
 * and leaves it.
 * Threads and processes: any number.
 */
#ifndef HEAD_FILES_H
#define HEAD_FILES_H

#include "shared/site_key.h"
#include "store/store.h"

#include <stdbool.h>

struct conf;
struct site;

enum { HEAD_FILES_ADDRESS_SIZE = sizeof "heads/" - 1 + SITE_KEY_NAME_SIZE };

/* The jobs were just committed with `store`, a handle of the site: brings the file of each room up to
 * date. Can't fail. */
void head_files_publish(struct site *site, struct store *store, const struct store_job *jobs, size_t count);

/* Where a client can watch the room of which it is told this epoch and head: an address relative to the page's folder. The file
 * is there, and says so or more. False where it can't be watched. site_conf must have succeeded. */
bool head_files_watch(struct site *site, const char *epoch, const char *room, uint64_t head,
                      char address[HEAD_FILES_ADDRESS_SIZE]);

/* For tests. Removes the temporary files that writers which were killed left a minute before `now`
 * (seconds, as time() has them) or earlier. Writers do that now and then. Can't fail. */
void head_files_sweep(const struct conf *conf, int64_t now);

#endif
