/* err.c - see err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static void set(struct err *e, enum err_code code, const char *field,
                                                      const char *format, va_list args)
{
    if (e == NULL || e->code != ERR_NONE) {
        return;
    }
    e->code = code;
    snprintf(e->field, sizeof e->field, "%s", field);
    vsnprintf(e->text, sizeof e->text, format, args);
}

int err_set(struct err *e, enum err_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(e, code, "", format, args);
    va_end(args);
    return -1;
}

int err_field(struct err *e, enum err_code code, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(e, code, field, format, args);
    va_end(args);
    return -1;
}

int err_more(struct err *e, const char *name, const char *format, ...)
{
    va_list args;
    size_t i = 0;
    while (e != NULL && i < ERR_MORE && e->more[i].name[0] != '\0') {
        i++;
    }
    if (e == NULL || i == ERR_MORE) {
        return -1;
    }
    snprintf(e->more[i].name, sizeof e->more[i].name, "%s", name);
    va_start(args, format);
    vsnprintf(e->more[i].value, sizeof e->more[i].value, format, args);
    va_end(args);
    return -1;
}

int err_move(struct err *to, const struct err *from)
{
    if (to != NULL && to->code == ERR_NONE) {
        *to = *from;
    }
    return -1;
}

void err_clear(struct err *e)
{
    if (e != NULL) {
        memset(e, 0, sizeof *e);
    }
}

enum err_code err_of_errno(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_READONLY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* RLIMIT_FSIZE: a limit for the size of a file */
        return ERR_FULL;
    case ENOENT:
    case ENOTDIR:
        return ERR_ABSENT;
    case EEXIST:
        return ERR_CONFLICT;
    default:
        return ERR_SYSTEM;
    }
}
