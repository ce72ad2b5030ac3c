/* test_limit_rates.c - limit_rates.h and limiter.h: the default limits against simulated people and
 * scripts. People are never refused, scripts soon.
 *
 * The clock is simulated, so an hour takes a second or two.
 */
#include "support.h"

#include "base/clock.h"
#include "base/err.h"
#include "site/limiter.h"
#include "system/conf.h"
#include "system/conf_load.h"

#include <stdlib.h>

enum { PEOPLE = 200, STEP_MS = 100, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* ---- the clock; the linker takes these functions instead of the library's ---- */

static int64_t now_ms;

int64_t clock_wall_ms(void)
{
    return INT64_C(1790000000000) + now_ms;
}

int64_t clock_mono_ms(void)
{
    return now_ms;
}

int64_t clock_mono_us(void)
{
    return now_ms * 1000;
}

void clock_sleep_ms(int64_t ms)
{
    now_ms += ms;
}

void clock_text(int64_t wall_ms, char out[CLOCK_TEXT_SIZE])
{
    (void)wall_ms;
    memset(out, 0, CLOCK_TEXT_SIZE);
}

/* ---- a site with the default settings ---- */

static struct conf conf;
static struct limiter *limiter;
static uint64_t state_of_chance;

/* Forgets all debts. */
static void begin_anew(void)
{
    limiter_free(limiter);
    limiter = limiter_new(&conf);
    now_ms = 0;
    state_of_chance = 42;
}

static int begin(void **state)
{
    static const char *const settings[] = {"POLLCHAT_DATA=/nonexistent/pollchat", NULL};
    (void)state;
    assert_int_equal(conf_load(&conf, "/tmp", NULL, settings, NULL), 0);
    begin_anew();
    return 0;
}

static int end(void **state)
{
    (void)state;
    limiter_free(limiter);
    limiter = NULL;
    return 0;
}

static bool happens(unsigned of_a_million)
{
    return support_random(&state_of_chance) % 1000000 < of_a_million;
}

static unsigned below(unsigned most)
{
    return (unsigned)(support_random(&state_of_chance) % most);
}

static struct limiter_who visitor(const char *address, uint64_t key)
{
    struct limiter_who who = {.network = LIMITER_KNOWN, .address = address_of(address), .has_key = key != 0};
    memcpy(who.key, &key, sizeof key);
    return who;
}

static unsigned send(const struct limiter_who *who, size_t length)
{
    struct err e = ERR_INIT;
    int result = limiter_send(limiter, who, "lobby", length, &e);
    assert_int_equal(result != 0, e.code == ERR_RATE);
    assert_int_equal(result != 0, e.retry_s > 0);
    return e.retry_s;
}

/* ---- people ---- */

struct person {
    struct limiter_who who;
    int64_t comes;
    int64_t next_line; /* 0: writes nothing now */
    unsigned lines;    /* of a thought, one every two seconds */
};

struct crowd {
    struct person people[PEOPLE];
    bool costs_process; /* polls are timed, each two seconds; else each waits for a message */
    unsigned sent;
    unsigned asked;
    unsigned refused_sends;
    unsigned refused_polls;
};

static void count_poll(struct crowd *c, const struct person *p)
{
    c->asked++;
    c->refused_polls += limiter_poll(limiter, &p->who, NULL) != 0;
}

static bool writes(struct crowd *c, struct person *p)
{
    if (p->next_line == 0 || now_ms < p->next_line) {
        return false;
    }
    p->lines--;
    p->next_line = p->lines > 0 ? now_ms + 2 * SECOND : 0;
    c->sent++;
    c->refused_sends += send(&p->who, 10 + below(300)) != 0;
    return true;
}

/* A thought of one to three lines every three minutes; and every six minutes a cheer, in which two
 * of three people write within ten seconds. */
static void think(struct person *p)
{
    if (p->next_line == 0 && happens(STEP_MS * 1000 / 180)) {
        p->next_line = now_ms;
        p->lines = 1 + below(3);
    }
    if (p->next_line == 0 && now_ms > 0 && now_ms % (6 * MINUTE) == 0 && below(3) > 0) {
        p->next_line = now_ms + below(10 * SECOND);
        p->lines = 1;
    }
}

static bool polls(const struct crowd *c, size_t i, bool is_news)
{
    return c->costs_process ? now_ms / STEP_MS % 20 == (int64_t)(i % 20) : is_news;
}

static void pass_an_hour(struct crowd *c, const char *address, bool have_keys)
{
    bool is_news = false;
    begin_anew();
    limiter_note_cost(limiter, c->costs_process);
    for (size_t i = 0; i < PEOPLE; i++) {
        c->people[i] = (struct person){.who = visitor(address, have_keys ? i + 1 : 0), .comes = below(5 * MINUTE)};
    }
    for (now_ms = 0; now_ms < HOUR; now_ms += STEP_MS) {
        bool was_news = is_news;
        is_news = false;
        for (size_t i = 0; i < PEOPLE; i++) {
            struct person *p = &c->people[i];
            if (now_ms < p->comes) {
                continue;
            }
            if (now_ms - p->comes < STEP_MS) {
                c->refused_polls += limiter_stream(limiter, &p->who, NULL) != 0;
            }
            think(p);
            is_news = writes(c, p) || is_news;
            if (polls(c, i, was_news)) {
                count_poll(c, p);
            }
        }
    }
}

static void two_hundred_lively_people_behind_one_address_are_never_refused(void **state)
{
    static const char *const addresses[] = {"203.0.113.9", "2001:db8:1:2::3"};
    struct crowd *c = calloc(1, sizeof *c);
    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        *c = (struct crowd){.sent = 0};
        pass_an_hour(c, addresses[i], true);
        print_message("%s: %u messages, %u polls\n", addresses[i], c->sent, c->asked);
        assert_in_range(c->sent, 5000, 20000);
        assert_int_equal(c->refused_sends, 0);
        assert_int_equal(c->refused_polls, 0);
    }
    free(c);
}

