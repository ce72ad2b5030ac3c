/* site.c - see site.h. */
#include "site/site.h"
#include "site/store_note.h"
#include "site/store_options.h"
#include "store/store_upkeep.h"

#include "base/blocking.h"
#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "site/handles.h"
#include "site/host_key.h"
#include "site/limiter.h"
#include "site/positions.h"
#include "site/rules_cache.h"
#include "system/conf_load.h"
#include "system/exposure.h"
#include "system/file.h"
#include "system/file_system.h"
#include "system/permissions.h"
#include "system/program_path.h"
#include "system/warn.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAFETY_CHECK_MS = 1000, THREADS_FALLBACK = 16, PAST_METRICS_MAX = 32, OVERRIDES_MAX = 64 * 1024 };

struct site {
    pthread_mutex_t lock;
    enum store_mode mode;
    bool short_lived;
    const atomic_bool *stopping;
    atomic_bool is_loaded; /* set once; the next two don't change any more then */
    char *overrides;       /* the settings of the request that they were loaded with */
    struct conf conf;
    struct handles *handles;
    struct positions *positions;
    struct limiter *limiter;
    struct rules_cache *rules;
    int64_t safety_checked; /* monotonic ms */
    struct err danger;      /* why the chat has stopped; ERR_NONE: it runs */
    bool is_danger_told;    /* to the log */
    /* danger is ERR_NONE as of a look in the last second or two; false: requests look themselves */
    atomic_bool is_safe;
    atomic_bool was_asked; /* a request has come since the timer's last look */
    atomic_bool was_opened;
    atomic_int key; /* enum host_key */
    bool metrics_tried;
    _Atomic(struct metrics_file *) metrics_file;
    struct metrics_file *own_metrics;                    /* the first one; another thread may still count in it */
    struct metrics_file *past_metrics[PAST_METRICS_MAX]; /* those whose file was deleted; likewise */
    size_t past_count;
};

static struct metrics_file *metrics_of(void *site)
{
    return site_metrics(site);
}

struct site *site_new(enum store_mode mode, bool short_lived, const atomic_bool *stopping)
{
    struct site *s = ck_calloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    s->mode = mode;
    s->short_lived = short_lived;
    s->stopping = stopping;
    s->handles = handles_new(mode);
    s->positions = positions_new(&s->conf, mode, short_lived, s->handles);
    positions_count_in(s->positions, metrics_of, s);
    s->limiter = limiter_new(&s->conf);
    s->rules = rules_cache_new();
    s->own_metrics = metrics_file_open(NULL);
    atomic_store(&s->metrics_file, s->own_metrics);
    return s;
}

void site_free(struct site *s)
{
    if (s == NULL) {
        return;
    }
    log_guard(NULL, NULL);
    handles_free(s->handles);
    site_rest(s, false);
    rules_cache_free(s->rules);
    positions_free(s->positions);
    limiter_free(s->limiter);
    if (atomic_load(&s->metrics_file) != s->own_metrics) {
        metrics_file_close(atomic_load(&s->metrics_file));
    }
    metrics_file_close(s->own_metrics);
    for (size_t i = 0; i < s->past_count; i++) {
        metrics_file_close(s->past_metrics[i]);
    }
    pthread_mutex_destroy(&s->lock);
    free(s->overrides);
    free(s);
}

static bool line_is_due(void *site, const char *line, uint64_t *left_out)
{
    return metrics_file_line_is_due(site_metrics(site), hash_bytes(HASH_START, line, strlen(line)), clock_mono_ms(),
                                    left_out);
}

void site_guard_log(struct site *s)
{
    log_guard(line_is_due, s);
}

/* The settings of a request, one a line, in the order in which the server sends them. */
static char *overrides_of(const char *const *settings)
{
    struct buf all;
    buf_init(&all, OVERRIDES_MAX);
    for (; settings != NULL && *settings != NULL; settings++) {
        buf_adds(&all, *settings);
        buf_addc(&all, '\n');
    }
    return buf_steal(&all);
}

/* As soon as the folder exists, adds what was counted to the file in which all processes count.
 * The lock is held. */
static void share_metrics(struct site *s)
{
    char path[CONF_TEXT_MAX + 16];
    if (s->metrics_tried || !file_exists(s->conf.data)) {
        return;
    }
    s->metrics_tried = true;
    if (file_system_is_network(s->conf.data)) {
        return;
    }
    snprintf(path, sizeof path, "%s/chat.tally", s->conf.data);
    struct metrics_file *shared = metrics_file_open(path);
    if (metrics_file_is_shared(shared)) {
        metrics_file_add_all(shared, s->own_metrics);
        atomic_store(&s->metrics_file, shared);
    } else {
        metrics_file_close(shared);
    }
}

