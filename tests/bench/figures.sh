# figures.sh - one function for each figure: it measures and adds its line to the report. Sourced by
# run, after lib.sh.
# shellcheck shell=bash disable=SC2154  # $rounds and the like are run's

form=application/x-www-form-urlencoded

pair_of_servers() { # starts pollchat ($real) and the null program ($null), once for several figures
    if [ -n "${real:-}" ]; then return; fi
    serve lighttpd "$folder/data" "$root"
    real=$port
    stand_in "$folder/null" "$folder/null-program"
    serve lighttpd "$folder/null-data" "$folder/null"
    null=$port
    curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$real/send"
}

figure_idle() {
    pair_of_servers
    for ((round = 0; round <= rounds; round++)); do # the first one warms up and is not counted
        rate idle-null 16 "http://127.0.0.1:$null/poll?since=0"
        rate idle-poll 16 "http://127.0.0.1:$real/poll?since=$(head_of "$real")"
        if [ "$round" = 0 ]; then rm -f "$folder"/idle-*; fi
    done
    local a b
    a=$(middle "$folder/idle-poll" 1) b=$(middle "$folder/idle-null" 1)
    figure 'idle poll, requests/s / null program' '>=' 0.95 "$(divide "$a" "$b")" "$a / $b a second"
}

figure_send() {
    pair_of_servers
    local php=0 a b c=0
    if [ "$peers" = 1 ]; then start_php && php=$port; fi
    for ((round = 0; round <= rounds; round++)); do
        rate send-null 32 "http://127.0.0.1:$null/send" --script "$folder/post.lua"
        rate send-real 32 "http://127.0.0.1:$real/send" --script "$folder/post.lua"
        if [ "$php" != 0 ]; then rate send-php 32 "http://127.0.0.1:$php/send" --script "$folder/post.lua"; fi
        if [ "$round" = 0 ]; then rm -f "$folder"/send-*; fi
    done
    a=$(middle "$folder/send-real" 1) b=$(middle "$folder/send-null" 1)
    figure 'durable sends/s, 32 connections / null program' '>=' 0.70 "$(divide "$a" "$b")" "$a / $b a second"
    if [ "$php" != 0 ]; then
        c=$(middle "$folder/send-php" 1)
        note 'the same of PHP (php-fpm, SQLite, nginx) / null program' "$(divide "$c" "$b")" "$c a second"
    fi
}

# One waiting poll: the time from the send to the poll's answer, minus the time of a send alone.
figure_one() {
    pair_of_servers
    local waiter sender i
    rm -f "$folder"/one-*
    for ((i = 0; i < rounds; i++)); do
        FIRST=$(head_of "$real") SETTLE=4 "$folder/crowd" "$real" 1 200 poll '/poll?since=@&wait=25' /send $form 'text=<@>' >>"$folder/one-waiter"
        "$folder/crowd" "$null" 0 200 poll - /send $form 'text=<@>' >>"$folder/one-null"
    done
    waiter=$(middle "$folder/one-waiter" 1) sender=$(middle "$folder/one-null" 1)
    figure 'one waiter, send to answer, p50 - null send, ms' '<' 1 "$(awk -v a="$waiter" -v b="$sender" 'BEGIN { printf "%.3f", (a - b) / 1000 }')" \
        "$waiter - $sender us"
}

ticks_of() { # CPU time of pollchat's web server, in ms
    local pid
    pid=$(pgrep -f "lighttpd .*$1" | head -n 1)
    awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$pid/stat"
}

# 4,000 waiting polls at once, compared with Nchan and with a program that only waits and answers.
crowd_in_turn() { # KIND(poll|stream) OUR-PATH
    local kind=$1 i
    rm -f "$folder/crowd-$kind-"*
    for ((i = 0; i <= rounds; i++)); do
        FIRST=$(head_of "$real") "$folder/crowd" "$real" "$waiters" "$crowd_rounds" "$kind" "$2" /send $form 'text=<@>' "$folder/spread-$kind-pollchat" >>"$folder/crowd-$kind-real"
        "$folder/crowd" "$nchan" "$waiters" "$crowd_rounds" "$kind" "/$kind" /send text/plain "$pretend" "$folder/spread-$kind-nchan" >>"$folder/crowd-$kind-nchan"
        if [ "$kind" = poll ]; then
            "$folder/crowd" "$hold" "$waiters" "$crowd_rounds" poll '/poll?wait=60' /poll $form 'text=<@>' >>"$folder/crowd-poll-hold"
        fi
        if [ "$i" = 0 ]; then rm -f "$folder/crowd-$kind-"*; fi
    done
}

