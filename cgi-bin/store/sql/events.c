/* events.c - see events.h. */
#include "store/sql/events.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sql/made_id.h"
#include "store/sql/query.h"
#include "store/sql/rows.h"

#include <stdlib.h>

void sql_events_add(struct sql_events_seqs *seqs, uint64_t seq)
{
    seqs->all = sql_query_grow(seqs->all, seqs->count, sizeof *seqs->all);
    seqs->all[seqs->count++] = seq;
}

static int ascending(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a;
    uint64_t second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

void sql_events_sort(struct sql_events_seqs *seqs)
{
    if (seqs->count > 0) {
        qsort(seqs->all, seqs->count, sizeof *seqs->all, ascending);
    }
}

void sql_events_fini(struct sql_events_seqs *seqs)
{
    free(seqs->all);
    *seqs = (struct sql_events_seqs){.count = 0};
}

bool sql_events_range(const struct sql_events_seqs *seqs, size_t *at, uint64_t *first, uint64_t *last)
{
    if (*at >= seqs->count) {
        return false;
    }
    *first = seqs->all[*at];
    *last = *first;
    while (++*at < seqs->count && seqs->all[*at] == *last + 1) {
        *last = seqs->all[*at];
    }
    return true;
}

static void write_ranges(const struct sql_events_seqs *seqs, struct buf *out)
{
    uint64_t first = 0;
    uint64_t last = 0;
    size_t at = 0;
    while (sql_events_range(seqs, &at, &first, &last)) {
        buf_addf(out, first == last ? "%s%llu" : "%s%llu-%llu", out->length > 0 ? " " : "", (unsigned long long)first,
                 (unsigned long long)last);
    }
}

static int insert(struct sql_store *s, const struct sql_events_room *room, enum chat_type type, uint64_t target,
                  const char *text, const struct sql_events_author *author, int64_t now_ms, struct err *e)
{
    struct sql_query q;
    struct chat_draft draft;
    chat_draft_init(&draft);
    sql_made_id_set(&draft, room->head);
    sql_query_begin(&q, s,
                    "INSERT INTO message (message_id, time_ms, type, name, id, id_sent, text, target, person_id,"
                    " sender) VALUES ((? << 36) + ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
                    "tell readers of a change", e);
    sql_query_number(&q, room->id);
    sql_query_number(&q, (int64_t)room->head);
    sql_query_number(&q, now_ms);
    sql_query_number(&q, (int64_t)type);
    sql_query_text(&q, author->name);
    sql_query_text(&q, draft.id);
    sql_query_text(&q, text);
    sql_query_number(&q, (int64_t)target);
    sql_query_number_or_null(&q, author->person_id);
    sql_query_number_or_null(&q, author->sender);
    return sql_query_run(&q);
}

int sql_events_append(struct sql_store *s, struct sql_events_room *room, enum chat_type type,
                      const struct sql_events_seqs *seqs, const struct sql_events_author *author, int64_t now_ms,
                      struct store_changes *changes, struct err *e)
{
    struct buf text;
    CK(seqs->count > 0);
    if (room->head >= SQL_ROWS_SEQ_MAX) {
        return err_set(e, ERR_SYSTEM, "The room has no number left for a further message.");
    }
    buf_init(&text, BUF_UNLIMITED);
    if (seqs->count > 1) {
        write_ranges(seqs, &text);
    }
    room->head++;
    int result = insert(s, room, type, seqs->all[0], buf_text(&text), author, now_ms, e);
    buf_fini(&text);
    const struct sql_room row = {.id = room->id, .head = room->head};
    if (result != 0 || sql_rows_raise_head(s, &row, e) != 0) {
        return -1;
    }
    store_changes_raise(changes, room->name, room->head);
    return 0;
}
