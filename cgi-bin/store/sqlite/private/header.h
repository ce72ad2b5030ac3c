/* header.h - the first 100 bytes of a database file: is it ours, and does it use WAL?
 *
 * The header is read through SQLite's own descriptor: when a process closes any descriptor of a
 * file, it loses all its record locks on that file, so a second descriptor would drop the locks of
 * other threads. Takes no lock and changes nothing.
 */
#ifndef SQLITE_HEADER_H
#define SQLITE_HEADER_H

#include "store/sqlite/private/handle.h"

enum {
    HEADER_APPLICATION_ID = 0x70636874, /* "pcht" at offset 68; invariants.sql has it as well */
    HEADER_PAGE_SIZE = 4096,            /* measured: see 001-base.sql */
};

enum sqlite_header_kind {
    HEADER_EMPTY, /* no file, or a file without a byte */
    HEADER_OURS,
    HEADER_FOREIGN, /* another program's: never to be changed */
    HEADER_UNSURE,  /* one page and a journal: perhaps power was lost while the file was made */
};

int sqlite_header_look(struct sqlite_handle *s, enum sqlite_header_kind *kind, struct err *e);
int sqlite_header_is_ours(struct sqlite_handle *s, bool *ours, struct err *e);
/* The length that the file should have by its header; UINT64_MAX if it can't be read. */
uint64_t sqlite_header_bytes(const struct sqlite_handle *s);
bool sqlite_header_is_in_wal(const struct sqlite_handle *s); /* false as well if it can't be read */

#endif
