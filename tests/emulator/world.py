# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parsing and validation of worlds, which are YAML files or mappings."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, Union

import yaml

from .generated import expand
from .models import (
    ActionParameter,
    Artifact,
    Caller,
    Change,
    Definition,
    Output,
    Product,
    ProvisionedProduct,
    Run,
    RunError,
    ServiceAction,
    World,
)
from .policies import read_policy
from .shapes import find_violations, service_model

DEMO = pathlib.Path(__file__).parent / "worlds" / "demo.yml"
FIRST_CREATED_TIME = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp()

T = TypeVar("T")
WorldSource = Union[str, pathlib.Path, Mapping[str, Any], None]


class WorldError(ValueError):
    """The source does not define a valid world."""


def read_world(source: WorldSource = None) -> World:
    """Return the world from a YAML file or from a mapping of the same form; by default, the demo's world."""
    if source is None or isinstance(source, (str, pathlib.Path)):
        source = _load_yaml(pathlib.Path(source or DEMO))
    raw = _as_mapping(source, "the world")
    actions = _index_by_id(_parse_service_action(item) for item in _pop_list(raw, "service_actions"))
    products = _index_by_id(_parse_product(item) for item in _pop_list(raw, "products"))
    items = _pop_list(raw, "provisioned_products")
    for number, generated in enumerate(_pop_list(raw, "generated"), start=1):
        items.extend(expand(_as_mapping(generated, "generated"), number))
    callers = {caller.access_key: caller for caller in map(_parse_caller, _pop_list(raw, "callers"))}
    world = _build(World, raw, "the world", service_actions=actions, products=products, callers=callers)
    provisioned = _index_by_id(_parse_provisioned_product(item, index, world) for index, item in enumerate(items))
    world = dataclasses.replace(world, provisioned_products=provisioned)
    _check_references(world)
    return world


def change_run(run: Run, raw: Any, where: str) -> Run:
    """Return a run with the members in a mapping changed."""
    members = _as_mapping(raw, where)
    if "errors" in members:
        members["errors"] = tuple(_build(RunError, item, f"{where}, errors") for item in members["errors"] or ())
    if "outputs" in members:
        members["outputs"] = parse_outputs(members["outputs"], where)
    return _build(Run, {**{item.name: getattr(run, item.name) for item in dataclasses.fields(run)}, **members}, where)


def parse_outputs(raw: Any, where: str) -> tuple[Output, ...]:
    """Return outputs from a mapping of keys to values, or from a list of mappings with descriptions."""
    if isinstance(raw, Mapping):
        return tuple(Output(*pair) for pair in _string_mapping(raw).items())
    return tuple(_build(Output, item, f"{where}, outputs") for item in _pop_list({"outputs": raw}, "outputs"))


def parse_tags(raw: Any, where: str) -> dict[str, str]:
    """Return tags; raise WorldError if they violate the service's model."""
    tags = _string_mapping(raw)
    if violations := _tag_violations(tuple(tags.items())):
        raise WorldError(f"{where}, tags: {violations}")
    return tags


@functools.cache
def _tag_violations(tags: tuple[tuple[str, str], ...]) -> str:
    # Cached, because thousands of generated products have the same tags.
    members = [{"Key": key, "Value": value} for key, value in tags]
    return "; ".join(find_violations(members, service_model("servicecatalog").shape_for("Tags")))


def parse_change(raw: Any, where: str) -> Change | None:
    """Return the change of a provisioned product by another user, or None."""
    return None if raw is None else _build(Change, raw, f"{where}, change")


def posix_time(value: Any) -> float:
    """Convert a number, an ISO 8601 string or a YAML timestamp to POSIX seconds. The default time zone is UTC."""
    if isinstance(value, (int, float)):
        return float(value)
    moment = datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()


