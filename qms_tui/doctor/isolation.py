"""What holds an agent in on this engine, looked at from inside a container made like an agent's.

LOOK prints a line for each fact, `wall:NAME=VALUE`; the functions say what the facts mean. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qms_tui.config import AgentConfig, Memory
from qms_tui.doctor.finding import Finding, error, ok, warning

SUBJECT = "isolation"
MARK = "wall:"
ROUNDING = 0.01  # processors
CGROUPS_REMEDY = "give the engine cgroup v2 with the controllers memory, pids and cpu"
SECCOMP_REMEDY = "use an engine with seccomp: docker/README.md, Isolation"
BELOW_REMEDY = "docker/README.md, Isolation, says which file systems are not shown"
# With what every shell has built in, and chmod. A file below the project is tried only where that must fail.
LOOK = r"""
read -r inside outside count </proc/self/uid_map && echo "wall:users=$inside,$outside,$count"
while read -r name value rest; do
    [ "$name" = Seccomp: ] && echo "wall:seccomp=$value"
done </proc/self/status
file=.claude/users/doctor-trial/workspace/bits
if (: >$file && chmod 755 $file) 2>/dev/null; then
    chmod 4755 $file 2>/dev/null
    if [ -u $file ]; then echo wall:bits=set; else echo wall:bits=refused; fi
fi
limit() {
    name=$1
    shift
    for file in "$@"; do
        if read -r value rest <"/sys/fs/cgroup/$file"; then echo "wall:$name=$value,$rest"; return; fi
    done 2>/dev/null
}
limit memory memory.max memory/memory.limit_in_bytes
limit processes pids.max pids/pids.max
limit processors cpu.max
limit quota cpu/cpu.cfs_quota_us cpu,cpuacct/cpu.cfs_quota_us
limit period cpu/cpu.cfs_period_us cpu,cpuacct/cpu.cfs_period_us
while read -r source place kind options rest; do
    case "$place" in "$PWD"/*) ;; *) continue ;; esac
    echo "wall:below=${options%%,*},$place"
    file=$(printf %b "$place")/.qms-tui-doctor
    [ "${options%%,*}" = ro ] && (: >"$file") 2>/dev/null && echo "wall:written=$place"
done </proc/mounts
"""


@dataclass(frozen=True, slots=True)
class Walls:
    """What the container said, as it said it; '' or nothing for what it did not."""

    users: str = ""
    seccomp: str = ""
    bits: str = ""
    memory: str = ""
    processes: str = ""
    processors: str = ""
    quota: str = ""
    period: str = ""
    below: tuple[tuple[str, bool], ...] = ()
    """Where inside something is mounted below the project, and whether it is said to be read-only."""
    written: tuple[str, ...] = ()
    """Where a file could be made all the same."""

    @classmethod
    def of(cls, said: str) -> Walls:
        """Read the marked lines; of others nothing."""
        pairs = [
            line.removeprefix(MARK).partition("=") for line in said.splitlines() if line.startswith(MARK)
        ]
        # Of several at one place the last one covers the others.
        flags = [value.partition(",") for name, _, value in pairs if name == "below"]
        below = {place: flag == "ro" for flag, _, place in flags}
        once = {name: value.rstrip(",") for name, _, value in pairs if name in _ONCE}
        return cls(
            **once,
            below=tuple(below.items()),
            written=tuple(value for name, _, value in pairs if name == "written"),
        )


_ONCE = {"users", "seccomp", "bits", "memory", "processes", "processors", "quota", "period"}


def isolation(
    walls: Walls, config: AgentConfig, cpus: int, asked: Mapping[str, bool], unseen: Sequence[str]
) -> Iterator[Finding]:
    """A line for each wall.

    `asked` is what is mounted in the container, and whether read-only; `unseen` what is mounted below such a
    mount on the host, and does not show inside.
    """
    yield users(walls.users)
    yield seccomp(walls)
    yield limits(walls, config, cpus)
    yield read_only(walls, asked)
    if unseen:
        yield warning(SUBJECT, f"agents do not see what is mounted at {', '.join(unseen)}", BELOW_REMEDY)


def users(mapping: str) -> Finding:
    """Whether there is a user namespace: users inside are others outside."""
    parts = mapping.split(",")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return ok(SUBJECT, "whether users are mapped could not be seen")
    inside, outside, count = map(int, parts)
    if (inside, outside) == (0, 0) and count > 2**31:
        return ok(SUBJECT, "no user namespace: a user's number inside is that outside")
    return ok(SUBJECT, f"a user namespace: user {inside} inside is {outside} outside")


def seccomp(walls: Walls) -> Finding:
    """Whether system calls are filtered, and set-uid bits with them."""
    if walls.seccomp != "2":
        return warning(
            SUBJECT, "no seccomp: agents may make any system call and set-uid file", SECCOMP_REMEDY
        )
    if walls.bits == "set":
        return error(SUBJECT, "seccomp is on, but an agent can make set-uid files", SECCOMP_REMEDY)
    tried = "set-uid bits are refused" if walls.bits else "set-uid bits were not tried, there is no chmod"
    return ok(SUBJECT, f"seccomp filters system calls: {tried}")


def limits(walls: Walls, config: AgentConfig, cpus: int) -> Finding:
    """Whether the limits that an agent is to have hold, as its control group says."""
    processors, share = min(config.cpus, cpus), _share(walls)
    holds = {
        f"{config.pids} processes": _within(walls.processes, config.pids),
        f"{Memory(config.memory)} of memory": _within(walls.memory, config.memory),
        f"{processors:g} processors": share is not None and share <= processors + ROUNDING,
    }
    missing = [name for name, good in holds.items() if not good]
    if missing:
        return warning(SUBJECT, f"nothing limits an agent to {', '.join(missing)}", CGROUPS_REMEDY)
    return ok(SUBJECT, f"limits: {', '.join(holds)}")


def _within(value: str, most: int) -> bool:
    return value.isdecimal() and int(value) <= most


def _share(walls: Walls) -> float | None:
    """Processors that the group may use; cgroup v2 has both numbers in one file."""
    quota, _, period = walls.processors.partition(",")
    quota, period = (quota, period) if quota else (walls.quota, walls.period)
    if not quota.isdecimal() or not period.isdecimal() or int(period) == 0:
        return None
    return int(quota) / int(period)


def read_only(walls: Walls, asked: Mapping[str, bool]) -> Finding:
    """Whether everything below the project is read-only but for what an agent may write."""
    kept = [(place, good) for place, good in walls.below if _is_read_only(place, asked)]
    wrong = [place for place, good in kept if not good or place in walls.written]
    if wrong:
        return error(SUBJECT, f"an agent can write {', '.join(wrong)}", "unmount it, or update the engine")
    return ok(SUBJECT, f"the project is read-only, with all that is mounted below it ({len(kept)} places)")


def _is_read_only(place: str, asked: Mapping[str, bool]) -> bool:
    """As which the nearest mount that was asked for was meant."""
    above = [target for target in asked if place == target or place.startswith(f"{target}/")]
    return asked[max(above, key=len)] if above else True
