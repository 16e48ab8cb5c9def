# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation against botocore's service model: types, members, lengths, ranges, patterns and enums."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterator
from re import Pattern
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape


@functools.cache
def service_model(service: str) -> ServiceModel:
    """Return the model that is part of botocore; ignore models in the user's home and in AWS_DATA_PATH."""
    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model(service, "service-2"), service_name=service)


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    """Return the model of one operation."""
    return service_model(service).operation_model(operation)


def find_violations(value: Any, shape: Shape | None) -> list[str]:
    """Return the violations of a shape by a value in wire form, with AWS's wording; an empty list if it conforms."""
    if shape is None:
        return [] if not value else [f"Value '{value}' is not expected"]
    return list(_validate(value, shape, ""))


def without_nulls(value: Any, shape: Shape | None) -> Any:
    """Return a value without null members, which count as omitted."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            name: without_nulls(member, shape.members.get(name)) for name, member in value.items() if member is not None
        }
    return value


def with_times(value: Any, shape: Shape | None) -> Any:
    """Return a value that conforms to a shape, with its times converted from POSIX seconds to datetimes."""
    if isinstance(shape, StructureShape):
        return {name: with_times(member, shape.members.get(name)) for name, member in value.items()}
    if isinstance(shape, ListShape):
        return [with_times(item, shape.member) for item in value]
    is_time = shape is not None and shape.type_name == "timestamp"
    return datetime.datetime.fromtimestamp(value, datetime.timezone.utc) if is_time else value


def _validate(value: Any, shape: Shape, path: str) -> Iterator[str]:
    expected, validate = _VALIDATORS[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{_failed_constraint(value, path)}: Member must be of type {shape.type_name}"
    else:
        yield from validate(value, shape, path)


def _validate_structure(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield f"{_failed_constraint(None, _join_path(path, name))}: Member must not be null"
    for name, member in value.items():
        if name in shape.members:
            yield from _validate(member, shape.members[name], _join_path(path, name))
        else:
            yield f"{_failed_constraint(member, _join_path(path, name))}: Member is unknown"


def _validate_list(value: list[Any], shape: Any, path: str) -> Iterator[str]:
    yield from _validate_length(len(value), value, shape, path)
    for index, member in enumerate(value, start=1):
        yield from _validate(member, shape.member, f"{path}.{index}.member")


def _validate_map(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    yield from _validate_length(len(value), value, shape, path)
    for key, member in value.items():
        yield from _validate(key, shape.key, f"{path}.key")
        yield from _validate(member, shape.value, f"{path}.{key}.member")


def _validate_string(value: str, shape: Any, path: str) -> Iterator[str]:
    yield from _validate_length(len(value), value, shape, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compile_pattern(pattern).fullmatch(value):
        yield f"{_failed_constraint(value, path)}: Member must satisfy regular expression pattern: {pattern}"
    if shape.enum and value not in shape.enum:
        yield f"{_failed_constraint(value, path)}: Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _validate_number(value: float, shape: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield f"{_failed_constraint(value, path)}: Member must have value greater than or equal to {low}"
    if high is not None and value > high:
        yield f"{_failed_constraint(value, path)}: Member must have value less than or equal to {high}"


def _validate_length(length: int, value: Any, shape: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        yield f"{_failed_constraint(value, path)}: Member must have length greater than or equal to {low}"
    if high is not None and length > high:
        yield f"{_failed_constraint(value, path)}: Member must have length less than or equal to {high}"


def _accept_any(_value: Any, _shape: Any, _path: str) -> Iterator[str]:
    return iter(())


_VALIDATORS: dict[str, Any] = {
    "structure": (dict, _validate_structure),
    "list": (list, _validate_list),
    "map": (dict, _validate_map),
    "string": (str, _validate_string),
    "integer": (int, _validate_number),
    "long": (int, _validate_number),
    "boolean": (bool, _accept_any),
    "timestamp": ((int, float), _accept_any),
}


@functools.cache
def _compile_pattern(pattern: str) -> Pattern[str]:
    # The model has Java regular expressions, and Python's re has no \p classes.
    for java_class, python_class in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(java_class, python_class)
    return re.compile(pattern)


def _failed_constraint(value: Any, path: str) -> str:
    text = "null" if value is None else value
    return f"Value '{text}' at '{path[:1].lower() + path[1:]}' failed to satisfy constraint"


def _join_path(path: str, name: str) -> str:
    return f"{path}.{name[:1].lower() + name[1:]}" if path else name
