/* link.c - see link.h. */
#include "store/postgres/private/link.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/postgres/private/address.h"
#include "store/postgres/private/fail.h"
#include "store/private/store_password.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SILENCE_MS = 10000, /* beyond the wait for locks: then the server is taken for gone */
    REPLICA_MS = 500,   /* a replica that is silent for so long isn't used: the primary answers instead */
    PATIENT_MS = 24 * 3600 * 1000,
    STOPPING_MS = 1000, /* a process that ends waits so long for an answer */
    SLICE_MS = 100,     /* between two looks whether it ends */
    IDLE_MS = 30000,    /* the server ends a transaction whose program does nothing for so long: others wait for it */
    PAUSE_MS = 1000,    /* between two attempts to reach a server that is silent */
    TRIAL_MS = 60000,   /* such an attempt takes no longer, also with many addresses */
    LONG_MS = 1000,     /* an attempt to connect that fails after so long has met silence */
    VERSION_LEAST = 130000,
};

/* A pool mixes up prepared statements, so this process uses none any more. */
static _Atomic bool is_unprepared;

/* The server was silent until a time-out: monotonic ms until which no thread of this process waits
 * for it again. 0: it wasn't. Without it requests that wait for each other, such as for the rules,
 * would each find out for themselves, one after the other. */
static _Atomic int64_t silent_until;

/* A thread of this process connects to the replica. The others read from the primary meanwhile: the
 * look-up of the replica's name may take long. */
static atomic_bool is_trying_replica;

/* After a silence one thread tries, and the others are refused meanwhile. */
static bool may_connect(struct postgres_handle *s)
{
    if (s->is_replica) {
        s->is_refused = atomic_exchange(&is_trying_replica, true);
        return !s->is_refused;
    }
    int64_t now = clock_mono_ms();
    int64_t until = atomic_load(&silent_until);
    return until == 0 || (now >= until && atomic_compare_exchange_strong(&silent_until, &until, now + TRIAL_MS));
}

static void note_silence(const struct postgres_handle *s, bool was_silent)
{
    if (!s->is_replica) {
        atomic_store(&silent_until, was_silent ? clock_mono_ms() + PAUSE_MS : 0);
    }
}

/* ---- waiting ---- */

struct wait {
    int64_t silence_ms;
    int64_t until; /* monotonic; later with each sign of life */
    bool is_ending;
};

static bool is_over(const struct postgres_handle *s, struct wait *w)
{
    int64_t now = clock_mono_ms();
    if (!w->is_ending && s->stopping != NULL && atomic_load(s->stopping)) {
        w->is_ending = true;
        w->until = w->until < now + STOPPING_MS ? w->until : now + STOPPING_MS;
    }
    return now >= w->until;
}

static void note_life(struct wait *w)
{
    if (!w->is_ending) {
        w->until = clock_mono_ms() + w->silence_ms;
    }
}

/* Waits until a result can be taken without blocking. False: the connection is broken, or the time
 * is over. */
static bool wait_for_result(struct postgres_handle *s, struct wait *w)
{
    int unsent = PQflush(s->db);
    while (unsent == 1 || (unsent == 0 && PQisBusy(s->db) != 0)) {
        struct pollfd socket = {.fd = PQsocket(s->db), .events = (short)(POLLIN | (unsent == 1 ? POLLOUT : 0))};
        int64_t left = w->until - clock_mono_ms();
        if (is_over(s, w)) {
            return false;
        }
        if (poll(&socket, 1, (int)(left < SLICE_MS ? left : SLICE_MS)) > 0) {
            note_life(w);
            if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(s->db) == 0) {
                return false;
            }
            unsent = PQflush(s->db);
        }
    }
    return unsent == 0;
}

