#!/bin/sh
# The agent of the end-to-end tests: greets, then answers the lines typed on its terminal.
#
#   size         size ROWS COLUMNS
#   sum N        raw TTY, "sum ready", takes exactly N bytes, "sum SHA256", "sum done"
#   raw          raw TTY, "raw ready", then "key HEX" for every byte; Ctrl-D (04) ends it, "raw done"
#   hang         raw TTY, "hang ready", never reads again
#   flood N      "flood 1" to "flood N"
#   forks N      starts at most N processes, all at once: "forks STARTED of N", and ends them
#   oom          takes memory until it is killed
#   exit CODE    ends with that status
#   sh           a shell; leave it with "exit"
#   other words  echo:WORDS
#
# A new size of the terminal is told as "winch ROWS COLUMNS".

trap 'echo "winch $(stty size)"' WINCH
trap 'exit 143' TERM HUP # without a trap, pid 1 ignores them
trap '' INT QUIT

# with_raw_tty COMMAND...: as a full-screen program has it; lines need a \r of their own here. What is typed
# before "COMMAND done" came in raw: its Enter ends no line.
with_raw_tty() {
    cooked=$(stty -g)
    stty raw -echo
    "$@"
    stty "$cooked"
    echo "$1 done"
}

# dd and not head: head reads ahead and would swallow what is typed after the N bytes.
sum() {
    printf 'sum ready\r\n'
    sum=$(dd bs="$1" count=1 iflag=fullblock 2>/dev/null | sha256sum)
    printf 'sum %s\r\n' "${sum%% *}"
}

raw() {
    printf 'raw ready\r\n'
    key=
    while [ "$key" != 04 ]; do
        key=$(dd bs=1 count=1 2>/dev/null | xxd -p)
        printf 'key %s\r\n' "$key"
    done
}

hang() {
    printf 'hang ready\r\n'
    while :; do
        sleep 1
    done
}

# A refused fork ends a shell, so that a subshell tries, and kill is the built-in one.
forks() {
    children=$(
        while [ "$((started += 1))" -le "$1" ]; do
            sleep 600 >/dev/null 2>&1 &
            echo $!
        done 2>/dev/null
    )
    wanted=$1
    set -- $children
    echo "forks $# of $wanted"
    kill "$@"
}

answer() {
    case $1 in
        size) echo "size $(stty size)" ;;
        sum) with_raw_tty sum "$2" ;;
        raw) with_raw_tty raw ;;
        hang) with_raw_tty hang ;;
        flood) awk -v n="$2" 'BEGIN { for (i = 1; i <= n; i++) print "flood " i }' ;;
        forks) forks "$2" ;;
        oom) exec tail /dev/zero ;;
        exit) exit "$2" ;;
        sh) sh ;;
        *) echo "echo:$line" ;;
    esac
}

echo "agent ready $QMS_USER uid=$(id -u)"
# A signal just before a read is noticed only after it, hence an end of it; what is read of a line when that
# comes is lost, hence so late.
while :; do
    if IFS= read -r -t 10 line; then
        set -f -- $line
        answer "$@"
    elif ! [ -t 0 ]; then
        exit # end of a pipe, or the terminal hung up
    fi
done
