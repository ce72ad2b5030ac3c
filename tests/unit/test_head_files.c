/* test_head_files.c - head_files.h: the head file of a room has the number of its last message,
 * whichever process writes it and whatever is in the way. */
#include "commit_support.h"
#include "store_support.h"

#include "site/head_files.h"
#include "site/site.h"
#include "system/conf.h"

#include <pthread.h>
#include <time.h>

enum { PROCESSES = 4, THREADS = 4, EACH = 4, ROUNDS = 6 };

/* The parts of a program: settings and a committer. */
struct program {
    struct site *site;
    struct commit *commit;
    char data[320];
    char heads[320];
};

static void program_init_at(struct program *g, const struct place *p, enum store_mode mode, const char *heads)
{
    snprintf(g->data, sizeof g->data, "POLLCHAT_DATA=%s", p->folder);
    snprintf(g->heads, sizeof g->heads, "POLLCHAT_HEADS=%s%s", p->root, heads);
    const char *const environment[] = {g->data, g->heads, NULL};
    g->site = site_new(mode, false, NULL);
    NEED(site_conf(g->site, environment, NULL) != NULL);
    g->commit = commit_new(g->site, true);
}

static void program_init(struct program *g, const struct place *p, enum store_mode mode)
{
    program_init_at(g, p, mode, "/heads");
}

static void program_fini(struct program *g)
{
    commit_free(g->commit);
    site_free(g->site);
}

static int say(struct program *g, const char *room, const char *id)
{
    struct chat_draft draft = draft_of(room, "ann", id, "text");
    struct store_job job = {.draft = &draft};
    return commit_and_wait(g->commit, &job);
}

static const char *epoch_of(struct program *g)
{
    static char epoch[CHAT_EPOCH_SIZE];
    struct store *store = site_borrow(g->site, NULL);
    assert_non_null(store);
    snprintf(epoch, sizeof epoch, "%s", store_epoch(store));
    site_return(g->site, store);
    return epoch;
}

