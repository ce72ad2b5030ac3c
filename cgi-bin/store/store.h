/* store.h - where rooms and messages live: opening, writing, reading.
 *
 * One interface for all stores; a store is a const table of functions (private/store_backend.h says
 * how to add one). How a process learns of commits by others: store_news.h. Checks, backups and
 * other upkeep: store_upkeep.h. Roles, bans and other rules: store_rules.h; what moderators do:
 * store_act.h.
 *
 * A handle is used by one thread at a time. Several handles, of several threads and processes, on
 * one store are the normal case.
 *
 * What every store promises:
 *  - When store_append returns 0, the messages are durable: they survive a loss of power. Otherwise
 *    nothing is stored, with the one exception that is described there.
 *  - In a room, seqs are contiguous and given in commit order.
 *  - Messages with the same room, sender and id are stored once, as long as the first one is kept,
 *    however many processes send them at the same time. The sender is the person whose key the
 *    draft has, else the name.
 *  - A text that was edited or deleted is stored nowhere any more when the call has returned. What
 *    a store keeps beside its tables, such as a log, may have it a little longer (store_upkeep.h).
 *  - A reader sees whole commits only, and blocks a writer no longer than one view.
 *
 * Errors: ERR_BUSY, ERR_FULL, ERR_READONLY, ERR_CORRUPT, ERR_NEWER, ERR_SYSTEM; ERR_EXPOSED where
 * other users may write to the folder or its files (permissions.h); ERR_CONFIG when the folder's
 * parent is missing. A store on a server that can't be reached gives ERR_BUSY, so that clients try
 * again; but ERR_UNSURE if the connection broke after a commit was begun, as the messages may be
 * stored then. Texts name no path. After any of them the handle may be used again.
 *
 * Not for: limits on fields (a draft was checked by chat.h before), waking readers (site).
 */
#ifndef STORE_H
#define STORE_H

#include "chat/chat.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct store;

enum store_mode {
    STORE_READ, /* never writes; but the first one to open makes or migrates the database */
    STORE_WRITE,
};

enum store_journal { STORE_JOURNAL_AUTO, STORE_JOURNAL_WAL, STORE_JOURNAL_ROLLBACK };

/* Which store, and how to use it. Borrowed for each call that takes it. */
struct store_options {
    const char *store; /* name of its table; NULL: "sqlite" */
    /* The site's data folder. store_open makes it with mode 0700 if it is missing, but not its
     * parent. So does a store that keeps nothing in it: bell, metrics and key of the site are
     * there. */
    const char *folder;
    /* "postgresql://...": the database is PostgreSQL's, perhaps on another host. NULL: SQLite, in the
     * folder. Its password is a secret: no text and no log may show it. */
    const char *address;
    /* The same of a replica that pages may be read from (store_replica.h). NULL: none. */
    const char *replica;
    /* A file whose first line is the password of both, which wins over an address's. NULL:
     * none. */
    const char *password_file;
    enum store_journal journal; /* of a new SQLite database; an existing one keeps its mode */
    unsigned busy_timeout_ms;   /* how long to wait for other processes before ERR_BUSY */
    bool short_lived;           /* a process for each request (CGI): opening must stay cheap */
    /* May be NULL. Borrowed until the handle is closed. When true, waits end with ERR_BUSY. */
    const atomic_bool *stopping;
};

struct store *store_open(const struct store_options *options, enum store_mode mode, struct err *e); /* NULL on error */
void store_close(struct store *s);                                                                  /* NULL is fine */

/* The random id of the database: clients that know another one start again. Borrowed until
 * close. */
const char *store_epoch(const struct store *s);

/* The handle is of no more use: close it and open a new one. The database was replaced (a backup
 * was restored), or something was lost or repaired. May repair before it returns, and waits for
 * other processes only then, at most as long as other calls do. */
bool store_is_stale(struct store *s);

/* A number of the database that is open: while any handle has it open, no other database has the
 * same number. 0: the database was replaced while it was being opened. */
uint64_t store_identity(const struct store *s);

/* ---- writing ---- */

enum store_outcome {
    STORE_STORED = 1, /* a new message */
    STORE_REPEATED,   /* this message is there; seq and time_ms are that one's */
    STORE_CONFLICT,   /* a message with this id and another text, type, reply_to or target is there */
    STORE_HELD,       /* it waits for a moderator, and isn't in the room yet; `why` says what for */
    /* reply_to is above the room's head; or the target of an edit or delete isn't there, is no
     * message, or isn't shown (any more) */
    STORE_NO_TARGET,
    STORE_NOT_YOURS,  /* the target is of another person, or of one whose role isn't below the sender's */
    STORE_TOO_LATE,   /* the author's time to change the target is over */
    STORE_NAME_TAKEN, /* the name belongs to another person */
    STORE_NAME_ALIKE, /* the name looks like a protected one of another person */
    STORE_NEW_RULES,  /* the rules have changed since the caller asked them (`rules`) */
};

/* How long names, newcomers and edits have, as the settings say. All 0: names belong to nobody, no
 * person is new, and authors can't change anything. */
