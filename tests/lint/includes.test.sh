#!/usr/bin/env bash
# includes.test.sh - does includes.sh find offences? Plants one at a time in a copy of cgi-bin.
set -euo pipefail
cd "$(dirname "$0")/../.."
copy=$(mktemp -d "${TMPDIR:-/tmp}/pollchat-includes.XXXXXX")
trap 'rm -rf "$copy"' EXIT
failed=0

seen() { # WHAT-IT-MUST-SAY WHAT-WAS-PLANTED
    local said
    if said=$(tests/lint/includes.sh "$copy") || ! grep -qF -- "$1" <<<"$said"; then
        printf '%s\n  was not seen as: %s\n  but: %s\n' "$2" "$1" "$said"
        failed=1
    fi
}
fresh() {
    rm -rf "$copy/cgi-bin"
    cp -r cgi-bin "$copy/"
}
planted() { # WHAT-IT-MUST-SAY FILE LINE
    fresh
    [ -e "$copy/cgi-bin/$2" ] || [ -z "$3" ] || {
        echo "includes.test.sh: there is no $2"
        failed=1
    }
    mkdir -p "$(dirname "$copy/cgi-bin/$2")"
    printf '%s\n' "$3" >>"$copy/cgi-bin/$2"
    seen "$1" "$3 in $2"
}

# Upwards.
planted 'room store may not enter room site' store/store.c '#include "site/head_files.h"'
planted 'room store/sqlite may not enter room site' store/sqlite/write.c '#include "site/site.h"'
planted 'room chat may not enter room web' chat/chat.c '#include "web/request.h"'
planted 'room base may not enter room system' base/err.c '#  include   "system/conf.h" /* blanks */'
planted 'room web may not enter room store' web/route.c '#include "store/store.h"'
planted 'room archive may not enter room base' archive/start.c '#include "base/buf.h"'
# What is private to a room.
planted 'private to room store/sqlite' site/reading.c '#include "store/sqlite/private/handle.h"'
planted 'private to room store' site/commit.c '#include "store/private/store_backend.h"'
planted 'private to room web' routes/get_poll.c '#include "web/private/web_carrier.h"'
planted 'private to room store/sqlite' store/store.c '#include "store/sqlite/private/handle.h"'
# Foreign and system headers.
planted 'room chat may not include <time.h>' chat/chat.c '#include <time.h>'
planted '<sqlite3.h> is for' poll.c '#include <sqlite3.h>'
planted '<pthread.h> is for' web/request.c '#include <pthread.h>'
planted '"jansson.h" is not in cgi-bin' format/json.c '#include "jansson.h"'
# An include names the room.
planted '"ck.h" is not in cgi-bin' base/err.c '#include "ck.h"'
planted 'the folder attic is no room' attic/stray.c ''
# Modules in a circle: two of one room, three of one room, one by way of a header without code.
planted 'in a circle: store/sqlite/fail store/sqlite/rows' store/sqlite/fail.c '#include "store/sqlite/private/rows.h"'
planted 'in a circle: store/sqlite/fail store/sqlite/schema store/sqlite/sql' \
    store/sqlite/fail.c '#include "store/sqlite/private/schema.h"'
fresh
echo '#include "store/sqlite/private/rows.h"' >"$copy/cgi-bin/store/sqlite/private/headline.h"
echo '#include "store/sqlite/private/headline.h"' >>"$copy/cgi-bin/store/sqlite/fail.c"
seen 'in a circle: store/sqlite/fail store/sqlite/rows' 'a circle by way of a header without code'
# The table itself.
fresh
# shellcheck disable=SC2016 # backquotes of Markdown
sed -i 's/^| `store` | /&site /' "$copy/cgi-bin/README.md"
seen 'which is no room above it' 'the row of store names site'
fresh
rm -r "$copy/cgi-bin/archive"
seen 'room archive is empty' 'a row without its folder'
exit "$failed"
