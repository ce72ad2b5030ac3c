# hosts.sh - the figures of several web hosts over one PostgreSQL. Sourced by run, after lib.sh and
# figures.sh.
# shellcheck shell=bash disable=SC2154  # $rounds and the like are run's

cluster=tests/postgres/cluster

# A web host whose messages are in the database of this address; sets $port. Hosts of one chat have
# the same chat.key: that of the data folder LIKE.
host() { # DATA ADDRESS [ROOT [LIKE]]
    local data=$folder/$1
    if [ -n "${4:-}" ]; then
        mkdir -p "$data"
        cp -p "$folder/$4/chat.key" "$folder/$4/.htaccess" "$data/"
        chown --reference="$folder/$4" "$data"
        chmod 700 "$data"
    fi
    CHAT_STORE=$2 serve lighttpd "$data" "${3:-$root}"
}

# A tree whose programs begin with a library that keeps notices back (tests/postgres/silent.c).
silent_tree() { # FOLDER
    mkdir -p "$1/cgi-bin"
    cp -r "$root/www" "$root/lighttpd" "$1/"
    for name in send poll; do
        printf '#!/bin/sh\nLD_PRELOAD=%s exec %s "$@"\n' "$folder/silent.so" "$root/cgi-bin/$name" >"$1/cgi-bin/$name"
    done
    chmod 755 "$1/cgi-bin/"*
}

# Two hosts with notices ($host_a, $host_b), two without ($quiet_a, $quiet_b) and two behind a pool
# in transaction mode ($pool_a, $pool_b): each pair has a database of its own, in one cluster.
start_hosts() {
    local name tree=$root
    if [ -n "${pg:-}" ]; then return; fi
    pg=$folder/hosts-postgres
    compile silent.so ../postgres/silent.c -shared -fPIC -Wl,--no-as-needed -lpq
    silent_tree "$folder/silent"
    $cluster start "$pg" --tcp --temporary --owner $$ >/dev/null
    for name in host quiet pool; do
        case $name in
        host) address=$($cluster address "$pg") ;;
        quiet) address=$($cluster database "$pg" quiet) tree=$folder/silent ;;
        pool)
            $cluster database "$pg" pool >/dev/null
            address=$($cluster pool "$pg" transaction | sed 's|/chat?|/pool?|') tree=$root
            ;;
        esac
        host "$name-a" "$address" "$tree"
        declare -g "${name}_a=$port"
        curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$port/send"
        host "$name-b" "$address" "$tree" "$name-a"
        declare -g "${name}_b=$port"
    done
    host_sql "INSERT INTO room (name, head, oldest, created_ms) VALUES ('base', 0, 1, 0)"
}

host_sql() { $cluster sql "$pg" chat "$1"; }

# ---- sends ----

# Sends of two hosts at once, 32 connections each. Appends to INTO their sum, a second.
send_by_two() { # INTO PORT OTHER-PORT
    local into=$1 at both=()
    forget "$into".{a,b}
    shift
    rate "$into.a" "$1" send 32 /send --script "$folder/post.lua" &
    both=($!)
    rate "$into.b" "$2" send 32 /send --script "$folder/post.lua" &
    both+=($!)
    for at in "${both[@]}"; do wait "$at"; done
    awk '{ sum += $1 } END { print sum }' "$folder/$into".{a,b} >>"$folder/$into"
}

# What a database has to do for a batch of messages of one room, and nothing else, in one round
# trip. Each row is like one of wrk's.
write_batch_script() {
    cat >"$folder/batch.sql" <<'END'
\startpipeline
BEGIN;
SELECT pg_advisory_xact_lock_shared(1, 1);
SELECT epoch, schema, rules FROM meta WHERE one = 1;
SELECT room_id, head, oldest FROM room WHERE name = 'base' FOR NO KEY UPDATE;
INSERT INTO message (message_id, time_ms, type, name, id, id_sent, text)
    SELECT (room_id << 36) | (head + i), 1700000000000, 1, 'bench', 'abcdefghijklmnopqrstuv.' || head + i, 0, repeat('x', 100)
    FROM room, generate_series(1, :size::bigint) AS i WHERE room.name = 'base';
UPDATE room SET head = head + :size::bigint WHERE name = 'base';
COMMIT;
\endpipeline
END
}

