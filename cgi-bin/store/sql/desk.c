/* desk.c - see desk.h. */
#include "store/sql/desk.h"

#include "base/ck.h"
#include "base/clock.h"
#include "store/sql/desk_lists.h"
#include "store/sql/persons.h"
#include "store/sql/rows.h"
#include "store/sql/transaction.h"

#include <stdio.h>
#include <string.h>

/* ---- what is asked for ---- */

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static int find_room(struct sql_desk *d, struct err *e)
{
    struct sql_room room;
    if (!is_set(d->query->room)) {
        return 0;
    }
    if (sql_rows_find_room(d->s, d->query->room, &room, e) != 0) {
        return -1;
    }
    d->room_id = room.id != 0 ? room.id : -1;
    return 0;
}

static int find_person(struct sql_desk *d, struct err *e)
{
    const struct store_whom whom = {.person = d->query->person, .room = d->query->room, .seq = d->query->seq};
    if (whom.person == 0 && whom.seq == 0) {
        return 0;
    }
    return sql_persons_resolve(d->s, &whom, &d->person, e);
}

/* Four hexadecimal digits; -1: the text is no mark. */
static int64_t mark_of(const char *text)
{
    enum { DIGITS = 4 };
    static const char hex[] = "0123456789abcdef";
    int64_t mark = 0;
    if (!is_set(text) || strlen(text) != DIGITS || strspn(text, hex) != DIGITS) {
        return -1;
    }
    for (size_t i = 0; i < DIGITS; i++) {
        mark = mark * 16 + (strchr(hex, text[i]) - hex);
    }
    return mark;
}

/* ---- cells ---- */

static void take_text(const struct sql_query *q, int column, enum store_cell_kind kind, struct store_cell *cell)
{
    cell->kind = kind;
    cell->text = ck_strdup(sql_query_text_at(q, column));
}

static void take_word(const char *word, struct store_cell *cell)
{
    cell->kind = STORE_CELL_TEXT;
    cell->text = ck_strdup(word);
}

/* A number that has no word is none. */
static void take_number_word(const char *const *words, int64_t number, struct store_cell *cell)
{
    while (*words != NULL && number > 1) {
        words++;
        number--;
    }
    if (*words != NULL && number == 1) {
        take_word(*words, cell);
    }
}

static void take_mark(int64_t mark, struct store_cell *cell)
{
    char text[8];
    snprintf(text, sizeof text, "%04x", (unsigned)mark & 0xffff);
    take_word(text, cell);
}

static void take_cell(const struct sql_query *q, const struct sql_desk_list *list, int column, struct store_cell *cell)
{
    static const enum store_cell_kind kinds[] = {
        [AS_NUMBER] = STORE_CELL_NUMBER, [AS_FLAG] = STORE_CELL_FLAG,   [AS_TIME] = STORE_CELL_TIME,
        [AS_TEXT] = STORE_CELL_TEXT,     [AS_LINES] = STORE_CELL_LINES,
    };
    *cell = (struct store_cell){.kind = STORE_CELL_NONE};
    if (sql_query_is_null_at(q, column)) {
        return;
    }
    int64_t number = sql_query_number_at(q, column);
    switch (list->as[column]) {
    case AS_TEXT:
    case AS_LINES:
        take_text(q, column, kinds[list->as[column]], cell);
        break;
    case AS_ROLE:
        take_word(chat_role_word((enum chat_role)number), cell);
        break;
    case AS_MARK:
        take_mark(number, cell);
        break;
    case AS_WORD:
        take_number_word(list->words[column], number, cell);
        break;
    default:
        cell->kind = kinds[list->as[column]];
        cell->number = number;
    }
}

static void take_row(const struct sql_query *q, const struct sql_desk_list *list, struct store_desk_page *page)
{
    page->cells = ck_realloc(page->cells, (page->count + 1) * page->columns * sizeof *page->cells);
    for (size_t i = 0; i < page->columns; i++) {
        take_cell(q, list, (int)i, &page->cells[page->count * page->columns + i]);
    }
    page->count++;
}

