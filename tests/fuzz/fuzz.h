/* fuzz.h - shared by the fuzz targets.
 *
 * A target is one file with LLVMFuzzerTestOneInput: it passes the bytes to the real parser, and
 * aborts if the parser breaks a promise of its header. tests/fuzz/run lets clang's fuzzer search
 * for such bytes; tests/unit/test_fuzz_corpus.c replays tests/fuzz/corpus/<target> in each run of
 * the unit tests, with any compiler.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/buf.h"
#include "base/ck.h"
#include "base/err.h"
#include "base/str.h"
#include "chat/chat.h"
#include "chat/form.h"
#include "chat/json_read.h"
#include "format/json.h"
#include "format/problem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Returns a copy of exactly `size` bytes and a NUL, so that the address sanitizer sees reads beyond
 * it. */
static inline char *fuzz_copy(const uint8_t *data, size_t size)
{
    return ck_memdup0(data, size);
}

/* Each error has a code for input errors, a text, and a body that is valid JSON. */
static inline void fuzz_check_error(const struct err *e)
{
    static const char *const known[] = {"type", "title", "detail", "field", NULL};
    struct buf body;
    struct form members;
    CK(e->code == ERR_INPUT || e->code == ERR_TOO_LARGE || e->code == ERR_TYPE || e->code == ERR_TOKEN ||
       e->code == ERR_PROOF);
    CK(e->text[0] != '\0' && strpbrk(e->text, "\r\n") == NULL);
    buf_init(&body, 1 << 16);
    form_init(&members);
    problem_body(&body, e, false, NULL);
    CK(json_read(ck_memdup0(body.bytes, body.length), body.length, known, &members, NULL) == 0);
    CK(form_single(&members, "detail") != NULL);
    form_fini(&members);
    buf_fini(&body);
}

/* Encodes the name or value of a form field as browsers do. */
static inline void fuzz_encode(struct buf *out, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            buf_addc(out, (char)c);
        } else if (c == ' ') {
            buf_addc(out, '+');
        } else {
            buf_addf(out, "%%%02X", (unsigned)c);
        }
    }
}

#endif
