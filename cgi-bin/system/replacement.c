/* replacement.c - see replacement.h. */
#include "system/replacement.h"

#include "base/ck.h"
#include "system/conf_load.h"
#include "system/image.h"
#include "system/program_path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct replacement {
    char path[PATH_MAX]; /* "": unknown; then it counts as never replaced */
    struct stat self;
    char folder[PATH_MAX]; /* of the settings files; "": unknown */
    struct stat settings[CONF_FILES];
};

/* All zeros if there is no such file. */
static struct stat look_at_settings(const struct replacement *s, size_t number)
{
    char path[PATH_MAX];
    struct stat found;
    bool is_there = snprintf(path, sizeof path, "%s/%s", s->folder, conf_file(number)) < (int)sizeof path &&
                    stat(path, &found) == 0;
    return is_there ? found : (struct stat){0};
}

struct replacement *replacement_new(void)
{
    struct replacement *s = ck_calloc(1, sizeof *s);
    if (!program_path_file(s->path, sizeof s->path) ||
        (stat("/proc/self/exe", &s->self) != 0 && stat(s->path, &s->self) != 0)) {
        s->path[0] = '\0';
    }
    if (program_path_folder(s->folder, sizeof s->folder, NULL) == 0) {
        for (size_t i = 0; i < CONF_FILES; i++) {
            s->settings[i] = look_at_settings(s, i);
        }
    }
    return s;
}

void replacement_free(struct replacement *s)
{
    free(s);
}

static bool can_start(const char *path)
{
    enum image_state state = image_look(path);
    return (state == IMAGE_WHOLE || state == IMAGE_OTHER) && access(path, X_OK) == 0;
}

/* A deleted file is no replacement, because there is nothing to start instead. A new time on the
 * same file is none either: an owner may have touched it. */
static bool is_replaced(const struct replacement *s)
{
    struct stat now;
    return stat(s->path, &now) == 0 &&
           (now.st_ino != s->self.st_ino || now.st_dev != s->self.st_dev ||
            now.st_mtim.tv_sec != s->self.st_mtim.tv_sec) &&
           can_start(s->path);
}

/* Is it a different file, whatever its name? If a program exited for a link to itself, start.c
 * would start the same file again and again. */
static bool is_another(const struct replacement *s, const char *path)
{
    struct stat now;
    return stat(path, &now) == 0 && (now.st_ino != s->self.st_ino || now.st_dev != s->self.st_dev);
}

/* The archive's way: the file `use` beside this one names another file. FTP may have lost that
 * file's execute bit, and start.c, which would set it, is not started while this program runs. */
static bool is_relieved(const struct replacement *s)
{
    char path[PATH_MAX];
    char name[IMAGE_NAME_SIZE] = "";
    const char *slash = strrchr(s->path, '/');
    int folder = slash != NULL ? (int)(slash - s->path) : 0;
    if (slash == NULL || snprintf(path, sizeof path, "%.*s/use", folder, s->path) >= (int)sizeof path) {
        return false;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool read = fgets(name, sizeof name, file) != NULL;
    fclose(file);
    name[strcspn(name, "\r\n")] = '\0';
    return read && image_is_name(name) &&
           snprintf(path, sizeof path, "%.*s/%s", folder, s->path, name) < (int)sizeof path && is_another(s, path) &&
           image_look(path) == IMAGE_WHOLE && image_can_start(path);
}

bool replacement_is_there(const struct replacement *s)
{
    return s->path[0] != '\0' && (is_replaced(s) || is_relieved(s));
}

bool replacement_has_other_settings(const struct replacement *s)
{
    for (size_t i = 0; i < CONF_FILES && s->folder[0] != '\0'; i++) {
        const struct stat now = look_at_settings(s, i);
        const struct stat *then = &s->settings[i];
        if (now.st_ino != then->st_ino || now.st_size != then->st_size || now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != then->st_mtim.tv_nsec) {
            return true;
        }
    }
    return false;
}
