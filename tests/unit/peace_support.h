/* peace_support.h - for tests of acts and rules, beside store_support.h: short ways to act. */
#ifndef PEACE_SUPPORT_H
#define PEACE_SUPPORT_H

#include "store_support.h"

#include "base/clock.h"
#include "store/store_act.h"
#include "store/store_ban.h"
#include "store/store_person.h"
#include "store/store_rules.h"

#define begin(s, by) assert_int_equal(store_act_begin(s, by, "tester", NULL), 0)

static inline void commit_at(struct store *s, const char *act, const char *file, int line)
{
    struct store_changes changes = {.count = 0};
    struct err e = ERR_INIT;
    const struct store_act_note note = {.act = act, .reason = "spam"};
    if (store_act_commit(s, &note, &changes, &e) != 0) {
        print_error("store_act_commit: %d %s\n", (int)e.code, e.text);
        _fail(file, line);
    }
    store_changes_fini(&changes);
}
#define commit(s, act) commit_at(s, act, __FILE__, __LINE__)

static inline uint64_t rules_number(struct store *s)
{
    uint64_t number = 0;
    assert_int_equal(store_rules_number(s, &number, NULL), 0);
    return number;
}

static inline size_t count_bans(struct store *s)
{
    struct store_rules rules;
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    size_t count = rules.ban_count;
    store_rules_fini(&rules);
    return count;
}

static inline struct store_ban_draft name_ban(const char *name, int64_t until_ms)
{
    return (struct store_ban_draft){.kind = STORE_BAN,
                                    .of = STORE_OF_NAME,
                                    .whom = {.fold = name},
                                    .name = name,
                                    .until_ms = until_ms,
                                    .reason = "spam"};
}

static inline void ban_name(struct store *s, const char *name, int64_t until_ms, struct store_ban_made *out)
{
    const struct store_ban_draft draft = name_ban(name, until_ms);
    begin(s, NULL);
    assert_int_equal(store_ban_add(s, &draft, out, NULL), 0);
    commit(s, "ban");
}

#endif
