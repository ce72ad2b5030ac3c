/* store_erase.h - taking messages away: steps of an act (store_act.h), and what follows them.
 *
 * Readers learn of each change by a message of type delete or edit at the end of the room, with the
 * seq of what was changed as its target. The room keeps the seqs of erased messages.
 * An erased text is in no file of the chat any more when the act is committed, except in copies
 * that were made before, such as backups. While a reader looks at a view for long, as for a backup,
 * SQLite's log may have it until that view ends and store_rest was called.
 */
#ifndef STORE_ERASE_H
#define STORE_ERASE_H

#include "store/store_person.h"

/* Erases the text. *event: the seq of the delete; 0: it was erased before. ERR_ABSENT: there is no
 * such message; edits, deletes and notices count as none. */
int store_erase_message(struct store *s, const char *room, uint64_t seq, uint64_t *event, struct err *e);

/* Hides the message, or shows it again; its text is kept. Readers are told by a delete, or by an
 * edit. *event: 0 if it was so before. ERR_ABSENT as above, and for one that was erased. */
int store_erase_show(struct store *s, const char *room, uint64_t seq, bool shown, uint64_t *event, struct err *e);

/* Hides a message that enough visitors reported, whatever the actor's role. Readers don't learn who
 * it was. Messages of moderators and owners stay as they are (*event: 0). */
int store_erase_hide_reported(struct store *s, const char *room, uint64_t seq, uint64_t *event, struct err *e);

enum store_erase_of {
    STORE_ERASE_OF_PERSON,
    STORE_ERASE_OF_NETWORK, /* that wrote the message, or the waiting one */
    /* Newcomers: guests, and persons who were new when they wrote, unless a moderator trusts them
     * since. Only newcomers of the message's network count, and of the networks that
     * store_erase_networks finds. So a newcomer is spared if no others write from its network. */
    STORE_ERASE_OF_NEWCOMERS,
};

/* Which messages of the last minutes. */
struct store_erase_recent {
    enum store_erase_of of;
    struct store_whom whom; /* for newcomers a message, or none */
    const char *only_room;  /* NULL: in all rooms */
    int64_t since_ms;       /* messages of this time or later */
};

/* Erases their texts, with one delete for each room, and all of their messages that wait. *count:
 * how many there were. Messages of persons whose role isn't below the actor's stay. Up to
 * STORE_ERASE_MOST messages of a room. ERR_ABSENT: no such person or message, or the message has no
 * network any more. */
enum { STORE_ERASE_MOST = 20000 };
int store_erase_recent(struct store *s, const struct store_erase_recent *what, uint64_t *count, struct err *e);

/* Networks that at least STORE_ERASE_SENDERS newcomers wrote from, those with most of them first,
 * among the messages that store_erase_recent would erase. Each is named by one of its messages. */
enum { STORE_ERASE_SENDERS = 3, STORE_ERASE_NETWORKS = 32 };
struct store_erase_networks {
    struct store_erase_network {
        char room[CHAT_ROOM_MAX + 1];
        uint64_t seq;
        uint64_t held; /* the message waits, and has no seq; 0: it is in the room */
    } all[STORE_ERASE_NETWORKS];
    size_t count;
};
int store_erase_networks(struct store *s, const struct store_erase_recent *what, struct store_erase_networks *out,
                         struct err *e);

/* Erases all that is kept of a person: keys, names, roles, bans, invites, waiting messages,
 * reports, the name in the audit log. Texts, names and networks of its messages follow in steps:
 * store_erase_step, or store_retain_step, which also goes on with what a killed process left. */
int store_erase_person(struct store *s, const struct store_whom *whom, struct err *e);

/* Not in an act: erases some messages of persons that store_erase_person was called for, in a short
 * transaction. *left: false if nothing is left of any of them. *count: how many this call
 * erased. */
int store_erase_step(struct store *s, struct store_changes *changes, uint64_t *count, bool *left, struct err *e);

#endif
