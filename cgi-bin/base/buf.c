/* buf.c - see buf.h. */
#include "base/buf.h"

#include "base/ck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALLEST = 256,
    LARGE = 128 * 1024, /* from here on growing copies nothing, as the system moves whole pages */
};

void buf_init(struct buf *b, size_t limit)
{
    memset(b, 0, sizeof *b);
    b->limit = limit < BUF_UNLIMITED ? limit : BUF_UNLIMITED;
}

void buf_fini(struct buf *b)
{
    free(b->bytes);
    buf_init(b, b->limit);
}

char *buf_room(struct buf *b, size_t more, size_t *room)
{
    size_t left = b->limit - b->length;
    if (more > left) {
        more = left;
    }
    if (b->length + more + 1 > b->capacity) {
        size_t want = b->capacity + (b->capacity < LARGE ? b->capacity : b->capacity / 8);
        want = want < SMALLEST ? SMALLEST : want;
        if (want < b->length + more + 1) {
            want = b->length + more + 1;
        }
        if (want > b->limit + 1) {
            want = b->limit + 1;
        }
        b->bytes = ck_realloc(b->bytes, want);
        b->capacity = want;
        b->bytes[b->length] = '\0';
    }
    *room = b->capacity - 1 - b->length < left ? b->capacity - 1 - b->length : left;
    return b->bytes + b->length;
}

void buf_grew(struct buf *b, size_t length)
{
    CK(b->length + length < b->capacity);
    b->length += length;
    b->bytes[b->length] = '\0';
}

void buf_add_growing(struct buf *b, const void *bytes, size_t length)
{
    size_t room = b->capacity - b->length; /* with the NUL */
    if (b->over || length == 0) {
        return;
    }
    if (length > b->limit - b->length) {
        b->over = true;
        return;
    }
    if (length >= room) {
        (void)buf_room(b, length, &room);
    }
    memcpy(b->bytes + b->length, bytes, length);
    b->length += length;
    b->bytes[b->length] = '\0';
}

void buf_addu(struct buf *b, uint64_t number)
{
    char digits[20]; /* of the greatest one */
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buf_add(b, digits + first, sizeof digits - first);
}

void buf_addf(struct buf *b, const char *format, ...)
{
    char small[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    CK(length >= 0);
    if ((size_t)length < sizeof small) {
        buf_add(b, small, (size_t)length);
        return;
    }
    char *large = ck_malloc((size_t)length + 1);
    va_start(args, format);
    vsnprintf(large, (size_t)length + 1, format, args);
    va_end(args);
    buf_add(b, large, (size_t)length);
    free(large);
}

const char *buf_text(const struct buf *b)
{
    return b->bytes != NULL ? b->bytes : "";
}

void buf_move(struct buf *to, struct buf *from)
{
    CK(to->length == 0 && from->length <= to->limit);
    free(to->bytes);
    to->bytes = from->bytes;
    to->length = from->length;
    to->capacity = from->capacity;
    from->bytes = NULL;
    buf_fini(from);
}

void buf_trim(struct buf *b)
{
    if (b->capacity > b->length + 1) {
        b->capacity = b->length + 1;
        b->bytes = ck_realloc(b->bytes, b->capacity);
    }
}

char *buf_steal(struct buf *b)
{
    char *bytes = b->bytes != NULL ? b->bytes : ck_strdup("");
    b->bytes = NULL;
    buf_fini(b);
    return bytes;
}
