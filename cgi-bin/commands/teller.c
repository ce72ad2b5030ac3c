/* teller.c - see teller.h. */
#include "commands/teller.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

enum { TELL_EACH_MS = 2000 };

void teller_tell(void *teller, unsigned percent)
{
    struct teller *t = teller;
    int64_t now = clock_mono_ms();
    if (t->is_terminal && percent != t->percent) {
        fprintf(stderr, "\r%s: %u %%", t->what, percent);
    } else if (!t->is_terminal && now - t->told >= TELL_EACH_MS) {
        fprintf(stderr, "pollchat: %s: %u %%\n", t->what, percent);
        t->told = now;
    }
    t->percent = percent;
}

struct teller teller_of(const char *what)
{
    return (struct teller){
        .what = what, .is_terminal = isatty(STDERR_FILENO) == 1, .percent = 101, .told = clock_mono_ms()};
}

void teller_end(const struct teller *t)
{
    if (t->is_terminal && t->percent <= 100) {
        fputc('\n', stderr);
    }
}
