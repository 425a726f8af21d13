"""Whether a value is what its annotations say: for what is read back from a file, which anybody may have written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def misfits(value: object, kind: Any, where: str, *without: str) -> Iterator[str]:
    """What in `value` is not of its kind: a class, a union, a tuple or a mapping of such, or a dataclass, field by field.

    `where` is what the value is called. Of a dataclass the fields named in `without` are not looked at. A bool is no int here, and
    an int is a float.
    """
    origin, of = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if not any(next(misfits(value, one, where), None) is None for one in of):
            yield f"{where} is {value!r}, and no {kind}"
    elif origin is tuple and isinstance(value, tuple):
        kinds = [of[0]] * len(value) if of[-1] is ... else of
        if len(kinds) != len(value):
            yield f"{where} has {len(value)} values, and not {len(kinds)}"
        for number, (one, its) in enumerate(zip(value, kinds, strict=False)):
            yield from misfits(one, its, f"{where}[{number}]")
    elif origin and issubclass(origin, Mapping) and isinstance(value, Mapping):
        for key, one in value.items():
            yield from misfits(key, of[0], f"a key of {where}")
            yield from misfits(one, of[1], f"{where}[{key!r}]")
    elif isinstance(kind, type) and is_dataclass(kind) and isinstance(value, kind):
        for name, its in _hints(kind).items():
            if name not in without:
                yield from misfits(getattr(value, name), its, f"{where}.{name}")
    elif origin or not _is(value, kind):
        yield f"{where} is {value!r}, and no {getattr(origin or kind, '__name__', kind)}"


def _is(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float if kind is float else kind)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