/* ---- a page ---- */

static const char *sql_of(const struct sql_desk *d, const struct sql_desk_list *list)
{
    if (d->person != 0 && list->person_sql != NULL) {
        return list->person_sql;
    }
    return is_set(d->query->search) && list->search_sql != NULL ? list->search_sql : list->sql;
}

static void bind(struct sql_query *q, const struct sql_desk *d)
{
    const struct store_desk_query *query = d->query;
    bool is_first = query->before == 0 || query->before > INT64_MAX;
    int count = sql_query_parameters(q);
    for (int i = 1; i <= count; i++) {
        switch (i) {
        case 4:
            sql_query_text(q, is_set(query->search) ? query->search : NULL);
            break;
        case 8:
            sql_query_text(q, is_set(query->room) ? query->room : NULL);
            break;
        default: {
            const int64_t numbers[] = {0,
                                       d->room_id,
                                       is_first ? INT64_MAX : (int64_t)query->before,
                                       (int64_t)query->limit + 1,
                                       0,
                                       d->person,
                                       d->now_ms,
                                       mark_of(query->search)};
            sql_query_number(q, numbers[i]);
        }
        }
    }
}

/* The statement's limit is one more than the page's: if that row comes, there are more. */
static int read_rows(struct sql_desk *d, const struct sql_desk_list *list, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, d->s, sql_of(d, list), "read a list", e);
    bind(&q, d);
    while (!d->page->more && sql_query_next(&q)) {
        d->page->more = d->page->count == d->query->limit;
        if (!d->page->more) {
            take_row(&q, list, d->page);
        }
    }
    return sql_query_end(&q);
}

static int read_list(struct sql_desk *d, struct err *e)
{
    const struct sql_desk_list *list = sql_desk_lists_get(d->query->list);
    d->page->names = list->names;
    while (d->page->columns < SQL_DESK_COLUMNS && list->names[d->page->columns] != NULL) {
        d->page->columns++;
    }
    if (find_room(d, e) != 0 || find_person(d, e) != 0 || (list->sql != NULL && read_rows(d, list, e) != 0)) {
        return -1;
    }
    return list->add == NULL ? 0 : list->add(d, e);
}

int sql_desk_list(struct store *base, const struct store_desk_query *query, struct store_desk_page *page, struct err *e)
{
    struct sql_desk d = {.s = (struct sql_store *)base, .query = query, .page = page, .now_ms = clock_wall_ms()};
    bool begun = false;
    if (sql_view_enter((struct sql_store *)base, &begun, e) != 0) {
        return -1;
    }
    int result = read_list(&d, e);
    sql_view_leave((struct sql_store *)base, begun);
    return result;
}

/* ---- counts ---- */

static int count(struct sql_store *s, const char *room, struct store_desk_counts *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT (SELECT count(DISTINCT message_id) FROM report INDEXED BY report_open"
                    "  WHERE settled_ms IS NULL"
                    "  AND (?1 IS NULL OR message_id >> 36 = (SELECT room_id FROM room WHERE name = ?1))),"
                    " (SELECT count(*) FROM held WHERE ?1 IS NULL OR room = ?1),"
                    " EXISTS (SELECT 1 FROM person INDEXED BY person_with_role"
                    "  WHERE (role <> 2 OR made = 1) AND role = 4)",
                    "count what waits", e);
    sql_query_text(&q, is_set(room) ? room : NULL);
    if (sql_query_next(&q)) {
        out->reports = (uint64_t)sql_query_number_at(&q, 0);
        out->held = (uint64_t)sql_query_number_at(&q, 1);
        out->has_owner = sql_query_number_at(&q, 2) != 0;
    }
    return sql_query_end(&q);
}

int sql_desk_count(struct store *base, const char *room, struct store_desk_counts *out, struct err *e)
{
    bool begun = false;
    if (sql_view_enter((struct sql_store *)base, &begun, e) != 0) {
        return -1;
    }
    int result = count((struct sql_store *)base, room, out, e);
    sql_view_leave((struct sql_store *)base, begun);
    return result;
}
