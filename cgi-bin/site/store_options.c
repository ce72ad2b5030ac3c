/* store_options.c - see store_options.h. */
#include "site/store_options.h"

#include "system/conf.h"

#include <string.h>

struct store_options store_options_of(const struct conf *conf)
{
    bool is_address = strncmp(conf->store, "postgres", strlen("postgres")) == 0;
    return (struct store_options){.folder = conf->data,
                                  .address = is_address ? conf->store : NULL,
                                  .replica = is_address && conf->store_replica[0] != '\0' ? conf->store_replica : NULL,
                                  .password_file = conf->store_password_file[0] != '\0' ? conf->store_password_file
                                                                                        : NULL,
                                  .journal = (enum store_journal)conf->journal,
                                  .busy_timeout_ms = (unsigned)conf->busy_timeout};
}
