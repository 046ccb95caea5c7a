"""From TOML and JSON tables to frozen dataclasses: profiles, scenarios and controls are read this way.

An unknown key, a missing one and a value of another type are refused with their place, such as
`huawei-e173.boot.lines[2].after_s`.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class InvalidRecord(ValueError):
    """A table says something that cannot be; the message names the place and what is wrong."""


def build(wanted: type[T], table: Any, place: str) -> T:
    """`table` as the dataclass `wanted`. Raises InvalidRecord."""
    record: T = _build(wanted, table, place)
    return record


_hints = cache(get_type_hints)


def _build(wanted: Any, value: Any, place: str) -> Any:
    origin = get_origin(wanted)
    if origin is UnionType:
        return _build(next(one for one in get_args(wanted) if one is not type(None)), value, place)
    if hasattr(wanted, "__dataclass_fields__"):
        return _build_dataclass(wanted, _table(value, place), place)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise InvalidRecord(f"{place} must be a list")
        return tuple(_build(get_args(wanted)[0], inner, f"{place}[{index}]") for index, inner in enumerate(value))
    if origin is not None:
        of = get_args(wanted)[1]
        return {key: _build(of, inner, f"{place}.{key}") for key, inner in _table(value, place).items()}
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise InvalidRecord(f"{place} must be {wanted.__name__}, not {type(value).__name__}")
    return value


def _table(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidRecord(f"{place} must be a table")
    return value


def _build_dataclass(wanted: Any, table: Mapping[str, Any], place: str) -> Any:
    types = _hints(wanted)
    unknown = [key for key in table if key not in types]
    if unknown:
        raise InvalidRecord(f"{place}: unknown key {unknown[0]!r}; known: {', '.join(types) or 'none'}")
    missing = [
        one.name
        for one in fields(wanted)
        if one.name not in table and one.default is MISSING and one.default_factory is MISSING
    ]
    if missing:
        raise InvalidRecord(f"{place}: a key is missing: {', '.join(missing)}")
    return wanted(**{key: _build(types[key], inner, f"{place}.{key}") for key, inner in table.items()})
