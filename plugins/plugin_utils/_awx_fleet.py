# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks for problems that prevent the creation of a fleet's inventory and job template in AWX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ._awx import Found, Item, find_missing_type, find_number_problems, find_problems, first

# The variable by which the playbook recognizes its own job template.
MARK = "awx_fleet_mark"
# The inputs of the credential type, and the environment variables that have their values in a job.
INPUTS = {
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
    "region": "AWS_REGION",
    "endpoint_url": "AWS_ENDPOINT_URL",
}
FIELDS = f"the fields {', '.join(INPUTS)}, injected as the variables {', '.join(INPUTS.values())}"
NAME_LENGTH = 400
PARAMETER = "has a parameter without a default, which the survey of a fleet does not ask for"


def given(options: Item, name: str) -> dict[str, Any]:
    """Return the items of a dict option. Empty values count as not given and are left out."""
    return {key: value for key, value in (options.get(name) or {}).items() if value}


def problems_of_awx(found: Found, options: Item, names: Mapping[str, str]) -> Iterator[str]:
    """Yield a message for each object that is missing in AWX or can't be changed."""
    playbooks = {options["playbook"]: "bulk_service_action"}
    yield from find_problems(found, {**options, "playbooks": playbooks})
    if first(found, "projects").get("scm_type") == "":
        yield (
            f"AWX can't read an inventory source from the manual project {options['project']}. Give a project that AWX"
            " syncs from a repository."
        )
    if found.get("organizations"):
        yield from find_number_problems(names.values())
        yield from _problems_of_names(found, names)
        yield from _problems_of_credential(found, options)


def _problems_of_names(found: Found, names: Mapping[str, str]) -> Iterator[str]:
    if "++" in names["inventory"] or len(names["inventory"]) > NAME_LENGTH:
        yield f"AWX can't look up a name with ++ or more than {NAME_LENGTH} characters. Give another awx_fleet_name."
    if kind := first(found, "inventories").get("kind"):
        yield f"The {kind} inventory {names['inventory']} can't have a source. Give another awx_fleet_name."
    template = first(found, "job_templates")
    if template and not _is_own(template):
        yield (
            f"The job template {template['name']} was not created by this playbook. Rename it, or give another "
            "awx_fleet_name."
        )


def _is_own(template: Item) -> bool:
    """Return whether the playbook created the job template, and it was not copied or renamed since."""
    try:
        variables = yaml.safe_load(template.get("extra_vars") or "")
    except yaml.YAMLError:
        return False
    return isinstance(variables, dict) and variables.get(MARK) == template["name"]


def _problems_of_credential(found: Found, options: Item) -> Iterator[str]:
    name, inputs = options["credential"], given(options, "inputs")
    credentials = found.get("credentials") or []
    if ("access_key_id" in inputs) != bool(options.get("has_secret_key")):
        yield "Give awx_fleet_access_key and awx_fleet_secret_key together."
    elif not credentials:
        yield from _problems_of_new_credential(found, options)
    elif len(credentials) > 1:
        yield (
            f"The organization {options['organization']} has {len(credentials)} credentials {name}. Rename all but one,"
            " or give the name of another."
        )
    elif inputs and not owns_credential(found):
        yield (
            f"The credential {name} is not of the type {options['credential_type']}, so it has no {', '.join(inputs)}."
            " Leave them out and give the regions in the file of the inventory source, or give another"
            " awx_fleet_credential."
        )


def _problems_of_new_credential(found: Found, options: Item) -> Iterator[str]:
    name = options["credential_type"]
    if not options.get("has_secret_key"):
        yield (
            f"The organization {options['organization']} has no credential {options['credential']}. Create it in AWX,"
            " or give awx_fleet_access_key and awx_fleet_secret_key to have it created."
        )
        return
    yield from find_missing_type(found, name, fields=FIELDS)
    for kind in found.get("credential_types") or []:
        if not INPUTS.keys() <= {field["id"] for field in kind["inputs"].get("fields", [])}:
            yield f"The credential type {name} lacks {FIELDS}. Give another awx_fleet_credential_type."


def owns_credential(found: Found) -> bool:
    """Return whether the credential exists and has the playbook's own credential type."""
    kind = first(found, "credential_types").get("id")
    return kind is not None and first(found, "credentials").get("credential_type") == kind


def problems_of_actions(offered: Mapping[str, bool], wanted: list[str]) -> Iterator[str]:
    """Yield a message for each wanted action that the survey can't offer.

    `offered` maps the names of actions to whether they have a parameter that needs an answer.
    """
    if not offered:
        yield "The product has no service action."
    elif not wanted:
        yield f"Every service action {PARAMETER}."
    for name in wanted:
        if name not in offered:
            yield f"The product has no service action {name}. It has: {', '.join(offered) or 'none'}."
        elif offered[name]:
            yield f"The service action {name} {PARAMETER}."
