# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX holds the fields of an object to before it is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
import jinja2.meta

from .kinds import KINDS, Item, Kind
from .refusals import Refusal, invalid

Items = Mapping[str, Mapping[int, Item]]
VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
SET_DEFAULT = "Must either set a default value or ask to prompt on launch."


def check_fields(kind: Kind, sent: Mapping[str, Any], items: Items) -> None:
    """Refuse fields that are unknown, of the wrong type, or refer to nothing."""
    for name, value in sent.items():
        field = kind.fields.get(name)
        if field is None:
            # AWX drops it; whoever sends it has misread the API.
            raise invalid(**{name: "Unknown field."})
        if value is None and str in field.types and not field.required:
            # AWX takes it for an empty text.
            continue
        if not isinstance(value, field.types) or (isinstance(value, bool) and bool not in field.types):
            raise invalid(**{name: "Not a valid value."})
        if field.required and value == "":
            raise invalid(**{name: "This field may not be blank."})
        if field.choices and value not in field.choices:
            raise invalid(**{name: f'"{value}" is not a valid choice.'})
        if field.refers_to and value is not None and value not in items[field.refers_to]:
            raise invalid(**{name: f'Invalid pk "{value}" - object does not exist.'})
        if name == "name" and len(str(value)) > 512:
            raise invalid(name="Ensure this field has no more than 512 characters.")


def check_query(kind: Kind, name: str) -> None:
    """Refuse a query for a field that is unknown or not to be searched."""
    first, further = [*name.split("__", 1), ""][:2]
    field = kind.fields.get(first)
    if (field is None and first != "id") or (further and not (field and field.refers_to)):
        raise Refusal(400, {"detail": f"{kind.type} has no field named '{name}'"})
    if field and not field.filterable:
        raise Refusal(400, {"detail": f"Filtering on field {first} is not allowed."})
    if field and further:
        check_query(KINDS[field.refers_to], further)


def check_item(kind: Kind, item: Item, items: Items, *, old: Item | None) -> None:
    """Refuse an object that is incomplete, not unique, or not right for its kind."""
    for name, field in kind.fields.items():
        if field.required and item.get(name) is None:
            raise invalid(**{name: "This field is required."})
    for other in items[kind.endpoint].values():
        if other["id"] != item.get("id") and all(other.get(name) == item.get(name) for name in kind.unique):
            names = ", ".join(name for name in kind.unique)
            raise Refusal(400, {"__all__": [f"{kind.type} with this ({names}) combination already exists."]})
    check = CHECKS.get(kind.endpoint)
    if check:
        check(item, items, old)


def _check_job_template(item: Item, items: Items, _old: Item | None) -> None:
    if item["project"] is None:
        raise invalid(project="Job Templates must have a project assigned.")
    if item["inventory"] is None and not item["ask_inventory_on_launch"]:
        raise invalid(inventory=SET_DEFAULT)
    if item["playbook"] not in items["projects"][item["project"]]["playbooks"]:
        raise invalid(playbook="Playbook not found for project.")
    try:
        variables = json.loads(item["extra_vars"] or "{}")
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        raise invalid(extra_vars="Cannot parse as JSON.")


def _check_credential_type(item: Item, items: Items, old: Item | None) -> None:
    inputs, injectors = item["inputs"], item["injectors"]
    fields = inputs.get("fields", [])
    if not all({"id", "label"} <= set(each) and each.get("type", "string") in ("string", "boolean") for each in fields):
        raise invalid(inputs="Invalid schema for field.")
    known = {each["id"] for each in fields}
    for name, template in injectors.get("env", {}).items():
        if not VARIABLE.fullmatch(name):
            raise invalid(injectors=f"{name} is not allowed as the name of an environment variable.")
        used = jinja2.meta.find_undeclared_variables(jinja2.Environment(autoescape=True).parse(template))
        if not used or not used <= known:
            raise invalid(injectors=f"{template} uses an undefined field for {name}.")
    if old and (old["inputs"], old["injectors"]) != (inputs, injectors):
        users = [each for each in items["credentials"].values() if each["credential_type"] == item["id"]]
        if users and old["inputs"] != inputs:
            raise invalid(inputs="Modifications to inputs are not allowed for credential types that are in use")


def _check_credential(item: Item, items: Items, _old: Item | None) -> None:
    if item["organization"] is None:
        raise invalid(detail="Missing 'user', 'team', or 'organization'.")
    schema = items["credential_types"][item["credential_type"]]["inputs"]
    known = {field["id"] for field in schema.get("fields", [])}
    if unknown := set(item["inputs"]) - known:
        raise invalid(inputs=f"Invalid fields: {', '.join(sorted(unknown))}")
    if missing := set(schema.get("required", [])) - set(item["inputs"]):
        raise invalid(inputs=f"required for {', '.join(sorted(missing))}")


CHECKS: dict[str, Callable[[Item, Items, Item | None], None]] = {
    "credential_types": _check_credential_type,
    "credentials": _check_credential,
    "job_templates": _check_job_template,
}
