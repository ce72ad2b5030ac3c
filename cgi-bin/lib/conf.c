/* conf.c - see conf.h. The table below is the one list of settings: parsing, ranges, defaults, documentation. */
#include "conf.h"

#include "address.h"
#include "err.h"
#include "str.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <string.h>

enum kind { NUMBER, NUMBER_OR_AUTO, ORIGINS, RANGES, FOLDER, WORD };

struct setting {
    const char *key; /* in the file; in the environment POLLCHAT_ and the key in capitals */
    enum kind kind;
    size_t offset; /* in struct conf */
    uint64_t min;
    uint64_t max;
    const char *fallback;     /* the default, as it would be written */
    const char *const *words; /* WORD: allowed ones, NULL at the end; the value is the index */
    const char *about;        /* lines of the example file, without '; ' */
};

static const char *const journal_words[] = {"auto", "wal", "rollback", NULL};
static const char *const status_words[] = {"loopback", "everyone", "nobody", NULL};

#define AT(member) offsetof(struct conf, member)
static const struct setting settings[] = {
    {"data", FOLDER, AT(data), 0, 0, "../pollchat-data", NULL,
     "Folder of the database (chat.db). A relative path starts at the folder of the programs.\n"
     "It must not be served by the web server; the default lies outside of www/, is made with mode 0700\n"
     "and gets a .htaccess that denies everything, in case it ends up inside a served folder after all."},
    {"heads", FOLDER, AT(heads), 0, 0, "", NULL,
     "Folder, served by the web server as heads/ beside the page, in which each room has a tiny file that says how far it is. Where polls\n"
     "can't be held, as under plain CGI, pages watch that file instead of starting a program every few seconds. A relative path starts\n"
     "at the folder of the programs: ../www/heads. It is made if it is missing, and must not be the data folder. Empty: none."},
    {"max_text", NUMBER, AT(max_text), 1, 16777216, "1048576", NULL, "Greatest length of a message's text in bytes."},
    {"max_answer", NUMBER, AT(max_answer), 65536, 67108864, "4194304", NULL,
     "About how many bytes of text, as JSON writes them, one answer of poll may carry; a client gets the rest with its next call."},
    {"allow_origin", ORIGINS, AT(allow_origin), 0, 0, "", NULL,
     "Other sites whose pages may read, send, and show the chat in a frame, for example: https://example.org https://www.example.org\n"
     "Separated by spaces; * allows every site; empty allows none but this one."},
    {"trusted_proxies", RANGES, AT(trusted_proxies), 0, 0, "", NULL,
     "Addresses of reverse proxies before the web server, for example: 127.0.0.1 10.0.0.0/8 2001:db8::/32\n"
     "Separated by spaces; the line may be repeated for more. Of a request that comes from one of them, X-Forwarded-For (or Forwarded) says\n"
     "who asks, X-Forwarded-Host and -Proto what for; from anybody else these headers mean nothing. Each of these proxies must\n"
     "set or lengthen X-Forwarded-For itself."},
    {"max_wait", NUMBER, AT(max_wait), 0, 60, "25", NULL,
     "Longest time in seconds that a poll is held until there is news. Proxies and NAT routers cut silent connections\n"
     "after 30 to 60 seconds, mod_fcgid after 40; 0 never holds, and clients ask on a timer."},
    {"max_waiting", NUMBER, AT(max_waiting), 0, 100000, "10000", NULL,
     "How many polls may wait at once where waiting costs next to nothing (lighttpd, nginx). More are answered at once, with wait 0.\n"
     "The limit of open files of the process is a limit too."},
    {"max_waiting_apache", NUMBER, AT(max_waiting_apache), 0, 100000, "20", NULL,
     "The same behind Apache's mod_proxy_fcgi, where each waiting poll keeps a worker of the server from everything else on\n"
     "the site. Keep it below Apache's ThreadsPerChild (25 by default): a visitor's kept connection stays with one process\n"
     "of Apache, and where all workers of that one wait, so does his next request. To have more, raise both."},
    {"max_held", NUMBER_OR_AUTO, AT(max_held), 0, 256, "auto", NULL,
     "How many polls the whole site may hold where each costs a process: plain CGI and Apache's mod_fcgid. Shared hosts\n"
     "often allow an account some 20 processes in all. auto is 8, or a third of the host's limit where the programs can see a\n"
     "smaller one; GET /status says what they found."},
    {"max_waiting_per_client", NUMBER, AT(max_waiting_per_client), 1, 100000, "100", NULL,
     "How many polls of one address may wait at once. Not counted for 127.0.0.1 and ::1, where a proxy stands before all clients;\n"
     "with trusted_proxies each of them has his own address."},
    {"max_stream", NUMBER, AT(max_stream), 0, 86400, "300", NULL,
     "Longest time in seconds that a stream (GET /stream) lasts before it ends by itself and the client comes back: before something\n"
     "between cuts it. A stream takes a place of max_waiting or max_waiting_apache. 0 allows none, and clients poll."},
    {"poll_after", NUMBER, AT(poll_after), 1, 60, "2", NULL,
     "Seconds after which a client should ask again where a poll can't be held."},
    {"poll_rate", NUMBER, AT(poll_rate), 1, 100000, "50", NULL,
     "How many polls a second all clients that can't be held should make together where each costs a process. Where so many ask that\n"
     "it would be more, they are told to ask less often: poll_after rises, up to 60."},
    {"busy_timeout", NUMBER, AT(busy_timeout), 0, 30000, "5000", NULL,
     "Milliseconds that a request waits for other processes to leave the database, before it answers 503."},
    {"journal", WORD, AT(journal), 0, 0, "auto", journal_words,
     "How a new database keeps its journal: auto (wal on a local disk, rollback on a network file system),\n"
     "wal, or rollback. An existing database keeps what it has."},
    {"status", WORD, AT(status), 0, 0, "loopback", status_words,
     "Who may read GET /status, which has counts but nothing of what is said: loopback (who asks from this machine itself, not\n"
     "through a proxy on it), everyone, or nobody."},
    {"doctor", WORD, AT(doctor), 0, 0, "loopback", status_words,
     "Who may open doctor.html and read GET /doctor, which say what works on this host and what doesn't: as above."},
    {"threads", NUMBER, AT(threads), 1, 128, "16", NULL,
     "How many requests a FastCGI process handles at once. Plain CGI and mod_fcgid give it one at a time."},
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

/* Where the value of each setting came from, for conf_print and for "given twice". */
struct source {
    char text[64];
};
static struct source sources[SETTINGS];

static const char prefix[] = "POLLCHAT_";
static const char *const file_names[CONF_FILES] = {"chat.conf", "my-chat.conf"}; /* the latter wins */

static int wrong_value(const struct setting *s, const char *value, const char *where, struct err *e)
{
    char allowed[128];
    if (s->kind == NUMBER || s->kind == NUMBER_OR_AUTO) {
        snprintf(allowed, sizeof allowed, "a whole number from %llu to %llu%s", (unsigned long long)s->min,
                 (unsigned long long)s->max, s->kind == NUMBER_OR_AUTO ? ", or the word auto" : "");
    } else if (s->kind == WORD) {
        size_t at = 0;
        for (size_t i = 0; s->words[i] != NULL; i++) {
            at += (size_t)snprintf(allowed + at, sizeof allowed - at, "%s%s", i > 0 ? ", " : "one of ", s->words[i]);
        }
    } else {
        static const char *const kinds[] = {
            [ORIGINS] = "a * or origins in small letters such as https://example.org, no '/' behind,",
            [RANGES] = "addresses and networks such as 192.0.2.1 2001:db8::/32, no bits behind the network's,",
            [FOLDER] = "a path"};
        snprintf(allowed, sizeof allowed, "%s of up to %d bytes", kinds[s->kind], CONF_TEXT_MAX - 1);
    }
    return err_set(e, ERR_CONFIG, "%s: %s is '%.80s'; allowed is %s.", where, s->key, value, allowed);
}

/* An absolute path; a relative one starts at the programs' folder. */
static int set_folder(char *out, const char *value, const char *program_dir)
{
    int length = value[0] == '/' ? snprintf(out, CONF_TEXT_MAX, "%s", value)
                                 : snprintf(out, CONF_TEXT_MAX, "%s/%s", program_dir, value);
    return value[0] == '\0' || length >= CONF_TEXT_MAX ? -1 : 0;
}

/* scheme://host[:port] as browsers write it (RFC 6454, section 6.2): anything else would never match. */
static bool is_origin(const char *word, size_t length)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789+-._:[]";
    size_t scheme = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
    if (scheme == 0 || strncmp(word + scheme, "://", 3) != 0) {
        return false;
    }
    return length > scheme + 3 && strspn(word + scheme + 3, allowed) == length - scheme - 3;
}

