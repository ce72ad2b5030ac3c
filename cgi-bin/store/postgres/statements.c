/* statements.c - see statements.h. */
#include "store/postgres/private/statements.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/hash.h"
#include "store/postgres/private/link.h"
#include "store/postgres/private/translate.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of types, as they are in each PostgreSQL (pg_type.dat). */
enum {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_INT8 = 20,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_BYTEA_LIST = 1001,
    TYPE_TEXT_LIST = 1009,
    TYPE_INT8_LIST = 1016,
    TYPE_NUMERIC = 1700,
};

enum { PARAMETERS_MOST = 224, NAME_SIZE = 24 }; /* sql_store.h promises so many */

/* A statement with one set of types. */
struct form {
    uint64_t hash; /* of text and types */
    char name[NAME_SIZE];
    unsigned prepared; /* in this connection of the handle */
};

struct statement {
    struct statement *next;
    uint64_t hash; /* of sql */
    char *sql;     /* as it was asked */
    char *text;    /* translated */
    int parameters;
    struct form *forms;
    size_t form_count;
};

struct postgres_statements {
    struct statement *first; /* of some hundred */
};

/* What is bound, while a statement is in use. */
struct bindings {
    struct statement *of;
    Oid types[PARAMETERS_MOST];
    const char *values[PARAMETERS_MOST];
    int lengths[PARAMETERS_MOST];
    int formats[PARAMETERS_MOST];
    uint64_t numbers[PARAMETERS_MOST]; /* big-endian */
    char *lists[PARAMETERS_MOST];      /* owned */
    bool as_text;
    bool is_known; /* the rows are of s->known */
    size_t end;    /* of the rows */
};

static struct postgres_handle *mine(const struct sql_query *q)
{
    return (struct postgres_handle *)q->s;
}

/* ---- statements ---- */

static struct statement *add(struct postgres_statements *all, const char *sql, uint64_t hash)
{
    struct statement *s = ck_calloc(1, sizeof *s);
    s->hash = hash;
    s->sql = ck_strdup(sql);
    s->text = postgres_translate(sql, &s->parameters);
    CK(s->parameters <= PARAMETERS_MOST);
    s->next = all->first;
    all->first = s;
    return s;
}

static struct statement *find(struct postgres_handle *s, const char *sql)
{
    uint64_t hash = hash_bytes(HASH_START, sql, strlen(sql));
    if (s->statements == NULL) {
        s->statements = ck_calloc(1, sizeof *s->statements);
    }
    for (struct statement *one = s->statements->first; one != NULL; one = one->next) {
        if (one->hash == hash && strcmp(one->sql, sql) == 0) {
            return one;
        }
    }
    return add(s->statements, sql, hash);
}

static struct form *form_of(struct statement *s, const struct bindings *b)
{
    uint64_t hash = hash_bytes(HASH_START, s->text, strlen(s->text));
    hash = hash_bytes(hash, b->types, (size_t)s->parameters * sizeof b->types[0]);
    for (size_t i = 0; i < s->form_count; i++) {
        if (s->forms[i].hash == hash) {
            return &s->forms[i];
        }
    }
    s->forms = sql_query_grow(s->forms, s->form_count, sizeof *s->forms);
    struct form *form = &s->forms[s->form_count++];
    *form = (struct form){.hash = hash};
    snprintf(form->name, sizeof form->name, "p_%016" PRIx64, hash);
    return form;
}

void postgres_statements_free(struct postgres_handle *s)
{
    for (struct statement *one = s->statements != NULL ? s->statements->first : NULL; one != NULL;) {
        struct statement *next = one->next;
        free(one->sql);
        free(one->text);
        free(one->forms);
        free(one);
        one = next;
    }
    free(s->statements);
    s->statements = NULL;
}

/* ---- binding ---- */

/* What isn't bound is a number that is NULL. */
static void clear(struct bindings *b)
{
    for (size_t i = 0; i < (size_t)b->of->parameters; i++) {
        b->types[i] = TYPE_INT8;
        b->values[i] = NULL;
        b->formats[i] = 1;
        free(b->lists[i]);
        b->lists[i] = NULL;
    }
}

void postgres_statements_prepare(struct sql_query *q)
{
    struct bindings *b = ck_calloc(1, sizeof *b);
    b->of = find(mine(q), q->sql);
    clear(b);
    q->statement = b;
    q->parameters = b->of->parameters;
}

