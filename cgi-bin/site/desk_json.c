/* desk_json.c - see desk_json.h. */
#include "site/desk_json.h"

#include "base/clock.h"
#include "format/json_out.h"
#include "store/store_desk.h"

#include <string.h>

bool desk_json_is_day(const char *column)
{
    return strcmp(column, "day") == 0;
}

static void add_time(struct json_out *o, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    if (desk_json_is_day(name)) {
        clock_text(wall_ms, text);
        text[DESK_JSON_DAY_LENGTH] = '\0';
        json_out_text(o, name, text);
    } else {
        json_out_time(o, name, wall_ms);
    }
}

void desk_json_add(struct json_out *o, const char *column, const struct store_cell *cell)
{
    switch (cell->kind) {
    case STORE_CELL_NONE:
        break;
    case STORE_CELL_NUMBER:
        json_out_number(o, column, cell->number);
        break;
    case STORE_CELL_FLAG:
        json_out_bool(o, column, cell->number != 0);
        break;
    case STORE_CELL_TIME:
        add_time(o, column, cell->number);
        break;
    case STORE_CELL_TEXT:
        json_out_text(o, column, cell->text);
        break;
    case STORE_CELL_LINES:
        json_out_lines(o, column, cell->text);
        break;
    }
}
