#!/usr/bin/env bash
# routes.test.sh - does routes.mjs find what it is for? Plants one offence at a time into a copy of
# the configurations.
#
#   routes.test.sh
#
# Prints what was not found; status 1 if there was any.
set -euo pipefail
cd "$(dirname "$0")/../.."
check=$PWD/tests/lint/routes.mjs
copy=$(mktemp -d "${TMPDIR:-/tmp}/pollchat-routes.XXXXXX")
trap 'rm -rf "$copy"' EXIT
bad=0

change() { # WHAT FILE SED-COMMAND OFFENCE: after the command there must be an offence that OFFENCE matches
    cp "$copy/$2" "$copy/kept"
    sed -i -E "$3" "$copy/$2"
    node "$check" "$copy" >"$copy/said" || :
    if ! grep -qE "^$4" "$copy/said"; then
        echo "routes.mjs doesn't find $1"
        bad=1
    fi
    mv "$copy/kept" "$copy/$2"
}

tar c apache cgi-bin lighttpd www | tar x -C "$copy"
new='s/^ *\{"poll",.*/&\n    {"newest", REQUEST_GET, CHAT_READER, get_newest},/'
change 'a new route that no configuration has' cgi-bin/poll.c "$new" 'cgi-bin/debian/nginx.conf:[0-9]+: routes are missing: newest'
change 'a new route that the paper lacks' cgi-bin/poll.c "$new" 'www/API.md:1: /newest'
change 'a route that is gone' cgi-bin/poll.c '/^ *\{"embed",/d' 'apache/proxy.conf:[0-9]+: there is no route /embed'
change 'a configuration that lacks a route' lighttpd/fastcgi.conf 's/\|embed//' 'lighttpd/fastcgi.conf:[0-9]+: routes are missing: embed'
change 'a table that lacks a route' lighttpd/cgi.conf '/"\/embed" /d' 'lighttpd/cgi.conf:[0-9]+: routes are missing: embed'
change 'a <Location> that is missing' apache/proxy.conf 's/<Location "\/embed">/<Location "\/other">/' 'apache/proxy.conf:[0-9]+: routes are missing: embed'
change 'a configuration that names what is no route' apache/fcgid.conf 's/\|embed/&|people/' 'apache/fcgid.conf:[0-9]+: there is no route /people'
change 'a shorter list with what is no route' apache/site.conf 's/\(\?:plain\|embed\)/(?:plain|people)/' 'apache/site.conf:[0-9]+: there is no route /people'
change 'a list that was taken out' cgi-bin/debian/Caddyfile 's/\(\?:poll\|[a-z|]*\)/x/' 'cgi-bin/debian/Caddyfile:1: .* no list'
exit "$bad"
