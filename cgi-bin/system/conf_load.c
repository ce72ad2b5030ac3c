/* conf_load.c - see conf_load.h. The list of settings is private/conf_table.h. */
#include "system/conf_load.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/spelling.h"
#include "base/str.h"
#include "system/conf_value.h"
#include "system/private/conf_table.h"
#include "system/program_path.h"
#include "system/store_address.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* What applies in place of a wrong value where the default isn't the safest. */
static const struct {
    const char *key;
    const char *value;
    const char *words;
} safest[] = {
    {"allow_origin", "", "So no other site is allowed."},
    {"trusted_proxies", "", "So no proxy is believed."},
    {"status", "nobody", "So nobody may read the status."},
    {"guests", "no", "So only visitors with a key or a token may write."},
    {"newcomers", "held", "So a moderator approves the messages of new visitors."},
    {"room_kind", "locked", "So only moderators may read and write in rooms without a kind of their own."},
    {"new_rooms", "moderators", "So only moderators make rooms."},
    {"token_alg", "none", "So no token is accepted."},
    {"token_key", "", "So no token is accepted with it."},
    {"token_key_next", "", "So no token is accepted with it."},
    {"token_aud", "", "So no token is accepted."},
    {"doctor", "nobody", "So nobody may read it over the web; pollchat doctor works."},
    {"data", NULL, "So the chat has stopped, as its messages must not land in another place."},
    {"store", NULL, "So the chat has stopped, as its messages must not land in another place."},
};

static const char prefix[] = "POLLCHAT_";
/* the latter wins */
static const char *const file_names[CONF_FILES] = {"chat.conf", "my-chat.conf"};

enum origin { BY_DEFAULT, GIVEN, WRONG };

struct loading {
    struct conf *conf;
    const char *program_dir;
    enum origin origins[CONF_SETTINGS];
    bool set_here[CONF_SETTINGS]; /* by the source that is being read: a file, or the environment */
    bool doubted[CONF_SETTINGS];  /* an unknown key in that source looks like this setting */
    /* the first fault that makes it uncertain where the messages are; "" */
    char place_fault[512];
};

/* ---- faults ---- */

static struct conf_fault *new_fault(struct conf_faults *f)
{
    static struct conf_fault no_room;
    if (f->count == CONF_FAULTS) {
        f->more++;
        return &no_room;
    }
    return &f->list[f->count++];
}

/* The value may contain a password. */
static bool is_address(const struct conf_setting *s)
{
    return s->kind == CONF_STORE || s->kind == CONF_REPLICA;
}

static void allowed_values(const struct conf_setting *s, char *out, size_t size)
{
    if (s->kind == CONF_NUMBER || s->kind == CONF_NUMBER_OR_AUTO) {
        snprintf(out, size, "a whole number from %llu to %llu%s", (unsigned long long)s->min,
                 (unsigned long long)s->max, s->kind == CONF_NUMBER_OR_AUTO ? ", or the word auto" : "");
    } else if (s->kind == CONF_WORD) {
        size_t at = 0;
        for (size_t i = 0; s->words[i] != NULL && at < size; i++) {
            at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? ", " : "one of ", s->words[i]);
        }
    } else {
        static const char *const kinds[] = {
            [CONF_ORIGINS] = "a * or origins in small letters such as https://example.org, no '/' at the end,",
            [CONF_RANGES] =
                "addresses and networks such as 192.0.2.1 2001:db8::/32, no bits set after the network part,",
            [CONF_FOLDER] = "a path",
            [CONF_STORE] = "sqlite or an address such as postgresql://USER@HOST/DATABASE",
            [CONF_REPLICA] = "an address such as postgresql://USER@HOST/DATABASE, or nothing,",
            [CONF_TEXT] = "a text",
            [CONF_SECRET] = "a text"};
        int most = is_address(s)                                    ? CONF_STORE_MAX
                   : s->kind == CONF_TEXT || s->kind == CONF_SECRET ? CONF_SECRET_MAX
                                                                    : CONF_TEXT_MAX;
        snprintf(out, size, "%s of up to %d bytes", kinds[s->kind], most - 1);
    }
}

static void consequence(const struct conf_setting *s, char *out, size_t size)
{
    for (size_t i = 0; i < sizeof safest / sizeof safest[0]; i++) {
        if (strcmp(safest[i].key, s->key) == 0) {
            snprintf(out, size, "%s", safest[i].words);
            return;
        }
    }
    snprintf(out, size, "The default, %s, is in use.", s->fallback[0] != '\0' ? s->fallback : "none");
}

