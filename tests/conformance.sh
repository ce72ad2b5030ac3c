#!/bin/sh
# conformance.sh - does a chat keep its promises? Order, nothing lost, nothing twice, waiting,
# limits, errors. It asks by curl, from outside, so the server and everything in front of it is
# tested too.
#
#   sh conformance.sh https://example.org/chat/ [--room NAME] [--quick]
#
# The script finds out whether the short addresses work (…/chat/poll) or only those of the programs
# (…/chat/cgi-bin/poll.cgi/poll). It writes some hundred messages into a new room with a random
# name, and a few into a second one, NAME-b. Both rooms stay. Other rooms are not changed, so you
# can run it while people talk. --room NAME takes the room NAME; messages that are there already
# stay, and are not tested. --quick leaves out what takes long: a wait of full length, texts of a
# megabyte. A chat limits how fast one network writes; then it takes a minute longer.
#
# One line for each check: ok, FAILED (what was expected, and what came), skipped (why), warning (it
# works, but you should look at it).
# Status: 0 no check failed; 1 a check failed; 2 wrong usage, or no pollchat at this address.
# Environment: CURL, the command, such as CURL='curl -k' for a certificate that you made yourself.
# Needs a POSIX shell with its usual tools, and curl.
# shellcheck disable=SC2030,SC2031 # requests made in a subshell have their own $at there
set -u

LC_ALL=C
export LC_ALL
curl=${CURL:-curl}
tab=$(printf '\t')

usage() {
    sed -n '2,/^set /{/^set /d;/shellcheck/d;s/^# \{0,1\}//;p;}' "$0" >&2
    exit 2
}

stop() {
    printf 'conformance: %s\n' "$*" >&2
    exit 2
}

# ---- the command line ----

base='' room='' quick=''
while [ $# -gt 0 ]; do
    case $1 in
    --room)
        [ $# -gt 1 ] || usage
        room=$2
        shift
        ;;
    --quick) quick=1 ;;
    -*) usage ;;
    *)
        [ -z "$base" ] || usage
        base=$1
        ;;
    esac
    shift
done
case $base in
http://*/ | https://*/) ;;
http://* | https://*) base=$base/ ;;
*) usage ;;
esac
command -v "${curl%% *}" >/dev/null 2>&1 || stop "there is no ${curl%% *}"

random() { od -An -N4 -tx1 /dev/urandom 2>/dev/null | tr -d ' \n'; }
run=$(random)
[ -n "$run" ] || run=$$$(date +%H%M%S)
[ -n "$room" ] || room=conformance-$run
who=tester-$run # a name that no person here has
case $room in
[!a-z0-9]* | *[!a-z0-9_-]* | ?????????????????????????????????????????????????????????????*)
    stop "--room takes up to 60 of a-z, 0-9, - and _, a letter or digit first"
    ;;
esac

umask 077
work=${TMPDIR:-/tmp}/pollchat-conformance.$run.$$
mkdir "$work" || stop "can't make $work"
listener=''
clean() {
    if [ -n "$listener" ]; then kill "$listener" 2>/dev/null; fi
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 2' INT TERM HUP

# ---- asking ----

at=$work/main # where an answer goes: $at.body, $at.head. Parallel requests set another name.
patience=60   # seconds
come_again=5  # after a 503 with Retry-After: so many new attempts
slow_down=60  # after a 429, by which a chat limits how fast one network writes: so many

# The value of a header of the last answer (earlier ones are a 100 or come from a proxy).
header() { # NAME
    awk -v name="$1" '
        /^HTTP\// { value = ""; next }
        { sub(/\r$/, ""); colon = index($0, ":") }
        tolower(substr($0, 1, colon - 1)) == name { rest = substr($0, colon + 1); sub(/^[ \t]+/, "", rest); value = value (value == "" ? "" : ", ") rest }
        END { print value }' "$at.head"
}

is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; }

# One request. Sets status (000: no answer) and took (seconds, as 0.123).
ask() { # ADDRESS [CURL-OPTION...]
    ask_address=$1
    shift
    ask_tries=0
    while :; do
        : >"$at.body"
        : >"$at.head"
        # shellcheck disable=SC2086 # CURL is words
        ask_said=$($curl -q -sS -g -m "$patience" -H Expect: -o "$at.body" -D "$at.head" -w '%{http_code} %{time_total}' \
            "$@" "$ask_address" 2>"$at.error")
        ask_code=$?
        status=${ask_said%% *} took=${ask_said#* }
        case $ask_code in 18 | 28) status=000 ;; esac # cut off, timed out
        case $status in
        429 | 503)
            ask_after=$(header retry-after)
            ask_most=$come_again
            if [ "$status" = 429 ]; then ask_most=$slow_down; fi
            if [ "$ask_tries" -ge "$ask_most" ] || ! is_number "$ask_after" || [ "$ask_after" -gt 30 ]; then return; fi
            ;;
        *) return ;;
        esac
        ask_tries=$((ask_tries + 1))
        echo "$status" >>"$work/delays"
        sleep "$ask_after"
    done
}

# What came, on one line.
seen() {
    if [ "$status" = 000 ] || [ -z "$status" ]; then
        printf 'no answer (%s)' "$(sed -e 's/^curl: //' -e 1q "$at.error")"
    else
        printf '%s %s: %s' "$status" "$(header content-type)" "$(dd if="$at.body" bs=160 count=1 2>/dev/null | tr '\000-\037' ' ')"
    fi
}

