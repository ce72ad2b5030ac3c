/* translate.c - see translate.h. */
#include "store/postgres/private/translate.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct translation {
    const char *at;
    struct buf out;
    int next; /* number of the next parameter that has none */
    int most;
};

static bool is_word_part(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t word_length(const char *at)
{
    size_t length = 0;
    while (is_word_part(at[length])) {
        length++;
    }
    return length;
}

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " ");
}

/* The word is here: returns what comes after it and its spaces. NULL: another word is. */
static const char *after_word(const char *at, const char *word)
{
    size_t length = strlen(word);
    return word_length(at) == length && memcmp(at, word, length) == 0 ? skip_spaces(at + length) : NULL;
}

static const char *after_any_word(const char *at)
{
    return skip_spaces(at + word_length(at));
}

/* ---- words that are written in another way. Each returns whether it was that ---- */

static bool take_indexed(struct translation *t)
{
    const char *by = after_word(t->at, "INDEXED");
    const char *index = by != NULL ? after_word(by, "BY") : NULL;
    if (index == NULL) {
        return false;
    }
    t->at = after_any_word(index);
    return true;
}

/* Drops CROSS before a join that has a condition. */
static bool take_cross(struct translation *t)
{
    const char *join = after_word(t->at, "CROSS");
    const char *table = join != NULL ? after_word(join, "JOIN") : NULL;
    if (table == NULL) {
        return false;
    }
    const char *next = after_any_word(table);
    const char *indexed = after_word(next, "INDEXED");
    next = indexed != NULL ? after_any_word(after_any_word(indexed)) : next;
    const char *as = after_word(next, "AS");
    next = as != NULL ? after_any_word(as) : next;
    if (after_word(next, "USING") == NULL && after_word(next, "ON") == NULL) {
        return false;
    }
    t->at = join;
    return true;
}

static bool take_is(struct translation *t)
{
    const char *value = after_word(t->at, "IS");
    const char *negated = value != NULL ? after_word(value, "NOT") : NULL;
    value = negated != NULL ? negated : value;
    if (value == NULL || after_word(value, "NULL") != NULL) {
        return false;
    }
    buf_adds(&t->out, negated != NULL ? "IS DISTINCT FROM " : "IS NOT DISTINCT FROM ");
    t->at = value;
    return true;
}

static bool take_group_concat(struct translation *t)
{
    const char *after = after_word(t->at, "group_concat");
    if (after == NULL) {
        return false;
    }
    buf_adds(&t->out, "string_agg");
    t->at = after;
    return true;
}

static bool take_cast(struct translation *t)
{
    static const char tail[] = " AS BLOB)";
    const char *open = after_word(t->at, "CAST");
    if (open == NULL || *open != '(') {
        return false;
    }
    size_t length = word_length(open + 1);
    if (strncmp(open + 1 + length, tail, strlen(tail)) != 0) {
        return false;
    }
    buf_addf(&t->out, "convert_to(%.*s, 'UTF8')", (int)length, open + 1);
    t->at = open + 1 + length + strlen(tail);
    return true;
}

/* ---- the rest ---- */

static void take_word(struct translation *t)
{
    if (take_indexed(t) || take_cross(t) || take_is(t) || take_group_concat(t) || take_cast(t)) {
        return;
    }
    size_t length = word_length(t->at);
    buf_add(&t->out, t->at, length);
    t->at += length;
}

static void take_parameter(struct translation *t)
{
    char *end = NULL;
    long number = strtol(t->at + 1, &end, 10);
    number = end == t->at + 1 ? t->next++ : number;
    buf_addf(&t->out, "$%ld", number);
    t->at = end;
    t->most = number > t->most ? (int)number : t->most;
}

static void take_literal(struct translation *t)
{
    size_t length = strcspn(t->at + 1, "'") + 2; /* a quote within it begins the next literal */
    buf_add(&t->out, t->at, length);
    t->at += length;
}

char *postgres_translate(const char *sql, int *parameters)
{
    struct translation t = {.at = sql, .next = 1};
    buf_init(&t.out, BUF_UNLIMITED);
    while (*t.at != '\0') {
        if (*t.at == '\'') {
            take_literal(&t);
        } else if (*t.at == '?') {
            take_parameter(&t);
        } else if (is_word_part(*t.at)) {
            take_word(&t);
        } else {
            buf_addc(&t.out, *t.at++);
        }
    }
    *parameters = t.most;
    return buf_steal(&t.out);
}