static bool is_failure(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

/* The last result of what was sent, or the first failure. NULL: none came. */
static PGresult *collect(struct postgres_handle *s, struct wait *w)
{
    PGresult *last = NULL;
    while (wait_for_result(s, w)) {
        PGresult *next = PQgetResult(s->db);
        if (next == NULL) {
            return last;
        }
        if (last != NULL && is_failure(last)) {
            PQclear(next);
        } else {
            PQclear(last);
            last = next;
        }
    }
    PQclear(last);
    return NULL;
}

static struct wait usual_wait(const struct postgres_handle *s)
{
    int64_t ms = s->is_patient ? PATIENT_MS : s->is_replica ? REPLICA_MS : (int64_t)s->busy_timeout_ms + SILENCE_MS;
    return (struct wait){.silence_ms = ms, .until = clock_mono_ms() + ms};
}

/* ---- connecting ---- */

static void note_warning(void *handle, const PGresult *notice)
{
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    ((struct postgres_handle *)handle)->was_warned |= severity != NULL && strcmp(severity, "WARNING") == 0;
}

/* For the log; of a replica it is only kept. */
static void tell(struct postgres_handle *s, const char *what, const char *message)
{
    int length = (int)strcspn(message, "\n"); /* the lines after it repeat the same for other addresses */
    if (s->is_replica) {
        snprintf(s->trouble, sizeof s->trouble, "%s%.*s", what, length, message);
    } else {
        log_line("%s: %s%.*s", s->label, what, length, message);
    }
}

static void log_message(struct postgres_handle *s, const char *what, const char *message)
{
    tell(s, what, message[0] != '\0' || s->is_replica ? message : "the server ended it");
    size_t length = strlen(s->trouble);
    if (s->is_replica && length >= 2 && strcmp(s->trouble + length - 2, ": ") == 0) { /* libpq wasn't waited for */
        snprintf(s->trouble + length, sizeof s->trouble - length, "no answer");
    }
}

void postgres_link_close(struct postgres_handle *s)
{
    PQfinish(s->db);
    s->db = NULL;
    s->has_left_answer = false;
    s->is_lost = s->open != POSTGRES_NOTHING;
}

static int refuse(struct postgres_handle *s, const char *reason, struct err *e)
{
    tell(s, "", reason);
    postgres_link_close(s);
    return err_set(e, ERR_CONFIG, "The database of the setting 'store' can't be used: see the log.");
}

static PGresult *run_here(struct postgres_handle *s, const char *text)
{
    struct wait w = usual_wait(s);
    return PQsendQuery(s->db, text) == 1 ? collect(s, &w) : NULL;
}

static int64_t number_in(const PGresult *row, int column)
{
    return strtoll(PQgetvalue(row, 0, column), NULL, 10);
}

/* Limits for the session, unless others share it. A statement is planned once: to plan a page of
 * messages takes as long as to read it, and in a large table the server would do it each time. The
 * plan goes by an index where there is one, since the table grows while the plan is kept. */
static int set_up(struct postgres_handle *s, struct err *e)
{
    char text[260];
    if (s->is_pooled) {
        return 0;
    }
    snprintf(text, sizeof text,
             "SET lock_timeout = %u; SET idle_in_transaction_session_timeout = %d;"
             " SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off",
             s->busy_timeout_ms > 0 ? s->busy_timeout_ms : 1, IDLE_MS);
    PGresult *done = run_here(s, text);
    int result = done == NULL       ? postgres_fail_unreachable(e)
                 : is_failure(done) ? postgres_fail(s, done, "set up", e)
                                    : 0;
    PQclear(done);
    return result;
}

static int take_facts(struct postgres_handle *s, const PGresult *row, struct err *e)
{
    if (strcmp(PQgetvalue(row, 0, 1), "UTF8") != 0) {
        return refuse(s, "the database's encoding isn't UTF8", e);
    }
    if (PQgetisnull(row, 0, 3) != 0) {
        return refuse(s, "the schema that the address names isn't there, or this user may not use it", e);
    }
    /* A pool has a process number of its own invention for its clients. */
    s->is_pooled = number_in(row, 0) != PQbackendPID(s->db);
    s->needs_sync = strcmp(PQgetvalue(row, 0, 2), "off") == 0;
    s->lock = (int32_t)(uint32_t)number_in(row, 3);
    return set_up(s, e);
}

static int learn(struct postgres_handle *s, struct err *e)
{
    PGresult *row = run_here(s, "SELECT pg_backend_pid(), current_setting('server_encoding'),"
                                " current_setting('synchronous_commit'),"
                                " (SELECT oid::bigint FROM pg_namespace WHERE nspname = current_schema())");
    int result = row == NULL       ? postgres_fail_unreachable(e)
                 : is_failure(row) ? postgres_fail(s, row, "connect", e)
                                   : take_facts(s, row, e);
    PQclear(row);
    return result;
}

/* libpq doesn't leave a silent server for the next one of the address within that time. So after a
 * silence the next attempt of this process begins one server later. */
static _Atomic unsigned first_server;

/* As PQconnectdbParams, but only for so many milliseconds. */
static PGconn *connect_within(const struct postgres_address *a, int64_t ms)
{
    int64_t until = clock_mono_ms() + ms;
    int64_t left = ms;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    PGconn *db = PQconnectStartParams(a->keywords, a->values, 0);
    bool is_going = db != NULL && PQstatus(db) != CONNECTION_BAD;
    while (is_going && left > 0 && (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING)) {
        struct pollfd socket = {.fd = PQsocket(db), .events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&socket, 1, (int)left) > 0) {
            next = PQconnectPoll(db);
        }
        left = until - clock_mono_ms();
    }
    if (is_going && next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
        atomic_fetch_add(&first_server, 1);
    }
    return db;
}