static void bind(const struct sql_query *q, int parameter, Oid type, const void *value, size_t length)
{
    struct bindings *b = q->statement;
    size_t i = (size_t)parameter - 1;
    CK(parameter >= 1 && parameter <= b->of->parameters && length <= INT32_MAX);
    b->types[i] = type;
    b->values[i] = value;
    b->lengths[i] = (int)length;
}

void postgres_statements_bind_number(struct sql_query *q, int parameter, int64_t number)
{
    struct bindings *b = q->statement;
    bind(q, parameter, TYPE_INT8, &b->numbers[parameter - 1], sizeof b->numbers[0]);
    b->numbers[parameter - 1] = htobe64((uint64_t)number);
}

void postgres_statements_bind_text(struct sql_query *q, int parameter, const char *text)
{
    bind(q, parameter, TYPE_TEXT, text, text != NULL ? strlen(text) : 0);
}

void postgres_statements_bind_blob(struct sql_query *q, int parameter, const void *bytes, size_t count)
{
    bind(q, parameter, TYPE_BYTEA, bytes, count);
}

/* ---- lists, in the binary form of PostgreSQL's arrays ---- */

static void add_be32(struct buf *list, uint32_t number)
{
    uint32_t bytes = htobe32(number);
    buf_add(list, &bytes, sizeof bytes);
}

static void begin_list(struct buf *list, Oid element, size_t count)
{
    buf_init(list, BUF_UNLIMITED);
    add_be32(list, count > 0); /* dimensions */
    add_be32(list, 1);         /* it may have NULLs */
    add_be32(list, element);
    if (count > 0) {
        add_be32(list, (uint32_t)count);
        add_be32(list, 1); /* first index */
    }
}

static void add_element(struct buf *list, const void *bytes, size_t length)
{
    add_be32(list, bytes != NULL ? (uint32_t)length : UINT32_MAX);
    buf_add(list, bytes, bytes != NULL ? length : 0);
}

static void bind_list(struct sql_query *q, Oid type, struct buf *list)
{
    struct bindings *b = q->statement;
    int parameter = ++q->bound;
    size_t length = list->length;
    char *bytes = buf_steal(list);
    bind(q, parameter, type, bytes, length);
    b->lists[parameter - 1] = bytes;
}

void postgres_statements_bind_texts(struct sql_query *q, const char *const *texts, size_t count)
{
    struct buf list;
    begin_list(&list, TYPE_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        add_element(&list, texts[i], texts[i] != NULL ? strlen(texts[i]) : 0);
    }
    bind_list(q, TYPE_TEXT_LIST, &list);
}

void postgres_statements_bind_blobs(struct sql_query *q, const void *const *blobs, size_t size, size_t count)
{
    struct buf list;
    begin_list(&list, TYPE_BYTEA, count);
    for (size_t i = 0; i < count; i++) {
        add_element(&list, blobs[i], size);
    }
    bind_list(q, TYPE_BYTEA_LIST, &list);
}

void postgres_statements_bind_numbers(struct sql_query *q, const int64_t *numbers, bool zero_is_null, size_t count)
{
    struct buf list;
    begin_list(&list, TYPE_INT8, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t bytes = htobe64((uint64_t)numbers[i]);
        add_element(&list, numbers[i] == 0 && zero_is_null ? NULL : &bytes, sizeof bytes);
    }
    bind_list(q, TYPE_INT8_LIST, &list);
}

/* ---- rows. q->row counts from 1 while there are rows ---- */

static struct postgres_request request_of(struct bindings *b, struct postgres_parameters *parameters)
{
    struct form *form = form_of(b->of, b);
    *parameters = (struct postgres_parameters){.count = b->of->parameters,
                                               .types = b->types,
                                               .values = b->values,
                                               .lengths = b->lengths,
                                               .formats = b->formats};
    return (struct postgres_request){.text = b->of->text,
                                     .parameters = parameters,
                                     .name = form->name,
                                     .prepared = &form->prepared,
                                     .as_text = b->as_text};
}

