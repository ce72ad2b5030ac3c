#!/bin/sh
# embed.sh - writes SQL files as a C file, so that the programs contain their schema
# (cgi-bin/store/sql_files.h).
#
#   sh sql/embed.sh OUT FILE...
#
# A file's name in C is its path below the folder sql/. Bytes are written as octal escapes, so that
# nothing in a file can end the string.
set -eu

out=$1
shift
trap 'rm -f "$out.new"' EXIT
{
    echo '/* Made by sql/embed.sh. */'
    echo '#include "store/sql_files.h"'
    echo
    echo '#include <stddef.h>'
    echo
    echo 'const struct sql_file sql_files[] = {'
    for file; do
        [ -r "$file" ] || { echo "embed.sh: can't read $file" >&2; exit 1; }
        name=/$file
        case $name in
        */sql/*) name=${name##*/sql/} ;;
        *) echo "embed.sh: $file is in no folder sql" >&2; exit 1 ;;
        esac
        printf '    {"%s",\n' "$name"
        od -An -v -to1 "$file" | awk '{ gsub(/ +/, "\\"); print "     \"" $0 "\"" }
                                      END { if (NR == 0) { print "     \"\"" } }'
        echo '    },'
    done
    echo '    {NULL, NULL},'
    echo '};'
} >"$out.new"
mv "$out.new" "$out"
