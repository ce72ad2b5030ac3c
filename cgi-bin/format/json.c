/* json.c - see json.h. */
#include "format/json.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "format/findings.h"
#include "format/status.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int to_buf(const char *bytes, size_t length, void *buf)
{
    buf_add(buf, bytes, length);
    return 0;
}

/* Writes and frees the object. */
static void dump_take(struct buf *out, json_t *object)
{
    CK(object != NULL);
    CK(json_dump_callback(object, to_buf, out, JSON_COMPACT) == 0);
    json_decref(object);
}

static void put(json_t *object, const char *key, json_t *value)
{
    CK(value != NULL && json_object_set_new(object, key, value) == 0);
}

static void put_string(json_t *object, const char *key, const char *value)
{
    put(object, key, json_string(value));
}

static void put_seq(json_t *object, const char *key, uint64_t value)
{
    put(object, key, json_integer((json_int_t)value));
}

/* Messages, and the answers around them, are written by the code here; everything that is rare by
 * jansson. For a message jansson would copy the text into its tree, check it twice and write it
 * piece by piece: 5 to 42 ms for a megabyte, which a request of 100 bytes can ask for. Here it
 * takes 0.3 to 2 ms. */
static char *put_escape(char *to, unsigned char c)
{
    static const char short_ones[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char digits[] = "0123456789ABCDEF";
    *to++ = '\\';
    if (c >= 0x20 || short_ones[c] != 0) {
        *to++ = c >= 0x20 ? (char)c : short_ones[c];
        return to;
    }
    *to++ = 'u';
    *to++ = '0';
    *to++ = '0';
    *to++ = digits[c >> 4];
    *to++ = digits[c & 0xF];
    return to;
}

/* Returns the end of what was written. `to` has room for chat_text_weight bytes. */
static char *put_escaped(char *to, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t run = str_json_run(bytes + at, length - at);
        memcpy(to, bytes + at, run);
        to += run;
        at += run;
        while (at < length && ((unsigned char)bytes[at] < 0x20 || bytes[at] == '"' || bytes[at] == '\\')) {
            to = put_escape(to, (unsigned char)bytes[at++]);
        }
    }
    return to;
}

/* Adds a JSON string. Texts come from the store, which holds UTF-8 only. If a damaged file holds
 * other bytes, the reader sees the replacement character and the room stays readable. */
static void add_string(struct buf *out, const char *bytes, size_t length)
{
    size_t room = 0;
    if (length == 0 || !str_utf8_valid(bytes, length, NULL)) {
        buf_adds(out, length == 0 ? "\"\"" : "\"\xEF\xBF\xBD\"");
        return;
    }
    size_t size = chat_text_weight(bytes, length) + 2;
    char *to = buf_room(out, size, &room);
    if (out->over || room < size) {
        out->over = true;
        return;
    }
    char *end = put_escaped(to + 1, bytes, length);
    *to = '"';
    *end = '"';
    buf_grew(out, (size_t)(end + 1 - to));
}

void json_text(struct buf *out, const char *bytes, size_t length)
{
    add_string(out, bytes, length);
}

static void add_key(struct buf *out, const char *key)
{
    buf_addc(out, '"');
    buf_adds(out, key);
    buf_adds(out, "\":");
}

/* Each member ends with a comma. end_object puts a '}' in the place of the last one. */
static void add_member_string(struct buf *out, const char *key, const char *value)
{
    add_key(out, key);
    add_string(out, value, strlen(value));
    buf_addc(out, ',');
}

/* A word of this program, in which nothing has to be escaped. */
static void add_member_word(struct buf *out, const char *key, const char *word)
{
    add_key(out, key);
    buf_addc(out, '"');
    buf_adds(out, word);
    buf_adds(out, "\",");
}

static void add_member_seq(struct buf *out, const char *key, uint64_t value)
{
    add_key(out, key);
    buf_addu(out, value);
    buf_addc(out, ',');
}

static void add_member_bool(struct buf *out, const char *key, bool value)
{
    add_key(out, key);
    buf_adds(out, value ? "true," : "false,");
}

