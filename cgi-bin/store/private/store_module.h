/* store_module.h - a store in a file of its own, which a program loads only if the settings ask for
 * it: pollchat-postgres.so. So libpq is needed, and costs memory and time at the start, only where
 * PostgreSQL is used.
 *
 * The file stands beside the programs and is linked without the rooms below it: when a program
 * loads it, the module's calls lead to the program's own functions. So there is one log and one
 * state. The Makefile finds which functions these are, and links the programs so that they have and
 * export them. Program and module must be of one build, since they share structs: each has the text
 * store_interface, and a module with another text is refused.
 *
 * To add a module: a function here and in store_module.c, a room store/NAME whose table of
 * functions is exported as pollchat_store_module, and its rules in the Makefile.
 */
#ifndef STORE_MODULE_H
#define STORE_MODULE_H

struct err;
struct store_backend;

/* What a module exports, under the name pollchat_store_module. */
struct store_module {
    const char *interface; /* store_interface of its build */
    const struct store_backend *backend;
};

#define STORE_MODULE_SYMBOL "pollchat_store_module"

/* The version, and a hash of the headers that programs and modules share. The Makefile makes it;
 * the program and the module have one each. */
extern const char store_interface[];

/* The table of PostgreSQL's module, which the first successful call loads for the life of the
 * process. NULL with ERR_CONFIG: this program was built without it, or the module is missing or
 * can't be loaded; with ERR_BUSY: it is of another build, as for a moment while an update replaces
 * one file after the other. A further call tries again. Threads: any. */
const struct store_backend *store_module_postgres(struct err *e);

#endif
