# figures.sh - one function for each figure: it measures and adds its line to the report. Sourced by
# run, after lib.sh.
# shellcheck shell=bash disable=SC2154  # $rounds and the like are run's

form=application/x-www-form-urlencoded

# Starts pollchat ($real), the null program on libfcgi ($null) and the one without a library
# ($least), once for several figures.
speed_servers() {
    if [ -n "${real:-}" ]; then return; fi
    serve lighttpd "$folder/data" "$root"
    real=$port
    stand_in "$folder/null" "$folder/null-program"
    serve lighttpd "$folder/null-data" "$folder/null"
    null=$port
    stand_in "$folder/least" "$folder/least-program"
    serve lighttpd "$folder/least-data" "$folder/least"
    least=$port
    curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$real/send"
}

# Rate and CPU of NAME-real beside NAME-null and NAME-least.
speed_rows() { # NAME WHAT RATE-BOUND CPU-BOUND
    figure "$2, requests/s / null program" '>=' "$3" "$(ratio "$1-real" "$1-null" 1)" "$(both "$1-real" "$1-null" 1) a second"
    figure "$2, CPU of the program / null program" '<=' "$4" "$(ratio "$1-real" "$1-null" 4)" "$(both "$1-real" "$1-null" 4) us"
    note '  requests/s / null program without a library' "$(ratio "$1-real" "$1-least" 1)" "$(both "$1-real" "$1-least" 1) a second"
    note '  CPU of the program / null program without a library' "$(ratio "$1-real" "$1-least" 4)" "$(both "$1-real" "$1-least" 4) us"
    note '  CPU of lighttpd beside it / beside the null program' "$(ratio "$1-real" "$1-null" 5)" "$(both "$1-real" "$1-null" 5) us"
}

measure_idle() {
    rate idle-null "$null" poll 32 '/poll?since=0'
    rate idle-least "$least" poll 32 '/poll?since=0'
    rate idle-real "$real" poll 32 "/poll?since=$(head_of "$real")"
}

figure_idle() {
    speed_servers
    for ((round = 0; round <= rounds; round++)); do
        measure_idle
        if [ "$round" = 0 ]; then forget idle-{null,least,real}; fi
    done
    speed_rows idle 'idle poll' 0.95 1.15
}

# Starts pollchat with settings of its own. Its clients come through a trusted proxy.
limited_server() { # DATA NAME=VALUE...: sets $port
    local data=$1
    shift
    for setting in "$@"; do export "POLLCHAT_${setting?}"; done
    POLLCHAT_TRUSTED_PROXIES=127.0.0.1 serve lighttpd "$folder/$data" "$root"
    for setting in "$@"; do unset "POLLCHAT_${setting%%=*}"; done
    curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$port/send"
}

# What the limits cost: the same program without them, in turn. The client has a key and a network,
# so two debts are looked at.
figure_limits() {
    local without with no client=(--header 'X-Forwarded-For: 203.0.113.9' --header 'Pollchat-Key: AAECAwQFBgcICQoLDA0ODw')
    limited_server limits-off-data LIMITS=off
    without=$port
    limited_server limits-on-data LIMIT_POLLS=1000000
    with=$port
    limited_server limits-no-data LIMIT_POLLS=1
    no=$port
    for ((round = 0; round <= rounds; round++)); do
        rate limits-off "$without" poll 32 '/poll?since=1' "${client[@]}"
        rate limits-on "$with" poll 32 '/poll?since=1' "${client[@]}"
        refused=1 rate limits-no "$no" poll 32 '/poll?since=1' "${client[@]}"
        if [ "$round" = 0 ]; then forget limits-{off,on,no}; fi
    done
    figure 'idle poll, CPU of the program with limits / without' '<=' 1.05 "$(ratio limits-on limits-off 4)" "$(both limits-on limits-off 4) us"
    figure 'refused poll, CPU of the program / idle poll' '<' 1 "$(ratio limits-no limits-off 4)" "$(both limits-no limits-off 4) us"
}

