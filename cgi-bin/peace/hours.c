/* hours.c - see hours.h. */
#include "peace/hours.h"

#include "base/err.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 24 * 60, WEEK_DAYS = 7, ALL_DAYS = 127, MINUTE_MS = 60 * 1000, OFFSET_MAX = 14 * 60 };

static const char *skip(const char *at)
{
    return at + strspn(at, " ");
}

/* NULL: there is no day here. */
static const char *read_day(const char *at, unsigned *day)
{
    static const char words[] = "montuewedthufrisatsun";
    for (unsigned i = 0; i < WEEK_DAYS; i++) {
        char word[4] = {words[i * 3], words[i * 3 + 1], words[i * 3 + 2], '\0'};
        if (str_starts_nocase(at, word)) {
            *day = i;
            return at + 3;
        }
    }
    return NULL;
}

/* "mon-fri", "mon,wed" or both. Without a day, *days is unchanged. NULL: a mistake. */
static const char *read_days(const char *at, uint8_t *days)
{
    unsigned first = 0;
    const char *next = read_day(at, &first);
    uint8_t found = 0;
    for (; next != NULL; next = read_day(at, &first)) {
        unsigned last = first;
        at = next;
        if (*at == '-' && (at = read_day(at + 1, &last)) == NULL) {
            return NULL;
        }
        for (unsigned day = first; (found |= (uint8_t)(1U << day), day != last);) {
            day = (day + 1) % WEEK_DAYS;
        }
        *days = found;
        if (*at != ',') {
            return at;
        }
        at++;
    }
    return found == 0 ? at : NULL;
}

static const char *read_time(const char *at, uint16_t *minutes)
{
    if (at == NULL || strspn(at, "0123456789") != 2 || at[2] != ':' || strspn(at + 3, "0123456789") != 2) {
        return NULL;
    }
    unsigned hour = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    unsigned minute = (unsigned)(at[3] - '0') * 10 + (unsigned)(at[4] - '0');
    *minutes = (uint16_t)(hour * 60 + minute);
    return minute < 60 && *minutes <= DAY ? at + 5 : NULL;
}

static const char *read_span(const char *at, struct hours_span *span)
{
    span->days = ALL_DAYS;
    at = read_days(skip(at), &span->days);
    at = at != NULL ? read_time(skip(at), &span->from) : NULL;
    at = at != NULL && *at == '-' ? read_time(at + 1, &span->to) : NULL;
    return at != NULL && span->from < DAY && span->from != span->to ? skip(at) : NULL;
}

/* The last word, "+60". */
static const char *read_offset(const char *at, int16_t *offset)
{
    char digits[5] = "";
    uint64_t minutes = 0;
    size_t length = strspn(at + 1, "0123456789");
    if (length >= sizeof digits) {
        return NULL;
    }
    memcpy(digits, at + 1, length);
    if (str_u64(digits, 0, OFFSET_MAX, &minutes) != 0) {
        return NULL;
    }
    *offset = (int16_t)(*at == '-' ? -(int)minutes : (int)minutes);
    return skip(at + 1 + length);
}

/* A span with the difference that may stand behind it. */
static const char *read_part(const char *at, struct hours *out)
{
    at = out->count < HOURS_SPANS ? read_span(at, &out->spans[out->count]) : NULL;
    out->count++;
    return at != NULL && (*at == '+' || *at == '-') ? read_offset(at, &out->offset) : at;
}

/* Behind the last ';' there may be the difference alone. */
static const char *read_all(struct hours *out, const char *at)
{
    at = read_part(at, out);
    while (at != NULL && *at == ';') {
        at = skip(at + 1);
        at = *at == '+' || *at == '-' ? read_offset(at, &out->offset) : read_part(at, out);
    }
    return at;
}

int hours_read(struct hours *out, const char *text, struct err *e)
{
    memset(out, 0, sizeof *out);
    if (*skip(text) == '\0') {
        return 0;
    }
    const char *end = strlen(text) <= HOURS_TEXT_MAX ? read_all(out, text) : NULL;
    if (end != NULL && *end == '\0') {
        return 0;
    }
    *out = (struct hours){.count = 1}; /* a span without days */
    return err_field(e, ERR_INPUT, "hours",
                     "hours must be like 'mon-fri 08:00-18:00; sat 10:00-14:00 +60'; the last number is the "
                     "difference from UTC in minutes.");
}

/* minute: of the local time, since 1970 (a Thursday). */
static bool is_open_at(const struct hours *h, int64_t minute)
{
    int64_t day = minute / DAY;
    unsigned now = (unsigned)(minute % DAY);
    unsigned today = 1U << ((day + 3) % WEEK_DAYS);
    unsigned yesterday = 1U << ((day + 2) % WEEK_DAYS);
    bool open = h->count == 0;
    for (size_t i = 0; i < h->count && !open; i++) {
        const struct hours_span *s = &h->spans[i];
        if (s->from < s->to) {
            open = (s->days & today) != 0 && now >= s->from && now < s->to;
        } else {
            open = ((s->days & today) != 0 && now >= s->from) || ((s->days & yesterday) != 0 && now < s->to);
        }
    }
    return open;
}

static int64_t earlier(const struct hours *h, int64_t best, int64_t now, int64_t minute)
{
    bool is_later = minute > now && (best == 0 || minute < best);
    return is_later && is_open_at(h, minute) != is_open_at(h, now) ? minute : best;
}

bool hours_are_open(const struct hours *h, int64_t now_ms, int64_t *until)
{
    int64_t now = now_ms / MINUTE_MS + h->offset;
    int64_t best = 0;
    if (now < DAY) { /* a clock that isn't set */
        now = DAY;
    }
    for (int64_t day = now / DAY; until != NULL && day <= now / DAY + WEEK_DAYS + 1; day++) {
        for (size_t i = 0; i < h->count; i++) {
            best = earlier(h, best, now, day * DAY + h->spans[i].from);
            best = earlier(h, best, now, day * DAY + h->spans[i].to);
        }
    }
    if (until != NULL) {
        *until = best == 0 ? 0 : (best - h->offset) * MINUTE_MS;
    }
    return is_open_at(h, now);
}
