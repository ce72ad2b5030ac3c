/* fcgi_reader.h - takes a FastCGI request apart as its bytes come in.
 *
 * The caller gives it bytes in pieces of any size. It never waits, knows no descriptor, and takes
 * no memory before the bytes are there: a length field alone allocates nothing.
 * Format: FastCGI specification 1.0, sections 3.3 (records), 3.4 (names and values), 5.1
 * (FCGI_BEGIN_REQUEST), 5.2 (FCGI_PARAMS), 5.3 (FCGI_STDIN), 5.4 (FCGI_ABORT_REQUEST). One request
 * a connection. Up to a megabyte of records of other requests and of other types is skipped: web
 * servers send none.
 * Threads: one at a time for each reader.
 */
#ifndef FCGI_READER_H
#define FCGI_READER_H

#include "base/buf.h"
#include "web/private/fcgi_record.h"

#include <stddef.h>
#include <stdint.h>

struct variable;

enum {
    /* bytes of all names and values; web servers let 8 to 64 KiB of headers pass */
    FCGI_READER_PARAMS_MAX = 128 * 1024,
    FCGI_READER_PAIRS_MAX = 1024, /* pairs of a name and a value */
    FCGI_READER_BEGIN_BYTES = 8,
};

enum fcgi_reader_stage {
    FCGI_READER_HEAD,  /* the parameters are still to come */
    FCGI_READER_BODY,  /* the parameters are complete, the body isn't */
    FCGI_READER_WHOLE, /* the body has ended */
    /* The peer spoke no FastCGI, asked for another role than that of a responder, sent too much, or
     * gave the request up. What follows can't be used. */
    FCGI_READER_BROKEN,
};

enum fcgi_reader_use { FCGI_READER_SKIP, FCGI_READER_BEGIN, FCGI_READER_PARAMS, FCGI_READER_STDIN };

struct fcgi_reader {
    enum fcgi_reader_stage stage;
    enum fcgi_reader_use use; /* of the current record's content */
    uint16_t id;              /* of the request; 0: none has begun */
    uint16_t begin_size;
    unsigned char header_size; /* bytes of the next record's header that have come */
    unsigned char header[FCGI_RECORD_HEADER_BYTES];
    unsigned char begin[FCGI_READER_BEGIN_BYTES];
    uint32_t content; /* bytes that are left of the current record */
    uint32_t padding; /* bytes that are left of its padding */
    size_t skipped;   /* bytes of records of other requests */
    struct buf params;
    /* Its limit is 0 until the caller sets another one, at stage BODY. What doesn't fit is dropped,
     * and body.over is set. */
    struct buf body;
};

void fcgi_reader_init(struct fcgi_reader *r);
void fcgi_reader_fini(struct fcgi_reader *r);

/* Takes bytes that came from the peer. Returns how many were used: all of them, or fewer when the
 * stage has changed; call it again with the rest at stage BODY. */
size_t fcgi_reader_take(struct fcgi_reader *r, const char *bytes, size_t length);

/* At stage BODY or later, once: finds the variables in the parameters. *out is an array of *count,
 * which the caller frees; its names and values are borrowed from r->params, where a NUL is put
 * behind each value. -1: names and values don't fill the bytes exactly, or there are too many
 * pairs. */
int fcgi_reader_variables(struct fcgi_reader *r, struct variable **out, size_t *count);

#endif
