# lib.sh - shared by the figures: servers on free ports, rates by wrk, ratios, the report. Sourced
# by run.
# shellcheck shell=bash disable=SC2154  # root, folder, seconds are those of run
# Needs: $root, $folder (both absolute), $seconds.

declare -A root_of=() web_of=() # for each port: the process that all others of the server descend from; the web server's name
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
        : >"$log"
        tests/serve/serve "$1" "$port" "$2" "$3" >"$log" 2>&1 &
        pids+=($!)
        for _ in $(seq 600); do
            if grep -q '^pollchat on' "$log"; then
                root_of[$port]=${pids[-1]}
                case $1 in lighttpd*) web_of[$port]=lighttpd ;; apache*) web_of[$port]=apache2 ;; *) web_of[$port]=$1 ;; esac
                return
            fi
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
    cp -r "$root/www" "$root/lighttpd" "$root/apache" "$1/"
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
    root_of[$port]=$$ web_of[$port]=nginx
}

start_php() { # sets $port, and $fpm, the name of PHP's processes
    local at=$folder/php user=''
    port=$(free_port)
    rm -rf "$at"
    mkdir -p "$at"
    fpm=$(compgen -c php-fpm | sort | tail -n 1)
    # php-fpm refuses to run as root, so it gets another user then.
    if [ "$(id -u)" = 0 ]; then
        user=$'user = www-data\ngroup = www-data'
    fi
    cp tests/bench/peers/chat.php "$at/"
    sqlite3 "$at/chat.db" 'PRAGMA journal_mode = WAL; CREATE TABLE message (room TEXT, seq INTEGER, time INTEGER, name TEXT, text TEXT, PRIMARY KEY (room, seq)) WITHOUT ROWID' >/dev/null
    [ -z "$user" ] || chown -R www-data:www-data "$at"
    fill_in tests/bench/peers/php.conf "$at" >"$at/nginx.conf"
    fill_in tests/bench/peers/fpm.conf "$at" | awk -v user="$user" '$0 == "USER" { print user; next } { print }' >"$at/fpm.conf"
    "$fpm" -n -d extension=pdo.so -d extension=pdo_sqlite.so -d zend_extension=opcache.so -d opcache.validate_timestamps=0 -y "$at/fpm.conf" >"$at/log" 2>&1 &
    pids+=($!)
    for _ in $(seq 100); do [ ! -S "$at/fpm.sock" ] || break; sleep 0.1; done
    nginx -c "$at/nginx.conf" >>"$at/log" 2>&1 &
    pids+=($!)
    await_port "$port" $! "$at/log"
    root_of[$port]=$$ web_of[$port]=nginx
}

refused=0 # 1: every answer shall be a refusal, such as 429

# One measurement by wrk: appends to the file NAME a line with requests/s, the median and the 99th
# percentile in ms, and the CPU time of a request in us: of PROGRAM, and of the web server.
rate() { # NAME PORT PROGRAM CONNECTIONS PATH [WRK-OPTION...]
    local name=$1 at=$2 program=$3 connections=$4 path=$5 output before after
    shift 5
    before=$(cpu_of "$at" "$program")
    output=$(wrk --threads 1 --connections "$connections" --duration "$seconds" --latency "$@" "http://127.0.0.1:$at$path")
    after=$(cpu_of "$at" "$program")
    if grep -q 'Socket errors' <<<"$output" || [ "$(grep -c 'Non-2xx' <<<"$output")" != "$refused" ]; then
        printf '%s\n%s\n' "$name: not every answer was what it should be" "$output" >&2
        exit 1
    fi
    awk -v cpu="$before $after" '
        function ms(text) { return text ~ /us$/ ? text / 1000 : text ~ /ms$/ ? text + 0 : text * 1000 }
        $1 == "50%" { median = ms($2) } $1 == "99%" { most = ms($2) }
        $2 == "requests" && $3 == "in" { count = $1 }
        $1 == "Requests/sec:" { split(cpu, c, " "); print $2, median, most, (c[3] - c[1]) / count, (c[4] - c[2]) / count }' <<<"$output" >>"$folder/$name"
}

# Microseconds of CPU that PROGRAM and the web server have used, of the server on this port.
cpu_of() { # PORT PROGRAM
    printf '%s %s\n' "$("$folder/cpu" "${root_of[$1]}" "$2")" "$("$folder/cpu" "${root_of[$1]}" "${web_of[$1]}")"
}

program_of() { "$folder/cpu" "${root_of[$1]}" "$2" pids | head -n 1; } # PORT PROGRAM: a process number

# The first measurement of each file warms up: it is forgotten.
forget() { # NAME...
    for name; do rm -f "$folder/$name"; done
}

middle() { # NAME COLUMN: the median
    sort -n -k "$2,$2" "$folder/$1" | awk -v c="$2" '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }'
}

# Two files were measured in turn: the median of the ratios of their lines in a column. The
# machine's speed changes within seconds, so only neighbours are compared.
ratio() { # NAME OTHER COLUMN
    paste -d ' ' "$folder/$1" "$folder/$2" | awk -v c="$3" '{ print $c / $(NF / 2 + c) }' | sort -n |
        awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] }'
}

both() { # NAME OTHER COLUMN: the medians, for the details
    echo "$(middle "$1" "$3") $(middle "$2" "$3")" | awk '{ f = "%." ($1 < 100 ? 1 : 0) "f"; printf f " / " f, $1, $2 }'
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
    printf '%-64s %9s %10s   %-11s  %s\n' "$1" "$2 $3" "$4" "$verdict" "$5"
}