static int set_number_or_auto(uint64_t *out, const char *value, const struct conf_setting *s)
{
    if (strcmp(value, "auto") == 0) {
        *out = CONF_AUTO;
        return 0;
    }
    return str_u64(value, s->min, s->max, out);
}

/* Returns 0, or -1 with the member half written. */
static int parse_value(struct conf *c, const struct conf_setting *s, const char *value, const char *program_dir)
{
    void *member = (char *)c + s->offset;
    switch (s->kind) {
    case CONF_NUMBER:
        return str_u64(value, s->min, s->max, member);
    case CONF_NUMBER_OR_AUTO:
        return set_number_or_auto(member, value, s);
    case CONF_ORIGINS:
        return conf_value_origins(member, value);
    case CONF_RANGES:
        return conf_value_ranges(member, value);
    case CONF_FOLDER:
        if (value[0] == '\0' && s->fallback[0] == '\0') {
            *(char *)member = '\0';
            return 0;
        }
        return conf_value_folder(member, value, program_dir);
    case CONF_STORE:
        return conf_value_store(member, value);
    case CONF_REPLICA:
        return conf_value_replica(member, value);
    case CONF_WORD:
        return conf_value_word(member, value, s->words);
    case CONF_TEXT:
    case CONF_SECRET:
        return conf_value_text(member, value);
    }
    return -1;
}

/* The setting says where messages are. */
static bool is_place(const struct conf_setting *s)
{
    return s->offset == offsetof(struct conf, data) || s->kind == CONF_STORE;
}

static void note_place_fault(struct loading *l, const char *text)
{
    if (l->place_fault[0] == '\0') {
        snprintf(l->place_fault, sizeof l->place_fault, "%s", text);
    }
}

/* Sets what applies while the setting is wrong. */
static void use_safest(struct loading *l, const struct conf_setting *s, const char *where)
{
    const char *value = s->fallback;
    for (size_t i = 0; i < sizeof safest / sizeof safest[0]; i++) {
        value = strcmp(safest[i].key, s->key) == 0 ? safest[i].value : value;
    }
    if (value == NULL || parse_value(l->conf, s, value, l->program_dir) != 0) {
        /* only a place has no safe value, and only a folder can fail */
        *((char *)l->conf + s->offset) = '\0';
    }
    l->origins[s - conf_settings] = WRONG;
    snprintf(conf_sources[s - conf_settings].text, sizeof conf_sources[0].text, "%s, because %.64s is wrong",
             value == s->fallback ? "default" : "to be safe", where);
}

/* Records a wrong setting: `why` for the owner, `brief` for strangers. */
static void fault_of(struct loading *l, const struct conf_setting *s, const char *where, const char *why,
                     const char *brief)
{
    struct conf_fault *f = new_fault(&l->conf->faults);
    char then[128];
    consequence(s, then, sizeof then);
    snprintf(f->text, sizeof f->text, "%s: %s %s", where, why, then);
    snprintf(f->brief, sizeof f->brief, "%s: %s %s", where, brief, then);
    if (is_place(s)) {
        note_place_fault(l, f->text);
    }
    use_safest(l, s, where);
}

/* The value of the setting is a secret, or may contain one. */
static bool is_secret(const struct conf_setting *s)
{
    return s->kind == CONF_SECRET || is_address(s);
}

/* The value of an unknown key may be a secret: of a setting that was misspelt, or a password under
 * a name of the owner's own. */
static bool may_be_secret(const struct conf_setting *meant, const char *key, size_t length, const char *value)
{
    static const char *const words[] = {"pass", "secret", "key", "token", "store", "postgres"};
    bool found = (meant != NULL && is_secret(meant)) || strchr(value, '@') != NULL;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (size_t at = 0; at < length; at++) {
            found = found || str_starts_nocase(key + at, words[i]);
        }
    }
    return found;
}

static void wrong_value(struct loading *l, const struct conf_setting *s, const char *value, const char *where)
{
    char allowed[128];
    char why[320];
    char brief[224];
    allowed_values(s, allowed, sizeof allowed);
    if (is_address(s) && store_address_fault(value) != NULL) {
        snprintf(why, sizeof why, "%s %s; allowed is %s.", s->key, store_address_fault(value), allowed);
    } else if (is_secret(s)) {
        snprintf(why, sizeof why, "%s has a value that isn't allowed; allowed is %s.", s->key, allowed);
    } else {
        snprintf(why, sizeof why, "%s is '%.80s'; allowed is %s.", s->key, value, allowed);
    }
    snprintf(brief, sizeof brief, "%s has a value that isn't allowed; allowed is %s.", s->key, allowed);
    fault_of(l, s, where, why, brief);
}

