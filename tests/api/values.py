"""Every value of the API, as hypothesis makes them up, and whether a value has the types it says."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Struct

from qms_tui.api.commands import COMMANDS
from qms_tui.api.deltas import TYPES

KINDS: tuple[type[Any], ...] = tuple(
    dict.fromkeys(
        [
            *(kind for each in COMMANDS.values() for kind in (each.parameters, each.result)),
            *TYPES.values(),
        ]
    )
)
_LEAVES: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    NoneType: st.none(),
}
JSON = st.recursive(
    st.one_of(*_LEAVES.values()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@cache
def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of this type."""
    if hint in _LEAVES:
        return _LEAVES[hint]
    if isinstance(hint, UnionType):
        return st.one_of(*map(values, get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    hints = get_type_hints(hint)
    return st.deferred(lambda: st.builds(hint, **{name: values(inner) for name, inner in hints.items()}))


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of this type all the way down."""
    if isinstance(hint, UnionType):
        return any(fits(value, each) for each in get_args(hint))
    if get_origin(hint) is tuple:
        return type(value) is tuple and all(fits(each, get_args(hint)[0]) for each in value)
    if type(value) is not hint:
        return False
    if not isinstance(value, Struct):
        return True
    return all(fits(getattr(value, name), inner) for name, inner in get_type_hints(hint).items())


def paths(json: Any) -> Iterator[tuple[str | int, ...]]:
    """The way to everything within a JSON value."""
    inner = json.items() if isinstance(json, dict) else enumerate(json) if isinstance(json, list) else ()
    for key, value in inner:
        yield (key,)
        yield from ((key, *rest) for rest in paths(value))


def replaced(json: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The same with something else at that place."""
    if not path:
        return value
    copy = json.copy()
    copy[path[0]] = replaced(json[path[0]], path[1:], value)
    return copy
