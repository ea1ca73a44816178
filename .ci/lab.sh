# Another release's Docker engine beside this machine's own, which it does not touch. Sourced by .ci/run; needs
# root and mmdebstrap. For development, as root, with a shell that has sourced it:
#
#   lab_start trixie 1 && DOCKER_HOST=$(lab_host trixie) lab_run trixie .venv/bin/python -m pytest -m engine
#   lab_stop trixie
#
# A lab is named after Debian's release whose packages it has, or such a name with a suffix (trixie-remap). Its
# engine lives in a network and a mount namespace of its own, and sees of this machine /tmp, /proc, /sys, /dev
# and the folder in which this file is.

LAB_CACHE=${QMS_TUI_CI_CACHE:-/var/cache/qms-tui-ci} # file systems and images, kept from run to run; delete it to renew
LAB_PACKAGES=docker.io,docker-cli,iptables,nftables,ca-certificates,docker-buildx
LAB_START_SECONDS=30 # it takes 0.5 s; a cold, busy machine may need more
LAB_STOP_SECONDS=20
LAB_IMAGES=3 # of the agents' image that are kept
LAB_CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

lab_host() {
    echo "unix://$(lab_folder "$1")/docker.sock"
}

# Sockets may have no long paths, and the engine sees /tmp.
lab_folder() {
    echo "/tmp/qms-lab-$1"
}

# lab_start NAME SUBNET [FLAGS OF DOCKERD]: a number from 1 to 254 sets apart the networks of several labs.
lab_start() {
    local name=$1 subnet=$2 folder root deadline
    shift 2
    folder=$(lab_folder "$name") root=$(lab_root "${name%%-*}") || return
    mkdir -p "$folder" "$LAB_CACHE/data-$name"
    lab_namespaces "$folder" "$root" "$name" || return
    lab_network "$name" "$subnet" || return
    lab_inside "$name" /usr/sbin/dockerd --host "$(lab_host "$name")" --data-root "$LAB_CACHE/data-$name" \
        --exec-root "$folder/exec" --pidfile "$folder/pid" --mtu "$(uplink_mtu)" "$@" </dev/null >"$folder/log" 2>&1 &
    deadline=$((SECONDS + LAB_START_SECONDS))
    until DOCKER_HOST=$(lab_host "$name") engine_answers; do
        if ((SECONDS >= deadline)); then
            echo "the engine of $name did not start; its log says:" >&2
            tail -n 50 "$folder/log" >&2
            return 1
        fi
        sleep 0.2
    done
    DOCKER_HOST=$(lab_host "$name") docker version --format "$name: Docker {{.Server.Version}}, API {{.Server.APIVersion}}"
    DOCKER_HOST=$(lab_host "$name") lab_tidy
}

# What a run before left behind when it was killed, and images of files that nobody has any more.
lab_tidy() {
    docker ps -aq | xargs -r docker rm -f >/dev/null
    docker images -q qms-tui-test-client | tail -n +$((LAB_IMAGES + 1)) | xargs -r docker rmi -f >/dev/null
    docker image prune -f >/dev/null
}

# The file system of a Debian release with an engine in it; made once.
lab_root() {
    local suite=$1 root mirror checks=()
    root=$LAB_CACHE/root-$suite
    if [[ ! -e $root/usr/sbin/dockerd ]]; then
        mirror=$(apt-cache policy base-files | awk '/ http/ { print $2; exit }')
        [[ $suite == sid ]] && checks=(--aptopt='Acquire::Check-Valid-Until "false"')
        rm -rf --one-file-system "$root.new"
        mkdir -p "$LAB_CACHE"
        mmdebstrap --quiet --variant=minbase --include="$LAB_PACKAGES" "${checks[@]}" "$suite" "$root.new" "$mirror" >&2 || return
        mv "$root.new" "$root"
    fi
    echo "$root"
}

