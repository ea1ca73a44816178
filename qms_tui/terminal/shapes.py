"""The shapes that a part's saved state must have, so that a wrong one is refused before it does harm.

A state is a dict of builtin values by the names of the attributes they come from. A shape is

- a type, or several (`int | None`): values of exactly that type;
- `[shape]`: a list of such values;
- `(shape, shape)`: a tuple of exactly these;
- `{"name": shape}`: a dict of exactly these names;
- `{type: shape}`: a dict of any size.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, get_args

State = dict[str, Any]
Shape = Any
Shapes = Mapping[str, Shape]


def plain(part: object, shapes: Shapes) -> State:
    """The attributes that can be saved as they are."""
    return {name: getattr(part, name) for name in shapes}


def assign(part: object, state: State, shapes: Shapes) -> None:
    """The way back, for a state that consists of such attributes only."""
    checked(state, shapes)
    for name in shapes:
        setattr(part, name, state[name])


def checked(value: Any, shape: Shape) -> Any:
    """`value`, if it has this shape.

    Raises:
        ValueError: it has another one.
    """
    if not _fits(value, shape):
        raise ValueError(f"a saved terminal has another shape than {shape}")
    return value


def _fits(value: Any, shape: Shape) -> bool:
    if isinstance(shape, list):
        return type(value) is list and _all_fit(value, shape[0])
    if isinstance(shape, tuple):
        return type(value) is tuple and len(value) == len(shape) and all(map(_fits, value, shape))
    if isinstance(shape, Mapping):
        return type(value) is dict and _is_dict_of(value, shape)
    return type(value) in _types(shape)


def _is_dict_of(value: dict[Any, Any], shape: Mapping[Any, Shape]) -> bool:
    key = next(iter(shape))
    if isinstance(key, str):
        return value.keys() == shape.keys() and all(_fits(value[name], shape[name]) for name in shape)
    return _all_fit(value.keys(), key) and _all_fit(value.values(), shape[key])


def _all_fit(values: Collection[Any], shape: Shape) -> bool:
    if isinstance(shape, list | tuple | Mapping):
        return all(_fits(value, shape) for value in values)
    return {*map(type, values)} <= {*_types(shape)}  # ten times as fast as one by one


def _types(shape: Shape) -> tuple[type, ...]:
    return get_args(shape) or (shape,)
