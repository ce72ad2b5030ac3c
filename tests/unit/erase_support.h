/* erase_support.h - for tests of erasing, beside peace_support.h: messages of persons, networks and
 * times, and a search through all bytes of the data folder.
 */
#ifndef ERASE_SUPPORT_H
#define ERASE_SUPPORT_H

#include "peace_support.h"
#include "sqlite_support.h"

#include "store/store_erase.h"
#include "store/store_retain.h"

#define DAY_MS INT64_C(86400000)

/* SQL of another program, such as the owner's sqlite3 shell; it never copies the log. */
static inline void run_sql(const struct place *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void run_sql(const struct place *p, const char *format, ...)
{
    char sql[2000];
    char *why = NULL;
    sqlite3 *db = NULL;
    va_list values;
    va_start(values, format);
    vsnprintf(sql, sizeof sql, format, values);
    va_end(values);
    NEED(sqlite3_open_v2(in_place(p, "chat.db"), &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    sqlite3_busy_timeout(db, PATIENCE_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, why);
        NEED(false);
    }
    sqlite3_close(db);
}

/* One number. */
static inline int64_t ask_number(const struct place *p, const char *sql)
{
    char out[64];
    ask_file(in_place(p, "chat.db"), sql, out, sizeof out);
    return strtoll(out, NULL, 10);
}

static inline bool file_has(const char *path, const char *text)
{
    struct stat st;
    bool has = false;
    int fd = open(path, O_RDONLY);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        char *bytes = malloc((size_t)st.st_size);
        ssize_t length = pread(fd, bytes, (size_t)st.st_size, 0);
        has = length > 0 && memmem(bytes, (size_t)length, text, strlen(text)) != NULL;
        free(bytes);
    }
    if (fd >= 0) {
        close(fd);
    }
    return has;
}

/* How many files of the data folder have this text somewhere in their bytes. */
static inline int files_with(const struct place *p, const char *text)
{
    DIR *folder = opendir(p->folder);
    const struct dirent *entry = NULL;
    int found = 0;
    NEED(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        if (file_has(in_place(p, entry->d_name), text)) {
            fprintf(stderr, "%s is in %s\n", text, entry->d_name);
            found++;
        }
    }
    closedir(folder);
    return found;
}

/* The text of a message: a word that no other message has, and bytes behind it. */
enum { MARKED_SIZE = 9000 };
static inline void marked(char text[MARKED_SIZE], const char *word, int number, size_t length)
{
    int head = snprintf(text, MARKED_SIZE, "%s%06d.", word, number);
    length = length < (size_t)head ? (size_t)head : length;
    NEED(length < MARKED_SIZE);
    memset(text + head, 'x', length - (size_t)head);
    text[length] = '\0';
}

static inline void say(struct store *s, const char *room, const char *name, const char *text)
{
    NEED(append_reply(s, room, name, "", text, 0, NULL, NULL) == STORE_STORED);
}

/* An act without a rank: the command line's. */
#define act(s, step)               \
    do {                           \
        begin(s, NULL);            \
        assert_int_equal(step, 0); \
        commit(s, "test");         \
    } while (0)

static inline void read_one(struct store *s, const char *room, uint64_t seq, struct store_page *page)
{
    const struct store_range range = {.room = room, .since = seq - 1, .limit = 1, .budget = SIZE_MAX};
    assert_int_equal(store_read(s, &range, page, NULL), 0);
    assert_int_equal(page->count, 1);
    assert_int_equal(page->messages[0].seq, seq);
}

#endif