# A process that holds the namespaces. pivot_root and not chroot: there, `exec` would run in the host's root.
lab_namespaces() {
    local folder=$1 root=$2 name=$3 deadline=$((SECONDS + LAB_START_SECONDS))
    rm -f "$folder/holder"
    mkdir -p "$root$LAB_CHECKOUT" "$root$LAB_CACHE" "$root/oldroot"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    setsid unshare --net --mount --propagation private bash -euc "
        mount --bind '$root' '$root'
        for each in proc sys dev tmp; do mount --rbind /\$each '$root'/\$each; done
        mount -t tmpfs run '$root/run'
        mount --bind /etc/ssl/certs '$root/etc/ssl/certs'
        mount --bind '$LAB_CHECKOUT' '$root$LAB_CHECKOUT'
        mount --bind '$LAB_CACHE' '$root$LAB_CACHE'
        cd '$root'
        pivot_root . oldroot
        cd /
        umount -l /oldroot
        echo \$\$ >'$folder/holder.new'
        mv '$folder/holder.new' '$folder/holder'
        exec sleep infinity" </dev/null >"$folder/holder.log" 2>&1 &
    until [[ -s $folder/holder ]]; do
        if ((SECONDS >= deadline)); then
            cat "$folder/holder.log" >&2
            return 1
        fi
        sleep 0.1
    done
}

# A way out for builds: a pair of devices, and this machine's address for what comes from there.
lab_network() {
    local name=$1 net=10.93.$2 mtu holder device=lab$2
    holder=$(cat "$(lab_folder "$name")/holder") mtu=$(uplink_mtu)
    ip link delete "$device" 2>/dev/null
    ip link add "$device" mtu "$mtu" type veth peer name eth0 mtu "$mtu" netns "$holder" &&
        ip address add "$net.1/24" dev "$device" && ip link set "$device" up &&
        lab_run "$name" ip link set lo up &&
        lab_run "$name" ip address add "$net.2/24" dev eth0 && lab_run "$name" ip link set eth0 up &&
        lab_run "$name" ip route add default via "$net.1" || return
    echo 1 >/proc/sys/net/ipv4/ip_forward
    iptables -t nat -C POSTROUTING -s "$net.0/24" ! -d "$net.0/24" -j MASQUERADE 2>/dev/null ||
        iptables -t nat -A POSTROUTING -s "$net.0/24" ! -d "$net.0/24" -j MASQUERADE
    iptables -C FORWARD -i "$device" -j ACCEPT 2>/dev/null || {
        iptables -I FORWARD -i "$device" -j ACCEPT
        iptables -I FORWARD -o "$device" -j ACCEPT
    }
}

# A command in the lab's network with this machine's files: where tests listen for containers.
lab_run() {
    local holder
    holder=$(cat "$(lab_folder "$1")/holder")
    shift
    nsenter --net="/proc/$holder/ns/net" -- "$@"
}

# A command in the lab, with its files.
lab_inside() {
    local holder
    holder=$(cat "$(lab_folder "$1")/holder")
    shift
    setsid nsenter --net="/proc/$holder/ns/net" --mount="/proc/$holder/ns/mnt" -- \
        /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
}

# lab_stop NAME: the engine and its namespaces; its images stay in the cache.
lab_stop() {
    local folder pid holder deadline=$((SECONDS + LAB_STOP_SECONDS))
    folder=$(lab_folder "$1")
    pid=$(cat "$folder/pid" 2>/dev/null) holder=$(cat "$folder/holder" 2>/dev/null)
    [[ $pid ]] && kill "$pid" 2>/dev/null
    while [[ $pid ]] && kill -0 "$pid" 2>/dev/null; do
        ((SECONDS < deadline)) || kill -KILL "$pid" 2>/dev/null
        sleep 0.2
    done
    [[ $holder ]] && kill "$holder" 2>/dev/null
    rm -rf --one-file-system "$folder"
}
