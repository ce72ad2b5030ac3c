/* checks.c - see checks.h. */
#include "site/checks.h"
#include "site/store_note.h"
#include "site/store_options.h"

#include "base/clock.h"
#include "base/err.h"
#include "format/findings.h"
#include "shared/bell.h"
#include "site/host_key.h"
#include "site/limiter.h"
#include "site/reserve.h"
#include "store/incidents.h"
#include "store/store.h"
#include "store/store_news.h"
#include "store/store_replica.h"
#include "store/store_upkeep.h"
#include "system/allowance.h"
#include "system/conf_load.h"
#include "system/conf_page.h"
#include "system/exposure.h"
#include "system/file.h"
#include "system/file_system.h"
#include "system/folder.h"
#include "system/permissions.h"
#include "system/program_path.h"
#include "system/store_address.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ROOM_LITTLE_MB = 50,
    FILE_ROOM_KB = 64, /* for a message of some length and its index */
    FEW_PROCESSES = 60,
    FEW_DESCRIPTORS = 256,
    LITTLE_MEMORY_MB = 128,
    INCIDENT_DAYS = 30,
};

/* 2025-11-01, before this program was written: a clock that shows an earlier time is wrong. */
static const int64_t written_ms = 1761955200000;

static bool path_of(char *out, size_t size, const char *folder, const char *name)
{
    return snprintf(out, size, "%s/%s", folder, name) < (int)size;
}

static void check_carrier(const struct checks_given *given, struct findings *out)
{
    if (given->carrier == CHECKS_FASTCGI) {
        findings_add(out, "programs", FINDING_FINE,
                     "The programs run as FastCGI: they stay, and answer many requests.");
    } else if (given->carrier == CHECKS_CGI) {
        findings_add(
            out, "programs", FINDING_NOTE,
            "The programs run as plain CGI: a process for each request. It works; FastCGI would be quicker, if this "
            "host has it.");
    }
}

/* suEXEC starts a program only if no other user could have changed it. */
static void check_owner(const struct checks_given *given, struct findings *out)
{
    struct stat program;
    struct stat folder;
    char path[PATH_MAX];
    if ((stat("/proc/self/exe", &program) != 0 &&
         (!program_path_file(path, sizeof path) || stat(path, &program) != 0)) ||
        stat(given->program_folder, &folder) != 0) {
        return;
    }
    if (((program.st_mode | folder.st_mode) & (S_IWGRP | S_IWOTH)) != 0) {
        findings_add(
            out, "permissions", FINDING_POOR,
            "Other users than the owner may change the programs or their folder. Give folders and programs the permissions "
            "755 and other files 644: many hosts refuse to start them otherwise.");
    } else if (program.st_uid != geteuid() && given->carrier != CHECKS_SHELL) {
        findings_add(
            out, "permissions", FINDING_NOTE,
            "The programs run as another user than the owner of their files, and that other user must own the data folder. If "
            "you can't change its owner: delete it while it is empty, let all users write to the folder around it, and open "
            "doctor.html, so that the programs make it themselves. Then take that permission away again.");
    } else {
        findings_add(out, "permissions", FINDING_FINE, "Files and folders have the permissions that they should have.");
    }
}

/* The messages are in a database of another host, and the data folder has none. */
static bool is_remote(const struct conf *conf)
{
    return store_options_of(conf).address != NULL;
}

static void check_room(const struct conf *conf, unsigned trial_age_s, struct findings *out)
{
    const char *data = conf->data;
    struct err e = ERR_INIT;
    uint64_t bytes = 0;
    if (file_system_try_write(data, trial_age_s, &e) != 0) {
        findings_add(out, "data", FINDING_WRONG, "%s", e.text);
    } else if (file_system_free(data, &bytes) && bytes < (uint64_t)ROOM_LITTLE_MB * 1024 * 1024) {
        findings_add(out, "data", FINDING_POOR,
                     "The data folder can be written, but only %llu MB are left on its disk.%s",
                     (unsigned long long)(bytes / 1024 / 1024),
                     is_remote(conf) ? "" : " When it is full, no message can be sent; reading goes on.");
    } else {
        findings_add(out, "data", FINDING_FINE, "The data folder can be written, and the disk has room.");
    }
}

