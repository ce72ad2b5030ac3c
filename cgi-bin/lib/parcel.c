/* parcel.c - see parcel.h. */
#include "parcel.h"

#include "buf.h"
#include "ck.h"
#include "held.h"

#include <stdlib.h>
#include <string.h>

struct blob *blob_keep(struct blob *b)
{
    b->users++;
    return b;
}

void blob_release(struct blob *b)
{
    if (b != NULL && --b->users == 0) {
        free(b);
    }
}

struct blob *parcel_framed(struct parcel *p, uint16_t id)
{
    struct buf records;
    if (p->framed != NULL && p->id == id) {
        return p->framed;
    }
    blob_release(p->framed);
    buf_init(&records, BUF_UNLIMITED);
    held_output(&records, id, buf_text(p->plain), p->plain->length);
    if (p->last) {
        held_end(&records, id);
    }
    p->id = id;
    p->framed = ck_malloc(sizeof *p->framed + records.length);
    p->framed->users = 1;
    p->framed->length = records.length;
    if (records.length > 0) {
        memcpy(p->framed->bytes, records.bytes, records.length);
    }
    buf_fini(&records);
    return p->framed;
}

void parcel_fini(struct parcel *p)
{
    blob_release(p->framed);
}
