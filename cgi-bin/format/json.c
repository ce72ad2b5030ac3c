/* json.c - see json.h. */
#include "format/json.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/str.h"
#include "format/findings.h"
#include "format/status.h"

#include <jansson.h>
#include <stdio.h>
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

/* Messages are written by the code here, everything else by jansson. For a message jansson would
 * copy the text into its tree, check it twice and write it piece by piece: 5 to 42 ms for a
 * megabyte, which a request of 100 bytes can ask for. Here it takes 0.3 to 2 ms. */
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

static void add_member_string(struct buf *out, const char *key, const char *value, size_t length)
{
    buf_addf(out, "\"%s\":", key);
    add_string(out, value, length);
    buf_addc(out, ',');
}

/* The one place for the members of a message. Writes them and the end of the object. */
static void add_message(struct buf *out, const struct chat_message *m)
{
    char time[CLOCK_TEXT_SIZE];
    clock_text(m->time_ms, time);
    buf_addf(out, "\"seq\":%llu,\"time\":\"%s\",", (unsigned long long)m->seq, time);
    add_member_string(out, "name", m->name, strlen(m->name));
    add_member_string(out, "text", m->text, m->text_length);
    buf_addf(out, "\"type\":\"%s\",\"id\":", chat_type_word(m->type));
    add_string(out, m->id, strlen(m->id));
    if (m->reply_to != 0) {
        buf_addf(out, ",\"reply_to\":%llu", (unsigned long long)m->reply_to);
    }
    buf_addc(out, '}');
}

void json_message(struct buf *out, const char *room, const struct chat_message *m)
{
    buf_addc(out, '{');
    if (room != NULL) {
        add_member_string(out, "room", room, strlen(room));
    }
    add_message(out, m);
}

void json_sent(struct buf *out, const char *epoch, const char *room, const struct chat_message *m)
{
    buf_addc(out, '{');
    add_member_string(out, "epoch", epoch, strlen(epoch));
    add_member_string(out, "room", room, strlen(room));
    add_message(out, m);
}

enum position { NEXT, HEAD, OLDEST };

static void put_position(json_t *o, const char *key, const struct answer *a, enum position which)
{
    json_t *by_room = a->several ? json_object() : NULL;
    for (size_t i = 0; i < a->count; i++) {
        const struct answer_room *r = &a->rooms[i];
        uint64_t value = which == NEXT ? r->next : which == HEAD ? r->head : r->oldest;
        put_seq(by_room != NULL ? by_room : o, by_room != NULL ? r->name : key, value);
    }
    if (by_room != NULL) {
        put(o, key, by_room);
    }
}

static void put_gap(json_t *o, const struct answer *a)
{
    json_t *rooms = json_array();
    for (size_t i = 0; i < a->count; i++) {
        if (a->rooms[i].gap) {
            CK(json_array_append_new(rooms, json_string(a->rooms[i].name)) == 0);
        }
    }
    if (json_array_size(rooms) > 0) {
        put(o, "gap", a->several ? json_incref(rooms) : json_true());
    }
    json_decref(rooms);
}

static void put_watch(json_t *o, const struct answer *a)
{
    json_t *by_room = json_object();
    for (size_t i = 0; i < a->count; i++) {
        if (a->rooms[i].watch != NULL) {
            put_string(a->several ? by_room : o, a->several ? a->rooms[i].name : "watch", a->rooms[i].watch);
        }
    }
    if (json_object_size(by_room) > 0) {
        put(o, "watch", json_incref(by_room));
    }
    json_decref(by_room);
}

static void put_positions(json_t *o, const struct answer *a)
{
    put_position(o, "next", a, NEXT);
    put_position(o, "head", a, HEAD);
    put_position(o, "oldest", a, OLDEST);
}

/* The members behind the messages. */
static void put_cursor(json_t *o, const struct answer *a)
{
    put_positions(o, a);
    put(o, "more", json_boolean(a->more));
    put_seq(o, "wait", a->wait);
    if (a->wait == 0) {
        put_seq(o, "poll_after", a->poll_after);
    }
    put_watch(o, a);
    put_gap(o, a);
}

/* The members before the messages. */
static void put_head(json_t *o, const struct answer *a)
{
    put_string(o, "epoch", a->epoch);
    if (!a->several) {
        put_string(o, "room", a->rooms[0].name);
    }
}

static void dump_messages(struct buf *out, const struct answer *a, const char *between, const char *after)
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

/* The answer's object is cut in two, and the messages are written one by one between the halves. So
 * an answer of many large messages isn't held twice, as jansson's tree and as text. */
void json_answer(struct buf *out, const struct answer *a)
{
    json_t *head = json_object();
    json_t *cursor = json_object();
    put_head(head, a);
    put_cursor(cursor, a);
    dump_take(out, head);
    CK(out->length > 0 && out->bytes[out->length - 1] == '}');
    out->bytes[--out->length] = '\0';
    buf_adds(out, ",\"messages\":[");
    dump_messages(out, a, ",", "");
    buf_adds(out, "],");
    size_t at = out->length;
    dump_take(out, cursor);
    memmove(out->bytes + at, out->bytes + at + 1, out->length - at); /* the cursor's '{' */
    out->length--;
}

void json_messages_lines(struct buf *out, const struct answer *a)
{
    dump_messages(out, a, "", "\n");
}

void json_answer_lines(struct buf *out, const struct answer *a)
{
    json_t *cursor = json_object();
    json_messages_lines(out, a);
    put_string(cursor, "type", "cursor");
    put_head(cursor, a);
    put_cursor(cursor, a);
    dump_take(out, cursor);
    buf_adds(out, "\n");
}

void json_position(struct buf *out, const struct answer *a)
{
    json_t *o = json_object();
    put_string(o, "type", "cursor");
    put_head(o, a);
    put_positions(o, a);
    put_gap(o, a);
    dump_take(out, o);
}

void json_head(struct buf *out, const char *epoch, uint64_t head)
{
    json_t *o = json_object();
    put_string(o, "epoch", epoch);
    put_seq(o, "head", head);
    dump_take(out, o);
    buf_adds(out, "\n");
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

void json_problem(struct buf *out, const char *type, const char *title, int status, const char *detail,
                  const char *field, const char *epoch)
{
    json_t *o = json_object();
    json_t *text = json_string(detail);
    put_string(o, "type", type);
    put_string(o, "title", title);
    put(o, "status", json_integer(status));
    put(o, "detail", text != NULL ? text : json_string(title));
    text = field != NULL && field[0] != '\0' ? json_string(field) : NULL;
    if (text != NULL) {
        put(o, "field", text);
    }
    if (epoch != NULL && epoch[0] != '\0') {
        put_string(o, "epoch", epoch);
    }
    dump_take(out, o);
}
