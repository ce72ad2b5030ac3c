/* store_act.h - what moderators and visitors do beside sending, as transactions.
 *
 *     store_act_begin(s, sender, "ann", e)
 *     one or several steps: functions of store_ban.h, store_person.h, store_erase.h, ...
 *     store_act_commit(s, &note, changes, e)    or store_act_cancel(s) when a step has failed
 *
 * The steps see each other's changes. All of them, the line of the audit log and the new number of
 * the rules become durable together, or none does. Between begin and the end other writers wait: do
 * nothing else there. A step that fails may have changed something: cancel.
 * All steps need a handle that writes. They refuse with ERR_ABSENT what doesn't exist, and with
 * ERR_WEAK what the rank of the actor doesn't allow: an act on another person needs a higher role
 * than that person has. Which role an act needs at all, the caller has checked.
 * A step that has been done already is no error, so that an act may be tried again.
 * Texts (reasons, names, settings) were checked by the caller.
 * To add a step: its function in the header of its topic and in store_peace.c, a row in
 * private/peace_backend.h, and the function of each store.
 */
#ifndef STORE_ACT_H
#define STORE_ACT_H

#include "store/store.h"

/* by: who acts, with the role in the room of the act; borrowed until the end. NULL: the command
 * line, which may do everything. who: for the audit log; borrowed too. -1: nothing was begun. */
int store_act_begin(struct store *s, const struct chat_sender *by, const char *who, struct err *e);

/* A line of the audit log. Texts may be NULL, except act; a subject that is NULL is taken from the
 * steps: whom a ban is for, which setting was set. */
struct store_act_note {
    const char *act; /* "ban"; NULL: no line, for what visitors do with their own things */
    const char *room;
    uint64_t seq; /* 0: none */
    const char *subject;
    const char *reason;
    const char *detail;
};

/* note may be NULL: no line. 0: durable, and *changes tells what readers have to know. -1: nothing
 * was stored (but see store_append). */
int store_act_commit(struct store *s, const struct store_act_note *note, struct store_changes *changes, struct err *e);
void store_act_cancel(struct store *s);

/* A notice in the room, as the last message: an English sentence for its readers. */
int store_act_notice(struct store *s, const char *room, const char *text, struct err *e);

#endif