# Prints JSON as lines: the path of a value, a tab, the value as it is written (strings in quotes,
# with their escapes). A list has a line path.# with its length. Status 1 if it isn't JSON.
flatten() { # FILE
    awk '
        { s = s $0 "\n" }
        function bad() { wrong = 1; exit 1 }
        function space() { while (index(" \t\r\n", substr(s, p, 1)) && p <= n) { p++ } }
        function take(c) { space(); if (substr(s, p, 1) != c) { return 0 } p++; return 1 }
        # A string: to the next quote that has an even number of backslashes before it.
        function word(    start, i, k, b) {
            if (!take("\"")) { bad() }
            for (start = i = p; ; ) {
                k = index(substr(s, i), "\"")
                if (!k) { bad() }
                i += k
                for (b = 0; i - 2 - b >= start && substr(s, i - 2 - b, 1) == "\\"; b++) { }
                if (b % 2 == 0) { p = i; return substr(s, start, i - 1 - start) }
            }
        }
        function value(path,    dot, i, key) {
            dot = path == "" ? "" : path "."
            if (take("{")) {
                if (take("}")) { return }
                do { key = word(); if (!take(":")) { bad() } value(dot key) } while (take(","))
                if (!take("}")) { bad() }
            } else if (take("[")) {
                i = 0
                if (!take("]")) {
                    do { value(dot i); i++ } while (take(","))
                    if (!take("]")) { bad() }
                }
                print dot "#\t" i
            } else if (substr(s, p, 1) == "\"") {
                print path "\t\"" word() "\""
            } else if (match(substr(s, p, 40), /^(true|false|null|-?[0-9][0-9.eE+-]*)/)) {
                print path "\t" substr(s, p, RLENGTH)
                p += RLENGTH
            } else { bad() }
        }
        END { if (wrong) { exit 1 } p = 1; n = length(s); value(""); space(); if (p <= n) { bad() } }' "$1"
}

raw() { # PATH: a value of the JSON that was read last, as it is written; "" if it isn't there
    awk -v path="$1$tab" 'index($0, path) == 1 { print substr($0, length(path) + 1); exit }' "$at.json"
}
field() { # PATH: the same, but a string without its quotes
    raw "$1" | sed 's/^"\(.*\)"$/\1/'
}

# ---- checks ----

n_ok=0 n_failed=0 n_skipped=0 n_warnings=0
name='' complaint=''

check() { # NAME
    name=$1 complaint=''
}
complain() { # WHAT EXPECTED CAME; a check prints its first complaint
    [ -n "$complaint" ] || complaint="$1: expected $2, but got ${3:-nothing}"
}
want() { # WHAT EXPECTED CAME
    [ "$2" = "$3" ] || complain "$1" "${2:-nothing}" "$3"
}
want_status() { # STATUS
    [ "$1" = "$status" ] || complain status "$1" "$(seen)"
}
want_json() {
    flatten "$at.body" >"$at.json" || complain 'the body' JSON "$(seen)"
}
want_like() { # WHAT PATTERN VALUE; PATTERN as in case
    # shellcheck disable=SC2254 # a pattern is meant
    case $3 in $2) ;; *) complain "$1" "$2" "$3" ;; esac
}
# No cache may keep an answer of the programs, and no browser may guess its type.
want_headers() { # CONTENT-TYPE
    want_like Content-Type "$1*" "$(header content-type)"
    want_like Cache-Control '*no-store*' "$(header cache-control)"
    want X-Content-Type-Options nosniff "$(header x-content-type-options)"
}
verdict() { # [REMARK]
    if [ -n "$complaint" ]; then
        n_failed=$((n_failed + 1))
        printf 'FAILED   %s: %s\n' "$name" "$complaint"
    else
        n_ok=$((n_ok + 1))
        printf 'ok       %s%s\n' "$name" "${1:+ ($1)}"
    fi
}
skip() { # WHY
    n_skipped=$((n_skipped + 1))
    printf 'skipped  %s: %s\n' "$name" "$1"
}
warn() { # TEXT
    n_warnings=$((n_warnings + 1))
    printf 'warning  %s: %s\n' "$name" "$1"
}

# Sends a message. The numbers of stored messages (201) are noted; check_sum compares them at the
# end.
post() { # CURL-OPTION...
    ask "$send" "$@"
    if [ "$status" = 201 ]; then
        flatten "$at.body" >"$at.stored"
        post_seq=$(sed -n "s/^seq$tab//p" "$at.stored")
        echo "${post_seq:-?}" >>"$work/stored"
    fi
}
say() { # TEXT [CURL-OPTION...]
    say_text=$1
    shift
    post --data-urlencode "room=$room" --data-urlencode "text=$say_text" "$@"
}
# Sets head: the number of the room's last message.
look() {
    ask "$poll?room=$room&since=now"
    flatten "$at.body" >"$at.json"
    head=$(field head)
    is_number "$head" || head=0
}

# Reads all messages of the room after `from` into FILE, as lines (format=text), LIMIT in each
# answer.
read_all() { # LIMIT FILE
    : >"$2"
    read_since=$from
    while :; do
        ask "$poll?room=$room&since=$read_since&limit=$1&format=text"
        [ "$status" = 200 ] || return 1
        [ -s "$at.body" ] || return 0
        cat "$at.body" >>"$2"
        read_last=$(sed -n '$s/'"$tab"'.*//p' "$at.body")
        is_number "$read_last" && [ "$read_last" -gt "$read_since" ] || return 1
        read_since=$read_last
    done
}
# Prints where the numbers of these lines have a gap, or go back.
first_break() { # FILE
    awk -F "$tab" -v seq="$from" '$1 != seq + 1 { print "after " seq " comes " $1; exit } { seq = $1 }' "$1"
}