static enum postgres_wanted wanted_by(const struct postgres_handle *s)
{
    return s->is_replica ? POSTGRES_STANDBY : s->mode == STORE_WRITE ? POSTGRES_WRITABLE : POSTGRES_PRIMARY;
}

static PGconn *connect_to(const struct postgres_handle *s, struct err *e)
{
    struct postgres_address address;
    char password[STORE_PASSWORD_MAX] = "";
    PGconn *db = NULL;
    if (s->password_file != NULL && store_password_read(s->password_file, password, e) != 0) {
        return NULL;
    }
    if (postgres_address_take(&address, s->address, s->password_file != NULL ? password : NULL, wanted_by(s), e) == 0) {
        if (s->is_replica) {
            postgres_address_rotate(&address, atomic_load(&first_server));
        }
        db = s->is_replica ? connect_within(&address, REPLICA_MS)
                           : PQconnectdbParams(address.keywords, address.values, 0);
    }
    postgres_address_fini(&address);
    explicit_bzero(password, sizeof password);
    return db;
}

static void describe(struct postgres_handle *s)
{
    const char *version = PQparameterStatus(s->db, "server_version");
    version = version != NULL ? version : "of an unknown version";
    snprintf(s->label, sizeof s->label, "PostgreSQL %s:%s/%s", PQhost(s->db), PQport(s->db), PQdb(s->db));
    snprintf(s->description, sizeof s->description, "PostgreSQL %.*s", (int)strcspn(version, " "), version);
}

static int open_now(struct postgres_handle *s, struct err *e)
{
    s->db = connect_to(s, e);
    if (s->db == NULL) {
        if (s->is_replica) {
            tell(s, "", e->text);
        }
        return -1;
    }
    if (PQstatus(s->db) != CONNECTION_OK) {
        log_message(s, "connect: ", PQerrorMessage(s->db));
        postgres_link_close(s);
        return postgres_fail_unreachable(e);
    }
    s->connections++;
    PQsetnonblocking(s->db, 1);
    PQsetNoticeReceiver(s->db, note_warning, s);
    describe(s);
    if (PQserverVersion(s->db) < VERSION_LEAST) {
        return refuse(s, "PostgreSQL 13 is the oldest that works", e);
    }
    if (learn(s, e) != 0) {
        postgres_link_close(s);
        return -1;
    }
    return 0;
}