static void set_value(struct loading *l, const struct conf_setting *s, const char *value, const char *where)
{
    if (parse_value(l->conf, s, value, l->program_dir) != 0) {
        wrong_value(l, s, value, where);
        return;
    }
    l->origins[s - conf_settings] = GIVEN;
    l->set_here[s - conf_settings] = true;
    snprintf(conf_sources[s - conf_settings].text, sizeof conf_sources[0].text, "%s", where);
}

/* Returns the setting that the owner may have meant, or NULL. That setting counts as wrong unless
 * the same source also sets it correctly. */
static const struct conf_setting *doubt(struct loading *l, const char *key, size_t length)
{
    const struct conf_setting *best = NULL;
    size_t distance = SIZE_MAX;
    for (size_t i = 0; i < CONF_SETTINGS; i++) {
        size_t found = spelling_distance(key, length, conf_settings[i].key);
        if (spelling_is(key, length, conf_settings[i].key) && found < distance) {
            best = &conf_settings[i];
            distance = found;
        }
    }
    if (best != NULL) {
        l->doubted[best - conf_settings] = true;
    }
    return best;
}

/* Records a key that is no setting. brief_where: for strangers. */
static void unknown_key(struct loading *l, const char *where, const char *brief_where, const char *key, size_t length,
                        const char *value)
{
    struct conf_fault *f = new_fault(&l->conf->faults);
    const struct conf_setting *meant = doubt(l, key, length);
    char hint[96] = "chat.conf.example, or the archive's chat.conf, lists all of them.";
    if (meant != NULL) {
        snprintf(hint, sizeof hint, "Is %s meant?", meant->key);
    }
    bool is_shown = !may_be_secret(meant, key, length, value);
    size_t word = strcspn(key, " \t=");
    length = is_shown || length < word ? length : word;
    snprintf(f->text, sizeof f->text, "%s: there is no setting '%.*s' (its value is %s%.80s%s). %s", where,
             (int)(length < 40 ? length : 40), key, is_shown ? "'" : "", is_shown ? value : "not shown",
             is_shown ? "'" : "", hint);
    snprintf(f->brief, sizeof f->brief, "%s: there is no such setting. %s", brief_where, hint);
    if (meant != NULL && is_place(meant)) {
        note_place_fault(l, f->text);
    }
}

/* Called at the end of each source: a setting that was misspelt there, and not also set correctly,
 * counts as wrong. */
static void resolve_doubts(struct loading *l)
{
    for (size_t i = 0; i < CONF_SETTINGS; i++) {
        if (l->doubted[i] && !l->set_here[i]) {
            use_safest(l, &conf_settings[i], "a similar key");
        }
        l->doubted[i] = false;
        l->set_here[i] = false;
    }
}

static int check_places(const struct loading *l, struct err *e)
{
    for (size_t i = 0; i < CONF_SETTINGS; i++) {
        if (is_place(&conf_settings[i]) && l->origins[i] == WRONG) {
            return err_set(e, ERR_CONFIG, "%s", l->place_fault);
        }
    }
    return 0;
}

/* ---- the file ---- */

struct file_reading {
    FILE *file;
    const char *name;
    struct loading *loading;
    int line;
    uint64_t seen[CONF_SETTINGS]; /* a hash of the value; 0: not seen */
};

/* Records a line that can't be a setting. why: for everybody. The owner is also told how the line
 * begins, up to its value, which may be a secret. */
static void bad_line(struct file_reading *r, const char *line, const char *why)
{
    struct conf_fault *f = new_fault(&r->loading->conf->faults);
    size_t key = strcspn(line, " \t=:\r\n");
    snprintf(f->brief, sizeof f->brief, "%s line %d %s", r->name, r->line, why);
    size_t shown = strcspn(line, "=:");
    const struct conf_setting *meant = doubt(r->loading, line, key);
    shown = may_be_secret(meant, line, shown, "") && key < shown ? key : shown;
    snprintf(f->text, sizeof f->text, "%s It begins with '%.*s'.", f->brief, (int)(shown < 40 ? shown : 40), line);
    if (meant != NULL && is_place(meant)) {
        note_place_fault(r->loading, f->text);
    }
}