bytes() { # COUNT: so many letters
    dd if="$work/letters" bs="$1" count=1 2>/dev/null
}

# ---- where it is ----

find_addresses() {
    find_seen=''
    for find_style in 'poll send' 'cgi-bin/poll.cgi/poll cgi-bin/send.cgi/send' 'cgi/poll.cgi/poll cgi/send.cgi/send'; do
        poll=$base${find_style% *} send=$base${find_style#* }
        ask "$poll?room=$room&since=0"
        case $status:$(header content-type) in
        200:application/json*) flatten "$at.body" | grep -q "^epoch$tab\"." && return 0 ;;
        [45]*:application/problem+json*) # a pollchat that reports what is wrong
            flatten "$at.body" >"$at.json"
            printf 'FAILED   %s: %s\n' "$poll" "$(field detail)"
            exit 1
            ;;
        30[1278]:*) find_seen="$find_seen (it redirects: try $(header location))" ;;
        esac
        find_seen="$find_seen
  $poll: $(seen)"
    done
    return 1
}

find_addresses || stop "there is no pollchat at $base$find_seen"
stream=${poll%poll}stream
printf 'pollchat at %s, by %s and %s\n' "$base" "${poll#"$base"}" "${send#"$base"}"
printf 'It writes only into the rooms %s and %s-b, which stay.\n' "$room" "$room"
: >"$work/stored"
dd if=/dev/zero bs=1100 count=1000 2>/dev/null | tr '\000' x >"$work/letters"
look
epoch=$(field epoch)
from=$head

# ---- sending and reading ----

check_sending() {
    check 'send: 201 with every field'
    say 'the first' --data-urlencode "name=$who" --data-urlencode "id=first-$run"
    want_status 201
    want_headers application/json
    want_json
    want epoch "\"$epoch\"" "$(raw epoch)"
    want room "\"$room\"" "$(raw room)"
    want seq $((from + 1)) "$(raw seq)"
    want_like time '"[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z"' "$(raw time)"
    want name "\"$who\"" "$(raw name)"
    want text '"the first"' "$(raw text)"
    want type '"message"' "$(raw type)"
    want id "\"first-$run\"" "$(raw id)"
    verdict

    check 'send: JSON, plain text, defaults; each number is one higher'
    post -H 'Content-Type: application/json' -d "{\"room\":\"$room\",\"text\":\"the second\",\"reply_to\":$((from + 1))}"
    want_status 201
    want_json
    want seq $((from + 2)) "$(raw seq)"
    want name '"guest"' "$(raw name)"
    want reply_to $((from + 1)) "$(raw reply_to)"
    want_like 'an id made by the server' '"?*"' "$(raw id)"
    ask_text='the third'
    post -H 'Content-Type: text/plain' -H "Pollchat-Room: $room" -H 'Pollchat-Name: bob' --data-binary "$ask_text"
    want_status 201
    want_json
    want seq $((from + 3)) "$(raw seq)"
    want text '"the third"' "$(raw text)"
    want name '"bob"' "$(raw name)"
    verdict

    check 'poll: answers what was sent, with next, head, oldest, more'
    ask "$poll?room=$room&since=$from"
    want_status 200
    want_headers application/json
    want_json
    want 'number of messages' 3 "$(raw 'messages.#')"
    want 'seq of the first' $((from + 1)) "$(raw messages.0.seq)"
    want 'text of the second' '"the second"' "$(raw messages.1.text)"
    want 'name of the third' '"bob"' "$(raw messages.2.name)"
    want 'type of the third' '"message"' "$(raw messages.2.type)"
    want epoch "\"$epoch\"" "$(raw epoch)"
    want room "\"$room\"" "$(raw room)"
    want next $((from + 3)) "$(raw next)"
    want head $((from + 3)) "$(raw head)"
    want more false "$(raw more)"
    want_like oldest '[1-9]*' "$(raw oldest)"
    verdict

    check 'poll: no cache between here and the server keeps answers'
    ask "$poll?room=$room&since=$((from + 3))"
    say 'a new message'
    want_status 201
    ask "$poll?room=$room&since=$((from + 3))"
    want_json
    want 'next after a new message' $((from + 4)) "$(raw next)"
    verdict

    check 'poll: answers HEAD'
    ask "$poll?room=$room&since=$from" -I
    want_status 200
    want_headers application/json
    verdict
}

