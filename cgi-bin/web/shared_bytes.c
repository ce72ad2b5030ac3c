/* shared_bytes.c - see shared_bytes.h. */
#include "web/shared_bytes.h"

#include "base/ck.h"
#include "system/budget.h"

#include <stdlib.h>

struct shared_bytes *shared_bytes_new(struct fcgi_output *output)
{
    struct shared_bytes *b = ck_malloc(sizeof *b);
    atomic_init(&b->users, 1);
    b->counted = false;
    b->output = *output;
    buf_trim(&b->output.body);
    fcgi_output_init(output, false);
    b->size = fcgi_output_size(&b->output);
    return b;
}

struct shared_bytes *shared_bytes_keep(struct shared_bytes *b)
{
    if (!b->counted) {
        b->counted = true;
        budget_keep(b->size);
    }
    atomic_fetch_add(&b->users, 1);
    return b;
}

void shared_bytes_release(struct shared_bytes *b)
{
    if (b != NULL && atomic_fetch_sub(&b->users, 1) == 1) {
        if (b->counted) {
            budget_keep_no_more(b->size);
        }
        fcgi_output_fini(&b->output);
        free(b);
    }
}