static int set_origins(char *out, const char *value)
{
    for (const char *at = value + strspn(value, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (!(length == 1 && *at == '*') && !is_origin(at, length)) {
            return -1;
        }
        at += length;
    }
    return snprintf(out, CONF_TEXT_MAX, "%s", value) < CONF_TEXT_MAX ? 0 : -1;
}

static int set_ranges(char *out, const char *value)
{
    return address_list_valid(value) && snprintf(out, CONF_TEXT_MAX, "%s", value) < CONF_TEXT_MAX ? 0 : -1;
}

static int set_word(uint64_t *out, const char *value, const char *const *words)
{
    for (uint64_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            *out = i;
            return 0;
        }
    }
    return -1;
}

static int set_number_or_auto(uint64_t *out, const char *value, const struct setting *s)
{
    if (strcmp(value, "auto") == 0) {
        *out = CONF_AUTO;
        return 0;
    }
    return str_u64(value, s->min, s->max, out);
}

static int set_value(struct conf *c, const struct setting *s, const char *value, const char *program_dir,
                     const char *where, struct err *e)
{
    void *member = (char *)c + s->offset;
    int result = -1;
    switch (s->kind) {
    case NUMBER:
        result = str_u64(value, s->min, s->max, member);
        break;
    case NUMBER_OR_AUTO:
        result = set_number_or_auto(member, value, s);
        break;
    case ORIGINS:
        result = set_origins(member, value);
        break;
    case RANGES:
        result = set_ranges(member, value);
        break;
    case FOLDER:
        result = value[0] != '\0' || s->fallback[0] != '\0' ? set_folder(member, value, program_dir) : 0;
        if (value[0] == '\0') {
            *(char *)member = '\0';
        }
        break;
    case WORD:
        result = set_word(member, value, s->words);
        break;
    }
    if (result != 0) {
        return wrong_value(s, value, where, e);
    }
    snprintf(sources[s - settings].text, sizeof sources[0].text, "%s", where);
    return 0;
}

