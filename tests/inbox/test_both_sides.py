"""A file in an inbox is described in the same words on the host and in a container, whatever it is."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qms_tui.inbox
from qms_tui.inbox import Identity, Item, parse
from qms_tui.inbox.files import look, open_folder, read_start
from qms_tui.inbox.item_reader import AGENT_NAME, is_sender
from qms_tui.project import AGENT_NAME as NAME_OF_AN_AGENT
from qms_tui.waking import announcement
from tests.inbox.samples import MESSAGE, NOTICE, task
from tests.inside.programs import INSIDE

sys.path.append(str(INSIDE))
import announcement as inside

OLDEST = "import json, sys; sys.path.append(sys.argv[1]); import announcement as inside; " + (
    "print(json.dumps([inside.described(*sys.argv[2:4], name) for name in json.loads(sys.argv[4])]))"
)
TASK, MESSAGE_NAME, NOTICE_NAME = (
    "task-CR-001-review-v0-1.md",
    "msg-claude-2026-02-04-143022.md",
    "notif-CR-056-approved-2026-02-04.md",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".claude/agents").mkdir(parents=True)
    (tmp_path / ".claude/agents/tu_ui.md").touch()
    (tmp_path / ".claude/agents/linked.md").symlink_to("tu_ui.md")
    (tmp_path / ".claude/agents/folder.md").mkdir()
    (tmp_path / "inbox").mkdir()
    return tmp_path


def host_item(project: Path, name: str) -> Item:
    with open_folder(project / "inbox") as folder:
        sighting = look(folder, name)
        content = read_start(folder, name, sighting) if sighting else None
    return parse("qa", name, content, 0.0, Identity(1, 2))


def host_words(project: Path, name: str) -> str:
    item = host_item(project, name)
    senders = {item.sender} if is_sender(str(project), item.sender) else ()
    return announcement([item], senders, "Go.").removeprefix("New in your QMS inbox: ").removesuffix(". Go.")


def inside_words(project: Path, name: str) -> str:
    return inside.described(str(project), str(project / "inbox"), name)


ODD = {
    "empty front matter": ("x.md", b"---\n---\n", "item"),
    "nothing at all": (TASK, b"", "review task CR-001"),
    "windows": ("x.md", MESSAGE.replace(b"\n", b"\r\n"), "message from claude"),
    "a byte order mark": ("x.md", b"\xef\xbb\xbf" + NOTICE, "notice on CR-056"),
    "utf-16": ("x.md", ("\ufeff" + MESSAGE.decode()).encode("utf-16-le"), "message from claude"),
    "an old code page": ("x.md", MESSAGE.replace(b"Note", b"Caf\xe9"), "message from claude"),
    "no text": (MESSAGE_NAME, b"\x00\xff" * 999, "message from claude"),
    "controls": ("x.md", MESSAGE.replace(b"from: claude", b"from: cl\x1baude"), "message"),
    "a huge line": (NOTICE_NAME, b"---\ntype: message\nx: " + b"x" * 9999 + b"\n---\n", "notice on CR-056"),
    "much before its end": ("x.md", task("CR-7").replace(b"title", b"t: " + b"t" * 3500 + b"\nt"),
                            "review task CR-7 from claude"),
    "a large file": ("x.md", task("CR-7") + b"x" * 2**20, "review task CR-7 from claude"),
    "capitals": ("x.md", b"---\nTASK_TYPE: Review\nDoc_Id: CR-3\n---\n", "review task CR-3"),
    "dots at the end": ("x.md", b"---\ntype: message\nfrom: lead\n...\n", "message from lead"),
    "no end": (TASK, b"---\ntask_type: APPROVAL\n", "review task CR-001"),
    "a broken line": ("x.md", task("CR-7").replace(b"title:", b"title: a:"), "review task CR-7 from claude"),
    "over two lines": ("x.md", b"---\ntype:\n  message\nfrom: >-\n  lead\n---\n", "message from lead"),
    "a comment": ("x.md", b"---\ntask_type: REVIEW # or so\ndoc_id: CR-1 # that\n---\n", "review task CR-1"),
    "quoted": ("x.md", b"---\n\"type\": 'message'\nfrom: \"l\\x65ad\"\n---\n", "message from lead"),
    "a bomb": (TASK, b"---\na: &a [x]\ntask_type: APPROVAL\n---\n", "review task CR-001"),
    "what is not known": ("x.md", b"---\ntask_type: ERASE\ndoc_id: CR-1\n---\n", "item"),
    "no document": (TASK, b"---\ntask_type: REVIEW\ndoc_id: DELETE-ALL\n---\n", "review task"),
    "a stranger": (MESSAGE_NAME, b"---\ntype: message\nfrom: stranger\n---\n", "message"),
    "a sender of another kind": ("x.md", b"---\ntype: message\nassigned_by: lead\n---\n", "message"),
    "a linked definition": ("x.md", b"---\ntype: message\nfrom: linked\n---\n", "message"),
    "a folder for a definition": ("x.md", b"---\ntype: message\nfrom: folder\n---\n", "message"),
    "a defined sender": ("x.md", b"---\ntype: message\nfrom: tu_ui\n---\n", "message from tu_ui"),
    "a copy's name": ("task-CR-001-review-v0-1 (copy).md", b"", "item"),
    "a message's name with capitals": ("msg-Claude-2026-02-04-143022.md", b"", "item"),
    "a second of a second": ("msg-claude-2026-02-04-143022-2.md", b"", "message from claude"),
    "bytes for a name": (os.fsdecode(b"\xff\x1b[2J.md"), b"", "item"),
    "a name of two lines": ("a\ntask-CR-001-review-v0-1.md", b"", "item"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_odd_files(project: Path, case: str) -> None:
    name, content, words = ODD[case]
    (project / "inbox" / name).write_bytes(content)
    assert (host_words(project, name), inside_words(project, name)) == (words, words)


@pytest.mark.parametrize("plant", ["link", "fifo", "socket", "unreadable", "missing"])
def test_what_is_not_opened_is_described_by_its_name(project: Path, plant: str) -> None:
    place = project / "inbox" / TASK
    if plant == "link":
        (project / "other").write_bytes(MESSAGE)
        place.symlink_to(project / "other")
    elif plant == "fifo":
        os.mkfifo(place)
    elif plant == "socket":
        os.mknod(place, stat.S_IFSOCK | 0o600)
    elif plant == "unreadable":
        place.write_bytes(b"")
        place.chmod(0)
    words = "review task CR-001"
    assert (host_words(project, TASK), inside_words(project, TASK)) == (words, words)


def test_an_old_python_of_an_image_says_the_same(project: Path) -> None:
    names = {f"{number}-{case}.md": content for number, (case, (_, content, _)) in enumerate(ODD.items())}
    for name, content in names.items():
        (project / "inbox" / name).write_bytes(content)
    program = [_oldest_python(), "-I", "-S", "-c", OLDEST]
    places = map(str, (INSIDE, project, project / "inbox"))
    done = subprocess.run(
        [*program, *places, json.dumps([*names])], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == [host_words(project, name) for name in names]


def _oldest_python() -> str:
    """Python 3.9 if it is here, else the oldest after it; ours as the last."""
    for minor in range(9, sys.version_info.minor):
        python = shutil.which(f"python3.{minor}")
        if python and subprocess.run([python, "-c", ""], capture_output=True).returncode == 0:
            return python
    return sys.executable


@pytest.mark.parametrize("module", ["front_matter", "item_reader"])
def test_it_is_one_module(module: str) -> None:
    package = Path(qms_tui.inbox.__file__).parent
    assert (package / f"{module}.py").samefile(INSIDE / f"{module}.py")


def test_an_agents_name_has_the_projects_form() -> None:
    assert AGENT_NAME.pattern == NAME_OF_AN_AGENT.pattern


_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
_VALUES = st.one_of(
    st.sampled_from(["message", "notification", "REVIEW", "approval", "APPROVED"]),
    st.sampled_from(["CR-1", "cr-1", '"CR-1"', "CR-1 # no", "lead", "tu_ui", "'lead'", "lead: no"]),
    st.sampled_from([">-\n  lead", "[a]", "&a lead", "\n  lead"]),
    _TEXTS,
)
_FIELDS = st.lists(
    st.tuples(st.sampled_from(["type", "Task_Type", "doc_id", "from", "assigned_by", "event", "x"]), _VALUES)
).map(lambda pairs: "---\n" + "".join(f"{key}: {value}\n" for key, value in pairs) + "---\n")
_CONTENTS = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda text, encoding, end: text.replace("\n", end).encode(encoding),
        st.one_of(_FIELDS, _TEXTS),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        st.sampled_from(["\n", "\r\n", "\r"]),
    ),
)
_WORDS = st.one_of(
    st.sampled_from(["CR-001", "claude", "SDLC-QMS-RTM"]),
    st.binary(max_size=60).map(os.fsdecode),
    _TEXTS,
)
_FORMS = ("{}", "task-{}-pre_review-v0-1", "msg-{}-2026-02-04-143022", "notif-{}-approved-2026-02-04")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(_FORMS), _WORDS, _CONTENTS)
def test_any_bytes_under_any_name(project: Path, form: str, word: str, content: bytes) -> None:
    name = form.format(word.replace("/", "").replace("\0", "")) + ".md"
    if len(os.fsencode(name)) > 255:
        return
    path = project / "inbox" / name
    path.write_bytes(content)
    try:
        assert host_words(project, name) == inside_words(project, name)
    finally:
        path.unlink()
