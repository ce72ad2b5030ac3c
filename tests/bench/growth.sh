# growth.sh - one function for each figure about growth: more rooms, messages, waiting requests or
# processes, each as a ratio to the first column. Sourced by run, after lib.sh and figures.sh.
# shellcheck shell=bash disable=SC2154  # $rounds and the like are run's

# Adds a point to a curve, which plot.mjs draws.
point() { # FIGURE SERIES X RATIO
    printf '%s\t%s\t%s\n' "$2" "$3" "$4" >>"$folder/growth-$1.tsv"
}

# A curve of column COLUMN of the files NAME-X, each as a ratio to the first X.
curve() { # FIGURE SERIES NAME COLUMN X...
    local figure=$1 series=$2 name=$3 column=$4 x
    shift 4
    for x; do point "$figure" "$series" "$x" "$(ratio "$name-$x" "$name-$1" "$column")"; done
}

# The same of the time of a request, which is one by requests/s.
slowness() { # FIGURE SERIES NAME X...
    local figure=$1 series=$2 name=$3 x
    shift 3
    for x; do point "$figure" "$series" "$x" "$(ratio "$name-$1" "$name-$x" 1)"; done
}

# ---- rooms ----

# For wrk: requests to ROOMS rooms in turn, made before the start. POST sends, else an idle poll.
write_rooms_lua() {
    cat >"$folder/rooms.lua" <<'END'
local requests, at, send = {}, 0, os.getenv("SEND")
init = function()
    local body = "name=bench&text=" .. string.rep("x", 100)
    for i = 1, tonumber(os.getenv("ROOMS")) do
        if send then
            requests[i] = wrk.format("POST", "/send?room=r" .. i, { ["Content-Type"] = "application/x-www-form-urlencoded" }, body)
        else
            requests[i] = wrk.format("GET", "/poll?since=1&room=r" .. i)
        end
    end
end
request = function()
    at = at % #requests + 1
    return requests[at]
end
END
}

figure_rooms() {
    local counts=(1 10 100 1000 10000) count last i
    local -A at=()
    last=${counts[-1]}
    write_rooms_lua
    for count in "${counts[@]}"; do
        serve lighttpd "$folder/rooms-$count" "$root"
        at[$count]=$port
        curl -fsS -d name=bench -d text=first "http://127.0.0.1:$port/send?room=r[1-$count]" >/dev/null
    done
    # All polls come before the first send: then the position of each room is 1.
    for i in idle send; do
        for ((round = 0; round <= rounds; round++)); do
            for count in "${counts[@]}"; do
                if [ $i = idle ]; then
                    ROOMS=$count rate "rooms-idle-$count" "${at[$count]}" poll 32 / --script "$folder/rooms.lua"
                else
                    SEND=1 ROOMS=$count rate "rooms-send-$count" "${at[$count]}" send 32 / --script "$folder/rooms.lua"
                fi
                if [ "$round" = 0 ]; then forget "rooms-$i-$count"; fi
            done
        done
    done
    curve rooms 'idle poll, CPU' rooms-idle 4 "${counts[@]}"
    slowness rooms 'idle poll, time' rooms-idle "${counts[@]}"
    curve rooms 'send, CPU' rooms-send 4 "${counts[@]}"
    slowness rooms 'send, time' rooms-send "${counts[@]}"
    figure "idle poll, CPU with $last rooms / with 1" '<=' 1.5 "$(ratio "rooms-idle-$last" rooms-idle-1 4)" "$(both "rooms-idle-$last" rooms-idle-1 4) us"
    figure "send, CPU with $last rooms / with 1" '<=' 1.5 "$(ratio "rooms-send-$last" rooms-send-1 4)" "$(both "rooms-send-$last" rooms-send-1 4) us"
    note '  sends/s with 1 room / with all' "$(ratio rooms-send-1 "rooms-send-$last" 1)" "$(both rooms-send-1 "rooms-send-$last" 1) a second"
}

# ---- messages ----

