/* head_files.c - see head_files.h. */
#include "site/head_files.h"

#include "base/blocking.h"
#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "format/json.h"
#include "site/positions.h"
#include "site/site.h"
#include "site/site_rules.h"
#include "site/store_options.h"
#include "system/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    /* while others commit all the time; they publish as well, and the next poll looks again */
    ROUNDS_MAX = 16,
    TEXT_MAX = 128,
    LEFT_OVER_SECONDS = 60,
    /* a stranger may send to any number of rooms, and hosts limit the number of files */
    FILES_MAX = 1024,
    /* files above that are removed so many at a time: to find the oldest takes a millisecond */
    GIVE_WAY = 64,
    LISTED_MAX = 4096, /* more only exist after another error; the next look finds the rest */
};

/* A folder, and a room in it. */
struct place {
    int folder;
    char name[SITE_KEY_NAME_SIZE];
    const char *room;
};

static const char temporary[] = ".new-"; /* web servers don't serve names that begin with a dot */

static void complain(const char *what, const char *why)
{
    static atomic_flag complained = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&complained)) {
        log_line("heads: %s: %s; clients poll on a timer instead", what, why);
    }
}

/* Not if other hosts write to the database: they can't write this host's files. */
static bool are_wanted(const struct conf *conf)
{
    return conf->heads[0] != '\0' && store_options_of(conf).address == NULL;
}

/* ---- the folder ---- */

/* True also if it can't be told. The database must not be served, so the setting `heads` may not
 * name its folder, by whatever path. */
static bool is_data_folder(int folder, const struct conf *conf)
{
    struct stat own;
    struct stat data;
    return fstat(folder, &own) != 0 ||
           (stat(conf->data, &data) == 0 && own.st_dev == data.st_dev && own.st_ino == data.st_ino);
}