/* The value of NAME= in a list of NAME=VALUE; NULL when it is missing. */
static const char *value_of(const char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (; environment != NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0) {
            return *environment + length;
        }
    }
    return NULL;
}

/* True: the process was started for one data folder and got a request for another one, so two
 * sites share a socket. */
static bool is_for_another_site(const char *const *settings)
{
    const char *asked = value_of(settings, "POLLCHAT_DATA=");
    const char *own = value_of((const char *const *)environ, "POLLCHAT_DATA=");
    if (asked == NULL || own == NULL || strcmp(asked, own) == 0) {
        return false;
    }
    uint64_t folder = asked[0] == '/' && own[0] == '/' ? file_number(own) : 0;
    return folder == 0 || file_number(asked) != folder; /* one folder may have two names */
}

/* Logs mistakes in the settings when they are read, but not again in each process. */
static void tell_faults(const struct conf *conf)
{
    const struct conf_faults *f = &conf->faults;
    uint64_t hash = hash_bytes(HASH_START, &f->more, sizeof f->more);
    for (size_t i = 0; i < f->count; i++) {
        hash = hash_bytes(hash, f->list[i].text, strlen(f->list[i].text));
    }
    if (f->count == 0 || (permissions_folder(conf->data, NULL) == 0 && !warn_is_due(conf->data, hash))) {
        return;
    }
    for (size_t i = 0; i < f->count; i++) {
        log_line("%s", f->list[i].text);
    }
    if (f->more > 0) {
        log_line("there are %zu more mistakes in the settings", f->more);
    }
}

static int load(struct site *s, const char *const *settings, struct err *e)
{
    char program_dir[CONF_TEXT_MAX];
    char *overrides = overrides_of(settings);
    int result = 0;
    if (s->is_loaded ? strcmp(overrides, s->overrides) != 0 : is_for_another_site(settings)) {
        result = err_set(e, ERR_CONFIG,
                         "Requests bring other POLLCHAT_ settings than this process has, so two sites share a socket. "
                         "Give each site a socket of its own.");
    } else if (!s->is_loaded) {
        result = program_path_folder(program_dir, sizeof program_dir, e);
        if (result == 0) {
            result = conf_load(&s->conf, program_dir, settings, (const char *const *)environ, e);
        }
        if (result == 0) {
            s->overrides = overrides;
            atomic_store(&s->is_loaded, true);
            tell_faults(&s->conf);
            return 0;
        }
    }
    free(overrides);
    return result;
}

int site_conf_as_it_is(struct site *s, const char *const *settings, struct conf *out, struct err *e)
{
    blocking_expected();
    pthread_mutex_lock(&s->lock);
    int result = load(s, settings, e);
    *out = s->conf;
    pthread_mutex_unlock(&s->lock);
    return result;
}

/* The lock is held, as in check_safety. */
static void look_for_danger(struct site *s)
{
    struct err danger = ERR_INIT;
    s->safety_checked = clock_mono_ms();
    if (permissions_folder(s->conf.data, &danger) == 0 && exposure_is_marked(s->conf.data)) {
        err_set(&danger, ERR_EXPOSED,
                "Files of the data folder could be read over the web; see READABLE-BY-THE-WEB.txt.");
    }
    s->is_danger_told = s->is_danger_told && strcmp(danger.text, s->danger.text) == 0;
    s->danger = danger;
    atomic_store(&s->is_safe, danger.code == ERR_NONE);
}

/* Each reason is logged once, for a request and not by the timer, since the log lines of other
 * threads may be thrown away (log.h). Strangers are told none (problem.c). */
static int check_safety(struct site *s, struct err *e)
{
    if (s->safety_checked == 0 || clock_mono_ms() - s->safety_checked >= SAFETY_CHECK_MS) {
        look_for_danger(s);
    }
    if (s->danger.code == ERR_NONE) {
        return 0;
    }
    if (!s->is_danger_told) {
        log_line("the chat has stopped, for safety: %s (%s)", s->danger.text, s->conf.data);
        s->is_danger_told = true;
    }
    return err_set(e, ERR_EXPOSED, "%s", s->danger.text);
}