# A flood of some 1,000 sends a second from 1,000 networks, each with a new key and a new name. wrk
# waits 20 ms after each answer.
write_flood() {
    cat >"$folder/flood.lua" <<'END'
wrk.method = "POST"
local n = 0
local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
function setup(thread) thread:set("seed", os.time()) end
function init(args) math.randomseed(seed) end
function delay() return 20 end
function request()
    n = n + 1
    local key = {}
    for i = 1, 21 do local d = math.random(64) key[i] = digits:sub(d, d) end
    local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Pollchat-Key"] = table.concat(key) .. "A",
        ["X-Forwarded-For"] = string.format("10.%d.%d.7", n % 4, n % 1000 % 250) }
    return wrk.format("POST", "/send", headers, "name=flood" .. n .. "&text=" .. string.rep("spam ", 100))
end
END
}

# A good client sends and a reader waits, without a flood and with one, in turn. The flood's sends
# have 429 as answers, but for the few that the room may take.
figure_flood() {
    local i way pid flooded=$folder/flooded
    write_flood
    limited_server flood-data LIMITS=on
    curl -fsS -o /dev/null -d room=good -d text=first "http://127.0.0.1:$port/send"
    for ((i = 0; i <= rounds; i++)); do
        for way in without with; do
            if [ "$way" = with ]; then
                wrk --threads 1 --connections 24 --duration 60 --script "$folder/flood.lua" "http://127.0.0.1:$port/" >"$flooded" &
                pid=$!
                sleep 0.5
            fi
            FIRST=$(curl -fsS "http://127.0.0.1:$port/poll?room=good&since=now" | sed 's/.*"head":\([0-9]*\).*/\1/') SETTLE=4 "$folder/crowd" "$port" 1 400 \
                poll '/poll?room=good&since=@&wait=25' /send "$form" 'room=good&text=<@>' >>"$folder/flood-$way"
            if [ "$way" = with ]; then
                kill -INT "$pid"
                wait "$pid" || true
            fi
        done
        if [ "$i" = 0 ]; then forget flood-{with,without}; fi
    done
    figure 'one waiter, send to answer, p99 in a flood / without' '<=' 2 "$(ratio flood-with flood-without 2)" "$(both flood-with flood-without 2) us"
    note '  p50 in a flood / without' "$(ratio flood-with flood-without 1)" "$(both flood-with flood-without 1) us"
    note '  sends of the flood a second' "$(awk '$1 == "Requests/sec:" { print $2 }' "$flooded")" "refused: $(awk '/Non-2xx/ { print $NF }' "$flooded")"
}

measure_send() {
    rate send-null "$null" send 32 /send --script "$folder/post.lua"
    rate send-least "$least" send 32 /send --script "$folder/post.lua"
    rate send-real "$real" send 32 /send --script "$folder/post.lua"
}

figure_send() {
    speed_servers
    if [ "$peers" = 1 ] && [ -z "${php:-}" ]; then start_php && php=$port; fi
    for ((round = 0; round <= rounds; round++)); do
        measure_send
        if [ -n "${php:-}" ]; then rate send-php "$php" "$fpm" 32 /send --script "$folder/post.lua"; fi
        if [ "$round" = 0 ]; then forget send-{null,least,real,php}; fi
    done
    speed_rows send 'durable sends, 32 connections' 0.70 2.5
    if [ -n "${php:-}" ]; then
        note '  requests/s of PHP (php-fpm, SQLite, nginx) / null program' "$(ratio send-php send-null 1)" "$(middle send-php 1) a second"
        note '  CPU of PHP / null program' "$(ratio send-php send-null 4)" "$(both send-php send-null 4) us"
    fi
}

