# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users get back: the service's shapes in snake_case, times in UTC, secrets masked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from ._types import ExecutionParameter, Parameters, Record, Request

MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

# The members of RecordDetail; one that the service did not give is null.
_RECORD_DETAIL = [
    "record_id",
    "provisioned_product_name",
    "status",
    "created_time",
    "updated_time",
    "provisioned_product_type",
    "record_type",
    "provisioned_product_id",
    "product_id",
    "provisioning_artifact_id",
    "path_id",
    "launch_role_arn",
]


def record_detail(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return a RecordDetail as a result: all its keys, `record_tags` a dict that keeps the case of its keys."""
    others = {name: value for name, value in detail.items() if name != "RecordTags"}
    return {
        **dict.fromkeys(_RECORD_DETAIL),
        "record_errors": [],
        **snake_case(others),
        "record_tags": _tags(detail.get("RecordTags")),
    }


def record(seen: Record) -> dict[str, Any]:
    """Return a record as the results record_detail and record_outputs."""
    return {"record_detail": record_detail(seen.detail), "record_outputs": dict(seen.outputs or {})}


def flat_record(seen: Record) -> dict[str, Any]:
    """Return a record as one item of a list: its detail, and its outputs as record_outputs."""
    return {**record_detail(seen.detail), "record_outputs": dict(seen.outputs or {})}


def record_outputs(outputs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return RecordOutputs as a dict; the keys are the product's and keep their case."""
    return {str(output.get("OutputKey")): output.get("OutputValue") for output in outputs}


def provisioned_product(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ProvisionedProductAttribute, or a ProvisionedProductDetail, as a result; `tags` is a dict."""
    others = {name: value for name, value in attribute.items() if name != "Tags"}
    return {**snake_case(others), "tags": _tags(attribute.get("Tags"))}


def service_action(
    summary: Mapping[str, Any], definitions: Iterable[ExecutionParameter] | None = None
) -> dict[str, Any]:
    """Return a ServiceActionSummary as a result, with the parameters it takes on one product if they are given."""
    shaped = snake_case(summary)
    if definitions is not None:
        shaped["parameters"] = [
            {"name": each.name, "type": each.type, "default_values": list(each.default_values)} for each in definitions
        ]
    return shaped


def service_action_detail(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ServiceActionDetail as a result: the action, and its definition with the parameters parsed."""
    definition = snake_case(detail.get("Definition") or {})
    definition["parameters"] = _parsed(definition.get("parameters"))
    usual = dict.fromkeys(("name", "version", "assume_role"))
    return {**snake_case(detail.get("ServiceActionSummary") or {}), "definition": {**usual, **definition}}


def request(sent: Request, secret_names: Iterable[str]) -> dict[str, Any]:
    """Return what was or would be sent, the values of `secret_names` masked."""
    return {
        "provisioned_product_id": sent.provisioned_product_id,
        "service_action_id": sent.service_action_id,
        "execute_token": sent.execute_token,
        "accept_language": sent.accept_language,
        "parameters": masked(sent.parameters, secret_names),
    }


def masked(parameters: Parameters, secret_names: Iterable[str]) -> Parameters:
    """Return the parameters with each value of `secret_names` replaced."""
    secret = set(secret_names)
    return {name: [MASK] * len(values) if name in secret else values for name, values in parameters.items()}


def diff(
    definitions: Iterable[ExecutionParameter] | None, sent: Request, secret_names: Iterable[str]
) -> dict[str, Any]:
    """Return Ansible's diff of the parameters: the action's defaults before, what takes effect after.

    `definitions` is None where they may not be read.
    """
    defaults = {definition.name: list(definition.default_values) for definition in definitions or ()}
    secret = set(secret_names)
    return {
        "before_header": "defaults of the service action",
        "after_header": "effective parameters",
        "before": {"parameters": masked(defaults, secret)},
        "after": {"parameters": masked({**defaults, **sent.parameters}, secret)},
    }


def snake_case(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return a service shape with snake_case keys and ISO 8601 times in UTC."""
    return {_snake(name): _plain(value) for name, value in members.items()}


@cache
def _snake(name: str) -> str:
    # Cached: a listing of 10,000 products has a quarter of a million keys, and some twenty names.
    return str(next(iter(camel_dict_to_snake_dict({name: None}))))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    if isinstance(value, dict):
        return snake_case(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _tags(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str | None]:
    return {str(tag.get("Key")): tag.get("Value") for tag in filter(None, tags or ())}


def printable(text: str) -> str:
    """Return a text for a terminal: what would steer it, or turn the direction of reading, stands there as its code."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def _parsed(text: Any) -> Any:
    """Return a definition's parameters, which the service gives as JSON text, as what they say, else as they are."""
    try:
        return json.loads(text) if text else []
    except (TypeError, ValueError):
        return text
