/* translate.h - the SQL that all engines share (store/sql/sql_store.h), as PostgreSQL reads it.
 *
 *   ?, ?1                       $1
 *   INDEXED BY x                nothing
 *   CROSS JOIN t USING|ON ...   JOIN t USING|ON ...
 *   a IS b, a IS NOT b          a IS [NOT] DISTINCT FROM b; IS [NOT] NULL stays
 *   group_concat                string_agg
 *   CAST(x AS BLOB)             convert_to(x, 'UTF8'), for a column x
 *
 * Words are recognised as they are written there: these in capitals, names in small letters.
 */
#ifndef POSTGRES_TRANSLATE_H
#define POSTGRES_TRANSLATE_H

/* The caller frees it. *parameters: how many the statement has. */
char *postgres_translate(const char *sql, int *parameters);

#endif
