# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: awx_resources
version_added: 1.0.0
short_description: Find the objects that job templates need in an organization of AWX
description:
  - Finds the objects of one organization in what AWX's API returned, and what is missing. Other organizations may have
    objects with the same names.
  - The playbook C(selfservice.aws.awx_job_templates) uses it before it changes anything.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  _input:
    description:
      - Lists of objects as AWX's API returns them, by endpoint (C(me), C(organizations), C(projects), C(inventories),
        C(execution_environments), C(credential_types) and C(credentials)), C(all_credential_types), and the
        C(playbooks) of the project.
    type: dict
    required: true
  wanted:
    description:
      - The names C(organization), C(project), C(inventory), C(execution_environment), C(credential_type) and
        C(credential), and the list of names C(credentials).
      - C(playbooks) is a dict of files of the project with the playbooks of this collection that they import.
      - C(image) is the image of an execution environment to create or change. C(inputs) are the inputs of the
        credential to create or change. Without them, the credential and its type are not needed.
      - C(moves_inventory) is whether existing job templates also get the inventory.
      - C(schedule) is the rule of a schedule, which needs the name C(controller_credential).
    type: dict
    required: true
positional: _input, wanted
"""

EXAMPLES = r"""
- name: Find a project, and show what is missing for job templates
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
  description: The objects.
  type: dict
  contains:
    problems:
      description: What is missing, each with what to do. If there is any, nothing else is returned.
      type: list
      elements: str
    organization:
      description:
        - The id of the organization. The keys C(project), C(inventory), C(execution_environment), C(credential_type)
          and C(credential) have the ids of these objects. Those that don't exist yet are null.
      type: int
    credentials:
      description: The ids of the credentials that job templates get. C(credential) is one of them.
      type: list
      elements: int
    kept_credentials:
      description:
        - The ids of the credentials that a job template can have beside these. AWX allows one credential of each type,
          and several of the type Vault, with different vault ids.
        - Credentials that set one of the environment variables of a given credential are left out, since they may have
          the keys of another account.
        - Credentials that the user can't see are left out, too; C(awx.awx.job_template) does not remove them.
      type: list
      elements: int
    update_kept_credentials:
      description: The same for the job template of the scheduled job, which also has the C(controller_credential).
      type: list
      elements: int
    controller_credential:
      description: The id of the credential for a scheduled job, or null.
      type: int
    inputs:
      description:
        - The inputs for C(credential). An input of the existing credential that C(inputs) in O(wanted) does not give
          keeps its value.
      type: dict
    image_changes:
      description: Whether to create or change the execution environment.
      type: bool
    pull:
      description: When the execution environment pulls its image.
      type: str
    is_incomplete:
      description: Whether something has to be created that existing job templates also get.
      type: bool
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.selfservice.aws.plugins.plugin_utils._awx import (
    Found,
    Item,
    describe_environment,
    find_missing_type,
    find_number_problems,
    find_problems,
    find_replaced_types,
    first,
)
from ansible_collections.selfservice.aws.plugins.plugin_utils._templating import never_templated

INJECTED = {"AWS_REGION": "region", "AWS_ENDPOINT_URL": "endpoint_url"}
FIELDS = "the text fields region and endpoint_url, injected as the variables AWS_REGION and AWS_ENDPOINT_URL"
# AWX refuses a start without a time zone.
RULE = re.compile(r"DTSTART(:\d+T\d+Z|;TZID=[^\s:]+:\d+T\d+) +RRULE:\S*INTERVAL=\S*")


def awx_resources(found: Mapping[str, Iterable[Item]], wanted: Item) -> dict[str, Any]:
    """Return the objects that exist, or what is missing."""
    lists = {name: list(items) for name, items in found.items()}
    problems = list(_find_problems(lists, wanted))
    if problems:
        return never_templated({"problems": problems})
    objects = {
        "organization": first(lists, "organizations"),
        "project": first(lists, "projects"),
        "inventory": first(lists, "inventories"),
        "execution_environment": first(lists, "execution_environments"),
        "credential_type": first(lists, "credential_types"),
        "credential": _own_credential(lists, wanted),
        "controller_credential": _first_of(_credentials_named(lists, wanted.get("controller_credential"))),
    }
    ids = {name: each.get("id") for name, each in objects.items()}
    return never_templated(
        {
            **ids,
            **_describe_credentials(lists, wanted, ids),
            **describe_environment(lists, wanted),
            **_describe_rest(objects, wanted),
            "problems": [],
        }
    )


