# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the way of making a fleet in AWX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

# The variable by which the playbook knows its own job template.
MARK = "awx_fleet_mark"
# The inputs of the credential type.
INPUTS = {"access_key_id", "secret_access_key", "session_token", "region", "endpoint_url"}
NAME_LENGTH = 400
PARAMETER = "has a parameter without a default, which the survey of a fleet does not ask for"

Item = Mapping[str, Any]
Found = Mapping[str, list[dict[str, Any]]]


def first(found: Found, endpoint: str) -> dict[str, Any]:
    """Return the first object that was found at an endpoint, which is empty if there is none."""
    return (found.get(endpoint) or [{}])[0]


def given(options: Item, name: str) -> dict[str, Any]:
    """Return what of an option that is a dict was given: an empty text counts as not given."""
    return {key: value for key, value in (options.get(name) or {}).items() if value}


def problems_of_awx(found: Found, options: Item, names: Mapping[str, str]) -> list[str]:
    """Return what is in the way in AWX; without the organization or the project, nothing else can be told."""
    organization, project, playbook = (options[option] for option in ("organization", "project", "playbook"))
    if not found.get("organizations"):
        return [f"AWX has no organization {organization}, or you may not see it."]
    if not found.get("projects"):
        return [f"The organization {organization} has no project {project}, or you may not see it."]
    problems = [*_problems_of_names(found, names), *_problems_of_image(found, options)]
    problems += _problems_of_credential(found, options)
    if playbook not in (found.get("playbooks") or []):
        problems.append(
            f"The project {project} has no playbook {playbook}. Add it to the project's repository, with the line "
            '"- import_playbook: selfservice.aws.bulk_service_action", and sync the project.'
        )
    return problems


def _problems_of_names(found: Found, names: Mapping[str, str]) -> Iterator[str]:
    if "++" in names["inventory"] or len(names["inventory"]) > NAME_LENGTH:
        yield f"AWX can't look up a name with ++ or more than {NAME_LENGTH} characters. Give another awx_fleet_name."
    if kind := first(found, "inventories").get("kind"):
        yield f"The {kind} inventory {names['inventory']} takes no source. Give another awx_fleet_name."
    template = first(found, "job_templates")
    if template and not _is_own(template):
        yield (
            f"The job template {template['name']} was not made by this playbook. Rename it, or give another "
            "awx_fleet_name."
        )


def _is_own(template: Item) -> bool:
    """Tell whether the playbook made a job template, which was not copied or renamed since."""
    try:
        variables = yaml.safe_load(template.get("extra_vars") or "")
    except yaml.YAMLError:
        return False
    return isinstance(variables, dict) and variables.get(MARK) == template["name"]


def _problems_of_image(found: Found, options: Item) -> Iterator[str]:
    name, image = (options.get(option) for option in ("execution_environment", "image"))
    environment = first(found, "execution_environments")
    if image and not name:
        yield "Say with awx_fleet_execution_environment how the execution environment with this image is to be named."
    if name and not image and not environment:
        yield f"AWX has no execution environment {name}. Give awx_fleet_image, and it is made."
    if environment.get("organization") not in (None, first(found, "organizations")["id"]):
        yield (
            f"The execution environment {name} belongs to another organization, and AWX allows no second one of its "
            "name. Give another awx_fleet_execution_environment."
        )


def _problems_of_credential(found: Found, options: Item) -> Iterator[str]:
    name, inputs = options["credential"], given(options, "inputs")
    credentials = found.get("credentials") or []
    if ("access_key_id" in inputs) != bool(options.get("has_secret_key")):
        yield "Give awx_fleet_access_key and awx_fleet_secret_key together."
    elif not credentials:
        yield from _problems_of_new_credential(found, options)
    elif len(credentials) > 1:
        yield f"There are {len(credentials)} credentials named {name}. Give the name of one that is the only one."
    elif inputs and not owns_credential(found):
        yield (
            f"The credential {name} is not of the type {options['credential_type']}, so it does not take "
            f"{', '.join(inputs)}. Leave them out and give the regions in the source's file, or give another "
            "awx_fleet_credential."
        )


def _problems_of_new_credential(found: Found, options: Item) -> Iterator[str]:
    kind, type_name = first(found, "credential_types"), options["credential_type"]
    if not options.get("has_secret_key"):
        yield (
            f"The organization {options['organization']} has no credential {options['credential']}. Make it in AWX, or "
            "give awx_fleet_access_key and awx_fleet_secret_key, and it is made."
        )
    elif not kind and not first(found, "me").get("is_superuser"):
        yield (
            f"AWX has no credential type {type_name} yet, and only a superuser may make it. Ask one to run this "
            "playbook once. Afterwards an administrator of the organization can."
        )
    elif kind and not INPUTS.issubset(field["id"] for field in kind["inputs"].get("fields", [])):
        yield f"The credential type {type_name} was not made by this playbook. Give another awx_fleet_credential_type."


def owns_credential(found: Found) -> bool:
    """Tell whether there is a credential of the playbook's own credential type."""
    kind = first(found, "credential_types").get("id")
    return kind is not None and first(found, "credentials").get("credential_type") == kind


def problems_of_actions(offered: Mapping[str, bool], wanted: list[str]) -> Iterator[str]:
    """Return why the survey can't offer the wanted actions; `offered` tells which of them need an answer."""
    if not offered:
        yield "There is no service action."
    elif not wanted:
        yield f"Every service action {PARAMETER}."
    for name in wanted:
        if name not in offered:
            yield f"There is no service action {name}. There are: {', '.join(offered) or 'none'}."
        elif offered[name]:
            yield f"The service action {name} {PARAMETER}."
