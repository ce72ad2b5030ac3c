/* test_conf.c - conf_load.h: settings from a file; mistakes are reported with the value and what is
 * allowed. */
#include "conf_support.h"

static void the_defaults_apply_without_file_and_environment(void **state)
{
    char path[100];
    struct conf c;
    struct err e = ERR_INIT;
    (void)state;
    in_folder(path, sizeof path, "chat.conf");
    unlink(path);
    assert_int_equal(conf_load(&c, folder, NULL, NULL, &e), 0);
    in_folder(path, sizeof path, "../pollchat-data");
    assert_string_equal(c.data, path);
    assert_string_equal(c.allow_origin, "");
    assert_string_equal(c.heads, "");
    assert_int_equal(c.max_text, 262144);
    assert_int_equal(c.max_answer, 1048576);
    assert_int_equal(c.busy_timeout, 5000);
    assert_int_equal(c.journal, 0);
    assert_int_equal(c.threads, 16);
    assert_int_equal(c.poll_after, 2);
    assert_true(c.max_held == CONF_AUTO);
}

static void reads_a_file(void **state)
{
    struct conf c;
    (void)state;
    load_good(&c,
              "; a comment\n# another\n\nmax_text = 5\nthreads=3\n  journal = wal \n\tpoll_after\t=\t9\n"
              "allow_origin = https://a.example https://b.example:8443 ; for the partners\ndata = /srv/chat\n",
              NULL, NULL);
    assert_int_equal(c.max_text, 5);
    assert_int_equal(c.threads, 3);
    assert_int_equal(c.journal, 1);
    assert_int_equal(c.poll_after, 9);
    assert_string_equal(c.allow_origin, "https://a.example https://b.example:8443");
    assert_string_equal(c.data, "/srv/chat");
}

static void windows_line_ends_and_a_missing_last_line_end_are_accepted(void **state)
{
    struct conf c;
    (void)state;
    load_good(&c, "\xef\xbb\xbfmax_text = 5\r\n\r\nthreads = 4", NULL, NULL);
    assert_int_equal(c.max_text, 5);
    assert_int_equal(c.threads, 4);
    load_good(&c, "", NULL, NULL);
    load_good(&c, "\n", NULL, NULL);
}

static void relative_folders_are_relative_to_the_programs(void **state)
{
    struct conf c;
    char expected[100];
    (void)state;
    load_good(&c, "data = x/y\n", NULL, NULL);
    in_folder(expected, sizeof expected, "x/y");
    assert_string_equal(c.data, expected);
    load_good(&c, "", NULL, ENVIRONMENT("POLLCHAT_DATA=z"));
    in_folder(expected, sizeof expected, "z");
    assert_string_equal(c.data, expected);
}

