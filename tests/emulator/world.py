# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world read from YAML or a mapping, and refused when it does not add up."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, Union

import yaml

from .models import (
    ActionParameter,
    Artifact,
    Definition,
    Product,
    ProvisionedProduct,
    Run,
    RunError,
    ServiceAction,
    World,
)

DEMO = pathlib.Path(__file__).parent / "worlds" / "demo.yml"
FIRST_CREATED_TIME = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp()

_NUMBER = re.compile(r"\{n(?::([^}]*))?\}")

T = TypeVar("T")
WorldSource = Union[str, pathlib.Path, Mapping[str, Any], None]


class WorldError(ValueError):
    """The text does not describe a world."""


def read_world(source: WorldSource = None) -> World:
    """Return the world of a YAML file or of a mapping of the same form; without either, the demo's."""
    if source is None or isinstance(source, (str, pathlib.Path)):
        source = _load(pathlib.Path(source or DEMO))
    raw = _members(source, "the world")
    actions = _by_id(_service_action(item) for item in _items(raw, "service_actions"))
    products = _by_id(_product(item) for item in _items(raw, "products"))
    items = _items(raw, "provisioned_products")
    for number, fleet in enumerate(_items(raw, "generated"), start=1):
        items.extend(_fleet(fleet, number))
    world = _build(World, raw, "the world", service_actions=actions, products=products)
    provisioned = _by_id(_provisioned_product(item, index, world.user_arn) for index, item in enumerate(items))
    world = dataclasses.replace(world, provisioned_products=provisioned)
    _check_references(world)
    return world


def change_run(run: Run, raw: Any, where: str) -> Run:
    """Return a run with the members given in a mapping replaced."""
    members = _members(raw, where)
    if "errors" in members:
        members["errors"] = tuple(_build(RunError, item, f"{where}, errors") for item in members["errors"] or ())
    if "outputs" in members:
        members["outputs"] = _texts(members["outputs"])
    return _build(Run, {**{item.name: getattr(run, item.name) for item in dataclasses.fields(run)}, **members}, where)


def posix_time(value: Any) -> float:
    """Return POSIX seconds of a number, ISO 8601 text or what YAML made of that; without a zone it is UTC."""
    if isinstance(value, (int, float)):
        return float(value)
    moment = datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()


def _load(path: pathlib.Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise WorldError(f"{path}: {error}") from error


def _service_action(raw: Any) -> ServiceAction:
    where = f"service action {_id(raw)}"
    members = _members(raw, where)
    definition = members.pop("definition", None) or {"name": "AWS-RestartEC2Instance"}
    return _build(
        ServiceAction,
        members,
        where,
        definition=_build(Definition, definition, f"{where}, definition"),
        parameters=tuple(_action_parameter(item, where) for item in _items(members, "parameters")),
        run=change_run(Run(), members.pop("run", None) or {}, f"{where}, run"),
    )


def _action_parameter(raw: Any, where: str) -> ActionParameter:
    members = _members(raw, where)
    values = tuple(str(value) for value in _items(members, "default_values"))
    return _build(ActionParameter, members, f"{where}, parameters", default_values=values)


def _product(raw: Any) -> Product:
    where = f"product {_id(raw)}"
    members = _members(raw, where)
    artifacts = _by_id(_artifact(item, where) for item in _items(members, "artifacts"))
    return _build(Product, members, where, artifacts=artifacts)


def _artifact(raw: Any, where: str) -> Artifact:
    members = _members(raw, where)
    actions = tuple(_items(members, "service_actions"))
    return _build(Artifact, members, f"{where}, artifacts", service_actions=actions)


def _fleet(raw: Any, number: int) -> Iterator[dict[str, Any]]:
    members = {"id": f"pp-{number}-{{n:09}}", "name": f"fleet-{number}-{{n:05}}", **_members(raw, "generated")}
    count = members.pop("count", 0)
    for n in range(1, count + 1):
        yield {key: _numbered(value, n) for key, value in members.items()}


def _numbered(value: Any, n: int) -> Any:
    if isinstance(value, str):
        return _NUMBER.sub(lambda match: format(n, match.group(1) or ""), value)
    if isinstance(value, list):
        return [_numbered(item, n) for item in value]
    return {key: _numbered(item, n) for key, item in value.items()} if isinstance(value, dict) else value


def _provisioned_product(raw: Any, index: int, user_arn: str) -> ProvisionedProduct:
    where = f"provisioned product {_id(raw)}"
    members = {"user_arn": user_arn, **_members(raw, where)}
    created = members.pop("created_time", None)
    run = members.pop("run", None) or {}
    change_run(Run(), run, f"{where}, run")
    return _build(
        ProvisionedProduct,
        members,
        where,
        created_time=FIRST_CREATED_TIME + index if created is None else posix_time(created),
        resources=tuple(str(item) for item in _items(members, "resources")),
        tags=_texts(members.pop("tags", None)),
        run=run,
    )


def _check_references(world: World) -> None:
    for product in world.products.values():
        for artifact in product.artifacts.values():
            for action in artifact.service_actions:
                _known(action, world.service_actions, f"artifact {artifact.id}")
    for item in world.provisioned_products.values():
        product = _known(item.product, world.products, f"provisioned product {item.id}")
        _known(item.artifact, product.artifacts, f"provisioned product {item.id}")


def _known(name: str, index: Mapping[str, T], where: str) -> T:
    if name not in index:
        raise WorldError(f"{where}: there is no {name!r}")
    return index[name]


def _build(kind: type[T], raw: Any, where: str, **converted: Any) -> T:
    members = {**_members(raw, where), **converted}
    known = {item.name for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(members) - known)
    if unknown:
        raise WorldError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    try:
        return kind(**members)
    except TypeError as error:
        raise WorldError(f"{where}: {error}") from error


def _members(raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise WorldError(f"{where}: expected a mapping, not {raw!r}")
    return dict(raw)


def _items(members: dict[str, Any], name: str) -> list[Any]:
    value = members.pop(name, None)
    if value is not None and not isinstance(value, (list, tuple)):
        raise WorldError(f"{name}: expected a list, not {value!r}")
    return list(value or ())


def _texts(raw: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (raw or {}).items()}


def _id(raw: Any) -> str:
    return str(raw.get("id", "without an id")) if isinstance(raw, Mapping) else repr(raw)


def _by_id(items: Iterable[Any]) -> dict[str, Any]:
    index: dict[str, Any] = {}
    for item in items:
        if item.id in index:
            raise WorldError(f"{item.id!r} is there twice")
        index[item.id] = item
    return index
