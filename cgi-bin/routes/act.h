/* act.h - one act: its fields, who does it, what it answers.
 *
 * An act is a row of a table in acts_*.c: its name, the role that it needs, the function that reads
 * its fields, and the function that does it. The second one runs in the committer's turn, between
 * store_act_begin and store_act_commit, and calls steps of the store (store_act.h). If that fails
 * with ERR_BUSY, it is run again; so it must change nothing but the store and the members `done`
 * and `note`, unless its row has an undo().
 * To add an act: a row and two functions in the acts_*.c of its topic, its fields in `known` in
 * post_act.c, a line in www/API.md and in tests/cases/matrix.txt.
 * Threads: an act belongs to one at a time.
 */
#ifndef ACT_H
#define ACT_H

#include "base/buf.h"
#include "chat/chat.h"
#include "chat/form.h"
#include "format/json_out.h"
#include "routes/caller.h"
#include "site/commit.h"
#include "site/limiter.h"
#include "store/store_act.h"
#include "store/store_person.h"

#include <stdbool.h>
#include <stdint.h>

struct act;
struct send_program;

struct act_row {
    const char *name;
    enum chat_role need; /* in the room of the act, or in all rooms if it has none */
    bool is_for_all;     /* the role counts in all rooms, whatever room the act names */
    bool needs_key;      /* a guest can't do it, whatever the role of guests is */
    bool reads_room;     /* only who may read the room can do it */
    bool is_quiet;       /* no line in the audit log */
    /* Reads and checks the fields. May be NULL. */
    int (*read)(struct act *a, struct err *e);
    /* The steps. */
    int (*run)(struct act *a, struct store *store, struct err *e);
    /* Further transactions, when the act is durable; a failure isn't reported. May be NULL. */
    void (*then)(struct act *a, struct store *store, struct store_changes *changes);
    /* The act was done, before the answer. May be NULL. */
    void (*after)(struct act *a);
    /* The act failed in or after run(). May be NULL. */
    void (*undo)(struct act *a);
};

/* What fields the functions of several acts read. */
struct act_fields {
    uint64_t seq; /* 0: none */
    const char *reason;
    uint64_t number; /* of a ban, a report, a held message, a word, an invite, a person */
    uint64_t person;
    uint64_t held; /* a message that waits, whose sender is meant; 0: none */
    const char *name;
    struct chat_sender whom; /* the forms of `name` alone */
    int choice;              /* what it means the act's own table says */
    int of;                  /* likewise */
    int64_t until_ms;        /* 0: without end */
    uint64_t minutes;
    bool flag;
    const char *only_room; /* NULL: all rooms */
    const char *text;
    char code[64]; /* that was made, or came */
};

struct act {
    struct commit_job job; /* first: a pointer to it is a pointer to this */
    const struct act_row *row;
    struct request *request;
    struct send_program *program;
    struct caller caller;
    struct standing standing;
    struct standing_room found;
    struct chat_sender sender;    /* who acts */
    bool tries_secret;            /* a secret is compared: limiter_secret counted it as wrong */
    struct form fields;           /* of the body */
    char room[CHAT_ROOM_MAX + 1]; /* "": none was named */
    struct act_fields f;
    void *own; /* what the act's read() made for run(); malloc'd, freed with the act */
    /* What run() sets. */
    struct store_act_note note;
    /* members of the answer behind "done" and "epoch": a list as of json_out */
    struct buf done;
    struct json_out out; /* writes to done */
};

/* The tables, each with an empty row at its end. */
extern const struct act_row acts_keys[];     /* names, codes, invites */
extern const struct act_row acts_messages[]; /* reports, deletes, hiding, waiting messages */
extern const struct act_row acts_persons[];  /* bans, roles, erasure */
extern const struct act_row acts_setup[];    /* rooms, words, settings */

/* ---- fields; each returns -1 with ERR_INPUT and the field's name ---- */

/* *out: the value, or `otherwise` where the field is missing or empty; NULL as `otherwise`: it must
 * be there. Borrowed until the act ends. */
int act_text(struct act *a, const char *name, size_t max, const char *otherwise, const char **out, struct err *e);
/* otherwise: UINT64_MAX: it must be there. */
int act_number(struct act *a, const char *name, uint64_t min, uint64_t max, uint64_t otherwise, uint64_t *out,
               struct err *e);
/* *out: the index in words, which ends with NULL; otherwise: -1: it must be there. */
int act_choice(struct act *a, const char *name, const char *const *words, int otherwise, int *out, struct err *e);
int act_yes(struct act *a, const char *name, bool otherwise, bool *out, struct err *e);
bool act_has(const struct act *a, const char *name);

/* room and seq, which must be there; and reason. */
int act_message(struct act *a, struct err *e);
/* person, or name, or held, or room and seq: one of them. */
int act_whom(struct act *a, struct err *e);
struct store_whom act_whom_of(const struct act *a);

/* Has the actor this role in all rooms? */
bool act_is_everywhere(struct act *a, enum chat_role role);

/* The hash of a code, for the store. */
void act_hash_code(const struct act *a, const char *code, unsigned char out[16]);

#endif
