/* admit.c - see admit.h. */
#include "routes/admit.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/str.h"
#include "chat/chat.h"
#include "chat/draft.h"
#include "peace/name.h"
#include "peace/network.h"
#include "peace/proof.h"
#include "peace/token.h"
#include "peace/words.h"
#include "routes/caller.h"
#include "routes/limit.h"
#include "site/name_cache.h"
#include "site/rules.h"
#include "site/site.h"
#include "site/site_rules.h"
#include "site/standing.h"
#include "store/store_person.h"
#include "system/conf.h"
#include "web/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEWCOMER_PACE = 20 /* seconds between two messages of a new visitor, where newcomers are slow */ };

/* ---- who writes ---- */

/* The forms of the name, in one block. A name that stands for anybody has none. */
int admit_forms(const char *name, struct chat_sender *out, struct err *e)
{
    struct name_forms forms;
    if (name_cache_forms(name, &forms, e) != 0) {
        return -1;
    }
    if (!name_is_common(forms.fold)) {
        size_t fold = strlen(forms.fold) + 1;
        size_t look = strlen(forms.look) + 1;
        out->fold = ck_malloc(fold + look);
        out->look = out->fold + fold;
        memcpy(out->fold, forms.fold, fold);
        memcpy(out->look, forms.look, look);
        out->is_odd = forms.is_odd;
    }
    return 0;
}

static void fill_network(const struct caller *c, struct chat_sender *out)
{
    const struct store_rules *s = rules_store(c->rules);
    out->has_network = s->secret_count > 0 &&
                       network_of(&c->asker.address, s->secrets[0].id, s->secrets[0].bytes, out->network);
}

int admit_sender(struct caller *c, const char *room, const char *name, struct chat_sender *out, struct err *e)
{
    struct standing standing;
    struct standing_room found;
    *out = (struct chat_sender){.has_key = c->asker.has_key, .is_signed = c->token != NULL};
    if (caller_rules(c, e) != 0 || (name != NULL && admit_forms(name, out, e) != 0)) {
        return -1;
    }
    memcpy(out->key, c->asker.key, sizeof out->key);
    fill_network(c, out);
    c->asker.fold = out->fold;
    int result = caller_stand(c, room, &standing, &found, e);
    c->asker.fold = NULL;
    out->role = standing.role;
    return result;
}

struct store_terms admit_terms(const struct rules *r)
{
    const struct conf *conf = rules_conf(r);
    return (struct store_terms){.name_keep_days = conf->name_keep_days,
                                .newcomer_minutes = conf->newcomer_minutes,
                                .edit_minutes = conf->edit_minutes};
}

/* ---- one admission ---- */

struct admission {
    struct caller *c;
    const struct conf *conf;
    struct chat_draft *d;
    struct store_job *job;
    struct standing standing;
    struct standing_room room;
    bool is_exempt; /* moderators, and visitors of the host's site, aren't newcomers */
};

static int check_name(const struct admission *a, struct err *e)
{
    bool must = !a->standing.has_key && a->conf->guests == CONF_GUESTS_NAMED && a->d->type == CHAT_MESSAGE;
    return must && a->d->sender.fold == NULL
               ? err_field(e, ERR_INPUT, "name", "Visitors without a key need a name of their own here.")
               : 0;
}

/* A visitor who may read may always take back what it wrote, unless it is banned. */
static int check_standing(const struct admission *a, struct err *e)
{
    bool is_banned = a->standing.ban != NULL && a->standing.ban->kind == STORE_BAN;
    if (a->d->type == CHAT_DELETE && !is_banned) {
        return standing_read(&a->standing, &a->room, e);
    }
    return standing_write(&a->standing, &a->room, a->c->now_ms, e);
}