fill_database() { # DATA COUNT: stores COUNT messages of 100 bytes in the lobby
    sqlite3 "$1/chat.db" "
        PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 100000;
        BEGIN;
        INSERT INTO message (message_id, time_ms, type, reply_to, name, id, id_sent, text)
            WITH RECURSIVE n(i) AS (SELECT (SELECT head FROM room WHERE name = 'lobby') + 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
            SELECT (SELECT room_id FROM room WHERE name = 'lobby') << 36 | i, 1700000000000 + i * 1000, 1, NULL, 'ann', 'filled-' || i, 1,
                   'Message ' || i || ' has a text of about a hundred bytes, as people write them when they talk to each other.'
            FROM n;
        UPDATE room SET head = $2 WHERE name = 'lobby';
        COMMIT;
        PRAGMA wal_checkpoint(TRUNCATE);" >/dev/null
}

figure_messages() {
    local counts=(100 100000 "$messages") count kind back
    local -A at=()
    for count in "${counts[@]}"; do
        serve lighttpd "$folder/messages-$count" "$root"
        at[$count]=$port
        curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$port/send"
        if [ "$(head_of "$port")" -lt "$count" ]; then fill_database "$folder/messages-$count" "$count"; fi
        curl -fsS -o /dev/null -d text=last "http://127.0.0.1:$port/send"
    done
    for ((round = 0; round <= rounds; round++)); do
        for kind in idle page; do
            back=$([ $kind = idle ] && echo 0 || echo 50)
            for count in "${counts[@]}"; do
                rate "messages-$kind-$count" "${at[$count]}" poll 16 "/poll?since=$(($(head_of "${at[$count]}") - back))"
                if [ "$round" = 0 ]; then forget "messages-$kind-$count"; fi
            done
        done
    done
    curve messages 'idle poll, CPU' messages-idle 4 "${counts[@]}"
    slowness messages 'idle poll, time' messages-idle "${counts[@]}"
    curve messages 'poll of 50 messages, CPU' messages-page 4 "${counts[@]}"
    slowness messages 'poll of 50 messages, time' messages-page "${counts[@]}"
    for kind in idle page; do
        figure "$([ $kind = idle ] && echo 'idle poll' || echo '50 messages'), CPU with $messages messages / with 100" '<=' 1.1 \
            "$(ratio "messages-$kind-$messages" "messages-$kind-100" 4)" "$(both "messages-$kind-$messages" "messages-$kind-100" 4) us"
        note '  requests/s with 100 / with all' "$(ratio "messages-$kind-100" "messages-$kind-$messages" 1)" \
            "$(both "messages-$kind-100" "messages-$kind-$messages" 1) a second"
    done
}

# ---- waiting requests ----

# Polls of pollchat that wait, and one message for each round. Appends to NAME the program's CPU for
# each wake-up (and send's share) in us, and the 99th percentile of the readers' times in us.
wake() { # NAME PORT COUNT ROUNDS WAIT-PATH SEND-PATH
    local before after
    before=$(("$("$folder/cpu" "${root_of[$2]}" poll)" + "$("$folder/cpu" "${root_of[$2]}" send)"))
    FIRST=$([ "$2" = "$real" ] && head_of "$real" || echo 1) SETTLE=$(($3 / 10 + 10)) \
        "$folder/crowd" "$2" "$3" "$4" poll "$5" "$6" "$form" 'text=<@>' >"$folder/wake"
    after=$(("$("$folder/cpu" "${root_of[$2]}" poll)" + "$("$folder/cpu" "${root_of[$2]}" send)"))
    awk -v cpu=$((after - before)) -v wakes=$(($3 * $4)) '{ print cpu / wakes, $4 }' "$folder/wake" >>"$folder/$1"
}

# lighttpd admits a third of its open files as connections. A FastCGI request takes two, so 8,000
# waiting polls need no more than 20,000 open files if it admits as many.
crowd_tree() { # FOLDER PROGRAM-FOR-POLL PROGRAM-FOR-SEND
    stand_in "$1" "$2"
    cp "$3" "$1/cgi-bin/send"
    echo 'server.max-connections = 9000' >>"$1/lighttpd/server.conf"
}

figure_waiters() {
    local counts=(1 10 100 1000 4000 8000) count times last=8000 one real hold
    crowd_tree "$folder/waiters" "$root/cgi-bin/poll" "$root/cgi-bin/send"
    serve lighttpd "$folder/waiters-data" "$folder/waiters"
    real=$port
    crowd_tree "$folder/waiters-hold" "$folder/hold-program" "$folder/hold-program"
    serve lighttpd "$folder/waiters-hold-data" "$folder/waiters-hold"
    hold=$port
    curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$real/send"

    # Memory first: what a crowd needed stays in the process for the next one.
    one=$(wait_and_weigh "$real" 1)
    for count in 1000 4000 8000; do
        echo "$((($(wait_and_weigh "$real" "$count") - one) * 1024 / count))" >"$folder/waiters-memory-$count"
    done
    curve waiters 'memory of a waiter' waiters-memory 1 1000 4000 8000
    figure "memory of a waiter, with $last / with 1000" '<=' 1.1 "$(ratio "waiters-memory-$last" waiters-memory-1000 1)" "$(both "waiters-memory-$last" waiters-memory-1000 1) bytes"

    for ((round = 0; round <= rounds; round++)); do
        for count in "${counts[@]}"; do
            times=$((count > 2000 ? 2 : count > 200 ? 5 : 30))
            wake "waiters-hold-$count" "$hold" "$count" $times '/poll?wait=60' /poll
            wake "waiters-real-$count" "$real" "$count" $times '/poll?since=@&wait=60' /send
            if [ "$round" = 0 ]; then forget "waiters-"{hold,real}"-$count"; fi
        done
    done
    curve waiters 'CPU of a waiter, send and all' waiters-real 1 "${counts[@]}"
    for count in "${counts[@]}"; do
        point waiters 'p99 / program that only holds' "$count" "$(ratio "waiters-real-$count" "waiters-hold-$count" 2)"
    done
    figure "CPU of a long poll, $last waiters / 1 waiter" '<=' 1 "$(ratio "waiters-real-$last" waiters-real-1 1)" "$(both "waiters-real-$last" waiters-real-1 1) us"
    note "  $last waiters, CPU / program that only holds" "$(ratio "waiters-real-$last" "waiters-hold-$last" 1)" "$(both "waiters-real-$last" "waiters-hold-$last" 1) us"
    note "  $last waiters, p99 / program that only holds" "$(ratio "waiters-real-$last" "waiters-hold-$last" 2)" "$(both "waiters-real-$last" "waiters-hold-$last" 2) us"
}

figure_memory() {
    local before after few=500 many=4500
    serve lighttpd "$folder/memory-data" "$root"
    curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$port/send"
    wait_and_weigh "$port" "$few" >/dev/null
    before=$(wait_and_weigh "$port" "$few")
    after=$(wait_and_weigh "$port" "$many")
    figure 'memory of a parked poll, bytes' '<=' 512 "$(((after - before) * 1024 / (many - few)))" "$before KiB with $few, $after KiB with $many"
}

# KiB that poll takes while COUNT polls wait.
wait_and_weigh() { # PORT COUNT
    local pid
    FIRST=$(head_of "$1") SETTLE=$(($2 / 5 + 500)) "$folder/crowd" "$1" "$2" 1 poll '/poll?since=@&wait=60' /send "$form" 'text=<@>' >/dev/null &
    pid=$!
    for _ in $(seq 100); do
        if curl -fsS "http://127.0.0.1:$1/status" | grep -q "\"polls\":$2,"; then break; fi
        sleep 0.05
    done
    memory_of "$(program_of "$1" poll)" VmRSS
    wait "$pid"
}

# ---- processes ----

# mod_fcgid gives each process one request at a time, so as many connections keep as many processes
# busy. When it finds none free, it lets the request sleep for a second: rates suffer from that, CPU
# time does not.
figure_processes() {
    local counts=(1 2 4 8 16) count kind tree
    local -A ports=()
    for count in "${counts[@]}"; do
        tree=$folder/processes-$count
        mkdir -p "$tree"
        cp -r "$root"/{cgi-bin,www,lighttpd,apache} "$tree/"
        sed -i "s/^FcgidM\(in\|ax\)ProcessesPerClass .*/FcgidM\1ProcessesPerClass $count/" "$tree/apache/fcgid.conf"
        serve apache-fcgid "$tree-data" "$tree"
        ports[$count]=$port
        curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$port/send"
    done
    for ((round = 0; round <= rounds; round++)); do
        for count in "${counts[@]}"; do
            rate "processes-idle-$count" "${ports[$count]}" poll "$count" "/poll?since=$(head_of "${ports[$count]}")"
            rate "processes-send-$count" "${ports[$count]}" send "$count" /send --script "$folder/post.lua"
            if [ "$round" = 0 ]; then forget "processes-"{idle,send}"-$count"; fi
        done
    done
    for kind in idle send; do
        curve processes "$kind, CPU" "processes-$kind" 4 "${counts[@]}"
        slowness processes "$kind, time" "processes-$kind" "${counts[@]}"
    done
    figure 'mod_fcgid: idle poll, CPU with 16 processes / with 1' '<=' 1.5 "$(ratio processes-idle-16 processes-idle-1 4)" "$(both processes-idle-16 processes-idle-1 4) us"
    note '  idle polls/s with 16 / with 1' "$(ratio processes-idle-16 processes-idle-1 1)" "$(both processes-idle-16 processes-idle-1 1) a second"
    note 'mod_fcgid: send, CPU with 16 processes / with 1' "$(ratio processes-send-16 processes-send-1 4)" "$(both processes-send-16 processes-send-1 4) us"
    note '  sends/s with 16 / with 1' "$(ratio processes-send-16 processes-send-1 1)" "$(both processes-send-16 processes-send-1 1) a second"
}
