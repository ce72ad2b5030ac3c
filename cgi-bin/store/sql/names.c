/* names.c - see names.h. */
#include "store/sql/names.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sql/authors.h"
#include "store/sql/query.h"

#include <stdlib.h>

static struct sql_store *mine(struct store *base)
{
    return (struct sql_store *)base;
}

/* ---- claiming ---- */

static int refuse(struct sql_store *s, const struct sql_author *author, const struct sql_claim *claim, const char *name,
                  struct err *e)
{
    bool is_alike = claim->refused == STORE_NAME_ALIKE;
    char *free_one = NULL;
    if (sql_claims_suggest(s, author, claim, name, &free_one, e) != 0) {
        return -1;
    }
    err_field(e, is_alike ? ERR_ALIKE : ERR_NAME, "name", "%s %s.", name,
              is_alike ? "looks like the name of another person here" : "is the name of another person here");
    if (free_one != NULL) {
        err_more(e, "suggestion", "%s", free_one);
    }
    free(free_one);
    return -1;
}

static int find_room(struct sql_store *s, const char *room, int64_t *out, struct err *e)
{
    struct sql_room found = {.id = 0};
    if (room != NULL && sql_rows_find_room(s, room, &found, e) != 0) {
        return -1;
    }
    *out = found.id;
    return 0;
}

static int claim_name(struct sql_store *s, const char *name, struct sql_claim *claim, uint16_t *mark, struct err *e)
{
    struct sql_author author;
    if (sql_authors_find(s, claim->sender, claim->terms, claim->now_ms, &author, e) != 0 ||
        sql_claims_check(s, &author, claim, e) != 0) {
        return -1;
    }
    if (claim->refused != 0) {
        return refuse(s, &author, claim, name, e);
    }
    int result = sql_authors_settle(s, claim, name, &author, e);
    s->act->person_id = author.person_id;
    *mark = author.mark;
    return result;
}

int sql_names_claim(struct store *base, const struct store_claim *claim, uint16_t *mark, struct err *e)
{
    struct sql_act *act = sql_act_of(base);
    CK(act->by != NULL && act->by->has_key && claim->forms->fold != NULL);
    struct chat_sender sender = *act->by;
    sender.fold = claim->forms->fold;
    sender.look = claim->forms->look;
    sender.is_odd = claim->forms->is_odd;
    struct sql_claim asked = {.sender = &sender, .terms = &claim->terms, .now_ms = act->now_ms};
    sql_act_subject(act, "%s", claim->name);
    if (find_room(mine(base), claim->room, &asked.room_id, e) != 0) {
        return -1;
    }
    return claim_name(mine(base), claim->name, &asked, mark, e);
}

/* ---- freeing ---- */

static int check_release(struct sql_store *s, int64_t owner, struct err *e)
{
    const struct sql_act *act = s->act;
    enum chat_role rank = CHAT_NOBODY;
    if (act->by == NULL || (act->person_id != 0 && act->person_id == owner)) {
        return 0;
    }
    if (act->by->role < CHAT_MODERATOR) {
        return err_set(e, ERR_WEAK, "This name is another person's. A moderator can free it.");
    }
    return sql_persons_rank(s, owner, NULL, CHAT_NOBODY, &rank, e) == 0 ? sql_act_check_rank(act, rank, e) : -1;
}

int sql_names_release(struct store *base, const char *fold, struct err *e)
{
    struct sql_store *s = mine(base);
    const struct store_whom whom = {.fold = fold};
    struct err why = ERR_INIT;
    struct sql_query q;
    int64_t owner = 0;
    sql_act_subject(sql_act_of(base), "%s", fold);
    if (sql_persons_resolve(s, &whom, &owner, &why) != 0) {
        return why.code == ERR_ABSENT ? 0 : err_move(e, &why);
    }
    if (check_release(s, owner, e) != 0) {
        return -1;
    }
    sql_query_begin(&q, s, "DELETE FROM name WHERE fold = ?", "free the name", e);
    sql_query_text(&q, fold);
    return sql_query_run(&q);
}