/* The path of a room's head file. */
static const char *path_of(const struct place *p, const char *room)
{
    static char path[400];
    char name[SITE_KEY_NAME_SIZE];
    struct site_key key;
    assert_int_equal(site_key_load(&key, p->folder, NULL), 0);
    site_key_name(&key, "head", room, name);
    snprintf(path, sizeof path, "%s/heads/%s", p->root, name);
    return path;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_says(struct program *g, const struct place *p, const char *room, uint64_t head)
{
    char expected[200];
    char *text = support_read_file(path_of(p, room), NULL);
    snprintf(expected, sizeof expected, "{\"epoch\":\"%s\",\"head\":%llu}\n", epoch_of(g), (unsigned long long)head);
    assert_string_equal(text, expected);
    free(text);
}

static int count_files(const struct place *p)
{
    char path[400];
    struct dirent **names = NULL;
    snprintf(path, sizeof path, "%s/heads", p->root);
    int found = scandir(path, &names, NULL, NULL);
    for (int i = 0; i < found; i++) {
        free(names[i]);
    }
    free(names);
    return found < 0 ? 0 : found - 2;
}

static void a_commit_writes_a_head_file_that_the_web_server_can_read(void **state)
{
    const struct place *p = *state;
    struct program g;
    struct stat st;
    struct stat second;
    char path[400];
    program_init(&g, p, STORE_WRITE);
    mode_t before = umask(077);
    assert_int_equal(say(&g, "lobby", "1"), 0);
    umask(before);
    assert_says(&g, p, "lobby", 1);
    assert_int_equal(lstat(path_of(p, "lobby"), &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0644);
    assert_int_equal(say(&g, "lobby", "2"), 0);
    assert_says(&g, p, "lobby", 2);
    assert_int_equal(lstat(path_of(p, "lobby"), &second), 0);
    /* A server that compares only size and second still sees a change. */
    assert_int_equal(second.st_size, st.st_size);
    assert_int_equal(second.st_mtim.tv_sec, st.st_mtim.tv_sec + 1);
    assert_in_range(st.st_mtim.tv_sec, 1000000000, 1700000000);
    assert_int_equal(say(&g, "dev", "1"), 0);
    assert_says(&g, p, "dev", 1);
    assert_int_equal(count_files(p), 2);
    snprintf(path, sizeof path, "%s/heads", p->root);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    program_fini(&g);
}

/* As if this process had committed 1, and another one committed 2 before this one wrote the
 * file. */
static void a_late_writer_does_not_overwrite_a_newer_head(void **state)
{
    const struct place *p = *state;
    struct program g;
    struct chat_draft draft = draft_of("lobby", "ann", "1", "text");
    const struct store_job late = {.draft = &draft, .outcome = STORE_STORED, .seq = 1};
    program_init(&g, p, STORE_WRITE);
    assert_int_equal(say(&g, "lobby", "1"), 0);
    assert_int_equal(say(&g, "lobby", "2"), 0);
    struct store *store = site_borrow(g.site, NULL);
    head_files_publish(g.site, store, &late, 1);
    site_return(g.site, store);
    assert_says(&g, p, "lobby", 2);
    program_fini(&g);
}

static void commit_many(const struct place *p, int argument)
{
    struct program g;
    program_init(&g, p, STORE_WRITE);
    for (int i = 0; i < EACH; i++) {
        char id[32];
        snprintf(id, sizeof id, "%d-%d", argument, i);
        NEED(say(&g, "lobby", id) == 0);
    }
    program_fini(&g);
}

struct racer {
    pthread_t thread;
    struct program *program;
    int number;
};

static void *race(void *argument)
{
    struct racer *r = argument;
    for (int i = 0; i < EACH; i++) {
        char id[32];
        snprintf(id, sizeof id, "t%d-%d", r->number, i);
        NEED(say(r->program, "lobby", id) == 0);
    }
    return NULL;
}

static void after_any_race_the_file_has_the_head(void **state)
{
    const struct place *p = *state;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t children[PROCESSES];
        struct racer racers[THREADS];
        struct program g;
        for (int i = 0; i < PROCESSES; i++) {
            children[i] = start_child(commit_many, p, round * PROCESSES + i);
        }
        program_init(&g, p, STORE_WRITE);
        for (int i = 0; i < THREADS; i++) {
            racers[i] = (struct racer){.program = &g, .number = round * THREADS + i};
            assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
        }
        for (int i = 0; i < PROCESSES; i++) {
            assert_int_equal(wait_child(children[i]), 0);
        }
        assert_says(&g, p, "lobby", (uint64_t)(round + 1) * EACH * (PROCESSES + THREADS));
        assert_int_equal(count_files(p), 1);
        program_fini(&g);
    }
}

static void a_link_with_its_name_is_replaced_and_not_followed(void **state)
{
    const struct place *p = *state;
    struct program g;
    char target[400];
    program_init(&g, p, STORE_WRITE);
    assert_int_equal(say(&g, "lobby", "1"), 0);
    snprintf(target, sizeof target, "%s/target", p->root);
    write_file(target, "untouched");
    assert_int_equal(unlink(path_of(p, "lobby")), 0);
    assert_int_equal(symlink(target, path_of(p, "lobby")), 0);
    assert_int_equal(say(&g, "lobby", "2"), 0);
    assert_says(&g, p, "lobby", 2);
    char *text = support_read_file(target, NULL);
    assert_string_equal(text, "untouched");
    free(text);
    program_fini(&g);
}

/* Root may write everywhere, so the obstacles are not permissions. */
static void a_head_file_that_cannot_be_written_fails_no_send_and_is_not_announced(void **state)
{
    const struct place *p = *state;
    static const char *const obstacles[] = {"/file", "/file/heads", "/missing/heads", "/data", "/data/../data/."};
    char address[HEAD_FILES_ADDRESS_SIZE];
    char path[400];
    struct program g;
    snprintf(path, sizeof path, "%s/file", p->root);
    write_file(path, "no folder");
    for (size_t i = 0; i < COUNT(obstacles); i++) {
        char id[32];
        snprintf(id, sizeof id, "%zu", i);
        program_init_at(&g, p, STORE_WRITE, obstacles[i]);
        assert_int_equal(say(&g, "lobby", id), 0);
        assert_false(head_files_watch(g.site, epoch_of(&g), "lobby", i + 1, address));
        program_fini(&g);
    }
    program_init(&g, p, STORE_WRITE);
    assert_int_equal(say(&g, "lobby", "good"), 0);
    assert_int_equal(unlink(path_of(p, "lobby")), 0);
    assert_int_equal(mkdir(path_of(p, "lobby"), 0755), 0);
    assert_int_equal(say(&g, "lobby", "more"), 0);
    assert_false(head_files_watch(g.site, epoch_of(&g), "lobby", COUNT(obstacles) + 2, address));
    assert_int_equal(count_files(p), 1); /* and no unfinished file */
    program_fini(&g);
}

static void a_poll_repairs_head_files_after_a_crash(void **state)
{
    const struct place *p = *state;
    static const char *const wrong[] = {NULL, "", "{\"epoch\":\"another\",\"head\":2}\n", "<html>"};
    char address[HEAD_FILES_ADDRESS_SIZE];
    char text[100];
    struct program g;
    struct program reader;
    program_init(&g, p, STORE_WRITE);
    program_init(&reader, p, STORE_READ);
    assert_int_equal(say(&g, "lobby", "1"), 0);
    assert_int_equal(say(&g, "lobby", "2"), 0);
    for (size_t i = 0; i < COUNT(wrong) + 2; i++) {
        unlink(path_of(p, "lobby"));
        if (i >= COUNT(wrong)) { /* too low, and too high, as after a restored backup */
            snprintf(text, sizeof text, "{\"epoch\":\"%s\",\"head\":%d}\n", epoch_of(&g), i == COUNT(wrong) ? 1 : 3);
        }
        if (i >= COUNT(wrong) || wrong[i] != NULL) {
            write_file(path_of(p, "lobby"), i >= COUNT(wrong) ? text : wrong[i]);
        }
        assert_true(head_files_watch(reader.site, epoch_of(&g), "lobby", 2, address));
        assert_says(&g, p, "lobby", 2);
        assert_string_equal(address, strstr(path_of(p, "lobby"), "heads/"));
    }
    /* An answer that is older than the file does not set it back. */
    assert_true(head_files_watch(reader.site, epoch_of(&g), "lobby", 1, address));
    assert_says(&g, p, "lobby", 2);
    program_fini(&reader);
    program_fini(&g);
}

static void rooms_without_messages_have_no_head_files(void **state)
{
    const struct place *p = *state;
    char address[HEAD_FILES_ADDRESS_SIZE];
    struct program g;
    program_init(&g, p, STORE_WRITE);
    assert_int_equal(say(&g, "lobby", "1"), 0);
    assert_false(head_files_watch(g.site, epoch_of(&g), "nobody-here", 0, address));
    /* Whatever head an answer has. */
    assert_false(head_files_watch(g.site, epoch_of(&g), "nobody-here", 5, address));
    assert_int_equal(count_files(p), 1);
    program_fini(&g);
}

static void files_of_killed_writers_are_removed_later(void **state)
{
    const struct place *p = *state;
    char path[400];
    struct program g;
    program_init(&g, p, STORE_WRITE);
    const struct conf *conf = site_loaded_conf(g.site);
    assert_int_equal(say(&g, "lobby", "1"), 0);
    snprintf(path, sizeof path, "%s/heads/.new-0123456789abcdef", p->root);
    write_file(path, "half");
    head_files_sweep(conf, time(NULL));
    assert_int_equal(count_files(p), 2);
    head_files_sweep(conf, time(NULL) + 62);
    assert_int_equal(count_files(p), 1);
    assert_says(&g, p, "lobby", 1);
    program_fini(&g);
}

/* Waits until a changed file gets a later time than this one, by the clock of the file system. */
static void wait_past(const struct place *p, const char *path)
{
    char other[400];
    struct stat st;
    struct stat later = {.st_size = 0};
    snprintf(other, sizeof other, "%s/later", p->root);
    assert_int_equal(stat(path, &st), 0);
    do {
        write_file(other, "x");
        assert_int_equal(stat(other, &later), 0);
    } while (later.st_ctim.tv_sec == st.st_ctim.tv_sec && later.st_ctim.tv_nsec == st.st_ctim.tv_nsec);
    unlink(other);
}

static void of_too_many_head_files_the_longest_unchanged_ones_are_removed(void **state)
{
    const struct place *p = *state;
    struct program g;
    char room[32];
    char path[400];
    char own[400];
    char address[HEAD_FILES_ADDRESS_SIZE];
    program_init(&g, p, STORE_WRITE);
    assert_int_equal(say(&g, "quiet", "1"), 0);
    assert_int_equal(say(&g, "lobby", "1"), 0);
    wait_past(p, path_of(p, "lobby"));
    for (int i = 2; i < 1024; i++) { /* head files of other rooms */
        snprintf(path, sizeof path, "%s/heads/%032d", p->root, i);
        write_file(path, "x");
    }
    snprintf(own, sizeof own, "%s/heads/index.html", p->root);
    write_file(own, "");
    wait_past(p, path);
    assert_int_equal(say(&g, "lobby", "2"), 0); /* it has a file already, so none is removed */
    assert_int_equal(count_files(p), 1024 + 1);
    assert_int_equal(say(&g, "new", "1"), 0);
    assert_says(&g, p, "new", 1);
    assert_says(&g, p, "lobby", 2);
    assert_int_equal(access(path_of(p, "quiet"), F_OK), -1);
    for (int i = 0; i < 100; i++) {
        snprintf(room, sizeof room, "room-%d", i);
        assert_int_equal(say(&g, room, "1"), 0);
    }
    assert_true(count_files(p) <= 1024 + 1);
    assert_int_equal(access(own, F_OK), 0); /* not a head file */
    assert_says(&g, p, "lobby", 2);
    /* The next poll of the room creates it again. */
    assert_true(head_files_watch(g.site, epoch_of(&g), "quiet", 1, address));
    assert_says(&g, p, "quiet", 1);
    program_fini(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(a_commit_writes_a_head_file_that_the_web_server_can_read),
        IN_BOTH_MODES(a_late_writer_does_not_overwrite_a_newer_head),
        IN_BOTH_MODES(after_any_race_the_file_has_the_head),
        IN_WAL(a_link_with_its_name_is_replaced_and_not_followed),
        IN_WAL(a_head_file_that_cannot_be_written_fails_no_send_and_is_not_announced),
        IN_BOTH_MODES(a_poll_repairs_head_files_after_a_crash),
        IN_WAL(rooms_without_messages_have_no_head_files),
        IN_WAL(files_of_killed_writers_are_removed_later),
        IN_WAL(of_too_many_head_files_the_longest_unchanged_ones_are_removed),
    };
    quiet_log();
    return RUN(tests);
}
