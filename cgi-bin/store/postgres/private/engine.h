/* engine.h - PostgreSQL for the rules of the chat (store/sql/sql_store.h). */
#ifndef POSTGRES_ENGINE_H
#define POSTGRES_ENGINE_H

#include "store/sql/sql_store.h"

extern const struct sql_engine postgres_engine;

#endif
