/* parcel.c - see parcel.h. */
#include "web/parcel.h"

#include "base/buf.h"
#include "base/ck.h"
#include "system/budget.h"
#include "web/fcgi_request.h"

#include <stdlib.h>
#include <string.h>

static atomic_size_t kept_bytes;

struct blob *blob_new(const char *bytes, size_t length)
{
    struct blob *b = ck_malloc(sizeof *b + length);
    atomic_init(&b->users, 1);
    b->counted = false;
    b->length = length;
    if (length > 0) {
        memcpy(b->bytes, bytes, length);
    }
    return b;
}

struct blob *blob_keep(struct blob *b)
{
    if (!b->counted) {
        b->counted = true;
        atomic_fetch_add(&kept_bytes, b->length);
    }
    atomic_fetch_add(&b->users, 1);
    return b;
}

void blob_release(struct blob *b)
{
    if (b != NULL && atomic_fetch_sub(&b->users, 1) == 1) {
        if (b->counted) {
            atomic_fetch_sub(&kept_bytes, b->length);
        }
        free(b);
    }
}

bool blobs_are_too_many(void)
{
    return atomic_load(&kept_bytes) > budget_part(BLOBS_MOST_BYTES);
}

struct blob *parcel_framed(struct parcel *p, uint16_t id)
{
    struct buf records;
    if (p->framed != NULL && p->id == id) {
        return p->framed;
    }
    blob_release(p->framed);
    buf_init(&records, BUF_UNLIMITED);
    fcgi_request_output(&records, id, buf_text(p->plain), p->plain->length);
    if (p->last) {
        fcgi_request_end(&records, id);
    }
    p->id = id;
    p->framed = blob_new(buf_text(&records), records.length);
    buf_fini(&records);
    return p->framed;
}

void parcel_fini(struct parcel *p)
{
    blob_release(p->framed);
}
