/* test_store_beside.c - what an append over PostgreSQL does beside other hosts, which write in the
 * same rooms, as the same persons: seqs, repeated messages, deadlocks.
 */
#include "postgres_support.h"

#include "base/clock.h"
#include "store/store_act.h"

#include <pthread.h>
#include <unistd.h>

/* ---- batches ---- */

/* Another host that has locked the room: psql, which goes on when the test writes to it. */
static FILE *lock_room(const struct place *p, const char *room)
{
    char command[500];
    snprintf(command, sizeof command, "psql -wXqo /dev/null -v ON_ERROR_STOP=1 -d '%s'", p->address);
    fflush(NULL);
    FILE *other = popen(command, "w"); // NOLINT(cert-env33-c): the address is the test's
    assert_non_null(other);
    fprintf(other, "BEGIN; SELECT 1 FROM room WHERE name = '%s' FOR UPDATE; SELECT pg_advisory_lock(1, 7);\n", room);
    fflush(other);
    static const char locked[] =
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1 AND objid = 7"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    for (int i = 0; i < 6000 && ask_number(p, locked) == 0; i++) {
        clock_sleep_ms(10);
    }
    return other;
}

struct sending {
    struct store *s;
    struct store_job jobs[2];
    char ids[2][CHAT_ID_MAX + 1]; /* the store makes those that are "" */
    struct err e;
    int result;
};

static void *send_both(void *argument)
{
    struct sending *sending = argument;
    sending->result = store_append(sending->s, sending->jobs, 2, &sending->e);
    return NULL;
}

/* Sends two messages to a room that another host has locked, and which then stores a message with
 * this id. The caller looks at the jobs. */
static void send_beside(const struct place *p, struct store *s, const char *id, const char *const ids[2],
                        struct sending *out)
{
    struct chat_draft drafts[2] = {draft_of("lobby", "ann", ids[0], "text"), draft_of("lobby", "ann", ids[1], "text")};
    pthread_t thread;
    *out = (struct sending){.s = s, .jobs = {{.draft = &drafts[0]}, {.draft = &drafts[1]}}, .e = ERR_INIT};
    FILE *other = lock_room(p, "lobby");
    assert_int_equal(pthread_create(&thread, NULL, send_both, out), 0);
    for (int i = 0; i < 6000 && ask_number(p, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                              " AND datname = current_database()") == 0;
         i++) {
        clock_sleep_ms(10);
    }
    fprintf(other,
            "INSERT INTO message (message_id, time_ms, type, name, id, id_sent, text)"
            " SELECT room_id << 36 | head + 1, 1, 1, 'ann', '%s', 1, 'text' FROM room WHERE name = 'lobby';"
            " UPDATE room SET head = head + 1 WHERE name = 'lobby'; COMMIT;\n",
            id);
    assert_int_equal(pclose(other), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (out->result != 0) {
        fail_msg("store_append: %s", out->e.text);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(out->ids[i], sizeof out->ids[i], "%s", drafts[i].id);
    }
}

static void messages_get_the_seqs_behind_those_that_another_host_stored_meanwhile(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct sending sending;
    assert_stored(s, "1", "one");
    send_beside(p, s, "other", (const char *[]){"x", "y"}, &sending);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sending.jobs[i].outcome, STORE_STORED);
        assert_int_equal(sending.jobs[i].seq, 3 + i);
    }
    assert_int_equal(count_contiguous(s, "lobby"), 4);
    assert_int_equal(ask_number(p, "SELECT message_id & 68719476735 FROM message WHERE id = 'x'"), 3);
    store_close(s);
}

/* A client that sends a message again, with the id that it read, must not store it twice. */
static void an_id_that_is_made_beside_another_host_leads_to_its_message(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct sending sending;
    assert_stored(s, "1", "one");
    send_beside(p, s, "other", (const char *[]){"", ""}, &sending);
    for (int i = 0; i < 2; i++) {
        struct store_job again;
        assert_int_equal(append(s, sending.ids[i], "text", &again, NULL), STORE_REPEATED);
        assert_int_equal(again.seq, sending.jobs[i].seq);
    }
    store_close(s);
}

