/* move.c - the command that moves the chat between SQLite and PostgreSQL. */
#include "commands/command.h"
#include "commands/teller.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/err.h"
#include "format/json_out.h"
#include "site/host_key.h"
#include "site/store_note.h"
#include "site/store_options.h"
#include "store/store.h"
#include "store/store_move.h"
#include "system/process.h"
#include "system/store_address.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_SIZE = 1024, MS_PER_S = 1000 };

/* The settings as they are, and with the other store. */
struct sides {
    struct conf *here;
    struct conf *there;
    struct store_options from;
    struct store_options to;
    char shown[SHOWN_SIZE]; /* the other store, without a password */
};

static void sides_fini(struct sides *s)
{
    free(s->here);
    free(s->there);
}

static int take_other(struct sides *s, const char *to, struct err *e)
{
    const char *fault = strcmp(to, "sqlite") == 0 ? NULL : store_address_fault(to);
    if (fault != NULL) {
        return err_set(e, ERR_INPUT, "--to must be sqlite or postgresql://..., as the setting store: it %s", fault);
    }
    *s->there = *s->here;
    if (snprintf(s->there->store, sizeof s->there->store, "%s", to) >= (int)sizeof s->there->store) {
        return err_set(e, ERR_INPUT, "The address of --to is too long.");
    }
    store_address_shown(to, s->shown, sizeof s->shown);
    s->from = store_options_of(s->here);
    s->to = store_options_of(s->there);
    return 0;
}

/* chat.key doesn't move: the data folder must have that of this chat. A handle that writes makes
 * this host's key the chat's, if PostgreSQL knows none yet: else that of the next host would be. */
static int check_key(const struct store_options *options, enum store_mode mode, struct err *e)
{
    struct store *store = options->address != NULL ? store_open(options, mode, e) : NULL;
    if (store == NULL) {
        return options->address != NULL ? -1 : 0;
    }
    bool is_common = host_key_compare(options, store, NULL) != HOST_KEY_FOREIGN;
    store_close(store);
    return is_common ? 0
                     : err_set(e, ERR_CONFIG,
                               "The file chat.key in the data folder isn't that of this chat, so its visitors would be "
                               "other persons. Copy that file from a host that serves the chat, and give the command "
                               "again.");
}

static int sides_init(struct sides *s, const struct command_line *line, struct err *e)
{
    *s = (struct sides){.here = ck_calloc(1, sizeof *s->here), .there = ck_calloc(1, sizeof *s->there)};
    if (line->to == NULL) {
        return err_set(e, ERR_INPUT, "Where to? Write --to sqlite, or --to postgresql://...");
    }
    if (command_load(line, s->here, e) != 0 || take_other(s, line->to, e) != 0) {
        return -1;
    }
    if (s->from.address == NULL && s->to.address == NULL) {
        return err_set(e, ERR_CONFLICT, "The chat is in SQLite already, says the setting store.");
    }
    if (process_become_owner_of(s->here->data, e) != 0) {
        return -1;
    }
    if (!store_exists(&s->from)) {
        return err_set(e, ERR_ABSENT, "There is no chat in the store of the settings.");
    }
    return check_key(&s->from, STORE_READ, e);
}

/* ---- what was done ---- */

static uint64_t rows_of(const struct store_moved *moved)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < STORE_MOVE_TABLES; i++) {
        rows += moved->tables[i].rows;
    }
    return rows;
}

static void print_json(const struct sides *s, const struct store_moved *moved)
{
    struct buf out;
    struct json_out o;
    buf_init(&out, BUF_UNLIMITED);
    json_out_init(&o, &out);
    json_out_open(&o, NULL, '{');
    json_out_text(&o, "store", s->shown);
    json_out_text(&o, "epoch", moved->epoch);
    json_out_bool(&o, "done_before", moved->was_done);
    json_out_number(&o, "closed_ms", moved->closed_ms);
    json_out_open(&o, "tables", '[');
    for (size_t i = 0; i < STORE_MOVE_TABLES && !moved->was_done; i++) {
        char checksum[20];
        snprintf(checksum, sizeof checksum, "%016" PRIx64, moved->tables[i].checksum);
        json_out_open(&o, NULL, '{');
        json_out_text(&o, "name", moved->tables[i].name);
        json_out_number(&o, "rows", (int64_t)moved->tables[i].rows);
        json_out_text(&o, "checksum", checksum);
        json_out_close(&o, '}');
    }
    json_out_close(&o, ']');
    json_out_close(&o, '}');
    printf("%s\n", buf_text(&out));
    buf_fini(&out);
}

static void print_text(const struct sides *s, const struct store_moved *moved)
{
    if (moved->was_done) {
        printf("ok: the chat was moved there before\n");
    } else {
        printf("ok: the chat is moved: %d tables, %" PRIu64 " rows, equal on both sides. Senders were kept out for "
               "%.1f s.\n",
               STORE_MOVE_TABLES, rows_of(moved), (double)moved->closed_ms / MS_PER_S);
    }
    printf("Now set this on every host (in chat.conf, or where the environment has POLLCHAT_STORE):\n"
           "    store = %s\n"
           "Programs that don't have it yet answer 503: senders try again, and nothing is lost. To go back before\n"
           "somebody has used the new database, give the same command with --undo.\n",
           s->shown);
}

/* ---- the command ---- */

static int undo(const struct sides *s, const struct store_progress *progress, struct err *e)
{
    if (store_move_undo(&s->from, &s->to, progress, e) != 0 || store_note_turn(&s->from, e) != 0) {
        return -1;
    }
    printf("ok: the chat goes on where it was. What was copied stays in the other database, marked as unfinished.\n");
    return 0;
}

static int move(const struct sides *s, const struct command_line *line, const struct store_progress *progress,
                struct err *e)
{
    struct store_moved moved;
    if (store_move(&s->from, &s->to, progress, &moved, e) != 0 || store_note_turn(&s->to, e) != 0 ||
        check_key(&s->to, STORE_WRITE, e) != 0) {
        return -1;
    }
    if ((line->given & COMMAND_JSON) != 0) {
        print_json(s, &moved);
    } else {
        print_text(s, &moved);
    }
    return 0;
}

static int run_move(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct sides s;
    struct teller t = teller_of("moving the chat");
    const struct store_progress progress = {.tell = teller_tell, .context = &t};
    int result = sides_init(&s, line, &e);
    if (result == 0) {
        result = (line->given & COMMAND_UNDO) != 0 ? undo(&s, &progress, &e) : move(&s, line, &progress, &e);
        teller_end(&t);
    }
    sides_fini(&s);
    return result == 0 ? COMMAND_OK : command_fail(&e);
}

const struct command commands_move[] = {
    {.name = "move",
     .options = COMMAND_TO | COMMAND_UNDO | COMMAND_JSON,
     .about = "move the whole chat into PostgreSQL, or back into SQLite, while people use it (--to)",
     .example = "pollchat move --to postgresql://pollchat@db.example/chat",
     .run = run_move},
    {.name = NULL},
};