static void end_object(struct buf *out)
{
    CK(out->over || out->bytes[out->length - 1] == ',');
    if (!out->over) {
        out->bytes[out->length - 1] = '}';
    }
}

/* "41-60 63" becomes [[41,60],[63,63]]. Of a damaged text it writes the ranges before the
 * damage. */
static void add_targets(struct buf *out, const char *ranges)
{
    const char *between = "";
    char *end = NULL;
    add_key(out, "targets");
    buf_addc(out, '[');
    for (const char *at = ranges; *at >= '0' && *at <= '9'; at = *end == ' ' ? end + 1 : end) {
        unsigned long long first = strtoull(at, &end, 10);
        unsigned long long last = *end == '-' ? strtoull(end + 1, &end, 10) : first;
        buf_addf(out, "%s[%llu,%llu]", between, first, last);
        between = ",";
    }
    buf_adds(out, "],");
}

/* What is known of the sender beside the name. */
static void add_sender(struct buf *out, const struct chat_message *m)
{
    static const char digits[] = "0123456789abcdef";
    if (m->flags == 0 && m->role < CHAT_MODERATOR) {
        return;
    }
    if ((m->flags & CHAT_HAS_MARK) != 0) {
        const char mark[] = {digits[m->mark >> 12], digits[m->mark >> 8 & 0xF], digits[m->mark >> 4 & 0xF],
                             digits[m->mark & 0xF], '\0'};
        add_member_word(out, "mark", mark);
    }
    if (m->role >= CHAT_MODERATOR) {
        add_member_word(out, "role", chat_role_word(m->role));
    }
    if ((m->flags & CHAT_SIGNED) != 0) {
        add_member_bool(out, "signed", true);
    }
    if ((m->flags & CHAT_ALIKE) != 0) {
        add_member_bool(out, "alike", true);
    }
    if ((m->flags & CHAT_FRESH) != 0) {
        add_member_bool(out, "fresh", true);
    }
}

/* The one place for the members of a message. Writes them and the end of the object. */
static void add_message(struct buf *out, const struct chat_message *m)
{
    char time[CLOCK_TEXT_SIZE];
    clock_text(m->time_ms, time);
    add_member_seq(out, "seq", m->seq);
    add_member_word(out, "time", time);
    add_member_string(out, "name", m->name);
    add_key(out, "text");
    add_string(out, m->text, m->text_length);
    buf_addc(out, ',');
    add_member_word(out, "type", chat_type_word(m->type));
    add_member_string(out, "id", m->id);
    if (m->reply_to != 0) {
        add_member_seq(out, "reply_to", m->reply_to);
    }
    if (m->target != 0) {
        add_member_seq(out, "target", m->target);
    }
    if (m->targets != NULL) {
        add_targets(out, m->targets);
    }
    if (m->edited != 0) {
        add_member_seq(out, "edited", m->edited);
    }
    add_sender(out, m);
    end_object(out);
}

void json_message(struct buf *out, const char *room, const struct chat_message *m)
{
    buf_addc(out, '{');
    if (room != NULL) {
        add_member_string(out, "room", room);
    }
    add_message(out, m);
}

void json_sent(struct buf *out, const char *epoch, const char *room, const struct chat_message *m)
{
    buf_addc(out, '{');
    add_member_string(out, "epoch", epoch);
    add_member_string(out, "room", room);
    add_message(out, m);
}

void json_held(struct buf *out, const char *epoch, const struct chat_draft *d, const char *why)
{
    buf_addc(out, '{');
    add_member_bool(out, "held", true);
    add_member_string(out, "epoch", epoch);
    add_member_string(out, "room", d->room);
    add_member_string(out, "id", d->id);
    add_member_word(out, "why", why);
    end_object(out);
}

enum position { NEXT, HEAD, OLDEST };

static void add_position(struct buf *out, const char *key, const struct answer *a, enum position which)
{
    if (a->several) {
        add_key(out, key);
        buf_addc(out, '{');
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct answer_room *r = &a->rooms[i];
        uint64_t value = which == NEXT ? r->next : which == HEAD ? r->head : r->oldest;
        add_member_seq(out, a->several ? r->name : key, value);
    }
    if (a->several) {
        end_object(out);
        buf_addc(out, ',');
    }
}

