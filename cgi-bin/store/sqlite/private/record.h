/* record.h - the record in chat.db-lock: which log belongs to the database, and its least length.
 *
 * It is written with the flock taken, before and after each commit. It says how long the log must
 * be at least, as long as the database lacks messages that are in the log. So a database file
 * younger than the record has had its log copied into it by another program, as the sqlite3 shell
 * does when it exits. The record is not synced: it is about files that people remove, not about
 * power loss.
 * A lock file without a record, beside a database without a log, proves nothing: the database may
 * be a copy, or both files were removed. Such a database gets a new epoch, as messages may be
 * missing.
 */
#ifndef SQLITE_RECORD_H
#define SQLITE_RECORD_H

#include "store/sqlite/private/handle.h"

enum sqlite_record_state {
    RECORD_CLEAN,      /* the database alone has all messages */
    RECORD_DIRTY,      /* some messages are in the log only */
    RECORD_CUT,        /* some of those are gone, so the log is of no use */
    RECORD_OWES_EPOCH, /* the log is whole, but seqs were given out that it doesn't have */
};

enum sqlite_record_owner {
    RECORD_NONE,  /* no record, or one in a copied lock file */
    RECORD_OTHER, /* of another database file */
    RECORD_OWN,
};

/* As it is in the file. */
struct sqlite_record {
    char magic[8];
    uint64_t lock;     /* file_number of the lock file itself, so that a copy of it isn't believed */
    uint64_t database; /* file_number, as is the next */
    uint64_t log;
    uint64_t born; /* of the log, see file_birth */
    uint32_t state;
    uint32_t commits; /* commits begun since the file was made, and other writes of DIRTY */
    /* Of the log, at least, while the database lacks messages in it: a shorter log lost some. */
    uint64_t length;
    uint64_t salts; /* of the log when it had that length; another number after it restarted */
};

/* Needs the flock. Writes the state, with this handle's log, else with the one at the path. */
void sqlite_record_set(struct sqlite_handle *s, enum sqlite_record_state state);
/* Needs the flock. The same with another log (its file_number; 0: none) and least length. */
void sqlite_record_write(struct sqlite_handle *s, enum sqlite_record_state state, uint64_t log, uint64_t length);
/* Needs the flock. Before a commit: DIRTY, and the log must keep what earlier commits wrote. The
 * commit itself may write nothing, or the process may be killed before it writes. Fills r. */
void sqlite_record_begin_commit(struct sqlite_handle *s, struct sqlite_record *r);
/* After it, without a release of the flock in between: the log must keep this commit too. */
void sqlite_record_end_commit(struct sqlite_handle *s, struct sqlite_record *r);

enum sqlite_record_owner sqlite_record_owner(const struct sqlite_handle *s);
enum sqlite_record_state sqlite_record_state(const struct sqlite_handle *s); /* CLEAN without a record */
/* The log has at least so many bytes that the database lacks. */
uint64_t sqlite_record_log_bytes(const struct sqlite_handle *s);
/* A number that each commit to a log raises before it is made; finer than the file system's clock.
 * 0 without a record. */
uint64_t sqlite_record_commits(const char *folder);

/* Messages that were in the log are gone. */
bool sqlite_record_lacks_messages(const struct sqlite_handle *s);
/* The log at the path isn't the one in the record, or messages are gone: it must be begun again. */
bool sqlite_record_refuses_log(const struct sqlite_handle *s);
/* The log at the path belongs to another database file. */
bool sqlite_record_log_is_foreign(const struct sqlite_handle *s);
/* Other processes have the database open. Whichever log they have, it holds no messages that only
 * they could put back, so a log may be begun beside them. */
bool sqlite_record_may_begin_beside(const struct sqlite_handle *s);
/* This handle's log has all messages that the database lacks. */
bool sqlite_record_has_all(const struct sqlite_handle *s);
/* The log at the path was agreed on when this handle's log held nothing that could be lost, or this
 * handle's log holds nothing now. */
bool sqlite_record_superseded(const struct sqlite_handle *s);

#endif