# How long answers take at half of the rate that pollchat can serve; the null program gets the same
# rate.
figure_half() {
    speed_servers
    local kind path body
    [ -s "$folder/idle-real" ] || measure_idle
    [ -s "$folder/send-real" ] || measure_send
    for kind in idle send; do
        path=/send body=("name=bench&text=$(printf 'x%.0s' {1..100})")
        if [ "$kind" = idle ]; then path="/poll?since=$(head_of "$real")" body=(); fi
        for ((round = 0; round <= rounds; round++)); do
            for who in null real; do
                OUTPUT=$folder/spread-half-$kind-$who "$folder/pace" "${!who}" "$(half_of "$kind-real")" "$((2 * seconds))" 256 "$path" "${body[@]}" >>"$folder/half-$kind-$who"
            done
            if [ "$round" = 0 ]; then forget half-$kind-{null,real}; fi
        done
        note "$([ $kind = idle ] && echo 'idle poll' || echo 'send') at half of the full load, p99 / null program" "$(ratio half-$kind-{real,null} 2)" \
            "$(both half-$kind-{real,null} 2) us, with $(half_of "$kind-real") requests a second"
        note '  p50 / null program' "$(ratio half-$kind-{real,null} 1)" "$(both half-$kind-{real,null} 1) us"
    done
}

half_of() { middle "$1" 1 | awk '{ print int($1 / 2) }'; } # NAME

# One waiting poll: the time from the send to the poll's answer, minus the time of a send alone.
figure_one() {
    speed_servers
    local waiter sender i
    rm -f "$folder"/one-*
    for ((i = 0; i < rounds; i++)); do
        FIRST=$(head_of "$real") SETTLE=4 "$folder/crowd" "$real" 1 200 poll '/poll?since=@&wait=25' /send "$form" 'text=<@>' >>"$folder/one-waiter"
        "$folder/crowd" "$real" 0 200 poll - /send "$form" 'text=<@>' >>"$folder/one-send"
        "$folder/crowd" "$null" 0 200 poll - /send "$form" 'text=<@>' >>"$folder/one-null"
    done
    waiter=$(middle one-waiter 1) sender=$(middle one-null 1)
    figure 'one waiter, send to answer, p50 - null send, ms' '<' 1 "$(awk -v a="$waiter" -v b="$sender" 'BEGIN { printf "%.3f", (a - b) / 1000 }')" \
        "$waiter - $sender us"
    note '  of it the durable send alone, which waits for the disk, ms' "$(middle one-send 1 | awk -v b="$sender" '{ printf "%.3f", ($1 - b) / 1000 }')" "$(middle one-send 1) - $sender us"
}

# $waiters waiting polls, or streams, at once. A round: from a send until all have the message.
crowd() { # NAME PORT KIND(poll|stream) PATH SEND-PATH TYPE BODY
    "$folder/crowd" "$2" "$waiters" "$crowd_rounds" "$3" "$4" "$5" "$6" "$7" "$folder/spread-$1" >>"$folder/crowd-$1"
}

crowd_real() { # NAME PORT KIND
    local path='/poll?since=@&wait=60'
    if [ "$3" = stream ]; then path='/stream?since=now'; fi
    FIRST=$(head_of "$2") crowd "$1" "$2" "$3" "$path" /send "$form" 'text=<@>'
}

# Nchan's message is as long as pollchat's.
pretend='{"seq":1000,"time":"2026-01-01T00:00:00.000Z","name":"guest","text":"<@>","type":"message","id":"0123456789abcdefghijkl.1000"}'

crowd_servers() {
    speed_servers
    if [ -n "${nchan:-}" ]; then return; fi
    start_nchan
    nchan=$port
    stand_in "$folder/hold" "$folder/hold-program"
    serve lighttpd "$folder/hold-data" "$folder/hold"
    hold=$port
}

# Two lines: when the last one has it, and when 99 of 100 have it.
crowd_notes() { # WHAT NAME OTHER
    note "  the last answer, median / $1" "$(ratio "crowd-$2" "crowd-$3" 1)" "$(both "crowd-$2" "crowd-$3" 1) us"
}