int postgres_link_open(struct postgres_handle *s, struct err *e)
{
    if (s->db != NULL) {
        return 0;
    }
    if (!may_connect(s)) {
        return postgres_fail_unreachable(e);
    }
    int64_t began = clock_mono_ms();
    int result = open_now(s, e);
    if (s->is_replica) {
        atomic_store(&is_trying_replica, false);
    }
    bool was_silent = result != 0 && clock_mono_ms() - began >= LONG_MS;
    note_silence(s, was_silent);
    return result;
}

/* ---- statements ---- */

enum answer { ANSWER, NO_ANSWER, TIMED_OUT };

/* The connection is of no use any more: closes it. */
static enum answer give_up(struct postgres_handle *s, const struct wait *w)
{
    bool is_late = PQstatus(s->db) == CONNECTION_OK && clock_mono_ms() >= w->until;
    if (w->is_ending) {
        is_late = true; /* no fault of the server, so no line for the log */
    } else if (is_late) {
        char text[60];
        snprintf(text, sizeof text, "no answer for %" PRId64 " ms", w->silence_ms);
        tell(s, "", text);
        note_silence(s, true);
    } else {
        log_message(s, "the connection broke: ", PQerrorMessage(s->db));
    }
    postgres_link_close(s);
    return is_late ? TIMED_OUT : NO_ANSWER;
}

/* Takes away the answer that the last call has left. */
static enum answer settle(struct postgres_handle *s)
{
    struct wait w = usual_wait(s);
    if (!s->has_left_answer) {
        return ANSWER;
    }
    s->has_left_answer = false;
    PGresult *old = collect(s, &w);
    PQclear(old);
    return old == NULL || PQstatus(s->db) != CONNECTION_OK ? give_up(s, &w) : ANSWER;
}

/* A pool may lend a connection on which another program listens; libpq keeps its notices until they
 * are taken. */
static void drop_notices(const struct postgres_handle *s)
{
    PGnotify *notice = NULL;
    while (!s->takes_notices && (notice = PQnotifies(s->db)) != NULL) {
        PQfreemem(notice);
    }
}

/* sent: what PQsend... returned. */
static enum answer finish(struct postgres_handle *s, int sent, PGresult **result)
{
    struct wait w = usual_wait(s);
    *result = sent == 1 ? collect(s, &w) : NULL;
    if (*result == NULL || PQstatus(s->db) != CONNECTION_OK) {
        PQclear(*result);
        *result = NULL;
        return give_up(s, &w);
    }
    drop_notices(s);
    return ANSWER;
}

static enum answer prepare(struct postgres_handle *s, const struct postgres_request *r, PGresult **result)
{
    const struct postgres_parameters *p = r->parameters;
    enum answer answer = finish(s, PQsendPrepare(s->db, r->name, r->text, p->count, p->types), result);
    if (answer == ANSWER && !is_failure(*result)) {
        PQclear(*result);
        *result = NULL;
        *r->prepared = s->connections;
    }
    return answer;
}

static int send_request(const struct postgres_handle *s, const struct postgres_request *r, bool is_named)
{
    const struct postgres_parameters *p = r->parameters;
    if (p == NULL) {
        return PQsendQuery(s->db, r->text);
    }
    int form = r->as_text ? 0 : 1;
    return is_named ? PQsendQueryPrepared(s->db, r->name, p->count, p->values, p->lengths, p->formats, form)
                    : PQsendQueryParams(s->db, r->text, p->count, p->types, p->values, p->lengths, p->formats, form);
}

static bool is_named_here(const struct postgres_handle *s, const struct postgres_request *r)
{
    return r->name != NULL && !s->is_pooled && !is_unprepared;
}

