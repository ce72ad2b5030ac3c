/* locks.h - the advisory locks of a chat (handle.h has their order). The second key is the schema
 * of its tables, so that two chats in one database don't wait for each other. */
#ifndef POSTGRES_LOCKS_H
#define POSTGRES_LOCKS_H

/* First keys; any numbers that other programs are unlikely to use. Never renumber: programs of
 * several versions may run at once. */
#define POSTGRES_LOCKS_RULES 0x70636801
#define POSTGRES_LOCKS_NAMES 0x70636802
#define POSTGRES_LOCKS_TABLES 0x70636803

/* For snprintf, with both keys. Until the end of the transaction. */
#define POSTGRES_LOCKS_TAKE "SELECT pg_advisory_xact_lock(%d, %d)"
#define POSTGRES_LOCKS_SHARE "SELECT pg_advisory_xact_lock_shared(%d, %d)"

#endif