figure_crowd() {
    crowd_servers
    local i
    for ((i = 0; i <= rounds; i++)); do
        crowd poll-hold "$hold" poll '/poll?wait=60' /poll "$form" 'text=<@>'
        crowd_real poll-pollchat "$real" poll
        crowd poll-nchan "$nchan" poll /poll /send text/plain "$pretend"
        if [ "$i" = 0 ]; then forget crowd-poll-{hold,pollchat,nchan}; fi
    done
    figure "$waiters long polls, send to answer, p99 / program that only holds" '<=' 1.1 "$(ratio crowd-poll-{pollchat,hold} 4)" "$(both crowd-poll-{pollchat,hold} 4) us"
    crowd_notes 'program that only holds' poll-pollchat poll-hold
    note '  p99 / Nchan (nginx with the messages inside)' "$(ratio crowd-poll-{pollchat,nchan} 4)" "$(both crowd-poll-{pollchat,nchan} 4) us"
    crowd_notes Nchan poll-pollchat poll-nchan
}

figure_stream() {
    crowd_servers
    local i
    for ((i = 0; i <= rounds; i++)); do
        crowd_real stream-pollchat "$real" stream
        crowd stream-nchan "$nchan" stream /stream /send text/plain "$pretend"
        if [ "$i" = 0 ]; then forget crowd-stream-{pollchat,nchan}; fi
    done
    figure "$waiters streams, send to event, p99 / Nchan's EventSource" '<=' 1.3 "$(ratio crowd-stream-{pollchat,nchan} 4)" "$(both crowd-stream-{pollchat,nchan} 4) us"
    crowd_notes "Nchan's EventSource" stream-pollchat stream-nchan
}

# The same programs behind nginx, by the block in lighttpd/README.md: which server for a crowd?
figure_nginx() {
    speed_servers
    local kind
    if [ -z "${front:-}" ]; then
        CHAT_CONNECTIONS=16000 POLLCHAT_MAX_WAITING=8000 serve nginx "$folder/nginx-data" "$root"
        front=$port
        curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$front/send"
    fi
    for kind in poll stream; do
        for ((round = 0; round <= rounds; round++)); do
            crowd_and_cost "nginx-$kind-lighttpd" "$real" $kind
            crowd_and_cost "nginx-$kind-nginx" "$front" $kind
            if [ "$round" = 0 ]; then forget {crowd,cost}-nginx-$kind-{lighttpd,nginx}; fi
        done
        note "$waiters $kind""s behind nginx / behind lighttpd, p99" "$(ratio crowd-nginx-$kind-{nginx,lighttpd} 4)" "$(both crowd-nginx-$kind-{nginx,lighttpd} 4) us"
        crowd_notes 'behind lighttpd' "nginx-$kind-nginx" "nginx-$kind-lighttpd"
        note '  CPU of the web server for an answer / of lighttpd' "$(ratio cost-nginx-$kind-{nginx,lighttpd} 1)" "$(both cost-nginx-$kind-{nginx,lighttpd} 1) us"
    done
}

# A crowd, and in cost-NAME the web server's CPU for each reader and round.
crowd_and_cost() { # NAME PORT KIND
    local before after
    before=$("$folder/cpu" "${root_of[$2]}" "${web_of[$2]}")
    crowd_real "$1" "$2" "$3"
    after=$("$folder/cpu" "${root_of[$2]}" "${web_of[$2]}")
    awk -v us=$((after - before)) -v answers=$((waiters * crowd_rounds)) 'BEGIN { print us / answers }' >>"$folder/cost-$1"
}

