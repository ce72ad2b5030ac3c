/* store_module.c - see private/store_module.h. */
#include "store/private/store_module.h"

#include "base/err.h"
#include "base/log.h"
#include "system/program_path.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#ifdef POLLCHAT_POSTGRES

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

static const char file_name[] = "pollchat-postgres.so";

/* Loads the file at this absolute path. dlopen would search other folders for a name without
 * one. */
static const struct store_backend *load(const char *path, struct err *e)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct store_module *module = library != NULL ? dlsym(library, STORE_MODULE_SYMBOL) : NULL;
    if (module == NULL) {
        log_line("%s: %s", file_name, dlerror());
        err_set(e, ERR_CONFIG,
                "%s beside the programs can't be loaded; the log says why. It takes the library libpq5, and must "
                "be of the same version as the programs.",
                file_name);
    } else if (strcmp(module->interface, store_interface) != 0) {
        log_line("%s is of the build '%.80s', the program of '%s'", file_name, module->interface, store_interface);
        err_set(e, ERR_BUSY,
                "%s beside the programs is of another version than this program. If an update runs, try again in "
                "a moment; otherwise install both anew.",
                file_name);
        module = NULL;
    }
    if (module == NULL && library != NULL) {
        dlclose(library);
    }
    return module != NULL ? module->backend : NULL;
}

static const struct store_backend *find(struct err *e)
{
    char folder[PATH_MAX];
    char path[PATH_MAX];
    if (program_path_folder(folder, sizeof folder, e) != 0) {
        return NULL;
    }
    if (snprintf(path, sizeof path, "%s/%s", folder, file_name) >= (int)sizeof path || access(path, F_OK) != 0) {
        err_set(e, ERR_CONFIG,
                "The setting store names PostgreSQL, and %s isn't beside the programs. Install the package "
                "pollchat-postgres, or build the programs where libpq-dev is.",
                file_name);
        return NULL;
    }
    return load(path, e);
}

const struct store_backend *store_module_postgres(struct err *e)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const struct store_backend *loaded;
    pthread_mutex_lock(&lock);
    if (loaded == NULL) {
        loaded = find(e);
    }
    const struct store_backend *found = loaded;
    pthread_mutex_unlock(&lock);
    return found;
}

#else

const struct store_backend *store_module_postgres(struct err *e)
{
    err_set(e, ERR_CONFIG,
            "The setting store names PostgreSQL, and this program was built without it. Build it where libpq-dev is "
            "(make POSTGRES=1); the programs of the archive for shared hosting have SQLite alone.");
    return NULL;
}

#endif