/* Some hosts limit the size of a file, however much room the disk has. */
static void check_file_size(const struct conf *conf, struct findings *out)
{
    const char *data = conf->data;
    static const char *const files[] = {"chat.db", "chat.db-wal"};
    char path[PATH_MAX];
    uint64_t largest = 0;
    struct rlimit limit;
    if (is_remote(conf) || getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return;
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        uint64_t size = path_of(path, sizeof path, data, files[i]) ? file_size(path) : 0;
        largest = size > largest ? size : largest;
    }
    bool is_reached = largest + (uint64_t)FILE_ROOM_KB * 1024 > limit.rlim_cur;
    findings_add(out, "file-size", is_reached ? FINDING_WRONG : FINDING_NOTE,
                 is_reached
                     ? "This host lets no file grow beyond %llu kB, and the database has %llu. So no message can "
                       "be sent; reading goes on. Ask the host for a higher limit."
                     : "This host lets no file grow beyond %llu kB; the database has %llu.",
                 (unsigned long long)(limit.rlim_cur / 1024), (unsigned long long)(largest / 1024));
}

static void check_exposure(const struct checks_given *given, struct findings *out)
{
    const char *data = given->conf->data;
    char address[PATH_MAX];
    if (exposure_is_marked(data)) {
        findings_add(
            out, "data-web", FINDING_WRONG,
            "Files of the data folder could be downloaded, so the chat has stopped. Move it to a place that the "
            "web server doesn't serve, and write that place into cgi-bin/my-chat.conf (data = ...). Or let the web server deny "
            "access to it. Then delete the file READABLE-BY-THE-WEB.txt in it.");
    } else if (exposure_address(data, given->program_folder, given->served, address, sizeof address)) {
        findings_add(
            out, "data-web", FINDING_NOTE,
            "The data folder lies in a folder that the web server serves, and only a file .htaccess protects it. If this host has "
            "a place outside, move it there and write that place into cgi-bin/my-chat.conf (data = ...).");
    } else {
        findings_add(out, "data-web", FINDING_FINE,
                     "The data folder lies outside of what the web server serves, as far as the programs can see.");
    }
}

/* False: other users may write to the data, so it isn't looked at. */
static bool is_guarded(const char *data, struct findings *out)
{
    struct err e = ERR_INIT;
    struct stat folder;
    struct stat database;
    char path[PATH_MAX];
    if (permissions_folder(data, &e) != 0) {
        findings_add(out, "data-others", FINDING_WRONG, "%s", e.text);
        return false;
    }
    if (stat(data, &folder) == 0 && (folder.st_mode & S_IXOTH) != 0 && path_of(path, sizeof path, data, "chat.db") &&
        stat(path, &database) == 0 && (database.st_mode & S_IROTH) != 0) {
        findings_add(out, "data-others", FINDING_POOR,
                     "Other users of this machine may read the database. Give the data folder the permissions 700.");
    }
    return true;
}

static void check_file_system(const struct conf *conf, struct findings *out)
{
    if (file_system_is_network(conf->data) && is_remote(conf)) {
        findings_add(out, "disk", FINDING_POOR,
                     "The data folder lies on a network file system, where programs can't share memory: each process "
                     "counts for itself. Give each host a data folder on its own disk, with a copy of chat.key.");
    } else if (file_system_is_network(conf->data)) {
        findings_add(
            out, "disk", FINDING_NOTE,
            "The data folder lies on a network file system. The database keeps a rollback journal there, and programs "
            "look for new messages on a timer: slower, but safe.");
    }
}

/* How do programs learn of news? Can those of this host wake each other by a mapped file? */
static void check_bell(const struct store_options *options, const struct store *store, struct findings *out)
{
    char path[PATH_MAX];
    struct err e = ERR_INIT;
    enum store_news by = store_news_by(options);
    const char *others = by != STORE_NEWS_NOTICES
                             ? ""
                             : " Other hosts tell this one by notices of the database; where a "
                               "pool of connections holds these back, it asks four times a second.";
    if (by == STORE_NEWS_TIMER) {
        findings_add(out, "wake", FINDING_NOTE,
                     "Other hosts may write to the database, so programs look for new messages on a timer.");
        return;
    }
    if (!path_of(path, sizeof path, options->folder, "chat.bell")) {
        return;
    }
    struct bell *bell = bell_open(path, store_epoch(store), &e);
    if (bell != NULL) {
        findings_add(out, "wake", FINDING_FINE, "Programs wake each other by shared memory when there is news.%s",
                     others);
    } else {
        findings_add(out, "wake", FINDING_NOTE,
                     "Programs can't share memory here, so they look for new messages on a timer.%s", others);
    }
    bell_close(bell);
}

