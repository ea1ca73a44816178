# A Docker engine of our own, for machines where none answers. Sourced by .ci/run; needs root.
# For development, as root: bash -c '. .ci/engine.sh && start_engine /tmp/qms-docker', later stop_engine on the same folder.

ENGINE_HOST=unix:///var/run/docker.sock
ENGINE_START_SECONDS=30 # it takes 0.3 s; a cold, busy machine may need a few
ENGINE_STOP_SECONDS=20  # dockerd gives its containers 10 s to end

engine_answers() {
    timeout 10 docker version >/dev/null 2>&1
}

# start_engine FOLDER: data, sockets, pid and log live in FOLDER; the engine outlives this shell.
start_engine() {
    local home=$1 deadline=$((SECONDS + ENGINE_START_SECONDS)) pid
    unset DOCKER_CONTEXT
    export DOCKER_HOST=$ENGINE_HOST
    mkdir -p "$home"
    prepare_cgroups
    setsid dockerd --data-root "$home/data" --exec-root "$home/exec" --pidfile "$home/pid" \
        --host "$ENGINE_HOST" --mtu "$(uplink_mtu)" </dev/null >"$home/log" 2>&1 &
    pid=$!
    until engine_answers; do
        if ! kill -0 "$pid" 2>/dev/null || ((SECONDS >= deadline)); then
            echo "the engine did not start; its log says:" >&2
            tail -n 50 "$home/log" >&2
            return 1
        fi
        sleep 0.2
    done
}

# stop_engine FOLDER: what start_engine started there, and nothing else; removes FOLDER.
stop_engine() {
    local home=$1 deadline=$((SECONDS + ENGINE_STOP_SECONDS)) pid
    pid=$(cat "$home/pid" 2>/dev/null) || pid=
    if [[ $pid ]]; then
        kill "$pid" 2>/dev/null
        while kill -0 "$pid" 2>/dev/null; do
            ((SECONDS < deadline)) || kill -KILL "$pid" 2>/dev/null
            sleep 0.2
        done
    fi
    awk -v under="$home/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
    rm -rf --one-file-system "$home"
}

# A container on a wider link than the machine's own loses its big packets.
uplink_mtu() {
    local device
    device=$(awk '$2 == "00000000" { print $1; exit }' /proc/net/route)
    cat "/sys/class/net/${device:-none}/mtu" 2>/dev/null || echo 1500
}

# An init system does this at boot; a CI machine that is itself a container has none.
prepare_cgroups() {
    local controller
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        delegate_cgroup2
    elif ! grep -q ' /sys/fs/cgroup/' /proc/mounts; then
        mountpoint -q /sys/fs/cgroup || mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
        for controller in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups); do
            mkdir -p "/sys/fs/cgroup/$controller"
            mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" || true
        done
    fi
}

# cgroup v2 hands controllers down only from a group without processes: where we are at the top of a
# namespace of our own (it has a cgroup.type file, the machine's real top has none), move them one down.
delegate_cgroup2() {
    local top=/sys/fs/cgroup
    [[ -e $top/cgroup.type && -w $top/cgroup.procs ]] || return 0
    mkdir -p "$top/init"
    xargs -rn1 <"$top/cgroup.procs" >"$top/init/cgroup.procs" 2>/dev/null || true
    sed 's/ / +/g; s/^/+/' "$top/cgroup.controllers" >"$top/cgroup.subtree_control" 2>/dev/null || true
}
