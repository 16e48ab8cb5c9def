# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: awx_resources
version_added: 1.0.0
short_description: Find what job templates need in an organization of AWX, and what is missing
description:
  - Finds the objects of one organization in what AWX's API returned, since other organizations may have objects with
    the same names.
  - The playbook C(selfservice.aws.awx_job_templates) uses it before it changes anything.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  _input:
    description:
      - Lists of objects as AWX's API returns them, by endpoint (C(me), C(organizations), C(projects), C(inventories),
        C(execution_environments), C(credential_types) and C(credentials)), and the C(playbooks) of the project.
    type: dict
    required: true
  wanted:
    description:
      - The names C(organization), C(project), C(inventory), C(execution_environment), C(credential_type) and
        C(credential), and the lists of names C(playbooks) and C(credentials).
      - C(image) is the image of an execution environment to make or to change. C(inputs) are the inputs of the
        credential to make or to change. Without them, neither is looked at.
      - C(moves_inventory) is whether existing job templates get the inventory, too.
      - C(schedule) is the rule of a schedule, which needs the name C(controller_credential).
    type: dict
    required: true
positional: _input, wanted
"""

EXAMPLES = r"""
- name: Find a project, and what keeps job templates from using it
  ansible.builtin.debug:
    msg: "{{ found | selfservice.aws.awx_resources({'organization': 'Default', 'project': 'Operations'}) }}"
  vars:
    found:
      organizations:
        - id: 1
          name: Default
      projects: []
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    problems:
      description: What is missing, each with what to do. If there is any, nothing else is returned.
      type: list
      elements: str
    organization:
      description:
        - An id, such as C(project), C(inventory), C(execution_environment), C(credential_type) and C(credential). Those
          that don't exist yet are null.
      type: int
    credentials:
      description: The ids of the credentials that job templates get. C(credential) is one of them.
      type: list
      elements: int
    replaced_credentials:
      description: The ids of all credentials of the same types, since a job template has only one of each.
      type: list
      elements: int
    controller_credential:
      description: The id of the credential for a scheduled job, or null.
      type: int
    inputs:
      description: The inputs for C(credential). What is not wanted otherwise is as it was.
      type: dict
    image_changes:
      description: Whether the execution environment has to be made or changed.
      type: bool
    pull:
      description: When the execution environment pulls its image.
      type: str
    is_incomplete:
      description: Whether something has to be made that existing job templates get, too.
      type: bool
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.selfservice.aws.plugins.plugin_utils._templating import never_templated

Item = Mapping[str, Any]
Found = Mapping[str, list[Item]]
INJECTED = {"AWS_REGION": "region", "AWS_ENDPOINT_URL": "endpoint_url"}
FIELDS = "the text fields region and endpoint_url, injected as the variables AWS_REGION and AWS_ENDPOINT_URL"
RULE = re.compile(r"DTSTART\S*:\S+ +RRULE:\S*INTERVAL=\S*")


