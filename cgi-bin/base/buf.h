/* buf.h - bytes that grow up to a limit.
 *
 * Each buffer gets its limit when it is made; it never takes more memory. Bytes past the limit are
 * dropped and a flag is set, so a writer of many pieces checks once, at its end. A NUL always
 * follows the bytes and is not counted.
 * Threads: a buffer belongs to one caller.
 */
#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    char *bytes;     /* NULL until the first byte; owned */
    size_t length;   /* bytes in use */
    size_t capacity; /* bytes taken, the NUL included */
    size_t limit;    /* greatest length */
    bool over;       /* something didn't fit; what is in the buffer is incomplete */
};

#define BUF_UNLIMITED ((size_t)1 << 40)

void buf_init(struct buf *b, size_t limit); /* takes no memory */
void buf_fini(struct buf *b);               /* frees; b is empty then, with the same limit */

/* Only for buf_add: where the buffer has to grow or is full, or nothing is to be added. */
void buf_add_growing(struct buf *b, const void *bytes, size_t length);

/* bytes: may be NULL if length is 0. Inline, as are the next two: an answer is made of some hundred
 * short pieces, and the compiler knows the length of most. */
static inline void buf_add(struct buf *b, const void *bytes, size_t length)
{
    if (length > 0 && length < b->capacity - b->length && length <= b->limit - b->length && !b->over) {
        memcpy(b->bytes + b->length, bytes, length);
        b->length += length;
        b->bytes[b->length] = '\0';
    } else {
        buf_add_growing(b, bytes, length);
    }
}
static inline void buf_adds(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}
static inline void buf_addc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}
void buf_addu(struct buf *b, uint64_t number); /* in decimal digits */
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for `more` further bytes, as far as the limit allows. Returns where they go and sets
 * *room to how many fit, which may be 0. Report with buf_grew() how many were written. */
char *buf_room(struct buf *b, size_t more, size_t *room);
void buf_grew(struct buf *b, size_t length);

const char *buf_text(const struct buf *b); /* "" when empty; borrowed until the next change */
/* Moves the bytes of `from` to `to`, which is empty and keeps its limit. They must fit into it. */
void buf_move(struct buf *to, struct buf *from);
/* Gives back what is taken beyond the bytes: for bytes that are kept. */
void buf_trim(struct buf *b);
/* Returns the bytes with a NUL behind them, which the caller frees; b is empty then. */
char *buf_steal(struct buf *b);

#endif
