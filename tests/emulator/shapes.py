# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values checked against botocore's service model: types, members, lengths, ranges, patterns and enums."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from re import Pattern
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape


@functools.cache
def service_model(service: str) -> ServiceModel:
    """Return the model that botocore ships; models in the user's home or AWS_DATA_PATH do not count."""
    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model(service, "service-2"), service_name=service)


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    """Return one operation of the model."""
    return service_model(service).operation_model(operation)


def violations(value: Any, shape: Shape | None) -> list[str]:
    """Return what is wrong with a value in its wire form, in the words AWS uses; empty when it fits the shape."""
    if shape is None:
        return [] if not value else [f"Value '{value}' is not expected"]
    return list(_check(value, shape, ""))


def _check(value: Any, shape: Shape, path: str) -> Iterator[str]:
    expected, check = _CHECKS[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{_at(value, path)}: Member must be of type {shape.type_name}"
    else:
        yield from check(value, shape, path)


def _structure(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield f"{_at(None, _join(path, name))}: Member must not be null"
    for name, member in value.items():
        if name in shape.members:
            yield from _check(member, shape.members[name], _join(path, name))
        else:
            yield f"{_at(member, _join(path, name))}: Member is unknown"


def _list(value: list[Any], shape: Any, path: str) -> Iterator[str]:
    yield from _size(len(value), value, shape, path)
    for index, member in enumerate(value, start=1):
        yield from _check(member, shape.member, f"{path}.{index}.member")


def _map(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    yield from _size(len(value), value, shape, path)
    for key, member in value.items():
        yield from _check(key, shape.key, f"{path}.key")
        yield from _check(member, shape.value, f"{path}.{key}.member")


def _string(value: str, shape: Any, path: str) -> Iterator[str]:
    yield from _size(len(value), value, shape, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield f"{_at(value, path)}: Member must satisfy regular expression pattern: {pattern}"
    if shape.enum and value not in shape.enum:
        yield f"{_at(value, path)}: Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _number(value: float, shape: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield f"{_at(value, path)}: Member must have value greater than or equal to {low}"
    if high is not None and value > high:
        yield f"{_at(value, path)}: Member must have value less than or equal to {high}"


def _size(size: int, value: Any, shape: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield f"{_at(value, path)}: Member must have length greater than or equal to {low}"
    if high is not None and size > high:
        yield f"{_at(value, path)}: Member must have length less than or equal to {high}"


def _anything(_value: Any, _shape: Any, _path: str) -> Iterator[str]:
    return iter(())


_CHECKS: dict[str, Any] = {
    "structure": (dict, _structure),
    "list": (list, _list),
    "map": (dict, _map),
    "string": (str, _string),
    "integer": (int, _number),
    "long": (int, _number),
    "boolean": (bool, _anything),
    "timestamp": ((int, float), _anything),
}


@functools.cache
def _compiled(pattern: str) -> Pattern[str]:
    # The model's patterns are Java's; Python's re has no \p classes.
    for java, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _at(value: Any, path: str) -> str:
    shown = "null" if value is None else value
    return f"Value '{shown}' at '{path[:1].lower() + path[1:]}' failed to satisfy constraint"


def _join(path: str, name: str) -> str:
    return f"{path}.{name[:1].lower() + name[1:]}" if path else name
