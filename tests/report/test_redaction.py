"""What must not be in a report, by its value and by its form; what may is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.report.redaction import HIDDEN, Redaction, of_environment, of_words
from qms_tui.report.settings import lines, read_settings, secrets_of


def plain_redaction() -> Redaction:
    return Redaction(())


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("cannot reach tcp://me:hunter2@10.0.0.5:2376 now", "hunter2"),
        ("https://token@example.invalid/x", "token@"),
        ("GET /mcp?key=abc123&b=2 HTTP/1.1", "abc123"),
        ("Authorization: Bearer abc.def-1", "abc.def-1"),
        ("{'authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("Cookie: session=abcdef; other=1", "abcdef"),
        ("bearer 0123abcd", "0123abcd"),
        ("ANTHROPIC_API_KEY=sk-ant-api03-abc_def", "api03"),
        ("the key is sk-ant-oat01-xyz_xyz1", "oat01"),
        ("password: correct-horse", "correct-horse"),
        ('{"client_secret": "s3cr3t!"}', "s3cr3t!"),
        ("--password 'let me'", "let"),
        ("ghp_0123456789abcdefABCD", "0123456789"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJzdWIi"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----", "b3BlbnNz"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB", "MIIEpAIB"),
        ("id 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
    ],
)
def test_by_form(text: str, secret: str) -> None:
    shown = plain_redaction().apply(text)
    assert secret not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "qms_tui/ui/app.py:312 in QmsTuiApp.action_zoom",
        "2026-11-30 02:15:17,123 4711 INFO qms_tui.mcp: qa is served",
        "docker 20.10.24, API 1.41",
        "unix:///var/run/docker.sock",
        "the keeper cannot start: No space left on device",
    ],
)
def test_what_says_nothing_secret_stays(text: str) -> None:
    assert plain_redaction().apply(text) == text


def test_by_value() -> None:
    environment = {
        "MY_TOKEN": "abcd", "SOMETHING": "a value, with words", "DATABASE_URL": "db://u:pw@h/x",
        "PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LEVEL": "1", "container": "docker",
        "WORD": "swordfish", "PIN": "271828",
    }  # fmt: skip
    values = set(of_environment(environment))
    assert {"abcd", "a value, with words", "db://u:pw@h/x", "swordfish", "271828"} <= values
    assert not values & {"/usr/bin:/bin", "xterm-256color", "1", "docker"}
    shown = Redaction(values, "/home/somebody").apply("abcd /home/somebody/x: a value, with words")
    assert shown == f"{HIDDEN} ~/x: {HIDDEN}"


def test_words_of_a_command_line() -> None:
    values = set(of_words(["send", "qa", "--subject", "Our plan B", "--token", "abcd", "--api-key=efgh"]))
    assert {"Our plan B", "abcd", "efgh"} <= values
    assert not values & {"send", "qa", "--subject"}


SETTINGS = """
theme = "light"
[agent]
memory = "4g"
command = ["claude", "--append-system-prompt", "be nice to Bob 7", "--password", "swordfish"]
env_file = "agent.env"
token_file = "token"
[agent.qa]
tools = ["Bash(curl -u u:p4ssw0rd)"]
pin = 271828
[mcp.notes]
url = "https://me:hunter2@notes.invalid/hook/9f8e7d6c"
headers = ["X-Key: opensesame"]
[mcp.notes.env]
NOTES = "plainword"
"""


def test_settings(tmp_path: Path) -> None:
    path = tmp_path / "qms-tui.toml"
    path.write_text(SETTINGS)
    (tmp_path / "agent.env").write_text("# a comment\nDEPLOY='quux-value'\n")
    (tmp_path / "token").write_text("magicword\n")
    file = read_settings("the project's file", path)
    assert file is not None
    text = "\n".join(lines(file))
    assert "theme = light" in text
    assert "agent.memory = 4g" in text
    assert "mcp.notes.headers = (1, not shown)" in text
    redaction = Redaction(secrets_of(file))
    for secret in (
        "be nice to Bob 7", "swordfish", "p4ssw0rd", "271828", "hunter2", "9f8e7d6c", "opensesame",
        "plainword", "quux-value", "magicword",
    ):  # fmt: skip
        assert secret not in text
        if secret != "271828":
            assert secret not in redaction.apply(f"it said {secret} to us")
    assert redaction.apply("claude is idle, qa is light") == "claude is idle, qa is light"


@pytest.mark.parametrize("text", ['token = "opensesame', 'x = """\nheaders = "opensesame"', "\ufeff[[["])
def test_a_broken_file_says_only_that(tmp_path: Path, text: str) -> None:
    path = tmp_path / "qms-tui.toml"
    path.write_text(text)
    file = read_settings("the project's file", path)
    assert file is not None
    assert "not TOML" in file.trouble
    assert "opensesame" not in "\n".join(lines(file))
    assert read_settings("none", tmp_path / "missing") is None
