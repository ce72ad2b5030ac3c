/* test_checks.c - checks.h, findings.h, exposure.h: what an owner is told about the host, and when
 * a chat stops because its data is exposed. */
#include "support.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "format/findings.h"
#include "site/checks.h"
#include "system/conf_load.h"
#include "system/exposure.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char root[100];
static char programs[200];
static struct conf conf;
static struct findings found;

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/pollchat-checks-XXXXXX");
    if (mkdtemp(root) == NULL) {
        return -1;
    }
    snprintf(programs, sizeof programs, "%s/cgi-bin", root);
    memset(&found, 0, sizeof found);
    log_program("test");
    const char *const environment[] = {"POLLCHAT_DATA=../data", NULL};
    return mkdir(programs, 0755) == 0 && conf_load(&conf, programs, environment, NULL, NULL) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "chmod -R u+rwx '%s' && rm -rf '%s'", root, root);
    return system(command);
}

static const struct finding *of(const char *topic)
{
    for (size_t i = 0; i < found.count; i++) {
        if (strcmp(found.list[i].topic, topic) == 0) {
            return &found.list[i];
        }
    }
    return NULL;
}

static void look(enum checks_carrier carrier)
{
    const struct checks_given given = {.conf = &conf, .program_folder = programs, .carrier = carrier};
    memset(&found, 0, sizeof found);
    checks_run(&given, &found);
}

static enum finding_state state_of(const char *topic)
{
    const struct finding *f = of(topic);
    assert_non_null(f);
    /* The compiler does not know that a failed assertion ends the test. */
    return f != NULL ? f->state : FINDING__MAX;
}

static void a_new_chat_gets_its_database_and_no_finding_is_wrong(void **state)
{
    (void)state;
    look(CHECKS_CGI);
    assert_int_not_equal(findings_worst(&found), FINDING_WRONG);
    assert_int_equal(state_of("database"), FINDING_FINE);
    assert_int_equal(state_of("data"), FINDING_FINE);
    /* Beside the programs, so perhaps inside the served folder. */
    assert_int_equal(state_of("data-web"), FINDING_NOTE);
    assert_int_equal(state_of("programs"), FINDING_NOTE);
    for (size_t i = 0; i < found.count; i++) {
        assert_null(strstr(found.list[i].text, root)); /* the text has no path of the host */
    }
}

static void the_command_line_creates_nothing(void **state)
{
    struct stat st;
    (void)state;
    look(CHECKS_SHELL);
    assert_int_equal(state_of("data"), FINDING_NOTE);
    assert_int_equal(stat(conf.data, &st), -1);
}

static void settings_that_stop_the_chat_are_reported_and_their_values_only_to_the_owner(void **state)
{
    struct checks_given given = {.conf = &conf, .program_folder = programs, .carrier = CHECKS_CGI};
    const char *const environment[] = {"POLLCHAT_DATE=hunter2", NULL};
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(conf_load(&conf, programs, environment, NULL, &e), -1);
    given.conf_problem = e.text;
    checks_run(&given, &found);
    assert_int_equal(state_of("settings"), FINDING_WRONG);
    assert_non_null(
        strstr(of("settings")->text, "there is no setting 'DATE' (its value is 'hunter2'). Is data meant?"));
    assert_null(of("data"));
    given.stranger = true;
    found.count = 0;
    checks_run(&given, &found);
    assert_int_equal(state_of("settings"), FINDING_WRONG);
    assert_null(of("data"));
    for (size_t i = 0; i < found.count; i++) {
        assert_null(strstr(found.list[i].text, "DATE"));
        assert_null(strstr(found.list[i].text, "hunter2"));
    }
}

static void mistakes_in_the_settings_are_reported_and_their_values_only_to_the_owner(void **state)
{
    struct checks_given given = {.conf = &conf, .program_folder = programs, .carrier = CHECKS_CGI};
    const char *const environment[] = {"POLLCHAT_DATA=../data", "POLLCHAT_MAX_TEXT=hunter2", NULL};
    (void)state;
    assert_int_equal(conf_load(&conf, programs, environment, NULL, NULL), 0);
    checks_run(&given, &found);
    assert_int_equal(state_of("settings"), FINDING_POOR);
    assert_non_null(strstr(of("settings")->text, "'hunter2'; allowed is a whole number"));
    given.stranger = true;
    found.count = 0;
    checks_run(&given, &found);
    assert_int_equal(state_of("settings"), FINDING_POOR);
    assert_null(strstr(of("settings")->text, "hunter2"));
    assert_non_null(strstr(of("settings")->text, "max_text"));
}