/* Do all programs count together how much a client does? */
static void check_clients(const struct conf *conf, struct findings *out)
{
    struct limiter *limiter = limiter_new(conf);
    if (conf->limits == 0) {
        findings_add(out, "clients", FINDING_NOTE,
                     "The setting limits is off: a script may write as fast as it can, until the disk is full.");
    } else if (limiter_is_shared(limiter)) {
        findings_add(out, "clients", FINDING_FINE,
                     "Floods are limited: to %llu messages a minute of one visitor and %llu of one network.",
                     (unsigned long long)conf->limit_sends, (unsigned long long)conf->limit_network);
    } else {
        findings_add(
            out, "clients", FINDING_POOR,
            "Programs can't share memory here, so each process limits its clients by what it has seen itself. A script "
            "that writes fast is noticed late, and not at all where each request starts a process.");
    }
    limiter_free(limiter);
}

/* How much room is left for messages? */
static void check_reserve(const struct conf *conf, struct store *store, struct findings *out)
{
    uint64_t used = 0;
    uint64_t available = UINT64_MAX;
    (void)file_system_free(conf->data, &available);
    if (store_size(store, &used, NULL) != 0) {
        return;
    }
    uint64_t most = reserve_most(conf, used, available);
    const uint64_t mega = UINT64_C(1) << 20;
    if (reserve_is_full(store, &used, most)) {
        findings_add(out, "max-store", FINDING_WRONG,
                     "The messages take %llu MB, and the setting max_store allows no more (%llu MB now). So no message "
                     "can be sent; reading and deleting go on.",
                     (unsigned long long)(used / mega), (unsigned long long)(most / mega));
    } else if (used > most / 10 * 9) {
        findings_add(out, "max-store", FINDING_POOR,
                     "The messages take %llu MB of the %llu MB that the setting max_store allows now. Beyond that, no "
                     "message can be sent.",
                     (unsigned long long)(used / mega), (unsigned long long)(most / mega));
    }
}

/* What the programs have noticed within a month, the most serious first. */
static void check_incidents(const char *data, struct findings *out)
{
    struct incidents found;
    char day[CLOCK_TEXT_SIZE];
    incidents_read(data, &found);
    int64_t since = clock_wall_ms() - INCIDENT_DAYS * (int64_t)86400000;
    clock_text(found.last_ms[INCIDENT_LOST], day);
    if (found.last_ms[INCIDENT_LOST] > since) {
        findings_add(
            out, "data-lost", FINDING_POOR,
            "On %.10s the last messages were lost: chat.db or chat.db-wal was removed or emptied in the data folder. New "
            "messages are in chat.db-wal before they are in chat.db, so leave both files and chat.db-shm alone. Put back a copy if you have one.",
            day);
    }
    clock_text(found.last_ms[INCIDENT_ASIDE], day);
    if (found.last_ms[INCIDENT_ASIDE] > since) {
        findings_add(out, "data-aside", FINDING_POOR,
                     "On %.10s there were files of two databases in the data folder. The other database's messages are "
                     "kept as %s; delete that file if no message is missing.",
                     day, found.file);
    }
    clock_text(found.last_ms[INCIDENT_ALONE], day);
    if (found.last_ms[INCIDENT_ALONE] > since) {
        findings_add(
            out, "data-alone", FINDING_NOTE,
            "On %.10s chat.db was found without chat.db-wal and chat.db-lock: it was copied there without them, or they "
            "were removed. New messages are in chat.db-wal before they are in chat.db, so the last ones may be missing. "
            "Leave these files alone, and always copy them together.",
            day);
    }
    int64_t saved = found.last_ms[INCIDENT_PUT_BACK] > found.last_ms[INCIDENT_REBUILT]
                        ? found.last_ms[INCIDENT_PUT_BACK]
                        : found.last_ms[INCIDENT_REBUILT];
    clock_text(saved, day);
    if (saved > since) {
        findings_add(out, "data-saved", FINDING_NOTE,
                     "On %.10s files of the database were removed or emptied while the chat ran. The programs put them "
                     "back, and nothing was lost. Leave chat.db, chat.db-wal and chat.db-shm alone.",
                     day);
    }
}