def _describe_credentials(lists: Found, wanted: Item, ids: Item) -> dict[str, Any]:
    given = [each for name in wanted.get("credentials", ()) for each in _credentials_named(lists, name)]
    taken = _taken_by(given, lists)
    if wanted.get("inputs"):
        given += [each for each in lists["credentials"] if each["id"] == ids["credential"]]
        taken.add((ids["credential_type"], ""))
    taken_by_update = _taken_by(_credentials_named(lists, wanted.get("controller_credential")), lists)
    return {
        "credentials": [each["id"] for each in given],
        "kept_credentials": _ids_beside(taken, lists["credentials"]),
        "update_kept_credentials": _ids_beside(taken | taken_by_update, lists["credentials"]),
    }


def _taken_by(given: list[Item], lists: Found) -> set[tuple[int, str]]:
    types = {each["credential_type"] for each in given}
    return {_slot(each) for each in given} | {(each, "") for each in find_replaced_types(lists, types) - types}


def _ids_beside(taken: Collection[tuple[int, str]], credentials: Iterable[Item]) -> list[int]:
    return [each["id"] for each in credentials if _slot(each) not in taken]


def _slot(credential: Item) -> tuple[int, str]:
    """Return what a job template can have once: a credential type, or a vault id of the type Vault."""
    vault_id = credential["inputs"].get("vault_id") if credential.get("kind") == "vault" else ""
    return credential["credential_type"], vault_id or ""


def _describe_rest(objects: Mapping[str, Item], wanted: Item) -> dict[str, Any]:
    inputs = wanted.get("inputs")
    return {
        "inputs": {**objects["credential"].get("inputs", {}), **(inputs or {})},
        "is_incomplete": any(
            (
                wanted.get("image") and not objects["execution_environment"],
                inputs and not objects["credential"],
                wanted.get("moves_inventory") and not objects["inventory"],
            )
        ),
    }


def _first_of(items: list[Item]) -> Item:
    return items[0] if items else {}


def _credentials_named(lists: Found, name: str | None) -> list[Item]:
    organization = first(lists, "organizations").get("id")
    mine = [each for each in lists.get("credentials", []) if each["organization"] == organization]
    return [each for each in mine if each["name"] == name]


def _own_credential(lists: Found, wanted: Item) -> Item:
    kind = first(lists, "credential_types").get("id")
    named = _credentials_named(lists, wanted.get("credential"))
    return _first_of([each for each in named if each["credential_type"] == kind])


def _find_problems(lists: Found, wanted: Item) -> Iterator[str]:
    yield from find_problems(lists, wanted)
    if not lists.get("organizations"):
        return
    yield from find_number_problems(_names(lists, wanted))
    yield from _find_credential_problems(lists, wanted)
    if wanted.get("inputs"):
        yield from find_missing_type(lists, wanted["credential_type"], fields=FIELDS)
        yield from _find_type_problems(lists, wanted["credential_type"])
    if wanted.get("schedule") and not RULE.match(wanted["schedule"]):
        yield (
            "AWX does not accept this schedule. The one for every night is DTSTART:20300101T030000Z"
            " RRULE:FREQ=DAILY;INTERVAL=1, or DTSTART;TZID=Europe/Berlin:20300101T030000 with the same rule for local"
            " time."
        )


def _names(lists: Found, wanted: Item) -> list[str]:
    """Return the names of the objects to create or change."""
    options = [] if lists.get("inventories") else ["inventory"]
    options += ["credential", "credential_type"] if wanted.get("inputs") else []
    options += ["execution_environment"] if wanted.get("image") else []
    return [str(wanted.get(option, "")) for option in options]


def _find_credential_problems(lists: Found, wanted: Item) -> Iterator[str]:
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
                f" {'Rename all but one' if count else 'Create it'}, or give the name of another."
            )


def _find_type_problems(lists: Found, name: str) -> Iterator[str]:
    for kind in lists.get("credential_types", []):
        env = kind.get("injectors", {}).get("env", {})
        if any(field not in env.get(variable, "") for variable, field in INJECTED.items()):
            yield f"The credential type {name} lacks {FIELDS}. Give another awx_job_templates_credential_type."


class FilterModule:
    """The entry point for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"awx_resources": awx_resources}