static void mistakes_in_the_file_are_reported_with_file_line_value_and_what_is_allowed(void **state)
{
    static const struct {
        const char *text;
        const char *says[4];
    } cases[] = {
        {"\n\nmax_txt = 5\n", {"chat.conf line 3", "max_txt", "Is max_text meant?"}},
        {"colour = red\n", {"chat.conf line 1", "'colour'", "chat.conf.example"}},
        {"trusted_proxy = ::1\n", {"'trusted_proxy'", "Is trusted_proxies meant?"}},
        {"MAX-WAIT = 5\n", {"'MAX-WAIT'", "Is max_wait meant?"}},
        {"max_text = 5k\n", {"chat.conf line 1", "max_text", "'5k'", "from 1 to 16777216"}},
        {"max_text = 0\n", {"'0'", "from 1 to 16777216"}},
        {"max_text = 16777217\n", {"'16777217'", "from 1 to 16777216"}},
        {"max_text = 18446744073709551617\n", {"'18446744073709551617'"}},
        {"max_text = -1\n", {"'-1'"}},
        {"max_text =\n", {"max_text is ''"}},
        {"threads = 129\n", {"threads", "from 1 to 128"}},
        {"poll_after = 0\n", {"poll_after", "from 1 to 60"}},
        {"busy_timeout = 30001\n", {"busy_timeout", "from 0 to 30000"}},
        {"max_answer = 65535\n", {"max_answer", "from 65536 to"}},
        {"max_held = 257\n", {"max_held", "from 0 to 256, or the word auto"}},
        {"max_held = Auto\n", {"max_held", "'Auto'"}},
        {"journal = WAL\n", {"journal", "'WAL'", "one of auto, wal, rollback"}},
        {"threads = 3\nmax_text = 5\nthreads = 4\n", {"chat.conf line 3", "threads", "twice", "The default, 16,"}},
        {"# x\nthreads\n", {"chat.conf line 2", "key = value"}},
        {"= 5\n", {"chat.conf line 1"}},
        {"Threads = 3\n", {"chat.conf line 1", "Threads"}},
        {"POLLCHAT_THREADS = 3\n", {"chat.conf line 1", "POLLCHAT_THREADS"}},
        {"allow_origin https://a.example\n", {"chat.conf line 1"}},
        {"[chat]\nthreads = 3\n", {"chat.conf line 1", "no sections", "[chat]"}},
        {"\xef\xbb\xbf[chat]\nthreads = 3\n", {"chat.conf line 1", "no sections"}},
        {"threads = 3\n  [chat]\n", {"chat.conf line 2", "no sections"}},
        {"threads = 3\n  max_text = x\n", {"chat.conf line 2", "max_text"}},
        /* In the order of the lines. */
        {"threads = x\nmax_txt = 1\n", {"chat.conf line 1", "threads"}},
        {"allow_origin = a.example\n", {"chat.conf line 1", "'a.example'", "no other site is allowed"}},
        {"status = all\n", {"chat.conf line 1", "'all'", "one of loopback, everyone, nobody", "nobody may read"}},
        {"threads = 3\nmax_text ; = 5\n", {"chat.conf line 2", "key = value"}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf c;
        const char *text = load_faulty(&c, cases[i].text, NULL, NULL);
        for (size_t s = 0; s < COUNT(cases[i].says) && cases[i].says[s] != NULL; s++) {
            assert_contains(text, cases[i].says[s]);
        }
    }
}

/* ---- what applies instead ---- */

static void a_wrong_value_is_replaced_by_the_default_and_other_settings_apply(void **state)
{
    struct conf c;
    (void)state;
    load_faulty(&c, "max_text = lots\nposts = 5\n[x]\nno sense\nthreads = 2\nmax_wait = 61\nthreads\njournal = Wal\n",
                NULL, ENVIRONMENT("POLLCHAT_MAX_STREAM=x", "POLLCHAT_POLL_AFTER=9"));
    assert_int_equal(c.faults.count, 8);
    assert_int_equal(c.max_text, 262144);
    assert_int_equal(c.threads, 2);
    assert_int_equal(c.max_wait, 25);
    assert_int_equal(c.journal, 0);
    assert_int_equal(c.max_stream, 300);
    assert_int_equal(c.poll_after, 9);
    /* The value that counts is wrong. */
    load_faulty(&c, "poll_after = 7\n", NULL, ENVIRONMENT("POLLCHAT_POLL_AFTER=x"));
    assert_int_equal(c.poll_after, 2);
    /* The value that counts is right. */
    load_faulty(&c, "poll_after = x\n", NULL, ENVIRONMENT("POLLCHAT_POLL_AFTER=7"));
    assert_int_equal(c.poll_after, 7);
}

static void a_wrong_value_of_a_setting_that_gives_rights_gives_no_rights(void **state)
{
    static const char *const texts[] = {
        "allow_origin = https://a.example https://b.example/\ntrusted_proxies = ::1 10.0.0.1/8\nstatus = al\ndoctor = x\n",
        "allow_origin = *\nallow_origin = https://a.example\ntrusted_proxies = 10.0.0.1/8\ntrusted_proxies = ::1\n"
        "status = everyone\nstatus = loopback\ndoctor = everyone\ndoctor = nobody\n",
        "status_for = nobody\nDoctor = nobody\nallow_orign = *\ntrusted_proxy = ::1\n",
        "status nobody\ndoctor nobody\n"};
    struct conf c;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        load_faulty(&c, texts[i], NULL, NULL);
        assert_string_equal(c.allow_origin, "");
        assert_string_equal(c.trusted_proxies, "");
        assert_int_equal(c.status, CONF_STATUS_NOBODY);
        assert_int_equal(c.doctor, CONF_STATUS_NOBODY);
    }
    /* A correct value as well. */
    load_faulty(&c, "Doctor = nobody\ndoctor = everyone\n", NULL, NULL);
    assert_int_equal(c.doctor, CONF_STATUS_EVERYONE);
    own("docter = nobody\n");
    load_faulty(&c, "doctor = everyone\n", NULL, NULL); /* but not in the file that counts */
    assert_int_equal(c.doctor, CONF_STATUS_NOBODY);
    own(NULL);
}

