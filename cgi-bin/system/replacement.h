/* replacement.h - does another file stand where this program's was started from, and are its settings still those that it has read?
 *
 * mod_fcgid lets old processes live on beside new ones for as long as they like, so each looks for itself, and leaves. Two ways of
 * replacing: a file renamed into the place of this one (make install, FTP), and, in the archive for shared hosting, programs/use
 * naming another one (start.c). A file that isn't whole yet, or can't be started, replaces nobody.
 * Settings are read once; who changes them by FTP can't start anything anew, so the program leaves, and the next one reads them.
 * Threads: one, which made it.
 */
#ifndef REPLACEMENT_H
#define REPLACEMENT_H

#include <stdbool.h>

struct replacement;

/* Remembers where this program is. To be called early: once its file is replaced, its name is lost. Never NULL. */
struct replacement *replacement_new(void);
void replacement_free(struct replacement *s); /* NULL is fine */

bool replacement_is_there(const struct replacement *s);

/* A file of settings beside the programs (conf.h) was made, changed or removed since replacement_new. */
bool replacement_has_other_settings(const struct replacement *s);

#endif
