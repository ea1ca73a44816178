"""`qms-tui send` and `qms-tui inbox`, as a shell runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from wcwidth import wcswidth

from tests.inbox.samples import task

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    for user in ("claude", "qa", "lead"):
        (project / ".claude" / "users" / user / "inbox").mkdir(parents=True)
    (project / ".claude" / "agents").mkdir()
    (project / ".claude" / "agents" / "qa.md").write_text("---\nname: qa\n---\n")
    return project


def argv(root: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "qms_tui", words[0], "--project", str(root), *words[1:]]


def environment(root: Path) -> dict[str, str]:
    home = {"HOME": str(root.parent), "XDG_STATE_HOME": str(root.parent), "XDG_CONFIG_HOME": str(root.parent)}
    return {**os.environ, **home, "PYTHONPATH": str(ROOT)}


def run(root: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv(root, *words), input=text, capture_output=True, text=True, env=environment(root), timeout=60
    )


def files(root: Path, user: str) -> list[Path]:
    return sorted((root / ".claude" / "users" / user / "inbox").iterdir())


def test_send_and_list(root: Path) -> None:
    sent = run(root, "send", "qa", "lead", "--subject", "Note on CR-056", "Please look.")
    assert (sent.returncode, sent.stderr) == (0, "")
    assert sent.stdout.splitlines() == [str(path) for user in ("qa", "lead") for path in files(root, user)]
    listed = run(root, "inbox", "qa")
    assert (listed.returncode, listed.stderr) == (0, "")
    head, line = listed.stdout.splitlines()
    assert head.split() == ["AGENT", "KIND", "AGE", "WHAT"]
    assert line.startswith("qa ")
    assert line.endswith("Message from lead: Note on CR-056")


@pytest.mark.parametrize("how", ["-", "--file"])
def test_send_from_a_pipe_or_a_file(root: Path, how: str) -> None:
    (root / "note.md").write_text("one\ntwo\n")
    words = ("--file", str(root / "note.md")) if how == "--file" else ("-",)
    sent = run(root, "send", "qa", *words, "--from", "claude", "--subject", "s", text="one\ntwo\n")
    assert sent.returncode == 0
    (path,) = files(root, "qa")
    assert path.name.startswith("msg-claude-")
    assert path.read_text().endswith("---\n\none\ntwo\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["qa"], "there is no message"),
        (["hello there"], "send it to whom?"),
        (["qa", "claud"], "there is no agent 'claud', and no message"),
        (["claud", "hello there"], "no agent 'claud'"),
        (["../qa", "hello there"], "no agent '../qa'"),
        (["qa", "--from", "X", "hello there"], "'X' cannot be a sender"),
        (["qa", "--file", "/does/not/exist"], "No such file"),
    ],
)
def test_what_cannot_be_sent_says_why(root: Path, words: Sequence[str], said: str) -> None:
    done = run(root, "send", "--subject", "s", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert not files(root, "qa")


@pytest.mark.parametrize(
    ("words", "subject", "body"),
    [
        (["qa", "--subject", "x", "ok"], "x", "ok"),
        (["qa", "one text"], "one text", "one text"),
        (["qa", "no"], "no", "no"),
        (["qa", "-m", "claude"], "claude", "claude"),
        (["qa", "--message", "-"], "-", "-"),
        (["qa", "--", "--help me"], "--help me", "--help me"),
    ],
)
def test_the_last_word_is_the_message(root: Path, words: Sequence[str], subject: str, body: str) -> None:
    done = run(root, "send", *words)
    assert (done.returncode, done.stderr) == (0, "")
    (path,) = files(root, "qa")
    text = path.read_text()
    assert f"subject: {json.dumps(subject)}\n" in text
    assert text.endswith(f"---\n\n{body}\n")
    assert not files(root, "claude")


@pytest.mark.parametrize("body", ["", " \n\t\u200b\n"])
@pytest.mark.parametrize("how", ["word", "-m", "-", "--file"])
def test_an_empty_message_is_refused_however_it_comes(root: Path, how: str, body: str) -> None:
    (root / "note.md").write_text(body)
    words = {"word": (body,), "-m": ("-m", body), "-": ("-",), "--file": ("--file", str(root / "note.md"))}
    for subject in ((), ("--subject", "s")):
        done = run(root, "send", "qa", *subject, *words[how], text=body)
        assert (done.returncode, done.stdout) == (2, "")
        assert "there is no message" in done.stderr
    assert not files(root, "qa")


def test_a_message_without_quotes_is_no_list_of_recipients(root: Path) -> None:
    done = run(root, "send", "qa", "please", "look", "at it")
    assert done.returncode == 2
    assert "quotes" in done.stderr
    assert not files(root, "qa")


def test_the_human_answers_and_is_done(root: Path) -> None:
    run(root, "send", "lead", "--from", "qa", "Is CR-1 good?")
    (item,) = files(root, "lead")
    long = run(root, "inbox", "lead", "--long").stdout.splitlines()
    assert long[0].split() == ["AGENT", "KIND", "ARRIVED", "WHAT", "FILE"]
    assert long[1].endswith(f"Message from qa: Is CR-1 good?  {item.name}")
    assert "Is CR-1 good?" in run(root, "inbox", "--read", item.name).stdout
    answered = run(root, "send", "--reply", item.name, "Yes.")
    assert (answered.returncode, answered.stderr) == (0, "")
    (answer,) = files(root, "qa")
    assert 'subject: "Re: Is CR-1 good?"' in answer.read_text()
    done = run(root, "inbox", "--done", item.stem, "--json")
    assert done.returncode == 0
    (moved,) = json.loads(done.stdout)
    assert Path(moved["archived"]).read_text().endswith("Is CR-1 good?\n")
    assert not files(root, "lead")
    again = run(root, "inbox", "--done", item.name)
    assert (again.returncode, again.stdout) == (2, "")


def test_a_task_that_is_put_away_is_still_expected(root: Path) -> None:
    (root / ".claude/users/lead/inbox/task-CR-1-review-v0-1.md").write_bytes(task("CR-1"))
    done = run(root, "inbox", "--done", "CR-1")
    assert done.returncode == 0
    assert "goes on to expect your review of CR-1" in done.stderr
    assert not files(root, "lead")


def test_only_ones_own_is_done_and_nothing_moves_unless_all_are_known(root: Path) -> None:
    run(root, "send", "qa", "a note")
    (item,) = files(root, "qa")
    assert "your own inbox" in run(root, "inbox", "qa", "--done", item.name).stderr
    assert run(root, "inbox", "qa", "--archive", item.name, "--archive", "other").returncode == 2
    assert files(root, "qa") == [item]
    assert run(root, "inbox", "qa", "--archive", item.name).returncode == 0
    assert not files(root, "qa")


def test_list_as_json(root: Path) -> None:
    assert run(root, "inbox").stdout == "nothing is waiting\n"
    assert json.loads(run(root, "inbox", "--json").stdout) == []
    inbox = root / ".claude" / "users" / "qa" / "inbox"
    (inbox / "task-CR-1-review-v0-1.md").write_bytes(task("CR-1"))
    (found,) = json.loads(run(root, "inbox", "--json").stdout)
    assert found.pop("arrived") > 1_000_000_000
    assert found == {
        "agent": "qa",
        "kind": "review",
        "headline": "New task: Review CR-1",
        "document": "CR-1",
        "sender": "claude",
        "file": "task-CR-1-review-v0-1.md",
    }


def test_an_unknown_agent(root: Path) -> None:
    done = run(root, "inbox", "claud")
    assert done.returncode == 2
    assert "did you mean claude?" in done.stderr


def test_watch_follows_as_lines_of_json(root: Path) -> None:
    inbox = root / ".claude" / "users" / "qa" / "inbox"
    (inbox / "old.md").write_text("x")
    with subprocess.Popen(
        argv(root, "inbox", "--watch"), stdout=subprocess.PIPE, text=True, env=environment(root)
    ) as watch:
        assert watch.stdout is not None
        try:
            assert json.loads(watch.stdout.readline())["event"] == "pending"
            (inbox / "task-CR-1-review-v0-1.md").write_bytes(task("CR-1"))
            arrived = json.loads(watch.stdout.readline())
            assert (arrived["event"], arrived["headline"]) == ("arrived", "New task: Review CR-1")
            (inbox / "task-CR-1-review-v0-1.md").unlink()
            assert json.loads(watch.stdout.readline())["event"] == "consumed"
        finally:
            watch.terminate()


def test_an_item_of_another_inbox_is_said_to_wait_there(root: Path) -> None:
    (root / ".claude/users/qa/inbox/task-CR-056.md").write_bytes(task("CR-056"))
    for words in (("inbox", "--read"), ("inbox", "--done"), ("inbox", "--archive"), ("send", "x", "--reply")):
        done = run(root, *words, "CR-056")
        assert done.returncode == 2
        assert done.stderr.splitlines() == [
            "qms-tui: no item 'CR-056' waits in your inbox",
            "  it waits for qa: name the inbox, as in qms-tui inbox qa --read CR-056",
        ]
    nowhere = run(root, "inbox", "qa", "--read", "CR-7")
    assert nowhere.stderr.splitlines() == [
        "qms-tui: no item 'CR-7' waits in qa's inbox",
        "  qms-tui inbox --long lists the files that wait",
    ]


def test_columns_stand_below_each_other_whatever_is_written(root: Path) -> None:
    for subject in ("plain", "日本語の件名", "ไทยน้ำ", "👩‍👩‍👧 family"):
        assert run(root, "send", "qa", "--subject", subject, "x").returncode == 0
    lines = run(root, "inbox", "--long").stdout.splitlines()
    places = {wcswidth(line[: line.index("msg-lead")]) for line in lines[1:]}
    assert places == {lines[0].index("FILE")}