def awx_resources(found: Mapping[str, Iterable[Item]], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the objects that are there, or what is missing."""
    lists = {name: list(items) for name, items in found.items()}
    problems = list(_find_problems(lists, wanted))
    if problems:
        return never_templated({"problems": problems})
    objects = {
        "organization": _first(lists, "organizations"),
        "project": _first(lists, "projects"),
        "inventory": _first(lists, "inventories"),
        "execution_environment": _first(lists, "execution_environments"),
        "credential_type": _first(lists, "credential_types"),
        "credential": _own_credential(lists, wanted),
        "controller_credential": _first_of(_credentials_named(lists, wanted.get("controller_credential"))),
    }
    ids = {name: each["id"] if each else None for name, each in objects.items()}
    return never_templated(
        {**ids, **_describe_credentials(lists, wanted, ids), **_describe_rest(objects, wanted), "problems": []}
    )


def _describe_credentials(lists: Found, wanted: Mapping[str, Any], ids: Item) -> dict[str, Any]:
    given = [each for name in wanted.get("credentials", ()) for each in _credentials_named(lists, name)]
    types = {each["credential_type"] for each in given}
    if wanted.get("inputs"):
        given += [each for each in lists["credentials"] if each["id"] == ids["credential"]]
        types.add(ids["credential_type"])
    return {
        "credentials": [each["id"] for each in given],
        "replaced_credentials": [each["id"] for each in lists["credentials"] if each["credential_type"] in types],
    }


def _describe_rest(objects: Mapping[str, Item | None], wanted: Mapping[str, Any]) -> dict[str, Any]:
    environment, credential = objects["execution_environment"] or {}, objects["credential"] or {}
    image, inputs = wanted.get("image"), wanted.get("inputs")
    return {
        "inputs": {**credential.get("inputs", {}), **(inputs or {})},
        "image_changes": bool(image) and environment.get("image") != image,
        # The default of awx.awx.
        "pull": environment.get("pull") or "missing",
        "is_incomplete": any(
            (
                image and not environment,
                inputs and not credential,
                wanted.get("moves_inventory") and not objects["inventory"],
            )
        ),
    }


def _first(lists: Found, endpoint: str) -> Item | None:
    return _first_of(lists.get(endpoint, []))


def _first_of(items: list[Item]) -> Item | None:
    return items[0] if items else None


def _credentials_named(lists: Found, name: str | None) -> list[Item]:
    organization = _first(lists, "organizations") or {}
    mine = [each for each in lists.get("credentials", []) if each["organization"] == organization.get("id")]
    return [each for each in mine if each["name"] == name]


def _own_credential(lists: Found, wanted: Mapping[str, Any]) -> Item | None:
    kind = _first(lists, "credential_types") or {}
    named = _credentials_named(lists, wanted.get("credential"))
    return _first_of([each for each in named if each["credential_type"] == kind.get("id")])


def _find_problems(lists: Found, wanted: Mapping[str, Any]) -> Iterator[str]:
    user = _first(lists, "me") or {}
    who = user.get("username", "the user")
    organization = _first(lists, "organizations")
    if organization is None:
        yield f"There is no organization {wanted['organization']} that {who} can see."
        return
    capabilities = organization.get("summary_fields", {}).get("user_capabilities", {})
    if not capabilities.get("edit", True):
        yield (
            f"{who} may not make objects in the organization {organization['name']}. Ask an administrator of AWX to"
            f" give {who} the role Admin of this organization."
        )
    yield from _find_project_problems(lists, wanted)
    yield from _find_credential_problems(lists, wanted)
    yield from _find_environment_problems(lists, wanted)
    if wanted.get("inputs"):
        yield from _find_type_problems(lists, wanted["credential_type"], user)
    if wanted.get("schedule") and not RULE.match(wanted["schedule"]):
        yield (
            "The schedule is not a rule of AWX. One for every night is DTSTART:20300101T030000Z"
            " RRULE:FREQ=DAILY;INTERVAL=1"
        )


def _find_project_problems(lists: Found, wanted: Mapping[str, Any]) -> Iterator[str]:
    if not lists.get("projects"):
        yield f"The organization {wanted['organization']} has no project {wanted['project']}. Make it, and sync it."
        return
    has = lists.get("playbooks", [])
    for playbook in wanted.get("playbooks", ()):
        if playbook not in has:
            others = f"it has {', '.join(map(str, has))}" if has else "it has none at all"
            yield (
                f"The project {wanted['project']} has no playbook {playbook} ({others}). Add the file to the project's"
                " repository, and sync the project in AWX."
            )


def _find_credential_problems(lists: Found, wanted: Mapping[str, Any]) -> Iterator[str]:
    names = list(wanted.get("credentials", ()))
    if wanted.get("schedule"):
        names.append(wanted.get("controller_credential"))
    for name in names:
        count = len(_credentials_named(lists, name))
        if not name:
            yield "A schedule needs awx_job_templates_controller_credential, the name of a credential for AWX itself."
        elif count != 1:
            yield (
                f"The organization {wanted['organization']} has {count or 'no'} credential{'s' * (count > 1)} {name}."
                f" {'Rename all but one' if count else 'Make it'}, or name another."
            )


def _find_environment_problems(lists: Found, wanted: Mapping[str, Any]) -> Iterator[str]:
    name = wanted.get("execution_environment")
    environment, organization = _first(lists, "execution_environments"), _first(lists, "organizations") or {}
    if not environment:
        if name and not wanted.get("image"):
            yield f"There is no execution environment {name}. Give its image, or the name of one that there is."
    elif environment["organization"] == organization["id"]:
        return
    elif environment["organization"] or wanted.get("image") not in ("", None, environment["image"]):
        yield (
            f"The execution environment {name} is not one of the organization {wanted['organization']}, and AWX doesn't"
            " move it. Give another name."
        )


def _find_type_problems(lists: Found, name: str, user: Item) -> Iterator[str]:
    kind = _first(lists, "credential_types")
    if kind:
        env = kind.get("injectors", {}).get("env", {})
        if any(field not in env.get(variable, "") for variable, field in INJECTED.items()):
            yield f"The credential type {name} needs {FIELDS}. Name another, or one that is to be made."
    elif not user.get("is_superuser", True):
        yield (
            f"There is no credential type {name}, and only a superuser can make it, once for all organizations. Ask an"
            f" administrator of AWX to run this playbook once, or to make the type with {FIELDS}."
        )


class FilterModule:
    """The filter, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"awx_resources": awx_resources}
