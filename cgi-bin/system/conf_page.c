/* conf_page.c - see conf_page.h. */
#include "system/conf_page.h"

#include "base/err.h"
#include "base/str.h"
#include "system/conf_value.h"
#include "system/private/conf_table.h"
#include "system/store_address.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const keys[] = {"guests",       "name_keep_days", "newcomers", "newcomer_minutes", "proof",
                                   "edit_minutes", "report_hides",   "room_kind", "new_rooms",        "keep_days",
                                   "keep_count",   "address_days",   "audit_days"};

static bool is_page_key(const char *key)
{
    bool found = false;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        found = found || strcmp(keys[i], key) == 0;
    }
    return found;
}

/* A wrong value in a file is no "default" either: then the safest value holds. */
static bool is_fixed(size_t i)
{
    return strcmp(conf_sources[i].text, "default") != 0;
}

static int parse(const struct conf_setting *s, const char *value, uint64_t *out, struct err *e)
{
    if (s->kind == CONF_WORD && conf_value_word(out, value, s->words) == 0) {
        return 0;
    }
    if (s->kind == CONF_NUMBER && str_u64(value, s->min, s->max, out) == 0) {
        return 0;
    }
    if (s->kind == CONF_NUMBER) {
        return err_field(e, ERR_INPUT, "value", "%s must be a whole number from %llu to %llu.", s->key,
                         (unsigned long long)s->min, (unsigned long long)s->max);
    }
    return err_field(e, ERR_INPUT, "value", "This value isn't allowed for %s.", s->key);
}

int conf_page_set(struct conf *c, const char *key, const char *value, struct err *e)
{
    for (size_t i = 0; is_page_key(key) && i < CONF_SETTINGS; i++) {
        uint64_t parsed = 0;
        if (strcmp(conf_settings[i].key, key) != 0) {
            continue;
        }
        if (parse(&conf_settings[i], value, &parsed, e) != 0) {
            return -1;
        }
        if (!is_fixed(i)) {
            *(uint64_t *)((char *)c + conf_settings[i].offset) = parsed;
        }
        return 0;
    }
    return err_field(e, ERR_INPUT, "key", "There is no setting of this name that can be changed here.");
}

bool conf_page_is_fixed(const char *key)
{
    bool fixed = false;
    for (size_t i = 0; i < CONF_SETTINGS; i++) {
        fixed = fixed || (strcmp(conf_settings[i].key, key) == 0 && is_fixed(i));
    }
    return fixed;
}

static void write_value(const struct conf *c, const struct conf_setting *s, char out[CONF_PAGE_VALUE])
{
    const void *member = (const char *)c + s->offset;
    if (s->kind == CONF_SECRET) {
        snprintf(out, CONF_PAGE_VALUE, "%s", *(const char *)member != '\0' ? "(set, not shown)" : "");
    } else if (s->kind == CONF_STORE || s->kind == CONF_REPLICA) {
        store_address_shown(member, out, CONF_PAGE_VALUE);
    } else if (s->kind == CONF_WORD) {
        snprintf(out, CONF_PAGE_VALUE, "%s", s->words[*(const uint64_t *)member]);
    } else if (s->kind == CONF_NUMBER_OR_AUTO && *(const uint64_t *)member == CONF_AUTO) {
        snprintf(out, CONF_PAGE_VALUE, "auto");
    } else if (s->kind == CONF_NUMBER || s->kind == CONF_NUMBER_OR_AUTO) {
        snprintf(out, CONF_PAGE_VALUE, "%llu", (unsigned long long)*(const uint64_t *)member);
    } else {
        snprintf(out, CONF_PAGE_VALUE, "%s", (const char *)member);
    }
}

bool conf_page_row(const struct conf *c, unsigned number, struct conf_page_row *row)
{
    if (number >= CONF_SETTINGS) {
        return false;
    }
    const struct conf_setting *s = &conf_settings[number];
    *row = (struct conf_page_row){.key = s->key,
                                  .about = s->about,
                                  .source = conf_sources[number].text,
                                  .words = s->kind == CONF_WORD ? s->words : NULL,
                                  .fallback = s->fallback,
                                  .is_number = s->kind == CONF_NUMBER || s->kind == CONF_NUMBER_OR_AUTO,
                                  .min = s->min,
                                  .max = s->max,
                                  .is_secret = s->kind == CONF_SECRET,
                                  .is_page = is_page_key(s->key),
                                  .is_fixed = is_fixed(number)};
    write_value(c, s, row->value);
    return true;
}