static bool run(struct sql_query *q)
{
    struct postgres_handle *s = mine(q);
    struct bindings *b = q->statement;
    struct postgres_parameters parameters;
    if (s->before_statement != NULL && s->before_statement(s, q->sql, q->e) != 0) {
        sql_query_failed(q);
        return false;
    }
    const struct postgres_request request = request_of(b, &parameters);
    q->rows = postgres_link_ask(s, &request, q->what, q->e);
    if (q->rows == NULL) {
        sql_query_failed(q);
        return false;
    }
    b->end = (size_t)PQntuples(q->rows);
    return true;
}

static struct postgres_known *known_of(struct postgres_handle *s, const char *sql)
{
    for (size_t i = 0; i < POSTGRES_KNOWN_MOST; i++) {
        if (s->known[i].rows != NULL && strcmp(s->known[i].asked.sql, sql) == 0) {
            return &s->known[i];
        }
    }
    return NULL;
}

/* The row with the value of this parameter; -1: there is none. */
static int row_with(const struct postgres_known *known, const struct bindings *b, int parameter)
{
    size_t i = (size_t)parameter - 1;
    int column = known->asked.value_column;
    for (int row = 0; row < PQntuples(known->rows); row++) {
        if (PQgetlength(known->rows, row, column) == b->lengths[i] &&
            memcmp(PQgetvalue(known->rows, row, column), b->values[i], (size_t)b->lengths[i]) == 0) {
            return row;
        }
    }
    return -1;
}

/* Was it asked for this value? A name that is suggested wasn't. */
static bool was_asked(const struct postgres_asked *asked, const struct bindings *b)
{
    bool was = false;
    for (size_t i = 0; i < asked->count && !was; i++) {
        const void *value = asked->values[i];
        size_t length = value == NULL ? 0 : asked->size != 0 ? asked->size : strlen(value);
        was = value != NULL && (int)length == b->lengths[0] && memcmp(value, b->values[0], length) == 0;
    }
    return was;
}

/* The rows of a statement that was asked for many values at once have the answer to this one. */
static bool take_known(struct sql_query *q)
{
    const struct postgres_known *known = known_of(mine(q), q->sql);
    struct bindings *b = q->statement;
    int row = known != NULL ? row_with(known, b, 1) : -1;
    if (known == NULL || (row >= 0 && (known->asked.must_ask_if_there || known->is_changed[row])) ||
        (row < 0 && !was_asked(&known->asked, b))) {
        return false;
    }
    b->is_known = true;
    q->rows = known->rows;
    q->row = row >= 0 ? (size_t)row : 0;
    b->end = row >= 0 ? q->row + 1 : 0;
    return true;
}

bool postgres_statements_next(struct sql_query *q)
{
    struct postgres_handle *s = mine(q);
    const struct bindings *b = q->statement;
    if (q->rows == NULL && s->put_off != NULL && s->put_off(s, q)) {
        return false;
    }
    if ((q->rows == NULL && !take_known(q) && !run(q)) || q->row >= b->end) {
        return false;
    }
    q->row++;
    return true;
}

/* ---- several at once ---- */

void postgres_statements_move(struct sql_query *q, struct sql_query *later)
{
    *later = *q;
    postgres_statements_prepare(q);
}

void postgres_statements_as_text(struct sql_query *q)
{
    ((struct bindings *)q->statement)->as_text = true;
}

PGresult *postgres_statements_take_rows(struct sql_query *q)
{
    PGresult *rows = q->rows;
    q->rows = NULL;
    return rows;
}

int postgres_statements_ask_all(struct postgres_handle *s, struct sql_query *queries, size_t count, const char *what,
                                struct err *e)
{
    struct postgres_parameters *parameters = ck_calloc(count, sizeof *parameters);
    struct postgres_request *requests = ck_calloc(count, sizeof *requests);
    PGresult **results = ck_calloc(count, sizeof(PGresult *));
    for (size_t i = 0; i < count; i++) {
        requests[i] = request_of(queries[i].statement, &parameters[i]);
    }
    int result = postgres_link_ask_all(s, requests, count, results, what, e);
    for (size_t i = 0; i < count && result == 0; i++) {
        queries[i].rows = results[i];
        ((struct bindings *)queries[i].statement)->end = (size_t)PQntuples(results[i]);
    }
    free(results);
    free(requests);
    free(parameters);
    return result;
}

