/* tsv.c - see tsv.h. */
#include "format/tsv.h"

#include "base/buf.h"
#include "base/clock.h"

#include <stdbool.h>
#include <string.h>

static const char *short_escape(char c)
{
    switch (c) {
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

/* C1 controls are C2 80 .. C2 9F; a terminal obeys them as it obeys ESC. */
static bool is_c1(const unsigned char *b, size_t left)
{
    return left >= 2 && b[0] == 0xC2 && b[1] >= 0x80 && b[1] <= 0x9F;
}

static void add_octal(struct buf *out, unsigned char c)
{
    const char escape[5] = {'\\', '0', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)), (char)('0' + (c & 7))};
    buf_add(out, escape, sizeof escape);
}

static bool is_plain(const unsigned char *b, size_t left)
{
    return b[0] >= 0x20 && b[0] != '\\' && b[0] != 0x7F && !is_c1(b, left);
}

static void add_escaped(struct buf *out, const char *bytes, size_t length)
{
    const unsigned char *b = (const unsigned char *)bytes;
    for (size_t i = 0; i < length; i++) {
        size_t from = i;
        while (i < length && is_plain(b + i, length - i)) {
            i++;
        }
        buf_add(out, bytes + from, i - from);
        const char *escape = i < length ? short_escape(bytes[i]) : "";
        if (escape != NULL) {
            buf_adds(out, escape);
        } else if (is_c1(b + i, length - i)) {
            add_octal(out, b[i]);
            add_octal(out, b[++i]);
        } else {
            add_octal(out, b[i]);
        }
    }
}

/* Two more columns: the type, and the seqs of what it changes. */
static void add_change(struct buf *out, const struct chat_message *m)
{
    buf_addf(out, "\t%s\t", chat_type_word(m->type));
    if (m->targets != NULL) {
        buf_adds(out, m->targets);
    } else if (m->target != 0) {
        buf_addu(out, m->target);
    }
}

void tsv_message(struct buf *out, const char *room, const struct chat_message *m)
{
    char time[CLOCK_TEXT_SIZE];
    clock_text(m->time_ms, time);
    if (room != NULL) {
        buf_addf(out, "%s\t", room);
    }
    buf_addf(out, "%llu\t%s\t", (unsigned long long)m->seq, time);
    add_escaped(out, m->name, strlen(m->name));
    buf_addc(out, '\t');
    add_escaped(out, m->text, m->text_length);
    if (m->type != CHAT_MESSAGE) {
        add_change(out, m);
    }
    buf_addc(out, '\n');
}

void tsv_answer(struct buf *out, const struct answer *a)
{
    for (size_t r = 0; r < a->count; r++) {
        for (size_t i = 0; i < a->rooms[r].count; i++) {
            tsv_message(out, a->several ? a->rooms[r].name : NULL, &a->rooms[r].messages[i]);
        }
    }
}