static void check_key(const struct store_options *options, struct store *store, struct findings *out)
{
    struct host_key_marks marks;
    if (host_key_compare(options, store, &marks) == HOST_KEY_FOREIGN) {
        findings_add(out, "key", FINDING_WRONG,
                     "The file chat.key in the data folder of this host isn't that of the chat's other hosts, so "
                     "visitors would be other persons here than there. This host only reads, and answers all who "
                     "write 503. Copy that file from the first host, and restart the programs. (The mark of this "
                     "host's key is %.8s, that of the others' %.8s.)",
                     marks.own, marks.kept);
    }
}

/* May take some seconds. */
static void check_replica(struct store *store, struct findings *out)
{
    static const char *const texts[] = {
        [STORE_REPLICA_BEHIND] = "it is behind by more than two seconds, or its replay is paused",
        [STORE_REPLICA_UNREACHABLE] = "it can't be used, and the log says why",
        [STORE_REPLICA_PROMOTED] = "it takes changes itself, so it is no replica (any more)",
        [STORE_REPLICA_OTHER] = "it isn't one of this database, or it follows an old primary",
    };
    enum store_replica_state state = store_replica_try(store);
    if (state == STORE_REPLICA_USED) {
        findings_add(out, "replica", FINDING_FINE, "Messages are read from the replica of the setting store_replica.");
    } else if (state == STORE_REPLICA_UNKNOWN) {
        findings_add(out, "replica", FINDING_NOTE,
                     "Whether messages are read from the replica of the setting store_replica can't be told now, since "
                     "the primary couldn't be compared with it. Try again in a moment.");
    } else if (state != STORE_REPLICA_NONE) {
        findings_add(out, "replica", FINDING_POOR,
                     "Messages aren't read from the replica of the setting store_replica: %s. The chat works, and "
                     "reads them from the primary.",
                     texts[state]);
    }
}

static void check_store(const struct conf *conf, struct findings *out)
{
    struct err e = ERR_INIT;
    struct store_options options = store_options_of(conf);
    options.short_lived = options.replica == NULL; /* a short-lived handle has no replica to try */
    struct store *store = store_open(&options, STORE_READ, &e);
    if (store == NULL) {
        findings_add(out, "database", FINDING_WRONG, "The database can't be opened: %s", e.text);
        return;
    }
    if (store_read_begin(store, &e) != 0) { /* such as one that a chat was moved out of */
        findings_add(out, "database", FINDING_WRONG, "The database can't be read: %s The log says why.", e.text);
        store_close(store);
        return;
    }
    store_read_end(store);
    findings_add(out, "database", FINDING_FINE, "The database works: %s.", store_describe(store));
    check_key(&options, store, out);
    check_replica(store, out);
    check_bell(&options, store, out);
    check_clients(conf, out);
    check_reserve(conf, store, out);
    store_close(store);
}

/* The limit in units of `unit`, if it is below `little`; otherwise little. */
static unsigned long long small_limit(const struct rlimit *limit, bool known, rlim_t unit, unsigned long long little)
{
    bool is_small = known && limit->rlim_cur != RLIM_INFINITY && limit->rlim_cur / unit < little;
    return is_small ? (unsigned long long)(limit->rlim_cur / unit) : little;
}

static void check_limits(struct findings *out)
{
    struct rlimit limit;
    bool known = getrlimit(RLIMIT_NPROC, &limit) == 0;
    unsigned long long found = small_limit(&limit, known, 1, FEW_PROCESSES);
    if (found < FEW_PROCESSES) {
        findings_add(
            out, "limits", FINDING_NOTE,
            "This host allows %llu processes to the account. So few requests can wait for news at a time; the other "
            "visitors' pages ask every few seconds.",
            found);
    }
    known = getrlimit(RLIMIT_NOFILE, &limit) == 0;
    found = small_limit(&limit, known, 1, FEW_DESCRIPTORS);
    if (found < FEW_DESCRIPTORS) {
        findings_add(out, "limits", FINDING_NOTE,
                     "This host allows %llu open files to a program, so only about as many requests can wait for news.",
                     found);
    }
    known = getrlimit(RLIMIT_AS, &limit) == 0;
    found = small_limit(&limit, known, 1024UL * 1024, LITTLE_MEMORY_MB);
    if (found < LITTLE_MEMORY_MB) {
        findings_add(out, "limits", FINDING_NOTE, "This host allows a program %llu MB of memory, which is little.",
                     found);
    }
}

