/* shared_output.c - see shared_output.h. */
#include "web/shared_output.h"

#include "base/buf.h"
#include "base/ck.h"
#include "system/budget.h"
#include "web/fcgi_request.h"

#include <stdlib.h>
#include <string.h>

static atomic_size_t kept_bytes;

struct shared_bytes *shared_bytes_new(const char *bytes, size_t length)
{
    struct shared_bytes *b = ck_malloc(sizeof *b + length);
    atomic_init(&b->users, 1);
    b->counted = false;
    b->length = length;
    if (length > 0) {
        memcpy(b->bytes, bytes, length);
    }
    return b;
}

struct shared_bytes *shared_bytes_keep(struct shared_bytes *b)
{
    if (!b->counted) {
        b->counted = true;
        atomic_fetch_add(&kept_bytes, b->length);
    }
    atomic_fetch_add(&b->users, 1);
    return b;
}

void shared_bytes_release(struct shared_bytes *b)
{
    if (b != NULL && atomic_fetch_sub(&b->users, 1) == 1) {
        if (b->counted) {
            atomic_fetch_sub(&kept_bytes, b->length);
        }
        free(b);
    }
}

bool shared_bytes_are_too_many(void)
{
    return atomic_load(&kept_bytes) > budget_part(SHARED_BYTES_MOST);
}

struct shared_bytes *shared_output_framed(struct shared_output *p, uint16_t id)
{
    struct buf records;
    if (p->framed != NULL && p->id == id) {
        return p->framed;
    }
    shared_bytes_release(p->framed);
    buf_init(&records, BUF_UNLIMITED);
    fcgi_request_output(&records, id, buf_text(p->plain), p->plain->length);
    if (p->last) {
        fcgi_request_end(&records, id);
    }
    p->id = id;
    p->framed = shared_bytes_new(buf_text(&records), records.length);
    buf_fini(&records);
    return p->framed;
}

void shared_output_fini(struct shared_output *p)
{
    shared_bytes_release(p->framed);
}
