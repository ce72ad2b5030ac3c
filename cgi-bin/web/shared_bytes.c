/* shared_bytes.c - see shared_bytes.h. */
#include "web/shared_bytes.h"

#include "base/ck.h"
#include "system/budget.h"

#include <stdlib.h>

static atomic_size_t kept_bytes;

struct shared_bytes *shared_bytes_new(struct fcgi_output *output)
{
    struct shared_bytes *b = ck_malloc(sizeof *b);
    atomic_init(&b->users, 1);
    b->counted = false;
    b->output = *output;
    fcgi_output_init(output, false);
    b->size = fcgi_output_size(&b->output);
    return b;
}

struct shared_bytes *shared_bytes_keep(struct shared_bytes *b)
{
    if (!b->counted) {
        b->counted = true;
        atomic_fetch_add(&kept_bytes, b->size);
    }
    atomic_fetch_add(&b->users, 1);
    return b;
}

void shared_bytes_release(struct shared_bytes *b)
{
    if (b != NULL && atomic_fetch_sub(&b->users, 1) == 1) {
        if (b->counted) {
            atomic_fetch_sub(&kept_bytes, b->size);
        }
        fcgi_output_fini(&b->output);
        free(b);
    }
}

bool shared_bytes_are_too_many(void)
{
    return atomic_load(&kept_bytes) > budget_part(SHARED_BYTES_MOST);
}
