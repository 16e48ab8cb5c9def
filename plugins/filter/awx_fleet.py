# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: awx_fleet
version_added: 1.0.0
short_description: Plan an AWX inventory and job template for a fleet
description:
  - Compares an organization of AWX with what a fleet needs, which is an inventory with a source, the one credential of
    the source, and a job template whose survey offers the service actions.
  - The playbook C(selfservice.aws.awx_fleet) creates what this filter plans. Use the filter to show the plan, or to
    create the objects in another way.
  - The result is never templated.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  _input:
    description:
      - Lists of objects as AWX's API returns them, by endpoint. C(organizations), C(projects), C(inventories),
        C(inventory_sources), C(job_templates), C(credentials), C(credential_types) and C(execution_environments)
        are the objects with the wanted names in the organization.
      - C(playbooks) are the playbooks of the project, C(all_credential_types) are all credential types,
        C(template_credentials) are the credentials of the job template, C(surveys) has its survey, and C(me) is the
        user.
    type: dict
    required: true
  options:
    description:
      - The options of the playbook without their prefix C(awx_fleet_). C(playbook), C(source_file), C(max_concurrency)
        and C(max_errors) keep their values in AWX if they are empty.
      - C(inputs) are the inputs for the credential that were given. C(default_inputs) are used in addition if the
        credential is created. C(has_secret_key) is whether a secret key was given.
    type: dict
    required: true
  actions:
    description:
      - The service actions of the fleet, as M(selfservice.aws.servicecatalog_service_action_info) returns them for a
        provisioned product. Without one, it does not return their parameters.
    type: list
    elements: dict
    required: true
positional: options, actions
"""

EXAMPLES = r"""
- name: Look up the service actions of a product of the fleet
  selfservice.aws.servicecatalog_service_action_info:
    provisioned_product_name: orders-db
  register: offered

- name: Show what an empty AWX lacks
  ansible.builtin.debug:
    msg: "{{ ({} | selfservice.aws.awx_fleet(wanted, offered.service_actions)).problems }}"
  vars:
    wanted:
      name: Databases
      organization: Default
      project: Operations
      credential: AWS databases
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    problems:
      description: Why nothing can be created, each with what to do. Empty if nothing prevents it.
      type: list
      elements: str
    missing:
      description: The objects that do not exist yet and are created.
      type: list
      elements: str
      sample: ["inventory Databases"]
    left_out:
      description:
        - The names of the service actions that the survey does not offer, since they have a parameter without a
          default.
      type: list
      elements: str
    ids:
      description:
        - The ids of existing objects, null for an object that is missing. The keys are C(organization), C(project),
          C(credential_type), C(credential), C(execution_environment), C(inventory), C(inventory_source) and
          C(job_template).
      type: dict
    inputs:
      description:
        - The inputs for the credential, without the secrets that were given. Null if the credential has another type,
          so that it is not changed.
      type: dict
    image_changes:
      description: Whether to create or change the execution environment.
      type: bool
    pull:
      description: When the execution environment pulls its image.
      type: str
    kept_credentials:
      description:
        - The ids of other credentials that the job template has and keeps. It keeps neither the former credential of
          the fleet, nor one that injects one of the same variables as the present one.
      type: list
      elements: int
    job_template:
      description: The C(name) of the job template, its C(playbook) and its C(survey_spec).
      type: dict
    source_file:
      description: The source of the inventory in the project.
      type: str
