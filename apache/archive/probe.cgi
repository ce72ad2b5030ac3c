#!/bin/sh
# probe.cgi - tells doctor.html why the programs beside it don't start. This script runs even where
# the programs can't: on another kind of machine, or when they have no execute permission. It reads
# nothing of the request, and prints only what is printed below. It answers 403 unless the setting
# doctor is everyone, in my-chat.conf or else in chat.conf. It also answers 403 in doubt: if the
# setting has another value, stands in two lines, or in a line that is not a setting.
cd "$(dirname "$0")" || exit 1
unset GATEWAY_INTERFACE # with it pollchat would refuse: it is no CGI program
whom=$(./pollchat settings 2>/dev/null </dev/null | sed -n 's/^doctor = \([a-z]*\).*/\1/p')
whom=${whom:-${POLLCHAT_DOCTOR-}}
for file in my-chat.conf chat.conf; do # pollchat may not start either: then the files are read here
    [ -n "$whom" ] || whom=$(tr -d '\r' <$file 2>/dev/null | LC_ALL=C sed -n 's/^[^;#[:alnum:]]*[Dd][Oo][Cc][Tt][Oo][Rr]/doctor/p' |
        LC_ALL=C sed 's/[[:space:]];.*//; s/^doctor[[:space:]]*[=:][[:space:]]*//; s/[[:space:]]*$//')
done
if [ "$whom" != everyone ]; then
    printf 'Status: 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'
    echo 'This report on the host is not open to everyone; the setting doctor says who may read it.'
    exit 0
fi
printf 'Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'
echo 'probe 1'
echo "machine $(uname -m)"
for file in send.cgi poll.cgi programs/pollchat-*; do
    [ -e "$file" ] || { echo "missing $file" && continue; }
    [ -x "$file" ] || echo "not-executable $file"
    case $(ls -ld "$file") in ?????w* | ????????w*) echo "open-to-others $file" ;; esac
done
if output=$(./pollchat version 2>&1 </dev/null); then
    echo "starts $output"
else
    echo "fails $output" | tr '\n' ' '
    echo
fi
