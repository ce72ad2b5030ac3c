/* test_store_note.c - store_note.h: a chat in PostgreSQL leaves a note that keeps programs from
 * beginning another one in SQLite. */
#include "support.h"

#include "base/err.h"
#include "site/store_note.h"
#include "store/store.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char note[100];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-note-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(note, sizeof note, "%s/chat.store", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(note);
    return rmdir(folder);
}

static void without_a_note_either_store_may_be_opened(void **state)
{
    const struct store_options sqlite = {.folder = folder};
    const struct store_options postgres = {.folder = folder, .address = "postgresql://db/chat"};
    (void)state;
    assert_int_equal(store_note_check(&sqlite, NULL), 0);
    assert_int_equal(store_note_check(&postgres, NULL), 0);
    store_note_write(&sqlite); /* SQLite writes none */
    assert_int_equal(access(note, F_OK), -1);
}

static void after_postgresql_sqlite_is_refused_until_the_note_is_deleted(void **state)
{
    const struct store_options sqlite = {.folder = folder};
    const struct store_options postgres = {.folder = folder, .address = "postgresql://u:hunter2@db/chat"};
    char text[512];
    struct stat st;
    struct err e = ERR_INIT;
    (void)state;
    store_note_write(&postgres);
    store_note_write(&postgres);
    assert_int_equal(stat(note, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    FILE *file = fopen(note, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_contains(text, "PostgreSQL");
    assert_without(text, "hunter2");
    assert_int_equal(store_note_check(&postgres, &e), 0);
    assert_int_equal(store_note_check(&sqlite, &e), -1);
    assert_int_equal(e.code, ERR_CONFIG);
    assert_contains(e.text, "delete the file chat.store");
    assert_int_equal(unlink(note), 0);
    assert_int_equal(store_note_check(&sqlite, NULL), 0);
}

static void after_a_move_back_sqlite_is_allowed_whatever_programs_with_the_old_setting_do(void **state)
{
    const struct store_options sqlite = {.folder = folder};
    const struct store_options postgres = {.folder = folder, .address = "postgresql://db/chat"};
    (void)state;
    store_note_write(&postgres);
    assert_int_equal(store_note_turn(&sqlite, NULL), 0);
    assert_int_equal(store_note_check(&sqlite, NULL), 0);
    store_note_write(&postgres); /* it still runs with the old setting */
    assert_int_equal(store_note_check(&sqlite, NULL), 0);
    assert_int_equal(store_note_turn(&postgres, NULL), 0); /* moved once more */
    assert_int_equal(store_note_check(&sqlite, NULL), 0);  /* the database refuses by itself */
    store_note_write(&postgres);
    assert_int_equal(store_note_check(&sqlite, NULL), -1);
    assert_int_equal(unlink(note), 0);
}

static void a_move_tells_that_the_note_can_t_be_written(void **state)
{
    const struct store_options sqlite = {.folder = "/nowhere"};
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(store_note_turn(&sqlite, &e), -1);
    assert_contains(e.text, "chat.store");
}

static void a_folder_that_can_t_be_written_is_no_error(void **state)
{
    const struct store_options postgres = {.folder = "/nowhere", .address = "postgresql://db/chat"};
    (void)state;
    store_note_write(&postgres);
    assert_int_equal(store_note_check(&postgres, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_note_either_store_may_be_opened),
        cmocka_unit_test(after_postgresql_sqlite_is_refused_until_the_note_is_deleted),
        cmocka_unit_test(after_a_move_back_sqlite_is_allowed_whatever_programs_with_the_old_setting_do),
        cmocka_unit_test(a_move_tells_that_the_note_can_t_be_written),
        cmocka_unit_test(a_folder_that_can_t_be_written_is_no_error),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