"""

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.selfservice.aws.plugins.plugin_utils._awx import (
    Found,
    Item,
    describe_environment,
    find_replaced_types,
    first,
)
from ansible_collections.selfservice.aws.plugins.plugin_utils._awx_fleet import (
    INPUTS,
    given,
    owns_credential,
    problems_of_actions,
    problems_of_awx,
)
from ansible_collections.selfservice.aws.plugins.plugin_utils._survey import running_questions
from ansible_collections.selfservice.aws.plugins.plugin_utils._templating import never_templated

# The objects of a fleet and the endpoints that list them, in the order in which they are created.
ENDPOINTS = {
    "organization": "organizations",
    "project": "projects",
    "credential_type": "credential_types",
    "credential": "credentials",
    "execution_environment": "execution_environments",
    "inventory": "inventories",
    "inventory_source": "inventory_sources",
    "job_template": "job_templates",
}
# The settings of a new fleet.
DEFAULTS = {
    "playbook": "bulk_service_action.yml",
    "source_file": "fleet.servicecatalog.yml",
    "max_concurrency": 50,
    "max_errors": 0,
}


def awx_fleet(found: Found, options: Item, actions: Iterable[Item]) -> dict[str, Any]:
    """Return the objects to create or change for a fleet, and the problems that prevent it."""
    offered = {str(action["name"]): _needs_answer(action) for action in actions}
    askable = [name for name, needs_answer in offered.items() if not needs_answer]
    wanted = [str(each) for each in options.get("service_actions") or askable]
    options = {**options, **_settings(found, options)}
    names = _names(found, options)
    ids = {kind: first(found, endpoint).get("id") for kind, endpoint in ENDPOINTS.items()}
    plan = {
        "problems": [*problems_of_awx(found, options, names), *problems_of_actions(offered, wanted)],
        "missing": _missing(names, ids),
        "left_out": [name for name in offered if name not in askable],
        "ids": ids,
        "inputs": _inputs(found, options),
        **describe_environment(found, options),
        "kept_credentials": _kept_credentials(found),
        "source_file": options["source_file"],
        "job_template": {
            "name": names["job_template"],
            "playbook": options["playbook"],
            "survey_spec": _survey(wanted, options),
        },
    }
    return never_templated(plan)


def _settings(found: Found, options: Item) -> dict[str, Any]:
    """Return each setting as given, or else as AWX has it, or else its default."""
    questions = first(found, "surveys").get("spec") or []
    defaults = {question["variable"]: question.get("default") for question in questions}
    existing = {
        "playbook": first(found, "job_templates").get("playbook"),
        "source_file": first(found, "inventory_sources").get("source_path"),
        "max_concurrency": defaults.get("run_service_action_max_concurrency"),
        "max_errors": defaults.get("run_service_action_max_errors"),
    }
    return {
        name: next(value for value in (options.get(name), existing[name], default) if value not in (None, ""))
        for name, default in DEFAULTS.items()
    }


def _names(found: Found, options: Item) -> dict[str, str]:
    """Return the names of the objects to create or change; empty names are of objects that are not."""
    name, credentials = str(options["name"]), found.get("credentials")
    return {
        "credential_type": "" if credentials else options.get("credential_type") or "",
        "credential": "" if credentials and not owns_credential(found) else options["credential"],
        "execution_environment": (options.get("image") and options.get("execution_environment")) or "",
        "inventory": name,
        "inventory_source": name,
        "job_template": f"{name} - Run a service action",
    }


def _missing(names: Mapping[str, str], ids: Mapping[str, int | None]) -> list[str]:
    return [f"{kind.replace('_', ' ')} {name}" for kind, name in names.items() if name and ids[kind] is None]


def _inputs(found: Found, options: Item) -> dict[str, Any] | None:
    """Return the inputs for the credential, or None to leave it unchanged. AWX keeps secrets that are sent masked."""
    new = given(options, "inputs")
    if not found.get("credentials"):
        return {**given(options, "default_inputs"), **new}
    if not owns_credential(found):
        return None
    inputs = {**first(found, "credentials")["inputs"], **new}
    if "access_key_id" in new:
        # The session token belongs to the old keys.
        inputs.pop("session_token", None)
    return inputs


def _kept_credentials(found: Found) -> list[int]:
    """Return the job template's credentials beside that of the fleet, except the former one of the fleet."""
    kind = first(found, "credentials").get("credential_type") or first(found, "credential_types").get("id")
    replaced = find_replaced_types(found, [kind], () if kind else INPUTS.values())
    former = first(found, "inventory_sources").get("credential")
    return [
        each["id"]
        for each in found.get("template_credentials") or []
        if each["credential_type"] not in replaced and each["id"] != former
    ]


def _needs_answer(action: Item) -> bool:
    """Return whether an action has a parameter without a default, except targets, which Service Catalog fills in."""
    return any(
        not parameter.get("default_values") and "TARGET" not in (parameter.get("type"), parameter["name"])
        for parameter in action.get("parameters") or []
    )


def _survey(actions: list[str], options: Item) -> dict[str, Any]:
    limits = {
        "run_service_action_max_concurrency": ("On how many hosts at once", options["max_concurrency"]),
        "run_service_action_max_errors": ("How many hosts may fail", options["max_errors"]),
    }
    spec = [
        {
            "variable": "service_action_name",
            "question_name": "Service action",
            "question_description": "",
            "type": "multiplechoice",
            "choices": actions,
            "required": True,
        },
        *(
            {
                "variable": variable,
                "question_name": name,
                "question_description": "A number or a percentage, such as 10%.",
                "type": "text",
                "default": str(default),
                "required": False,
            }
            for variable, (name, default) in limits.items()
        ),
        *running_questions(),
    ]
    return {"name": "", "description": "", "spec": spec}


class FilterModule:
    """The entry point for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"awx_fleet": awx_fleet}
