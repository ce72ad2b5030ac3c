/* variables.h - the CGI variables of a request (RFC 3875, section 4.1), as a carrier gives them.
 *
 * Pure. Threads: any, as long as no thread changes them.
 */
#ifndef VARIABLES_H
#define VARIABLES_H

#include <stddef.h>
#include <stdint.h>

struct variable {
    const char *name; /* name_length bytes, with no NUL behind them */
    size_t name_length;
    const char *value; /* ends with a NUL */
    uint32_t next;     /* index + 1 of the next one in the same bucket; 0: none (request.c) */
};

#endif
