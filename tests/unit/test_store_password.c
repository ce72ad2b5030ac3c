/* test_store_password.c - store_password.h: the password is the first line of a file, and no error
 * shows it. */
#include "support.h"

#include "base/err.h"
#include "store/private/store_password.h"

#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static void write_file(const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static int make_file(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/pollchat-password-XXXXXX");
    int fd = mkstemp(path);
    return fd >= 0 ? close(fd) : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void the_first_line_is_the_password(void **state)
{
    static const char *const texts[] = {"hunter2", "hunter2\n", "hunter2\r\n", "hunter2\nhunter3\n"};
    char password[STORE_PASSWORD_MAX];
    struct err e = ERR_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_file(texts[i], strlen(texts[i]));
        assert_int_equal(store_password_read(path, password, &e), 0);
        assert_string_equal(password, "hunter2");
    }
    write_file(" p@ss w\xc3\xb6rd: \n", 15); /* nothing of it is taken away */
    assert_int_equal(store_password_read(path, password, &e), 0);
    assert_string_equal(password, " p@ss w\xc3\xb6rd: ");
}

static void a_new_password_is_read_without_a_restart(void **state)
{
    char password[STORE_PASSWORD_MAX];
    (void)state;
    write_file("old\n", 4);
    assert_int_equal(store_password_read(path, password, NULL), 0);
    write_file("new\n", 4);
    assert_int_equal(store_password_read(path, password, NULL), 0);
    assert_string_equal(password, "new");
}

static void a_line_of_1023_bytes_is_the_longest(void **state)
{
    char text[STORE_PASSWORD_MAX + 1];
    char password[STORE_PASSWORD_MAX];
    (void)state;
    memset(text, 'x', sizeof text);
    write_file(text, STORE_PASSWORD_MAX - 1);
    assert_int_equal(store_password_read(path, password, NULL), 0);
    assert_int_equal(strlen(password), STORE_PASSWORD_MAX - 1);
    for (size_t length = STORE_PASSWORD_MAX; length <= sizeof text; length++) {
        write_file(text, length);
        assert_int_equal(store_password_read(path, password, NULL), -1);
        assert_string_equal(password, "");
    }
}

static void a_file_without_a_password_is_a_wrong_setting(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } files[] = {{"", 0}, {"\n", 1}, {"\r\nhunter2\n", 10}, {"hunter2\0x\n", 10}};
    char password[STORE_PASSWORD_MAX] = "old";
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        struct err e = ERR_INIT;
        write_file(files[i].bytes, files[i].length);
        assert_int_equal(store_password_read(path, password, &e), -1);
        assert_int_equal(e.code, ERR_CONFIG);
        assert_without(e.text, "hunter2");
        assert_without(e.text, "/tmp");
        assert_string_equal(password, "");
    }
    assert_int_equal(store_password_read("/nowhere/file", password, NULL), -1);
    assert_int_equal(store_password_read("/tmp", password, NULL), -1);
    assert_int_equal(store_password_read("/dev/zero", password, NULL), -1);
}

static void a_pipe_is_not_waited_for(void **state)
{
    char password[STORE_PASSWORD_MAX];
    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(store_password_read(path, password, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_the_password),
        cmocka_unit_test(a_new_password_is_read_without_a_restart),
        cmocka_unit_test(a_line_of_1023_bytes_is_the_longest),
        cmocka_unit_test(a_file_without_a_password_is_a_wrong_setting),
        cmocka_unit_test(a_pipe_is_not_waited_for),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_file, remove_file);
}