/* The request brings the same settings as the one that the settings were loaded with. */
static bool brings_same(const struct site *s, const char *const *settings)
{
    const char *left = s->overrides;
    for (; settings != NULL && *settings != NULL; settings++) {
        size_t length = strlen(*settings);
        if (strncmp(left, *settings, length) != 0 || left[length] != '\n') {
            return false;
        }
        left += length + 1;
    }
    return *left == '\0';
}

const struct conf *site_conf(struct site *s, const char *const *settings, struct err *e)
{
    if (!atomic_load(&s->was_asked)) {
        atomic_store(&s->was_asked, true);
    }
    if (atomic_load(&s->is_loaded) && atomic_load(&s->is_safe) && brings_same(s, settings)) {
        return &s->conf;
    }
    blocking_expected();
    pthread_mutex_lock(&s->lock);
    int result = load(s, settings, e);
    if (result == 0 && (result = check_safety(s, e)) == 0) {
        share_metrics(s);
    }
    pthread_mutex_unlock(&s->lock);
    return result == 0 ? &s->conf : NULL;
}

unsigned site_threads(void)
{
    char program_dir[CONF_TEXT_MAX];
    struct conf conf;
    if (program_path_folder(program_dir, sizeof program_dir, NULL) != 0) {
        return THREADS_FALLBACK;
    }
    (void)conf_load(&conf, program_dir, NULL, (const char *const *)environ, NULL); /* `data` may be wrong */
    return conf.threads > 0 ? (unsigned)conf.threads : THREADS_FALLBACK;
}

const struct conf *site_loaded_conf(const struct site *s)
{
    return &s->conf;
}

struct metrics_file *site_metrics(struct site *s)
{
    return atomic_load(&s->metrics_file);
}

/* False: the server sets `data`, perhaps for several chats that share the programs; then a
 * database in the usual place may belong to another chat. */
static bool is_named_by_file(const struct site *s)
{
    return getenv("POLLCHAT_DATA") == NULL && strstr(s->overrides, "POLLCHAT_DATA=") == NULL;
}

/* A chat that is being moved must not begin a second time: a running program must not make a
 * folder in the old place, and no program one in the new place before the owner has moved the
 * folder there. */
static int refuse_while_moved(const struct site *s, const struct store_options *options, struct err *e)
{
    char usual[CONF_TEXT_MAX + 32];
    const struct store_options beside = {.folder = usual};
    if (file_exists(s->conf.data)) {
        return 0;
    }
    if (s->was_opened) {
        return err_set(
            e, ERR_BUSY,
            "The data folder isn't where it was. If it was moved, write its new place into the setting 'data'.");
    }
    if (options->address == NULL && is_named_by_file(s) && conf_usual_data(usual, sizeof usual) &&
        store_exists(&beside)) {
        return err_set(
            e, ERR_BUSY,
            "The setting 'data' names a folder that isn't there yet, and the messages are in pollchat-data beside "
            "cgi-bin. Move that folder to its new place.");
    }
    return 0;
}

static void compare_key(struct site *s, const struct store_options *options, struct store *handle)
{
    struct host_key_marks marks;
    int found = (int)host_key_compare(options, handle, &marks);
    if (atomic_exchange(&s->key, found) != found && found == HOST_KEY_FOREIGN) {
        log_line("%s/chat.key isn't that of the chat's other hosts (its mark is %s, theirs is %s), so this host only "
                 "reads, or visitors would be other persons here than there: copy that file from the first host, and "
                 "restart the programs",
                 options->folder, marks.own, marks.kept);
    }
}

int site_check_key(struct site *s, struct store *handle, struct err *e)
{
    if (atomic_load(&s->key) == HOST_KEY_UNKNOWN) {
        const struct store_options options = store_options_of(&s->conf);
        compare_key(s, &options, handle);
    }
    switch (atomic_load(&s->key)) {
    case HOST_KEY_COMMON:
        return 0;
    case HOST_KEY_UNKNOWN:
        return err_set(e, ERR_BUSY, "The database can't be compared with this web host. Try again in a moment.");
    default:
        return err_set(e, ERR_READONLY,
                       "This web host isn't set up like the others of the chat, so it only reads: nothing was "
                       "stored. The owner finds the reason in doctor.html.");
    }
}

/* The first store that this process opened. */
static void greet(struct site *s, const struct store_options *options, struct store *handle)
{
    store_note_write(options);
    compare_key(s, options, handle);
}

