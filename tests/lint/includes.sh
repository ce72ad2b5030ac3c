#!/usr/bin/env bash
# includes.sh - do the C files of cgi-bin include only what the tables in cgi-bin/README.md allow?
#
#   includes.sh [FOLDER]    FOLDER: one that holds cgi-bin/ (default: the repository; includes.test.sh gives others)
#
# A table stands between <!-- NAME:begin --> and <!-- NAME:end -->; its first two lines are the heading. A word in a cell may end in '*'.
# Prints one line for each offence; status 1 if there was any.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

rows() { # NAME: the table's rows, cells between '|'
    awk -v name="$1" '
        $0 == "<!-- " name ":begin -->" { inside = 1; next }
        $0 == "<!-- " name ":end -->" { inside = 0 }
        inside && /^\|/ && ++line > 2 { gsub(/ *\| */, "|"); print }
        END { if (line <= 2) { print "cgi-bin/README.md: no table " name > "/dev/stderr"; exit 1 } }' cgi-bin/README.md
}

# A line file|<x.h or file|"x.h for every #include in cgi-bin; a quoted one without its folder.
includes() {
    find cgi-bin -name '*.[ch]' -print0 | sort -z |
        xargs -0 grep -HoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+' |
        sed -E 's/^([^:]*):.*include[[:space:]]*([<"])/\1|\2/; s|"lib/|"|'
}

{
    rows floors | sed 's/^/floor/'
    rows more | sed 's/^/more/'
    rows owners | sed 's/^/owner/'
    find cgi-bin -name '*.[ch]' | sort | sed 's/^/file|/'
    includes | sed 's/^/include|/'
} | awk -F '|' '
    function base(path) { sub(/.*\//, "", path); return path }
    function stem(path) { path = base(path); sub(/\.[ch]$/, "", path); return path }
    # Does word stand in list (of patterns that may end in "*")?
    function among(word, list,    i, n, item) {
        n = split(list, item, " ")
        for (i = 1; i <= n; i++) {
            if (item[i] == word) { return 1 }
            if (item[i] ~ /\*$/ && index(word, substr(item[i], 1, length(item[i]) - 1)) == 1) { return 1 }
        }
        return 0
    }
    function floor_of(module,    i) {
        for (i = 1; i <= floors; i++) { if (among(module, modules[i])) { return i } }
        return 0
    }
    function offence(text) { print text; bad = 1 }

    $1 == "floor" { floors++; name[floors] = $2; modules[floors] = $3; may[floors] = $4; not[floors] = $5; next }
    $1 == "more" { n = split($2, item, " "); for (i = 1; i <= n; i++) { more[item[i]] = more[item[i]] " " $3 }; next }
    $1 == "owner" { owners++; header[owners] = $2; owner[owners] = $3; next }

    $1 == "file" {
        there[stem($2)] = 1
        if (!floor_of(stem($2))) { offence($2 ": module " stem($2) " stands on no floor (cgi-bin/README.md)") }
        next
    }
    $1 == "include" {
        from = floor_of(stem($2))
        if (!from) { next } # told above
        what = substr($3, 2)
        to = stem(what)
        if ($3 ~ /^</) {
            if (among(what, not[from])) { offence($2 ": " name[from] " may not include <" what ">") }
            for (i = 1; i <= owners; i++) {
                if (among(what, header[i]) && !matches(base($2), owner[i])) {
                    offence($2 ": <" what "> is for " owner[i] " only")
                }
            }
            next
        }
        if (!floor_of(to)) { offence($2 ": \"" what "\" stands on no floor (a foreign header is included as <" what ">)"); next }
        if (from != floor_of(to) && !among(to, may[from]) && !among(name[floor_of(to)], may[from]) && !among(to, more[stem($2)])) {
            offence($2 ": " name[from] " may not include " to ".h (" name[floor_of(to)] ")")
        }
    }
    # Like among, with "*" anywhere in the pattern.
    function matches(word, list,    i, n, item) {
        n = split(list, item, " ")
        for (i = 1; i <= n; i++) {
            gsub(/\./, "[.]", item[i])
            gsub(/\*/, ".*", item[i])
            if (word ~ "^" item[i] "$") { return 1 }
        }
        return 0
    }
    function must_be_there(list, where,    i, n, item, module, found) {
        n = split(list, item, " ")
        for (i = 1; i <= n; i++) {
            found = 0
            for (module in there) { if (matches(module, item[i])) { found = 1 } }
            for (module in name) { if (name[module] == item[i]) { found = 1 } }
            if (!found) { offence("cgi-bin/README.md: " where " names " item[i] ", which is not there") }
        }
    }
    END {
        for (i = 1; i <= floors; i++) { must_be_there(modules[i] " " may[i], "floor " name[i]) }
        for (module in more) { must_be_there(module " " more[module], "a module that may include more") }
        for (i = 1; i <= owners; i++) {
            n = split(owner[i], item, " ")
            for (j = 1; j <= n; j++) { sub(/\.[ch]$/, "", item[j]); must_be_there(item[j], "owner of " header[i]) }
        }
        exit bad
    }'
