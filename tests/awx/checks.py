# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX's validation of queries, fields and objects."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jinja2
import jinja2.meta

from .errors import ApiError, bad_request, validation_error
from .inventories import check_inventory_source
from .resource_types import RESOURCE_TYPES, Field, Item, ResourceType

Items = Mapping[str, Mapping[int, Item]]
VARIABLE_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
INPUT_TYPES = ("string", "boolean")
RRULE = re.compile(r"DTSTART(:\d{8}T\d{6}Z|;TZID=[^:]+:\d{8}T\d{6}) RRULE:(?!.*SECONDLY).*INTERVAL=.*")
MISSING_DEFAULT = "Must either set a default value or ask to prompt on launch."

# Conditions that make a value invalid, with their messages. The type comes first: the others rely on it.
FIELD_CHECKS: tuple[tuple[Callable[[Field, Any, Items], Any], str], ...] = (
    (lambda field, value, _items: not field.accepts(value), "Not a valid value."),
    (lambda field, value, _items: field.required and value == "", "This field may not be blank."),
    (lambda field, value, _items: field.choices and value not in field.choices, '"{value}" is not a valid choice.'),
    (
        lambda field, value, items: field.refers_to and value is not None and value not in items[field.refers_to],
        'Invalid pk "{value}" - object does not exist.',
    ),
    (
        lambda field, value, _items: field.max_length and len(value) > field.max_length,
        "Ensure this field has no more than {field.max_length} characters.",
    ),
)


def check_fields(resource_type: ResourceType, data: Mapping[str, Any], items: Items) -> None:
    """Reject fields that are unknown, have an invalid value, or refer to an object that does not exist."""
    for name, value in data.items():
        field = resource_type.fields.get(name)
        if field is None:
            # AWX ignores unknown fields, but a client that sends one has a bug.
            raise validation_error(**{name: "Unknown field."})
        for is_invalid, message in FIELD_CHECKS:
            if is_invalid(field, field.clean(value), items):
                raise validation_error(**{name: message.format(field=field, value=value)})


def read_filters(resource_type: ResourceType, query: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of a query, or reject them."""
    filters = {name: value for name, value in query.items() if name not in ("page", "page_size")}
    for name in filters:
        _check_filter(resource_type, name.removeprefix("or__"))
    return filters


def _check_filter(resource_type: ResourceType, lookup: str) -> None:
    """Reject a query filter on a field that is unknown or not filterable."""
    name, related_lookup = [*lookup.split("__", 1), ""][:2]
    field = resource_type.fields.get(name)
    if (field is None and name != "id") or (related_lookup and not (field and field.refers_to)):
        raise ApiError(400, {"detail": f"{resource_type.type} has no field named '{lookup}'"})
    if field and not field.filterable:
        raise ApiError(400, {"detail": f"Filtering on field {name} is not allowed."})
    if field and related_lookup:
        _check_filter(RESOURCE_TYPES[field.refers_to], related_lookup)


def check_item(resource_type: ResourceType, item: Item, items: Items, *, old: Item | None) -> None:
    """Reject an object that is incomplete, not unique, or invalid for its resource type."""
    for name, field in resource_type.fields.items():
        if field.required and item.get(name) is None:
            raise validation_error(**{name: "This field is required."})
    unique = resource_type.unique
    for other in items[resource_type.endpoint].values():
        if other["id"] != item.get("id") and all(other.get(name) == item.get(name) for name in unique):
            message = f"{resource_type.type} with this ({', '.join(unique)}) combination already exists."
            raise ApiError(400, {"__all__": [message]})
    check = CHECKS.get(resource_type.endpoint)
    if check:
        check(item, items, old)


def check_association(credential: Item, associated: Iterable[int], items: Items) -> None:
    """Reject a job template's second credential of a type, or of the type Vault the second with the same vault id."""
    types = items["credential_types"]

    def slot(each: Item) -> tuple[int, Any]:
        type_id = each["credential_type"]
        return type_id, types[type_id]["kind"] == "vault" and each["inputs"].get("vault_id", "")

    if slot(credential) in [slot(items["credentials"][other]) for other in associated]:
        raise bad_request(f"Cannot assign multiple {types[credential['credential_type']]['name']} credentials.")


def _check_job_template(item: Item, items: Items, _old: Item | None) -> None:
    if item["project"] is None:
        raise validation_error(project="Job Templates must have a project assigned.")
    if item["inventory"] is None and not item["ask_inventory_on_launch"]:
        raise validation_error(inventory=MISSING_DEFAULT)
    if item["playbook"] not in items["projects"][item["project"]]["playbooks"]:
        raise validation_error(playbook="Playbook not found for project.")
    try:
        variables = json.loads(item["extra_vars"] or "{}")
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        raise validation_error(extra_vars="Cannot parse as JSON.")


def _check_credential_type(item: Item, items: Items, old: Item | None) -> None:
    inputs = item["inputs"]
    fields = inputs.get("fields", [])
    if not all({"id", "label"} <= set(field) and field.get("type", "string") in INPUT_TYPES for field in fields):
        raise validation_error(inputs="Invalid schema for field.")
    _check_injectors(item["injectors"], {field["id"] for field in fields})
    if old and old["inputs"] != inputs:
        used_types = {credential["credential_type"] for credential in items["credentials"].values()}
        if item["id"] in used_types:
            raise validation_error(
                inputs="Modifications to inputs are not allowed for credential types that are in use"
            )


def _check_injectors(injectors: Mapping[str, Any], input_ids: set[str]) -> None:
    for name, template in injectors.get("env", {}).items():
        if not VARIABLE_NAME.fullmatch(name):
            raise validation_error(injectors=f"{name} is not allowed as the name of an environment variable.")
        used = jinja2.meta.find_undeclared_variables(jinja2.Environment(autoescape=True).parse(template))
        if not used or not used <= input_ids:
            raise validation_error(injectors=f"{template} uses an undefined field for {name}.")


def _check_credential(item: Item, items: Items, _old: Item | None) -> None:
    if item["organization"] is None:
        raise validation_error(detail="Missing 'user', 'team', or 'organization'.")
    schema = items["credential_types"][item["credential_type"]]["inputs"]
    known = {field["id"] for field in schema.get("fields", [])}
    if unknown := set(item["inputs"]) - known:
        raise validation_error(inputs=f"Invalid fields: {', '.join(sorted(unknown))}")
    if missing := set(schema.get("required", [])) - set(item["inputs"]):
        raise validation_error(inputs=f"required for {', '.join(sorted(missing))}")


def _check_execution_environment(item: Item, _items: Items, old: Item | None) -> None:
    if old and item["organization"] not in (None, old["organization"]):
        raise validation_error(organization="Cannot change the organization of an execution environment")


def _check_schedule(item: Item, _items: Items, _old: Item | None) -> None:
    if not RRULE.fullmatch(item["rrule"]):
        raise validation_error(rrule="Valid DTSTART and INTERVAL required in rrule.")


CHECKS: dict[str, Callable[[Item, Items, Item | None], None]] = {
    "credential_types": _check_credential_type,
    "credentials": _check_credential,
    "execution_environments": _check_execution_environment,
    "inventory_sources": check_inventory_source,
    "job_templates": _check_job_template,
    "schedules": _check_schedule,
}
