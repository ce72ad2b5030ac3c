/* postgres_support.h - for tests of what only a store on a server does: each has a database of its
 * own, as in store_support.h.
 */
#ifndef POSTGRES_SUPPORT_H
#define POSTGRES_SUPPORT_H

#include "erase_support.h"

static inline int set_up_postgres(void **state)
{
    const void *kind = &store_kinds[POSTGRESQL];
    memcpy(state, &kind, sizeof kind);
    return set_up_store(state);
}

#define IN_POSTGRES(test) cmocka_unit_test_setup_teardown(test, set_up_postgres, tear_down)

static inline int leave_out_postgres(void)
{
    print_message("left out: PostgreSQL, which isn't here\n");
    return 0;
}

#define RUN_IN_POSTGRES(tests) (postgres_is_here() ? RUN(tests) : leave_out_postgres())

#endif