static void nor_where_each_poll_costs_a_process_and_they_ask_every_two_seconds(void **state)
{
    struct crowd *c = calloc(1, sizeof *c);
    (void)state;
    c->costs_process = true;
    pass_an_hour(c, "203.0.113.9", true);
    assert_in_range(c->asked, 300000, 400000);
    assert_int_equal(c->refused_sends, 0);
    assert_int_equal(c->refused_polls, 0);
    free(c);
}

static void when_the_server_starts_again_all_their_streams_are_taken(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < PEOPLE; i++) {
        const struct limiter_who who = visitor("203.0.113.9", i + 1);
        assert_int_equal(limiter_stream(limiter, &who, NULL), 0);
        limiter_note_cost(limiter, true);
        assert_int_equal(limiter_poll(limiter, &who, NULL), 0);
    }
}

static void a_person_who_was_offline_sends_ten_lines_at_once_and_a_long_text(void **state)
{
    const struct limiter_who who = visitor("203.0.113.9", 1);
    (void)state;
    for (int i = 0; i < 9; i++) {
        assert_int_equal(send(&who, 100), 0);
    }
    assert_int_equal(send(&who, (size_t)conf.max_text), 0);
}

/* ---- scripts ---- */

struct script {
    const char *const *addresses; /* in turn */
    size_t count;
    bool new_keys; /* one for each message; else always the same */
    size_t length;
    enum limiter_network network;
    unsigned refused_at; /* which message was refused first */
    unsigned in_a_minute;
    unsigned in_an_hour;
};

/* A message every 10 ms, whatever the answer is. */
static void run(struct script *s)
{
    unsigned tries = 0;
    begin_anew();
    for (now_ms = 0; now_ms < HOUR; now_ms += 10) {
        struct limiter_who who = visitor(s->addresses[tries % s->count], s->new_keys ? tries + 1000 : 7);
        who.network = s->network;
        bool is_stored = send(&who, s->length) == 0;
        tries++;
        if (!is_stored && s->refused_at == 0) {
            s->refused_at = tries;
        }
        s->in_an_hour += is_stored;
        s->in_a_minute += is_stored && now_ms < MINUTE;
    }
    print_message("refused at message %u; in a minute %u, in an hour %u of %u\n", s->refused_at, s->in_a_minute,
                  s->in_an_hour, tries);
}

static const char *const one[] = {"203.0.113.9"};
static const char *const neighbours[] = {"203.0.113.9", "203.0.113.10", "203.0.113.200"};
static const char *const three[] = {"203.0.113.9", "198.51.100.1", "192.0.2.1"};
static const char *const eight[] = {"2001:db8:1:1::1", "2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:1:4::1",
                                    "2001:db8:1:5::1", "2001:db8:1:6::1", "2001:db8:1:7::1", "2001:db8:1:8::1"};

static void a_script_with_one_key_is_refused_at_its_eleventh_message(void **state)
{
    struct script s = {.addresses = three, .count = COUNT(three), .length = 100, .network = LIMITER_KNOWN};
    (void)state;
    run(&s);
    assert_in_range(s.refused_at, 11, 12);
    assert_in_range(s.in_a_minute, 30, 40);
    assert_in_range(s.in_an_hour, 1700, 1815);
}

static void a_script_with_a_new_key_each_time_is_refused_within_a_second_and_slow_from_then(void **state)
{
    struct script s = {.addresses = one, .count = 1, .new_keys = true, .length = 100, .network = LIMITER_KNOWN};
    (void)state;
    run(&s);
    assert_in_range(s.refused_at, 80, 85);
    assert_in_range(s.in_a_minute, 80, 101);
    assert_in_range(s.in_an_hour, 1200, 1290);
}

