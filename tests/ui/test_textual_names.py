"""The private names of Textual that the screen uses: an update that takes one away fails here."""

from __future__ import annotations

import ast
import importlib
import inspect
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from textual.app import App
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget

import qms_tui.ui

UI = Path(qms_tui.ui.__file__).parent
# What is called or read.
USED = {
    App: {
        *("_batch_count", "_bindings", "_close_messages_no_wait", "_display", "_driver", "_notifications"),
        "_unnotify",
    },
    Screen: {"_layout_required"},
    Widget: {"_repaint_regions", "_set_dirty"},
    MessagePump: {"_message_queue"},
    LinuxDriver: {
        *("_app", "_auto_restart", "_disable_bracketed_paste", "_disable_in_band_window_resize"),
        *("_disable_line_wrap", "_disable_mouse_support", "_enable_bracketed_paste", "_enable_line_wrap"),
        *("_enable_mouse_support", "_file", "_in_band_window_resize", "_loop", "_mouse_pixels"),
        *("_must_signal_resume", "_patch_iflag", "_patch_lflag", "_query_in_band_window_resize"),
        *("_request_terminal_sync_mode_support", "_size", "_writer_thread"),
    },
    WriterThread: {"_file", "_queue"},
}
# What Textual calls and we put something else for.
OVERRIDDEN = {
    App: {"_fatal_error"},
    LinuxDriver: {"_get_terminal_size", "_sigcont_application", "_sigtstp_application"},
}
IMPORTED = {
    "textual._compositor": {"CompositorUpdate"},
    "textual._xterm_parser": {"IS_ITERM"},
    "textual.drivers._writer_thread": {"WriterThread"},
    "textual.keys": {"_character_to_key", "_get_unicode_name_from_key"},
    "textual.widgets._toast": {"Toast"},
}
OTHERS = {"_replace"}  # of named tuples


def test_they_are_there() -> None:
    for owner, names in USED.items():
        assert names <= _names(owner), owner
    for owner, names in OVERRIDDEN.items():
        for name in names:
            assert callable(getattr(owner, name)), name
    for module, names in IMPORTED.items():
        assert names <= set(dir(importlib.import_module(module))), module


def test_no_others_are_used() -> None:
    """Whatever private is read or called in the screen's code and set or defined nowhere in it."""
    trees = [ast.parse(path.read_text()) for path in UI.glob("*.py")]
    own = {name for tree in trees for name in _bound(tree)}
    foreign = {name for tree in trees for name in _read(tree)} - own - OTHERS
    assert foreign <= set().union(*USED.values())
    assert {name for tree in trees for name in _imports(tree)} == {
        (module, name) for module, names in IMPORTED.items() for name in names
    }


@pytest.mark.parametrize("module", sorted(path.stem for path in UI.glob("*.py")))
def test_nothing_of_ours_takes_a_private_name_of_theirs(module: str) -> None:
    """By accident: a method or attribute of ours that Textual would call or change."""
    loaded = importlib.import_module(f"qms_tui.ui.{module}")
    for own in _classes(loaded):
        for base in (App, Screen, Widget, LinuxDriver):
            if issubclass(own, base):
                allowed = USED.get(base, set()) | OVERRIDDEN.get(base, set())
                assert _defined(own) & _names(base) <= allowed, (own, base)


@cache
def _names(owner: type) -> set[str]:
    """Names of a class and what its and its bases' methods set on themselves."""
    sources = [base for base in owner.__mro__ if base not in (object, threading.Thread)]
    found = set(dir(owner))
    for base in sources:
        found |= set(getattr(base, "__slots__", ()))
        if base.__module__.startswith("textual"):
            tree = ast.parse(inspect.getsource(inspect.getmodule(base) or base))
            found |= next(_set_in(node) for node in ast.walk(tree) if _is_class(node, base.__name__))
    return found


def _is_class(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.ClassDef) and node.name == name


def _set_in(node: ast.AST) -> set[str]:
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store) and _is_self(each.value)
    }


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _classes(module: ModuleType) -> Iterator[type]:
    for each in vars(module).values():
        if isinstance(each, type) and each.__module__ == module.__name__:
            yield each


def _defined(own: type) -> set[str]:
    """Private names that a class defines or sets on itself."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(own) or own))
    node = next(node for node in ast.walk(tree) if _is_class(node, own.__name__))
    functions = {name for name, value in vars(own).items() if inspect.isfunction(value)}
    return {name for name in functions | _set_in(node) if _is_private(name)}


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _read(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _is_private(node.attr):
            yield node.attr


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("textual"):
            for alias in node.names:
                if _is_private(alias.name) or "._" in node.module:
                    yield node.module, alias.name