struct store_terms {
    uint64_t name_keep_days;   /* a name that rested for longer belongs to nobody */
    uint64_t newcomer_minutes; /* for so long after its first message a person is fresh, unless trusted or signed */
    uint64_t edit_minutes;     /* for so long an author may change a message */
};

struct store_job {
    /* Checked by chat.h, and its sender is known. Borrowed for the call. Without an id it gets one,
     * and id_is_made: if the call fails, a further call with this draft recognises by that id what
     * was stored. */
    struct chat_draft *draft;
    struct store_terms terms;
    /* The number of the rules by which the caller found the job allowed (store_rules.h); 0: not by
     * rules. So nothing is stored behind a ban that became durable while the job waited. */
    uint64_t rules;
    /* Why a message (not an edit or delete) must wait for a moderator, in a word that moderators
     * see; NULL: it needn't. The second one counts only if the sender is a guest or fresh. */
    const char *hold;
    const char *hold_if_fresh;
    bool is_shadow; /* only its author will read it (struct store_range) */

    uint16_t mark;  /* as in struct chat_message; set by store_append, as are all below */
    unsigned flags; /* as in struct chat_message, as is the next one */
    enum chat_role role;
    enum store_outcome outcome;
    uint64_t seq;
    int64_t time_ms;
    const char *why;  /* of STORE_HELD: hold or hold_if_fresh */
    char *suggestion; /* of STORE_NAME_...: a name that is free. The caller frees it; NULL: none */
};

/* Stores all jobs in one transaction with one sync. The outcome of a job doesn't affect the others;
 * jobs of one call with the same id are treated as if sent one after the other. A missing room is
 * made for the first job that is STORED there.
 *
 * The first message of a key makes its person. A name whose sender has a key belongs to the person
 * from the first message on; guests can't own one, and can't use one that is owned. The name that
 * all guests have (sender.fold is NULL) belongs to nobody. A name that looks like another person's
 * is refused if that one is a moderator, signed, or used its name in this room within a day; else
 * the message is flagged CHAT_ALIKE.
 *
 * An edit or delete takes a seq of its own, and changes its target at once: its text is replaced or
 * erased, and a message that moderators have hidden can be deleted, but not edited. Sent again with
 * the same id it is REPEATED. So is a message that was edited or deleted, whatever its text was. An
 * author can't edit a message that others see where new ones are for its eyes only (is_shadow).
 *
 * 0: each job has its outcome; STORED, REPEATED and HELD ones are durable. -1: nothing is stored,
 * and all outcomes are 0. One exception can't be excluded: if the disk fails in the last step of
 * the commit (ERR_UNSURE), the messages may be stored. Sending the same jobs again is safe and
 * tells. */
int store_append(struct store *s, struct store_job *jobs, size_t count, struct err *e);

/* What a transaction changed that readers in other processes have to know. Zeros at first. */
struct store_change {
    char room[CHAT_ROOM_MAX + 1];
    uint64_t head; /* the room's new one */
};

struct store_changes {
    struct store_change *rooms; /* those whose head rose, each once; owned */
    size_t count;
    bool oldest_moved; /* messages at the beginning of a room are gone */
    uint64_t rules;    /* the new number of the rules (store_rules.h); 0: they are as before */
};

/* Records that the room's head is `head` now, or a higher one that was recorded before. */
void store_changes_raise(struct store_changes *c, const char *room, uint64_t head);
void store_changes_fini(struct store_changes *c);

/* ---- reading ---- */

/* A consistent view for the calls up to store_read_end, which must follow each begin, also after
 * errors. Don't wait for anything between the two. */
int store_read_begin(struct store *s, struct err *e);
void store_read_end(struct store *s);

struct store_room {
    uint64_t head;   /* 0: the room has no message yet */
    uint64_t oldest; /* smallest seq kept; head + 1 when none is kept, 1 for a room that doesn't exist */
};

/* A room that doesn't exist is no error: head 0, oldest 1. */
int store_room(struct store *s, const char *room, struct store_room *out, struct err *e);

/* A message that isn't shown (deleted, hidden, or for its author alone) is read as a delete of
 * itself: target is its seq; text and id are "". An edit has its target's present text; if that one
 * isn't shown any more, the edit is read as a delete of it. */
struct store_range {
    const char *room;
    uint64_t since;  /* messages with a greater seq, */
    uint64_t before; /* and a smaller one; 0: no upper end */
    uint32_t limit;  /* at most so many: 1..1000 */
    size_t budget;   /* and, after the first one, while their texts weigh no more (chat_text_weight) */
    bool backwards;  /* the greatest seqs of the range instead of the smallest */
    int64_t viewer;  /* the person who reads, and sees its own messages that only it may see; 0: another reader */
};

struct store_page {
    struct chat_message *messages; /* ascending by seq, also if read backwards; owned */
    size_t count;
    size_t weight; /* of their texts (chat_text_weight) */
    bool more;     /* limit or budget ended the page: the range has more messages */
};

/* 0, or -1 with an empty page. Free the page with store_page_fini. */
int store_read(struct store *s, const struct store_range *range, struct store_page *page, struct err *e);
void store_page_fini(struct store_page *page);

#endif