/* ---- the file ---- */

struct reading {
    FILE *file;
    const char *name;
    const char *program_dir;
    struct conf *conf;
    struct err *e;
    int line;
    bool seen[SETTINGS];
};

/* inih's reader: counts lines, which Debian's inih doesn't tell its handler, and refuses a line longer than inih's
 * buffer, which inih would cut in two. White space in front goes, or inih would take the line for a
 * second value of the setting above. After a mistake nothing more is read: the first one is told. */
static char *read_line(char *out, int size, void *context)
{
    struct reading *r = context;
    char *line = r->e->code == ERR_NONE ? fgets(out, size, r->file) : NULL;
    if (line == NULL) {
        return NULL;
    }
    r->line++;
    if (strchr(line, '\n') == NULL && !feof(r->file)) {
        err_set(r->e, ERR_CONFIG, "%s line %d is longer than %d bytes; the environment may hold longer values.",
                r->name, r->line, size - 2);
        return NULL;
    }
    size_t blank = r->line == 1 && strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* an editor's byte order mark */
    blank += strspn(line + blank, " \t");
    memmove(line, line + blank, strlen(line + blank) + 1);
    if (line[0] == '[') {
        err_set(r->e, ERR_CONFIG, "%s line %d: there are no sections; '%.*s' must go.", r->name, r->line,
                (int)strcspn(line, "\r\n"), line);
        return NULL;
    }
    return line;
}

/* A further line of a list: inih's lines are too short for the networks of a great proxy. */
static int add_value(struct conf *c, const struct setting *s, const char *value, const char *where, struct err *e)
{
    char longer[2 * CONF_TEXT_MAX];
    int length = snprintf(longer, sizeof longer, "%s %s", (const char *)c + s->offset, value);
    return length < CONF_TEXT_MAX ? set_value(c, s, longer, "", where, e) : wrong_value(s, value, where, e);
}

static int on_setting(void *context, const char *section, const char *key, const char *value)
{
    struct reading *r = context;
    char where[64];
    (void)section; /* read_line lets none pass */
    snprintf(where, sizeof where, "%.40s line %d", r->name, r->line);
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(settings[i].key, key) != 0) {
            continue;
        }
        if (r->seen[i] && settings[i].kind == RANGES) {
            return add_value(r->conf, &settings[i], value, where, r->e) == 0;
        }
        if (r->seen[i]) {
            err_set(r->e, ERR_CONFIG, "%s: %s is given twice.", where, key);
            return 0;
        }
        r->seen[i] = true;
        return set_value(r->conf, &settings[i], value, r->program_dir, where, r->e) == 0;
    }
    err_set(r->e, ERR_CONFIG,
            "%s: there is no setting '%.40s'; chat.conf.example, or the archive's chat.conf, lists all of them.", where,
            key);
    return 0;
}

static int load_file(struct conf *c, const char *path, bool must_exist, const char *program_dir, struct err *e)
{
    const char *slash = strrchr(path, '/');
    struct reading r = {.name = slash != NULL ? slash + 1 : path, .program_dir = program_dir, .conf = c, .e = e};
    r.file = fopen(path, "re");
    if (r.file == NULL) {
        return errno == ENOENT && !must_exist
                   ? 0
                   : err_set(e, ERR_CONFIG, "%s can't be read: %s.", r.name, strerror(errno));
    }
    int result = ini_parse_stream(read_line, &r, on_setting, &r);
    bool failed = ferror(r.file) != 0;
    fclose(r.file);
    if (failed) {
        return err_set(e, ERR_CONFIG, "%s can't be read.", r.name);
    }
    if (result != 0) { /* a line without '=', unless a handler above has said more */
        return err_set(e, ERR_CONFIG, "%s line %d is not of the form key = value.", r.name,
                       result > 0 ? result : r.line);
    }
    return e->code == ERR_NONE ? 0 : -1;
}

