/* test_store_postgres.c - what only a store on a server can meet: connections that break, waits
 * that must end, rights, other schemas; and that no text or log has the password.
 */
#include "postgres_support.h"

#include "base/clock.h"
#include "store/store_act.h"
#include "store/store_replica.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

/* Ends all connections to the place's database. */
static void cut(const struct place *p)
{
    run_psql(p->address,
             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE datname = current_database() AND pid <> pg_backend_pid()",
             "SELECT pg_sleep(0.1)");
}

static struct store *open_with(const struct place *p, const char *address, unsigned busy_timeout_ms,
                               enum store_mode mode, struct err *e)
{
    struct store_options options = options_of(p);
    options.address = address;
    options.busy_timeout_ms = busy_timeout_ms;
    err_clear(e);
    return store_open(&options, mode, e);
}

/* The place's address with one more parameter. */
static const char *with(const struct place *p, const char *parameter)
{
    static char address[600];
    snprintf(address, sizeof address, "%s%c%s", p->address, strchr(p->address, '?') != NULL ? '&' : '?', parameter);
    return address;
}

/* ---- connections ---- */

static void a_connection_that_broke_while_it_was_idle_is_made_again(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_room room;
    uint64_t version = 0;
    assert_stored(s, "1", "one");
    cut(p);
    assert_stored(s, "2", "two");
    cut(p);
    assert_int_equal(store_room(s, "lobby", &room, NULL), 0);
    assert_int_equal(room.head, 2);
    cut(p);
    assert_int_equal(count_contiguous(s, "lobby"), 2);
    cut(p);
    (void)store_version(s, &version, NULL); /* it may have to try again */
    assert_int_equal(store_version(s, &version, NULL), 0);
    assert_false(store_is_stale(s));
    store_close(s);
}

static void an_act_whose_connection_breaks_stores_nothing_and_the_next_one_succeeds(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "1", "one");
    begin(s, NULL);
    assert_int_equal(store_act_notice(s, "lobby", "a notice", NULL), 0);
    cut(p);
    assert_int_equal(store_act_notice(s, "lobby", "another", &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    store_act_cancel(s);
    assert_int_equal(count_contiguous(s, "lobby"), 1);
    begin(s, NULL);
    assert_int_equal(store_act_notice(s, "lobby", "a notice", NULL), 0);
    commit(s, "notice");
    assert_int_equal(count_contiguous(s, "lobby"), 2);
    store_close(s);
}

static void a_commit_without_an_answer_is_told_as_unknown(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_changes changes = {.count = 0};
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "1", "one");
    begin(s, NULL);
    assert_int_equal(store_act_notice(s, "lobby", "a notice", NULL), 0);
    cut(p);
    assert_int_equal(store_act_commit(s, NULL, &changes, &e), -1);
    assert_int_equal(e.code, ERR_UNSURE);
    assert_int_equal(count_contiguous(s, "lobby"), 1);
    assert_stored(s, "2", "two");
    store_changes_fini(&changes);
    store_close(s);
}