# Texts of 1 MiB, answers of 4 MiB.
figure_bodies() {
    local long=$((1 << 20)) sockets=$folder/bodies-run real null wide i pid before peak refused
    mkdir -p "$sockets"
    CHAT_RUN=$sockets POLLCHAT_MAX_TEXT=$long POLLCHAT_MAX_ANSWER=$((8 * long)) serve lighttpd "$folder/bodies-data" "$root"
    real=$port
    stand_in "$folder/null-bodies" "$folder/null-program"
    serve lighttpd "$folder/null-bodies-data" "$folder/null-bodies"
    null=$port
    stand_in "$folder/wide" "$folder/body-program"
    serve lighttpd "$folder/wide-data" "$folder/wide"
    wide=$port
    cat >"$folder/long.lua" <<'END'
wrk.method = "POST"
wrk.headers["Content-Type"] = "text/plain"
wrk.body = string.rep("x", 1048576)
END
    head -c "$long" /dev/zero | tr '\0' x >"$folder/long"
    for i in 1 2 3 4; do
        curl -fsS -o /dev/null -H 'Content-Type: text/plain' --data-binary "@$folder/long" "http://127.0.0.1:$real/send?room=four"
    done
    for ((i = 0; i <= rounds; i++)); do
        "$folder/bodies" "$sockets/send.sock-0" "$(program_of "$real" send)" 8 "$long" >>"$folder/bodies-memory"
        rate bodies-send-null "$null" send 8 /send --script "$folder/long.lua"
        rate bodies-send-real "$real" send 8 /send --script "$folder/long.lua"
        rate bodies-poll-null "$wide" poll 8 '/poll?since=0'
        rate bodies-poll-real "$real" poll 8 '/poll?since=0&room=four'
        if [ "$i" = 0 ]; then forget bodies-{memory,send-null,send-real,poll-null,poll-real}; fi
    done
    figure 'memory of a send of 1 MiB in work, peak / its text' '<=' 2 "$(divide "$(middle bodies-memory 2)" "$long")" "8 at once, $(middle bodies-memory 2) bytes each"
    note 'sends/s of 1 MiB / null program' "$(ratio bodies-send-{real,null} 1)" "$(both bodies-send-{real,null} 1) a second"
    note '  CPU of the program / null program' "$(ratio bodies-send-{real,null} 4)" "$(both bodies-send-{real,null} 4) us"
    note 'polls of 4 MiB, bytes/s / program that writes 4 MiB' "$(ratio bodies-poll-{real,null} 1)" "$(both bodies-poll-{real,null} 1) answers a second"
    note '  CPU of the program / program that writes 4 MiB' "$(ratio bodies-poll-{real,null} 4)" "$(both bodies-poll-{real,null} 4) us"
    pid=$(program_of "$real" poll)
    echo 5 >"/proc/$pid/clear_refs"
    before=$(memory_of "$pid" VmRSS)
    wrk --threads 1 --connections 1000 --duration 3 "http://127.0.0.1:$real/poll?since=0&room=four" >"$folder/bodies-readers"
    peak=$(memory_of "$pid" VmHWM)
    refused=$(sed -n 's/.*Non-2xx or 3xx responses: //p' "$folder/bodies-readers")
    # 32 MiB of texts in work, 76 MiB of answers that the web server hasn't taken yet, and the rest.
    figure '1,000 readers of 4 MiB at once, memory of poll, MiB' '<=' 112 "$(((peak - before) / 1024))" \
        "from $((before / 1024)) to $((peak / 1024)) MiB; $(awk '$2 == "requests" { print $1 }' "$folder/bodies-readers") answers, ${refused:-0} of them \"try again\""
}

memory_of() { sed -n "s/^$2:[[:space:]]*\([0-9]*\).*/\1/p" "/proc/$1/status"; } # PID FIELD: in KiB

