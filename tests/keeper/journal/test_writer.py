"""The writer: bounded, never raising, degrading to memory and back."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qms_tui.keeper.journal import Ended, Gap, JournalWriter, Output, Snapshot, read_entries, read_segments
from qms_tui.keeper.journal.writer import IN_MEMORY
from tests.keeper.journal.tape import NOON, Tape, replayed, screen


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def outputs(tape: Tape) -> bytes:
    return b"".join(fact.data for fact in tape.facts if isinstance(fact, Output))


def test_folder_and_files_are_the_owners_alone(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "state" / "qa")
    tape.say("secret")
    assert stat.S_IMODE(tape.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in tape.folder.iterdir()} == {0o600}


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "qa").symlink_to(tmp_path / "elsewhere")
    tape = Tape(tmp_path / "qa")
    tape.say("secret")
    assert "is a link" in tape.writer.trouble
    assert not [*(tmp_path / "elsewhere").iterdir()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "qa").mkdir()
    os.chown(tmp_path / "qa", 12345, 12345)
    tape = Tape(tmp_path / "qa")
    assert "belongs to user 12345" in tape.writer.trouble
    assert not [*(tmp_path / "qa").iterdir()]


def test_files_never_pass_the_limit_and_the_newest_stay(tmp_path: Path) -> None:
    limit = 200_000
    tape = Tape(tmp_path, limit=limit, segment=20_000, scrollback=50)
    sizes = []
    for number in range(5000):
        tape.say(f"line {number} of many, each some sixty bytes long, as lines are\r\n")
        if number % 10 == 0:
            sizes.append(tape.size)
    assert max(sizes) <= limit
    assert min(sizes[-100:]) > limit / 2
    assert b"line 4999 " in outputs(tape)
    assert b"line 100 " not in outputs(tape)
    assert screen(replayed(tmp_path)) == screen(tape.terminal)


def test_a_kill_loses_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path; from qms_tui.keeper.journal import JournalWriter\n"
        "w = JournalWriter(Path(sys.argv[1])); w.open(b''); w.output(b'the last words')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    status = subprocess.run([sys.executable, "-c", code, str(tmp_path / "qa")], check=False).returncode
    assert status == -signal.SIGKILL
    assert [entry.fact for entry in read_entries(read_segments(tmp_path / "qa"))][1:] == [
        Output(b"the last words")
    ]


def test_clock_jumps_do_not_disturb_times(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    tape.say("a", 1.0)
    tape.wall -= 86_400
    tape.say("b", 2.0)
    tape.writer.rotate(tape.terminal.save())
    tape.wall += 7 * 86_400
    tape.say("c", 3.0)
    found = {entry.fact.data: entry for entry in tape.entries if isinstance(entry.fact, Output)}
    assert found[b"b"].clock - found[b"a"].clock == pytest.approx(2.0)
    assert found[b"c"].clock - found[b"b"].clock == pytest.approx(3.0)
    assert found[b"b"].wall == pytest.approx(NOON + 3)  # the file's header has the time of its beginning


def test_a_new_writer_goes_on_in_a_new_file(tmp_path: Path) -> None:
    first = Tape(tmp_path)
    first.say("one ")
    first.writer.close()
    first.writer.close()
    second = Tape(tmp_path)
    second.say("two")
    assert outputs(second) == b"one two"
    assert len(read_segments(tmp_path)) == 2


def test_a_full_disk_degrades_to_memory_and_says_so(small_disk: Path) -> None:
    tape = Tape(small_disk / "qa")
    for number in range(6000):
        tape.say(f"line {number} " + "x" * 50 + "\r\n")
    assert "No space left on device" in tape.writer.trouble
    assert "lost" not in tape.writer.trouble
    on_disk = outputs(tape)
    assert on_disk.endswith(b"\r\n")  # what did not fit as a whole is not there at all
    assert 150_000 < len(on_disk) < 256 * 1024
    assert not tape.writer.retry(tape.terminal.save())
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert tape.writer.retry(tape.terminal.save())
    assert tape.writer.trouble == ""
    tape.say("after\r\n")
    everything = b"".join(b"line %d " % n + b"x" * 50 + b"\r\n" for n in range(6000))
    assert outputs(tape) == everything + b"after\r\n"
    assert screen(replayed(small_disk / "qa")) == screen(tape.terminal)


def test_a_full_disk_at_the_beginning_loses_no_snapshot(small_disk: Path) -> None:
    with open(small_disk / "other", "wb", buffering=0) as other:
        other.write(bytes(256 * 1024))
    tape = Tape(small_disk / "qa")
    tape.say("early")
    assert "No space left" in tape.writer.trouble
    assert not [*(small_disk / "qa").glob("*")]  # no half a file is left behind
    (small_disk / "other").unlink()
    assert tape.writer.retry(tape.terminal.save())
    kinds = [type(fact) for fact in tape.facts]
    assert kinds == [Snapshot, Output, Snapshot]


def test_a_read_only_disk_is_told(small_disk: Path) -> None:
    tape = Tape(small_disk / "qa")
    tape.writer.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    later = Tape(small_disk / "qa")
    later.say("x")
    assert "Read-only file system" in later.writer.trouble


def test_a_deleted_folder_is_noticed_and_made_anew(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "qa")
    tape.say("one")
    subprocess.run(["rm", "-r", str(tape.folder)], check=True)
    tape.say("two")
    assert "No such file" in tape.writer.trouble
    assert tape.writer.retry(tape.terminal.save())
    tape.say("three")
    assert outputs(tape) == b"twothree"
    assert screen(replayed(tape.folder)) == screen(tape.terminal)


def test_memory_is_bounded_and_tells_what_it_dropped(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tape = Tape(tmp_path / "file" / "qa")
    assert "Not a directory" in tape.writer.trouble or "File exists" in tape.writer.trouble
    piece, count = bytes(8000), 2 * IN_MEMORY // 8000
    for _ in range(count):
        tape.wait(1.0)
        tape.writer.output(piece)
    tape.writer.end(0, "done")
    assert "bytes of output are lost" in tape.writer.trouble
    (tmp_path / "file").unlink()
    assert tape.writer.retry(tape.terminal.save())
    gap, *rest = tape.facts
    kept = sum(len(fact.data) for fact in rest if isinstance(fact, Output))
    assert isinstance(gap, Gap)
    assert gap.since == pytest.approx(NOON)
    assert gap.until == pytest.approx(NOON + count - kept / 8000, abs=1)
    assert IN_MEMORY * 0.9 < kept <= IN_MEMORY
    assert rest[-2:-1] == [Ended(0, "done")]
    assert isinstance(rest[-1], Snapshot)
    last = tape.entries[-2]
    assert last.wall == pytest.approx(NOON + count)


def test_a_state_larger_than_memory_costs_no_output(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tape = Tape(tmp_path / "file" / "qa")
    tape.say("said")
    tape.writer.rotate(bytes(IN_MEMORY))
    (tmp_path / "file").unlink()
    assert tape.writer.retry(tape.terminal.save())
    assert outputs(tape) == b"said"
    assert not [fact for fact in tape.facts if isinstance(fact, Gap)]


def test_tiny_facts_do_not_grow_memory_either(tmp_path: Path) -> None:
    import tracemalloc

    (tmp_path / "file").write_text("")
    writer = JournalWriter(tmp_path / "file" / "qa")
    writer.open(b"")
    tracemalloc.start()
    for _ in range(100_000):
        writer.output(b"x" + b"y")
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 2 * IN_MEMORY


def test_large_output_is_cut(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "qa")
    writer.open(b"")
    writer.output(bytes(5 * 2**20))
    sizes = [len(entry.fact.data) for entry in read_entries(read_segments(tmp_path / "qa"))
             if isinstance(entry.fact, Output)]  # fmt: skip
    assert sizes == [2**20] * 5
    assert writer.full
