/* work.h - a command that changes something: the site, and one act of the store.
 *
 * The act runs as those of moderators do (store_act.h): it is in the audit log, and the programs of
 * the web server learn of it at once. Run by root, the process first becomes the user that owns the
 * data folder, because files of root there would lock the web server's programs out.
 * Threads: one.
 */
#ifndef WORK_H
#define WORK_H

#include "chat/chat.h"
#include "site/commit.h"
#include "store/store_act.h"
#include "store/store_person.h"

#include <stdbool.h>
#include <stdint.h>

struct command_line;
struct err;
struct rules;
struct site;

struct work {
    struct commit_job job; /* first: a pointer to it is a pointer to this */
    struct site *site;
    struct commit *commit;
    struct store_act_note note; /* for the audit log */
    /* One or several steps of an act; its error is reported. */
    int (*step)(struct work *w, struct store *store, struct err *e);
    const struct command_line *line;
    void *own;    /* the command's */
    bool changed; /* work_do succeeded */
    struct err *e;
};

/* -1: there is no database, or it can't be used. Call work_close in all cases. */
int work_open(struct work *w, const struct command_line *line, struct err *e);
void work_close(struct work *w);

/* Runs the act. act: its name for the audit log; NULL: no line. -1: nothing was changed. */
int work_do(struct work *w, const char *act, int (*step)(struct work *w, struct store *store, struct err *e),
            struct err *e);

/* A whole command: its first word is the number of what the act is done to; step finds it as a
 * uint64_t at w->own. Prints `done`, a sentence, or the error. Returns an exit code. */
int work_on_id(const struct command_line *line, const char *act,
               int (*step)(struct work *w, struct store *store, struct err *e), const char *done);

/* Not an act: runs transaction after transaction, as long as step says that something is left. */
int work_steps(struct work *w,
               int (*step)(struct work *w, struct store *store, struct store_changes *c, bool *left, struct err *e),
               struct err *e);

/* The rules; to be released. NULL on error. */
const struct rules *work_rules(struct work *w, struct err *e);

/* What a word names: "#12" a person by its number, "lobby:41" a message, all else a name. */
struct work_whom {
    struct store_whom whom;
    char room[CHAT_ROOM_MAX + 1];
    char name[CHAT_NAME_BYTES_MAX + 1]; /* of a name, as it is written */
    char *fold;                         /* owned */
};
int work_whom_of(const char *word, struct work_whom *out, struct err *e);
void work_whom_fini(struct work_whom *w);

/* "lobby:41" alone. */
int work_message_of(const char *word, struct work_whom *out, struct err *e);

/* A folded name, to be freed. NULL: it can't be a name, or stands for anybody. */
char *work_fold(const char *name, struct err *e);

#endif
