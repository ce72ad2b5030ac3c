/* test_route.c - route.h: which handler a request is for, by any address scheme of the server. */
#include "fake_request.h"

#include "web/reply.h"
#include "web/request.h"
#include "web/route.h"

#define VARIABLES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void answer_with_context(struct request *request, void *context)
{
    struct reply r;
    reply_init(&r, 200);
    buf_adds(&r.body, context);
    reply_send(request, &r);
    reply_fini(&r);
}

static void answer_poll(struct request *request, void *context)
{
    (void)context;
    static char word[] = "poll";
    answer_with_context(request, word);
}

static void dispatch(struct fake *f, const char *const *variables)
{
    static const struct route routes[] = {{"send", REQUEST_POST, CHAT_MEMBER, answer_with_context},
                                          {"poll", REQUEST_GET | REQUEST_HEAD, CHAT_READER, answer_poll},
                                          {"later", 0, CHAT_NOBODY, NULL},
                                          {NULL, 0, CHAT_NOBODY, NULL}};
    static char context[] = "context";
    fake_init(f, FAKE_FASTCGI, variables, NULL, 0);
    route_dispatch(routes, &f->request, NULL, context);
    assert_int_equal(f->finished, 1);
}

static void the_name_is_found_in_every_address_scheme(void **state)
{
    static const struct {
        const char *script;
        const char *path;
    } cases[] = {
        {"SCRIPT_NAME=/poll", "PATH_INFO="},
        {"SCRIPT_NAME=/poll", "X=1"},
        {"SCRIPT_NAME=/poll", "PATH_INFO=/"},
        {"SCRIPT_NAME=/poll", "PATH_INFO=//"},
        {"SCRIPT_NAME=poll", "X=1"},
        {"SCRIPT_NAME=/cgi-bin/poll", "X=1"},
        {"SCRIPT_NAME=/cgi-bin/poll.cgi", "X=1"},
        {"SCRIPT_NAME=/~ann/chat/poll.fcgi", "X=1"},
        {"SCRIPT_NAME=/cgi-bin/poll.fcgi.new", "X=1"},
        {"SCRIPT_NAME=", "PATH_INFO=/poll"},
        {"X=1", "PATH_INFO=/poll"},
        {"X=1", "PATH_INFO=poll"},
        {"X=1", "PATH_INFO=/poll/"},
        {"SCRIPT_NAME=/cgi-bin/chat.fcgi", "PATH_INFO=/poll"},
        {"SCRIPT_NAME=/cgi-bin/poll", "PATH_INFO=/poll"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake f;
        dispatch(&f, VARIABLES("REQUEST_METHOD=GET", cases[i].script, cases[i].path));
        if (fake_status(&f) != 200 || strcmp(fake_body(&f), "poll") != 0) {
            fail_msg("%s, %s: %s", cases[i].script, cases[i].path, f.answer.bytes);
        }
        fake_fini(&f);
    }
}

static void a_reserved_name_is_404_by_every_method(void **state)
{
    static const char *const methods[] = {"REQUEST_METHOD=GET", "REQUEST_METHOD=POST", "REQUEST_METHOD=OPTIONS"};
    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct fake f;
        dispatch(&f, VARIABLES(methods[i], "SCRIPT_NAME=/later"));
        assert_int_equal(fake_status(&f), 404);
        fake_fini(&f);
    }
}

