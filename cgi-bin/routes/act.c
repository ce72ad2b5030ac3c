/* act.c - see act.h. */
#include "routes/act.h"

#include "base/err.h"
#include "base/secret_code.h"
#include "base/str.h"
#include "peace/name.h"
#include "routes/admit.h"
#include "site/invite_code.h"
#include "site/rules.h"

#include <stdio.h>
#include <string.h>

/* A field that is empty counts as missing: forms send all their fields. */
static int find(struct act *a, const char *name, const struct form_field **out, struct err *e)
{
    if (form_once(&a->fields, name, out, e) != 0) {
        return -1;
    }
    if (*out != NULL && strlen((*out)->value) != (*out)->length) {
        return err_field(e, ERR_INPUT, name, "%s must not have the character U+0000.", name);
    }
    if (*out != NULL && (*out)->length == 0) {
        *out = NULL;
    }
    return 0;
}

static int missing(const char *name, struct err *e)
{
    return err_field(e, ERR_INPUT, name, "%s is missing.", name);
}

bool act_has(const struct act *a, const char *name)
{
    const struct form_field *f = form_single(&a->fields, name);
    return f != NULL && f->length > 0;
}

int act_text(struct act *a, const char *name, size_t max, const char *otherwise, const char **out, struct err *e)
{
    const struct form_field *f = NULL;
    if (find(a, name, &f, e) != 0) {
        return -1;
    }
    if (f == NULL && otherwise == NULL) {
        (void)missing(name, e);
        return -1;
    }
    if (f == NULL) {
        *out = otherwise;
        return 0;
    }
    if (f->length > max || !str_utf8_valid(f->value, f->length, NULL)) {
        return err_field(e, ERR_INPUT, name, "%s must be UTF-8, and at most %zu bytes.", name, max);
    }
    *out = f->value;
    return 0;
}

int act_number(struct act *a, const char *name, uint64_t min, uint64_t max, uint64_t otherwise, uint64_t *out,
               struct err *e)
{
    const struct form_field *f = NULL;
    if (find(a, name, &f, e) != 0) {
        return -1;
    }
    if (f == NULL) {
        *out = otherwise;
        return otherwise != UINT64_MAX ? 0 : missing(name, e);
    }
    if (str_u64(f->value, min, max, out) != 0) {
        return err_field(e, ERR_INPUT, name, "%s must be a whole number from %llu to %llu.", name,
                         (unsigned long long)min, (unsigned long long)max);
    }
    return 0;
}

static int refuse_choice(const char *name, const char *const *words, struct err *e)
{
    char list[160] = "";
    size_t at = 0;
    for (size_t i = 0; words[i] != NULL && at < sizeof list; i++) {
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? ", " : "", words[i]);
    }
    return err_field(e, ERR_INPUT, name, "%s must be one of %s.", name, list);
}

int act_choice(struct act *a, const char *name, const char *const *words, int otherwise, int *out, struct err *e)
{
    const struct form_field *f = NULL;
    if (find(a, name, &f, e) != 0) {
        return -1;
    }
    if (f == NULL) {
        *out = otherwise;
        return otherwise >= 0 ? 0 : missing(name, e);
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], f->value) == 0) {
            *out = i;
            return 0;
        }
    }
    return refuse_choice(name, words, e);
}

int act_yes(struct act *a, const char *name, bool otherwise, bool *out, struct err *e)
{
    static const char *const words[] = {"no", "yes", NULL};
    int choice = 0;
    int result = act_choice(a, name, words, otherwise, &choice, e);
    *out = choice == 1;
    return result;
}

enum { REASON_MAX = 500 };

int act_message(struct act *a, struct err *e)
{
    if (a->room[0] == '\0') {
        return missing("room", e);
    }
    if (act_number(a, "seq", 1, CHAT_SEQ_MAX, UINT64_MAX, &a->f.seq, e) != 0) {
        return -1;
    }
    return act_text(a, "reason", REASON_MAX, "", &a->f.reason, e);
}

/* The forms of a name that somebody may have written under. */
static int read_name(struct act *a, struct err *e)
{
    struct chat_draft d;
    chat_draft_init(&d);
    int result = act_text(a, "name", CHAT_NAME_BYTES_MAX, NULL, &a->f.name, e);
    result = result == 0 ? chat_set_name(&d, a->f.name, strlen(a->f.name), e) : result;
    result = result == 0 ? admit_forms(d.name, &a->f.whom, e) : result;
    chat_draft_fini(&d);
    if (result == 0 && a->f.whom.fold == NULL) {
        return err_field(e, ERR_INPUT, "name", "This name stands for anybody.");
    }
    return result;
}

int act_whom(struct act *a, struct err *e)
{
    if (act_text(a, "reason", REASON_MAX, "", &a->f.reason, e) != 0) {
        return -1;
    }
    if (act_has(a, "person")) {
        return act_number(a, "person", 1, CHAT_SEQ_MAX, UINT64_MAX, &a->f.person, e);
    }
    if (act_has(a, "name")) {
        return read_name(a, e);
    }
    return act_has(a, "held") ? act_number(a, "held", 1, CHAT_SEQ_MAX, UINT64_MAX, &a->f.held, e) : act_message(a, e);
}

struct store_whom act_whom_of(const struct act *a)
{
    bool is_message = a->f.seq != 0 || (a->f.held != 0 && a->room[0] != '\0');
    return (struct store_whom){.person = a->f.person,
                               .held = a->f.held,
                               .room = is_message ? a->room : NULL,
                               .seq = a->f.seq,
                               .fold = a->f.whom.fold};
}

bool act_is_everywhere(struct act *a, enum chat_role role)
{
    struct standing standing;
    standing_of(a->caller.rules, &a->caller.asker, "", a->caller.now_ms, &standing);
    return standing.role >= role;
}

void act_hash_code(const struct act *a, const char *code, unsigned char out[16])
{
    invite_code_hash(a->caller.rules, code, out);
}