# Senders in parallel, each with one message after the other, while a reader polls.
senders=20
check_order() {
    each=${quick:+1}
    each=${each:-3}
    total=$((senders * each))
    check "order: $total messages from $senders senders at once: each is stored once, in one order"
    look
    from_before=$from from=$head
    sender_pids=''
    i=0
    while [ "$i" -lt "$senders" ]; do
        i=$((i + 1))
        (
            at=$work/sender$i
            k=0
            while [ "$k" -lt "$each" ]; do
                k=$((k + 1))
                say "sender $i message $k" --data-urlencode "name=sender$i" --data-urlencode "id=s$i-$k-$run"
                if [ "$status" = 201 ]; then echo "$post_seq sender $i message $k"; else seen >&2; fi
            done >"$at.sent" 2>"$at.refused"
        ) &
        sender_pids="$sender_pids $!"
    done
    (
        at=$work/reader
        : >"$work/early"
        read_since=$from
        while [ "$(grep -c '' "$work/early")" -lt "$total" ]; do
            if [ -e "$work/sent" ]; then last_look=1; else last_look=''; fi
            ask "$poll?room=$room&since=$read_since&limit=7&format=text"
            cat "$at.body" >>"$work/early"
            if [ -s "$at.body" ]; then
                read_since=$(sed -n '$s/'"$tab"'.*//p' "$at.body")
            elif [ -n "$last_look" ]; then
                break
            else
                sleep 1
            fi
        done
    ) &
    reader_pid=$!
    # shellcheck disable=SC2086 # words
    wait $sender_pids
    : >"$work/sent"
    wait "$reader_pid"
    cat "$work"/sender*.refused >"$work/refused"
    [ ! -s "$work/refused" ] || complain 'the answer to a message' 201 "$(sed 1q "$work/refused")"
    sort -n "$work"/sender*.sent >"$work/answered"
    read_all 100 "$work/late" || complain 'reading all' 200 "$(seen)"
    want 'number of messages read' "$total" "$(grep -c '' "$work/late")"
    want 'numbers without a gap' '' "$(first_break "$work/late")"
    awk -F "$tab" '{ print $1 " " $4 }' "$work/late" >"$work/listed"
    want 'stored (<) and read (>)' '' "$(diff "$work/answered" "$work/listed" | sed -n '/^[<>]/{p;q;}')"
    want 'each text once' '' "$(awk -F "$tab" '{ print $4 }' "$work/late" | sort | uniq -d | sed 1q)"
    want "each sender's messages in its order" '' "$(awk '{ if ($5 != last[$3] + 1) { print; exit } last[$3] = $5 }' "$work/listed")"
    verdict

    check 'order: a reader during the sending and a reader afterwards get the same'
    want 'numbers without a gap' '' "$(first_break "$work/early")"
    want 'read during the sending (<) and afterwards (>)' '' "$(diff "$work/early" "$work/late" | sed -n '/^[<>]/{p;q;}')"
    verdict
    from=$from_before
}

check_ids() {
    check 'id: a message that is sent twice is stored once'
    look
    say 'once only' --data-urlencode "name=$who" --data-urlencode "id=once-$run"
    want_status 201
    cp "$at.body" "$work/once"
    say 'once only' --data-urlencode "name=$who" --data-urlencode "id=once-$run"
    want_status 200
    cmp -s "$at.body" "$work/once" || complain 'the second answer' "$(cat "$work/once")" "$(cat "$at.body")"
    look_before=$head
    look
    want head $((look_before + 1)) "$head"
    verdict

    check 'id: a message that is sent 8 times at the same moment is stored once'
    i=0
    tries=''
    while [ "$i" -lt 8 ]; do
        i=$((i + 1))
        (
            at=$work/try$i
            say 'eight times' --data-urlencode "name=$who" --data-urlencode "id=eight-$run"
            echo "$status" >"$at.status"
        ) &
        tries="$tries $!"
    done
    # shellcheck disable=SC2086 # words
    wait $tries
    want statuses '200 200 200 200 200 200 200 201 ' "$(cat "$work"/try*.status | sort | tr '\n' ' ')"
    want 'different answers' 1 "$(for i in 1 2 3 4 5 6 7 8; do cksum <"$work/try$i.body"; done | sort -u | grep -c '')"
    look_before=$head
    look
    want head $((look_before + 1)) "$head"
    verdict

    check 'id: the same id with another text is 409'
    say 'something else' --data-urlencode "name=$who" --data-urlencode "id=once-$run"
    want_status 409
    want_json
    want_like type '*id-reused' "$(field type)"
    want field '"id"' "$(raw field)"
    verdict
}