/* A descriptor, or -1. */
static int open_folder(const struct conf *conf)
{
    int folder = open(conf->heads, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 && errno == ENOENT && mkdir(conf->heads, 0755) == 0) {
        folder = open(conf->heads, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder >= 0) {
            fchmod(folder, 0755); /* a umask may have taken permissions that the server needs */
        }
    } else if (folder < 0 && errno == EEXIST) { /* another process was faster */
        folder = open(conf->heads, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (folder < 0) {
        complain(conf->heads, strerror(errno));
        return -1;
    }
    if (is_data_folder(folder, conf)) {
        complain(conf->heads, "this is the data folder, which must not be served");
        close(folder);
        return -1;
    }
    return folder;
}

/* The caller closes it. NULL: it can't be read. */
static DIR *list_of(int folder)
{
    int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* for closedir */
    DIR *dir = own >= 0 ? fdopendir(own) : NULL;
    if (dir == NULL && own >= 0) {
        close(own);
    }
    return dir;
}

static bool is_head(const char *name)
{
    return strlen(name) == SITE_KEY_NAME_SIZE - 1 && name[0] != temporary[0];
}

static bool is_crowded(int folder)
{
    DIR *dir = list_of(folder);
    unsigned count = 0;
    for (const struct dirent *entry = NULL; dir != NULL && count < FILES_MAX && (entry = readdir(dir)) != NULL;) {
        count += is_head(entry->d_name);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count >= FILES_MAX;
}

/* ---- removing the least recently changed files ---- */

struct aged {
    /* of the inode, by the rename; the file's other time is invented (mtime_of) */
    struct timespec changed;
    char name[SITE_KEY_NAME_SIZE];
};

static int by_age(const void *left, const void *right)
{
    const struct aged *a = left;
    const struct aged *b = right;
    if (a->changed.tv_sec != b->changed.tv_sec) {
        return a->changed.tv_sec < b->changed.tv_sec ? -1 : 1;
    }
    if (a->changed.tv_nsec != b->changed.tv_nsec) {
        return a->changed.tv_nsec < b->changed.tv_nsec ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

static size_t list_heads(int folder, struct aged list[LISTED_MAX])
{
    DIR *dir = list_of(folder);
    struct stat st;
    size_t count = 0;
    for (const struct dirent *entry = NULL; dir != NULL && count < LISTED_MAX && (entry = readdir(dir)) != NULL;) {
        if (is_head(entry->d_name) && fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            list[count].changed = st.st_ctim;
            /* is_head: it has that length */
            memcpy(list[count].name, entry->d_name, SITE_KEY_NAME_SIZE);
            count++;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

/* Clients of a removed file poll, as they do for any missing file. */
static void make_way(int folder)
{
    struct aged *list = ck_calloc(LISTED_MAX, sizeof *list);
    size_t count = list_heads(folder, list);
    size_t left_over = count >= FILES_MAX ? count - FILES_MAX + GIVE_WAY : 0;
    qsort(list, count, sizeof *list, by_age);
    for (size_t i = 0; i < left_over; i++) {
        unlinkat(folder, list[i].name, 0);
    }
    free(list);
}

static void sweep(int folder, int64_t now)
{
    DIR *dir = list_of(folder);
    struct stat st;
    for (const struct dirent *entry = NULL; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (strncmp(entry->d_name, temporary, strlen(temporary)) == 0 &&
            fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            now - st.st_ctim.tv_sec > LEFT_OVER_SECONDS) {
            unlinkat(folder, entry->d_name, 0);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

void head_files_sweep(const struct conf *conf, int64_t now)
{
    int folder = are_wanted(conf) ? open_folder(conf) : -1;
    if (folder >= 0) {
        sweep(folder, now);
        close(folder);
    }
}

/* ---- one file ---- */

static size_t text_of(char out[TEXT_MAX], const char *epoch, uint64_t head)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    json_head(&text, epoch, head);
    size_t length = (size_t)snprintf(out, TEXT_MAX, "%s", buf_text(&text));
    buf_fini(&text);
    return length;
}

static bool file_says(const struct place *p, const char *epoch, uint64_t head)
{
    char text[TEXT_MAX];
    char found[TEXT_MAX];
    size_t length = text_of(text, epoch, head);
    int fd = openat(p->folder, p->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    ssize_t got = read(fd, found, sizeof found);
    close(fd);
    return got == (ssize_t)length && memcmp(found, text, length) == 0;
}

/* Servers make the ETag from a file's size and the second of its last change (nginx), so two heads
 * in one second would look like one. Therefore the file's time is invented: another second for
 * each head, and other ones for each epoch, by a hash. It lies between 2001 and November 2023,
 * because some servers don't accept times in the future. */
static time_t mtime_of(const char *epoch, uint64_t head)
{
    const uint64_t hash = hash_bytes(HASH_START, epoch, strlen(epoch));
    return (time_t)(1000000000 + (hash >> 16) % 400000000 + head % 300000000);
}

/* -1 with errno. */
static int fill(int fd, const char *epoch, uint64_t head)
{
    char text[TEXT_MAX];
    const size_t length = text_of(text, epoch, head);
    const time_t when = mtime_of(epoch, head);
    const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
    errno = ENOSPC; /* for a write that is short without an error */
    return write(fd, text, length) == (ssize_t)length && fchmod(fd, 0644) == 0 && futimens(fd, times) == 0 ? 0 : -1;
}

static int put(const struct place *p, const char *epoch, uint64_t head)
{
    char random[17];
    char name[sizeof temporary + sizeof random];
    if (faccessat(p->folder, p->name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && is_crowded(p->folder)) {
        make_way(p->folder);
    }
    site_key_random(random, sizeof random);
    snprintf(name, sizeof name, "%s%s", temporary, random);
    int fd = openat(p->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    int result = fd >= 0 ? fill(fd, epoch, head) : -1;
    int why = errno;
    if (fd >= 0) {
        close(fd);
        if (result == 0) {
            result = renameat(p->folder, name, p->folder, p->name);
            why = errno;
        }
        if (result != 0) {
            unlinkat(p->folder, name, 0);
        }
    }
    if (result != 0) {
        complain("no file can be written", strerror(why));
    }
    return result;
}

/* ---- a room ---- */

/* The room's head in the store; 0 if it can't be read. */
static uint64_t ask(const struct place *p, struct store *store)
{
    struct store_room found = {.head = 0};
    bool told = false;
    if (store_read_begin(store, NULL) == 0) {
        told = store_room(store, p->room, &found, NULL) == 0;
        store_read_end(store);
    }
    return told ? found.head : 0;
}

/* The same, from memory if it is known: a reader of the store may have to wait for a writer. */
static uint64_t look(const struct place *p, struct site *site, struct store *store)
{
    struct answer_room room = {.name = p->room, .next = UINT64_MAX};
    char epoch[CHAT_EPOCH_SIZE];
    bool known = positions_find(site_positions(site), &room, 1, epoch) && strcmp(epoch, store_epoch(store)) == 0;
    return known ? room.head : ask(p, store);
}

/* Makes the file say the room's head, which was just seen to be `head`. -1: the file says another
 * one and can't be changed. */
static int settle(const struct place *p, struct site *site, struct store *store, uint64_t head)
{
    uint64_t seen = 0;
    for (int round = 0; round < ROUNDS_MAX && head != 0 && head != seen; round++) {
        if (!file_says(p, store_epoch(store), head) && put(p, store_epoch(store), head) != 0) {
            return -1;
        }
        seen = head;
        head = look(p, site, store); /* after the rename, which may have replaced a newer file */
    }
    return 0;
}

/* The job stored the last message of its room. */
static bool is_last(const struct store_job *jobs, size_t count, size_t i)
{
    if (jobs[i].outcome != STORE_STORED) {
        return false;
    }
    for (size_t k = i + 1; k < count; k++) {
        if (jobs[k].outcome == STORE_STORED && strcmp(jobs[k].draft->room, jobs[i].draft->room) == 0) {
            return false;
        }
    }
    return true;
}

static int load_key(struct site_key *key, const struct conf *conf)
{
    struct err e = ERR_INIT;
    if (site_key_load(key, conf->data, &e) != 0) {
        complain("the files can't be named", e.text);
        return -1;
    }
    return 0;
}

/* False: there is nothing to publish to. */
static bool begin(struct site *site, struct site_key *key, struct place *p)
{
    const struct conf *conf = site_loaded_conf(site);
    p->folder = -1;
    return are_wanted(conf) && load_key(key, conf) == 0 && (p->folder = open_folder(conf)) >= 0;
}

static void end(const struct place *p)
{
    char dice[3];
    site_key_random(dice, sizeof dice);
    if (dice[0] == '0' && dice[1] < '4') { /* one time in 64 */
        sweep(p->folder, time(NULL));
    }
    close(p->folder);
}

/* Everyone may read the room. False also if that isn't known. */
static bool is_for_all(struct site *site, const char *room)
{
    struct standing_room found;
    if (site_rules_are_plain(site)) {
        return true;
    }
    const struct rules *r = site_rules_take(site, NULL);
    if (r == NULL) {
        return false;
    }
    standing_room(r, room, clock_wall_ms(), &found);
    rules_release(r);
    return standing_all_read(&found);
}

/* After new rules: readers of a room that isn't for all any more know the name of its file. A
 * file's room can't be told from its name, so all go; polls make new ones for rooms that everyone
 * reads. */
static void remove_all(int folder)
{
    struct aged *list = ck_calloc(LISTED_MAX, sizeof *list);
    size_t count = list_heads(folder, list);
    for (size_t i = 0; i < count; i++) {
        unlinkat(folder, list[i].name, 0);
    }
    free(list);
}

static void publish_room(struct place *p, const struct site_key *key, struct site *site, struct store *store,
                         const char *room, uint64_t head)
{
    p->room = room;
    site_key_name(key, "head", room, p->name);
    if (is_for_all(site, room)) {
        settle(p, site, store, head);
    } else {
        unlinkat(p->folder, p->name, 0);
    }
}

void head_files_publish(struct site *site, struct store *store, const struct store_job *jobs, size_t count)
{
    struct site_key key;
    struct place p;
    if (!begin(site, &key, &p)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_last(jobs, count, i)) {
            publish_room(&p, &key, site, store, jobs[i].draft->room, jobs[i].seq);
        }
    }
    end(&p);
}

void head_files_publish_changes(struct site *site, struct store *store, const struct store_changes *changes)
{
    struct site_key key;
    struct place p;
    if ((changes->count == 0 && changes->rules == 0) || !begin(site, &key, &p)) {
        return;
    }
    if (changes->rules != 0 && !site_rules_are_plain(site)) {
        remove_all(p.folder);
    }
    for (size_t i = 0; i < changes->count; i++) {
        publish_room(&p, &key, site, store, changes->rooms[i].room, changes->rooms[i].head);
    }
    end(&p);
}

/* The file doesn't say what is answered: it is older, of another epoch, or just newer. Only the
 * store can tell which. */
static bool mend(const struct place *p, struct site *site)
{
    struct store *store = site_borrow(site, NULL);
    if (store == NULL) {
        return false;
    }
    uint64_t head = ask(p, store);
    bool good = head != 0 && settle(p, site, store, head) == 0;
    site_return(site, store);
    return good;
}

bool head_files_watch(struct site *site, const char *epoch, const char *room, uint64_t head,
                      char address[HEAD_FILES_ADDRESS_SIZE])
{
    const struct conf *conf = site_loaded_conf(site);
    struct site_key key;
    struct place p = {.folder = -1, .room = room};
    if (!are_wanted(conf) || head == 0) {
        return false;
    }
    blocking_expected();
    if (load_key(&key, conf) != 0 || (p.folder = open_folder(conf)) < 0) {
        return false;
    }
    site_key_name(&key, "head", room, p.name);
    bool good = file_says(&p, epoch, head) || mend(&p, site);
    close(p.folder);
    snprintf(address, HEAD_FILES_ADDRESS_SIZE, "heads/%s", p.name);
    return good;
}