# How many messages of the lobby shared a commit, since this seq.
batch_since() { # SEQ
    host_sql "SELECT greatest(1, round(count(*)::numeric / greatest(1, count(DISTINCT message.xmin::text))))
        FROM message, room WHERE room.name = 'lobby' AND message_id BETWEEN (room.room_id << 36) + $1 + 1 AND (room.room_id << 36) + 68719476735"
}

# Batches of SIZE by as many clients as there are hosts. Appends to NAME the messages a second.
pgbench_rate() { # NAME SIZE
    local output
    output=$("$("$cluster" bin)/pgbench" -n -M prepared -c 2 -j 2 -T "$seconds" -D size="$2" -f "$folder/batch.sql" "$($cluster address "$pg")" 2>&1) || {
        echo "$output" >&2
        exit 1
    }
    awk -v size="$2" '$1 == "tps" { print $3 * size }' <<<"$output" >>"$folder/$1"
}

# Two hosts whose programs receive a request and answer, and do nothing else: $least_a, $least_b.
start_least() {
    stand_in "$folder/least" "$folder/least-program"
    serve lighttpd "$folder/least-a" "$folder/least"
    least_a=$port
    serve lighttpd "$folder/least-b" "$folder/least"
    least_b=$port
}

# Hosts, clients and database share this machine's processors. A perfect program would cost what the
# least program and pgbench cost together. The median of what of its rate is reached.
of_perfect() {
    paste -d ' ' <(awk '{ print $1 }' "$folder/hosts-send") <(awk '{ print $1 }' "$folder/hosts-least") <(awk '{ print $1 }' "$folder/hosts-pgbench") |
        awk '{ printf "%.3f\n", $1 * (1 / $2 + 1 / $3) }' | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

figure_hosts() {
    local before size
    start_hosts
    start_least
    write_batch_script
    for ((round = 0; round <= rounds; round++)); do
        before=$(head_of "$host_a")
        send_by_two hosts-send "$host_a" "$host_b"
        size=$(batch_since "$before")
        echo "$size" >>"$folder/hosts-batch"
        pgbench_rate hosts-pgbench "$size"
        send_by_two hosts-least "$least_a" "$least_b"
        send_by_two hosts-quiet "$quiet_a" "$quiet_b"
        send_by_two hosts-pool "$pool_a" "$pool_b"
        if [ "$round" = 0 ]; then forget hosts-{send,batch,pgbench,least,quiet,pool}; fi
    done
    figure 'two hosts, 32 senders each, sends/s / pgbench in such batches' '>=' 0.70 "$(ratio hosts-send hosts-pgbench 1)" \
        "$(both hosts-send hosts-pgbench 1) a second, $(middle hosts-batch 1) messages a commit"
    note '  / such batches and the least program, on the same processors' "$(of_perfect)" "$(both hosts-send hosts-least 1) a second"
    figure 'sends/s with notices / without' '>=' 0.95 "$(ratio hosts-send hosts-quiet 1)" "$(both hosts-send hosts-quiet 1) a second"
    note '  behind PgBouncer in transaction mode / without it' "$(ratio hosts-pool hosts-send 1)" "$(both hosts-pool hosts-send 1) a second"
    figure 'connections to the database per host' '<=' 8 "$(host_sql "SELECT ceil(count(*) / 2.0) FROM pg_stat_activity
        WHERE datname = 'chat' AND application_name LIKE 'pollchat %'")" 'after these sends, in pg_stat_activity'
}

# ---- news ----

# Appends to NAME the median of the times from a send on one host to the answer of a poll that waits
# on the other one, less the median of a send's own time, in ms.
news_between() { # NAME PORT OTHER-PORT
    local waiter sender
    sender=$("$folder/crowd" "$2" 0 50 poll - /send "$form" 'text=<@>' | cut -d' ' -f1)
    sleep 0.6 # the waiting host knows the last of these sends
    waiter=$(FIRST=$(head_of "$3") SEND_PORT=$2 SETTLE=40 "$folder/crowd" "$3" 1 50 poll '/poll?since=@&wait=25' /send "$form" 'text=<@>' | cut -d' ' -f1)
    echo "$waiter $sender" | awk '{ print ($1 - $2) / 1000, $1 / 1000, $2 / 1000 }' >>"$folder/$1"
}

figure_news() {
    start_hosts
    for ((round = 0; round < rounds; round++)); do
        news_between hosts-news "$host_a" "$host_b"
        news_between hosts-news-quiet "$quiet_a" "$quiet_b"
        news_between hosts-news-pool "$pool_a" "$pool_b"
    done
    figure 'send on A to answer on B, less a send, p50, ms' '<=' 25 "$(middle hosts-news 1)" "$(middle hosts-news 2) - $(middle hosts-news 3) ms"
    figure '  without notices' '<=' 300 "$(middle hosts-news-quiet 1)" "$(middle hosts-news-quiet 2) - $(middle hosts-news-quiet 3) ms"
    note '  behind PgBouncer in transaction mode' "$(middle hosts-news-pool 1)" "$(middle hosts-news-pool 2) - $(middle hosts-news-pool 3) ms"
}

# ---- polls ----

figure_remote() {
    local sqlite
    start_hosts
    serve lighttpd "$folder/hosts-sqlite" "$root"
    sqlite=$port
    curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$sqlite/send"
    for ((round = 0; round <= rounds; round++)); do
        # each is the first one in turn: the machine's speed has a trend
        if ((round % 2)); then rate hosts-idle "$host_a" poll 32 "/poll?since=$(head_of "$host_a")"; fi
        rate hosts-idle-sqlite "$sqlite" poll 32 "/poll?since=$(head_of "$sqlite")"
        if ((round % 2 == 0)); then rate hosts-idle "$host_a" poll 32 "/poll?since=$(head_of "$host_a")"; fi
        if [ "$round" = 0 ]; then forget hosts-idle{,-sqlite}; fi
    done
    figure 'idle poll over PostgreSQL, requests/s / over SQLite' '>=' 0.95 "$(ratio hosts-idle hosts-idle-sqlite 1)" "$(both hosts-idle hosts-idle-sqlite 1) a second"
    note '  CPU of the program / over SQLite' "$(ratio hosts-idle hosts-idle-sqlite 4)" "$(both hosts-idle hosts-idle-sqlite 4) us"
}

fill_postgres() { # CLUSTER DATABASE COUNT
    $cluster sql "$1" "$2" >/dev/null <<END
SET synchronous_commit = off;
INSERT INTO message (message_id, time_ms, type, name, id, id_sent, text)
    SELECT (room_id << 36) | i, 1700000000000 + i * 1000, 1, 'ann', 'filled-' || i, 1,
           'Message ' || i || ' has a text of about a hundred bytes, as people write them when they talk to each other.'
    FROM room, generate_series(head + 1, $3) AS i WHERE room.name = 'lobby';
UPDATE room SET head = $3 WHERE name = 'lobby' AND head < $3;
VACUUM ANALYZE message;
END
}

figure_pages() {
    local pages=$folder/messages-$messages-postgres count name
    local -A at=()
    if ! $cluster pid "$pages" >/dev/null 2>&1; then $cluster start "$pages" --tcp --owner $$ >/dev/null; fi
    for count in 100 "$messages"; do
        name=$([ "$count" = 100 ] && echo few || echo many)
        if [ -z "$($cluster sql "$pages" postgres "SELECT 1 FROM pg_database WHERE datname = '$name'")" ]; then
            $cluster database "$pages" "$name" >/dev/null
        fi
        host "messages-postgres-$count" "$($cluster address "$pages" "$name")"
        at[$count]=$port
        curl -fsS -o /dev/null -d text=first "http://127.0.0.1:$port/send"
        if [ "$(head_of "$port")" -lt "$count" ]; then fill_postgres "$pages" "$name" "$count"; fi
        curl -fsS -o /dev/null -d text=last "http://127.0.0.1:$port/send"
    done
    for ((round = 0; round <= rounds; round++)); do
        for count in 100 "$messages"; do
            rate "hosts-page-$count" "${at[$count]}" poll 16 "/poll?since=$(($(head_of "${at[$count]}") - 50))"
            if [ "$round" = 0 ]; then forget "hosts-page-$count"; fi
        done
    done
    figure "over PostgreSQL, 50 messages: time with $messages / with 100" '<=' 1.1 "$(ratio hosts-page-100 "hosts-page-$messages" 1)" \
        "$(both hosts-page-100 "hosts-page-$messages" 1) a second"
    note '  CPU of the program' "$(ratio "hosts-page-$messages" hosts-page-100 4)" "$(both "hosts-page-$messages" hosts-page-100 4) us"
}

# ---- what hosts cost a database: the constants of model.mjs ----

# Microseconds of CPU that the server's processes have used, those that ended included.
database_cpu() {
    local pid hertz
    pid=$($cluster pid "$pg")
    hertz=$(getconf CLK_TCK)
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v server="$pid" -v hertz="$hertz" '
        { id = $1; sub(/^.*\) /, "") } id == server { sum += $14 + $15 } $2 == server || id == server { sum += $12 + $13 }
        END { printf "%d\n", sum * 1000000 / hertz }'
}

