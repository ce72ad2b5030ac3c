/* local.c - see local.h. */
#include "routes/local.h"

#include "web/client.h"
#include "web/forwarded.h"
#include "web/request.h"

bool local_is(const struct request *request)
{
    return client_is_loopback(request_client(request)) &&
           client_host_is_loopback(request_variable(request, "HTTP_HOST")) && !forwarded_is_hinted(request);
}
