/* conf_support.h - shared by the tests of the settings: a folder that plays that of the programs,
 * and loading settings that are correct, have mistakes, or stop the chat. */
#ifndef CONF_SUPPORT_H
#define CONF_SUPPORT_H

#include "support.h"

#include "base/err.h"
#include "system/conf_load.h"

#include <sys/stat.h>

static char folder[64]; /* plays the folder of the programs */

static inline int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-conf-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static inline void in_folder(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s", folder, name);
}

static inline int remove_folder(void **state)
{
    char path[100];
    (void)state;
    in_folder(path, sizeof path, "chat.conf");
    unlink(path);
    in_folder(path, sizeof path, "other.conf");
    unlink(path);
    in_folder(path, sizeof path, "my-chat.conf");
    unlink(path);
    return rmdir(folder);
}

static inline void write_file(const char *name, const char *bytes, size_t length)
{
    char path[100];
    in_folder(path, sizeof path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void load_good(struct conf *c, const char *text, const char *const *request, const char *const *process)
{
    struct err e = ERR_INIT;
    write_file("chat.conf", text, strlen(text));
    if (conf_load(c, folder, request, process, &e) != 0) {
        fail_msg("%s\n  in\n%s", e.text, text);
    }
    assert_int_equal(e.code, ERR_NONE);
    if (c->faults.count > 0) {
        fail_msg("%s\n  in\n%s", c->faults.list[0].text, text);
    }
}

/* Loads settings with a mistake, and returns the text of the first one. */
static inline const char *load_faulty(struct conf *c, const char *text, const char *const *request,
                                      const char *const *process)
{
    struct err e = ERR_INIT;
    write_file("chat.conf", text, strlen(text));
    if (conf_load(c, folder, request, process, &e) != 0) {
        fail_msg("%s\n  in\n%s", e.text, text);
    }
    if (c->faults.count == 0) {
        fail_msg("was taken without a word:\n%s", text);
    }
    assert_null(strpbrk(c->faults.list[0].text, "\r\n"));
    return c->faults.list[0].text;
}

/* Loads settings that stop the chat, because its data could be anywhere. */
static inline void load_bad(struct err *e, const char *text, const char *const *request, const char *const *process)
{
    struct conf c;
    write_file("chat.conf", text, strlen(text));
    err_clear(e);
    if (conf_load(&c, folder, request, process, e) != -1) {
        fail_msg("was taken:\n%s", text);
    }
    assert_int_equal(e->code, ERR_CONFIG);
    assert_null(strpbrk(e->text, "\r\n"));
    assert_true(c.faults.count > 0);
    assert_int_equal(conf_load(&c, folder, request, process, NULL), -1); /* the error may be NULL */
}

static inline void own(const char *text) /* writes my-chat.conf; NULL removes it */
{
    char path[100];
    in_folder(path, sizeof path, "my-chat.conf");
    if (text == NULL) {
        unlink(path);
    } else {
        write_file("my-chat.conf", text, strlen(text));
    }
}

#define ENVIRONMENT(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