# The CPU of the database while a command runs, in microseconds, divided by what the command prints.
database_cpu_of() { # COMMAND...
    local before count
    before=$(database_cpu)
    count=$("$@")
    echo "$(($(database_cpu) - before)) $count" | awk '{ printf "%.2f\n", $1 / ($2 > 0 ? $2 : 1) }'
}

cost() { # NAME VALUE UNIT WHAT: a constant; several measurements of it give their median
    printf '%s\n' "$2" >>"$folder/cost-$1"
    printf '%s\t%s\t%s\n' "$1" "$(middle "cost-$1" 1)" "$3" >>"$folder/costs.all"
    costs[$1]=$4
}

# Transactions by pgbench with this script; prints how many, or with TIME=1 the ms that one takes.
run_script() { # FILE [OPTION...]
    local file=$1 output
    shift
    output=$("$("$cluster" bin)/pgbench" -n -M prepared -T "$seconds" -f "$file" "$@" "$($cluster address "$pg")" 2>&1) || {
        echo "$output" >&2
        exit 1
    }
    if [ "${TIME:-}" = 1 ]; then
        awk '/^latency average/ { print $4 }' <<<"$output"
    else
        awk '/^number of transactions actually/ { sub(/\/.*/, "", $6); print $6 }' <<<"$output"
    fi
}

