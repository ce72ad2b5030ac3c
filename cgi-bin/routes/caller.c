/* caller.c - see caller.h. */
#include "routes/caller.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "chat/form.h"
#include "chat/query.h"
#include "peace/token.h"
#include "routes/limit.h"
#include "site/limiter.h"
#include "site/site.h"
#include "site/site_rules.h"
#include "store/store_person.h"
#include "web/request.h"

#include <stdlib.h>
#include <string.h>

/* ---- credentials ---- */

/* A value that may come in several places. */
struct said {
    const char *name; /* of the field */
    const char *value;
    size_t length; /* 0: not said */
};

static int say(struct said *s, const char *value, size_t length, struct err *e)
{
    if (s->value != NULL && (s->length != length || memcmp(s->value, value, length) != 0)) {
        return err_field(e, ERR_INPUT, s->name, "The request has two different values of %s.", s->name);
    }
    s->value = value;
    s->length = length;
    return 0;
}

static bool has_two_dots(const char *text)
{
    const char *first = strchr(text, '.');
    return first != NULL && strchr(first + 1, '.') != NULL;
}

/* Other schemes than Bearer are the web server's. */
static int read_authorization(const struct request *request, struct said *key, struct said *token, struct err *e)
{
    const char *value = request_variable(request, "HTTP_AUTHORIZATION");
    value = value != NULL ? value : request_variable(request, "REDIRECT_HTTP_AUTHORIZATION");
    if (value == NULL || !str_starts_nocase(value, "bearer") || strchr(" \t", value[strlen("bearer")]) == NULL) {
        return 0;
    }
    value += strlen("bearer");
    value += strspn(value, " \t");
    size_t length = strlen(value);
    while (length > 0 && strchr(" \t", value[length - 1]) != NULL) {
        length--;
    }
    return say(has_two_dots(value) ? token : key, value, length, e);
}

static int read_place(struct said *s, const struct request *request, const char *header, const struct form *fields,
                      const struct caller_text *in_body, struct err *e)
{
    const struct form_field *f = NULL;
    const char *value = request_variable(request, header);
    if (value != NULL && say(s, value, strlen(value), e) != 0) {
        return -1;
    }
    if (fields != NULL && form_once(fields, s->name, &f, e) != 0) {
        return -1;
    }
    if (f != NULL && say(s, f->value, f->length, e) != 0) {
        return -1;
    }
    return in_body != NULL && in_body->value != NULL ? say(s, in_body->value, in_body->length, e) : 0;
}

static int take_key(struct caller *c, const struct said *said, struct err *e)
{
    unsigned char bytes[KEY_BYTES];
    if (said->value == NULL) {
        return 0;
    }
    if (key_parse(said->value, said->length, bytes, e) != 0) {
        return -1;
    }
    memcpy(c->key, said->value, said->length);
    if (c->token == NULL) {
        limit_by_text(c->key, &c->who);
    }
    c->asker.has_key = true;
    return 0;
}

static int take_token(struct caller *c, const struct said *said, struct err *e)
{
    if (said->value == NULL) {
        return 0;
    }
    const struct token_settings *settings = site_rules_tokens(c->site, e);
    struct token *token = settings != NULL ? ck_calloc(1, sizeof *token) : NULL;
    if (token == NULL || token_check(settings, said->value, said->length, c->now_ms / 1000, token, e) != 0) {
        free(token);
        return -1;
    }
    c->token = token;
    c->asker.token = token;
    limit_by_text(token->sub, &c->who);
    c->asker.has_key = true;
    c->ends_ms = token->exp_s * 1000;
    return 0;
}

/* The address of a proxy that isn't trusted is not the client's, and would stand for all of
 * them. */
static void take_address(struct caller *c, const struct request *request, const struct limiter_who *who)
{
    if (who != NULL) {
        c->who = *who;
    } else {
        limit_who(request, NULL, &c->who);
    }
    if (c->who.network == LIMITER_KNOWN) {
        c->asker.address = c->who.address;
    }
}

int caller_take(struct caller *c, struct site *site, const struct request *request, const struct limiter_who *who,
                const struct form *fields, const struct caller_fields *body, struct err *e)
{
    struct said key = {.name = "key"};
    struct said token = {.name = "token"};
    *c = (struct caller){.site = site, .now_ms = clock_wall_ms()};
    take_address(c, request, who);
    if (read_authorization(request, &key, &token, e) != 0 ||
        read_place(&key, request, "HTTP_POLLCHAT_KEY", fields, body != NULL ? &body->key : NULL, e) != 0 ||
        read_place(&token, request, "HTTP_POLLCHAT_TOKEN", fields, body != NULL ? &body->token : NULL, e) != 0) {
        return -1;
    }
    return take_token(c, &token, e) == 0 ? take_key(c, &key, e) : -1;
}

void caller_fini(struct caller *c)
{
    rules_release(c->rules);
    free(c->token);
    memset(c, 0, sizeof *c);
}

