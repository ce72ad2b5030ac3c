/* test_conf_sources.c - conf.h: which file is read, my-chat.conf, and the environment over both. */
#include "conf_support.h"

static void the_environment_overrides_the_file_and_the_request_overrides_the_process(void **state)
{
    struct conf c;
    (void)state;
    load_good(&c, "threads = 2\npoll_after = 2\nmax_text = 2\n", ENVIRONMENT("A=1", "POLLCHAT_THREADS=4"),
              ENVIRONMENT("POLLCHAT_THREADS=3", "POLLCHAT_POLL_AFTER=3", "PATH=/bin"));
    assert_int_equal(c.threads, 4);
    assert_int_equal(c.poll_after, 3);
    assert_int_equal(c.max_text, 2);
}

static void each_setting_can_come_from_the_environment(void **state)
{
    struct conf c;
    (void)state;
    load_good(&c, "", NULL,
              ENVIRONMENT("POLLCHAT_DATA=/d", "POLLCHAT_MAX_TEXT=7", "POLLCHAT_MAX_ANSWER=70000",
                          "POLLCHAT_ALLOW_ORIGIN=*", "POLLCHAT_POLL_AFTER=8", "POLLCHAT_BUSY_TIMEOUT=9",
                          "POLLCHAT_JOURNAL=rollback", "POLLCHAT_THREADS=10"));
    assert_string_equal(c.data, "/d");
    assert_int_equal(c.max_text, 7);
    assert_int_equal(c.max_answer, 70000);
    assert_string_equal(c.allow_origin, "*");
    assert_int_equal(c.poll_after, 8);
    assert_int_equal(c.busy_timeout, 9);
    assert_int_equal(c.journal, 2);
    assert_int_equal(c.threads, 10);
}

static void mistakes_in_the_environment_name_the_variable(void **state)
{
    static const struct {
        const char *entry;
        const char *says[3];
    } cases[] = {{"POLLCHAT_THREAD=3", {"POLLCHAT_THREAD", "no setting"}},
                 {"POLLCHAT_threads=3", {"POLLCHAT_threads", "no setting"}},
                 {"POLLCHAT_THREADS_=3", {"POLLCHAT_THREADS_", "no setting"}},
                 {"POLLCHAT_THREADS", {"POLLCHAT_THREADS", "no setting"}},
                 {"POLLCHAT_=3", {"POLLCHAT_", "no setting"}},
                 {"POLLCHAT_CONFIG=x", {"POLLCHAT_CONFIG", "no setting"}},
                 {"POLLCHAT_THREADS=", {"POLLCHAT_THREADS", "''", "from 1 to 128"}},
                 {"POLLCHAT_THREADS=x=y", {"'x=y'"}}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int in_request = 0; in_request < 2; in_request++) {
            struct conf c;
            const char *const *list = ENVIRONMENT("X=1", cases[i].entry);
            const char *said = load_faulty(&c, "", in_request ? list : NULL, in_request ? NULL : list);
            for (size_t s = 0; s < COUNT(cases[i].says) && cases[i].says[s] != NULL; s++) {
                assert_contains(said, cases[i].says[s]);
            }
        }
    }
}

static void a_request_header_is_never_a_setting(void **state)
{
    struct conf c;
    (void)state;
    load_good(&c, "",
              ENVIRONMENT("HTTP_POLLCHAT_THREADS=1", "HTTP_POLLCHAT_X=1", "XPOLLCHAT_THREADS=1", "pollchat_threads=1"),
              NULL);
    assert_int_equal(c.threads, 16);
}

static void a_mistake_in_the_file_is_reported_even_if_the_environment_overrides_it(void **state)
{
    struct conf c;
    (void)state;
    assert_contains(load_faulty(&c, "threads = x\n", NULL, ENVIRONMENT("POLLCHAT_THREADS=3")), "chat.conf line 1");
    assert_int_equal(c.threads, 3);
}

