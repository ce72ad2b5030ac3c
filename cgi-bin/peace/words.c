/* words.c - see words.h. */
#include "peace/words.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/str.h"
#include "peace/forms.h"
#include "peace/private/runs.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 64 }; /* of a pattern */
enum { RECENT = 128 };  /* runs of a text that are kept: a power of two, over RUNS_MAX */
enum { NONE = -1 };

struct pattern {
    struct run *runs; /* owned; count 0: it matches nothing */
    size_t count;
    enum words_act act;
    bool is_whole;
    bool has_digit;
    int next; /* another pattern of the same symbols, or NONE */
};

/* A node of the automaton stands for the symbols that lead to it. */
struct node {
    int fail;    /* the node of its longest end that is a beginning too */
    int pattern; /* the first one that ends here, or NONE */
    int shorter; /* the next node on the way of fail that has a pattern, or NONE */
};

/* An edge of the automaton, in an open hash table. */
struct edge {
    int from; /* NONE: the slot is empty */
    int to;
    uint32_t symbol;
};

struct words {
    struct pattern *patterns;
    size_t count;
    struct node *nodes; /* 0: the root */
    size_t node_count;
    struct edge *edges;
    size_t edge_mask; /* slots - 1 */
};

/* ---- patterns ------------------------------------------------------------------------------- */

struct pattern_reading {
    struct run runs[RUNS_MAX + 1];
    size_t count;
};

static bool keep_run(void *context, const struct run *run, const struct run *next)
{
    struct pattern_reading *p = context;
    bool is_outer_space = run->symbol == RUNS_SPACE && (p->count == 0 || next == NULL);
    if (!is_outer_space) {
        p->runs[p->count++] = *run;
    }
    return p->count <= RUNS_MAX;
}

static int read_pattern(const char *text, struct pattern_reading *p, struct err *e)
{
    size_t length = strlen(text);
    p->count = 0;
    if (length > WORDS_PATTERN_MAX || !str_utf8_valid(text, length, NULL)) {
        return err_field(e, ERR_INPUT, "pattern", "pattern must be UTF-8 of at most %d bytes.", WORDS_PATTERN_MAX);
    }
    runs_read(text, length, keep_run, p);
    if (p->count == 0 || p->count > RUNS_MAX) {
        return err_field(e, ERR_INPUT, "pattern",
                         "pattern must have a letter, a digit or a symbol, and at most %d of them.", RUNS_MAX);
    }
    return 0;
}

int words_check(const char *pattern, struct err *e)
{
    struct pattern_reading p;
    return read_pattern(pattern, &p, e);
}

static void take_pattern(struct pattern *p, const struct words_entry *entry)
{
    struct pattern_reading reading;
    memset(p, 0, sizeof *p);
    p->next = NONE;
    p->act = entry->act;
    p->is_whole = entry->is_whole;
    if (entry->act <= WORDS_NONE || entry->act >= WORDS_ACT__MAX || read_pattern(entry->pattern, &reading, NULL) != 0) {
        return;
    }
    p->count = reading.count;
    p->runs = ck_calloc(p->count, sizeof *p->runs);
    memcpy(p->runs, reading.runs, p->count * sizeof *p->runs);
    for (size_t i = 0; i < p->count; i++) {
        p->has_digit = p->has_digit || (p->runs[i].kinds & RUNS_DIGIT) != 0;
    }
}

/* ---- the automaton -------------------------------------------------------------------------- */

static struct edge *slot_of(const struct words *w, int from, uint32_t symbol)
{
    uint64_t hash = ((uint64_t)(uint32_t)from << 32 | symbol) * 0x9E3779B97F4A7C15ULL;
    size_t at = (size_t)(hash >> 40) & w->edge_mask;
    while (w->edges[at].from != NONE && (w->edges[at].from != from || w->edges[at].symbol != symbol)) {
        at = (at + 1) & w->edge_mask;
    }
    return &w->edges[at];
}

static int child_of(const struct words *w, int from, uint32_t symbol)
{
    const struct edge *edge = slot_of(w, from, symbol);
    return edge->from == NONE ? NONE : edge->to;
}

/* The node after one more symbol. */
static int step(const struct words *w, int node, uint32_t symbol)
{
    for (;;) {
        int to = child_of(w, node, symbol);
        if (to != NONE) {
            return to;
        }
        if (node == 0) {
            return 0;
        }
        node = w->nodes[node].fail;
    }
}

static int add_node(struct words *w)
{
    w->nodes[w->node_count] = (struct node){.fail = 0, .pattern = NONE, .shorter = NONE};
    return (int)w->node_count++;
}

