#!/usr/bin/env bash
# papers.test.sh - does papers.mjs find what it is for? Each offence is planted alone into a copy of
# the papers.
#
#   papers.test.sh
#
# Prints what was not found; status 1 if there was any.
# shellcheck disable=SC2016 # the backquotes are Markdown
set -euo pipefail
cd "$(dirname "$0")/../.."
check=$PWD/tests/lint/papers.mjs
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
bad=0

plant() { # WHAT FILE LINE PATTERN: LINE at the end of FILE must be an offence that PATTERN matches
    cp "$copy/$2" "$copy/kept"
    printf '\n%s\n' "$3" >>"$copy/$2"
    node "$check" "$copy" >"$copy/said" || :
    if ! grep -qE "^$2:[0-9]+: .*$4" "$copy/said"; then
        echo "papers.mjs doesn't find $1"
        bad=1
    fi
    mv "$copy/kept" "$copy/$2"
}

tar c --exclude=node_modules --exclude=./build --exclude=./.git . | tar x -C "$copy"
gone=nowhere
long=$(printf 'word %.0s' {1..25})
plant 'a link to a file that is missing' README.md 'see [it](cgi-bin/NOWHERE.md)' 'not there'
plant 'a link to a heading that is missing' README.md 'see [it](www/API.md#nowhere)' 'no heading'
plant 'a served paper that links out of www/' www/API.md 'see [it](../README.md)' 'is served'
plant 'a wrong default' cgi-bin/OWNER.md 'waits up to `max_wait` (24) seconds' 'max_wait is'
plant 'a setting that is unknown' cgi-bin/OWNER.md 'write `max_holdings = 3`' 'no setting'
plant 'a setting of the environment that is unknown' apache/README.md 'SetEnv POLLCHAT_MAX_HOLDINGS 3' 'no setting'
plant 'a function that is gone' cgi-bin/README.md 'then `route_to_'"$gone"'()` runs' 'no function'
plant 'a file that is gone' cgi-bin/README.md 'see `web/nowhere.c`' 'no file'
sed -i "s/^  \['pl', .*/&\n  ['it', 'Italiano', 'ltr'],/" "$copy/www/js/lang.js"
plant 'a language that is not in the paper' cgi-bin/OWNER.md '' 'lack Italian'
sed -i "/'Italiano'/d" "$copy/www/js/lang.js"
sed -i 's/"no-stream"/"without-stream"/' "$copy/cgi-bin/format/problem.c"
plant 'an error that is not in the paper' www/API.md '' 'errors lack'
sed -i 's/"without-stream"/"no-stream"/' "$copy/cgi-bin/format/problem.c"
plant 'a quote that nothing says' apache/archive/INSTALL.html '“This chat has gone home”' 'nothing says'
plant 'prose that is too wide' README.md "$long" 'columns'
plant 'a comment that is too wide' apache/site.conf "# $long" 'columns'
exit "$bad"