static void check_waiting(const struct checks_given *given, struct findings *out)
{
    if (given->allowed != NULL) {
        char why[ALLOWANCE_WHY_SIZE];
        allowance_why(given->allowed, why);
        findings_add(
            out, "waiting", given->allowed->most > 0 ? FINDING_FINE : FINDING_NOTE,
            "Up to %u requests wait for news at a time (%s). Pages of further visitors ask on a timer and get news some "
            "seconds later.",
            given->allowed->most, why);
    }
}

static void check_clock(struct findings *out)
{
    if (clock_wall_ms() < written_ms) {
        findings_add(
            out, "clock", FINDING_WRONG,
            "The clock of this host is wrong: it shows a time before this program was written. Messages get that time. "
            "Ask the host to correct it.");
    }
}

/* In programs/ of the archive, earlier uploads leave their programs. */
static void check_old_programs(const struct checks_given *given, struct findings *out)
{
    char path[PATH_MAX];
    DIR *list = path_of(path, sizeof path, given->program_folder, "programs") ? opendir(path) : NULL;
    const struct dirent *entry = NULL;
    unsigned count = 0;
    while (list != NULL && (entry = readdir(list)) != NULL) {
        count += strncmp(entry->d_name, "pollchat-", strlen("pollchat-")) == 0;
    }
    if (list != NULL) {
        closedir(list);
    }
    if (count > 2) {
        findings_add(
            out, "old-programs", FINDING_NOTE,
            "cgi-bin/programs has %u programs. The one that the file `use` names is in use, and the one before it is "
            "good to have; delete the others if you like.",
            count);
    }
}

/* Looks for a database in the usual place while the setting data names another one: the owner
 * moves the chat, or a program began one there before the settings named the new place. True: no
 * database is to be made in the new place meanwhile. */
static bool is_being_moved(const struct conf *conf, struct findings *out)
{
    char usual[CONF_TEXT_MAX + 32];
    const struct store_options chosen = store_options_of(conf);
    const struct store_options beside = {.folder = usual};
    if (is_remote(conf) || !conf_usual_data(usual, sizeof usual) || !store_exists(&beside) ||
        file_number(usual) == file_number(conf->data)) {
        return false;
    }
    bool is_begun = store_exists(&chosen);
    findings_add(
        out, "data-left", is_begun ? FINDING_NOTE : FINDING_POOR, "%s",
        is_begun
            ? "There is another database in pollchat-data beside cgi-bin, which this chat doesn't use: the setting 'data' "
              "names another place. If it is left from before the chat was moved, and no other chat uses it, delete "
              "that folder."
            : "The setting 'data' names a place without a database, and there is one in pollchat-data beside "
              "cgi-bin. If the chat is to move, move that folder there.");
    return !is_begun && !file_exists(conf->data);
}

/* A chat that went on in PostgreSQL leaves its database of SQLite behind. */
static void check_left(const struct conf *conf, struct findings *out)
{
    const struct store_options left = {.folder = conf->data};
    if (is_remote(conf) && store_exists(&left)) {
        findings_add(out, "data-left", FINDING_NOTE,
                     "There is a chat.db in the data folder, which this chat doesn't use: the setting store names "
                     "PostgreSQL. Delete that file if no message in it is missing.");
    }
}

static bool is_readable_for_all(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 && (file.st_mode & S_IROTH) != 0;
}

/* The settings file that sets `key`; false: none of those beside the programs does. */
static bool find_file_of(const struct checks_given *given, const char *key, char *path, size_t size)
{
    struct conf_page_row row;
    bool found = false;
    for (unsigned i = 0; !found && conf_page_row(given->conf, i, &row); i++) {
        for (size_t n = 0; !found && strcmp(row.key, key) == 0 && n < CONF_FILES; n++) {
            found = strncmp(row.source, conf_file(n), strlen(conf_file(n))) == 0 &&
                    path_of(path, size, given->program_folder, conf_file(n));
        }
    }
    return found;
}

static void check_address(const struct checks_given *given, const char *key, const char *address, struct findings *out)
{
    char shown[CONF_STORE_MAX + 64];
    char path[PATH_MAX];
    store_address_shown(address, shown, sizeof shown);
    if (strcmp(shown, address) != 0 && find_file_of(given, key, path, sizeof path) && is_readable_for_all(path)) {
        findings_add(out, "password", FINDING_POOR,
                     "Other users of this machine may read the settings file, and its line %s has a password. Put "
                     "the password into a file of its own with the permissions 600 (store_password_file).",
                     key);
    }
}