check_cursors() {
    check 'poll: limit, more, next'
    look
    ask "$poll?room=$room&since=$((from + 1))&limit=2"
    want_status 200
    want_json
    want 'number of messages' 2 "$(raw 'messages.#')"
    want 'seq of the first' $((from + 2)) "$(raw messages.0.seq)"
    want 'seq of the second' $((from + 3)) "$(raw messages.1.seq)"
    want next $((from + 3)) "$(raw next)"
    want head "$head" "$(raw head)"
    want more true "$(raw more)"
    verdict

    check 'poll: last, before'
    ask "$poll?room=$room&last=2"
    want_status 200
    want_json
    want 'number of messages' 2 "$(raw 'messages.#')"
    want 'seq of the last but one' $((head - 1)) "$(raw messages.0.seq)"
    want 'seq of the last' "$head" "$(raw messages.1.seq)"
    want next "$head" "$(raw next)"
    ask "$poll?room=$room&before=$((from + 4))&limit=2"
    want_status 200
    want_json
    want 'number of messages before' 2 "$(raw 'messages.#')"
    want 'seq of the first before' $((from + 2)) "$(raw messages.0.seq)"
    want 'seq of the second before' $((from + 3)) "$(raw messages.1.seq)"
    want 'more (there are older messages)' true "$(raw more)"
    verdict

    check 'poll: since=now, and a since greater than the head'
    ask "$poll?room=$room&since=now"
    want_status 200
    want_json
    want 'number of messages with since=now' 0 "$(raw 'messages.#')"
    want 'next with since=now' "$head" "$(raw next)"
    ask "$poll?room=$room&since=$((head + 1000))"
    want_status 200
    want_json
    want 'number of messages with a greater since' 0 "$(raw 'messages.#')"
    want 'next with a greater since' "$head" "$(raw next)"
    verdict

    check 'poll: several rooms in one request'
    ask "$poll?room=$room-b&since=now"
    want_json
    other=$(field head)
    ask "$send" --data-urlencode "room=$room-b" --data-urlencode 'text=in the other room'
    want_status 201
    ask "$poll?room=$room:$((head - 1))&room=$room-b:$other"
    want_status 200
    want_json
    want 'number of messages' 2 "$(raw 'messages.#')"
    want 'their rooms' "$room $room-b " "$(for i in 0 1; do field messages.$i.room; done | sort | tr '\n' ' ')"
    want "next of $room" "$head" "$(raw "next.$room")"
    want "next of $room-b" $((other + 1)) "$(raw "next.$room-b")"
    want "head of $room-b" $((other + 1)) "$(raw "head.$room-b")"
    want more false "$(raw more)"
    verdict

    check 'poll: an epoch that is not the current one is 409, with the current one'
    ask "$poll?room=$room&since=$from&epoch=$epoch"
    want_status 200
    ask "$poll?room=$room&since=$from&epoch=another"
    want_status 409
    want_json
    want_like type '*epoch-changed' "$(field type)"
    want epoch "\"$epoch\"" "$(raw epoch)"
    verdict

    check 'poll: ETag, and 304 if there is nothing new'
    ask "$poll?room=$room&since=$head"
    etag=$(header etag)
    if [ -z "$etag" ]; then
        warn 'answers have no ETag: the web server or a proxy removes it'
    else
        ask "$poll?room=$room&since=$head" -H "If-None-Match: $etag"
        want_status 304
        say 'after the ETag'
        ask "$poll?room=$room&since=$head" -H "If-None-Match: $etag"
        want_status 200
        verdict
    fi

    check 'poll: says gap if older messages were removed, and only then'
    ask "$poll?room=$room&since=0&limit=1"
    want_status 200
    want_json
    oldest=$(field oldest)
    if is_number "$oldest" && [ "$oldest" -gt 1 ]; then
        want gap true "$(raw gap)"
        verdict "the oldest kept message is $oldest"
    else
        want gap '' "$(raw gap)"
        verdict 'none was removed'
    fi

    check 'poll: format=text and format=ndjson'
    ask "$poll?room=$room&since=$from&limit=2&format=text"
    want_status 200
    want_headers text/plain
    want 'the second line' "$((from + 2))${tab}guest${tab}the second" "$(awk -F "$tab" 'NR == 2 { print $1 "\t" $3 "\t" $4 }' "$at.body")"
    ask "$poll?room=$room&since=$from&limit=2&format=ndjson"
    want_status 200
    want_headers application/x-ndjson
    want lines 3 "$(grep -c '' "$at.body")"
    sed -n 3p "$at.body" >"$at.line"
    flatten "$at.line" >"$at.json" || complain 'the last line' JSON "$(cat "$at.line")"
    want 'type of the last line' '"cursor"' "$(raw type)"
    want 'next in the last line' $((from + 2)) "$(raw next)"
    verdict
}

# ---- waiting ----

# Seconds in whole numbers, rounded down.
whole() { echo "${1%%[.,]*}"; }

# The least time that a wait of so many seconds takes, in whole seconds. Programs end a wait up to a
# tenth early, so that clients that came together don't come again together; for long waits it is a
# second less, as clocks differ.
least_wait() { # SECONDS
    least=$(($1 * 9 / 10))
    [ "$least" -lt 10 ] || least=$((least - 1))
    echo "$least"
}

# A poll that waits. It may be answered early and empty, for example when a program is replaced by a
# newer one and answers its waiting polls. Then this asks again at once, as clients do; after three
# such answers in a row the last one counts.
ask_waiting() { # SECONDS
    ask_waiting_tries=0
    while [ "$ask_waiting_tries" -lt 3 ]; do
        ask_waiting_tries=$((ask_waiting_tries + 1))
        ask "$poll?room=$room&since=$head&wait=$1"
        flatten "$at.body" >"$at.json" || return
        ask_waiting_granted=$(field wait)
        if [ "$status" != 200 ] || ! is_number "$ask_waiting_granted" || [ "$(raw 'messages.#')" != 0 ] ||
            [ "$(whole "$took")" -ge "$(least_wait "$ask_waiting_granted")" ]; then
            return
        fi
    done
}