static void only_mistakes_that_leave_the_data_folder_uncertain_stop_the_chat(void **state)
{
    static const char *const texts[] = {"data =\n",    "dta = /x\n",
                                        "Data = /x\n", "data_folder = /x\n",
                                        "data /x\n",   "data = /x\ndata = /y\n",
                                        "\xff\xfe=\n", "threads = 1\ndate=/\n"};
    struct conf c;
    struct err e = ERR_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        load_bad(&e, texts[i], NULL, NULL);
        assert_contains(e.text, "chat.conf");
        /* So the folder is known. */
        load_faulty(&c, texts[i], NULL, ENVIRONMENT("POLLCHAT_DATA=/srv/chat"));
        assert_string_equal(c.data, "/srv/chat");
    }
    load_bad(&e, "data =\n", NULL, NULL);
    assert_contains(e.text, "chat.conf line 1: data is ''; allowed is a path");
    load_bad(&e, "dta = /x\n", NULL, NULL);
    assert_contains(e.text, "chat.conf line 1: there is no setting 'dta' (its value is '/x'). Is data meant?");
    load_good(&c, "data = /x\ndata = /x\n", NULL, NULL);
    assert_string_equal(c.data, "/x");
}

static void a_store_that_is_wrong_or_misspelt_stops_the_chat(void **state)
{
    static const char *const texts[] = {"store = postgres\n",
                                        "store =\n",
                                        "store = postgresql://db:0/chat\n",
                                        "Store = postgresql://db/chat\n",
                                        "stor = postgresql://db/chat\n",
                                        "database_store = postgresql://db/chat\n",
                                        "store postgresql\n",
                                        "store = sqlite\nstore = postgresql://db/chat\n"};
    struct conf c;
    struct err e = ERR_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        load_bad(&e, texts[i], NULL, NULL);
        assert_contains(e.text, "chat.conf line ");
        load_faulty(&c, texts[i], NULL, ENVIRONMENT("POLLCHAT_STORE=postgresql://db2/chat"));
        assert_string_equal(c.store, "postgresql://db2/chat");
    }
    load_bad(&e, "store = mysql://db\n", NULL, NULL);
    assert_string_equal(e.text, "chat.conf line 1: store must be an address that begins with postgresql://; "
                                "allowed is sqlite or an address such as postgresql://USER@HOST/DATABASE of up to "
                                "1023 bytes. So the chat has stopped, as its messages must not land in another "
                                "place.");
}

static void the_store_is_taken_as_it_is_written(void **state)
{
    static const char address[] = "postgresql://chat:p%40ss@db1,db2:5433/chat?sslmode=require";
    char text[200];
    char path[100];
    struct conf c;
    (void)state;
    load_good(&c, "", NULL, NULL);
    assert_string_equal(c.store, "sqlite");
    assert_string_equal(c.store_password_file, "");
    snprintf(text, sizeof text, "store = %s\nstore_password_file = ../password\n", address);
    load_good(&c, text, NULL, NULL);
    assert_string_equal(c.store, address);
    in_folder(path, sizeof path, "../password");
    assert_string_equal(c.store_password_file, path);
    load_good(&c, text, NULL, ENVIRONMENT("POLLCHAT_STORE=sqlite", "POLLCHAT_STORE_PASSWORD_FILE="));
    assert_string_equal(c.store, "sqlite");
    assert_string_equal(c.store_password_file, "");
}

