/* checks.h - looks at the host: what works, what doesn't, and what the owner can do about it.
 *
 * The same for doctor.html and `pollchat doctor`. It checks what can be seen from inside; the page
 * checks what needs a browser (how long an answer may stay open, whether the data folder is
 * served). Any visitor may open the page, so texts have no path of the host and no name of a user.
 * To add a check: a function check_NAME in checks.c that calls findings_add once for each thing it
 * found, with a topic of its own; call it in checks_run or check_data.
 * Threads: any. It opens the database itself, and makes one if there is none yet.
 */
#ifndef CHECKS_H
#define CHECKS_H

#include <stdbool.h>

struct allowance;
struct conf;
struct findings;

enum { CHECKS_KEPT_S = 5 }; /* for so many seconds strangers get the same findings */

enum checks_carrier { CHECKS_SHELL, CHECKS_CGI, CHECKS_FASTCGI };

struct checks_given {
    const struct conf *conf;  /* all settings, perhaps without `data` */
    const char *conf_problem; /* why `data` is missing, so that the chat has stopped; NULL: it isn't */
    /* The findings are for strangers: they show nothing that the owner wrote, and cause at most
     * one write to the disk in CHECKS_KEPT_S. */
    bool stranger;
    const char *program_folder;
    const char *served;              /* DOCUMENT_ROOT of the request, or NULL */
    const struct allowance *allowed; /* how many requests may wait; NULL: unknown */
    enum checks_carrier carrier;
};

void checks_run(const struct checks_given *given, struct findings *out);

#endif
