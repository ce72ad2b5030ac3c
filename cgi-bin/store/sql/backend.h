/* backend.h - the parts of a store's table (store_backend.h) that are this room's for each engine.
 */
#ifndef SQL_BACKEND_H
#define SQL_BACKEND_H

#include "store/sql/act.h"
#include "store/sql/bans.h"
#include "store/sql/desk.h"
#include "store/sql/erase.h"
#include "store/sql/held.h"
#include "store/sql/invites.h"
#include "store/sql/names.h"
#include "store/sql/persons.h"
#include "store/sql/reports.h"
#include "store/sql/retain.h"
#include "store/sql/roles.h"
#include "store/sql/rules.h"
#include "store/sql/setup.h"

#define SQL_BACKEND_PEACE                                                                                              \
    {                                                                                                                  \
        .rules_number = sql_rules_number, .rules_load = sql_rules_load, .rules_renew_secret = sql_rules_renew_secret,  \
        .act_begin = sql_act_begin, .act_commit = sql_act_commit, .act_cancel = sql_act_cancel,                        \
        .act_notice = sql_act_notice, .person_by_key = sql_persons_by_key, .person_find = sql_persons_find,            \
        .person_role = sql_roles_set, .person_own = sql_roles_own, .person_trust = sql_roles_trust,                    \
        .person_claim = sql_names_claim, .person_release = sql_names_release, .ban_add = sql_bans_add,                 \
        .ban_lift = sql_bans_lift, .invite_add = sql_invites_add, .invite_use = sql_invites_use,                       \
        .invite_revoke = sql_invites_revoke, .setup_room = sql_setup_room, .setup_add_word = sql_setup_add_word,       \
        .setup_remove_word = sql_setup_remove_word, .setup_setting = sql_setup_setting, .report_add = sql_reports_add, \
        .report_settle = sql_reports_settle, .report_approve = sql_held_approve, .report_reject = sql_held_reject,     \
        .desk_list = sql_desk_list, .desk_count = sql_desk_count,                                                      \
    }

#define SQL_BACKEND_ERASE                                                                                     \
    {                                                                                                         \
        .erase_message = sql_erase_message, .erase_show = sql_erase_show,                                     \
        .erase_hide_reported = sql_erase_hide_reported, .erase_recent = sql_erase_recent,                     \
        .erase_networks = sql_erase_networks, .erase_person = sql_erase_person, .erase_step = sql_erase_step, \
        .retain_is_due = sql_retain_is_due, .retain_step = sql_retain_step,                                   \
    }

#endif
