/* store_options.c - see store_options.h. */
#include "site/store_options.h"

#include "system/conf.h"

struct store_options store_options_of(const struct conf *conf)
{
    return (struct store_options){.folder = conf->data,
                                  .journal = (enum store_journal)conf->journal,
                                  .busy_timeout_ms = (unsigned)conf->busy_timeout};
}
