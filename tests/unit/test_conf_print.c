/* test_conf_print.c - conf_print.h: the printed settings and the example. */
#include "conf_support.h"

#include "system/conf_page.h"
#include "system/conf_print.h"
#include "system/private/conf_table.h"

/* ---- printing ---- */

static char *printed(const struct conf *c)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    if (c != NULL) {
        conf_print(c, out);
    } else {
        conf_print_example(out);
    }
    fclose(out);
    return text;
}

static void prints_each_value_and_its_source(void **state)
{
    struct conf c;
    (void)state;
    load_good(&c, "\nthreads = 2\n", ENVIRONMENT("POLLCHAT_MAX_TEXT=9"), ENVIRONMENT("POLLCHAT_JOURNAL=wal"));
    char *text = printed(&c);
    assert_contains(text, "threads = 2  ; chat.conf line 2\n");
    assert_contains(text, "max_text = 9  ; environment POLLCHAT_MAX_TEXT\n");
    assert_contains(text, "journal = wal  ; environment POLLCHAT_JOURNAL\n");
    assert_contains(text, "poll_after = 2  ; default\n");
    free(text);
    own("threads = 3\n");
    load_good(&c, "threads = 2\nmax_text = 9\n", NULL, NULL);
    text = printed(&c);
    assert_contains(text, "threads = 3  ; my-chat.conf line 1\n");
    assert_contains(text, "max_text = 9  ; chat.conf line 2\n");
    free(text);
    own(NULL);
    load_faulty(&c, "\nthreads = x\nstatus = y\n", NULL, NULL);
    text = printed(&c);
    assert_contains(text, "threads = 16  ; default, because chat.conf line 2 is wrong\n");
    assert_contains(text, "status = nobody  ; to be safe, because chat.conf line 3 is wrong\n");
    free(text);
    load_good(&c, "", NULL, NULL); /* nothing remains of the previous load */
    text = printed(&c);
    assert_contains(text, "threads = 16  ; default\n");
    assert_contains(text, "max_held = auto  ; default\n");
    free(text);
}

static void a_printed_address_has_no_password(void **state)
{
    struct conf c;
    (void)state;
    load_good(&c, "store = postgresql://chat:hunter2@db/chat?sslpassword=hunter2\n", NULL, NULL);
    char *text = printed(&c);
    assert_contains(text,
                    "\nstore = postgresql://chat:(not shown)@db/chat?sslpassword=(not shown)  ; chat.conf line 1\n");
    assert_without(text, "hunter2");
    free(text);
    struct conf_page_row row;
    for (unsigned i = 0; conf_page_row(&c, i, &row); i++) { /* the owner's page */
        assert_without(row.value, "hunter2");
    }
}

static void the_printed_settings_can_be_read_again(void **state)
{
    struct conf c;
    struct conf again;
    (void)state;
    load_good(&c, "threads = 2\nmax_held = 3\nallow_origin = https://a.example *\njournal = rollback\ndata = /x\n",
              NULL, NULL);
    char *text = printed(&c);
    load_good(&again, text, NULL, NULL);
    assert_memory_equal(&again, &c, sizeof c);
    free(text);
}

static void the_example_changes_nothing_and_has_the_defaults_when_uncommented(void **state)
{
    struct conf defaults;
    struct conf c;
    size_t settings = 0;
    (void)state;
    load_good(&defaults, "", NULL, NULL);
    char *text = printed(NULL);
    load_good(&c, text, NULL, NULL);
    assert_memory_equal(&c, &defaults, sizeof c);
    assert_contains(
        text, "\n; Greatest length of a message's text, in bytes.\n; Allowed: 1 to 16777216.\n;max_text = 262144\n");
    assert_contains(text, "\n;allow_origin =\n");
    /* Lines ";key = value" have no space after the ';'. */
    for (char *at = text; (at = strstr(at, "\n;")) != NULL; at += 2) {
        if (at[2] != ' ') {
            at[1] = ' ';
            settings++;
        }
    }
    load_good(&c, text, NULL, NULL);
    assert_memory_equal(&c, &defaults, sizeof c);
    assert_int_equal(settings, CONF_SETTINGS);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_each_value_and_its_source),
        cmocka_unit_test(a_printed_address_has_no_password),
        cmocka_unit_test(the_printed_settings_can_be_read_again),
        cmocka_unit_test(the_example_changes_nothing_and_has_the_defaults_when_uncommented),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