static void addresses_of_one_network_help_it_nothing(void **state)
{
    struct script s = {
        .addresses = neighbours, .count = COUNT(neighbours), .new_keys = true, .length = 100, .network = LIMITER_KNOWN};
    (void)state;
    run(&s);
    assert_in_range(s.in_an_hour, 1200, 1290);
}

static void three_networks_get_three_times_as_much_and_no_more(void **state)
{
    struct script s = {
        .addresses = three, .count = COUNT(three), .new_keys = true, .length = 100, .network = LIMITER_KNOWN};
    (void)state;
    run(&s);
    assert_in_range(s.refused_at, 160, 250); /* new visitors have half of the room */
    assert_in_range(s.in_a_minute, 240, 303);
    assert_in_range(s.in_an_hour, 3600, 3870);
}

static void eight_networks_of_one_customer_get_four_times_as_much(void **state)
{
    struct script s = {
        .addresses = eight, .count = COUNT(eight), .new_keys = true, .length = 100, .network = LIMITER_KNOWN};
    (void)state;
    run(&s);
    assert_in_range(s.in_an_hour, 4 * 1200, 4 * 1290);
}

static void without_a_key_a_network_counts_as_one_visitor(void **state)
{
    (void)state;
    unsigned stored = 0;
    for (now_ms = 0; now_ms < MINUTE; now_ms += 10) {
        const struct limiter_who who = visitor(neighbours[now_ms / 10 % 3], 0);
        stored += send(&who, 100) == 0;
    }
    assert_in_range(stored, 30, 40);
}

static void behind_a_proxy_that_is_not_trusted_keys_and_rooms_are_limited(void **state)
{
    struct script s = {.addresses = one, .count = 1, .new_keys = true, .length = 100, .network = LIMITER_UNKNOWN};
    (void)state;
    run(&s);
    assert_in_range(s.in_an_hour, 4 * 1200, 4 * 1290); /* new keys of all visitors together */
    struct script same = s;
    same.new_keys = false;
    same.refused_at = 0;
    run(&same);
    assert_in_range(same.refused_at, 11, 12);
    begin_anew();
    struct limiter_who guest = visitor("127.0.0.1", 0);
    guest.network = LIMITER_UNKNOWN;
    unsigned stored = 0;
    for (int i = 0; i < 1000; i++) {
        stored += send(&guest, 100) == 0;
    }
    assert_in_range(stored, 100, 150); /* half of the room's */
}

static void those_who_forge_a_header_are_one_network(void **state)
{
    struct script s = {
        .addresses = three, .count = COUNT(three), .new_keys = true, .length = 100, .network = LIMITER_FORGED};
    (void)state;
    run(&s);
    assert_in_range(s.in_an_hour, 1200, 1290);
}

/* One address stored 24 MB a second once: a quota of 1 GB in 41 s. */
static void long_texts_are_counted_in_bytes(void **state)
{
    unsigned sent = 0;
    (void)state;
    for (now_ms = 0; now_ms < MINUTE; now_ms += 10) {
        const struct limiter_who who = visitor(one[0], 7);
        sent += send(&who, 256 * 1024) == 0;
    }
    assert_in_range(sent, 8, 24); /* 6 MB */
    sent = 0;
    for (now_ms = MINUTE; now_ms < 11 * MINUTE; now_ms += 10) {
        const struct limiter_who who = visitor("198.51.100.1", (uint64_t)now_ms);
        sent += send(&who, 256 * 1024) == 0;
    }
    assert_in_range(sent, 100, 10 * 64 + 32);
}

static void a_flood_from_a_thousand_networks_leaves_half_of_a_room_to_those_who_were_there(void **state)
{
    const struct limiter_who ann = visitor("2001:db8:9:9::1", 1);
    unsigned flooded = 0;
    unsigned tried = 0;
    (void)state;
    assert_int_equal(send(&ann, 20), 0);
    for (now_ms = 11 * MINUTE; now_ms < 21 * MINUTE; now_ms += 10) {
        char address[32];
        snprintf(address, sizeof address, "198.%u.%u.1", 18 + tried % 4, tried / 4 % 250);
        const struct limiter_who who = visitor(address, tried + 1000);
        flooded += send(&who, 200) == 0;
        if (tried++ % 300 == 0) { /* every three seconds */
            assert_int_equal(send(&ann, 20), 0);
        }
    }
    assert_in_range(flooded, 5000, 6200); /* of 60,000 */
}