check_waiting() {
    check 'wait: a waiting poll gets a new message'
    look
    (
        at=$work/waiter
        ask_waiting 20
        echo "$status $took" >"$at.said"
    ) &
    waiter_pid=$!
    sleep 2
    say 'worth waiting for'
    want_status 201
    wait "$waiter_pid"
    at=$work/waiter
    read -r status took <"$at.said"
    want_status 200
    want_headers application/json
    want_json
    granted=$(field wait) after=$(field poll_after)
    if [ "$granted" = 0 ] && [ "$(raw 'messages.#')" = 0 ]; then
        # Polls can't wait here: the message comes with the next poll.
        want_like poll_after '[1-9]*' "$after"
        at=$work/main
        is_number "$after" && [ "$after" -le 60 ] && sleep "$after"
        ask "$poll?room=$room&since=$head&wait=20"
        want_json
        want 'text in the next poll' '"worth waiting for"' "$(raw messages.0.text)"
        verdict "polls can't wait on this server; clients ask every $after s"
    else
        want 'number of messages' 1 "$(raw 'messages.#')"
        want text '"worth waiting for"' "$(raw messages.0.text)"
        want next $((head + 1)) "$(raw next)"
        at=$work/main
        verdict "answered after $took s"
    fi
    at=$work/main

    check 'wait: without a new message it ends on time'
    if [ -n "$quick" ]; then seconds=2; else seconds=60; fi
    look
    patience=100
    ask_waiting "$seconds"
    patience=60
    want_status 200
    want_json
    granted=$(field wait)
    want 'number of messages' 0 "$(raw 'messages.#')"
    want next "$head" "$(raw next)"
    if ! is_number "$granted"; then
        complain wait 'a number' "$(raw wait)"
    elif [ "$granted" -eq 0 ]; then
        want_like poll_after '[1-9]*' "$(raw poll_after)"
    else
        [ "$granted" -le "$seconds" ] || complain 'the granted wait' "at most $seconds" "$granted"
        # 15 s more for a slow connection.
        [ "$(whole "$took")" -ge "$(least_wait "$granted")" ] || complain 'the time it took' "$granted s (as granted)" "$took s"
        [ "$(whole "$took")" -le $((granted + 15)) ] || complain 'the time it took' "$granted s (as granted)" "$took s"
    fi
    verdict "$granted s granted, $took s taken"
}

# Opens a stream in the background: its body goes into stream.body.
listen() { # SINCE
    # shellcheck disable=SC2086 # CURL is words
    $curl -q -sSNg -m 60 "$stream?room=$room&since=$1" >"$work/stream.body" 2>/dev/null &
    listener=$!
}

check_stream() {
    check 'stream: the first event within 3 s, then each new message'
    look
    at=$work/stream
    come_again=0 patience=3
    ask "$stream?room=$room&since=$head"
    come_again=5 patience=60
    case $status in
    000) # the stream goes on, as it should. Did its first event come?
        status=200
        if [ ! -s "$at.body" ]; then
            skip 'the web server or a proxy holds streams back until they end; clients notice and poll'
            at=$work/main
            return
        fi
        ;;
    503 | 404)
        skip "not offered here ($status); clients poll"
        at=$work/main
        return
        ;;
    esac
    want_status 200
    want_headers text/event-stream
    want_like 'the first event' '*event: cursor*"head":'"$head*" "$(tr '\n' ' ' <"$at.body")"
    listen "$head"
    at=$work/main
    sleep 1
    say 'live'
    want_status 201
    i=0
    while [ "$i" -lt 30 ] && ! grep -q '"text":"live"' "$work/stream.body"; do
        # A stream that ends before its first event is opened again, as a page does it.
        kill -0 "$listener" 2>/dev/null || grep -q '^event:' "$work/stream.body" || listen "$head"
        i=$((i + 1))
        sleep 1
    done
    kill "$listener" 2>/dev/null
    wait "$listener" 2>/dev/null
    listener=''
    want 'id of the event' "id: $((head + 1))" "$(tr -d '\r' <"$work/stream.body" | grep '^id:')"
    verdict
}

# ---- limits and bytes ----

max_text=0  # as the programs report it; 0: not known
max_body=0  # the longest body that the web server passes on; 0: a megabyte or more

# Does a body of so many bytes reach the program? The program refuses it in any case: the room is
# bad.
passes() { # COUNT
    bytes "$1" >"$work/probe"
    ask "$send?room=NO-ROOM" -H 'Content-Type: text/plain' --data-binary "@$work/probe"
    want_like type 'application/problem+json*' "$(header content-type)"
    [ -z "$complaint" ] || { complaint='' && return 1; }
}

check_limits() {
    check 'limits: long bodies reach the program'
    if ! passes 1000; then
        complain 'a body of 1000 bytes' 'an answer of the program' "$(seen)"
        verdict
        max_body=1000
        return
    fi
    if passes 1100000; then
        verdict '1.1 MB reach it'
    else
        refused=$(seen)
        low=1000 high=1100000
        for i in 131072 131073; do # the default of mod_fcgid
            if passes "$i"; then low=$i; else
                high=$i
                break
            fi
        done
        while [ $((high - low)) -gt 1024 ]; do
            i=$(((low + high) / 2))
            if passes "$i"; then low=$i; else high=$i; fi
        done
        max_body=$low
        warn "this web server takes bodies of at most $low bytes; to longer ones it answers itself: $refused"
    fi

    check 'limits: a text that is too long is 413, and the answer says the limit'
    size=1100000
    [ "$max_body" -eq 0 ] || size=$max_body
    bytes "$size" >"$work/probe"
    post -H 'Content-Type: text/plain' -H "Pollchat-Room: $room" --data-binary "@$work/probe"
    if [ "$status" = 201 ]; then
        skip "a text of $size bytes is stored, and $([ "$max_body" -eq 0 ] && echo 'longer ones are not tried' || echo 'the web server passes on no longer one')"
        return
    fi
    want_status 413
    want_headers application/problem+json
    want_json
    want_like type '*too-large' "$(field type)"
    max_text=$(field detail | sed -n 's/.*at most \([0-9][0-9]*\) .*/\1/p')
    if ! is_number "$max_text"; then
        complain 'the limit in detail' 'a number of bytes' "$(field detail)"
        max_text=0
    elif [ "$max_text" -lt 200000 ] || { [ -z "$quick" ] && [ "$max_text" -lt 1100000 ]; }; then
        bytes "$max_text" >"$work/probe"
        post -H 'Content-Type: text/plain' -H "Pollchat-Room: $room" --data-binary "@$work/probe"
        want_status 201
        printf x >>"$work/probe"
        post -H 'Content-Type: text/plain' -H "Pollchat-Room: $room" --data-binary "@$work/probe"
        want_status 413
    fi
    verdict "$max_text bytes"
}

