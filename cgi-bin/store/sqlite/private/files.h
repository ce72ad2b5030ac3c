/* files.h - which files the handles of this process have open, by number (file_number).
 *
 * All handles of a process on one database must have the same log and shared memory, because SQLite
 * shares the latter among them. So the process keeps one entry for each database that it has open
 * in WAL. Threads: any; entries change only between sqlite_files_lock and sqlite_files_unlock.
 */
#ifndef SQLITE_FILES_H
#define SQLITE_FILES_H

#include "store/sqlite/private/handle.h"

struct sqlite_files {
    uint64_t database; /* numbers, see file_number; 0: no such file */
    uint64_t log;
    uint64_t shared;
    unsigned handles; /* of this process that have them open */
    bool settled;     /* see sqlite_files_set_settled */
    struct sqlite_files *next;
};

/* What the handle's paths name at this moment. */
void sqlite_files_look(const struct sqlite_handle *s, struct sqlite_files *out);
bool sqlite_files_are_same(const struct sqlite_files *a, const struct sqlite_files *b);

void sqlite_files_lock(void);
void sqlite_files_unlock(void);
struct sqlite_files *sqlite_files_find(uint64_t database);                        /* locked; NULL: not open */
void sqlite_files_add(struct sqlite_handle *s, const struct sqlite_files *files); /* locked; first handle */
void sqlite_files_leave(struct sqlite_handle *s); /* closes the connection; fine if there is none */

/* This process or another one has the database open in WAL. */
bool sqlite_files_are_in_use(const struct sqlite_handle *s);
/* Another process has. Don't ask while this process has it open. */
bool sqlite_files_are_in_use_elsewhere(const struct sqlite_handle *s);
uint64_t sqlite_files_log(const struct sqlite_handle *s); /* number of the log that is open; 0: none */

/* All messages that were in danger are saved where other processes find them, so the handles of
 * this process may be closed. */
bool sqlite_files_are_settled(const struct sqlite_handle *s);
void sqlite_files_set_settled(struct sqlite_handle *s);

#endif
