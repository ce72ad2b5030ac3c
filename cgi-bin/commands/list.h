/* list.h - prints a list of the store (store_desk.h), as a table for people or as JSON.
 *
 * JSON: {"list","items":[{...}],"more"}, with the names of store_desk.h. Texts in tables are cut.
 * Threads: one.
 */
#ifndef LIST_H
#define LIST_H

#include "store/store_desk.h"

struct command_line;

/* Prints all pages of the list, or so many items as --limit says, from --before on. query: what it
 * asks for; before and limit don't count. columns: those of the table, NULL at the end. Returns the
 * exit status. */
int list_print(const struct command_line *line, const char *word, struct store_desk_query *query,
               const char *const *columns);

#endif
