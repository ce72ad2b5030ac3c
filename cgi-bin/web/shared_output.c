/* shared_output.c - see shared_output.h. */
#include "web/shared_output.h"

#include "base/buf.h"
#include "web/fcgi_request.h"
#include "web/shared_bytes.h"

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
