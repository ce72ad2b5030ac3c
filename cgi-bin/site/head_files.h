/* head_files.h - the head of each room in a small file that the web server sends, for hosts where a
 * request to a program is expensive.
 *
 * Under plain CGI each poll starts a process, and most polls find nothing new. So after a commit
 * `send` writes
 *     {"epoch":"…","head":N} to a file in the folder of the setting `heads`, which the web server
 *     serves as heads/ beside the page. A page asks for the file with If-None-Match, which costs
 *     the server almost nothing, and sends a poll when the file has changed, and every half minute
 *     in any case. So a file that is late, missing or wrong delays a message until the next poll
 *     and never loses one. A failure in this module is logged once, and no request fails because
 *     of it.
 *
 * The file's name is a keyed hash of the room's name (site_key.h): only clients that may poll a
 * room are told it. A room that not everyone may read has no file. Nor has a room without a
 * message, so that requests for rooms that don't exist make no files. At most about 1,024 rooms
 * have one: the files of the rooms that were quiet for longest are removed. The file is replaced by
 * rename, without a sync, so after a crash it may have an older head. A process that answers a poll
 * compares the file with its answer, and corrects it. After each rename the writer looks at the
 * head again: if two processes commit 5 and 6, the one that renames last finds 6 and leaves a file
 * with 6.
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

/* The jobs were just committed with `store`, a handle of the site: brings the file of each room up
 * to date. Can't fail. */
void head_files_publish(struct site *site, struct store *store, const struct store_job *jobs, size_t count);

/* The same for a transaction that isn't store_append. */
void head_files_publish_changes(struct site *site, struct store *store, const struct store_changes *changes);

/* The address, relative to the page's folder, of the file in which a client can watch the room.
 * The client is told this epoch and head; the file has them, or newer ones. False: the room can't
 * be watched. site_conf must have succeeded. */
bool head_files_watch(struct site *site, const char *epoch, const char *room, uint64_t head,
                      char address[HEAD_FILES_ADDRESS_SIZE]);

/* For tests. Removes the temporary files that writers which were killed left a minute before `now`
 * (seconds, as time() has them) or earlier. Writers do that now and then. Can't fail. */
void head_files_sweep(const struct conf *conf, int64_t now);

#endif
