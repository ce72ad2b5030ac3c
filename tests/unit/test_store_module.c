/* test_store_module.c - store_module.h: which file a program loads as its module for PostgreSQL,
 * and what it says where that is impossible. A copy of this test in a folder of its own plays the
 * program. */
#include "support.h"

#include "base/err.h"
#include "store/private/store_module.h"
#include "system/file.h"
#include "system/program_path.h"

#include <sys/stat.h>
#include <unistd.h>

#ifdef POLLCHAT_POSTGRES

static const char module[] = "pollchat-postgres.so";
static char program[4096];
static char folder[64];

static void in_folder(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s", folder, name);
}

static char *bytes_of(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    *size = (size_t)file_size(path);
    char *bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static void put(const char *name, const char *bytes, size_t size)
{
    char path[100];
    in_folder(path, sizeof path, name);
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

/* The bytes of the module that stands beside this test. */
static char *real_module(size_t *size)
{
    char path[4200];
    assert_int_equal(program_path_folder(program, sizeof program, NULL), 0);
    snprintf(path, sizeof path, "%s/%s", program, module);
    return bytes_of(path, size);
}

static int make_folder(void **state)
{
    size_t size = 0;
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-module-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_true(program_path_file(program, sizeof program));
    char *bytes = bytes_of(program, &size);
    put("program", bytes, size);
    free(bytes);
    return 0;
}

static int remove_folder(void **state)
{
    char path[100];
    (void)state;
    in_folder(path, sizeof path, "program");
    unlink(path);
    in_folder(path, sizeof path, module);
    unlink(path);
    return rmdir(folder);
}

/* What the copy says. It runs in another folder, in which and in whose data folder the real module
 * would be. */
static const char *said(const char *environment)
{
    static char text[1024];
    char command[9000];
    size_t length = 0;
    assert_int_equal(program_path_folder(program, sizeof program, NULL), 0);
    snprintf(command, sizeof command, "cd '%s' && %s POLLCHAT_DATA='%s' '%s/program' load 2>/dev/null", program,
             environment, program, folder);
    FILE *out = popen(command, "r"); /* NOLINT(cert-env33-c): the test's own words */
    assert_non_null(out);
    length = fread(text, 1, sizeof text - 1, out);
    text[length] = '\0';
    assert_int_equal(pclose(out), 0);
    return text;
}

static void the_module_beside_the_program_is_loaded_once(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    const struct store_backend *found = store_module_postgres(&e);
    if (found == NULL) {
        fail_msg("%s", e.text);
    }
    assert_ptr_equal(store_module_postgres(NULL), found);
}

static void a_missing_module_is_named_with_the_package_that_has_it(void **state)
{
    (void)state;
    assert_contains(said(""), "isn't beside the programs. Install the package pollchat-postgres");
    assert_int_equal(store_module_postgres(NULL) != NULL, 1);
}

static void the_module_is_taken_from_no_folder_but_that_of_the_program(void **state)
{
    char environment[4200];
    (void)state;
    assert_int_equal(program_path_folder(program, sizeof program, NULL), 0);
    snprintf(environment, sizeof environment, "LD_LIBRARY_PATH='%s'", program);
    assert_contains(said(environment), "isn't beside the programs");
}

static void a_module_that_is_no_library_is_refused(void **state)
{
    (void)state;
    put(module, "hello\n", 6);
    assert_contains(said(""), "can't be loaded; the log says why");
}

static void a_module_of_another_build_is_refused(void **state)
{
    size_t size = 0;
    size_t changed = 0;
    char *bytes = real_module(&size);
    (void)state;
    put(module, bytes, size);
    assert_string_equal(said(""), "loaded");
    for (size_t i = 0; i + strlen(store_interface) < size; i++) {
        if (memcmp(bytes + i, store_interface, strlen(store_interface) + 1) == 0) {
            bytes[i + strlen(store_interface) - 1] ^= 1;
            changed++;
        }
    }
    assert_true(changed > 0);
    put(module, bytes, size);
    assert_contains(said(""), "is of another version than this program. If an update runs, try again");
    free(bytes);
}

#else

static int make_folder(void **state)
{
    (void)state;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return 0;
}

static void a_program_that_was_built_without_it_says_so(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    assert_null(store_module_postgres(&e));
    assert_int_equal(e.code, ERR_CONFIG);
    assert_contains(e.text, "this program was built without it");
}

#endif

static int load(void)
{
    struct err e = ERR_INIT;
    printf("%s", store_module_postgres(&e) != NULL ? "loaded" : e.text);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#ifdef POLLCHAT_POSTGRES
        cmocka_unit_test(the_module_beside_the_program_is_loaded_once),
        cmocka_unit_test(a_missing_module_is_named_with_the_package_that_has_it),
        cmocka_unit_test(the_module_is_taken_from_no_folder_but_that_of_the_program),
        cmocka_unit_test(a_module_that_is_no_library_is_refused),
        cmocka_unit_test(a_module_of_another_build_is_refused),
#else
        cmocka_unit_test(a_program_that_was_built_without_it_says_so),
#endif
    };
    if (argc == 2 && strcmp(argv[1], "load") == 0) {
        return load();
    }
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