static void add_pattern(struct words *w, int index)
{
    struct pattern *p = &w->patterns[index];
    int node = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct edge *edge = slot_of(w, node, p->runs[i].symbol);
        if (edge->from == NONE) {
            *edge = (struct edge){.from = node, .to = add_node(w), .symbol = p->runs[i].symbol};
        }
        node = edge->to;
    }
    if (node != 0) {
        p->next = w->nodes[node].pattern;
        w->nodes[node].pattern = index;
    }
}

/* Sets fail and shorter of the child at the end of an edge. Its parent and all shorter nodes have
 * theirs already. */
static void link_child(struct words *w, const struct edge *edge)
{
    struct node *child = &w->nodes[edge->to];
    child->fail = edge->from == 0 ? 0 : step(w, w->nodes[edge->from].fail, edge->symbol);
    child->shorter = w->nodes[child->fail].pattern != NONE ? child->fail : w->nodes[child->fail].shorter;
}

/* Each round links the nodes that are one symbol longer. */
static void link_nodes(struct words *w)
{
    unsigned *depth = ck_calloc(w->node_count, sizeof *depth);
    size_t slots = w->edge_mask + 1;
    for (unsigned round = 0; round < RUNS_MAX; round++) {
        for (size_t i = 0; i < slots; i++) {
            const struct edge *edge = &w->edges[i];
            if (edge->from != NONE && depth[edge->from] == round && (edge->from == 0) == (round == 0)) {
                depth[edge->to] = round + 1;
                link_child(w, edge);
            }
        }
    }
    free(depth);
}

struct words *words_new(const struct words_entry *entries, size_t count)
{
    struct words *w = ck_calloc(1, sizeof *w);
    size_t most = 1;
    size_t slots = 64;
    w->count = count < WORDS_MAX ? count : WORDS_MAX;
    w->patterns = ck_calloc(w->count, sizeof *w->patterns);
    for (size_t i = 0; i < w->count; i++) {
        take_pattern(&w->patterns[i], &entries[i]);
        most += w->patterns[i].count;
    }
    while (slots < 2 * most) {
        slots *= 2;
    }
    w->nodes = ck_calloc(most, sizeof *w->nodes);
    w->edges = ck_calloc(slots, sizeof *w->edges);
    w->edge_mask = slots - 1;
    for (size_t i = 0; i < slots; i++) {
        w->edges[i].from = NONE;
    }
    (void)add_node(w);
    for (size_t i = 0; i < w->count; i++) {
        add_pattern(w, (int)i);
    }
    link_nodes(w);
    return w;
}

void words_free(struct words *w)
{
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->count; i++) {
        free(w->patterns[i].runs);
    }
    free(w->patterns);
    free(w->nodes);
    free(w->edges);
    free(w);
}

/* ---- texts ---------------------------------------------------------------------------------- */

struct range {
    size_t start;
    size_t end;
};

/* Ranges that don't meet, in order. */
struct ranges {
    struct range *at; /* owned */
    size_t count;
    size_t capacity;
};

struct search {
    const struct words *words;
    struct ranges *masks;     /* NULL: only the strictest act is sought */
    enum words_act strictest; /* so far; WORDS_ACT__MAX: none */
    size_t entry;             /* of that act */
    int node;
    struct run recent[RECENT];
    size_t count; /* runs so far */
};

