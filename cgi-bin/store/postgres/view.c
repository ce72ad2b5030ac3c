/* view.c - see view.h. */
#include "store/postgres/private/view.h"

#include "store/postgres/private/replica.h"
#include "store/postgres/private/rows.h"
#include "store/postgres/private/transaction.h"
#include "store/sql/rows.h"

static struct postgres_handle *mine(struct store *base)
{
    return (struct postgres_handle *)base;
}

int postgres_view_begin(struct store *base, struct err *e)
{
    return postgres_transaction_view_begin(mine(base), e);
}

void postgres_view_end(struct store *base)
{
    if (postgres_replica_viewed(mine(base)) != NULL) {
        postgres_replica_end(mine(base));
    } else {
        postgres_transaction_view_end(mine(base));
    }
}

int postgres_view_enter(struct sql_store *s, bool *begun, struct err *e)
{
    *begun = mine(&s->base)->open == POSTGRES_NOTHING;
    return *begun ? postgres_view_begin(&s->base, e) : 0;
}

void postgres_view_leave(struct sql_store *s, bool begun)
{
    if (begun) {
        postgres_view_end(&s->base);
    }
}

int postgres_view_room(struct store *base, const char *name, struct store_room *out, struct err *e)
{
    struct sql_store *s = &mine(base)->sql;
    struct sql_room room = {.id = 0};
    bool begun = false;
    if (postgres_view_enter(s, &begun, e) != 0) {
        return -1;
    }
    int result = postgres_rows_find_room(s, name, &room, e);
    postgres_view_leave(s, begun);
    *out = (struct store_room){.head = room.head, .oldest = room.oldest};
    return result;
}

static int read_replica(const struct postgres_handle *s, struct postgres_handle *replica,
                        const struct store_range *range, struct store_page *page, struct err *e)
{
    int result = postgres_rows_read(&replica->sql, range, page, e);
    if (result != 0) {
        postgres_replica_failed(s);
    }
    return result;
}

int postgres_view_read(struct store *base, const struct store_range *range, struct store_page *page, struct err *e)
{
    struct sql_store *s = &mine(base)->sql;
    struct postgres_handle *replica = postgres_replica_viewed(mine(base));
    bool begun = false;
    if (replica != NULL) {
        return read_replica(mine(base), replica, range, page, e);
    }
    if (postgres_view_enter(s, &begun, e) != 0) {
        return -1;
    }
    int result = postgres_rows_read(s, range, page, e);
    postgres_view_leave(s, begun);
    return result;
}