int postgres_statements_compare(const struct sql_query *a, const struct sql_query *b, int parameter)
{
    const struct bindings *one = a->statement;
    const struct bindings *other = b->statement;
    size_t i = (size_t)parameter - 1;
    int shorter = one->lengths[i] < other->lengths[i] ? one->lengths[i] : other->lengths[i];
    int order = memcmp(one->values[i], other->values[i], (size_t)shorter);
    return order != 0 ? order : one->lengths[i] - other->lengths[i];
}

void postgres_statements_know(struct postgres_handle *s, const struct postgres_asked *asked, struct sql_query *q)
{
    size_t i = 0;
    while (s->known[i].rows != NULL) {
        i++;
        CK(i < POSTGRES_KNOWN_MOST);
    }
    PGresult *rows = postgres_statements_take_rows(q);
    s->known[i] = (struct postgres_known){
        .asked = *asked, .rows = rows, .is_changed = ck_calloc((size_t)PQntuples(rows) + 1, sizeof(bool))};
}

void postgres_statements_know_changed(struct postgres_handle *s, const char *sql, const struct sql_query *change,
                                      int parameter)
{
    const struct postgres_known *known = known_of(s, sql);
    int row = known != NULL ? row_with(known, change->statement, parameter) : -1;
    if (row >= 0) {
        known->is_changed[row] = true;
    }
}

void postgres_statements_forget_known(struct postgres_handle *s)
{
    for (size_t i = 0; i < POSTGRES_KNOWN_MOST; i++) {
        PQclear(s->known[i].rows);
        free(s->known[i].is_changed);
        s->known[i] = (struct postgres_known){.rows = NULL};
    }
}

/* ---- columns ---- */

static int row_of(const struct sql_query *q)
{
    return (int)q->row - 1;
}

bool postgres_statements_is_null_at(const struct sql_query *q, int column)
{
    return PQgetisnull(q->rows, row_of(q), column) != 0;
}

/* What comes before the decimal point of a numeric: digits to the base 10000. */
static int64_t whole_of_numeric(const char *value)
{
    uint16_t head[4]; /* count of digits, weight of the first one, sign, scale */
    int64_t whole = 0;
    memcpy(head, value, sizeof head);
    int count = be16toh(head[0]);
    int weight = (int16_t)be16toh(head[1]);
    for (int i = 0; i <= weight; i++) {
        uint16_t digit = 0;
        if (i < count) {
            memcpy(&digit, value + sizeof head + (size_t)i * sizeof digit, sizeof digit);
        }
        whole = whole * 10000 + be16toh(digit);
    }
    return be16toh(head[2]) == 0x4000 ? -whole : whole;
}

int64_t postgres_statements_number_at(const struct sql_query *q, int column)
{
    const char *value = PQgetvalue(q->rows, row_of(q), column);
    uint64_t eight = 0;
    uint32_t four = 0;
    if (postgres_statements_is_null_at(q, column)) {
        return 0;
    }
    switch (PQftype(q->rows, column)) {
    case TYPE_INT8:
        memcpy(&eight, value, sizeof eight);
        return (int64_t)be64toh(eight);
    case TYPE_INT4:
        memcpy(&four, value, sizeof four);
        return (int32_t)be32toh(four);
    case TYPE_BOOL:
        return value[0] != 0;
    case TYPE_NUMERIC:
        return whole_of_numeric(value);
    default:
        return strtoll(value, NULL, 10);
    }
}

const char *postgres_statements_text_at(const struct sql_query *q, int column)
{
    return PQgetvalue(q->rows, row_of(q), column);
}

const void *postgres_statements_blob_at(const struct sql_query *q, int column, size_t *count)
{
    bool is_null = postgres_statements_is_null_at(q, column);
    *count = (size_t)PQgetlength(q->rows, row_of(q), column);
    return is_null ? NULL : PQgetvalue(q->rows, row_of(q), column);
}

uint64_t postgres_statements_changes(const struct sql_query *q)
{
    return q->rows != NULL ? strtoull(PQcmdTuples(q->rows), NULL, 10) : 0;
}

void postgres_statements_reset(struct sql_query *q)
{
    struct bindings *b = q->statement;
    PQclear(b->is_known ? NULL : q->rows);
    b->is_known = false;
    b->end = 0;
    q->rows = NULL;
    q->row = 0;
    clear(b);
}

void postgres_statements_release(struct sql_query *q)
{
    postgres_statements_reset(q);
    free(q->statement);
    q->statement = NULL;
}