# Sessions that listen, and do nothing else: psql waits for input that never comes.
listeners=()
listen() { # COUNT
    local i
    rm -f "$folder/silence"
    mkfifo "$folder/silence"
    for ((i = 0; i < $1; i++)); do
        "$("$cluster" bin)/psql" -XAtq -c 'LISTEN costs' -f - "$($cluster address "$pg")" <>"$folder/silence" >/dev/null 2>&1 &
        listeners+=($!)
    done
    for _ in $(seq 100); do
        [ "$(host_sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN costs%'")" -lt "$1" ] || return 0
        sleep 0.1
    done
}

polls_of_one() { # prints how many polls there were, each of which got one message
    forget costs-read
    rate costs-read "$host_a" poll 4 "/poll?since=$(($(head_of "$host_a") - 1))"
    awk -v s="$seconds" '{ print int($1 * s) }' "$folder/costs-read"
}

# Sends of both hosts: prints how many.
sends_of_both() {
    forget costs-send
    send_by_two costs-send "$host_a" "$host_b"
    awk -v s="$seconds" '{ print int($1 * s) }' "$folder/costs-send"
}

measure_costs() {
    local before few many wal size
    few=$(database_cpu_of run_script "$folder/batch.sql" -D size=1)
    wal=$(host_sql "SELECT pg_current_wal_lsn() - pg_lsn '0/0'")
    before=$(host_sql "SELECT head FROM room WHERE name = 'base'")
    many=$(database_cpu_of run_script "$folder/batch.sql" -D size=128)
    cost wal "$(host_sql "SELECT round((pg_current_wal_lsn() - pg_lsn '0/0' - $wal) / (head - $before)) FROM room WHERE name = 'base'")" bytes 'WAL of a message'
    cost row_cpu "$(awk -v a="$few" -v b="$many" 'BEGIN { printf "%.2f", (b - a) / 127 }')" us 'CPU of the database for a row'
    cost batch_cpu "$(awk -v a="$few" -v b="$many" 'BEGIN { printf "%.1f", a - (b - a) / 127 }')" us 'CPU of the database for a batch, without its rows'
    few=$(TIME=1 run_script "$folder/batch.sql" -D size=1)
    many=$(TIME=1 run_script "$folder/batch.sql" -D size=128)
    cost row_ms "$(awk -v a="$few" -v b="$many" 'BEGIN { printf "%.4f", (b - a) / 127 }')" ms 'time that a row keeps the lock of its room'
    cost batch_ms "$(awk -v a="$few" -v b="$many" 'BEGIN { printf "%.3f", a - (b - a) / 127 }')" ms 'time that a batch keeps it, with its sync, without rows'
    before=$(head_of "$host_a")
    cost send_cpu "$(database_cpu_of sends_of_both)" us 'CPU of the database for a send by the programs, two hosts at full load'
    size=$(batch_since "$before")
    cost size "$size" messages 'that shared a commit then'
    cost read_cpu "$(database_cpu_of polls_of_one)" us 'CPU of the database for a poll that reads one message'
    cost ask_cpu "$(database_cpu_of run_script "$folder/ask.sql")" us 'CPU of the database to ask for the heads of 4,096 rooms'
    echo 'NOTIFY costs;' >"$folder/notify.sql"
    few=$(database_cpu_of run_script "$folder/notify.sql" -R 400)
    listen 16
    many=$(database_cpu_of run_script "$folder/notify.sql" -R 400)
    kill "${listeners[@]}"
    wait "${listeners[@]}" 2>/dev/null || true
    listeners=()
    cost notice_cpu "$few" us 'CPU of the database for a notice'
    cost heard_cpu "$(awk -v a="$few" -v b="$many" 'BEGIN { printf "%.2f", (b - a) / 16 }')" us 'CPU of the database for each session that gets it'
}

figure_costs() {
    local name
    local -A costs=()
    start_hosts
    write_batch_script
    host_sql "INSERT INTO room (name, head, oldest, created_ms) SELECT 'cost' || i, 0, 1, 0 FROM generate_series(1, 10000) AS i; ANALYZE room"
    cat >"$folder/ask.sql" <<'END'
SELECT place, head, oldest FROM unnest(ARRAY(SELECT 'cost' || i FROM generate_series(1, 4096) AS i)) WITH ORDINALITY AS asked (name, place)
    JOIN room USING (name);
END
    for ((round = 0; round < rounds; round++)); do measure_costs; done
    awk -F '\t' '{ last[$1] = $0 } END { for (name in last) print last[name] }' "$folder/costs.all" | sort >"$folder/costs.tsv"
    while IFS=$'\t' read -r name value unit; do note "  ${costs[$name]}" "$value" "$unit ($name)"; done <"$folder/costs.tsv"
    node tests/bench/model.mjs "$folder/costs.tsv"
}