/* May other users of this machine read the database's password? */
static void check_password(const struct checks_given *given, struct findings *out)
{
    const struct conf *conf = given->conf;
    if (!is_remote(conf)) {
        return;
    }
    check_address(given, "store", conf->store, out);
    check_address(given, "store_replica", conf->store_replica, out);
    if (conf->store_password_file[0] != '\0' && is_readable_for_all(conf->store_password_file)) {
        findings_add(out, "password", FINDING_POOR,
                     "Other users of this machine may read the file that store_password_file names. Give it the "
                     "permissions 600.");
    }
}

/* From a shell nothing is made: a mistyped folder must not become a new and empty chat. */
static bool is_made(const struct checks_given *given, struct findings *out)
{
    const char *data = given->conf->data;
    const struct store_options options = store_options_of(given->conf);
    struct err e = ERR_INIT;
    if (store_note_check(&options, &e) != 0) {
        findings_add(out, "database", FINDING_WRONG, "%s", e.text);
        return false;
    }
    if (given->carrier == CHECKS_SHELL && is_remote(given->conf) && !file_exists(data)) {
        findings_add(out, "data", FINDING_NOTE,
                     "There is no data folder yet, so no database was asked; the first request makes it.");
        return false;
    }
    if (given->carrier == CHECKS_SHELL && !store_exists(&options)) {
        findings_add(out, "data", FINDING_NOTE, "%s",
                     is_remote(given->conf)
                         ? "The PostgreSQL database has no chat in it yet; the first request makes its tables."
                         : "There is no database in the data folder yet; the first request makes it.");
        return false;
    }
    if (folder_make(data, &e) == 0) {
        return true;
    }
    findings_add(out, "data", FINDING_WRONG, "%s",
                 e.code == ERR_CONFIG
                     ? "The folder that the setting 'data' names can't be made: its parent folder must exist."
                     : e.text);
    return false;
}

static void check_settings(const struct checks_given *given, struct findings *out)
{
    const struct conf_faults *faults = &given->conf->faults;
    const char *why = given->stranger ? "they don't say for sure where its data is." : given->conf_problem;
    if (given->conf_problem != NULL) {
        findings_add(out, "settings", FINDING_WRONG, "The chat has stopped because of its settings: %s", why);
    }
    for (size_t i = 0; i < faults->count; i++) {
        if (given->stranger) {
            findings_add(out, "settings", FINDING_POOR, "%s", faults->list[i].brief);
        } else if (given->conf_problem == NULL || strcmp(faults->list[i].text, given->conf_problem) != 0) {
            findings_add(out, "settings", FINDING_POOR, "%s", faults->list[i].text);
        }
    }
    if (faults->more > 0) {
        findings_add(out, "settings", FINDING_POOR, "There are %zu more mistakes in the settings.", faults->more);
    }
    if (faults->count == 0 && given->conf_problem == NULL) {
        findings_add(out, "settings", FINDING_FINE, "The settings are understood.");
    }
}

static void check_data(const struct checks_given *given, struct findings *out)
{
    if (is_guarded(given->conf->data, out) && !is_being_moved(given->conf, out) && is_made(given, out)) {
        check_room(given->conf, given->stranger ? CHECKS_KEPT_S : 0, out);
        check_file_size(given->conf, out);
        check_exposure(given, out);
        check_file_system(given->conf, out);
        check_password(given, out);
        if (!is_remote(given->conf) && given->conf->store_replica[0] != '\0') {
            findings_add(out, "replica", FINDING_POOR,
                         "The setting store_replica has no effect, since the chat isn't in PostgreSQL (store).");
        }
        check_store(given->conf, out);
        check_left(given->conf, out);
        if (!is_remote(given->conf)) {
            check_incidents(given->conf->data, out);
        }
    }
}

void checks_run(const struct checks_given *given, struct findings *out)
{
    check_carrier(given, out);
    check_owner(given, out);
    check_settings(given, out);
    if (given->conf_problem == NULL) {
        check_data(given, out);
    }
    check_limits(out);
    check_waiting(given, out);
    check_clock(out);
    check_old_programs(given, out);
}
