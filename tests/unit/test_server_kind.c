/* test_server_kind.c - what a waiting request keeps busy behind which server, as the process finds
 * out while it runs. */
#include "fake_request.h"

#include "wait/private/server_kind.h"

/* A request with these two CGI variables. */
static struct request request_from(const char *software, const char *file)
{
    static const struct web_carrier carrier;
    const char *const environment[] = {software, file, NULL};
    struct request x;
    size_t count = 0;
    memset(&x, 0, sizeof x);
    struct variable *variables = web_carrier_variables(environment, &count);
    web_carrier_init(&x, &carrier, variables, count);
    return x;
}

static enum allowance_server cost_of(struct server_kind *k, const char *software, const char *file)
{
    struct request x = request_from(software, file);
    enum allowance_server cost = server_kind_cost(k, &x);
    web_carrier_fini(&x);
    return cost;
}

static void arrive(struct server_kind *k, const char *software, bool waiting)
{
    struct request x = request_from(software, NULL);
    server_kind_note_arrival(k, &x, waiting);
    web_carrier_fini(&x);
}

#define APACHE "SERVER_SOFTWARE=Apache/2.4.62"
#define PROXY "SCRIPT_FILENAME=proxy:fcgi://localhost/srv/poll"

static void servers_that_send_many_requests_are_known_by_what_they_say(void **state)
{
    struct server_kind k;
    (void)state;
    server_kind_init(&k, true);
    assert_int_equal(cost_of(&k, "SERVER_SOFTWARE=lighttpd/1.4", NULL), ALLOWANCE_CONNECTIONS);
    assert_int_equal(cost_of(&k, "SERVER_SOFTWARE=nginx/1.22", NULL), ALLOWANCE_CONNECTIONS);
    assert_int_equal(cost_of(&k, "SERVER_SOFTWARE=Caddy/v2", NULL), ALLOWANCE_CONNECTIONS);
    assert_int_equal(cost_of(&k, APACHE, PROXY), ALLOWANCE_WORKERS);
    assert_int_equal(cost_of(&k, APACHE, NULL), ALLOWANCE_PROCESSES);
    assert_int_equal(cost_of(&k, "SERVER_SOFTWARE=other", NULL), ALLOWANCE_PROCESSES);
}

static void a_second_request_while_one_waits_shows_that_the_process_gets_many(void **state)
{
    struct server_kind k;
    (void)state;
    server_kind_init(&k, true);
    arrive(&k, APACHE, false);
    arrive(&k, APACHE, false);
    assert_true(server_kind_costs_process(&k));
    arrive(&k, APACHE, true);
    assert_false(server_kind_costs_process(&k));
    assert_int_equal(cost_of(&k, APACHE, NULL), ALLOWANCE_WORKERS);
    assert_int_equal(cost_of(&k, "SERVER_SOFTWARE=other", NULL), ALLOWANCE_CONNECTIONS);
}

static void plain_cgi_costs_a_process_behind_any_server(void **state)
{
    struct server_kind k;
    (void)state;
    server_kind_init(&k, false);
    assert_true(server_kind_costs_process(&k));
    assert_int_equal(cost_of(&k, "SERVER_SOFTWARE=lighttpd/1.4", NULL), ALLOWANCE_PROCESSES);
}

static void output_does_not_pass_mod_fcgid_at_once(void **state)
{
    struct server_kind k;
    (void)state;
    server_kind_init(&k, true);
    struct request fcgid = request_from(APACHE, NULL);
    assert_false(server_kind_passes_output(&k, &fcgid));
    web_carrier_fini(&fcgid);
    struct request proxied = request_from(APACHE, PROXY);
    assert_true(server_kind_passes_output(&k, &proxied));
    web_carrier_fini(&proxied);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_that_send_many_requests_are_known_by_what_they_say),
        cmocka_unit_test(a_second_request_while_one_waits_shows_that_the_process_gets_many),
        cmocka_unit_test(plain_cgi_costs_a_process_behind_any_server),
        cmocka_unit_test(output_does_not_pass_mod_fcgid_at_once),
    };
    return RUN(tests);
}
