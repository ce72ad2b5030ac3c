/* replacement.h - was this program's file replaced, or were its settings changed?
 *
 * mod_fcgid keeps old processes beside new ones for as long as it likes, so each process checks by
 * itself, and exits. A program is replaced in two ways: another file is renamed into its place
 * (make install, FTP), or, in the archive for shared hosting, programs/use names another file
 * (archive/start.c). A file that isn't complete yet, or can't be started, replaces nothing.
 * Settings are read once. An owner who changes them by FTP can't restart a program, so the program
 * exits and the next one reads them.
 * Threads: only the thread that made it.
 */
#ifndef REPLACEMENT_H
#define REPLACEMENT_H

#include <stdbool.h>

struct replacement;

/* Records where this program is. Call it early: the name is lost once the file is replaced. Never
 * NULL. */
struct replacement *replacement_new(void);
void replacement_free(struct replacement *s); /* NULL is fine */

bool replacement_is_there(const struct replacement *s);

/* A settings file beside the programs (conf.h) was made, changed or removed since
 * replacement_new. */
bool replacement_has_other_settings(const struct replacement *s);

#endif
