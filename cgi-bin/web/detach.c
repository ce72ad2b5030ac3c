/* detach.c - see detach.h. */
#include "web/detach.h"

#include "base/buf.h"
#include "web/body.h"
#include "web/private/web_carrier.h"

bool detach_is_possible(struct request *x)
{
    return x->carrier->detach != NULL && body_skip(x);
}

int detach_connection(const struct request *x)
{
    return x->carrier->connection != NULL ? x->carrier->connection(x) : -1;
}

struct fcgi_request detach_request(struct request *x)
{
    return x->carrier->detach(x);
}

const char *detach_headers(const struct request *x)
{
    return buf_text(&x->common);
}
