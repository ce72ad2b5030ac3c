/* handle.c - see handle.h. */
#include "store/postgres/private/handle.h"

#include "base/ck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct postgres_handle *postgres_handle_new(const struct store_options *options, enum store_mode mode)
{
    struct postgres_handle *s = ck_calloc(1, sizeof *s);
    s->folder = ck_strdup(options->folder);
    s->address = ck_strdup(options->address);
    s->password_file = options->password_file != NULL ? ck_strdup(options->password_file) : NULL;
    s->mode = mode;
    s->busy_timeout_ms = options->busy_timeout_ms;
    s->stopping = options->stopping;
    snprintf(s->label, sizeof s->label, "PostgreSQL");
    return s;
}

void postgres_handle_free(struct postgres_handle *s)
{
    if (s == NULL) {
        return;
    }
    explicit_bzero(s->address, strlen(s->address)); /* it may have a password */
    free(s->folder);
    free(s->address);
    free(s->password_file);
    free(s);
}
