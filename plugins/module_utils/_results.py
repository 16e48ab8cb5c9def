# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users get back: the service's shapes in snake_case, times in UTC, secrets masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
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
    tags = {tag.get("Key"): tag.get("Value") for tag in detail.get("RecordTags") or []}
    others = {name: value for name, value in detail.items() if name != "RecordTags"}
    return {
        **dict.fromkeys(_RECORD_DETAIL),
        "record_errors": [],
        **snake_case(others),
        "record_tags": tags,
    }


def record(seen: Record) -> dict[str, Any]:
    """Return a record as the results record_detail and record_outputs."""
    return {"record_detail": record_detail(seen.detail), "record_outputs": dict(seen.outputs or {})}


def record_outputs(outputs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return RecordOutputs as a dict; the keys are the product's and keep their case."""
    return {str(output.get("OutputKey")): output.get("OutputValue") for output in outputs}


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
    return camel_dict_to_snake_dict(_plain(members))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
