/* runs.h - a text as a word list reads it: runs of letters that look the same.
 *
 * Each character becomes one or more symbols: letters are small and plain, look-alikes of European
 * alphabets are Latin letters (UTS #39), and digits and signs that are read as letters (leetspeak)
 * have the symbol of their letter. Characters that draw nothing, and accents, are passed over.
 * Symbols that follow each other and are equal are one run. Everything between words is one run of
 * RUNS_SPACE; between single letters (f.u c-k) it is passed over.
 *
 * i and l share a symbol, because "1", "|" and "I" may be read as both; `kinds` says which one it
 * was. So equal symbols are necessary for a match, and runs_fit decides.
 * Pure, allocates nothing, linear. Threads: any.
 */
#ifndef RUNS_H
#define RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUNS_SPACE ((uint32_t)' ')

/* What the symbols of a run were. */
enum runs_kind {
    RUNS_I = 1,      /* an i */
    RUNS_L = 2,      /* an l */
    RUNS_I_OR_L = 4, /* a sign or letter that may be read as both */
    RUNS_DIGIT = 8,
    RUNS_OTHER = 16, /* a letter that is neither, or a sign for one */
    RUNS_SIGN = 32,  /* a sign that is read as a letter */
};

struct run {
    uint32_t symbol;
    size_t count;
    unsigned kinds; /* set of enum runs_kind */
    bool is_word;   /* a letter or digit; false for spaces and pictures */
    bool is_apart;  /* separators before it were passed over */
    size_t start;   /* bytes of the text, with accents behind the last letter */
    size_t end;
};

/* Gets each run, and the one after it, which is NULL at the end and may be incomplete. Returns
 * false to stop. */
typedef bool runs_each(void *context, const struct run *run, const struct run *next);

/* Reads UTF-8; other bytes separate words. */
void runs_read(const char *text, size_t length, runs_each *each, void *context);

/* May a run of a text stand for one of a pattern? At the edge of a match a run may be longer; else
 * it is equally long, or at least three long (noooo). */
bool runs_fit(const struct run *pattern, const struct run *text, bool is_edge);

#endif
