/* conf_print.c - see conf_print.h. */
#include "system/conf_print.h"

#include "system/private/conf_table.h"
#include "system/store_address.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS = 100 };

void conf_print(const struct conf *c, FILE *out)
{
    for (size_t i = 0; i < CONF_SETTINGS; i++) {
        const struct conf_setting *s = &conf_settings[i];
        const void *member = (const char *)c + s->offset;
        char address[CONF_STORE_MAX];
        if (s->kind == CONF_NUMBER_OR_AUTO && *(const uint64_t *)member == CONF_AUTO) {
            fprintf(out, "%s = auto", s->key);
        } else if (s->kind == CONF_NUMBER || s->kind == CONF_NUMBER_OR_AUTO) {
            fprintf(out, "%s = %llu", s->key, (unsigned long long)*(const uint64_t *)member);
        } else if (s->kind == CONF_WORD) {
            fprintf(out, "%s = %s", s->key, s->words[*(const uint64_t *)member]);
        } else if (s->kind == CONF_SECRET && *(const char *)member != '\0') {
            fprintf(out, "%s = (set, not shown)", s->key);
        } else if (s->kind == CONF_STORE || s->kind == CONF_REPLICA) {
            store_address_shown(member, address, sizeof address);
            fprintf(out, "%s = %s", s->key, address);
        } else {
            fprintf(out, "%s = %s", s->key, (const char *)member);
        }
        fprintf(out, "  ; %s\n", conf_sources[i].text);
    }
}

/* How much of the text fits into a line: up to a line feed, or to the last blank within `width`. */
static size_t line_length(const char *text, size_t width)
{
    size_t length = strcspn(text, "\n");
    if (length <= width) {
        return length;
    }
    for (size_t i = width; i > 0; i--) {
        if (text[i] == ' ') {
            return i;
        }
    }
    return length;
}

static void print_comment(const char *text, FILE *out)
{
    while (*text != '\0') {
        size_t length = line_length(text, COLUMNS - strlen("; "));
        fprintf(out, "; %.*s\n", (int)length, text);
        text += length + (text[length] != '\0');
    }
}

void conf_print_example(FILE *out)
{
    print_comment("chat.conf.example - every setting with its default. Copy it to chat.conf in this folder and change "
                  "what you need. Without a chat.conf all defaults apply. A second file, my-chat.conf, is read after "
                  "it and wins. Each setting can also come from the environment, which wins over both files: "
                  "POLLCHAT_MAX_TEXT sets max_text (Apache: SetEnv, lighttpd: bin-environment). `pollchat settings` "
                  "shows each value and where it comes from.",
                  out);
    for (size_t i = 0; i < CONF_SETTINGS; i++) {
        const struct conf_setting *s = &conf_settings[i];
        fputs("\n", out);
        print_comment(s->about, out);
        if (s->kind == CONF_NUMBER || s->kind == CONF_NUMBER_OR_AUTO) {
            fprintf(out, "; Allowed: %llu to %llu%s.\n", (unsigned long long)s->min, (unsigned long long)s->max,
                    s->kind == CONF_NUMBER_OR_AUTO ? ", or auto" : "");
        }
        fprintf(out, ";%s =%s%s\n", s->key, s->fallback[0] != '\0' ? " " : "", s->fallback);
    }
}
