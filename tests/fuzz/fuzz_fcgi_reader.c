/* fuzz_fcgi_reader.c - fcgi_reader.h on any bytes. However they are cut into pieces, they are the
 * same request; names and values are those of the parameters; no more memory is taken than the
 * limits allow, and not much more than bytes have come. */
#include "fuzz.h"

#include "web/private/fcgi_reader.h"
#include "web/private/variables.h"

enum { FCGI_READER_BODY_LIMIT = 100, FCGI_READER_SMALLEST = 256 /* that a buffer takes */ };

static size_t fcgi_reader_piece(size_t cut, uint64_t *random)
{
    if (cut > 0) {
        return cut;
    }
    *random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
    return 1 + (size_t)(*random >> 60);
}

static void fcgi_reader_check_memory(const struct buf *b, size_t came)
{
    CK(b->length <= b->limit && b->capacity <= b->limit + 1);
    CK(b->capacity <= 2 * (came + 1) || b->capacity <= FCGI_READER_SMALLEST);
}

/* Gives the reader all bytes, in pieces of `cut` bytes; 0: of 1 to 16. */
static void fcgi_reader_feed(struct fcgi_reader *r, const uint8_t *data, size_t size, size_t cut)
{
    uint64_t random = size;
    fcgi_reader_init(r);
    for (size_t at = 0; at < size && r->stage < FCGI_READER_WHOLE;) {
        const enum fcgi_reader_stage before = r->stage;
        size_t piece = fcgi_reader_piece(cut, &random);
        piece = piece < size - at ? piece : size - at;
        char *bytes = fuzz_copy(data + at, piece);
        const size_t used = fcgi_reader_take(r, bytes, piece);
        free(bytes);
        CK(used > 0 && used <= piece && (used == piece || r->stage != before) && r->stage >= before);
        if (before == FCGI_READER_HEAD && r->stage == FCGI_READER_BODY) {
            CK(r->body.length == 0);
            r->body.limit = FCGI_READER_BODY_LIMIT;
        }
        at += used;
        fcgi_reader_check_memory(&r->params, at);
        fcgi_reader_check_memory(&r->body, at);
    }
    CK(r->stage == FCGI_READER_HEAD || r->stage == FCGI_READER_BROKEN || r->id != 0);
}

static void fcgi_reader_check_equal(const struct fcgi_reader *a, const struct fcgi_reader *b)
{
    CK(a->stage == b->stage);
    if (a->stage != FCGI_READER_BROKEN) { /* otherwise its content can't be used */
        CK(a->id == b->id && a->params.length == b->params.length && a->body.length == b->body.length);
        CK(memcmp(buf_text(&a->params), buf_text(&b->params), a->params.length) == 0);
        CK(memcmp(buf_text(&a->body), buf_text(&b->body), a->body.length) == 0 && a->body.over == b->body.over);
    }
}

/* Takes a length off the parameters. False: it isn't complete. */
static bool fcgi_reader_length(const unsigned char **at, const unsigned char *end, size_t *out)
{
    size_t more = *at < end && **at >= 128 ? 3 : 0;
    if (end - *at <= (ptrdiff_t)more) {
        return false;
    }
    *out = **at & 127U;
    for ((*at)++; more > 0; more--) {
        *out = *out << 8 | *(*at)++;
    }
    return true;
}

/* The variables are what the bytes say, read here once more from a copy of the parameters. */
static void fcgi_reader_check_variables(const struct variable *variables, size_t count, const char *copy, size_t length)
{
    const unsigned char *at = (const unsigned char *)copy;
    const unsigned char *end = at + length;
    for (size_t i = 0; i < count; i++) {
        size_t name = 0;
        size_t value = 0;
        CK(fcgi_reader_length(&at, end, &name) && fcgi_reader_length(&at, end, &value));
        CK(name + value <= (size_t)(end - at));
        CK(variables[i].name_length == name && memcmp(variables[i].name, at, name) == 0);
        CK(memcmp(variables[i].value, at + name, value) == 0 && variables[i].value[value] == '\0');
        at += name + value;
    }
    CK(at == end);
}

static void fcgi_reader_check_params(struct fcgi_reader *r)
{
    struct variable *variables = NULL;
    size_t count = 0;
    const size_t length = r->params.length;
    char *copy = fuzz_copy((const uint8_t *)buf_text(&r->params), length);
    if (fcgi_reader_variables(r, &variables, &count) == 0) {
        CK(count <= FCGI_READER_PAIRS_MAX && r->params.length == length);
        fcgi_reader_check_variables(variables, count, copy, length);
        free(variables);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t cuts[] = {1, 7, 8, 0};
    struct fcgi_reader whole;
    fcgi_reader_feed(&whole, data, size, size + 1);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct fcgi_reader cut;
        fcgi_reader_feed(&cut, data, size, cuts[i]);
        fcgi_reader_check_equal(&whole, &cut);
        fcgi_reader_fini(&cut);
    }
    if (whole.stage == FCGI_READER_BODY || whole.stage == FCGI_READER_WHOLE) {
        fcgi_reader_check_params(&whole);
    }
    fcgi_reader_fini(&whole);
    return 0;
}