/* The word list counts for names, too. A name can't be masked, so it is refused then. */
static int check_words_of_name(const struct admission *a, const struct words *words, struct err *e)
{
    bool is_own = a->d->type == CHAT_MESSAGE && a->d->sender.fold != NULL;
    enum words_act act = is_own ? words_find(words, a->d->name, strlen(a->d->name), NULL) : WORDS_NONE;
    if (act == WORDS_REJECT || act == WORDS_MASK) {
        return err_field(e, ERR_WORDS, "name", "The name has a word that isn't allowed here.");
    }
    if (act == WORDS_HOLD) {
        a->job->hold = "word";
    }
    return 0;
}

static int check_words(const struct admission *a, struct err *e)
{
    const struct words *words = rules_words(a->c->rules);
    if (a->standing.role >= CHAT_MODERATOR) {
        return 0;
    }
    if (check_words_of_name(a, words, e) != 0 || a->d->text == NULL) {
        return e->code == ERR_NONE ? 0 : -1;
    }
    enum words_act act = words_find(words, a->d->text, a->d->text_length, NULL);
    if (act == WORDS_REJECT || (act == WORDS_HOLD && a->d->type == CHAT_EDIT)) {
        return err_field(e, ERR_WORDS, "text", "The text has a word that isn't allowed here.");
    }
    if (act == WORDS_HOLD) {
        a->job->hold = "word";
    }
    if (act != WORDS_NONE) { /* a text that is held may have other words, which are masked */
        a->d->text_length = words_mask(words, a->d->text, a->d->text_length);
    }
    return 0;
}

/* ---- new visitors ---- */

static bool has_link(const struct chat_draft *d)
{
    bool has = false;
    for (size_t i = 0; d->text != NULL && i < d->text_length && !has; i++) {
        has = strncmp(d->text + i, "://", 3) == 0 || str_starts_nocase(d->text + i, "www.");
    }
    return has;
}

/* As the store judges it (store_terms). */
static int find_fresh(const struct admission *a, bool *fresh, struct err *e)
{
    struct store_person person = {.id = 0};
    int64_t since_ms = a->c->now_ms - (int64_t)a->conf->newcomer_minutes * 60 * 1000;
    struct store *store = a->standing.has_key ? site_borrow(a->c->site, e) : NULL;
    int result = store != NULL ? store_person_by_key(store, a->d->sender.key, NULL, &person, e) : 0;
    if (store != NULL) {
        site_return(a->c->site, store);
    } else if (a->standing.has_key) {
        return -1;
    }
    *fresh = person.id == 0 || (!person.trusted && !person.is_signed && person.first_ms > since_ms);
    return result;
}

/* The challenge of a guest is for its network: else one proof would serve guests everywhere. */
static int check_proof(const struct admission *a, const struct draft_credential *proof, struct err *e)
{
    enum { HASH_AT = 5, HASH_BYTES = 6 }; /* of the /24 or /64 in a sender's network */
    unsigned char subkey[KEY_SUBKEY_BYTES];
    char purpose[sizeof PROOF_PURPOSE + 2 * HASH_BYTES + 1] = PROOF_PURPOSE;
    const struct chat_sender *sender = &a->d->sender;
    size_t length = strlen(purpose);
    for (size_t i = 0; !sender->has_key && sender->has_network && i < HASH_BYTES; i++) {
        length += (size_t)snprintf(purpose + length, sizeof purpose - length, "%02x", sender->network[HASH_AT + i]);
    }
    rules_subkey(a->c->rules, purpose, subkey);
    return proof_check(subkey, a->c->key, (unsigned)a->conf->proof, a->c->now_ms / 1000,
                       proof->value != NULL ? proof->value : "", proof->length, e);
}

/* A text that a moderator approved doesn't become another one without a moderator. */
static int check_new_edit(const struct admission *a, bool is_slow, bool is_held, struct err *e)
{
    if (is_held) {
        return err_field(e, ERR_WORDS, "text",
                         "What new visitors write here waits for a moderator, so they can't change it afterwards. "
                         "Delete the message, and write it again.");
    }
    return is_slow && has_link(a->d)
               ? err_field(e, ERR_WORDS, "text", "New visitors can't put links into their messages here.")
               : 0;
}

