/* upgrade_note.h - chat.upgrade: a process that changes the schema tells others by this file.
 *
 * The file has one line: "copy 40" (percent), "change 0", or "full 12345678" (bytes that the disk
 * did not have). The writer keeps the file locked (flock) while it works, so a note that a killed
 * process left is recognised. Where flock doesn't work, a note counts for some seconds after it was
 * last written. Processes: any.
 */
#ifndef SQLITE_UPGRADE_NOTE_H
#define SQLITE_UPGRADE_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UPGRADE_NOTE_TEXT = 256 };

/* Opens and locks the file. -1: there is none (a failure is no harm; the upgrade goes on). */
int sqlite_upgrade_note_open(const char *folder);
/* Unlocks and closes; remove: deletes the file as well. fd may be -1. */
void sqlite_upgrade_note_close(const char *folder, int fd, bool remove);
/* word: copy, change or full. fd may be -1. A full disk may prevent it: no harm. */
void sqlite_upgrade_note_write(int fd, const char *word, uint64_t number);
/* The disk lacked room for so many bytes when somebody tried within the last seconds. */
bool sqlite_upgrade_note_was_full(int fd, uint64_t bytes, int within_s);

/* Another process changes the schema now. why: a text for the user that says so, with the
 * percentage done; size UPGRADE_NOTE_TEXT; may be NULL. */
bool sqlite_upgrade_note_is_fresh(const char *folder, char *why, size_t size);

#endif
