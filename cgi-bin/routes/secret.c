/* secret.c - see secret.h. */
#include "routes/secret.h"

#include "base/err.h"
#include "chat/chat.h"
#include "chat/draft.h"
#include "peace/name.h"
#include "routes/caller.h"
#include "routes/limit.h"
#include "site/rules.h"
#include "site/site.h"

#include <string.h>

size_t secret_name_length(const char *text, size_t length)
{
    const char *secret = stretch_find(text, length);
    size_t end = secret != NULL ? (size_t)(secret - 1 - text) : length;
    while (secret != NULL && end > 0 && text[end - 1] == ' ') {
        end--;
    }
    return end;
}

static void keep(struct secret *s, const char *text, size_t length)
{
    length = length < sizeof s->text ? length : sizeof s->text - 1;
    memcpy(s->text, text, length);
    s->text[length] = '\0';
}

void secret_find(struct secret *out, struct chat_draft *d, const struct draft_credential *field)
{
    size_t whole = strlen(d->name);
    size_t end = secret_name_length(d->name, whole);
    const char *behind = stretch_find(d->name, whole);
    if (field->length > 0) {
        keep(out, field->value, field->length);
    } else if (behind != NULL) {
        keep(out, behind, (size_t)(d->name + whole - behind));
    }
    memset(d->name + end, 0, whole - end);
}

static int make_key(struct caller *c, const char *name, const char *secret, unsigned char out[KEY_BYTES], struct err *e)
{
    unsigned char subkey[KEY_SUBKEY_BYTES];
    struct name_forms forms;
    if (caller_rules(c, e) != 0 || name_forms_of(name, &forms, e) != 0) {
        return -1;
    }
    rules_subkey(c->rules, STRETCH_PURPOSE, subkey);
    return stretch_key(subkey, forms.fold, secret, strlen(secret), out, e);
}

int secret_use(struct secret *s, const struct request *request, struct caller *c, const char *name, struct err *e)
{
    unsigned char key[KEY_BYTES];
    if (s->text[0] == '\0' || c->asker.has_key) {
        return 0;
    }
    limit_who(request, NULL, &s->who);
    if (limiter_secret(site_limiter(c->site), &s->who, e) != 0) {
        return -1;
    }
    s->is_counted = true;
    if (make_key(c, name, s->text, key, e) != 0) {
        secret_end(s, c->site, false);
        return -1;
    }
    caller_set_key(c, key);
    return 0;
}

void secret_end(struct secret *s, struct site *site, bool is_wrong)
{
    if (s->is_counted && !is_wrong) {
        limiter_secret_right(site_limiter(site), &s->who);
    }
    s->is_counted = false;
}
