/* takeover.h - another server answers than before: a replica that was promoted, or one that a dump
 * was restored to.
 *
 * What a replica hadn't received yet is lost with its primary. Clients have seen such messages, and
 * their numbers would be given again, to other messages. So the database gets a new epoch, which
 * makes all clients start again. Each promotion begins a new timeline of PostgreSQL, and each
 * cluster has an identifier; the table meta keeps those that its epoch holds for. The first program
 * that meets others decides, alone (handle.h, lock 1), before anything is written.
 *
 * Nothing is lost, and the epoch stays, where the primary waited for a replica with each commit
 * (synchronous_standby_names). meta.synced says so. Programs compare it when they connect, and
 * every few seconds (notices.c). A replica that wasn't waited for must not take over then; that is
 * up to the operator.
 *
 * UPDATE meta SET timeline = 0 asks for a new epoch, after a dump was restored in the same cluster.
 */
#ifndef POSTGRES_TAKEOVER_H
#define POSTGRES_TAKEOVER_H

#include "store/postgres/private/handle.h"

/* Number of the server's timeline, as SQL; 0 on a replica. */
#define POSTGRES_TAKEOVER_TIMELINE               \
    "(CASE WHEN pg_is_in_recovery() THEN 0 ELSE" \
    " ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint END)"

/* Does a commit wait until a replica has it, as SQL: 1 or 0. */
#define POSTGRES_TAKEOVER_SYNCED \
    "(current_setting('synchronous_standby_names') <> '' AND current_setting('synchronous_commit') <> 'local')::int"

/* Outside of transactions: decides whether the epoch still holds, and notes it. 0, or -1 with the
 * error set. */
int postgres_takeover_settle(struct postgres_handle *s, struct err *e);

/* Outside of transactions: notes whether commits wait for a replica now. Failures don't matter. */
void postgres_takeover_note_sync(struct postgres_handle *s);

#endif
