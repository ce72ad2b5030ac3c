/* list.c - see list.h. */
#include "commands/list.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "commands/command.h"
#include "format/json_out.h"
#include "site/desk_json.h"
#include "site/store_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MOST = 8, CUT = 48, LIMIT_DEFAULT = 1000, MINUTE_LENGTH = 16 };

/* ---- JSON ---- */

static void add_items(struct json_out *o, const struct store_desk_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        json_out_open(o, NULL, '{');
        for (size_t k = 0; k < page->columns; k++) {
            desk_json_add(o, page->names[k], &page->cells[i * page->columns + k]);
        }
        json_out_close(o, '}');
    }
}

/* ---- tables ---- */

/* One line: control characters become spaces, so that no text moves the terminal's cursor; a long
 * text is cut behind a whole character. Returns its width in characters. */
static size_t add_text(struct buf *out, const char *text, size_t most)
{
    size_t width = 0;
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        uint32_t c = 0;
        size_t size = str_utf8_next(text + at, length - at, &c);
        if (width == most) {
            buf_adds(out, "…");
            return width + 1;
        }
        bool shows = c >= 0x20 && (c < 0x7F || c > 0x9F) && !(c >= 0x202A && c <= 0x202E) &&
                     !(c >= 0x2066 && c <= 0x2069);
        buf_add(out, shows ? text + at : " ", shows ? size : 1);
        at += size > 0 ? size : 1;
        width++;
    }
    return width;
}

static size_t add_plain(struct buf *out, const char *name, const struct store_cell *cell)
{
    char text[CLOCK_TEXT_SIZE + 8] = "";
    switch (cell->kind) {
    case STORE_CELL_NONE:
        break;
    case STORE_CELL_NUMBER:
        snprintf(text, sizeof text, "%lld", (long long)cell->number);
        break;
    case STORE_CELL_FLAG:
        snprintf(text, sizeof text, "%s", cell->number != 0 ? "yes" : "no");
        break;
    case STORE_CELL_TIME:
        clock_text(cell->number, text);
        text[desk_json_is_day(name) ? DESK_JSON_DAY_LENGTH : MINUTE_LENGTH] = '\0';
        break;
    case STORE_CELL_TEXT:
    case STORE_CELL_LINES:
        return add_text(out, cell->text, CUT);
    }
    return add_text(out, text, CUT);
}

static const struct store_cell *cell_of(const struct store_desk_page *page, size_t item, const char *column)
{
    for (size_t k = 0; k < page->columns; k++) {
        if (strcmp(page->names[k], column) == 0) {
            return &page->cells[item * page->columns + k];
        }
    }
    return NULL;
}

static void print_cell(const struct store_desk_page *page, size_t item, const char *column, size_t width)
{
    struct buf text;
    buf_init(&text, BUF_UNLIMITED);
    const struct store_cell *cell = cell_of(page, item, column);
    size_t used = cell != NULL ? add_plain(&text, column, cell) : 0;
    printf("%s%*s", buf_text(&text), (int)(width > used ? width - used : 0) + 2, "");
    buf_fini(&text);
}

static void print_table(const struct store_desk_page *page, const char *const *columns)
{
    size_t widths[COLUMNS_MOST] = {0};
    for (size_t k = 0; columns[k] != NULL; k++) {
        CK(k < COLUMNS_MOST);
        widths[k] = strlen(columns[k]);
        for (size_t i = 0; i < page->count; i++) {
            struct buf text;
            buf_init(&text, BUF_UNLIMITED);
            const struct store_cell *cell = cell_of(page, i, columns[k]);
            size_t width = cell != NULL ? add_plain(&text, columns[k], cell) : 0;
            widths[k] = width > widths[k] ? width : widths[k];
            buf_fini(&text);
        }
        printf("%-*s  ", (int)widths[k], columns[k]);
    }
    putchar('\n');
    for (size_t i = 0; i < page->count; i++) {
        for (size_t k = 0; columns[k] != NULL; k++) {
            print_cell(page, i, columns[k], widths[k]);
        }
        putchar('\n');
    }
}

/* ---- pages ---- */

static uint64_t last_id(const struct store_desk_page *page)
{
    const struct store_cell *cell = &page->cells[(page->count - 1) * page->columns];
    return cell->kind == STORE_CELL_NUMBER ? (uint64_t)cell->number : 0;
}

/* Prints or adds one page. Returns how many items it had; -1 on error. */
static int64_t take_page(struct store *s, const struct store_desk_query *query, const char *const *columns,
                         struct json_out *o, bool *more, uint64_t *before, struct err *e)
{
    struct store_desk_page page;
    if (store_desk_list(s, query, &page, e) != 0) {
        return -1;
    }
    int64_t count = (int64_t)page.count;
    *more = page.more;
    *before = page.count > 0 ? last_id(&page) : 0;
    if (o != NULL) {
        add_items(o, &page);
    } else if (page.count > 0) {
        print_table(&page, columns);
    }
    store_desk_fini(&page);
    return count;
}

static int take_pages(const struct command_line *line, struct store *s, struct store_desk_query *query,
                      const char *const *columns, struct json_out *o, bool *more, struct err *e)
{
    uint64_t left = (line->given & COMMAND_LIMIT) != 0 ? line->limit : LIMIT_DEFAULT;
    uint64_t printed = 0;
    query->before = line->before;
    *more = true;
    while (*more && left > 0) {
        query->limit = (uint32_t)(left < STORE_DESK_MOST ? left : STORE_DESK_MOST);
        int64_t count = take_page(s, query, columns, o, more, &query->before, e);
        if (count < 0) {
            return -1;
        }
        left -= (uint64_t)count;
        printed += (uint64_t)count;
        *more = *more && count > 0 && query->before != 0;
    }
    if (o == NULL && printed == 0) {
        fprintf(stderr, "pollchat: none\n");
    }
    return 0;
}

static int print_json(const struct command_line *line, struct store *s, const char *word,
                      struct store_desk_query *query, struct err *e)
{
    struct buf out;
    struct json_out o;
    bool more = false;
    buf_init(&out, BUF_UNLIMITED);
    json_out_init(&o, &out);
    json_out_open(&o, NULL, '{');
    json_out_text(&o, "list", word);
    json_out_open(&o, "items", '[');
    int result = take_pages(line, s, query, NULL, &o, &more, e);
    json_out_close(&o, ']');
    json_out_bool(&o, "more", more);
    json_out_close(&o, '}');
    if (result == 0) {
        puts(buf_text(&out));
    }
    buf_fini(&out);
    return result;
}

int list_print(const struct command_line *line, const char *word, struct store_desk_query *query,
               const char *const *columns)
{
    struct err e = ERR_INIT;
    struct conf *conf = ck_calloc(1, sizeof *conf);
    bool more = false;
    int result = command_load(line, conf, &e);
    if (result == 0) {
        result = command_need_database(conf, &e);
    }
    const struct store_options options = store_options_of(conf);
    struct store *s = result == 0 ? store_open(&options, STORE_READ, &e) : NULL;
    query->list = store_desk_kind_of(word);
    if (s != NULL) {
        result = (line->given & COMMAND_JSON) != 0 ? print_json(line, s, word, query, &e)
                                                   : take_pages(line, s, query, columns, NULL, &more, &e);
        store_close(s);
    }
    free(conf);
    if (s == NULL || result != 0) {
        return command_fail(&e);
    }
    if (more) {
        fprintf(stderr, "pollchat: There are more: --before %llu\n", (unsigned long long)query->before);
    }
    return COMMAND_OK;
}
