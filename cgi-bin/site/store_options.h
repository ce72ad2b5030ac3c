/* store_options.h - the settings of a site as options of its store. */
#ifndef STORE_OPTIONS_H
#define STORE_OPTIONS_H

#include "store/store.h"

struct conf;

/* Which store the settings name, and how to use it. Borrows conf's texts. short_lived and stopping
 * are unset. With an address (PostgreSQL) the data folder has only what belongs to this host, and
 * the database's disk is another host's. */
struct store_options store_options_of(const struct conf *conf);

#endif