/* The database can't be reached here, as nothing listens on that port. */
static void of_a_database_in_postgresql_nothing_is_said_that_is_about_files_of_sqlite(void **state)
{
    char path[300];
    const char *const environment[] = {"POLLCHAT_DATA=../data", "POLLCHAT_STORE=postgresql://u:hunter2@127.0.0.1:1/x",
                                       NULL};
    (void)state;
    look(CHECKS_CGI); /* makes a database of SQLite */
    assert_null(of("data-left"));
    assert_int_equal(conf_load(&conf, programs, environment, NULL, NULL), 0);
    look(CHECKS_CGI);
    assert_int_equal(state_of("database"), FINDING_WRONG);
    assert_int_equal(state_of("data-left"), FINDING_NOTE);
    assert_null(of("file-size"));
    assert_null(of("data-lost"));
    assert_null(of("password"));
    for (size_t i = 0; i < found.count; i++) {
        assert_null(strstr(found.list[i].text, "hunter2"));
        assert_null(strstr(found.list[i].text, "127.0.0.1"));
    }
    snprintf(path, sizeof path, "%s/chat.conf", programs);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("store = postgresql://u:hunter2@127.0.0.1:1/x\ndata = ../data\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(conf_load(&conf, programs, NULL, NULL, NULL), 0);
    look(CHECKS_CGI);
    assert_int_equal(state_of("password"), FINDING_POOR);
    assert_int_equal(chmod(path, 0600), 0);
    look(CHECKS_CGI);
    assert_null(of("password"));
}

static void a_full_disk_is_found_by_a_test_file(void **state)
{
    struct rlimit limit;
    (void)state;
    look(CHECKS_CGI);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct rlimit little = {.rlim_cur = 10000, .rlim_max = limit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    look(CHECKS_CGI);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(state_of("data"), FINDING_WRONG);
    assert_non_null(strstr(of("data")->text, "full"));
}

static void a_data_folder_that_is_missing_or_not_a_folder_is_reported(void **state)
{
    (void)state;
    snprintf(conf.data, sizeof conf.data, "%s/none/data", root);
    look(CHECKS_CGI);
    assert_int_equal(state_of("data"), FINDING_WRONG);
    assert_null(strstr(of("data")->text, root));
}

static void a_folder_that_others_may_write_to_is_reported_and_nothing_is_created_there(void **state)
{
    (void)state;
    assert_int_equal(mkdir(conf.data, 0700), 0);
    assert_int_equal(chmod(conf.data, 0777), 0);
    assert_int_equal(chmod(programs, 0775), 0);
    look(CHECKS_CGI);
    assert_int_equal(state_of("data-others"), FINDING_WRONG);
    assert_non_null(strstr(of("data-others")->text, "permissions 777"));
    assert_int_equal(state_of("permissions"), FINDING_POOR);
    assert_null(of("database"));
    assert_int_equal(rmdir(conf.data), 0);
}

static void a_folder_that_others_may_read_is_reported(void **state)
{
    char path[2 * PATH_MAX];
    (void)state;
    look(CHECKS_CGI);
    assert_null(of("data-others"));
    snprintf(path, sizeof path, "%s/chat.db", conf.data);
    assert_true(chmod(path, 0644) == 0 && chmod(conf.data, 0755) == 0);
    look(CHECKS_CGI);
    assert_int_equal(state_of("data-others"), FINDING_POOR);
    assert_int_equal(chmod(conf.data, 0700), 0);
    look(CHECKS_CGI);
    assert_null(of("data-others"));
}

static void a_file_that_is_not_a_database_is_reported(void **state)
{
    char path[2 * PATH_MAX];
    (void)state;
    assert_int_equal(mkdir(conf.data, 0700), 0);
    snprintf(path, sizeof path, "%s/chat.db", conf.data);
    FILE *file = fopen(path, "w");
    fputs("something else, long enough to be no empty file", file);
    fclose(file);
    look(CHECKS_CGI);
    assert_int_equal(state_of("database"), FINDING_WRONG);
}

static void only_the_word_of_the_test_file_stops_a_chat(void **state)
{
    char address[PATH_MAX];
    char path[2 * PATH_MAX];
    char text[64] = "";
    struct err e = ERR_INIT;
    struct stat st;
    (void)state;
    look(CHECKS_CGI);
    assert_true(exposure_address(conf.data, programs, NULL, address, sizeof address));
    assert_string_equal(address, "data/web-test.txt");
    snprintf(path, sizeof path, "%s/%s", root, address);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    FILE *file = fopen(path, "r");
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    text[strcspn(text, "\n")] = '\0';

    const char *const wrong[] = {"", "x", "pollchat", text, "../../etc/passwd", "0123456789012345678901"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(exposure_told(conf.data, wrong[i], &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        err_clear(&e);
        assert_false(exposure_is_marked(conf.data));
    }
    assert_int_equal(exposure_told(conf.data, text + strlen("pollchat "), &e), 0);
    assert_true(exposure_is_marked(conf.data));
    /* A second visitor reports it as well. */
    assert_int_equal(exposure_told(conf.data, text + strlen("pollchat "), &e), 0);
    look(CHECKS_CGI);
    assert_int_equal(state_of("data-web"), FINDING_WRONG);
    assert_int_equal(findings_worst(&found), FINDING_WRONG);
}

static void a_chat_can_be_stopped_on_a_full_disk(void **state)
{
    struct err e = ERR_INIT;
    struct rlimit before;
    char path[2 * PATH_MAX];
    (void)state;
    assert_int_equal(mkdir(conf.data, 0700), 0);
    snprintf(path, sizeof path, "%s/web-test.txt", conf.data);
    FILE *file = fopen(path, "w");
    assert_true(fputs("pollchat abcdefghijklmnopqrstuv\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int result = exposure_told(conf.data, "abcdefghijklmnopqrstuv", &e);
    assert_int_equal(unlink(path), 0);
    bool is_inside = exposure_address(conf.data, programs, NULL, path,
                                      sizeof path); /* the address is known without the file */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, 0);
    assert_true(exposure_is_marked(conf.data));
    assert_true(is_inside);
    assert_string_equal(path, "");
}

static void a_data_folder_outside_of_the_served_folder_has_no_address(void **state)
{
    char address[PATH_MAX];
    char other[300];
    char deeper[300];
    (void)state;
    look(CHECKS_CGI);
    /* The page is in cgi-bin/chat, the data in another folder. */
    snprintf(deeper, sizeof deeper, "%s/chat", programs);
    assert_int_equal(mkdir(deeper, 0755), 0);
    assert_false(exposure_address(conf.data, deeper, NULL, address, sizeof address));
    assert_string_equal(address, "");
    assert_false(exposure_address(conf.data, deeper, "/nowhere", address, sizeof address));
    snprintf(other, sizeof other, "%s", programs); /* a served folder without the data in it */
    assert_false(exposure_address(conf.data, deeper, other, address, sizeof address));
}

static void a_data_folder_elsewhere_in_the_served_folder_has_an_absolute_address(void **state)
{
    char address[PATH_MAX];
    char deeper[300];
    char beside[300];
    (void)state;
    look(CHECKS_CGI);
    snprintf(deeper, sizeof deeper, "%s/chat", programs);
    assert_int_equal(mkdir(deeper, 0755), 0);
    assert_true(exposure_address(conf.data, deeper, root, address, sizeof address));
    assert_string_equal(address, "/data/web-test.txt");
    /* The folder's name is only a prefix of the data folder's. */
    snprintf(beside, sizeof beside, "%s/dat", root);
    assert_int_equal(mkdir(beside, 0755), 0);
    assert_false(exposure_address(conf.data, deeper, beside, address, sizeof address));
}

static void a_test_file_that_is_half_written_is_created_again(void **state)
{
    char address[PATH_MAX];
    char path[2 * PATH_MAX];
    struct stat st;
    (void)state;
    assert_int_equal(mkdir(conf.data, 0700), 0);
    snprintf(path, sizeof path, "%s/web-test.txt", conf.data);
    assert_true(close(open(path, O_CREAT | O_WRONLY, 0600)) == 0);
    assert_true(exposure_address(conf.data, programs, NULL, address, sizeof address));
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 20);
}

static void findings_over_the_maximum_are_left_out(void **state)
{
    struct buf text;
    (void)state;
    for (int i = 0; i < FINDINGS_MAX + 10; i++) {
        findings_add(&found, "topic", i % 2 == 0 ? FINDING_NOTE : FINDING_POOR, "number %d", i);
    }
    assert_int_equal(found.count, FINDINGS_MAX);
    assert_int_equal(findings_worst(&found), FINDING_POOR);
    buf_init(&text, BUF_UNLIMITED);
    findings_lines(&text, &found);
    assert_non_null(strstr(buf_text(&text), "note   topic          number 0\n"));
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_chat_gets_its_database_and_no_finding_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_command_line_creates_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(settings_that_stop_the_chat_are_reported_and_their_values_only_to_the_owner,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(mistakes_in_the_settings_are_reported_and_their_values_only_to_the_owner,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_a_database_in_postgresql_nothing_is_said_that_is_about_files_of_sqlite,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_is_found_by_a_test_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_data_folder_that_is_missing_or_not_a_folder_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_others_may_write_to_is_reported_and_nothing_is_created_there,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_others_may_read_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_a_database_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_word_of_the_test_file_stops_a_chat, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_chat_can_be_stopped_on_a_full_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_data_folder_outside_of_the_served_folder_has_no_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_data_folder_elsewhere_in_the_served_folder_has_an_absolute_address, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_test_file_that_is_half_written_is_created_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(findings_over_the_maximum_are_left_out, set_up, tear_down),
    };
    return RUN(tests);
}
