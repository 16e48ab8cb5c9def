# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert the service's shapes to results: keys in snake_case, times in UTC."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from .models import ExecutionParameter, Record, in_utc

# The members of RecordDetail; those that the service did not return are null.
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
# The members of ProvisionedProductAttribute, and what other calls return about the product.
_PROVISIONED_PRODUCT = [
    "arn",
    "cloud_watch_dashboards",
    "created_time",
    "id",
    "idempotency_token",
    "last_provisioning_record_id",
    "last_record_id",
    "last_successful_provisioning_record_id",
    "launch_role_arn",
    "name",
    "output_list",
    "outputs",
    "physical_id",
    "product_id",
    "product_name",
    "provisioning_artifact_id",
    "provisioning_artifact_name",
    "status",
    "status_message",
    "type",
    "user_arn",
    "user_arn_session",
]
# The members of RecordOutput and of ServiceActionSummary.
_OUTPUT = ("OutputKey", "OutputValue", "Description")
_ACTION_SUMMARY = ["id", "name", "description", "definition_type"]


def record_detail(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return a RecordDetail as a result with all keys; `record_tags` is a dict whose keys keep their case."""
    others = {name: value for name, value in detail.items() if name not in ("RecordErrors", "RecordTags")}
    errors = filter(None, detail.get("RecordErrors") or ())
    return {
        **dict.fromkeys(_RECORD_DETAIL),
        **snake_case(others),
        "record_errors": [{"code": None, "description": None, **snake_case(error)} for error in errors],
        "record_tags": _tags(detail.get("RecordTags")),
    }


def record(seen: Record | None) -> dict[str, Any]:
    """Return the results that every module has for a record; without a record, they have the same keys."""
    detail, outputs = seen or Record({})
    return {
        "record_detail": record_detail(detail),
        "record_outputs": record_outputs(outputs),
        "record_output_list": output_list(outputs),
    }


def record_outputs(outputs: Iterable[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Return RecordOutputs as a dict whose keys keep their case; of outputs with the same key, the last one is kept."""
    return {str(output.get("OutputKey")): output.get("OutputValue") for output in outputs or ()}


def output_list(outputs: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Return RecordOutputs as a list with descriptions, which also keeps outputs with the same key."""
    names = ("key", "value", "description")
    return [{name: output.get(member) for name, member in zip(names, _OUTPUT)} for output in outputs or ()]


def provisioned_product(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ProvisionedProductAttribute, or a ProvisionedProductDetail, as a result; `tags` is a dict."""
    others = {name: value for name, value in attribute.items() if name != "Tags"}
    return {**snake_case(others), "tags": _tags(attribute.get("Tags"))}


def provisioned_product_item(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ProvisionedProductAttribute as a list item with all keys; what only other calls return is null."""
    return {**dict.fromkeys(_PROVISIONED_PRODUCT), **provisioned_product(attribute)}


def service_action(
    summary: Mapping[str, Any], definitions: Iterable[ExecutionParameter] | None = None
) -> dict[str, Any]:
    """Return a ServiceActionSummary as a result, with its parameters for one product if `definitions` are given."""
    parameters = None if definitions is None else list(map(_parameter, definitions))
    return {**dict.fromkeys(_ACTION_SUMMARY), **snake_case(summary), "parameters": parameters, "definition": None}


def _parameter(definition: ExecutionParameter) -> dict[str, Any]:
    return {**definition._asdict(), "default_values": list(definition.default_values)}


def service_action_detail(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ServiceActionDetail as a result: the action, and its definition with the parameters parsed."""
    definition = snake_case(detail.get("Definition") or {})
    definition["parameters"] = _parse_json(definition.get("parameters"))
    usual = dict.fromkeys(("name", "version", "assume_role"))
    return {**service_action(detail.get("ServiceActionSummary") or {}), "definition": {**usual, **definition}}


def snake_case(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return a service shape with snake_case keys and times in ISO 8601 and UTC."""
    return {_snake(name): _to_plain(value) for name, value in members.items()}


@cache
def _snake(name: str) -> str:
    # Cached, because a listing of 10,000 products has 250,000 keys, but only about twenty different ones.
    return str(next(iter(camel_dict_to_snake_dict({name: None}))))


def _to_plain(value: Any) -> Any:
    if isinstance(value, datetime):
        time = in_utc(value)
        return time.isoformat() if time else None
    if isinstance(value, dict):
        return snake_case(value)
    if isinstance(value, list):
        return [_to_plain(item) for item in value]
    return value


def _tags(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str | None]:
    return {str(tag.get("Key")): tag.get("Value") for tag in filter(None, tags or ())}


def _parse_json(text: Any) -> Any:
    """Parse a definition's parameters, which are JSON text; return text that is not JSON unchanged."""
    try:
        return json.loads(text) if text else []
    except (TypeError, ValueError):
        return text