figure_cgi() {
    local -A ports=()
    local who
    stand_in "$folder/null-cgi" "$folder/null-cgi-program"
    stand_in "$folder/libc-cgi" "$folder/null-cgi-libc-program"
    serve lighttpd-cgi "$folder/cgi-data" "${root/release/static}" # linked statically: make VARIANT=static
    ports[poll]=$port
    curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$port/send"
    serve lighttpd-cgi "$folder/null-cgi-data" "$folder/null-cgi"
    ports[null]=$port
    serve lighttpd-cgi "$folder/libc-cgi-data" "$folder/libc-cgi"
    ports[libc]=$port
    for ((round = 0; round <= rounds; round++)); do
        for who in null libc poll; do
            rate "cgi-$who" "${ports[$who]}" poll 4 '/poll?since=1'
            if [ "$round" = 0 ]; then forget "cgi-$who"; fi
        done
    done
    figure 'poll by plain CGI, requests/s / null CGI, both static with glibc' '>=' 0.8 "$(ratio cgi-{poll,libc} 1)" "$(both cgi-{poll,libc} 1) a second"
    note '  requests/s / smallest CGI program' "$(ratio cgi-{poll,null} 1)" "$(both cgi-{poll,null} 1) a second"
}

# A visitor without news on a server that has only plain CGI: a request for the head file (304)
# compared with a poll, on one server. In requests per second, which includes the client's work, and
# in CPU time of server and programs for each request.
figure_heads() {
    local at=$folder/heads watch tag lighttpd i a b
    mkdir -p "$at/cgi-bin"
    cp "${root/release/static}"/cgi-bin/{send,poll} "$at/cgi-bin/"
    cp -r "$root/www" "$root/lighttpd" "$at/"
    mkdir -p "$at/www/heads"
    chmod 777 "$at/www/heads" # the programs run as another user
    POLLCHAT_HEADS=../www/heads serve lighttpd-cgi "$folder/heads-data" "$at"
    lighttpd=$(pgrep -P "${pids[-1]}" -x lighttpd)
    curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$port/send"
    watch=$(curl -fsS "http://127.0.0.1:$port/poll?since=1" | sed 's/.*"watch":"\([^"]*\)".*/\1/')
    tag=$(curl -fsSI "http://127.0.0.1:$port/$watch" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -H "If-None-Match: $tag" "http://127.0.0.1:$port/$watch")" = 304 ]
    for ((i = 0; i <= rounds; i++)); do
        weigh heads-look "$lighttpd" 16 "/$watch" --header "If-None-Match: $tag"
        weigh heads-poll "$lighttpd" 4 '/poll?since=1'
        if [ "$i" = 0 ]; then forget heads-{look,poll}{,-cost}; fi
    done
    a=$(middle heads-poll-cost 1) b=$(middle heads-look-cost 1)
    figure 'plain CGI: time of a poll / of a look at the head file' '>=' 50 "$(divide "$a" "$b")" "$a / $b us of server and programs"
    visitor "$a" "$b"
    a=$(middle heads-look 1) b=$(middle heads-poll 1)
    note 'the same by looks/s / polls/s, client and all' "$(divide "$a" "$b")" "$a / $b a second"
    visitor "$(awk -v b="$b" 'BEGIN { print 1 / b }')" "$(awk -v a="$a" 'BEGIN { print 1 / a }')"
}

# poll_after is 2: 15 polls in 30 s; or 15 requests for the head file and one poll.
visitor() { # COST-OF-A-POLL COST-OF-A-LOOK
    note '  for a visitor over 30 s, the poll among them included' "$(awk -v p="$1" -v l="$2" 'BEGIN { printf "%.1f", 15 * p / (15 * l + p) }')" 'of at most 15'
}

# A rate, and in NAME-cost the microseconds of CPU for each request: of a process and of its ended
# children.
weigh() { # NAME PID CONNECTIONS PATH [WRK-OPTION...]
    local name=$1 pid=$2 before after
    shift 2
    before=$(ticks "$pid")
    rate "$name" "$port" poll "$@"
    after=$(ticks "$pid")
    tail -n 1 "$folder/$name" | awk -v t=$((after - before)) -v s="$seconds" -v hz="$(getconf CLK_TCK)" \
        '{ printf "%.1f\n", t * 1e6 / hz / ($1 * s) }' >>"$folder/$name-cost"
}

ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 + $14 + $15 }'; }