static void a_replica_is_an_address_and_a_wrong_one_is_none(void **state)
{
    struct conf c;
    (void)state;
    load_good(&c, "", NULL, NULL);
    assert_string_equal(c.store_replica, "");
    load_good(&c, "store_replica = postgresql://u@db2,db3:5433/chat\n", NULL, NULL);
    assert_string_equal(c.store_replica, "postgresql://u@db2,db3:5433/chat");
    load_good(&c, "store_replica = postgresql://u@db2/chat\n", NULL, ENVIRONMENT("POLLCHAT_STORE_REPLICA="));
    assert_string_equal(c.store_replica, "");
    load_faulty(&c, "store_replica = postgresql://u@db2:x/chat\n", NULL, NULL);
    assert_string_equal(c.store_replica, "");
    assert_contains(c.faults.list[0].text, "store_replica has a list of hosts that isn't of the form HOST:PORT");
    load_faulty(&c, "store_replica = sqlite\n", NULL, NULL);
    assert_contains(c.faults.list[0].text, "must be an address that begins with postgresql://; allowed is an address");
}

/* Mistakes are logged and shown by doctor. */
static void no_mistake_shows_a_password(void **state)
{
    static const char *const texts[] = {"store = postgresql://u:hunter2@x@db/chat\n",
                                        "store = mysql://u:hunter2@db/chat\n",
                                        "store = hunter2\n",
                                        "store = postgresql://u:hunter2@db\nstore = postgresql://u:hunter22@db\n",
                                        "stor = postgresql://u:hunter2@db/chat\n",
                                        "store_replica = postgresql://u:hunter2@x@db/chat\n",
                                        "store_replica = hunter2\n",
                                        "store_replicas = postgresql://u:hunter2@db/chat\n",
                                        "sotre = hunter2\n",
                                        "store_pasword_file = hunter2\n",
                                        "store_password = hunter2\n",
                                        "PGPASSWORD = hunter2\n",
                                        "PGPASSWORD hunter2=\n",
                                        "password hunter2\n",
                                        "database = postgresql://u:hunter2@db/chat\n",
                                        "postgresql://u:hunter2@db/chat\n",
                                        "store postgresql://u:hunter2@db/chat\n",
                                        "[postgresql://u:hunter2@db/chat]\n",
                                        "toke_key = hunter2\n",
                                        "token_key hunter2\n"};
    char longer[400];
    struct conf c;
    (void)state;
    for (size_t i = 0; i <= COUNT(texts); i++) {
        struct err e = ERR_INIT;
        snprintf(longer, sizeof longer, "store = postgresql://u:hunter2@db/%0200d\n", 1);
        const char *text = i < COUNT(texts) ? texts[i] : longer;
        write_file("chat.conf", text, strlen(text));
        (void)conf_load(&c, folder, NULL, NULL, &e);
        assert_true(c.faults.count > 0);
        for (size_t k = 0; k < c.faults.count; k++) {
            assert_without(c.faults.list[k].text, "hunter2");
            assert_without(c.faults.list[k].brief, "hunter2");
        }
        assert_without(e.text, "hunter2");
    }
    (void)conf_load(&c, folder, ENVIRONMENT("POLLCHAT_STOR=postgresql://u:hunter2@db"),
                    ENVIRONMENT("POLLCHAT_STORE=postgresql://u:hunter2@db:x"), NULL);
    assert_int_equal(c.faults.count, 3);
    for (size_t k = 0; k < c.faults.count; k++) {
        assert_without(c.faults.list[k].text, "hunter2");
    }
}

