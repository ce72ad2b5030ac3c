#!/usr/bin/env bash
# includes.sh - do the C files of cgi-bin enter only the rooms that cgi-bin/README.md allows?
#
#   includes.sh [FOLDER]    FOLDER: a tree with cgi-bin/ in it (default: the repository)
#
# A room is a folder of cgi-bin. An include names it: "store/store.h". The rules:
#   - a file may include the headers of its own room, and of the rooms that its room's row names;
#   - a row may only name rooms above it, so that no two rooms include each other, not even through
#     a third one;
#   - a header in a folder private/ is for its own room and the rooms within that one;
#   - a foreign header is for its owners, and some rooms may not include some system headers at all;
#   - no two modules include each other, not even through a third one, within a room either. A
#     module is x.c with its header x.h, in whatever folders of the room. A header without a C file
#     contains no code that could call another module, so it only connects modules.
# A table in cgi-bin/README.md is between <!-- NAME:begin --> and <!-- NAME:end -->; its first two
# lines are the heading. A word in a cell may contain '*'.
#
# Prints a line for each offence; status 1 if there was one.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

rows() { # NAME: the table's rows, cells between '|'
    awk -v name="$1" '
        $0 == "<!-- " name ":begin -->" { inside = 1; next }
        $0 == "<!-- " name ":end -->" { inside = 0 }
        inside && /^\|/ && ++line > 2 { gsub(/ *\| */, "|"); gsub(/`/, ""); print }
        END { if (line <= 2) { print "cgi-bin/README.md: no table " name > "/dev/stderr"; exit 1 } }' cgi-bin/README.md
}

files() { find cgi-bin -name '*.[ch]' | sort; }

includes() { # a line file|<x.h or file|"room/x.h for each #include
    files | xargs grep -HoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+' |
        sed -E 's/^([^:]*):.*include[[:space:]]*([<"])/\1|\2/'
}

{
    rows rooms | sed 's/^/room/'
    rows owners | sed 's/^/owner/'
    files | sed 's/^/file|/'
    includes | sed 's/^/include|/'
} | awk -F '|' '
    # The room of a path within cgi-bin: its folder, private/ left out; "programs" for the top.
    function room_of(path) {
        sub(/^cgi-bin\//, "", path)
        if (!sub(/\/[^\/]*$/, "", path)) { return "programs" }
        sub(/\/private$/, "", path)
        return path
    }
    function base(path) { sub(/.*\//, "", path); return path }
    # Does word match an item of the list? "*" stands for any characters.
    function among(word, list,    i, n, item) {
        n = split(list, item, " ")
        for (i = 1; i <= n; i++) {
            gsub(/\./, "[.]", item[i])
            gsub(/\*/, ".*", item[i])
            if (word ~ "^" item[i] "$") { return 1 }
        }
        return 0
    }
    function offence(text) { print text; bad = 1 }
    function module_of(path) {
        sub(/\/private\//, "/", path)
        sub(/[.][ch]$/, "", path)
        return path
    }
    # Marks in reached[] every module that the module includes, directly or by way of others.
    function reach(module,    i, n, item) {
        n = split(uses[module], item, " ")
        for (i = 1; i <= n; i++) {
            if (!(item[i] in reached)) {
                reached[item[i]] = 1
                reach(item[i])
            }
        }
    }
    # The modules of the circle that module belongs to, sorted by name. "" if there is no circle, or
    # if another module of the circle comes first.
    function circle_of(module,    b, i, n, item, circle) {
        circle = module
        for (b in has_code) {
            if (b == module || !((module, b) in reaches) || !((b, module) in reaches)) { continue }
            if (b < module) { return "" }
            n = split(circle, item, " ")
            for (i = n; i > 1 && b < item[i]; i--) { item[i + 1] = item[i] }
            item[i + 1] = b
            circle = item[1]
            for (i = 2; i <= n + 1; i++) { circle = circle " " item[i] }
        }
        return circle == module ? "" : circle
    }
    function find_circles(    a, b, n, i, item, circle) {
        for (a in has_code) {
            split("", reached)
            reach(a)
            for (b in reached) { reaches[a, b] = 1 }
        }
        for (a in has_code) {
            circle = circle_of(a)
            if (circle != "") { offence("modules include each other in a circle: " circle) }
        }
    }

    $1 == "room" {
        n = split($3, item, " ")
        for (i = 1; i <= n; i++) {
            if (!(item[i] in may)) { offence("cgi-bin/README.md: room " $2 " may enter " item[i] ", which is no room above it") }
        }
        rooms++; name[rooms] = $2; may[$2] = $3; not[$2] = $4
        next
    }
    $1 == "owner" { owners++; header[owners] = $2; owner[owners] = $3; next }
    $1 == "file" {
        there[substr($2, 9)] = 1
        if ($2 ~ /[.]c$/) { has_code[module_of(substr($2, 9))] = 1 }
        inhabited[room_of($2)] = 1
        if (!(room_of($2) in may)) { offence($2 ": the folder " room_of($2) " is no room (cgi-bin/README.md)") }
        next
    }
    $1 == "include" {
        from = room_of($2)
        if (!(from in may)) { next } # told above
        what = substr($3, 2)
        if ($3 ~ /^</) {
            if (among(what, not[from])) { offence($2 ": room " from " may not include <" what ">") }
            for (i = 1; i <= owners; i++) {
                if (among(what, header[i]) && !among(substr($2, 9), owner[i])) { offence($2 ": <" what "> is for " owner[i] " only") }
            }
            next
        }
        if (!(what in there)) { offence($2 ": \"" what "\" is not in cgi-bin (a foreign header is included as <" what ">)"); next }
        if (module_of(substr($2, 9)) != module_of(what)) {
            uses[module_of(substr($2, 9))] = uses[module_of(substr($2, 9))] " " module_of(what)
        }
        to = room_of(what)
        private = what ~ /\/private\//
        if (private && from != to && index(from, to "/") != 1) {
            offence($2 ": " what " is private to room " to)
        } else if (from != to && !among(to, may[from])) {
            offence($2 ": room " from " may not enter room " to " (" what ")")
        }
    }
    END {
        find_circles()
        for (i = 1; i <= rooms; i++) { if (!inhabited[name[i]]) { offence("cgi-bin/README.md: room " name[i] " is empty") } }
        for (i = 1; i <= owners; i++) {
            n = split(owner[i], item, " ")
            for (j = 1; j <= n; j++) {
                found = 0
                for (file in there) { if (among(file, item[j])) { found = 1 } }
                if (!found) { offence("cgi-bin/README.md: owner of " header[i] ": there is no " item[j]) }
            }
        }
        exit bad
    }'