static void a_message_that_another_host_stored_meanwhile_is_repeated(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct sending sending;
    assert_stored(s, "1", "one");
    send_beside(p, s, "y", (const char *[]){"x", "y"}, &sending);
    assert_int_equal(sending.jobs[0].outcome, STORE_STORED);
    assert_int_equal(sending.jobs[0].seq, 3);
    assert_int_equal(sending.jobs[1].outcome, STORE_REPEATED);
    assert_int_equal(sending.jobs[1].seq, 2);
    assert_int_equal(count_contiguous(s, "lobby"), 3);
    store_close(s);
}

/* Two persons with a name each send twice. */
static void send_four(struct store *s, int round)
{
    static char names[2][8] = {"ann", "bob"};
    struct chat_draft drafts[4];
    struct store_job jobs[4];
    struct err e = ERR_INIT;
    for (int i = 0; i < 4; i++) {
        char id[32];
        snprintf(id, sizeof id, "%d-%d", round, i);
        drafts[i] = draft_of("lobby", names[i % 2], id, "text");
        drafts[i].sender = sender_of(1 + i % 2, CHAT_MEMBER);
        drafts[i].sender.fold = names[i % 2];
        drafts[i].sender.look = names[i % 2];
        jobs[i] = (struct store_job){.draft = &drafts[i], .terms = {.name_keep_days = 365000}};
    }
    if (store_append(s, jobs, 4, &e) != 0) {
        fail_msg("store_append: %s", e.text);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(jobs[i].outcome, STORE_STORED);
    }
}

static void a_batch_notes_when_names_were_used_and_persons_seen(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    for (int round = 0; round < 3; round++) {
        send_four(s, round);
        assert_int_equal(ask_number(p, "SELECT count(*) FROM name WHERE used_ms > 1000"), 2);
        assert_int_equal(ask_number(p, "SELECT count(*) FROM person WHERE seen_ms > 1000 AND title IS NOT NULL"), 2);
        run_sql(p, "UPDATE name SET used_ms = 1; UPDATE person SET seen_ms = 1");
    }
    assert_int_equal(count_contiguous(s, "lobby"), 12);
    store_close(s);
}

/* A host that stores what two persons say, in this order, in a room of its own. */
struct host {
    struct store *store;
    const char *room;
    char names[2][8];
    struct err e;
};

static void *send_two(void *argument)
{
    struct host *h = argument;
    struct chat_draft drafts[2];
    struct store_job jobs[2];
    for (int i = 0; i < 2; i++) {
        drafts[i] = draft_of(h->room, h->names[i], h->names[i], "text");
        drafts[i].id_is_made = true;
        drafts[i].sender = sender_of(h->names[i][0], CHAT_MEMBER);
        drafts[i].sender.fold = h->names[i];
        drafts[i].sender.look = h->names[i];
        jobs[i] = (struct store_job){.draft = &drafts[i], .terms = {.name_keep_days = 365000}};
    }
    err_clear(&h->e);
    (void)store_append(h->store, jobs, 2, &h->e);
    return NULL;
}

/* A session of psql, which runs what is written to it and ends when it is closed. */
static FILE *open_psql(const struct place *p)
{
    char command[800];
    snprintf(command, sizeof command, "psql -wXqo /dev/null -d '%s'", p->address);
    FILE *psql = popen(command, "w"); /* NOLINT(cert-env33-c,bugprone-command-processor): a test's own words */
    assert_non_null(psql);
    return psql;
}

static void tell(FILE *psql, const char *sql)
{
    fprintf(psql, "%s;\n", sql);
    fflush(psql);
}