static void a_flood_of_polls_is_refused_within_a_second(void **state)
{
    unsigned answered[2] = {0, 0};
    (void)state;
    for (int costs = 0; costs < 2; costs++) {
        const struct limiter_who who = visitor(costs == 1 ? "198.51.100.1" : "203.0.113.9", 0);
        limiter_note_cost(limiter, costs == 1);
        for (now_ms = 0; now_ms < 10 * SECOND; now_ms++) {
            for (int i = 0; i < 10; i++) { /* 10,000 a second */
                answered[costs] += limiter_poll(limiter, &who, NULL) == 0;
            }
        }
    }
    print_message("of 100,000 polls in ten seconds: %u, and %u where each costs a process\n", answered[0], answered[1]);
    assert_in_range(answered[0], 20000, 28000);
    assert_in_range(answered[1], 1500, 2100);
}

static void one_key_cannot_use_up_the_polls_of_its_network(void **state)
{
    const struct limiter_who script = visitor("203.0.113.9", 1);
    const struct limiter_who neighbour = visitor("203.0.113.9", 2);
    (void)state;
    limiter_note_cost(limiter, true);
    for (now_ms = 0; now_ms < 10 * SECOND; now_ms++) {
        (void)limiter_poll(limiter, &script, NULL);
    }
    assert_int_equal(limiter_poll(limiter, &neighbour, NULL), 0);
}

static void wrong_secrets_are_counted_and_right_ones_are_not(void **state)
{
    const struct limiter_who thief = visitor("203.0.113.9", 1);
    const struct limiter_who other = visitor("198.51.100.1", 2);
    unsigned tried = 0;
    (void)state;
    for (now_ms = 0; now_ms < HOUR; now_ms += SECOND) {
        tried += limiter_secret(limiter, &thief, NULL) == 0;
        assert_int_equal(limiter_secret(limiter, &other, NULL), 0);
        limiter_secret_right(limiter, &other);
    }
    assert_in_range(tried, 30, 41);
}

static void the_words_say_what_is_limited_and_when_to_come_back(void **state)
{
    struct limiter_who who = visitor("203.0.113.9", 1);
    struct err e = ERR_INIT;
    (void)state;
    while (limiter_send(limiter, &who, "lobby", 10, &e) == 0) {
    }
    assert_string_equal(e.text, "You write messages faster than this chat allows. The message was not stored. Try "
                                "again in 2 seconds.");
    assert_int_equal(e.retry_s, 2);
    err_clear(&e);
    assert_int_equal(limiter_send_begin(limiter, &who, &e), -1);
    err_clear(&e);
    while (limiter_secret(limiter, &who, &e) == 0) {
    }
    assert_string_equal(e.text, "Too many wrong codes or passwords came from your network. Try again in 2 minutes.");
    assert_int_equal(e.retry_s, 120);
}

static void the_settings_set_the_limits_and_switch_them_off(void **state)
{
    struct limiter_who who = visitor("203.0.113.9", 1);
    (void)state;
    conf.limit_sends = 300;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(send(&who, 10), 0);
    }
    assert_int_not_equal(send(&who, 10), 0);
    who.is_local = true;
    assert_int_equal(send(&who, 10), 0);
    conf.limit_local = 1;
    assert_int_not_equal(send(&who, 10), 0);
    conf.limits = 0;
    assert_int_equal(send(&who, 10), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(two_hundred_lively_people_behind_one_address_are_never_refused),
        TEST(nor_where_each_poll_costs_a_process_and_they_ask_every_two_seconds),
        TEST(when_the_server_starts_again_all_their_streams_are_taken),
        TEST(a_person_who_was_offline_sends_ten_lines_at_once_and_a_long_text),
        TEST(a_script_with_one_key_is_refused_at_its_eleventh_message),
        TEST(a_script_with_a_new_key_each_time_is_refused_within_a_second_and_slow_from_then),
        TEST(addresses_of_one_network_help_it_nothing),
        TEST(three_networks_get_three_times_as_much_and_no_more),
        TEST(eight_networks_of_one_customer_get_four_times_as_much),
        TEST(without_a_key_a_network_counts_as_one_visitor),
        TEST(behind_a_proxy_that_is_not_trusted_keys_and_rooms_are_limited),
        TEST(those_who_forge_a_header_are_one_network),
        TEST(long_texts_are_counted_in_bytes),
        TEST(a_flood_from_a_thousand_networks_leaves_half_of_a_room_to_those_who_were_there),
        TEST(a_flood_of_polls_is_refused_within_a_second),
        TEST(one_key_cannot_use_up_the_polls_of_its_network),
        TEST(wrong_secrets_are_counted_and_right_ones_are_not),
        TEST(the_words_say_what_is_limited_and_when_to_come_back),
        TEST(the_settings_set_the_limits_and_switch_them_off),
    };
    return RUN(tests);
}