static void add_gap(struct buf *out, const struct answer *a)
{
    bool first = true;
    for (size_t i = 0; i < a->count; i++) {
        if (a->rooms[i].gap && a->several) {
            buf_adds(out, first ? "\"gap\":[" : ",");
            add_string(out, a->rooms[i].name, strlen(a->rooms[i].name));
        } else if (a->rooms[i].gap) {
            add_member_bool(out, "gap", true);
        }
        first = first && !a->rooms[i].gap;
    }
    buf_adds(out, !first && a->several ? "]," : "");
}

static void add_watch(struct buf *out, const struct answer *a)
{
    bool first = true;
    for (size_t i = 0; i < a->count; i++) {
        if (a->rooms[i].watch != NULL) {
            buf_adds(out, first && a->several ? "\"watch\":{" : "");
            add_member_string(out, a->several ? a->rooms[i].name : "watch", a->rooms[i].watch);
            first = false;
        }
    }
    if (!first && a->several) {
        end_object(out);
        buf_addc(out, ',');
    }
}

static void add_positions(struct buf *out, const struct answer *a)
{
    add_position(out, "next", a, NEXT);
    add_position(out, "head", a, HEAD);
    add_position(out, "oldest", a, OLDEST);
}

/* The members behind the messages. */
static void add_cursor(struct buf *out, const struct answer *a)
{
    add_positions(out, a);
    add_member_bool(out, "more", a->more);
    add_member_seq(out, "wait", a->wait);
    if (a->wait == 0) {
        add_member_seq(out, "poll_after", a->poll_after);
    }
    add_watch(out, a);
    add_gap(out, a);
}

/* The members before the messages. */
static void add_head(struct buf *out, const struct answer *a)
{
    add_member_string(out, "epoch", a->epoch);
    if (!a->several) {
        add_member_string(out, "room", a->rooms[0].name);
    }
}

static void add_messages(struct buf *out, const struct answer *a, const char *between, const char *after)
{
    bool first = true;
    for (size_t r = 0; r < a->count; r++) {
        for (size_t i = 0; i < a->rooms[r].count; i++) {
            buf_adds(out, first ? "" : between);
            json_message(out, a->several ? a->rooms[r].name : NULL, &a->rooms[r].messages[i]);
            buf_adds(out, after);
            first = false;
        }
    }
}

void json_answer(struct buf *out, const struct answer *a)
{
    buf_addc(out, '{');
    add_head(out, a);
    buf_adds(out, "\"messages\":[");
    add_messages(out, a, ",", "");
    buf_adds(out, "],");
    add_cursor(out, a);
    end_object(out);
}

void json_messages_lines(struct buf *out, const struct answer *a)
{
    add_messages(out, a, "", "\n");
}

void json_answer_lines(struct buf *out, const struct answer *a)
{
    json_messages_lines(out, a);
    buf_adds(out, "{\"type\":\"cursor\",");
    add_head(out, a);
    add_cursor(out, a);
    end_object(out);
    buf_addc(out, '\n');
}

void json_position(struct buf *out, const struct answer *a)
{
    buf_adds(out, "{\"type\":\"cursor\",");
    add_head(out, a);
    add_positions(out, a);
    add_gap(out, a);
    end_object(out);
}

void json_head(struct buf *out, const char *epoch, uint64_t head)
{
    buf_addc(out, '{');
    add_member_string(out, "epoch", epoch);
    add_member_seq(out, "head", head);
    end_object(out);
    buf_addc(out, '\n');
}

/* ---- status ---- */

/* Returns the object named `group` in o, made if it is missing; o itself for no group. */
static json_t *group_of(json_t *o, const char *group)
{
    if (group == NULL) {
        return o;
    }
    if (json_object_get(o, group) == NULL) {
        put(o, group, json_object());
    }
    return json_object_get(o, group);
}

