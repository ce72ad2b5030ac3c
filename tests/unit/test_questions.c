/* test_questions.c - equal questions are one, marked ones have their turn; and of deadlines.h, the
 * earliest comes first. */
#include "support.h"

#include "base/deadlines.h"
#include "wait/private/questions.h"

static struct query query_of(const char *room, uint64_t since)
{
    struct query q;
    memset(&q, 0, sizeof q);
    q.count = 1;
    q.rooms[0].since = since;
    snprintf(q.rooms[0].name, sizeof q.rooms[0].name, "%s", room);
    return q;
}

static size_t count_of(const struct questions *all)
{
    size_t count = 0;
    for (const struct question *one = all->first; one != NULL; one = one->next) {
        count++;
    }
    return count;
}

static void equal_questions_are_one_and_others_are_not(void **state)
{
    struct questions *all = calloc(1, sizeof *all);
    questions_init(all);
    struct query q = query_of("lobby", 5);
    (void)state;
    assert_non_null(all);
    struct question *a = questions_get(all, &q, "");
    assert_ptr_equal(questions_get(all, &q, ""), a);
    assert_ptr_not_equal(questions_get(all, &q, "Access-Control-Allow-Origin: https://a.example\r\n"), a);
    struct query other = query_of("lobby", 6);
    assert_ptr_not_equal(questions_get(all, &other, ""), a);
    other = query_of("lobby", 5);
    other.stream = true;
    assert_ptr_not_equal(questions_get(all, &other, ""), a);
    other = query_of("lobby", 5);
    other.rooms[1].since = 77; /* in no room that is asked for */
    assert_ptr_equal(questions_get(all, &other, ""), a);
    assert_int_equal(count_of(all), 4);
    while (all->first != NULL) {
        questions_drop(all, all->first);
    }
    free(all);
}

static void thousands_of_questions_are_found_again_and_dropped_in_any_order(void **state)
{
    enum { MANY = 9000 };
    static struct question *made[MANY];
    struct questions *all = calloc(1, sizeof *all);
    questions_init(all);
    uint64_t random = 1;
    (void)state;
    assert_non_null(all);
    for (size_t i = 0; i < MANY; i++) {
        struct query q = query_of(i % 2 == 0 ? "a" : "b", i / 2);
        made[i] = questions_get(all, &q, "");
    }
    for (size_t left = MANY; left > 0; left--) {
        size_t i = support_random(&random) % left;
        struct query *q = questions_copy_query(&made[i]->query);
        assert_ptr_equal(questions_get(all, q, ""), made[i]);
        free(q);
        questions_drop(all, made[i]);
        made[i] = made[left - 1];
    }
    assert_null(all->first);
    free(all);
}

static void marked_questions_have_their_turn_once_and_in_order(void **state)
{
    struct question *made[5];
    struct questions *all = calloc(1, sizeof *all);
    (void)state;
    assert_non_null(all);
    questions_init(all);
    for (size_t i = 0; i < 5; i++) {
        struct query q = query_of("lobby", i);
        made[i] = questions_get(all, &q, "");
        questions_mark(all, made[i]);
        questions_mark(all, made[0]);
    }
    questions_drop(all, made[0]);
    questions_drop(all, made[2]);
    questions_drop(all, made[4]);
    assert_ptr_equal(questions_take_marked(all), made[1]);
    questions_mark(all, made[1]);
    assert_ptr_equal(questions_take_marked(all), made[3]);
    assert_ptr_equal(questions_take_marked(all), made[1]);
    assert_null(questions_take_marked(all));
    questions_drop(all, made[1]);
    questions_drop(all, made[3]);
    free(all);
}

static void the_first_deadline_is_always_the_earliest(void **state)
{
    enum { MANY = 500 };
    static struct deadline d[MANY];
    bool in[MANY] = {false};
    struct deadlines all;
    uint64_t random = 7;
    (void)state;
    deadlines_init(&all);
    assert_null(deadlines_first(&all));
    for (int step = 0; step < 20000; step++) {
        size_t i = support_random(&random) % MANY;
        int64_t at = (int64_t)(support_random(&random) % 1000);
        if (!in[i]) {
            d[i].at = at;
            deadlines_add(&all, &d[i]);
            in[i] = true;
        } else if (support_random(&random) % 2 == 0) {
            deadlines_move(&all, &d[i], at);
        } else {
            deadlines_remove(&all, &d[i]);
            in[i] = false;
        }
        int64_t least = INT64_MAX;
        for (size_t k = 0; k < MANY; k++) {
            least = in[k] && d[k].at < least ? d[k].at : least;
        }
        const struct deadline *first = deadlines_first(&all);
        assert_int_equal(first != NULL ? first->at : INT64_MAX, least);
    }
    deadlines_fini(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_questions_are_one_and_others_are_not),
        cmocka_unit_test(thousands_of_questions_are_found_again_and_dropped_in_any_order),
        cmocka_unit_test(marked_questions_have_their_turn_once_and_in_order),
        cmocka_unit_test(the_first_deadline_is_always_the_earliest),
    };
    return RUN(tests);
}
