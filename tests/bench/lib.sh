# lib.sh - shared by the figures: servers on free ports, rates by wrk, ratios, the report. Sourced
# by run.
# shellcheck shell=bash disable=SC2154  # root, folder, seconds are those of run
# Needs: $root, $folder (both absolute), $seconds.

pids=()
stop_all() {
    trap '' INT TERM
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    wait
    pids=()
}

free_port() {
    local port
    for _ in 1 2 3 4 5 6 7 8; do
        port=$((20000 + RANDOM % 10000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    return 1
}

# Waits until a process listens on the port; fails if PID ends.
await_port() { # PORT PID LOG
    for _ in $(seq 300); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        kill -0 "$2" 2>/dev/null || break
        sleep 0.1
    done
    echo "a server did not start:" >&2
    cat "$3" >&2
    exit 1
}

port=
serve() { # SERVER DATA ROOT: starts pollchat by tests/serve/serve; sets $port
    local log
    for _ in 1 2 3; do
        port=$(free_port)
        log=$folder/serve-$port.log
        tests/serve/serve "$1" "$port" "$2" "$3" >"$log" 2>&1 &
        pids+=($!)
        for _ in $(seq 600); do
            if grep -q '^pollchat on' "$log"; then return; fi
            kill -0 "${pids[-1]}" 2>/dev/null || break
            sleep 0.1
        done
        grep -q 'in use' "$log" || break
    done
    cat "$log" >&2
    exit 1
}

# A tree like pollchat's, with another program instead of send and poll.
stand_in() { # FOLDER PROGRAM
    mkdir -p "$1/cgi-bin"
    cp "$2" "$1/cgi-bin/poll"
    cp "$2" "$1/cgi-bin/send"
    cp -r "$root/www" "$root/lighttpd" "$1/"
}

fill_in() { # TEMPLATE FOLDER: to stdout; PORT is $port
    sed "s|PORT|$port|g; s|FOLDER|$2|g; s|modules/|$modules/|g" "$1"
}

modules=/usr/lib/nginx/modules

start_nchan() { # sets $port
    local at=$folder/nchan
    port=$(free_port)
    mkdir -p "$at"
    fill_in tests/bench/peers/nchan.conf "$at" >"$at/nginx.conf"
    nginx -c "$at/nginx.conf" >"$at/log" 2>&1 &
    pids+=($!)
    await_port "$port" $! "$at/log"
}

start_php() { # sets $port
    local at=$folder/php fpm user=''
    port=$(free_port)
    rm -rf "$at"
    mkdir -p "$at"
    fpm=$(compgen -c php-fpm | sort | tail -n 1)
    # php-fpm refuses to run as root, so it gets another user then.
    if [ "$(id -u)" = 0 ]; then
        user=$'user = www-data\ngroup = www-data'
        chown www-data:www-data "$at"
    fi
    cp tests/bench/peers/chat.php "$at/"
    fill_in tests/bench/peers/php.conf "$at" >"$at/nginx.conf"
    fill_in tests/bench/peers/fpm.conf "$at" | awk -v user="$user" '$0 == "USER" { print user; next } { print }' >"$at/fpm.conf"
    "$fpm" -n -d extension=pdo.so -d extension=pdo_sqlite.so -y "$at/fpm.conf" >"$at/log" 2>&1 &
    pids+=($!)
    for _ in $(seq 100); do [ ! -S "$at/fpm.sock" ] || break; sleep 0.1; done
    nginx -c "$at/nginx.conf" >>"$at/log" 2>&1 &
    pids+=($!)
    await_port "$port" $! "$at/log"
}

# One measurement: appends "requests/s median-ms 99%-ms" to NAME.
rate() { # NAME CONNECTIONS URL [WRK-OPTION...]
    local name=$1 connections=$2 url=$3 output
    shift 3
    output=$(wrk --threads 1 --connections "$connections" --duration "$seconds" --latency "$@" "$url")
    if grep -qE 'Non-2xx|Socket errors' <<<"$output"; then
        printf '%s\n%s\n' "$name: not every answer was 2xx" "$output" >&2
        exit 1
    fi
    awk '
        function ms(text) { return text ~ /us$/ ? text / 1000 : text ~ /ms$/ ? text + 0 : text * 1000 }
        $1 == "50%" { median = ms($2) } $1 == "99%" { most = ms($2) }
        $1 == "Requests/sec:" { print $2, median, most }' <<<"$output" >>"$folder/$name"
}

middle() { # FILE COLUMN: its median
    sort -n -k "$2,$2" "$1" | awk -v c="$2" '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }'
}

divide() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

head_of() { # PORT: the greatest seq of the lobby
    curl -fsS "http://127.0.0.1:$1/poll?since=now" | sed 's/.*"head":\([0-9]*\).*/\1/'
}

# Appends a line to report.tsv: what, bound (">= 0.95"), measured, details.
figure() { # WHAT RELATION BOUND MEASURED DETAILS
    local verdict
    verdict=$(awk -v r="$2" -v b="$3" -v m="$4" 'BEGIN { print ((r == ">=" && m >= b) || (r == "<=" && m <= b) || (r == "<" && m < b)) ? "reached" : "NOT reached" }')
    printf '%s\t%s %s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$verdict" "$5" >>"$folder/report.tsv"
    printf '%-58s %9s %10s   %-11s  %s\n' "$1" "$2 $3" "$4" "$verdict" "$5"
}
