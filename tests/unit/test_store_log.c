/* test_store_log.c - how long SQLite's log becomes, and when it is copied into the database. */
#include "sqlite_support.h"

static void the_log_stays_short(void **state)
{
    struct place *p = *state;
    struct store_options options = options_of(p);
    options.short_lived = true;
    struct store *s = store_open(&options, STORE_WRITE, NULL);
    struct store *reader = open_store(p, STORE_READ);
    off_t limit = 100 * 4120 * 2 + 65536;
    for (int i = 0; i < 400; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_stored(s, id, "x");
        assert_true(size_of(p, "chat.db-wal") < limit);
    }
    /* A reader of an old state keeps the log from restarting; it restarts when the view ends. */
    assert_int_equal(store_read_begin(reader, NULL), 0);
    for (int i = 400; i < 1000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_stored(s, id, "x");
    }
    assert_true(size_of(p, "chat.db-wal") > limit);
    store_read_end(reader);
    for (int i = 1000; i < 1010; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_stored(s, id, "x");
    }
    assert_true(size_of(p, "chat.db-wal") < limit);
    assert_int_equal(count_contiguous(reader, "lobby"), 1010);
    store_close(reader);
    store_close(s);
}

enum { TEXT = 256 * 1024 }; /* 64 pages of the log */

static char *long_text(void)
{
    char *text = malloc(TEXT + 1);
    assert_non_null(text);
    memset(text, 'x', TEXT);
    text[TEXT] = '\0';
    return text;
}

/* As when messages never stop coming. */
static void the_log_is_bounded_though_the_store_never_rests(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    char *text = long_text();
    for (int i = 0; i < 140; i++) { /* 4000 pages are very long */
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_stored(s, id, text);
        assert_true(size_of(p, "chat.db-wal") < 4000 * 4120 + 2 * TEXT);
    }
    assert_true(size_of(p, "chat.db") > 100 * TEXT);
    free(text);
    store_close(s);
}

static void a_long_log_is_copied_when_the_store_rests(void **state)
{
    enum { FEW = 10, MANY = 10 };
    struct place *p = *state;
    struct store_options options = options_of(p);
    struct store *s = open_store(p, STORE_WRITE);
    char *text = long_text();
    for (int i = 0; i < FEW + MANY; i++) { /* 1000 pages are long */
        char id[16];
        if (i == FEW) {
            store_rest(&options, false);
            assert_true(size_of(p, "chat.db") < TEXT);
        }
        snprintf(id, sizeof id, "%d", i);
        assert_stored(s, id, text);
    }
    assert_true(size_of(p, "chat.db") < TEXT); /* senders didn't wait for it */
    off_t length = size_of(p, "chat.db-wal");
    store_rest(&options, false);
    assert_true(size_of(p, "chat.db") > (FEW + MANY) * TEXT);
    assert_stored(s, "last", text);
    assert_int_equal(size_of(p, "chat.db-wal"), length); /* it began again */
    free(text);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WAL(the_log_stays_short),
        IN_WAL(the_log_is_bounded_though_the_store_never_rests),
        IN_WAL(a_long_log_is_copied_when_the_store_rests),
    };
    quiet_log();
    return RUN(tests);
}
