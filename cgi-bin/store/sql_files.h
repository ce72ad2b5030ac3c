/* sql_files.h - the files of sql/, embedded in the programs. sql/embed.sh writes the table at build
 * time. */
#ifndef SQL_FILES_H
#define SQL_FILES_H

struct sql_file {
    const char *name; /* path below sql/, such as "sqlite/001-base.sql" */
    const char *text; /* ends with NUL */
};

extern const struct sql_file sql_files[]; /* the last one has the name NULL */

#endif