static void put_spread(json_t *o, enum metrics_histogram which, const struct metrics_spread *s)
{
    const struct metrics_scale *scale = &metrics_histograms[which];
    json_t *spread = json_object();
    json_t *buckets = json_object();
    char bound[24];
    for (size_t i = 0; i <= scale->bounds; i++) {
        snprintf(bound, sizeof bound, i < scale->bounds ? "%u" : "more", i < scale->bounds ? scale->bound[i] : 0U);
        put_seq(buckets, bound, s->bucket[i]);
    }
    put_seq(spread, "count", metrics_total(which, s));
    put_seq(spread, "sum", s->sum);
    put_seq(spread, "p50", metrics_share_below(which, s, 0.5));
    put_seq(spread, "p99", metrics_share_below(which, s, 0.99));
    put(spread, "up_to", buckets);
    put(o, scale->key, spread);
}

void json_status(struct buf *out, const struct status *s)
{
    json_t *o = json_object();
    json_t *store = json_object();
    char since[CLOCK_TEXT_SIZE];
    clock_text(s->since_ms, since);
    put_string(o, "version", s->version);
    put_seq(o, "uptime", s->uptime_s);
    put_string(o, "counted_since", since);
    put_string(o, "counts_of", s->whole_site ? "site" : "process");
    put_string(o, "wake", s->has_bell ? "bell" : "timer");
    put_seq(o, "descriptors", s->descriptors);
    put_seq(o, "processes", s->processes);
    put_seq(o, "max_held", s->max_held);
    put_seq(o, "max_waiting", s->max_waiting);
    put_string(o, "max_waiting_why", s->why);
    put_string(store, "kind", s->store);
    put_seq(store, "bytes", s->store_bytes);
    put(o, "store", store);
    for (size_t i = 0; i < METRICS_GAUGE__MAX; i++) {
        put_seq(group_of(o, metrics_gauges[i].group), metrics_gauges[i].key, s->counts->gauge[i]);
    }
    for (size_t i = 0; i < METRICS_COUNTER__MAX; i++) {
        put_seq(group_of(o, metrics_counters[i].group), metrics_counters[i].key, s->counts->counter[i]);
    }
    for (size_t i = 0; i < METRICS_HISTOGRAM__MAX; i++) {
        put_spread(o, (enum metrics_histogram)i, &s->counts->histogram[i]);
    }
    dump_take(out, o);
}

static json_t *list_of(const struct findings *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->count; i++) {
        json_t *o = json_object();
        put_string(o, "topic", f->list[i].topic);
        put_string(o, "state", finding_word(f->list[i].state));
        put_string(o, "text", f->list[i].text);
        CK(json_array_append_new(list, o) == 0);
    }
    return list;
}

void json_doctor(struct buf *out, const struct json_doctor *d)
{
    json_t *o = json_object();
    char time[CLOCK_TEXT_SIZE];
    clock_text(d->time_ms, time);
    put_string(o, "version", d->version);
    put_string(o, "time", time);
    put(o, "secure", json_boolean(d->secure));
    put(o, "authorization", json_boolean(d->authorization));
    put(o, "forwarded", json_boolean(d->forwarded));
    put_string(o, "data_address", d->data_address);
    put(o, "findings", list_of(d->findings));
    dump_take(out, o);
}

void json_received(struct buf *out, uint64_t bytes)
{
    json_t *o = json_object();
    put_seq(o, "bytes", bytes);
    dump_take(out, o);
}

/* Leaves out what isn't UTF-8, and "". */
/* Leaves out what is empty or no UTF-8. */
static void add_known(struct buf *out, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0' && str_utf8_valid(value, strlen(value), NULL)) {
        add_member_string(out, key, value);
    }
}

/* By the code here too: a flood of requests may get a problem each. */
void json_problem(struct buf *out, const struct json_problem *p)
{
    bool is_text = str_utf8_valid(p->detail, strlen(p->detail), NULL);
    buf_addc(out, '{');
    add_member_word(out, "type", p->type);
    add_member_word(out, "title", p->title);
    add_member_seq(out, "status", (uint64_t)p->status);
    add_member_string(out, "detail", is_text ? p->detail : p->title);
    add_known(out, "field", p->field);
    add_known(out, "epoch", p->epoch);
    for (size_t i = 0; p->more != NULL && i < ERR_MORE && p->more[i].name[0] != '\0'; i++) {
        add_known(out, p->more[i].name, p->more[i].value);
    }
    end_object(out);
}