# The text of the last message, without the escapes of format=text.
last_text() {
    ask "$poll?room=$room&last=1&format=text"
    printf '%b' "$(sed 's/^[^'"$tab"']*'"$tab"'[^'"$tab"']*'"$tab"'[^'"$tab"']*'"$tab"'//' "$at.body")"
}
want_same() { # WAY
    want_status 201
    last_text >"$work/back"
    cmp -s "$work/text" "$work/back" || complain "$1" "the same $(wc -c <"$work/text") bytes" "$(cmp "$work/text" "$work/back" 2>&1)"
}

check_bytes() {
    check 'bytes: a text with special characters comes back unchanged'
    # Spaces, a tab, both kinds of line ends, quotes, markup, escapes, an emoji with a joiner, a
    # combining accent, right to left.
    printf '  a\ttab\r\nand "quotes" \\n & <b>%%41</b> +\001\033[1m \360\237\221\251\342\200\215\360\237\232\200 e\314\201 \327\251\327\234\327\225\327\235 \357\273\277 \n\n ' >"$work/text"
    post -H 'Content-Type: text/plain' -H "Pollchat-Room: $room" --data-binary "@$work/text"
    want_same 'as plain text'
    post --data-urlencode "room=$room" --data-urlencode "text@$work/text"
    want_same 'as a form'
    # shellcheck disable=SC2016 # JSON
    post -H 'Content-Type: application/json' -d '{"room":"'"$room"'","text":"  a\ttab\r\nand \"quotes\" \\n & <b>%41<\/b> +\u0001\u001b[1m \ud83d\udc69\u200d\ud83d\ude80 e\u0301 \u05e9\u05dc\u05d5\u05dd \ufeff \n\n "}'
    want_same 'as JSON'
    verdict

    size=100000
    [ "$max_text" -eq 0 ] || [ "$max_text" -ge "$size" ] || size=$max_text
    [ "$max_body" -eq 0 ] || [ "$max_body" -ge "$size" ] || size=$max_body
    check "bytes: a text of $size bytes comes back complete"
    awk -v n="$size" 'BEGIN { ORS = ""; while (n > 0) { line = "line " ++i " " i * i "\n"; print substr(line, 1, n); n -= length(line) } }' >"$work/text"
    post -H 'Content-Type: text/plain' -H "Pollchat-Room: $room" --data-binary "@$work/text"
    want_same 'as plain text'
    verdict
}

# ---- errors ----

# A request that is refused with a problem document (RFC 9457).
refused() { # STATUS FIELD WHAT ADDRESS [CURL-OPTION...]
    refused_status=$1 refused_field=$2
    check "errors: $3 is $1"
    shift 3
    ask "$@"
    want_status "$refused_status"
    want_headers application/problem+json
    want_json
    want_like type '"?*"' "$(raw type)"
    want_like title '"?*"' "$(raw title)"
    want 'status in the body' "$refused_status" "$(raw status)"
    want_like detail '"?*"' "$(raw detail)"
    [ -z "$refused_field" ] || want field "\"$refused_field\"" "$(raw field)"
}

check_errors() {
    look
    head_before=$head
    while read -r what query of; do
        refused 400 "$of" "$(echo "$what" | tr '_' ' ')" "$poll?$query"
        verdict
    done <<END
a_since_that_is_no_number room=$room&since=x since
a_since_beyond_64_bit room=$room&since=99999999999999999999 since
an_empty_since room=$room&since= since
a_limit_of_0 room=$room&limit=0 limit
a_limit_of_1001 room=$room&limit=1001 limit
a_wait_of_61 room=$room&wait=61 wait
an_unknown_format room=$room&format=xml format
a_bad_room room=Not%20A%20Room room
since_together_with_last room=$room&since=0&last=1
END
    while read -r what body of; do
        refused 400 "$of" "$(echo "$what" | tr '_' ' ')" "$send" -d "$body"
        verdict
    done <<END
no_text room=$room&name=$who text
an_empty_text room=$room&text= text
a_text_that_is_no_UTF-8 room=$room&text=%ff%fe text
a_text_with_U+0000 room=$room&text=a%00b text
a_message_to_a_bad_room room=Not%20A%20Room&text=hi room
a_name_with_a_control_character room=$room&text=hi&name=a%07b name
a_bad_id room=$room&text=hi&id=not%20an%20id id
a_reply_to_a_message_that_is_missing room=$room&text=hi&reply_to=999999999 reply_to
END
    refused 400 '' 'broken JSON' "$send" -H 'Content-Type: application/json' -d '{"text":"hi"'
    verdict
    refused 415 '' 'another type of body' "$send" -H 'Content-Type: application/xml' -d '<text>hi</text>'
    verdict
    refused 405 '' 'GET of send' "$send"
    want_like Allow '*POST*' "$(header allow)"
    verdict
    refused 405 '' 'POST to poll' "$poll" -d 'since=0'
    want_like Allow '*GET*' "$(header allow)"
    verdict

    check 'errors: an unknown address is 404'
    ask "${poll}/nothing-here"
    want_status 404
    verdict

    check 'errors: as text if text is asked for'
    ask "$poll?room=$room&since=x&format=text"
    want_status 400
    want_headers text/plain
    want_like 'the text' '400 *since*' "$(cat "$at.body")"
    verdict

    check 'errors: none of these was stored'
    look
    want head "$head_before" "$head"
    verdict
}