static void the_environment_can_name_another_file(void **state)
{
    struct conf c;
    char entry[200];
    (void)state;
    write_file("other.conf", "threads = 7\n", 12);
    load_good(&c, "threads = 3\n", NULL, ENVIRONMENT("POLLCHAT_CONF=other.conf"));
    assert_int_equal(c.threads, 7);
    snprintf(entry, sizeof entry, "POLLCHAT_CONF=%s/other.conf", folder);
    load_good(&c, "threads = 3\n", ENVIRONMENT(entry), ENVIRONMENT("POLLCHAT_CONF=/nowhere"));
    assert_int_equal(c.threads, 7);
    write_file("other.conf", "threads = x\n", 12);
    const char *said = load_faulty(&c, "", NULL, ENVIRONMENT(entry));
    assert_contains(said, "other.conf line 1");
    assert_without(said, "/tmp"); /* texts contain no paths */
}

static void a_named_file_must_exist_and_be_readable(void **state)
{
    struct err e = ERR_INIT;
    struct conf c;
    char entry[200];
    (void)state;
    load_bad(&e, "", NULL, ENVIRONMENT("POLLCHAT_CONF="));
    assert_contains(e.text, "empty");
    load_faulty(&c, "", NULL,
                ENVIRONMENT("POLLCHAT_CONF=missing.conf", "POLLCHAT_DATA=/x", "POLLCHAT_STATUS=everyone"));
    assert_int_equal(c.status, CONF_STATUS_EVERYONE);
    assert_int_equal(c.doctor, CONF_STATUS_NOBODY); /* the error itself may be shown to nobody */
    load_bad(&e, "", NULL, ENVIRONMENT("POLLCHAT_CONF=missing.conf"));
    assert_contains(e.text, "missing.conf can't be read");
    snprintf(entry, sizeof entry, "POLLCHAT_CONF=%s", folder);
    load_bad(&e, "", NULL, ENVIRONMENT(entry)); /* a folder instead of a file */
    assert_contains(e.text, "can't be read");
}

/* ---- the owner's own file ---- */

static void my_chat_conf_overrides_chat_conf_and_the_environment_overrides_both(void **state)
{
    char path[100];
    struct conf c;
    struct err e = ERR_INIT;
    (void)state;
    own("; mine\r\nthreads = 3\r\ntrusted_proxies = ::1\r\ndata = ../../mine");
    load_good(&c, "threads = 2\nmax_text = 7\ntrusted_proxies = 10.0.0.0/8\npoll_after = 4\n", NULL,
              ENVIRONMENT("POLLCHAT_POLL_AFTER=9"));
    assert_int_equal(c.threads, 3); /* given twice, but not in the same file */
    assert_int_equal(c.max_text, 7);
    assert_int_equal(c.poll_after, 9);
    assert_string_equal(c.trusted_proxies, "::1"); /* replaces the value, and is not added to it */
    in_folder(path, sizeof path, "../../mine");
    assert_string_equal(c.data, path);
    own("poll_after = 5\n");
    load_good(&c, "poll_after = 4\n", NULL, ENVIRONMENT("POLLCHAT_POLL_AFTER=9"));
    assert_int_equal(c.poll_after, 9);
    in_folder(path, sizeof path, "chat.conf");
    unlink(path);
    assert_int_equal(conf_load(&c, folder, NULL, NULL, &e), 0); /* without a chat.conf */
    assert_int_equal(c.poll_after, 5);
    own(NULL);
    load_good(&c, "poll_after = 4\n", NULL, NULL);
    assert_int_equal(c.poll_after, 4);
}

