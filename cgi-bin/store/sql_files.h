/* sql_files.h - the files of sql/ as the program carries them; sql/embed.sh writes the table. */
#ifndef SQL_FILES_H
#define SQL_FILES_H

struct sql_file {
    const char *name; /* path behind sql/, such as "sqlite/001-base.sql" */
    const char *text; /* NUL behind */
};

extern const struct sql_file sql_files[]; /* ends with a name of NULL */

#endif
