/* engine.h - SQLite as the engine of the modules in store/sql: its statements, transactions and
 * rows, as struct sql_engine wants them. */
#ifndef SQLITE_ENGINE_H
#define SQLITE_ENGINE_H

#include "store/sqlite/private/handle.h"

extern const struct sql_engine sqlite_engine;

#endif