static void mistakes_in_my_chat_conf_name_that_file(void **state)
{
    static const struct {
        const char *text;
        const char *says[2];
    } cases[] = {{"\nmax_text = much\n", {"my-chat.conf line 2", "'much'"}},
                 {"threads = 3\nthreads = 4\n", {"my-chat.conf line 2", "twice"}},
                 {"max_txt = 1\n", {"my-chat.conf line 1", "no setting 'max_txt'"}},
                 {"threads\n", {"my-chat.conf line 1", "key = value"}},
                 {"[x]\n", {"my-chat.conf line 1", "no sections"}}};
    char path[100];
    struct conf c;
    struct err e = ERR_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        own(cases[i].text);
        const char *said = load_faulty(&c, "threads = 2\n\n\n", NULL, NULL);
        assert_contains(said, cases[i].says[0]);
        assert_contains(said, cases[i].says[1]);
    }
    own("threads = x\n");
    load_faulty(&c, "\nmax_text = y\n", NULL, NULL);
    assert_int_equal(c.faults.count, 2);
    assert_contains(c.faults.list[0].text, "chat.conf line 2: max_text");
    assert_contains(c.faults.list[1].text, "my-chat.conf line 1: threads");
    own(NULL);
    in_folder(path, sizeof path, "my-chat.conf");
    assert_int_equal(mkdir(path, 0755), 0);
    load_bad(&e, "", NULL, NULL);
    assert_contains(e.text, "my-chat.conf can't be read");
    assert_int_equal(rmdir(path), 0);
}

static void a_named_file_is_the_only_file_that_is_read(void **state)
{
    struct conf c;
    (void)state;
    own("threads = 3\n");
    write_file("other.conf", "max_text = 7\n", 13);
    load_good(&c, "", NULL, ENVIRONMENT("POLLCHAT_CONF=other.conf"));
    assert_int_equal(c.max_text, 7);
    assert_int_equal(c.threads, 16);
    own(NULL);
}

static void paths_that_are_too_long_are_errors(void **state)
{
    static char longest[2 * CONF_TEXT_MAX];
    static char entry[2 * CONF_TEXT_MAX + 32];
    struct conf c;
    struct err e = ERR_INIT;
    (void)state;
    memset(longest, 'p', sizeof longest - 1);
    longest[0] = '/';
    snprintf(entry, sizeof entry, "POLLCHAT_DATA=%s", longest);
    load_bad(&e, "", NULL, ENVIRONMENT(entry));
    assert_contains(e.text, "4095");
    snprintf(entry, sizeof entry, "POLLCHAT_ALLOW_ORIGIN=%s", longest);
    load_faulty(&c, "", NULL, ENVIRONMENT(entry));
    snprintf(entry, sizeof entry, "POLLCHAT_CONF=%s", longest);
    load_bad(&e, "", NULL, ENVIRONMENT(entry));
    snprintf(entry, sizeof entry, "POLLCHAT_DATA=%.*s", CONF_TEXT_MAX, longest);
    load_bad(&e, "", NULL, ENVIRONMENT(entry));
    snprintf(entry, sizeof entry, "POLLCHAT_ALLOW_ORIGIN=%.*s", CONF_TEXT_MAX, longest);
    load_faulty(&c, "", NULL, ENVIRONMENT(entry));
    snprintf(entry, sizeof entry, "POLLCHAT_DATA=%.*s", CONF_TEXT_MAX - 1, longest);
    load_good(&c, "", NULL, ENVIRONMENT(entry));
    assert_int_equal(strlen(c.data), CONF_TEXT_MAX - 1);
    err_clear(&e);
    /* The folder of the programs itself. */
    assert_int_equal(conf_load(&c, longest, NULL, NULL, &e), -1);
    assert_int_equal(e.code, ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_overrides_the_file_and_the_request_overrides_the_process),
        cmocka_unit_test(each_setting_can_come_from_the_environment),
        cmocka_unit_test(mistakes_in_the_environment_name_the_variable),
        cmocka_unit_test(a_request_header_is_never_a_setting),
        cmocka_unit_test(a_mistake_in_the_file_is_reported_even_if_the_environment_overrides_it),
        cmocka_unit_test(the_environment_can_name_another_file),
        cmocka_unit_test(a_named_file_must_exist_and_be_readable),
        cmocka_unit_test(my_chat_conf_overrides_chat_conf_and_the_environment_overrides_both),
        cmocka_unit_test(mistakes_in_my_chat_conf_name_that_file),
        cmocka_unit_test(a_named_file_is_the_only_file_that_is_read),
        cmocka_unit_test(paths_that_are_too_long_are_errors),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
