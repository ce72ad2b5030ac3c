/* test_store_address.c - store_address.h: which addresses have the right form, and that nothing
 * shows a password. */
#include "support.h"

#include "system/store_address.h"

static void addresses_in_the_form_of_libpq_are_accepted(void **state)
{
    static const char *const good[] = {
        "postgresql://",
        "postgres://db.example",
        "postgresql://db.example/chat",
        "postgresql://chat@db.example:5433/chat",
        "postgresql://chat:p%40ss%2Fw%25rd@db.example/chat",
        "postgresql://chat:p?x:y@db.example/chat",
        "postgresql://db1,db2:5433,[2001:db8::1]:5434,[::1]/chat?target_session_attrs=read-write",
        "postgresql:///chat?host=/run/postgresql&port=5433",
        "postgresql://%2Frun%2Fpostgresql/chat",
        "postgresql://db?sslmode=verify-full&sslrootcert=/etc/ssl/ca.pem",
        "postgresql://db/chat?options=-csearch_path%3Dchat",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        const char *fault = store_address_fault(good[i]);
        if (fault != NULL) {
            fail_msg("%s %s", good[i], fault);
        }
    }
}

static void other_forms_are_refused_and_the_reason_names_the_mistake(void **state)
{
    static const struct {
        const char *address;
        const char *says;
    } bad[] = {
        {"", "begins with postgresql://"},
        {"SQLite", "begins with postgresql://"},
        {"mysql://hunter2@db", "begins with postgresql://"},
        {"postgresql:/hunter2", "begins with postgresql://"},
        {"host=db password=hunter2", "begins with postgresql://"},
        {"postgresql://u:hunter2@home@db/chat", "%40 for @"},
        {"postgresql://u:hunter2/x@db/chat", "%40 for @"},
        {"postgresql://u:hunter2%@db/chat", "%25 for %"},
        {"postgresql://u:hunter2%0g@db/chat", "%25 for %"},
        {"postgresql://u:hunter2%00@db/chat", "% and two digits"},
        {"postgresql://u:hunter2 x@db/chat", "% and two digits"},
        {"postgresql://u:hunter2\xc3\xa9@db/chat", "% and two digits"},
        {"postgresql://u:hunter2@db:0/chat", "ports from 1"},
        {"postgresql://u:hunter2@db:65536/chat", "ports from 1"},
        {"postgresql://u:hunter2@db:x/chat", "HOST:PORT"},
        {"postgresql://u:hunter2@db:/chat", "HOST:PORT"},
        {"postgresql://u:hunter2@2001:db8::1/chat", "HOST:PORT"},
        {"postgresql://u:hunter2@[host]/chat", "HOST:PORT"},
        {"postgresql://u:hunter2@[::1/chat", "HOST:PORT"},
        {"postgresql://u:hunter2@[::1]x/chat", "HOST:PORT"},
        {"postgresql://u:hunter2@db/a/b", "more than one /"},
        {"postgresql://u:hunter2@db/chat?sslmode", "key=value"},
        {"postgresql://u:hunter2@db/chat?=x", "key=value"},
        {"postgresql://u@db/chat?pass%77ord=hunter2", "key=value"},
        {"postgresql://u@db/chat?a=b=hunter2", "key=value"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *fault = store_address_fault(bad[i].address);
        char shown[256];
        if (fault == NULL) {
            fail_msg("%s is accepted", bad[i].address);
        }
        assert_contains(fault, bad[i].says);
        assert_without(fault, "hunter2");
        store_address_shown(bad[i].address, shown, sizeof shown);
        if (strstr(bad[i].address, "://") != NULL) {
            assert_string_equal(shown, "(not shown)");
        }
    }
}

static void an_address_is_shown_without_what_may_be_a_secret(void **state)
{
    static const struct {
        const char *address;
        const char *shown;
    } cases[] = {
        {"postgresql://", "postgresql://"},
        {"postgresql://db1,db2:5433/chat", "postgresql://db1,db2:5433/chat"},
        {"postgres://chat@db/chat", "postgres://chat@db/chat"},
        {"postgresql://chat:hunter2@db/chat", "postgresql://chat:(not shown)@db/chat"},
        {"postgresql://:hunter2@db/chat", "postgresql://:(not shown)@db/chat"},
        {"postgresql://@db/chat", "postgresql://@db/chat"},
        {"postgresql://chat:hunt?er2:@db/chat", "postgresql://chat:(not shown)@db/chat"},
        {"postgresql://db?password=hunter2&sslmode=require&sslpassword=hunter2",
         "postgresql://db?password=(not shown)&sslmode=require&sslpassword=(not shown)"},
        {"postgresql://db/chat?user=chat&of_a_later_libpq=hunter2",
         "postgresql://db/chat?user=chat&of_a_later_libpq=(not shown)"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char shown[256];
        store_address_shown(cases[i].address, shown, sizeof shown);
        assert_string_equal(shown, cases[i].shown);
        for (size_t size = 1; size < sizeof shown; size++) { /* also where it is cut */
            store_address_shown(cases[i].address, shown, size);
            assert_int_equal(strncmp(shown, cases[i].shown, size - 1), 0);
            assert_true(strlen(shown) < size);
        }
    }
}

static void what_is_shown_with_a_hidden_password_is_no_address_itself(void **state)
{
    char shown[256];
    (void)state;
    store_address_shown("postgresql://chat:hunter2@db/chat", shown, sizeof shown);
    assert_non_null(store_address_fault(shown));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_in_the_form_of_libpq_are_accepted),
        cmocka_unit_test(other_forms_are_refused_and_the_reason_names_the_mistake),
        cmocka_unit_test(an_address_is_shown_without_what_may_be_a_secret),
        cmocka_unit_test(what_is_shown_with_a_hidden_password_is_no_address_itself),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