/* Scripts without spaces between words: Thai, Lao, Myanmar, Khmer, kana and ideographs. */
static bool has_no_borders(uint32_t c)
{
    return (c >= 0xE00 && c <= 0xEFF) || (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF) ||
           (c >= 0x2E80 && c <= 0x312F) || (c >= 0x31A0 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

/* Is there no letter or digit beside a match? `outside` is the run there, and `after` the one of
 * the two runs that comes after the border. */
static bool is_border(const struct run *pattern, const struct run *outside, const struct run *after)
{
    /* it needn't be a letter */
    bool is_sign = outside != NULL && (outside->kinds & RUNS_SIGN) != 0;
    return outside == NULL || is_sign || !outside->is_word || after->is_apart || has_no_borders(pattern->symbol) ||
           !pattern->is_word;
}

/* Does the text go on within its last syllable, so that it isn't that of the pattern? So it does
 * with vowels and final consonants of Hangul, and with marks of kana. */
static bool is_in_syllable(const struct run *next)
{
    return next != NULL &&
           ((next->symbol >= 0x1160 && next->symbol <= 0x11FF) || next->symbol == 0x3099 || next->symbol == 0x309A);
}

/* The run of the text that stands for run i of a pattern whose match ends now. */
static const struct run *run_for(const struct search *s, const struct pattern *p, size_t i)
{
    return &s->recent[(s->count - p->count + i) % RECENT];
}

static bool has_borders(const struct search *s, const struct pattern *p, const struct run *next)
{
    const struct run *before = s->count > p->count ? &s->recent[(s->count - p->count - 1) % RECENT] : NULL;
    return is_border(&p->runs[0], before, run_for(s, p, 0)) && is_border(&p->runs[p->count - 1], next, next);
}

/* Do the last runs of the text match the pattern? */
static bool matches(const struct search *s, const struct pattern *p, const struct run *next)
{
    unsigned kinds = 0; /* of all runs */
    if (is_in_syllable(next) || (p->is_whole && !has_borders(s, p, next))) {
        return false;
    }
    for (size_t i = 0; i < p->count; i++) {
        const struct run *run = run_for(s, p, i);
        bool is_edge = !p->is_whole && (i == 0 || i == p->count - 1);
        if (!runs_fit(&p->runs[i], run, is_edge)) {
            return false;
        }
        kinds |= run->kinds;
    }
    bool is_number = (kinds & RUNS_DIGIT) != 0 && (kinds & ~(unsigned)(RUNS_DIGIT | RUNS_I_OR_L | RUNS_SIGN)) == 0;
    return !is_number || p->has_digit;
}

/* Adds a range. Ranges come in the order of their ends, so a new one can only meet the last
 * ones. */
static void add_range(struct ranges *r, size_t start, size_t end)
{
    while (r->count > 0 && r->at[r->count - 1].end >= start) {
        r->count--;
        start = r->at[r->count].start < start ? r->at[r->count].start : start;
    }
    if (r->count == r->capacity) {
        r->capacity = 2 * r->capacity + 16;
        r->at = ck_realloc(r->at, r->capacity * sizeof *r->at);
    }
    r->at[r->count++] = (struct range){start, end};
}

/* Tries the patterns that end at a node. Returns whether the shorter ones are of interest, too: not
 * when a range was added, because theirs would be within it. */
static bool try_node(struct search *s, int node, const struct run *run, const struct run *next)
{
    for (int i = s->words->nodes[node].pattern; i != NONE; i = s->words->patterns[i].next) {
        const struct pattern *p = &s->words->patterns[i];
        bool is_sought = s->masks != NULL ? p->act == WORDS_MASK : p->act < s->strictest;
        if (!is_sought || !matches(s, p, next)) {
            continue;
        }
        if (s->masks != NULL) {
            add_range(s->masks, run_for(s, p, 0)->start, run->end);
            return false;
        }
        s->strictest = p->act;
        s->entry = (size_t)i;
    }
    return true;
}

static bool take_run(void *context, const struct run *run, const struct run *next)
{
    struct search *s = context;
    const struct node *nodes = s->words->nodes;
    s->recent[s->count++ % RECENT] = *run;
    s->node = step(s->words, s->node, run->symbol);
    int node = nodes[s->node].pattern != NONE ? s->node : nodes[s->node].shorter;
    while (node != NONE && try_node(s, node, run, next)) {
        node = nodes[node].shorter;
    }
    return s->strictest != WORDS_REJECT;
}

static bool is_empty(const struct words *w)
{
    return w == NULL || w->node_count <= 1;
}

enum words_act words_find(const struct words *w, const char *text, size_t length, size_t *entry)
{
    if (is_empty(w)) {
        return WORDS_NONE;
    }
    struct search s = {.words = w, .strictest = WORDS_ACT__MAX};
    runs_read(text, length, take_run, &s);
    if (s.strictest == WORDS_ACT__MAX) {
        return WORDS_NONE;
    }
    if (entry != NULL) {
        *entry = s.entry;
    }
    return s.strictest;
}

/* Writes what stands in place of text[from..to) to out. Returns its length. */
static size_t write_mask(char *out, const char *text, size_t from, size_t to)
{
    size_t length = 0;
    for (size_t at = from, size = 0; at < to; at += size) {
        uint32_t c = 0;
        size = str_utf8_next(text + at, to - at, &c);
        enum forms_kind kind = size == 0 ? FORMS_SIGN : forms_kind_of(c);
        if (kind == FORMS_SPACE) {
            memmove(out + length, text + at, size);
            length += size;
        } else if (kind != FORMS_NOTHING && kind != FORMS_MARK) {
            out[length++] = '*';
        }
        size = size == 0 ? 1 : size;
    }
    return length;
}

size_t words_mask(const struct words *w, char *text, size_t length)
{
    if (is_empty(w)) {
        return length;
    }
    struct ranges found = {.at = NULL};
    struct search s = {.words = w, .masks = &found, .strictest = WORDS_ACT__MAX};
    size_t used = 0;
    size_t at = 0;
    runs_read(text, length, take_run, &s);
    for (size_t i = 0; i < found.count; i++) {
        memmove(text + used, text + at, found.at[i].start - at);
        used += found.at[i].start - at;
        used += write_mask(text + used, text, found.at[i].start, found.at[i].end);
        at = found.at[i].end;
    }
    memmove(text + used, text + at, length - at);
    used += length - at;
    if (used < length) {
        text[used] = '\0';
    }
    free(found.at);
    return used;
}