/* ---- the environment ---- */

static bool is_environment_name(const struct setting *s, const char *name, size_t length)
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

static int set_from_environment(struct conf *c, const char *entry, const char *program_dir, struct err *e)
{
    const char *name = entry + strlen(prefix);
    size_t length = strcspn(name, "=");
    char where[64];
    snprintf(where, sizeof where, "environment %s%.*s", prefix, (int)(length < 40 ? length : 40), name);
    if (length == strlen("CONF") && strncmp(name, "CONF", length) == 0) {
        return 0; /* taken by conf_path */
    }
    for (size_t i = 0; i < SETTINGS && name[length] == '='; i++) {
        if (is_environment_name(&settings[i], name, length)) {
            return set_value(c, &settings[i], name + length + 1, program_dir, where, e);
        }
    }
    return err_set(e, ERR_CONFIG, "%s: there is no such setting; chat.conf.example lists all of them.", where);
}

static int load_environment(struct conf *c, const char *const *environment, const char *program_dir, struct err *e)
{
    for (; environment != NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, prefix, strlen(prefix)) == 0 &&
            set_from_environment(c, *environment, program_dir, e) != 0) {
            return -1;
        }
    }
    return 0;
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

int conf_load(struct conf *out, const char *program_dir, const char *const *request_environment,
              const char *const *process_environment, struct err *e)
{
    struct err own = ERR_INIT;
    char file_path[CONF_TEXT_MAX];
    char own_path[CONF_TEXT_MAX];
    if (e == NULL) {
        e = &own;
    }
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < SETTINGS; i++) {
        if (set_value(out, &settings[i], settings[i].fallback, program_dir, "default", e) != 0) {
            return -1; /* only a folder can fail, when the program's own path is too long */
        }
    }
    const char *path = conf_path(request_environment);
    if (path == NULL) {
        path = conf_path(process_environment);
    }
    bool named = path != NULL;
    if (set_folder(file_path, named ? path : file_names[0], program_dir) != 0 ||
        set_folder(own_path, file_names[1], program_dir) != 0) {
        return err_set(e, ERR_CONFIG, "The path of the settings file is empty or too long.");
    }
    return load_file(out, file_path, named, program_dir, e) != 0 ||
                   (!named && load_file(out, own_path, false, program_dir, e) != 0) ||
                   load_environment(out, process_environment, program_dir, e) != 0 ||
                   load_environment(out, request_environment, program_dir, e) != 0
               ? -1
               : 0;
}

/* ---- telling ---- */

void conf_print(const struct conf *c, FILE *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        const void *member = (const char *)c + s->offset;
        if (s->kind == NUMBER_OR_AUTO && *(const uint64_t *)member == CONF_AUTO) {
            fprintf(out, "%s = auto", s->key);
        } else if (s->kind == NUMBER || s->kind == NUMBER_OR_AUTO) {
            fprintf(out, "%s = %llu", s->key, (unsigned long long)*(const uint64_t *)member);
        } else if (s->kind == WORD) {
            fprintf(out, "%s = %s", s->key, s->words[*(const uint64_t *)member]);
        } else {
            fprintf(out, "%s = %s", s->key, (const char *)member);
        }
        fprintf(out, "  ; %s\n", sources[i].text);
    }
}

static void print_comment(const char *text, FILE *out)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        fprintf(out, "; %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

void conf_print_example(FILE *out)
{
    fputs(
        "; chat.conf.example - every setting with its default. Copy it to chat.conf in this folder and change what you\n"
        "; need; without a chat.conf all defaults hold. Each one can also be set by the environment: POLLCHAT_MAX_TEXT\n"
        "; sets max_text (Apache: SetEnv, lighttpd: bin-environment) and wins over this file. `pollchat settings` shows\n"
        "; what holds now and where it comes from. A second file, my-chat.conf, is read after this one and wins.\n",
        out);
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        fputs("\n", out);
        print_comment(s->about, out);
        if (s->kind == NUMBER || s->kind == NUMBER_OR_AUTO) {
            fprintf(out, "; Allowed: %llu to %llu%s.\n", (unsigned long long)s->min, (unsigned long long)s->max,
                    s->kind == NUMBER_OR_AUTO ? ", or auto" : "");
        }
        fprintf(out, ";%s =%s%s\n", s->key, s->fallback[0] != '\0' ? " " : "", s->fallback);
    }
}