/* True: the line is longer than inih's buffer, and the rest of it has been skipped. */
static bool is_too_long(struct file_reading *r, const char *line)
{
    int c = 0;
    if (strchr(line, '\n') != NULL || feof(r->file)) {
        return false;
    }
    while (c != EOF && c != '\n') {
        c = getc(r->file);
    }
    return true;
}

/* inih calls this in place of fgets, with a buffer of 200 bytes. With fgets it would take the rest
 * of a longer line for another line, and an indented line for a second value of the setting above.
 * A line with a mistake is turned into an empty one. */
static char *read_line(char *out, int size, void *context)
{
    struct file_reading *r = context;
    char *line = fgets(out, size, r->file);
    char why[96];
    if (line == NULL) {
        return NULL;
    }
    r->line++;
    snprintf(why, sizeof why, "is longer than %d bytes; the environment may hold longer values.", size - 2);
    bool too_long = is_too_long(r, line);
    /* an editor's byte order mark */
    size_t blank = r->line == 1 && strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    blank += strspn(line + blank, " \t");
    memmove(line, line + blank, strlen(line + blank) + 1);
    bool is_comment = strchr(";#\r\n", line[0]) != NULL; /* an empty line: '\0' */
    line[strcspn(line, "\r\n")] = '\0';
    if (is_comment || too_long || line[0] == '[' || strpbrk(line, "=:") == NULL) {
        if (!is_comment) {
            bad_line(r, line,
                     too_long         ? why
                     : line[0] == '[' ? "begins a section, but there are no sections here; remove it."
                                      : "is not of the form key = value.");
        }
        line[0] = '\0';
    }
    return line;
}

/* Adds a further line of a list, because inih's lines are too short for the networks of a large
 * proxy. */
static void add_value(struct loading *l, const struct conf_setting *s, const char *value, const char *where)
{
    char longer[2 * CONF_TEXT_MAX];
    int length = snprintf(longer, sizeof longer, "%s %s", (const char *)l->conf + s->offset, value);
    if (l->origins[s - conf_settings] == WRONG) {
        return; /* an earlier line was wrong: nothing of the list applies */
    }
    if (length < CONF_TEXT_MAX) {
        set_value(l, s, longer, where);
    } else {
        wrong_value(l, s, value, where);
    }
}

static void take_line(struct file_reading *r, const struct conf_setting *s, const char *value, const char *where)
{
    uint64_t hash = hash_bytes(HASH_START, value, strlen(value)) | 1;
    uint64_t before = r->seen[s - conf_settings];
    r->seen[s - conf_settings] = hash;
    if (before == 0) {
        set_value(r->loading, s, value, where);
    } else if (s->kind == CONF_RANGES) {
        add_value(r->loading, s, value, where);
    } else if (before != hash) {
        char why[96];
        snprintf(why, sizeof why, "%s is given twice, with different values.", s->key);
        fault_of(r->loading, s, where, why, why);
    }
}

static int on_setting(void *context, const char *section, const char *key, const char *value)
{
    struct file_reading *r = context;
    char where[64];
    (void)section; /* there is none: read_line drops lines with sections */
    snprintf(where, sizeof where, "%.40s line %d", r->name, r->line);
    for (size_t i = 0; i < CONF_SETTINGS; i++) {
        if (strcmp(conf_settings[i].key, key) == 0) {
            take_line(r, &conf_settings[i], value, where);
            return 1;
        }
    }
    unknown_key(r->loading, where, where, key, strlen(key), value);
    return 1;
}

/* The file may have held any setting, so each one that no later source sets gets its safest value.
 * Except `store`: if the environment names the data folder, a note in that folder tells which store
 * the chat uses (site/store_note.h). */
static void unreadable(struct loading *l, const char *name, const char *why)
{
    struct conf_fault *f = new_fault(&l->conf->faults);
    snprintf(f->brief, sizeof f->brief, "%.80s can't be read: %s.", name, why);
    snprintf(f->text, sizeof f->text, "%s", f->brief);
    for (size_t i = 0; i < CONF_SETTINGS; i++) {
        l->doubted[i] = conf_settings[i].kind != CONF_STORE;
    }
    note_place_fault(l, f->text);
}

/* False for UTF-16, which some editors of Windows call Unicode. */
static bool is_text(FILE *file)
{
    int first = getc(file);
    int second = first != EOF ? getc(file) : EOF;
    rewind(file);
    return first != 0 && second != 0 && !(first == 0xFF && second == 0xFE) && !(first == 0xFE && second == 0xFF);
}