/* Waits until so many sessions of the database are as the condition says. */
static void wait_for_sessions(const struct place *p, const char *condition, int64_t count)
{
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND %s",
             condition);
    for (int i = 0; i < 600 && ask_number(p, sql) != count; i++) {
        clock_sleep_ms(20);
    }
    assert_int_equal(ask_number(p, sql), count);
}

/* Each batch notes when its persons were seen and their names used, in one order for all. If one
 * wrote ann first and the other one bob, each would wait for the other, until PostgreSQL ends one
 * of them after a second. */
static void batches_of_the_same_persons_in_another_order_do_not_deadlock(void **state)
{
    struct place *p = *state;
    struct host hosts[] = {{.store = open_store(p, STORE_WRITE), .room = "one", .names = {"ann", "bob"}},
                           {.store = open_store(p, STORE_WRITE), .room = "two", .names = {"bob", "ann"}}};
    pthread_t threads[2];
    send_two(&hosts[0]);
    send_two(&hosts[1]);
    run_sql(p, "UPDATE name SET used_ms = 1; UPDATE person SET seen_ms = 1");
    FILE *psql = open_psql(p);
    tell(psql, "BEGIN; SELECT 1 FROM person WHERE title = 'ann' FOR UPDATE");
    wait_for_sessions(p, "state = 'idle in transaction'", 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, send_two, &hosts[i]), 0);
        wait_for_sessions(p, "wait_event_type = 'Lock'", i + 1);
    }
    tell(psql, "COMMIT");
    pclose(psql);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_string_equal(hosts[i].e.text, "");
        assert_int_equal(count_contiguous(hosts[i].store, hosts[i].room), 4);
        store_close(hosts[i].store); /* then the server counts what its connection has met */
    }
    wait_for_sessions(p, "application_name LIKE 'pollchat%'", 0);
    assert_int_equal(ask_number(p, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), 0);
}

/* PostgreSQL ends the one of two that has begun to wait last. */
static void an_act_that_deadlocks_stores_nothing_and_may_be_tried_again(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store *s = open_store(p, STORE_WRITE);
    assert_int_equal(append_reply(s, "one", "ann", "1", "text", 0, NULL, NULL), STORE_STORED);
    assert_int_equal(append_reply(s, "two", "ann", "1", "text", 0, NULL, NULL), STORE_STORED);
    FILE *psql = open_psql(p);
    tell(psql, "BEGIN; SELECT 1 FROM room WHERE name = 'two' FOR UPDATE");
    wait_for_sessions(p, "state = 'idle in transaction'", 1);
    begin(s, NULL);
    assert_int_equal(store_act_notice(s, "one", "a notice", NULL), 0);
    tell(psql, "SELECT 1 FROM room WHERE name = 'one' FOR UPDATE; COMMIT");
    wait_for_sessions(p, "wait_event_type = 'Lock' AND query_start < clock_timestamp() - interval '1500 ms'", 1);
    assert_int_equal(store_act_notice(s, "two", "a notice", &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    store_act_cancel(s);
    pclose(psql);
    assert_int_equal(count_contiguous(s, "one"), 1);
    begin(s, NULL);
    assert_int_equal(store_act_notice(s, "two", "a notice", NULL), 0);
    commit(s, "notice");
    assert_int_equal(count_contiguous(s, "two"), 2);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_POSTGRES(messages_get_the_seqs_behind_those_that_another_host_stored_meanwhile),
        IN_POSTGRES(an_id_that_is_made_beside_another_host_leads_to_its_message),
        IN_POSTGRES(a_message_that_another_host_stored_meanwhile_is_repeated),
        IN_POSTGRES(a_batch_notes_when_names_were_used_and_persons_seen),
        IN_POSTGRES(batches_of_the_same_persons_in_another_order_do_not_deadlock),
        IN_POSTGRES(an_act_that_deadlocks_stores_nothing_and_may_be_tried_again),
    };
    quiet_log();
    return RUN_IN_POSTGRES(tests);
}
