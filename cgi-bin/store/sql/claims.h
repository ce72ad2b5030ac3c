/* claims.h - whose is a name, and whose name does it look like?
 *
 * A name belongs to the person that claimed it, which a message under it does, until it hasn't been
 * used for name_keep_days; a moderator's never rests. A person owns at most CLAIMS_MOST names: a
 * further one takes the place of the one that was used longest ago.
 *
 * Some persons' names are protected from names that look like them: those of moderators and owners
 * (in any room), those of visitors that are signed by the host's site, and a name that was used in
 * the room within a day, from names that were claimed later. A signed visitor can't choose its
 * name, so it takes a name over from a person that isn't signed, and two signed visitors may have
 * the same name, or similar ones: the later one is flagged.
 *
 * To look for similar names at each message would cost a search. So a row knows whether its look is
 * shared with another name, which a later claim may have set; without that nothing is looked for.
 * A hundred names may share a look; a further one is refused, unless its person is a moderator or
 * signed. More would make the messages of all of them slow.
 */
#ifndef SQL_CLAIMS_H
#define SQL_CLAIMS_H

#include "store/sql/rows.h"

enum { SQL_CLAIMS_MOST = 16 };

/* The statement by which a name is looked for: see SQL_AUTHORS_FIND_KEY. */
#define SQL_CLAIMS_COLUMNS "person_id, claimed_ms, used_ms, used_room, shared, look"
#define SQL_CLAIMS_FIND_NAME "SELECT " SQL_CLAIMS_COLUMNS " FROM name WHERE fold = ?"

/* The statements by which similar names are looked for, the first parameter is their look; and how
 * protected a person's names are. */
#define SQL_CLAIMS_RANK                                                                                       \
    "CASE WHEN person.role >= 3 OR EXISTS (SELECT 1 FROM room_role AS r WHERE r.person_id = person.person_id" \
    " AND r.role >= 3) THEN 2 ELSE person.signed END"
#define SQL_CLAIMS_FIND_ALIKE                                 \
    "SELECT claimed_ms, used_ms, used_room, " SQL_CLAIMS_RANK \
    " FROM name CROSS JOIN person USING (person_id) WHERE look = ? AND fold <> ? AND name.person_id <> ?"
#define SQL_CLAIMS_FIND_RANK "SELECT " SQL_CLAIMS_RANK " FROM person WHERE person_id = ?"

/* Writes when and where the name was used. It may be put off as SQL_AUTHORS_SET_SEEN. */
#define SQL_CLAIMS_SET_USED "UPDATE name SET used_ms = ?, used_room = ? WHERE fold = ?"

struct sql_claim {
    /* What was asked, borrowed. */
    const struct chat_sender *sender;
    int64_t room_id; /* 0: a room that isn't there yet, or none */
    const struct store_terms *terms;
    int64_t now_ms;

    enum store_outcome refused; /* 0: the name may be used; else STORE_NAME_TAKEN, STORE_NAME_ALIKE */
    bool is_alike;              /* it looks like a name that another person has had for longer */
    bool is_new;                /* the name is free, and becomes the person's */
    bool is_stale;              /* the row's time or room is old enough to be written again */
    bool is_shared;             /* other names look like this one */
};

/* What a statement does with persons, their keys and names, and with nothing else. An engine that
 * puts off what it has to write (SQL_AUTHORS_SET_SEEN) must know. */
enum sql_claims_use { SQL_CLAIMS_NO_USE, SQL_CLAIMS_READS, SQL_CLAIMS_WRITES };

/* Of a statement of claims.c; SQL_CLAIMS_NO_USE if it is none. */
enum sql_claims_use sql_claims_use(const char *sql);

/* May the author use the name of claim->sender? The members above must be set. */
int sql_claims_check(struct sql_store *s, const struct sql_author *author, struct sql_claim *claim, struct err *e);

/* Writes what the check found to be written, for an author that has a person. */
int sql_claims_settle(struct sql_store *s, const struct sql_author *author, const struct sql_claim *claim,
                      const char *name, struct err *e);

/* A name like this one that the author may use. The caller frees it. *out: NULL if the first tries
 * are all taken. */
int sql_claims_suggest(struct sql_store *s, const struct sql_author *author, const struct sql_claim *claim,
                       const char *name, char **out, struct err *e);

#endif
