#!/usr/bin/env bash
# unused.test.sh - does unused.mjs find what it is for? Plants one function at a time in a small
# tree.
#
#   unused.test.sh
#
# Prints what was not found, and what was found by mistake; status 1 if there was any.
set -euo pipefail
cd "$(dirname "$0")/../.."
check=$PWD/tests/lint/unused.mjs
copy=$(mktemp -d "${TMPDIR:-/tmp}/pollchat-unused.XXXXXX")
trap 'rm -rf "$copy"' EXIT
bad=0

fresh() { # HEADER SOURCE TEST: what base/thing.h, base/thing.c and a test contain besides thing_used()
    rm -rf "$copy/cgi-bin" "$copy/tests"
    mkdir -p "$copy/cgi-bin/base" "$copy/tests/unit"
    printf 'int thing_used(void);\n%s\n' "$1" >"$copy/cgi-bin/base/thing.h"
    printf 'int thing_used(void)\n{\n    return 1;\n}\n\n%s\n' "$2" >"$copy/cgi-bin/base/thing.c"
    printf 'int main(void)\n{\n    return thing_used();\n}\n' >"$copy/cgi-bin/send.c"
    printf '%s\n' "$3" >"$copy/tests/unit/test_thing.c"
}
found() { # WHAT ADVICE HEADER SOURCE TEST: there must be an offence that ADVICE matches
    fresh "${@:3}"
    node "$check" "$copy" >"$copy/said" || :
    if ! grep -qE "^cgi-bin/base/thing\.h:2: thing_x: .*$2" "$copy/said"; then
        echo "unused.mjs doesn't find $1"
        bad=1
    fi
}
allowed() { # WHAT HEADER SOURCE TEST: there must be none
    fresh "${@:2}"
    if ! node "$check" "$copy"; then
        echo "unused.mjs complains of $1"
        bad=1
    fi
}

defined=$'int thing_x(void)\n{\n    return 2;\n}\n'
at_home=$defined$'\nstatic int other(void)\n{\n    return thing_x();\n}\n'
test='int main(void) { return thing_x(); }'
found 'a function that only its own file uses' 'make it static' 'int thing_x(void);' "$at_home" ''
found 'a function that is not used' 'remove it' 'int thing_x(void);' "$defined" ''
found 'a function that only a comment or a text names' 'remove it' 'int thing_x(void); /* thing_x() */' "$defined" '/* thing_x() */ "thing_x()"'
found 'a function that only a test uses' 'only tests' 'int thing_x(void);' "$defined" "$test"
allowed 'a function that its own file uses and a test calls' 'int thing_x(void);' "$at_home" "$test"
allowed 'a function that says it is for tests' 'int thing_x(void); /* for tests */' "$defined" "$test"
exit "$bad"
