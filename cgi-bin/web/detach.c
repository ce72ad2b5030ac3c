/* detach.c - see detach.h. */
#include "web/detach.h"

#include "base/buf.h"
#include "web/private/web_carrier.h"

bool detach_is_possible(const struct request *request)
{
    return request->carrier->detach != NULL && request->body_ended;
}

int detach_connection(const struct request *request)
{
    return request->carrier->connection != NULL ? request->carrier->connection(request) : -1;
}

struct fcgi_request detach_request(struct request *request)
{
    return request->carrier->detach(request);
}

const char *detach_headers(const struct request *request)
{
    return buf_text(&request->common);
}