static void load_file(struct loading *l, const char *path, bool must_exist)
{
    const char *slash = strrchr(path, '/');
    struct file_reading r = {.name = slash != NULL ? slash + 1 : path, .loading = l};
    r.file = fopen(path, "re");
    if (r.file == NULL) {
        if (errno != ENOENT || must_exist) {
            unreadable(l, r.name, strerror(errno));
        }
        return;
    }
    if (!is_text(r.file)) {
        fclose(r.file);
        unreadable(l, r.name, "it is not a text in UTF-8");
        return;
    }
    int bad = ini_parse_stream(read_line, &r, on_setting, &r);
    bool failed = ferror(r.file) != 0;
    fclose(r.file);
    if (failed || bad < 0) {
        unreadable(l, r.name, "reading it fails");
    } else if (bad > 0) { /* a comment before the '='; read_line has recorded all other mistakes */
        r.line = bad;
        bad_line(&r, "", "is not of the form key = value.");
    }
}

/* ---- the environment ---- */

static bool is_environment_name(const struct conf_setting *s, const char *name, size_t length)
{
    if (strlen(s->key) != length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        char upper = s->key[i] >= 'a' && s->key[i] <= 'z' ? (char)(s->key[i] - 'a' + 'A') : s->key[i];
        if (name[i] != upper) {
            return false;
        }
    }
    return true;
}

static void set_from_environment(struct loading *l, const char *entry)
{
    const char *name = entry + strlen(prefix);
    size_t length = strcspn(name, "=");
    char where[64];
    snprintf(where, sizeof where, "environment %s%.*s", prefix, (int)(length < 40 ? length : 40), name);
    if (length == strlen("CONF") && strncmp(name, "CONF", length) == 0) {
        return; /* conf_path has used it */
    }
    for (size_t i = 0; i < CONF_SETTINGS && name[length] == '='; i++) {
        if (is_environment_name(&conf_settings[i], name, length)) {
            set_value(l, &conf_settings[i], name + length + 1, where);
            return;
        }
    }
    unknown_key(l, where, "environment POLLCHAT_...", name, length, name + length + (name[length] == '='));
}

static void load_environment(struct loading *l, const char *const *environment)
{
    for (; environment != NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, prefix, strlen(prefix)) == 0) {
            set_from_environment(l, *environment);
        }
    }
    resolve_doubts(l);
}

static const char *conf_path(const char *const *environment)
{
    static const char name[] = "POLLCHAT_CONF=";
    for (; environment != NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, name, strlen(name)) == 0) {
            return *environment + strlen(name);
        }
    }
    return NULL;
}

const char *conf_file(size_t number)
{
    return file_names[number];
}

static int load_all(struct loading *l, const char *const *request_environment, const char *const *process_environment,
                    struct err *e)
{
    char file_path[CONF_TEXT_MAX];
    char own_path[CONF_TEXT_MAX];
    const char *path = conf_path(request_environment);
    if (path == NULL) {
        path = conf_path(process_environment);
    }
    bool named = path != NULL;
    if (conf_value_folder(file_path, named ? path : file_names[0], l->program_dir) != 0 ||
        conf_value_folder(own_path, file_names[1], l->program_dir) != 0) {
        unreadable(l, "The settings file", "its path is empty or too long");
    } else {
        load_file(l, file_path, named);
    }
    resolve_doubts(l);
    if (!named) {
        load_file(l, own_path, false);
        resolve_doubts(l);
    }
    load_environment(l, process_environment);
    load_environment(l, request_environment);
    return check_places(l, e);
}

int conf_load(struct conf *out, const char *program_dir, const char *const *request_environment,
              const char *const *process_environment, struct err *e)
{
    struct err own = ERR_INIT;
    struct loading l = {.conf = out, .program_dir = program_dir};
    if (e == NULL) {
        e = &own;
    }
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < CONF_SETTINGS; i++) {
        if (parse_value(out, &conf_settings[i], conf_settings[i].fallback, program_dir) !=
            0) { /* only a folder can fail */
            return err_set(e, ERR_CONFIG, "The path of the program's folder is too long.");
        }
        snprintf(conf_sources[i].text, sizeof conf_sources[i].text, "default");
    }
    return load_all(&l, request_environment, process_environment, e);
}

bool conf_usual_data(char *out, size_t size)
{
    char program_dir[CONF_TEXT_MAX];
    return program_path_folder(program_dir, sizeof program_dir, NULL) == 0 &&
           snprintf(out, size, "%s/" CONF_USUAL_DATA, program_dir) < (int)size;
}
