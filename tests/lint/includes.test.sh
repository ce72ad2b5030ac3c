#!/usr/bin/env bash
# includes.test.sh - does includes.sh see what it is for? Plants offences in a copy of cgi-bin, one at a time.
set -euo pipefail
cd "$(dirname "$0")/../.."
copy=$(mktemp -d "${TMPDIR:-/tmp}/pollchat-includes.XXXXXX")
trap 'rm -rf "$copy"' EXIT
failed=0

planted() { # WHAT-IT-MUST-SAY FILE LINE
    rm -rf "$copy/cgi-bin"
    cp -r cgi-bin "$copy/"
    printf '%s\n' "$3" >>"$copy/cgi-bin/$2"
    local said
    if said=$(tests/lint/includes.sh "$copy") || ! grep -qF -- "$1" <<<"$said"; then
        printf '%s\n  in %s was not seen as: %s\n  but: %s\n' "$3" "$2" "$1" "$said"
        failed=1
    fi
}

planted 'pure may not include web.h' lib/chat.c '#include "web.h"'
planted 'base may not include conf.h' lib/err.c '#  include   "conf.h" /* blanks */'
planted 'web may not include store.h' lib/route.c '#include "store.h"'
planted 'poll may not include commit.h' poll.c '#include "lib/commit.h"'
planted 'pure may not include clock.h' lib/query.c '#include "clock.h"'
planted 'pure may not include <time.h>' lib/chat.c '#include <time.h>'
planted '<sqlite3.h> is for' poll.c '#include <sqlite3.h>'
planted '<pthread.h> is for' lib/web.c '#include <pthread.h>'
planted '"jansson.h" stands on no floor' lib/json.c '#include "jansson.h"'
planted 'module stray stands on no floor' lib/stray.c ''
exit "$failed"