# Nchan's message is as long as pollchat's.
pretend='{"seq":1000,"time":"2026-01-01T00:00:00.000Z","name":"guest","text":"<@>","type":"message","id":"0123456789abcdefghijkl"}'

crowd_servers() {
    pair_of_servers
    if [ -n "${nchan:-}" ]; then return; fi
    start_nchan
    nchan=$port
    stand_in "$folder/hold" "$folder/hold-program"
    serve lighttpd "$folder/hold-data" "$folder/hold"
    hold=$port
}

figure_crowd() {
    crowd_servers
    crowd_in_turn poll '/poll?since=@&wait=60'
    local a b c
    a=$(middle "$folder/crowd-poll-real" 2) b=$(middle "$folder/crowd-poll-nchan" 2) c=$(middle "$folder/crowd-poll-hold" 2)
    figure "$waiters waiters, send to last answer, p99 / Nchan" '<=' 1.3 "$(divide "$a" "$b")" "$((a / 1000)) / $((b / 1000)) ms"
    note "the same / a program that only holds, behind lighttpd" "$(divide "$a" "$c")" "$((a / 1000)) / $((c / 1000)) ms: lighttpd's own share"
    a=$(middle "$folder/crowd-poll-real" 1) b=$(middle "$folder/crowd-poll-nchan" 1) c=$(middle "$folder/crowd-poll-hold" 1)
    note 'the same, p50 / Nchan' "$(divide "$a" "$b")" "$((a / 1000)) / $((b / 1000)) ms; program that only holds: $((c / 1000)) ms"
}

figure_stream() {
    crowd_servers
    crowd_in_turn stream '/stream?since=now'
    local a b
    a=$(middle "$folder/crowd-stream-real" 2) b=$(middle "$folder/crowd-stream-nchan" 2)
    figure "stream, $waiters subscribers, p99 / Nchan's EventSource" '<=' 1.3 "$(divide "$a" "$b")" "$((a / 1000)) / $((b / 1000)) ms"
    a=$(middle "$folder/crowd-stream-real" 1) b=$(middle "$folder/crowd-stream-nchan" 1)
    note 'the same, p50 / Nchan' "$(divide "$a" "$b")" "$((a / 1000)) / $((b / 1000)) ms"
}

resident() { # PORT: prints how many polls are parked, and the KiB that poll takes meanwhile
    awk '/^VmRSS/ { print $2 }' "/proc/$(pgrep -f "$root/cgi-bin/poll" | head -n 1)/status"
}

figure_memory() {
    pair_of_servers
    local before after few=500 many=4500
    FIRST=$(head_of "$real") "$folder/crowd" "$real" "$few" 1 poll '/poll?since=@&wait=60' /send $form 'text=<@>' >/dev/null
    before=$(hold_and_weigh "$few")
    after=$(hold_and_weigh "$many")
    figure 'memory of a parked poll, bytes' '<=' 512 "$(((after - before) * 1024 / (many - few)))" "$before KiB with $few, $after KiB with $many"
}

# KiB that poll takes while COUNT polls wait.
hold_and_weigh() { # COUNT
    local count=$1 weighed pid
    FIRST=$(head_of "$real") SETTLE=2500 "$folder/crowd" "$real" "$count" 1 poll '/poll?since=@&wait=60' /send $form 'text=<@>' >/dev/null &
    pid=$!
    for _ in $(seq 100); do
        if curl -fsS "http://127.0.0.1:$real/status" | grep -q "\"polls\":$count,"; then break; fi
        sleep 0.1
    done
    weighed=$(resident)
    wait "$pid"
    echo "$weighed"
}

