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

/* ---- SQL of another program, such as the owner's sqlite3 shell or psql ---- */

static inline bool is_in_postgres(const struct place *p)
{
    return p->kind == &store_kinds[POSTGRESQL];
}

/* Never copies SQLite's log. */
static inline void run_in_sqlite(const struct place *p, const char *sql)
{
    char *why = NULL;
    sqlite3 *db = NULL;
    NEED(sqlite3_open_v2(in_place(p, "chat.db"), &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    sqlite3_busy_timeout(db, PATIENCE_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, why);
        NEED(false);
    }
    sqlite3_close(db);
}

/* Bytes are written in another way: x'00' is '\x00'::bytea. */
static inline void bytes_for_postgres(const char *sql, char *out, size_t size)
{
    size_t length = 0;
    bool is_inside = false;
    for (const char *c = sql; *c != '\0' && length + 16 < size; c++) {
        if (c[0] == 'x' && c[1] == '\'' && strspn(c + 2, "0123456789ABCDEF") == strcspn(c + 2, "'")) {
            length += (size_t)snprintf(out + length, size - length, "'\\x");
            is_inside = true;
            c++;
        } else if (*c == '\'' && is_inside) {
            length += (size_t)snprintf(out + length, size - length, "'::bytea");
            is_inside = false;
        } else {
            out[length++] = *c;
        }
    }
    out[length] = '\0';
}

/* Reads what the command writes; the caller frees it. */
static inline char *output_of(const char *command)
{
    char *all = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&all, &size);
    FILE *in = popen(command, "r");
    NEED(in != NULL && out != NULL);
    for (int c = getc(in); c != EOF; c = getc(in)) {
        putc(c, out);
    }
    NEED(pclose(in) == 0 && fclose(out) == 0);
    return all;
}

/* Functions of SQLite that tests use, and sequences behind the numbers that a test gave. */
#define POSTGRES_BEFORE                                                                                          \
    "SET client_min_messages = error; CREATE OR REPLACE FUNCTION zeroblob(bigint) RETURNS bytea LANGUAGE sql AS" \
    " $$ SELECT decode(repeat('00', $1::int), 'hex') $$"
#define SEQUENCE_BEHIND(table, column) \
    "; SELECT setval(pg_get_serial_sequence('" table "', '" column "'), max(" column ")) FROM " table
#define POSTGRES_AFTER SEQUENCE_BEHIND("person", "person_id") SEQUENCE_BEHIND("network_secret", "secret_id")

static inline void run_in_postgres(const struct place *p, const char *sql)
{
    char text[4000];
    char after[4400];
    bytes_for_postgres(sql, text, sizeof text);
    snprintf(after, sizeof after, "%s" POSTGRES_AFTER, text);
    run_psql(p->address, POSTGRES_BEFORE, after);
}

static inline void run_sql(const struct place *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void run_sql(const struct place *p, const char *format, ...)
{
    char sql[2000];
    va_list values;
    va_start(values, format);
    vsnprintf(sql, sizeof sql, format, values);
    va_end(values);
    if (is_in_postgres(p)) {
        run_in_postgres(p, sql);
    } else {
        run_in_sqlite(p, sql);
    }
}

static inline int64_t ask_postgres(const struct place *p, const char *sql)
{
    char command[3000];
    snprintf(command, sizeof command, "psql -wXqAt -d '%s' -c \"%s\"", p->address, sql);
    char *out = output_of(command);
    int64_t number = out[0] == 't' ? 1 : strtoll(out, NULL, 10);
    free(out);
    return number;
}

/* One number; 1 or 0 for a condition. */
static inline int64_t ask_number(const struct place *p, const char *sql)
{
    char out[64];
    if (is_in_postgres(p)) {
        return ask_postgres(p, sql);
    }
    ask_file(in_place(p, "chat.db"), sql, out, sizeof out);
    return strtoll(out, NULL, 10);
}

/* ---- texts that are left ---- */

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

static inline int files_of_folder_with(const struct place *p, const char *text)
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

/* How many places have this text: files of the data folder, somewhere in their bytes; of PostgreSQL
 * the tables as they can be read. */
static inline int files_with(const struct place *p, const char *text)
{
    char command[600];
    if (!is_in_postgres(p)) {
        return files_of_folder_with(p, text);
    }
    snprintf(command, sizeof command, "pg_dump -w --data-only -d '%s'", p->address);
    char *dump = output_of(command);
    int found = strstr(dump, text) != NULL;
    free(dump);
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
