/* successor.h - does another file stand where this program's was started from, and are its settings still those that it has read?
 *
 * mod_fcgid lets old processes live on beside new ones for as long as they like, so each looks for itself, and leaves. Two ways of
 * replacing: a file renamed into the place of this one (make install, FTP), and, in the archive for shared hosting, programs/use
 * naming another one (start.c). A file that isn't whole yet, or can't be started, replaces nobody.
 * Settings are read once; who changes them by FTP can't start anything anew, so the program leaves, and the next one reads them.
 * Threads: one, which made it.
 */
#ifndef SUCCESSOR_H
#define SUCCESSOR_H

#include <stdbool.h>

struct successor;

/* Remembers where this program is. To be called early: once its file is replaced, its name is lost. Never NULL. */
struct successor *successor_new(void);
void successor_free(struct successor *s); /* NULL is fine */

bool successor_is_there(const struct successor *s);

/* A file of settings beside the programs (conf.h) was made, changed or removed since successor_new. */
bool successor_has_other_settings(const struct successor *s);

#endif
