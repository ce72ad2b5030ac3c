/* process.h - what the system tells about processes: this one, its parent, its siblings, others.
 *
 * Everything is read from /proc and from the limits of this process. A host may let a process see
 * its own entries of /proc only (hidepid); then the others are unknown, and each function says what
 * it returns in that case.
 * Threads: any.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Notes the soft limit of open files and the name of the parent process. Call it before the program
 * raises that limit, and before there are threads; process_open_files and process_is_started_by
 * answer from the note. */
void process_note_start(void);

/* The soft limit of open files that the process was started with; without process_note_start, the
 * one that holds now. */
uint64_t process_open_files(void);

/* The parent process had this name when process_note_start was called. False also where the name
 * can't be seen. */
bool process_is_started_by(const char *name);

/* The age of this process, its start included, in microseconds, good to 10 ms. 0: unknown. */
uint64_t process_age_us(void);

enum {
    PROCESS_SEEN_MOST = 65535,
    PROCESS_NAME_SIZE = 16, /* of a process's name: the kernel cuts it to 15 bytes */
};

struct process_info {
    long parent;
    unsigned threads; /* at most PROCESS_SEEN_MOST */
    char name[PROCESS_NAME_SIZE];
};

/* Fills *out with what /proc says of a process. False: it can't be seen. */
bool process_look(long pid, struct process_info *out);

/* Adds up count(context, process) of all children of a process that can be seen, up to
 * PROCESS_SEEN_MOST. */
unsigned process_count_children(long parent, unsigned (*count)(const void *context, const struct process_info *p),
                                const void *context);

/* How many processes have the same parent and the same name as this one, itself included: a server
 * may run a program several times, or for several sites. Looked up once in five seconds. At least
 * 1. */
unsigned process_siblings(void);

struct err;

/* For root: becomes the user and group that own the folder, for the rest of the process's life.
 * Does nothing for other users, or if root owns it. -1: ERR_ABSENT or ERR_SYSTEM. Call it before
 * there are threads. */
int process_become_owner_of(const char *folder, struct err *e);

/* Reads a small file of /proc or /sys into out, NUL-terminated: up to size - 1 bytes, what is more
 * is left out. False when nothing can be read; out is "" then. */
bool process_read_text(const char *path, char *out, size_t size);

#endif
