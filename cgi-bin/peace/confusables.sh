#!/bin/sh
# confusables.sh - Unicode's list of look-alike characters, as data and as C.
#
#   sh confusables.sh import UNICODE_FILE >confusables.txt   a new version of the list
#   sh confusables.sh compile OUT.c FILE...                  what `make` calls (peace/confusables.h)
#
# import takes confusables.txt as Unicode publishes it (https://www.unicode.org/Public/security/)
# and writes one line for each prototype with all characters that look like it. The version should
# be the one that utf8proc has; tests/unit/test_forms.c compares them.
#
# compile takes files of that form; where two have the same character, the first file counts.
set -eu

import() { # FILE
    cat <<'END'
# Look-alike characters by Unicode: the mapping of UTS #39, "Unicode Security Mechanisms".
# Made from Unicode's confusables.txt by confusables.sh import; its licence is in the file LICENSE.
#
# A line is the prototype, then the characters that look like it, as hexadecimal code points:
# PROTOTYPE[+...] < CHARACTER...
#
END
    LC_ALL=C awk '
        { sub(/\r$/, "") }
        /^# (Date|Version):/ { print }
        /^# .*Unicode.*, Inc\.$/ { print }
        { sub(/#.*/, "") }
        split($0, part, /[ \t]*;[ \t]*/) >= 3 {
            sub(/^[^0-9A-F]*/, "", part[1]) # a byte order mark
            gsub(/ +/, "+", part[2])
            if (!(part[2] in like)) { order[++count] = part[2] }
            like[part[2]] = like[part[2]] " " part[1]
        }
        END { print ""; for (i = 1; i <= count; i++) { print order[i] " <" like[order[i]] } }' "$1"
}

compile() { # OUT FILE...
    out=$1
    shift
    trap 'rm -f "$out.new" "$out.pairs"' EXIT
    # Fixed width, so that sorting as text sorts by number. Not every awk can read hexadecimal.
    LC_ALL=C awk '
        function wide(hex) { return substr("000000" hex, length(hex) + 1) }
        /^#/ || NF < 3 { next }
        { for (i = 3; i <= NF; i++) { if (!seen[$i]++) { print wide($i) " " $1 } } }' "$@" | LC_ALL=C sort >"$out.pairs"
    LC_ALL=C awk '
        BEGIN {
            print "/* Made by cgi-bin/peace/confusables.sh. */"
            print "#include \"peace/confusables.h\"\n"
            print "const struct confusables_pair confusables_pairs[] = {"
        }
        {
            n = split($2, point, "+")
            to = "0x" point[1]
            if (n > 1) {
                if (!($2 in place)) {
                    place[$2] = used + 0
                    line = "   "
                    for (i = 1; i <= n; i++) { line = line " 0x" point[i] ","; used++ }
                    pool[++pools] = line
                }
                to = "CONFUSABLES_SEVERAL(" place[$2] ", " n ")"
            }
            print "    {0x" $1 ", " to "},"
        }
        END {
            print "};\n\nconst size_t confusables_count = " NR ";\n"
            print "const uint32_t confusables_pool[] = {"
            for (i = 1; i <= pools; i++) { print pool[i] }
            print "};"
        }' "$out.pairs" >"$out.new"
    mv "$out.new" "$out"
}

case ${1:-} in
import) import "$2" ;;
compile)
    shift
    compile "$@"
    ;;
*) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2 && exit 2 ;;
esac
