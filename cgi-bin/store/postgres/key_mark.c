/* key_mark.c - see key_mark.h. */
#include "store/postgres/private/key_mark.h"

#include "base/ck.h"
#include "store/postgres/private/link.h"
#include "store/store_upkeep.h"

#include <stdio.h>
#include <string.h>

/* The first mark stays, whichever host is first. */
static int keep(struct postgres_handle *s, const char *mark, struct err *e)
{
    char text[128];
    snprintf(text, sizeof text, "UPDATE meta SET key_mark = '%s' WHERE key_mark IS NULL", mark);
    PGresult *done = postgres_link_run(s, text, "keep the mark of the key", e);
    int result = done != NULL ? 0 : -1;
    PQclear(done);
    return result;
}

int postgres_key_mark_keep(struct store *base, const char *mark, char *kept, struct err *e)
{
    struct postgres_handle *s = (struct postgres_handle *)base;
    CK(strlen(mark) == STORE_KEY_MARK_SIZE - 1 && strspn(mark, "0123456789abcdef") == strlen(mark));
    if (s->mode == STORE_WRITE && keep(s, mark, e) != 0) {
        return -1;
    }
    PGresult *row = postgres_link_run(s, "SELECT key_mark FROM meta", "read the mark of the key", e);
    if (row == NULL) {
        return -1;
    }
    if (PQntuples(row) == 1) {
        snprintf(kept, STORE_KEY_MARK_SIZE, "%s", PQgetvalue(row, 0, 0)); /* of NULL it is "" */
    }
    PQclear(row);
    return 0;
}