static void strangers_see_no_values_that_the_owner_wrote(void **state)
{
    static const char *const texts[] = {"max_text = hunter2\n",
                                        "hunter2 = 1\n",
                                        "status = hunter2\n",
                                        "hunter2\n",
                                        "[hunter2]\n",
                                        "allow_origin = hunter2\n",
                                        "trusted_proxies = hunter2\n"};
    struct conf c;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_contains(load_faulty(&c, texts[i], NULL, NULL), "hunter2");
        assert_without(c.faults.list[0].brief, "hunter2");
        assert_contains(c.faults.list[0].brief, "chat.conf line 1");
    }
    assert_contains(load_faulty(&c, "", NULL, ENVIRONMENT("POLLCHAT_HUNTER2=1")), "HUNTER2");
    assert_without(c.faults.list[0].brief, "HUNTER2");
    load_faulty(&c, "max_text = lots\n", NULL, NULL);
    assert_contains(c.faults.list[0].brief, "max_text");
    assert_contains(c.faults.list[0].brief, "from 1 to 16777216");
}

static void mistakes_over_the_maximum_are_counted(void **state)
{
    char text[512] = "";
    struct conf c;
    (void)state;
    for (int i = 0; i < CONF_FAULTS + 3; i++) {
        strcat(text, "colour = red\n");
    }
    strcat(text, "status = x\n");
    load_faulty(&c, text, NULL, NULL);
    assert_int_equal(c.faults.count, CONF_FAULTS);
    assert_int_equal(c.faults.more, 4);
    assert_int_equal(c.status, CONF_STATUS_NOBODY);
}

static void both_ends_of_each_range_are_allowed(void **state)
{
    static const char *const texts[] = {"max_text = 1\n",
                                        "max_text = 16777216\n",
                                        "threads = 1\n",
                                        "threads = 128\n",
                                        "max_wait = 0\n",
                                        "max_wait = 60\n",
                                        "max_waiting = 100000\n",
                                        "max_held = 0\n",
                                        "max_waiting_per_client = 1\n",
                                        "poll_after = 1\n",
                                        "poll_after = 60\n",
                                        "busy_timeout = 0\n",
                                        "busy_timeout = 30000\n",
                                        "max_answer = 65536\n",
                                        "max_answer = 67108864\n",
                                        "journal = auto\n",
                                        "journal = rollback\n",
                                        "allow_origin =\n",
                                        "allow_origin = *\n",
                                        "heads =\n",
                                        "max_held = auto\n",
                                        "max_held = 256\n"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct conf c;
        load_good(&c, texts[i], NULL, NULL);
    }
}

/* inih's buffer has 200 bytes: a longer line must not be read as two lines. */
static void a_line_that_is_too_long_is_an_error_and_is_not_split(void **state)
{
    (void)state;
    for (size_t length = 150; length < 450; length++) {
        char text[600];
        struct err e = ERR_INIT;
        struct conf c;
        int head = snprintf(text, sizeof text, "\nallow_origin = https://");
        memset(text + head, 'x', length);
        strcpy(text + (size_t)head + length, "\nthreads = 5\n");
        write_file("chat.conf", text, strlen(text));
        size_t line = (size_t)head - 1 + length;
        assert_int_equal(conf_load(&c, folder, NULL, NULL, &e), 0);
        assert_int_equal(c.threads, 5);
        if (line <= 198) {
            assert_int_equal(c.faults.count, 0);
            assert_int_equal(strlen(c.allow_origin), strlen("https://") + length);
        } else {
            assert_int_equal(c.faults.count, 1);
            assert_contains(c.faults.list[0].text, "chat.conf line 2");
            assert_contains(c.faults.list[0].text, "longer than 198");
            assert_string_equal(c.allow_origin, "");
        }
    }
}

