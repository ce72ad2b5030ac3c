/* findings.c - see findings.h. */
#include "format/findings.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void findings_add(struct findings *f, const char *topic, enum finding_state state, const char *format, ...)
{
    va_list arguments;
    if (f->count >= FINDINGS_MAX) {
        return;
    }
    struct finding *new = &f->list[f->count++];
    new->topic = topic;
    new->state = state;
    va_start(arguments, format);
    vsnprintf(new->text, sizeof new->text, format, arguments);
    va_end(arguments);
}

const char *finding_word(enum finding_state state)
{
    static const char *const words[FINDING__MAX] = {"fine", "note", "poor", "wrong"};
    return words[state];
}

enum finding_state findings_worst(const struct findings *f)
{
    enum finding_state worst = FINDING_FINE;
    for (size_t i = 0; i < f->count; i++) {
        worst = f->list[i].state > worst ? f->list[i].state : worst;
    }
    return worst;
}

void findings_lines(struct buf *out, const struct findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        buf_addf(out, "%-6s %-14s %s\n", finding_word(f->list[i].state), f->list[i].topic, f->list[i].text);
    }
}
