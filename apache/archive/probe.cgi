#!/bin/sh
# probe.cgi - tells doctor.html why the programs beside it don't start. A script runs where a program may not: on another kind
# of machine, or without its execute bit. It says nothing but what stands below, and reads nothing of the request.
cd "$(dirname "$0")" || exit 1
printf 'Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'
echo 'probe 1'
echo "machine $(uname -m)"
for file in send.cgi poll.cgi programs/pollchat-*; do
    [ -e "$file" ] || { echo "missing $file" && continue; }
    [ -x "$file" ] || echo "not-executable $file"
    case $(ls -ld "$file") in ?????w* | ????????w*) echo "open-to-others $file" ;; esac
done
unset GATEWAY_INTERFACE # pollchat does nothing for the web
if output=$(./pollchat version 2>&1 </dev/null); then
    echo "starts $output"
else
    echo "fails $output" | tr '\n' ' '
    echo
fi
