/* err.h - what went wrong, in words a user can act on.
 *
 * A function that can fail returns 0 or -1 (or NULL) and takes a struct err * last. The caller may
 * pass NULL. The first error wins: an error set while undoing does not hide the cause. Codes are
 * few and each means an action; format/problem.c turns them into a status. Texts are shown to
 * strangers: no paths outside the site, no secrets, no SQL.
 * Threads: an err belongs to one caller.
 */
#ifndef ERR_H
#define ERR_H

enum err_code {
    ERR_NONE = 0,
    ERR_INPUT,     /* 400: the request is wrong; field says where */
    ERR_AUTH,      /* 403: the page's origin may not do this */
    ERR_FORBIDDEN, /* 403: this client may not do this */
    ERR_TOKEN,     /* 401: the token that the client sent isn't valid; it never counts as none */
    ERR_SIGN_IN,   /* 401: only for clients with a key or token; this one sent none */
    ERR_WEAK,      /* 403: the client's role may not do this */
    ERR_BANNED,    /* 403: banned, until the end that "until" names */
    ERR_MUTED,     /* 403: may read but not write, until the same */
    ERR_CLOSED,    /* 403: the room is closed for writing, or for all */
    ERR_PROOF,     /* 403: a proof of work is missing; "challenge" and "bits" say which */
    ERR_WORDS,     /* 403: the text has a word that isn't allowed here */
    ERR_LATE,      /* 403: the message is too old to be changed */
    ERR_ABSENT,    /* 404: no such thing */
    ERR_METHOD,    /* 405 */
    ERR_SLOW,      /* 408: the request took too long to arrive; it may be sent again */
    ERR_EPOCH,     /* 409: the client's epoch is of another database */
    ERR_CONFLICT,  /* 409: the id is in use for another text */
    ERR_NAME,      /* 409: the name belongs to another person; "suggestion" is a free one */
    ERR_ALIKE,     /* 409: the name looks like a protected one; the same */
    ERR_TOO_LARGE, /* 413 */
    ERR_TYPE,      /* 415: content type or charset */
    ERR_RATE,      /* 429: too much in too short a time; retry_s says when to come back */
    ERR_SLOW_MODE, /* 429: the room lets each person write once in so many seconds; the same */
    ERR_BUSY,      /* 503: other processes kept the database locked for too long; try again */
    ERR_UNSURE,    /* 503: it may have been stored or not; sent again with the same id it is stored once */
    ERR_CROWDED,   /* 503: too many requests are in work, or memory is short; try again */
    ERR_FULL,      /* 503: disk or quota is full; reads go on */
    ERR_READONLY,  /* 503: the folder or file can't be written; reads go on */
    ERR_CORRUPT,   /* 500: the database file is damaged or not ours */
    /* 503: a newer program made the database and must answer instead of this one */
    ERR_NEWER,
    ERR_CONFIG, /* 500: a setting is wrong; log has the words */
    /* 503: the web can read the data, or other users can write to it; the chat stops until the
     * owner mends that */
    ERR_EXPOSED,
    ERR_STOPPING, /* 503: this process ends; the next one answers */
    ERR_STREAM,   /* 503: no stream is possible here now; polling works */
    ERR_SYSTEM,   /* 500: anything else; log has the words */
    ERR__MAX
};

enum { ERR_MORE = 2 };

/* What an answer tells beside the text, for programs: "suggestion", "until", "challenge". */
struct err_more {
    char name[16]; /* "": unused */
    char value[272];
};

struct err {
    enum err_code code;
    char field[32];   /* the parameter that is wrong, or "" */
    char text[512];   /* one sentence or two, no line break at the end; cut if longer */
    unsigned retry_s; /* seconds until another try may succeed; 0: what the code says (problem.h) */
    struct err_more more[ERR_MORE];
};

/* clang-format off */
#define ERR_INIT {.code = ERR_NONE}
/* clang-format on */

/* Sets code and text unless an error is set already. e may be NULL. Always returns -1, so that
 * `return err_set(...)` reads well. Can't fail. */
int err_set(struct err *e, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, and names the field (cut to 31 bytes). */
int err_field(struct err *e, enum err_code code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a member to an error that was set, for ERR_MORE members at most; a further one is dropped. e
 * may be NULL. Always returns -1. */
int err_more(struct err *e, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Copies the error `from` to `to`, unless `to` has one already: for a function that looks at an
 * error before it hands it to its caller. to may be NULL. Always returns -1. */
int err_move(struct err *to, const struct err *from);

/* Back to no error. e may be NULL. */
void err_clear(struct err *e);

/* What the errno of a call that makes or writes a file means: ERR_READONLY, ERR_FULL, ERR_ABSENT
 * (the folder is missing), ERR_CONFLICT (the file exists already), else ERR_SYSTEM. */
enum err_code err_of_errno(int number);

#endif
