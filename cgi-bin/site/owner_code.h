/* owner_code.h - the code by which the owner of the host becomes the owner of the chat.
 *
 * A person who can read the data folder owns the chat anyway. So the code stands in a file there,
 * owner-code.txt (mode 0600), which FTP shows and the web doesn't. It is made when the chat has no
 * owner and somebody asks for it on the owner's page; or when there is an empty file of that name,
 * which an owner who has lost the key puts there. It is removed after its use.
 * The caller limits how often a code may be tried.
 * Threads and processes: any number.
 */
#ifndef OWNER_CODE_H
#define OWNER_CODE_H

#include <stdbool.h>

struct err;

/* Makes the file if there is none and `may_begin`, or fills an empty one. 0 also if nothing had to
 * be done. -1: ERR_READONLY, ERR_FULL or ERR_SYSTEM. folder: the data folder. */
int owner_code_make(const char *folder, bool may_begin, struct err *e);

/* Is it the code of the file? Spaces, hyphens and capitals don't count. False if there is no file,
 * or other users could have written it. */
bool owner_code_is(const char *folder, const char *code);

/* Takes the file away if it has this code, so that of several processes one gets it: the file is
 * renamed to owner-code.used. False: another process was faster, or the file has another code. */
bool owner_code_take(const char *folder, const char *code);

/* What was taken: it was used, or it wasn't. A process that is killed between leaves the renamed
 * file, which no longer counts. */
void owner_code_remove(const char *folder);
void owner_code_put_back(const char *folder);

#endif