static void a_view_whose_connection_breaks_fails_and_the_next_one_succeeds(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_room room;
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "1", "one");
    assert_int_equal(store_read_begin(s, NULL), 0);
    cut(p);
    assert_int_equal(store_room(s, "lobby", &room, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    store_read_end(s);
    assert_int_equal(count_contiguous(s, "lobby"), 1);
    store_close(s);
}

/* ---- the greatest timeline ---- */

struct opening {
    const struct place *p;
    struct store *s;
    struct err e;
};

static void *open_in_thread(void *argument)
{
    struct opening *opening = argument;
    opening->s = try_open(opening->p, STORE_WRITE, &opening->e);
    return NULL;
}

/* A program that has found no timeline yet, and another one that raises it to 99 meanwhile: the
 * first one mustn't write the older timeline of its server over it. */
static void a_greater_timeline_that_another_program_saw_meanwhile_stays(void **state)
{
    struct place *p = *state;
    struct opening opening = {.p = p, .e = ERR_INIT};
    struct store *first = open_store(p, STORE_WRITE);
    char line[64] = "";
    pthread_t thread;
    assert_int_equal(unlink(in_place(p, "chat.timeline")), 0);
    int lock = open(in_place(p, "chat.timeline-lock"), O_RDWR);
    assert_true(lock >= 0 && flock(lock, LOCK_EX) == 0);
    assert_int_equal(pthread_create(&thread, NULL, open_in_thread, &opening), 0);
    for (int i = 0; i < 6000 && ask_number(p, "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                              " current_database() AND query LIKE '%pg_control_system()'") == 0;
         i++) {
        clock_sleep_ms(10);
    }
    FILE *f = fopen(in_place(p, "chat.timeline"), "w");
    assert_non_null(f);
    fprintf(f, "%" PRId64 " 99\n", ask_number(p, "SELECT system_identifier FROM pg_control_system()"));
    assert_int_equal(fclose(f), 0);
    close(lock);
    pthread_join(thread, NULL);
    assert_null(opening.s);
    assert_int_equal(opening.e.code, ERR_BUSY);
    f = fopen(in_place(p, "chat.timeline"), "r");
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    assert_non_null(strstr(line, " 99\n"));
    unlink(in_place(p, "chat.timeline")); /* for the check of the store behind this test */
    store_close(first);
}

/* ---- waiting ---- */

static void a_writer_waits_no_longer_than_it_may(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store *other = open_store(p, STORE_WRITE);
    struct store *s = open_with(p, p->address, 200, STORE_WRITE, &e);
    assert_non_null(s);
    begin(other, NULL);
    int64_t start = clock_mono_ms();
    assert_int_equal(append(s, "1", "one", NULL, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_true(clock_mono_ms() - start >= 200);
    store_act_cancel(other);
    assert_stored(s, "1", "one");
    store_close(s);
    store_close(other);
}

static void readers_do_not_wait_for_a_writer(void **state)
{
    struct place *p = *state;
    struct store *writer = open_store(p, STORE_WRITE);
    struct store *reader = open_store(p, STORE_READ);
    assert_stored(writer, "1", "one");
    begin(writer, NULL);
    assert_int_equal(store_act_notice(writer, "lobby", "a notice", NULL), 0);
    assert_int_equal(count_contiguous(reader, "lobby"), 1);
    commit(writer, "notice");
    assert_int_equal(count_contiguous(reader, "lobby"), 2);
    store_close(reader);
    store_close(writer);
}

static void the_end_of_the_process_ends_a_wait(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    atomic_bool stopping = false;
    struct store_options options = options_of(p);
    struct store *other = open_store(p, STORE_WRITE);
    options.stopping = &stopping;
    struct store *s = store_open(&options, STORE_WRITE, &e);
    assert_non_null(s);
    begin(other, NULL);
    stopping = true;
    assert_int_equal(append(s, "1", "one", NULL, &e), -1); /* PATIENCE_MS would be a minute */
    assert_int_equal(e.code, ERR_BUSY);
    stopping = false;
    store_act_cancel(other);
    assert_stored(s, "1", "one");
    store_close(s);
    store_close(other);
}

/* The port of a socket that takes connections and says nothing. */
static int listen_silently(int *fd)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof to;
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(*fd >= 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(*fd, 8), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&to, &size), 0);
    return ntohs(to.sin_port);
}

static void after_the_silence_of_a_server_the_next_attempts_do_not_wait(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    char silent[100];
    int fd = -1;
    snprintf(silent, sizeof silent, "postgresql://ann@127.0.0.1:%d/chat?connect_timeout=2", listen_silently(&fd));
    int64_t start = clock_mono_ms();
    assert_null(open_with(p, silent, 100, STORE_READ, &e));
    assert_int_equal(e.code, ERR_BUSY);
    int64_t first = clock_mono_ms() - start;
    start = clock_mono_ms();
    for (int i = 0; i < 3; i++) {
        assert_null(open_with(p, silent, 100, STORE_READ, &e));
        assert_int_equal(e.code, ERR_BUSY);
    }
    assert_true(clock_mono_ms() - start < first);
    close(fd);
    struct store *s = NULL; /* a server that answers again is found */
    for (int i = 0; i < 100 && s == NULL; i++) {
        clock_sleep_ms(50);
        s = open_with(p, p->address, PATIENCE_MS, STORE_WRITE, &e);
    }
    assert_non_null(s);
    assert_stored(s, "1", "one");
    store_close(s);
}

/* ---- other databases ---- */

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "1", "one");
    run_sql(p, "UPDATE meta SET schema = 99");
    assert_int_equal(append(s, "2", "two", NULL, &e), -1);
    assert_int_equal(e.code, ERR_NEWER);
    assert_true(store_is_stale(s));
    store_close(s);
    assert_null(try_open(p, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_NEWER);
    assert_null(try_open(p, STORE_READ, &e));
    assert_int_equal(e.code, ERR_NEWER);
    run_sql(p, "UPDATE meta SET schema = 1");
}

static void a_database_that_was_replaced_is_noticed(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_room room;
    struct store *s = open_store(p, STORE_READ);
    run_sql(p, "UPDATE meta SET epoch = 'AAAAAAAAAAAAAAAAAAAAAA'");
    assert_int_equal(store_room(s, "lobby", &room, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_true(store_is_stale(s));
    store_close(s);
    s = open_store(p, STORE_READ);
    assert_string_equal(store_epoch(s), "AAAAAAAAAAAAAAAAAAAAAA");
    store_close(s);
}

static void two_chats_in_one_database_have_a_schema_each(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    run_psql(p->address, "CREATE SCHEMA first", "CREATE SCHEMA second");
    struct store *first = open_with(p, with(p, "options=-csearch_path%3Dfirst"), PATIENCE_MS, STORE_WRITE, &e);
    struct store *second = open_with(p, with(p, "options=-csearch_path%3Dsecond"), 1000, STORE_WRITE, &e);
    assert_true(first != NULL && second != NULL);
    assert_string_not_equal(store_epoch(first), store_epoch(second));
    assert_true(store_identity(first) != store_identity(second));
    begin(first, NULL); /* the other one doesn't wait for it */
    assert_stored(second, "1", "one");
    store_act_cancel(first);
    assert_int_equal(count_contiguous(first, "lobby"), 0);
    assert_int_equal(count_contiguous(second, "lobby"), 1);
    store_close(second);
    store_close(first);
}

static void a_table_meta_of_another_program_is_refused(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    run_psql(p->address, "CREATE TABLE meta (key text, value text)", "INSERT INTO meta VALUES ('a', 'b')");
    assert_null(try_open(p, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_CORRUPT);
    run_psql(p->address, "DROP TABLE meta", "SELECT 1");
}

static void a_schema_that_is_not_there_is_refused(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    assert_null(open_with(p, with(p, "options=-csearch_path%3Dnowhere"), 1000, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_CONFIG);
}

static void a_database_that_takes_no_changes_can_be_read(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    char read_only[200];
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "1", "one");
    store_close(s);
    snprintf(read_only, sizeof read_only, "ALTER DATABASE %s SET default_transaction_read_only = on", p->database);
    run_psql(p->address, read_only, "SELECT 1");
    s = open_with(p, with(p, "target_session_attrs=any"), PATIENCE_MS, STORE_WRITE, &e);
    assert_non_null(s);
    assert_int_equal(append(s, "2", "two", NULL, &e), -1);
    assert_int_equal(e.code, ERR_READONLY);
    assert_int_equal(count_contiguous(s, "lobby"), 1);
    store_close(s);
    /* With the usual address a writer wants a server that takes changes, and a reader goes on. */
    assert_null(try_open(p, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_BUSY);
    s = open_store(p, STORE_READ);
    assert_int_equal(count_contiguous(s, "lobby"), 1);
    store_close(s);
    snprintf(read_only, sizeof read_only, "ALTER DATABASE %s RESET default_transaction_read_only", p->database);
    run_psql(p->address, "SET default_transaction_read_only = off", read_only);
}

/* ---- checks ---- */

static void a_check_finds_what_must_not_be(void **state)
{
    struct place *p = *state;
    char *said = NULL;
    size_t size = 0;
    struct store *s = open_store(p, STORE_WRITE);
    for (int i = 1; i <= 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_stored(s, id, "text");
    }
    assert_int_equal(store_check(s, stderr, NULL), 0);
    run_sql(p, "DELETE FROM message WHERE seq = 3; UPDATE room SET head = 7");
    FILE *out = open_memstream(&said, &size);
    assert_int_equal(store_check(s, out, NULL), 2);
    fclose(out);
    assert_non_null(strstr(said, "seqs are missing after this one: room_id=1 seq=2 next=4\n"));
    assert_non_null(
        strstr(said, "a room's head isn't the greatest seq of its messages: name=lobby head=7 greatest=5\n"));
    free(said);
    run_sql(p, "DELETE FROM message; UPDATE room SET head = 0, oldest = 1");
    store_close(s);
}

/* ---- what is told ---- */

static char told[20000];

static void keep_line(void *context, const char *line)
{
    (void)context;
    size_t length = strlen(told);
    snprintf(told + length, sizeof told - length, "%s\n", line);
}

static void no_error_and_no_log_has_the_password(void **state)
{
    struct place *p = *state;
    static const char *const addresses[] = {
        "postgresql://ann:sesame@127.0.0.1:1/chat",
        "postgresql://ann:sesame@127.0.0.1:1,127.0.0.1:2/chat?connect_timeout=2",
        "postgresql://ann:sesame@/chat?host=/nowhere",
        "postgresql://ann:ses ame@127.0.0.1/chat",
        "postgresql://ann:sesame@127.0.0.1:x/chat",
        "postgresql://ann@127.0.0.1:1/chat?password=sesame&sslmode=require",
        "postgresql://ann@127.0.0.1:1/chat?passwort=sesame",
    };
    log_attach(keep_line, NULL);
    for (size_t i = 0; i < COUNT(addresses); i++) {
        struct err e = ERR_INIT;
        told[0] = '\0';
        assert_null(open_with(p, addresses[i], 100, STORE_WRITE, &e));
        assert_true(e.code == ERR_BUSY || e.code == ERR_CONFIG);
        assert_null(strstr(e.text, "same"));
        assert_null(strstr(e.text, "ses"));
        assert_null(strstr(e.text, "127.0.0.1"));
        assert_null(strstr(told, "sesame"));
        assert_null(strstr(told, "ses ame"));
        assert_true(told[0] != '\0'); /* the owner learns something */
    }
    quiet_log();
}

static void the_password_comes_from_a_file(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_options options = options_of(p);
    char path[300];
    char wrong[sizeof p->address];
    const char *password = strchr(p->address + strlen("postgresql://"), ':');
    const char *end = strchr(p->address, '@');
    assert_true(password != NULL && end != NULL && password + 1 < end);
    password++;
    snprintf(wrong, sizeof wrong, "%.*swrong%s", (int)(password - p->address), p->address, end);
    options.address = wrong;
    snprintf(path, sizeof path, "%s/password", p->root);
    options.password_file = path;
    assert_null(store_open(&options, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%.*s\n", (int)(end - password), password);
    fclose(file);
    err_clear(&e);
    struct store *s = store_open(&options, STORE_WRITE, &e); /* it wins over that of the address */
    assert_non_null(s);
    store_close(s);
}

static void backups_are_left_to_the_tools_of_the_database(void **state)
{
    struct place *p = *state;
    const struct store_options options = options_of(p);
    struct store_restored restored;
    struct err e = ERR_INIT;
    assert_int_equal(store_backup(&options, "/nowhere/x", NULL, &e), -1);
    assert_non_null(strstr(e.text, "pg_dump"));
    err_clear(&e);
    assert_int_equal(store_restore(&options, "/nowhere/x", NULL, &restored, &e), -1);
    assert_non_null(strstr(e.text, "pg_restore"));
}

/* ---- replicas ---- */

/* Its replica is what this address names. */
static struct store *open_beside(const struct place *p, const char *replica, bool short_lived)
{
    struct store_options options = options_of(p);
    options.replica = replica;
    options.short_lived = short_lived;
    struct store *s = store_open(&options, STORE_READ, NULL);
    assert_non_null(s);
    return s;
}

static bool ask_lobby(struct store *s, struct store_room *found)
{
    const char *const names[] = {"lobby"};
    return store_replica_ask(s, names, found, 1, false);
}

static bool begin_lobby(struct store *s, const struct store_room *found)
{
    const char *const names[] = {"lobby"};
    return store_replica_begin(s, names, found, 1);
}

static void without_the_setting_there_is_no_replica(void **state)
{
    struct place *p = *state;
    struct store_room found;
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "1", "one");
    assert_int_equal(store_replica_state(s), STORE_REPLICA_NONE);
    assert_int_equal(store_replica_try(s), STORE_REPLICA_NONE);
    assert_false(ask_lobby(s, &found));
    store_close(s);
    s = open_beside(p, p->address, true); /* a process for one request */
    assert_int_equal(store_replica_state(s), STORE_REPLICA_NONE);
    store_close(s);
}

static void a_replica_that_cannot_be_reached_is_left_alone_for_a_pause(void **state)
{
    struct place *p = *state;
    struct store_room found;
    struct store *writer = open_store(p, STORE_WRITE);
    struct store *s = open_beside(p, "postgresql://nobody:hunter2@127.0.0.1:1/chat", false);
    assert_stored(writer, "1", "one");
    assert_int_equal(store_replica_try(s), STORE_REPLICA_UNREACHABLE);
    while (!ask_lobby(s, &found)) { /* another test may have begun a pause */
        clock_sleep_ms(10);
    }
    assert_int_equal(found.head, 1);
    assert_int_equal(found.oldest, 1);
    assert_false(begin_lobby(s, &found));
    assert_int_equal(store_replica_state(s), STORE_REPLICA_UNREACHABLE);
    assert_false(ask_lobby(s, &found));
    assert_int_equal(count_contiguous(s, "lobby"), 1); /* of the primary */
    store_close(s);
    store_close(writer);
}

static void a_server_that_takes_changes_is_not_used_as_a_replica(void **state)
{
    struct place *p = *state;
    struct store_room found;
    char address[600];
    struct store *writer = open_store(p, STORE_WRITE);
    snprintf(address, sizeof address, "%s", with(p, "target_session_attrs=any"));
    struct store *s = open_beside(p, address, false);
    assert_stored(writer, "1", "one");
    assert_int_equal(store_replica_try(s), STORE_REPLICA_PROMOTED);
    while (!ask_lobby(s, &found)) {
        clock_sleep_ms(10);
    }
    assert_false(begin_lobby(s, &found));
    assert_int_equal(store_replica_state(s), STORE_REPLICA_PROMOTED);
    assert_int_equal(count_contiguous(s, "lobby"), 1);
    store_close(s);
    store_close(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_POSTGRES(a_connection_that_broke_while_it_was_idle_is_made_again),
        IN_POSTGRES(an_act_whose_connection_breaks_stores_nothing_and_the_next_one_succeeds),
        IN_POSTGRES(a_commit_without_an_answer_is_told_as_unknown),
        IN_POSTGRES(a_view_whose_connection_breaks_fails_and_the_next_one_succeeds),
        IN_POSTGRES(a_greater_timeline_that_another_program_saw_meanwhile_stays),
        IN_POSTGRES(a_writer_waits_no_longer_than_it_may),
        IN_POSTGRES(readers_do_not_wait_for_a_writer),
        IN_POSTGRES(the_end_of_the_process_ends_a_wait),
        IN_POSTGRES(after_the_silence_of_a_server_the_next_attempts_do_not_wait),
        IN_POSTGRES(a_newer_schema_is_refused_and_left_alone),
        IN_POSTGRES(a_database_that_was_replaced_is_noticed),
        IN_POSTGRES(two_chats_in_one_database_have_a_schema_each),
        IN_POSTGRES(a_table_meta_of_another_program_is_refused),
        IN_POSTGRES(a_schema_that_is_not_there_is_refused),
        IN_POSTGRES(a_database_that_takes_no_changes_can_be_read),
        IN_POSTGRES(a_check_finds_what_must_not_be),
        IN_POSTGRES(no_error_and_no_log_has_the_password),
        IN_POSTGRES(the_password_comes_from_a_file),
        IN_POSTGRES(backups_are_left_to_the_tools_of_the_database),
        IN_POSTGRES(without_the_setting_there_is_no_replica),
        IN_POSTGRES(a_replica_that_cannot_be_reached_is_left_alone_for_a_pause),
        IN_POSTGRES(a_server_that_takes_changes_is_not_used_as_a_replica),
    };
    quiet_log();
    return RUN_IN_POSTGRES(tests);
}