static struct store *open_store(struct site *s, struct err *e)
{
    struct store_options options = store_options_of(&s->conf);
    if (refuse_while_moved(s, &options, e) != 0 || store_note_check(&options, e) != 0) {
        return NULL;
    }
    options.short_lived = s->short_lived;
    options.stopping = s->stopping;
    struct store *handle = store_open(&options, s->mode, e);
    if (handle != NULL) {
        if (!atomic_exchange(&s->was_opened, true)) {
            greet(s, &options, handle);
        }
        handles_note_use(s->handles, handle);
        pthread_mutex_lock(&s->lock);
        share_metrics(s);
        pthread_mutex_unlock(&s->lock);
    }
    return handle;
}

/* A database on a server has so many connections for all hosts; one of each process is for notices
 * (notices.h). 0: as many as there are threads that need one. */
static unsigned most_handles(const struct site *s)
{
    bool is_remote = strcmp(s->conf.store, "sqlite") != 0;
    bool is_bound = is_remote && s->conf.store_connections > 1;
    return is_bound ? (unsigned)s->conf.store_connections - 1 : 0;
}

struct store *site_borrow(struct site *s, struct err *e)
{
    bool may_open = false;
    blocking_expected();
    struct store *handle = handles_take(s->handles, most_handles(s), (unsigned)s->conf.busy_timeout, &may_open);
    if (handle != NULL) {
        return handle;
    }
    if (!may_open) {
        err_set(e, ERR_BUSY, "All connections of this program to the database are in use. Try again in a moment.");
        return NULL;
    }
    handle = open_store(s, e);
    if (handle == NULL) {
        handles_not_opened(s->handles);
    }
    return handle;
}

bool site_return(struct site *s, struct store *handle)
{
    return handles_give_back(s->handles, handle);
}

struct store *site_refresh(struct site *s, struct store *handle, bool *is_new)
{
    *is_new = handle == NULL || !handles_is_current(s->handles, handle);
    if (*is_new && handle != NULL) {
        site_return(s, handle);
    }
    return *is_new ? site_borrow(s, NULL) : handle;
}

/* If the file was deleted, makes a new one, which processes that start later find too. The lock is
 * held. */
static void renew_metrics(struct site *s)
{
    char path[CONF_TEXT_MAX + 16];
    struct metrics_file *old = atomic_load(&s->metrics_file);
    if (!metrics_file_is_replaced(old) || s->past_count == PAST_METRICS_MAX || !file_exists(s->conf.data)) {
        return;
    }
    snprintf(path, sizeof path, "%s/chat.tally", s->conf.data);
    struct metrics_file *renewed = metrics_file_open(path);
    if (!metrics_file_is_shared(renewed)) {
        metrics_file_close(renewed);
        return;
    }
    metrics_file_move_gauges(renewed, old);
    atomic_store(&s->metrics_file, renewed);
    s->past_metrics[s->past_count++] = old;
}

/* Looks for the requests of the next second if some came in the last one. Otherwise the next
 * request looks itself. The lock is held. */
static void look_for_requests(struct site *s)
{
    if (atomic_exchange(&s->was_asked, false) && atomic_load(&s->is_loaded)) {
        look_for_danger(s);
    } else {
        atomic_store(&s->is_safe, false);
    }
}

void site_look_after(struct site *s)
{
    pthread_mutex_lock(&s->lock);
    renew_metrics(s);
    look_for_requests(s);
    pthread_mutex_unlock(&s->lock);
    handles_look_after(s->handles);
    limiter_look_after(s->limiter);
}

bool site_was_opened(const struct site *s)
{
    return atomic_load(&s->was_opened);
}

void site_rest(struct site *s, bool now)
{
    if (atomic_load(&s->was_opened)) {
        struct store_options options = store_options_of(&s->conf);
        options.short_lived = s->short_lived;
        store_rest(&options, now);
    }
}

/* ---- positions ---- */

struct positions *site_positions(struct site *s)
{
    return s->positions;
}

struct limiter *site_limiter(struct site *s)
{
    return s->limiter;
}

struct rules_cache *site_rules(struct site *s)
{
    return s->rules;
}

uint64_t site_changes(const struct site *s)
{
    return handles_changes(s->handles);
}

struct bell *site_bell(struct site *s)
{
    struct bell *b = positions_bell(s->positions);
    struct store *handle = b == NULL ? site_borrow(s, NULL) : NULL;
    if (handle != NULL) {
        b = positions_bell_of(s->positions, handle);
        site_return(s, handle);
    }
    return b;
}
