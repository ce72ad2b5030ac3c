/* work.c - see work.h. */
#include "commands/work.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/str.h"
#include "commands/command.h"
#include "peace/name.h"
#include "site/rules.h"
#include "site/site.h"
#include "site/site_rules.h"
#include "system/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int open_site(struct work *w, const char *folder, struct err *e)
{
    if (setenv("POLLCHAT_DATA", folder, 1) != 0) {
        return err_set(e, ERR_SYSTEM, "No memory is left for the environment.");
    }
    w->site = site_new(STORE_WRITE, true, NULL);
    if (site_conf(w->site, NULL, e) == NULL) {
        return -1;
    }
    w->commit = commit_new(w->site, false);
    return 0;
}

int work_open(struct work *w, const struct command_line *line, struct err *e)
{
    struct conf *conf = ck_calloc(1, sizeof *conf);
    *w = (struct work){.line = line};
    int result = command_load(line, conf, e);
    if (result == 0) {
        result = command_need_database(conf, e);
    }
    if (result == 0) {
        result = process_become_owner_of(conf->data, e);
    }
    if (result == 0) {
        result = open_site(w, conf->data, e);
    }
    free(conf);
    return result;
}

void work_close(struct work *w)
{
    commit_free(w->commit);
    if (w->site != NULL) {
        site_free(w->site);
    }
    w->commit = NULL;
    w->site = NULL;
}

static void done(struct commit_job *job, const char *epoch, const struct err *e)
{
    struct work *w = (struct work *)job;
    (void)epoch;
    w->changed = e->code == ERR_NONE;
    err_move(w->e, e);
}

static int run(struct commit_job *job, struct store *store, struct store_changes *changes, struct err *e)
{
    struct work *w = (struct work *)job;
    if (store_act_begin(store, NULL, "pollchat", e) != 0) {
        return -1;
    }
    if (w->step(w, store, e) != 0) {
        store_act_cancel(store);
        return -1;
    }
    return store_act_commit(store, w->note.act != NULL ? &w->note : NULL, changes, e);
}

static int commit(struct work *w,
                  int (*with)(struct commit_job *, struct store *, struct store_changes *, struct err *), struct err *e)
{
    w->job.run = with;
    w->job.with_any_key = true;
    w->job.done = done;
    w->e = e;
    w->changed = false;
    commit_append(w->commit, &w->job); /* without a committer it returns when the job is done */
    return w->changed ? 0 : -1;
}

int work_do(struct work *w, const char *act, int (*step)(struct work *w, struct store *store, struct err *e),
            struct err *e)
{
    w->note.act = act;
    w->step = step;
    return commit(w, run, e);
}

/* ---- steps that aren't acts ---- */

struct stepping {
    int (*step)(struct work *w, struct store *store, struct store_changes *c, bool *left, struct err *e);
    void *own;
    bool left;
};

static int run_step(struct commit_job *job, struct store *store, struct store_changes *changes, struct err *e)
{
    struct work *w = (struct work *)job;
    struct stepping *s = w->own;
    w->own = s->own;
    int result = s->step(w, store, changes, &s->left, e);
    w->own = s;
    return result;
}

int work_on_id(const struct command_line *line, const char *act,
               int (*step)(struct work *w, struct store *store, struct err *e), const char *done)
{
    struct err e = ERR_INIT;
    struct work w;
    uint64_t id = 0;
    int result = command_number(line->words[0], &id, &e);
    if (result == 0) {
        result = work_open(&w, line, &e);
        w.own = &id;
        result = result == 0 ? work_do(&w, act, step, &e) : result;
        work_close(&w);
    }
    if (result != 0) {
        return command_fail(&e);
    }
    printf("ok: %s\n", done);
    return COMMAND_OK;
}

int work_steps(struct work *w,
               int (*step)(struct work *w, struct store *store, struct store_changes *c, bool *left, struct err *e),
               struct err *e)
{
    struct stepping s = {.step = step, .own = w->own, .left = true};
    int result = 0;
    w->own = &s;
    while (result == 0 && s.left) {
        s.left = false;
        result = commit(w, run_step, e);
    }
    w->own = s.own;
    return result;
}

const struct rules *work_rules(struct work *w, struct err *e)
{
    return site_rules_take(w->site, e);
}

/* ---- words ---- */

char *work_fold(const char *name, struct err *e)
{
    struct chat_draft d;
    struct name_forms *forms = ck_calloc(1, sizeof *forms);
    char *fold = NULL;
    chat_draft_init(&d);
    if (chat_set_name(&d, name, strlen(name), e) == 0 && name_forms_of(d.name, forms, e) == 0) {
        if (name_is_common(forms->fold)) {
            err_field(e, ERR_INPUT, "name", "The name %s stands for anybody, so nobody owns it.", d.name);
        } else {
            fold = ck_memdup0(forms->fold, strlen(forms->fold));
        }
    }
    chat_draft_fini(&d);
    free(forms);
    return fold;
}

int work_message_of(const char *word, struct work_whom *out, struct err *e)
{
    const char *colon = strrchr(word, ':');
    size_t length = colon != NULL ? (size_t)(colon - word) : 0;
    *out = (struct work_whom){.fold = NULL};
    if (colon == NULL || !chat_room_valid(word, length) || str_u64(colon + 1, 1, CHAT_SEQ_MAX, &out->whom.seq) != 0) {
        return err_set(e, ERR_INPUT, "%.80s doesn't name a message. Write ROOM:SEQ, such as lobby:41", word);
    }
    memcpy(out->room, word, length);
    out->whom.room = out->room;
    return 0;
}

int work_whom_of(const char *word, struct work_whom *out, struct err *e)
{
    struct err other = ERR_INIT;
    if (work_message_of(word, out, &other) == 0) {
        return 0;
    }
    *out = (struct work_whom){.fold = NULL};
    if (word[0] == '#' && str_u64(word + 1, 1, CHAT_SEQ_MAX, &out->whom.person) == 0) {
        return 0;
    }
    out->fold = work_fold(word, e);
    out->whom.fold = out->fold;
    snprintf(out->name, sizeof out->name, "%s", word);
    return out->fold != NULL ? 0 : -1;
}

void work_whom_fini(struct work_whom *w)
{
    free(w->fold);
    w->fold = NULL;
}
