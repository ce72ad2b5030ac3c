/* query.c - see query.h. */
#include "chat/query.h"

#include "base/err.h"
#include "base/str.h"
#include "chat/form.h"

#include <string.h>

static const struct {
    const char *word;
    enum query_format format;
} formats[] = {{"json", QUERY_JSON}, {"ndjson", QUERY_NDJSON}, {"text", QUERY_TEXT}};

static int parse_format(const struct form *fields, enum query_format *out, struct err *e)
{
    const struct form_field *f = NULL;
    *out = QUERY_JSON;
    if (form_once(fields, "format", &f, e) != 0) {
        return -1;
    }
    if (f == NULL) {
        return 0;
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(f->value, formats[i].word) == 0 && strlen(f->value) == f->length) {
            *out = formats[i].format;
            return 0;
        }
    }
    return err_field(e, ERR_INPUT, "format", "format must be json, ndjson or text.");
}

/* Parses a whole number min..max. *out is unchanged if the field isn't there; *given tells. */
static int parse_number(const struct form *fields, const char *name, uint64_t min, uint64_t max, uint64_t *out,
                        bool *given, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(fields, name, &f, e) != 0) {
        return -1;
    }
    *given = f != NULL;
    if (f == NULL) {
        return 0;
    }
    if (strlen(f->value) != f->length || str_u64(f->value, min, max, out) != 0) {
        return err_field(e, ERR_INPUT, name, "%s must be a whole number from %llu to %llu.", name,
                         (unsigned long long)min, (unsigned long long)max);
    }
    return 0;
}

static int parse_since(const char *value, struct query_room *room, const char *field, struct err *e)
{
    room->now = strcmp(value, "now") == 0;
    room->since = 0; /* the parameter since doesn't count here */
    if (!room->now && str_u64(value, 0, CHAT_SEQ_MAX, &room->since) != 0) {
        return err_field(e, ERR_INPUT, field, "since must be a whole number from 0 to %llu, or the word now.",
                         (unsigned long long)CHAT_SEQ_MAX);
    }
    return 0;
}

/* Parses "lobby" or "lobby:41". *since_given: the room has its own since. */
static int parse_room(const struct form_field *f, struct query_room *room, bool *since_given, struct err *e)
{
    const char *colon = memchr(f->value, ':', f->length);
    size_t length = colon != NULL ? (size_t)(colon - f->value) : f->length;
    *since_given = colon != NULL;
    if (!chat_room_valid(f->value, length)) {
        return err_field(
            e, ERR_INPUT, "room",
            "room must have 1 to 64 of the characters a-z, 0-9, '-' and '_', and begin with a letter or digit; "
            "for several rooms: room=lobby:41&room=dev:7.");
    }
    memcpy(room->name, f->value, length);
    room->name[length] = '\0';
    if (colon != NULL && strlen(f->value) != f->length) {
        return err_field(e, ERR_INPUT, "room", "since of a room must be a whole number or the word now.");
    }
    return colon != NULL ? parse_since(colon + 1, room, "room", e) : 0;
}

static int add_room(struct query *q, const struct form_field *f, const struct query_room *from, struct err *e)
{
    struct query_room room = *from;
    bool own_since = false;
    if (q->count == QUERY_ROOMS_MAX) {
        return err_field(e, ERR_INPUT, "room", "At most %d rooms can be asked for at once.", QUERY_ROOMS_MAX);
    }
    if (parse_room(f, &room, &own_since, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < q->count; i++) {
        if (strcmp(q->rooms[i].name, room.name) == 0) {
            return err_field(e, ERR_INPUT, "room", "room %s is given twice.", room.name);
        }
    }
    q->several = q->several || own_since || q->count > 0;
    q->rooms[q->count++] = room;
    return 0;
}

/* The parameter since counts for every room without its own. */
static int parse_rooms(const struct form *fields, struct query *q, bool *since_given, struct err *e)
{
    struct query_room from = {.name = CHAT_ROOM_DEFAULT};
    const struct form_field *since = NULL;
    if (form_once(fields, "since", &since, e) != 0) {
        return -1;
    }
    *since_given = since != NULL;
    if (since != NULL && strlen(since->value) != since->length) {
        return err_field(e, ERR_INPUT, "since", "since must be a whole number or the word now.");
    }
    if (since != NULL && parse_since(since->value, &from, "since", e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < fields->count; i++) {
        if (strcmp(fields->fields[i].name, "room") == 0 && add_room(q, &fields->fields[i], &from, e) != 0) {
            return -1;
        }
    }
    if (q->count == 0) {
        q->rooms[q->count++] = from;
    }
    return 0;
}

static int parse_epoch(const struct form *fields, struct query *q, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(fields, "epoch", &f, e) != 0) {
        return -1;
    }
    if (f == NULL) {
        return 0;
    }
    if (f->length == 0 || f->length >= sizeof q->epoch || strlen(f->value) != f->length) {
        return err_field(e, ERR_INPUT, "epoch", "epoch must be copied from an earlier answer.");
    }
    memcpy(q->epoch, f->value, f->length + 1);
    return 0;
}

/* since, before and last each say where to read, so only one of them is allowed. */
static int parse_kind(const struct form *fields, struct query *q, bool since_given, struct err *e)
{
    uint64_t last = 0;
    uint64_t limit = QUERY_LIMIT_DEFAULT;
    bool before_given = false;
    bool last_given = false;
    bool limit_given = false;
    if (parse_number(fields, "before", 1, CHAT_SEQ_MAX, &q->before, &before_given, e) != 0 ||
        parse_number(fields, "last", 1, QUERY_LIMIT_MAX, &last, &last_given, e) != 0 ||
        parse_number(fields, "limit", 1, QUERY_LIMIT_MAX, &limit, &limit_given, e) != 0) {
        return -1;
    }
    if (since_given + before_given + last_given > 1) {
        return err_field(e, ERR_INPUT, before_given ? "before" : "last",
                         "Only one of since, before and last can be given.");
    }
    if (q->several && (before_given || last_given)) {
        return err_field(e, ERR_INPUT, before_given ? "before" : "last", "before and last work with one room only.");
    }
    if (before_given) {
        q->kind = QUERY_BEFORE;
    } else if (last_given) {
        q->kind = QUERY_LAST;
        limit = limit_given && limit < last ? limit : last;
    }
    q->limit = (uint32_t)limit;
    return 0;
}

int query_parse(const struct form *fields, struct query *q, struct err *e)
{
    struct err own = ERR_INIT;
    bool since_given = false;
    bool wait_given = false;
    uint64_t wait = 0;
    if (e == NULL) {
        e = &own;
    }
    memset(q, 0, offsetof(struct query, rooms));
    if (parse_format(fields, &q->format, e) != 0 || parse_rooms(fields, q, &since_given, e) != 0 ||
        parse_kind(fields, q, since_given, e) != 0 || parse_epoch(fields, q, e) != 0 ||
        parse_number(fields, "wait", 0, QUERY_WAIT_MAX, &wait, &wait_given, e) != 0) {
        return -1;
    }
    q->wait = (unsigned)wait;
    return 0;
}