static int check_newcomer(const struct admission *a, const struct draft_credential *proof, unsigned *pace,
                          struct err *e)
{
    bool fresh = false;
    bool is_slow = a->room.newcomers == STORE_NEWCOMERS_SLOW;
    bool is_held = a->room.newcomers == STORE_NEWCOMERS_HELD;
    if (a->is_exempt || a->d->type == CHAT_DELETE || (!is_slow && !is_held && a->conf->proof == 0)) {
        return 0;
    }
    if (find_fresh(a, &fresh, e) != 0 || !fresh) {
        return e->code == ERR_NONE ? 0 : -1;
    }
    if (a->d->type == CHAT_EDIT) {
        return check_new_edit(a, is_slow, is_held, e);
    }
    if (is_slow) {
        *pace = NEWCOMER_PACE;
        a->job->hold_if_fresh = has_link(a->d) ? "link" : NULL;
    }
    a->job->hold_if_fresh = is_held ? "newcomer" : a->job->hold_if_fresh;
    return check_proof(a, proof, e);
}

/* ---- the whole ---- */

static int check_pace(const struct admission *a, const struct request *request, unsigned seconds,
                      struct admit_pace *pace, struct err *e)
{
    seconds = a->room.slow_s > seconds ? a->room.slow_s : seconds;
    if (seconds == 0 || a->standing.role >= CHAT_MODERATOR || a->d->type != CHAT_MESSAGE) {
        return 0;
    }
    limit_who(request, a->standing.has_key ? a->d->sender.key : NULL, &pace->who);
    int result = limiter_pace(site_limiter(a->c->site), &pace->who, a->d->name, a->d->room, seconds, e);
    pace->seconds = result == 0 ? seconds : 0;
    return result;
}

/* The host's site says what its visitor is called. */
static void take_name(const struct caller *c, struct chat_draft *d)
{
    if (c->token != NULL) {
        memcpy(d->name, c->token->name, strlen(c->token->name) + 1);
    }
}

static int stand(struct admission *a, struct err *e)
{
    struct caller *c = a->c;
    c->asker.fold = a->d->sender.fold;
    int result = caller_stand(c, a->d->room, &a->standing, &a->room, e);
    c->asker.fold = NULL;
    a->is_exempt = c->token != NULL || a->standing.role >= CHAT_MODERATOR;
    return result;
}

static void set_terms(const struct admission *a)
{
    a->d->sender.role = a->standing.role;
    a->job->is_shadow = a->standing.is_shadowed;
    a->job->terms = admit_terms(a->c->rules);
}

int admit_draft(struct caller *c, const struct request *request, const struct draft_credentials *credentials,
                struct store_job *job, struct admit_pace *pace, struct err *e)
{
    struct admission a = {.c = c, .d = job->draft, .job = job};
    unsigned seconds = 0;
    pace->seconds = 0;
    take_name(c, a.d);
    if (caller_rules(c, e) != 0 || site_rules_need_secret(c->site, &c->rules, c->now_ms, e) != 0 ||
        admit_sender(c, a.d->room, a.d->name, &a.d->sender, e) != 0 || stand(&a, e) != 0) {
        return -1;
    }
    a.conf = rules_conf(c->rules);
    job->rules = rules_number(c->rules);
    set_terms(&a);
    if (check_standing(&a, e) != 0 || check_name(&a, e) != 0 || check_words(&a, e) != 0 ||
        check_newcomer(&a, &credentials->proof, &seconds, e) != 0) {
        return -1;
    }
    return check_pace(&a, request, seconds, pace, e);
}

void admit_give_back(struct site *site, const struct chat_draft *d, struct admit_pace *pace)
{
    if (pace->seconds != 0) {
        limiter_pace_back(site_limiter(site), &pace->who, d->name, d->room, pace->seconds);
        pace->seconds = 0;
    }
}