static enum answer attempt(struct postgres_handle *s, const struct postgres_request *r, PGresult **result)
{
    bool is_named = is_named_here(s, r);
    enum answer answer = settle(s);
    *result = NULL;
    if (answer == ANSWER && is_named && *r->prepared != s->connections) {
        answer = prepare(s, r, result);
    }
    return answer == ANSWER && *result == NULL ? finish(s, send_request(s, r, is_named), result) : answer;
}

/* A pool mixed up prepared statements; or the server became a replica: another connection finds the
 * one that takes changes. */
static void learn_from(struct postgres_handle *s, const PGresult *failure)
{
    const char *state = PQresultErrorField(failure, PG_DIAG_SQLSTATE);
    if (state != NULL && (strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0)) {
        log_line("%s: a pool mixes up prepared statements; going on without them", s->label);
        is_unprepared = true;
    }
    if (state != NULL && strcmp(state, "25006") == 0 && s->mode == STORE_WRITE) {
        postgres_link_close(s);
    }
}

/* ---- one statement ---- */

PGresult *postgres_link_ask(struct postgres_handle *s, const struct postgres_request *r, const char *what,
                            struct err *e)
{
    PGresult *result = NULL;
    enum answer answer = NO_ANSWER;
    s->can_repeat = false;
    s->has_no_answer = false;
    s->was_warned = false;
    for (bool is_old = true; answer == NO_ANSWER && is_old;) {
        is_old = s->db != NULL && s->open == POSTGRES_NOTHING;
        if (s->is_lost || postgres_link_open(s, e) != 0) {
            postgres_fail_unreachable(e); /* unless the error is set */
            return NULL;
        }
        answer = attempt(s, r, &result);
    }
    if (answer != ANSWER) {
        s->has_no_answer = true;
        postgres_fail_unreachable(e);
        return NULL;
    }
    if (is_failure(result)) {
        postgres_fail(s, result, what, e);
        learn_from(s, result);
        PQclear(result);
        return NULL;
    }
    return result;
}

/* ---- several statements ---- */

/* Puts one into the pipeline, with its preparation if need be, which another one of the same
 * pipeline may have brought. False: the connection is broken. */
static bool queue(const struct postgres_handle *s, const struct postgres_request *r, bool *prepares)
{
    const struct postgres_parameters *p = r->parameters;
    bool is_named = is_named_here(s, r);
    *prepares = is_named && *r->prepared != s->connections;
    if (*prepares && PQsendPrepare(s->db, r->name, r->text, p->count, p->types) != 1) {
        return false;
    }
    if (is_named) {
        *r->prepared = s->connections;
    }
    return send_request(s, r, is_named) == 1;
}

/* The result of the next statement in the pipeline, or of what ends it. */
static PGresult *take_next(struct postgres_handle *s, struct wait *w)
{
    PGresult *result = wait_for_result(s, w) ? PQgetResult(s->db) : NULL;
    if (result != NULL && PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
        PQclear(wait_for_result(s, w) ? PQgetResult(s->db) : NULL); /* NULL: nothing more of this statement */
    }
    return result;
}

static PGresult *take_result(struct postgres_handle *s, const struct postgres_request *r, bool prepares, struct wait *w)
{
    PGresult *prepared = prepares ? take_next(s, w) : NULL;
    if (prepares && (prepared == NULL || is_failure(prepared))) {
        *r->prepared = 0;
        PQclear(take_next(s, w)); /* of the statement itself, which wasn't done */
        return prepared;
    }
    PQclear(prepared);
    return take_next(s, w);
}

/* The server's last word, before it closes the connection. */
static bool is_farewell(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != NULL && strcmp(severity, "FATAL") == 0;
}

