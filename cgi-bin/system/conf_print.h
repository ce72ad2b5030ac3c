/* conf_print.h - the settings as text: those in use, and the commented example file.
 *
 * Threads: any, after conf_load.
 */
#ifndef CONF_PRINT_H
#define CONF_PRINT_H

#include "system/conf.h"

#include <stdio.h>

/* Prints a line for each setting: its value and where the value came from. Call it after
 * conf_load. */
void conf_print(const struct conf *c, FILE *out);

/* Prints the commented example file: every setting with its default. */
void conf_print_example(FILE *out);

#endif
