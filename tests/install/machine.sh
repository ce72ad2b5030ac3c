# shellcheck shell=bash
# machine.sh - a Debian with its own files, processes and network, and with systemd as process 1, to
# install things for real. The machine that runs the tests is not changed. Sourced by run.
#
#   machine_base FOLDER PACKAGE...   a new Debian with the packages, by debootstrap; kept for reuse
#   machine_boot FOLDER              starts it; machine_pid is its process 1, as seen from here
#   in_machine COMMAND...            runs a command in it
#   machine_stop                     stops it, with all its processes
#
# Needs root, the right to make namespaces and to mount in them, and a cgroup; machine_may checks
# that.

machine_unshare=(unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup)

machine_may() {
    [ "$(id -u)" = 0 ] && "${machine_unshare[@]}" sh -c 'mount --make-rprivate / && mount -t tmpfs none /mnt && mkdir /mnt/c && mount -t cgroup2 none /mnt/c' 2>/dev/null
}

machine_base() { # FOLDER PACKAGE...
    local folder=$1 suite stamp
    shift
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
    stamp="$suite $*"
    if [ "$(cat "$folder.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    rm -rf "$folder" "$folder.stamp"
    mkdir -p "$(dirname "$folder")"
    debootstrap --variant=minbase "$suite" "$folder" >"$folder.log" 2>&1 || { tail -n 20 "$folder.log" && return 1; }
    cp /etc/resolv.conf "$folder/etc/"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$folder/etc/hosts"
    # No service starts during the installation.
    printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
    chmod 755 "$folder/usr/sbin/policy-rc.d"
    if ! machine_apt "$folder" update || ! machine_apt "$folder" install --no-install-recommends "$@"; then
        tail -n 20 "$folder.log"
        return 1
    fi
    machine_apt "$folder" clean
    rm "$folder/usr/sbin/policy-rc.d"
    echo "$stamp" >"$folder.stamp"
}

# Runs apt-get on the files of a machine that is not running, with this machine's network.
machine_apt() { # FOLDER ARGUMENT...
    local folder=$1
    shift
    DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$folder" apt-get -q -y -o Acquire::Retries=3 "$@" >>"$folder.log" 2>&1 </dev/null
}

machine_pid=''
machine_outer=''
machine_cgroup=''

machine_boot() { # FOLDER
    local i here
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    # In its own cgroup, systemd sees only that part of the tree.
    machine_cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    machine_cgroup=$machine_cgroup/pollchat.$$
    mkdir "$machine_cgroup"
    # shellcheck disable=SC2016 # for the inner shell
    sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$machine_cgroup" "${machine_unshare[@]}" sh "$here/boot.sh" "$1" >"$1.boot.log" 2>&1 </dev/null &
    machine_outer=$!
    for ((i = 0; i < 600; i++)); do
        machine_pid=$(awk '{ print $1 }' "/proc/$machine_outer/task/$machine_outer/children" 2>/dev/null)
        if [ -n "$machine_pid" ] && in_machine systemctl --quiet is-active multi-user.target 2>/dev/null; then return; fi
        if [ ! -e "/proc/$machine_outer" ]; then break; fi
        sleep 0.1
    done
    cat "$1.boot.log"
    return 1
}

in_machine() {
    nsenter -t "$machine_pid" -m -u -i -n -p -C -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}

machine_stop() {
    [ -n "$machine_outer" ] || return 0
    # This also kills process 1, and with it all its processes.
    kill -KILL "$machine_outer" 2>/dev/null
    wait "$machine_outer" 2>/dev/null
    local i
    for ((i = 0; i < 100; i++)); do
        find "$machine_cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
        [ -e "$machine_cgroup" ] || break
        sleep 0.1
    done
    machine_outer=''
    machine_pid=''
}