static void trusted_proxies_may_take_several_lines(void **state)
{
    struct conf c;
    char text[16384] = "";
    (void)state;
    load_good(&c, "trusted_proxies = 10.0.0.0/8\nthreads = 2\ntrusted_proxies = ::1 127.0.0.1\n", NULL, NULL);
    assert_string_equal(c.trusted_proxies, "10.0.0.0/8 ::1 127.0.0.1");
    load_good(&c, "trusted_proxies = 10.0.0.0/8\n", NULL, ENVIRONMENT("POLLCHAT_TRUSTED_PROXIES=192.0.2.1"));
    assert_string_equal(c.trusted_proxies, "192.0.2.1");
    const char *said = load_faulty(&c, "trusted_proxies = ::1\ntrusted_proxies = 10.0.0.1/8\n", NULL, NULL);
    assert_contains(said, "chat.conf line 2: trusted_proxies is '");
    assert_contains(said, "allowed is addresses and networks");
    assert_string_equal(c.trusted_proxies, "");
    load_faulty(&c, "trusted_proxies = proxy.example\ntrusted_proxies = ::1\n", NULL, NULL);
    assert_string_equal(c.trusted_proxies, "");
    for (int i = 0; i < 250; i++) {
        strcat(text, "trusted_proxies = 2001:db8::/32\n");
    }
    load_good(&c, text, NULL, NULL);
    for (int i = 0; i < 100; i++) {
        strcat(text, "trusted_proxies = 2001:db8::/32\n");
    }
    assert_contains(load_faulty(&c, text, NULL, NULL), "of up to 4095 bytes");
    assert_string_equal(c.trusted_proxies, "");
}

/* An origin in a form that no browser sends would never match, and the owner would not learn
 * why. */
static void only_origins_in_the_form_of_browsers_are_accepted(void **state)
{
    static const char *const good[] = {"*",
                                       "https://a.example",
                                       "http://127.0.0.1:8080",
                                       "http://[::1]:80 https://b.example",
                                       "capacitor://localhost",
                                       "  https://a.example   *  "};
    static const char *const bad[] = {"https://a.example/",
                                      "https://A.example",
                                      "a.example",
                                      "null",
                                      "https://",
                                      "https:/a",
                                      "https://a.example,https://b.example",
                                      "https://a.example https://b.example/x",
                                      "**"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct conf c;
        char text[200];
        snprintf(text, sizeof text, "allow_origin = %s\n", good[i]);
        load_good(&c, text, NULL, NULL);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char entry[200];
        const char *const environment[] = {entry, NULL};
        struct conf c;
        snprintf(entry, sizeof entry, "POLLCHAT_ALLOW_ORIGIN=%s", bad[i]);
        const char *said = load_faulty(&c, "", environment, NULL);
        assert_contains(said, bad[i]);
        assert_contains(said, "allowed is a * or origins");
    }
}

static void a_long_or_hostile_value_is_cut_in_the_message(void **state)
{
    char entry[3000];
    struct conf c;
    (void)state;
    snprintf(entry, sizeof entry, "POLLCHAT_THREADS=%02000d", 1);
    const char *said = load_faulty(&c, "", NULL, ENVIRONMENT(entry));
    assert_contains(said, "POLLCHAT_THREADS");
    assert_contains(said, "from 1 to 128");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_apply_without_file_and_environment),
        cmocka_unit_test(reads_a_file),
        cmocka_unit_test(windows_line_ends_and_a_missing_last_line_end_are_accepted),
        cmocka_unit_test(relative_folders_are_relative_to_the_programs),
        cmocka_unit_test(mistakes_in_the_file_are_reported_with_file_line_value_and_what_is_allowed),
        cmocka_unit_test(a_wrong_value_is_replaced_by_the_default_and_other_settings_apply),
        cmocka_unit_test(a_wrong_value_of_a_setting_that_gives_rights_gives_no_rights),
        cmocka_unit_test(only_mistakes_that_leave_the_data_folder_uncertain_stop_the_chat),
        cmocka_unit_test(a_store_that_is_wrong_or_misspelt_stops_the_chat),
        cmocka_unit_test(the_store_is_taken_as_it_is_written),
        cmocka_unit_test(a_replica_is_an_address_and_a_wrong_one_is_none),
        cmocka_unit_test(no_mistake_shows_a_password),
        cmocka_unit_test(strangers_see_no_values_that_the_owner_wrote),
        cmocka_unit_test(mistakes_over_the_maximum_are_counted),
        cmocka_unit_test(both_ends_of_each_range_are_allowed),
        cmocka_unit_test(a_line_that_is_too_long_is_an_error_and_is_not_split),
        cmocka_unit_test(trusted_proxies_may_take_several_lines),
        cmocka_unit_test(only_origins_in_the_form_of_browsers_are_accepted),
        cmocka_unit_test(a_long_or_hostile_value_is_cut_in_the_message),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