static bool exchange_all(struct postgres_handle *s, const struct postgres_request *requests, size_t count,
                         PGresult **results, struct wait *w)
{
    bool *prepares = ck_calloc(count, sizeof *prepares);
    bool is_fine = true;
    for (size_t i = 0; i < count && is_fine; i++) {
        is_fine = queue(s, &requests[i], &prepares[i]);
    }
    is_fine = is_fine && PQpipelineSync(s->db) == 1;
    for (size_t i = 0; i < count && is_fine; i++) {
        results[i] = take_result(s, &requests[i], prepares[i], w);
        is_fine = results[i] != NULL && !is_farewell(results[i]);
    }
    PGresult *end = is_fine ? take_next(s, w) : NULL;
    free(prepares);
    PQclear(end);
    return end != NULL;
}

static enum answer attempt_all(struct postgres_handle *s, const struct postgres_request *requests, size_t count,
                               PGresult **results)
{
    struct wait w = usual_wait(s);
    bool is_fine = settle(s) == ANSWER && PQenterPipelineMode(s->db) == 1 &&
                   exchange_all(s, requests, count, results, &w) && PQexitPipelineMode(s->db) == 1 &&
                   PQstatus(s->db) == CONNECTION_OK;
    if (is_fine) {
        drop_notices(s);
        return ANSWER;
    }
    return s->db == NULL ? NO_ANSWER : give_up(s, &w);
}

static void clear_all(PGresult **results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}

/* The first failure counts: those after it weren't done because of it. */
static int fail_if_one_failed(struct postgres_handle *s, PGresult **results, size_t count, const char *what,
                              struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (is_failure(results[i])) {
            postgres_fail(s, results[i], what, e);
            learn_from(s, results[i]);
            clear_all(results, count);
            return -1;
        }
    }
    return 0;
}

int postgres_link_ask_all(struct postgres_handle *s, const struct postgres_request *requests, size_t count,
                          PGresult **results, const char *what, struct err *e)
{
    enum answer answer = NO_ANSWER;
    s->can_repeat = false;
    s->has_no_answer = false;
    s->was_warned = false;
    memset(results, 0, count * sizeof(PGresult *));
    for (bool is_old = true; answer == NO_ANSWER && is_old;) {
        is_old = s->db != NULL && s->open == POSTGRES_NOTHING;
        if (s->is_lost || postgres_link_open(s, e) != 0) {
            return postgres_fail_unreachable(e); /* unless the error is set */
        }
        answer = attempt_all(s, requests, count, results);
        if (answer != ANSWER) {
            clear_all(results, count);
        }
    }
    if (answer != ANSWER) {
        s->has_no_answer = true;
        return postgres_fail_unreachable(e);
    }
    return fail_if_one_failed(s, results, count, what, e);
}

/* ---- texts without parameters ---- */

PGresult *postgres_link_run(struct postgres_handle *s, const char *text, const char *what, struct err *e)
{
    const struct postgres_request r = {.text = text};
    return postgres_link_ask(s, &r, what, e);
}

void postgres_link_leave(struct postgres_handle *s, const char *text)
{
    if (s->db != NULL && PQsendQuery(s->db, text) == 1 && PQflush(s->db) >= 0) {
        s->has_left_answer = true;
    } else {
        postgres_link_close(s);
    }
}

PGresult *postgres_link_glance(struct postgres_handle *s, const char *text, int64_t ms, struct err *e)
{
    struct wait w = {.silence_ms = ms};
    PGresult *result = NULL;
    if (postgres_link_open(s, e) != 0) {
        return NULL;
    }
    w.until = clock_mono_ms() + ms;
    if (s->has_left_answer) {
        result = collect(s, &w);
        PQclear(result);
        s->has_left_answer = result == NULL;
    }
    result = !s->has_left_answer && PQsendQuery(s->db, text) == 1 ? collect(s, &w) : NULL;
    if (PQstatus(s->db) != CONNECTION_OK) {
        PQclear(result);
        give_up(s, &w);
        postgres_fail_unreachable(e);
        return NULL;
    }
    s->has_left_answer = result == NULL;
    if (result == NULL || is_failure(result)) {
        PQclear(result);
        postgres_fail_unreachable(e);
        return NULL;
    }
    return result;
}