static void other_addresses_are_404(void **state)
{
    static const struct {
        const char *script;
        const char *path;
    } cases[] = {
        {"X=1", "Y=1"},
        {"SCRIPT_NAME=/", "X=1"},
        {"SCRIPT_NAME=/poll/", "X=1"},
        {"SCRIPT_NAME=/Poll", "X=1"},
        {"SCRIPT_NAME=/polls", "X=1"},
        {"SCRIPT_NAME=/pol", "X=1"},
        {"SCRIPT_NAME=/.poll", "X=1"},
        {"SCRIPT_NAME=/poll", "PATH_INFO=/stream"}, /* PATH_INFO counts before SCRIPT_NAME */
        {"X=1", "PATH_INFO=/poll.cgi"},
        {"X=1", "PATH_INFO=/poll/lobby"}, /* as with a short address: /poll/lobby is 404 too */
        {"X=1", "PATH_INFO=/poll//"},
        {"X=1", "PATH_INFO=/poll%00"},
        {"X=1", "PATH_INFO=/pollpollpollpollpollpollpollpollpollpollpollpollpollpollpollpollpollpollpollpollpoll"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake f;
        dispatch(&f, VARIABLES("REQUEST_METHOD=GET", cases[i].script, cases[i].path));
        if (fake_status(&f) != 404) {
            fail_msg("%s, %s: %s", cases[i].script, cases[i].path, f.answer.bytes);
        }
        assert_contains(fake_body(&f), "urn:pollchat:problem:not-found");
        fake_fini(&f);
    }
}

static void the_handler_gets_the_context_of_the_program(void **state)
{
    struct fake f;
    (void)state;
    dispatch(&f, VARIABLES("REQUEST_METHOD=POST", "SCRIPT_NAME=/send"));
    assert_string_equal(fake_body(&f), "context");
    fake_fini(&f);
}

static void other_methods_are_405_with_allow(void **state)
{
    static const char *const methods[] = {"REQUEST_METHOD=GET", "REQUEST_METHOD=HEAD", "REQUEST_METHOD=DELETE",
                                          "REQUEST_METHOD=post", "REQUEST_METHOD="};
    struct fake f;
    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        dispatch(&f, VARIABLES(methods[i], "SCRIPT_NAME=/send"));
        assert_int_equal(fake_status(&f), 405);
        assert_header(&f, "Allow", "POST, OPTIONS");
        fake_fini(&f);
    }
    dispatch(&f, VARIABLES("REQUEST_METHOD=POST", "SCRIPT_NAME=/poll"));
    assert_int_equal(fake_status(&f), 405);
    assert_header(&f, "Allow", "GET, HEAD, OPTIONS");
    assert_contains(fake_body(&f), "/poll accepts these methods: GET, HEAD, OPTIONS.");
    assert_contains(fake_body(&f), "urn:pollchat:problem:method-not-allowed");
    fake_fini(&f);
}

static void head_has_the_handler_of_get(void **state)
{
    struct fake f;
    (void)state;
    dispatch(&f, VARIABLES("REQUEST_METHOD=HEAD", "SCRIPT_NAME=/poll"));
    assert_int_equal(fake_status(&f), 200);
    assert_header(&f, "Content-Length", "4");
    assert_string_equal(fake_body(&f), "");
    fake_fini(&f);
}

static void options_is_answered_for_every_route(void **state)
{
    struct fake f;
    (void)state;
    dispatch(&f, VARIABLES("REQUEST_METHOD=OPTIONS", "SCRIPT_NAME=/send"));
    assert_int_equal(fake_status(&f), 204);
    assert_header(&f, "Allow", "POST, OPTIONS");
    assert_header(&f, "Content-Length", NULL);
    fake_fini(&f);
    dispatch(&f, VARIABLES("REQUEST_METHOD=OPTIONS", "SCRIPT_NAME=/nothing"));
    assert_int_equal(fake_status(&f), 404);
    fake_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_is_found_in_every_address_scheme),
        cmocka_unit_test(a_reserved_name_is_404_by_every_method),
        cmocka_unit_test(other_addresses_are_404),
        cmocka_unit_test(the_handler_gets_the_context_of_the_program),
        cmocka_unit_test(other_methods_are_405_with_allow),
        cmocka_unit_test(head_has_the_handler_of_get),
        cmocka_unit_test(options_is_answered_for_every_route),
    };
    return RUN(tests);
}