# ---- names, edits, deletes ----

# A key of 22 characters, of which the last one has no bits beyond the 128.
new_key() { printf '%s' "$(random)$(random)-$(random)" | sed 's/^\(.\{21\}\).*/\1A/'; }

check_changes() {
    key=$(new_key) other_key=$(new_key)
    check 'names: the first key that uses a name owns it'
    say 'with a key' --data-urlencode "name=owner-$run" -d "key=$key"
    case $status in
    202 | 401 | 403)
        skip "this chat takes no messages of new visitors ($status)"
        return
        ;;
    esac
    want_status 201
    want_json
    changes_seq=$(field seq)
    want_like 'a mark of the key' '"[0-9a-f][0-9a-f][0-9a-f][0-9a-f]"' "$(raw mark)"
    say 'with another key' --data-urlencode "name=OWNER-$run" -d "key=$other_key"
    want_status 409
    want_json
    want_like type '*name-taken' "$(field type)"
    want_like 'a free name' '"?*"' "$(raw suggestion)"
    verdict

    check 'changes: an edit by the same key shows in the message, and to those who read on'
    say 'as it is now' --data-urlencode "name=owner-$run" -H "Pollchat-Key: $key" -d type=edit -d "target=$changes_seq"
    want_status 201
    changes_edit=$(sed -n '$p' "$work/stored")
    ask "$poll?room=$room&since=$((changes_seq - 1))"
    want_json
    want 'the text' '"as it is now"' "$(raw messages.0.text)"
    want edited "$changes_edit" "$(raw messages.0.edited)"
    want 'the type of the edit' '"edit"' "$(raw messages.1.type)"
    want 'its target' "$changes_seq" "$(raw messages.1.target)"
    want 'its text' '"as it is now"' "$(raw messages.1.text)"
    verdict

    check 'changes: another key, and no key, may not delete the message'
    say '' --data-urlencode "name=another-$run" -d "key=$other_key" -d type=delete -d "target=$changes_seq"
    want_status 403
    say '' -d type=delete -d "target=$changes_seq"
    want_status 403
    verdict

    check 'changes: a delete by the same key takes the text away, also from pages of old messages'
    ask "$poll?room=$room&before=$((changes_seq + 1))&limit=1"
    say '' --data-urlencode "name=owner-$run" --data-urlencode "key=$key" -d type=delete -d "target=$changes_seq"
    want_status 201
    ask "$poll?room=$room&before=$((changes_seq + 1))&limit=1"
    want_json
    want 'the text' '""' "$(raw messages.0.text)"
    want 'the type' '"delete"' "$(raw messages.0.type)"
    want 'its target' "$changes_seq" "$(raw messages.0.target)"
    verdict
}

# ---- files that must not be served ----

check_secrets() {
    check 'secrets: database, settings and programs can not be downloaded'
    for path in pollchat-data/chat.db pollchat-data/chat.db-wal data/chat.db chat.db cgi-bin/pollchat-data/chat.db \
        cgi-bin/chat.db cgi-bin/chat.conf chat.conf cgi-bin/chat.conf.example pollchat-data/.htaccess .htaccess cgi-bin/.htaccess \
        cgi-bin/poll.cgi cgi-bin/send.cgi cgi-bin/pollchat cgi-bin/poll cgi-bin/send cgi-bin/programs/; do
        ask "$base$path" -r 0-4095
        case $status in 2*) ;; *) continue ;; esac
        # Many sites answer every address with a page and 200, so the bytes decide.
        case $(dd if="$at.body" bs=4096 count=1 2>/dev/null | tr -d '\000' | sed -n 1,50p) in
        'SQLite format 3'*) complain "$path" 'no database' 'the database' ;;
        "$(printf '\177ELF')"*) complain "$path" 'no program' 'the program' ;;
        *'<'*) ;; # a page
        *RewriteRule* | *'Require all'* | *'Deny from'*) complain "$path" 'no rules of the server' "$(seen)" ;;
        *max_text* | *allow_origin* | *data\ =* | *programs/pollchat-*) complain "$path" 'no settings' "$(seen)" ;;
        esac
    done
    verdict
}

# The room has the messages that were answered with 201 above: each once, and no other.
check_sum() {
    check 'the whole room: each message that was answered with 201, once, and no other'
    sort -n "$work/stored" >"$work/answered"
    read_all 1000 "$work/late" || complain 'reading all' 200 "$(seen)"
    want 'numbers without a gap' '' "$(first_break "$work/late")"
    awk -F "$tab" '{ print $1 }' "$work/late" >"$work/listed"
    want 'stored (<) and read (>)' '' "$(diff "$work/answered" "$work/listed" | sed -n '/^[<>]/p' | sed 3q | tr '\n' ' ')"
    verdict "$(grep -c '' "$work/listed") messages"
}

check_sending
check_order
check_ids
check_cursors
check_waiting
check_stream
check_limits
check_bytes
check_errors
check_changes
check_secrets
check_sum

delays=0
[ ! -e "$work/delays" ] || delays=$(grep -c '' "$work/delays")
[ "$delays" = 0 ] || printf 'The server asked %s times to come again later (429 or 503 with Retry-After); the script did.\n' "$delays"
printf '%s ok, %s failed, %s skipped, %s warnings\n' "$n_ok" "$n_failed" "$n_skipped" "$n_warnings"
[ "$n_failed" = 0 ]