/* ---- rules ---- */

int caller_rules(struct caller *c, struct err *e)
{
    unsigned char bytes[KEY_BYTES];
    if (c->rules != NULL) {
        return 0;
    }
    c->rules = site_rules_take(c->site, e);
    if (c->rules == NULL) {
        return -1;
    }
    if (c->token != NULL) {
        rules_hash_signed(c->rules, c->token->iss, c->token->sub, c->asker.key);
    } else if (c->key[0] != '\0' && key_parse(c->key, strlen(c->key), bytes, NULL) == 0) {
        rules_hash_key(c->rules, bytes, c->asker.key);
    }
    return 0;
}

void caller_set_key(struct caller *c, const unsigned char key[KEY_BYTES])
{
    key_text(key, c->key);
    rules_hash_key(c->rules, key, c->asker.key);
    c->asker.has_key = true;
}

int caller_stand(struct caller *c, const char *room, struct standing *out, struct standing_room *found, struct err *e)
{
    if (caller_rules(c, e) != 0 || site_rules_room(c->site, c->rules, room, c->now_ms, found, e) != 0) {
        return -1;
    }
    standing_of(c->rules, &c->asker, room, c->now_ms, out);
    return 0;
}

int caller_need_somewhere(struct caller *c, enum chat_role need, struct err *e)
{
    struct standing standing;
    if (caller_rules(c, e) != 0) {
        return -1;
    }
    standing_of(c->rules, &c->asker, "", c->now_ms, &standing);
    if (need == CHAT_MODERATOR && standing_is_moderator_somewhere(c->rules, &c->asker, c->now_ms)) {
        return 0;
    }
    return standing_need(&standing, need, e);
}

/* ---- reading ---- */

static void ends_by(struct caller *c, int64_t at_ms)
{
    if (at_ms != 0 && (c->ends_ms == 0 || at_ms < c->ends_ms)) {
        c->ends_ms = at_ms;
    }
}

/* A name isn't known while one reads; so a ban of a name lets each reader with a key see its
 * own. */
static bool may_be_shadowed(const struct caller *c, const struct standing *s)
{
    const struct store_rules *rules = rules_store(c->rules);
    bool may = s->is_shadowed;
    for (size_t i = 0; i < rules->ban_count && !may; i++) {
        may = rules->bans[i].kind == STORE_SHADOW && rules->bans[i].of == STORE_OF_NAME;
    }
    return may && c->asker.has_key;
}

static int find_viewer(const struct caller *c, struct query *q, struct err *e)
{
    struct store_person person;
    struct store *store = site_borrow(c->site, e);
    int result = store != NULL ? store_person_by_key(store, c->asker.key, NULL, &person, e) : -1;
    if (store != NULL) {
        site_return(c->site, store);
    }
    if (result == 0) {
        q->viewer = (int64_t)person.id;
    }
    return result;
}

static int check_rooms(struct caller *c, struct query *q, struct err *e)
{
    bool depends = false;
    bool is_shadowed = false;
    for (size_t i = 0; i < q->count; i++) {
        struct standing standing;
        struct standing_room room;
        if (caller_stand(c, q->rooms[i].name, &standing, &room, e) != 0 || standing_read(&standing, &room, e) != 0) {
            return -1;
        }
        if (!standing_all_read(&room)) {
            depends = true;
            ends_by(c, room.until_ms);
        }
        is_shadowed = is_shadowed || may_be_shadowed(c, &standing);
    }
    if (is_shadowed && find_viewer(c, q, e) != 0) {
        return -1;
    }
    q->rules = depends || q->viewer != 0 ? rules_number(c->rules) : 0;
    return 0;
}

int caller_may_read(struct caller *c, struct query *q, struct err *e)
{
    if (!site_rules_are_plain(c->site) && check_rooms(c, q, e) != 0) {
        return -1;
    }
    int64_t left = c->ends_ms - c->now_ms;
    if (c->ends_ms != 0 && left < (int64_t)q->wait * 1000) {
        q->wait = left > 0 ? (unsigned)(left / 1000) : 0;
    }
    return 0;
}

/* ---- waiting ---- */

int caller_holds(struct site *site, const struct query *q)
{
    if (q->rules == 0 && site_rules_are_plain(site)) {
        return 1;
    }
    const struct rules *r = site_rules_take(site, NULL);
    int result = r == NULL ? -1 : q->rules == 0 || q->rules == rules_number(r);
    for (size_t i = 0; result == 1 && q->rules == 0 && i < q->count; i++) {
        struct standing_room room;
        result = site_rules_room(site, r, q->rooms[i].name, clock_wall_ms(), &room, NULL);
        result = result == 0 ? standing_all_read(&room) : -1;
    }
    rules_release(r);
    return result;
}

int caller_must_ask_again(struct err *e)
{
    return err_set(e, ERR_STOPPING, "The rules of this chat have changed. Ask again.");
}