def _load_yaml(path: pathlib.Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise WorldError(f"{path}: {error}") from error


def _parse_caller(raw: Any) -> Caller:
    members = _as_mapping(raw, "callers")
    try:
        policy = read_policy(members.pop("policy", None))
    except (LookupError, TypeError, ValueError) as error:
        raise WorldError(f"callers, policy: {error}") from error
    return _build(Caller, members, "callers", policy=policy)


def _parse_service_action(raw: Any) -> ServiceAction:
    where = f"service action {_label(raw)}"
    members = _as_mapping(raw, where)
    definition = members.pop("definition", None) or {"name": "AWS-RestartEC2Instance"}
    return _build(
        ServiceAction,
        members,
        where,
        definition=_build(Definition, definition, f"{where}, definition"),
        parameters=tuple(_parse_action_parameter(item, where) for item in _pop_list(members, "parameters")),
        run=change_run(Run(), members.pop("run", None) or {}, f"{where}, run"),
    )


def _parse_action_parameter(raw: Any, where: str) -> ActionParameter:
    members = _as_mapping(raw, where)
    values = tuple(str(value) for value in _pop_list(members, "default_values"))
    return _build(ActionParameter, members, f"{where}, parameters", default_values=values)


def _parse_product(raw: Any) -> Product:
    where = f"product {_label(raw)}"
    members = _as_mapping(raw, where)
    artifacts = _index_by_id(_parse_artifact(item, where) for item in _pop_list(members, "artifacts"))
    return _build(Product, members, where, artifacts=artifacts)


def _parse_artifact(raw: Any, where: str) -> Artifact:
    members = _as_mapping(raw, where)
    actions = tuple(_pop_list(members, "service_actions"))
    return _build(Artifact, members, f"{where}, artifacts", service_actions=actions)


def _parse_provisioned_product(raw: Any, index: int, world: World) -> ProvisionedProduct:
    where = f"provisioned product {_label(raw)}"
    launch_role = f"arn:aws:iam::{world.account}:role/ServiceCatalogLaunch"
    members = {"user_arn": world.user_arn, "launch_role_arn": launch_role, **_as_mapping(raw, where)}
    created = members.pop("created_time", None)
    run = members.pop("run", None) or {}
    change_run(Run(), run, f"{where}, run")
    return _build(
        ProvisionedProduct,
        members,
        where,
        created_time=FIRST_CREATED_TIME + index if created is None else posix_time(created),
        resources=tuple(str(item) for item in _pop_list(members, "resources")),
        tags=parse_tags(members.pop("tags", None), where),
        outputs=parse_outputs(members.pop("outputs", None), where),
        dashboards=tuple(_pop_list(members, "dashboards")),
        run=run,
        change=parse_change(members.pop("change", None), where),
    )


def _check_references(world: World) -> None:
    for product in world.products.values():
        for artifact in product.artifacts.values():
            for action in artifact.service_actions:
                _resolve(action, world.service_actions, f"artifact {artifact.id}")
    for item in world.provisioned_products.values():
        product = _resolve(item.product, world.products, f"provisioned product {item.id}")
        _resolve(item.artifact, product.artifacts, f"provisioned product {item.id}")


def _resolve(name: str, index: Mapping[str, T], where: str) -> T:
    if name not in index:
        raise WorldError(f"{where}: {name!r} is not defined")
    return index[name]


def _build(kind: type[T], raw: Any, where: str, **converted: Any) -> T:
    members = {**_as_mapping(raw, where), **converted}
    known = {item.name for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(members) - known)
    if unknown:
        raise WorldError(f"{where}: unknown {', '.join(unknown)}; the known members are {', '.join(sorted(known))}")
    try:
        return kind(**members)
    except TypeError as error:
        raise WorldError(f"{where}: {error}") from error


def _as_mapping(raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise WorldError(f"{where}: expected a mapping, not {raw!r}")
    return dict(raw)


def _pop_list(members: dict[str, Any], name: str) -> list[Any]:
    value = members.pop(name, None)
    if value is not None and not isinstance(value, (list, tuple)):
        raise WorldError(f"{name}: expected a list, not {value!r}")
    return list(value or ())


def _string_mapping(raw: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (raw or {}).items()}


def _label(raw: Any) -> str:
    return str(raw.get("id", "without an id")) if isinstance(raw, Mapping) else repr(raw)


def _index_by_id(items: Iterable[Any]) -> dict[str, Any]:
    index: dict[str, Any] = {}
    for item in items:
        if item.id in index:
            raise WorldError(f"{item.id!r} is defined twice")
        index[item.id] = item
    return index