fill_database() { # DATA COUNT: stores COUNT messages of 100 bytes in the lobby
    sqlite3 "$1/chat.db" "
        PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 100000;
        BEGIN;
        INSERT INTO message (room_id, seq, time_ms, type, reply_to, name, id, text)
            WITH RECURSIVE n(i) AS (SELECT (SELECT head FROM room WHERE name = 'lobby') + 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
            SELECT (SELECT room_id FROM room WHERE name = 'lobby'), i, 1700000000000 + i * 1000, 1, NULL, 'ann', 'filled-' || i,
                   'Message ' || i || ' has a text of about a hundred bytes, as people write them when they talk to each other.'
            FROM n;
        UPDATE room SET head = $2 WHERE name = 'lobby';
        COMMIT;
        PRAGMA wal_checkpoint(TRUNCATE);" >/dev/null
}

figure_million() {
    local few many i count ratio
    for count in 100 "$messages"; do
        serve lighttpd "$folder/million-$count" "$root"
        curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$port/send"
        if [ "$count" = 100 ]; then few=$port; else many=$port; fi
        if [ "$(head_of "$port")" -lt "$count" ]; then fill_database "$folder/million-$count" "$count"; fi
        curl -fsS -o /dev/null -d text=last "http://127.0.0.1:$port/send"
    done
    for ((i = 0; i <= rounds; i++)); do
        rate million-idle-few 16 "http://127.0.0.1:$few/poll?since=$(head_of "$few")"
        rate million-idle-many 16 "http://127.0.0.1:$many/poll?since=$(head_of "$many")"
        rate million-page-few 16 "http://127.0.0.1:$few/poll?since=$(($(head_of "$few") - 50))"
        rate million-page-many 16 "http://127.0.0.1:$many/poll?since=$(($(head_of "$many") - 50))"
        if [ "$i" = 0 ]; then rm -f "$folder"/million-{idle,page}-*; fi
    done
    for i in idle page; do
        ratio=$(divide "$(middle "$folder/million-$i-few" 1)" "$(middle "$folder/million-$i-many" 1)")
        figure "$([ $i = idle ] && echo 'idle poll' || echo '50 messages'), time with $messages messages / with 100" '<=' 1.1 "$ratio" \
            "$(middle "$folder/million-$i-many" 1) and $(middle "$folder/million-$i-few" 1) a second"
    done
}

figure_cgi() {
    local ours theirs i
    serve lighttpd-cgi "$folder/cgi-data" "${root/release/static}" # both are linked statically: make VARIANT=static
    ours=$port
    curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$ours/send"
    stand_in "$folder/null-cgi" "$folder/null-cgi-program"
    serve lighttpd-cgi "$folder/null-cgi-data" "$folder/null-cgi"
    theirs=$port
    for ((i = 0; i <= rounds; i++)); do
        rate cgi-null 4 "http://127.0.0.1:$theirs/poll?since=1"
        rate cgi-poll 4 "http://127.0.0.1:$ours/poll?since=1"
        if [ "$i" = 0 ]; then rm -f "$folder"/cgi-{null,poll}; fi
    done
    local a b
    a=$(middle "$folder/cgi-poll" 1) b=$(middle "$folder/cgi-null" 1)
    figure 'poll by plain CGI, requests/s / static null CGI' '>=' 0.8 "$(divide "$a" "$b")" "$a / $b a second"
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
        weigh heads-look "$lighttpd" 16 "http://127.0.0.1:$port/$watch" --header "If-None-Match: $tag"
        weigh heads-poll "$lighttpd" 4 "http://127.0.0.1:$port/poll?since=1"
        if [ "$i" = 0 ]; then rm -f "$folder"/heads-{look,poll}{,-cost}; fi
    done
    a=$(middle "$folder/heads-poll-cost" 1) b=$(middle "$folder/heads-look-cost" 1)
    figure 'plain CGI: time of a poll / of a look at the head file' '>=' 50 "$(divide "$a" "$b")" "$a / $b us of server and programs"
    visitor "$a" "$b"
    a=$(middle "$folder/heads-look" 1) b=$(middle "$folder/heads-poll" 1)
    note 'the same by looks/s / polls/s, client and all' "$(divide "$a" "$b")" "$a / $b a second"
    visitor "$(awk -v b="$b" 'BEGIN { print 1 / b }')" "$(awk -v a="$a" 'BEGIN { print 1 / a }')"
}

# poll_after is 2: 15 polls in 30 s; or 15 requests for the head file and one poll.
visitor() { # COST-OF-A-POLL COST-OF-A-LOOK
    note '  for a visitor over 30 s, the poll among them included' "$(awk -v p="$1" -v l="$2" 'BEGIN { printf "%.1f", 15 * p / (15 * l + p) }')" 'of at most 15'
}

# A rate, and in NAME-cost the microseconds of CPU for each request: of a process and of its ended
# children.
weigh() { # NAME PID CONNECTIONS URL [WRK-OPTION...]
    local name=$1 pid=$2 before after
    shift 2
    before=$(ticks "$pid")
    rate "$name" "$@"
    after=$(ticks "$pid")
    tail -n 1 "$folder/$name" | awk -v t=$((after - before)) -v s="$seconds" -v hz="$(getconf CLK_TCK)" \
        '{ printf "%.1f\n", t * 1e6 / hz / ($1 * s) }' >>"$folder/$name-cost"
}

ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 + $14 + $15 }'; }
