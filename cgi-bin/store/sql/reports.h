/* reports.h - reported messages: see store_report.h for each. */
#ifndef SQL_REPORTS_H
#define SQL_REPORTS_H

#include "store/sql/persons.h"
#include "store/store_report.h"

int sql_reports_add(struct store *base, const char *room, uint64_t seq, const unsigned char reporter[STORE_REPORTER],
                    const char *reason, uint64_t *open, struct err *e);
int sql_reports_settle(struct store *base, uint64_t report, const char *room, uint64_t seq, struct err *e);

#endif
