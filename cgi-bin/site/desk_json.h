/* desk_json.h - a value of the desk's lists (store_desk.h) as a member of a JSON object.
 *
 * The owner's page and `pollchat --json` show the same members.
 * Pure. Threads: any.
 */
#ifndef DESK_JSON_H
#define DESK_JSON_H

#include <stdbool.h>

struct json_out;
struct store_cell;

enum { DESK_JSON_DAY_LENGTH = 10 }; /* of "2026-11-27" */

/* The times of this column are shown as days. */
bool desk_json_is_day(const char *column);

/* Writes the value, or nothing if there is none. column: the name of the member. */
void desk_json_add(struct json_out *o, const char *column, const struct store_cell *cell);

#endif
