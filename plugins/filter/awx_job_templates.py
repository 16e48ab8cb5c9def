# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: awx_job_templates
version_added: 1.0.0
short_description: Plan one AWX job template for each service action
description:
  - Returns a job template with a survey for each service action and its execution parameters, for
    C(awx.awx.job_template).
  - The playbook C(selfservice.aws.awx_job_templates) creates these job templates. Use the filter to create them in
    another way, or to show what the playbook would create.
  - A text parameter becomes a question of the type C(text) with its default, one with several defaults a C(textarea)
    with an item on each line, and a secret a C(password). A password never has a default, since with one
    C(awx.awx.job_template) would report a change at every run.
  - A parameter of the type TARGET is optional and has no default, since Service Catalog fills it in. Any other is
    required if it has no default.
  - A default that a survey can't hold, such as a list whose items have several lines, is left to Service Catalog.
  - The result is never templated.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  _input:
    description:
      - The service actions with their parameters, as M(selfservice.aws.servicecatalog_service_action_info) returns them
        for a provisioned product.
    type: list
    elements: dict
    required: true
  title:
    description:
      - The beginning of the names of the templates, which the name of the service action follows.
    type: str
    required: true
  scope:
    description:
      - What the templates are created for, such as the id of the provisioned product. It distinguishes the templates of
        one product from those of another.
    type: str
    required: true
  extra_vars:
    description:
      - Variables of all templates. AWX allows Jinja in them, so do not give free text that comes from AWS.
    type: dict
    default: {}
  existing:
    description:
      - The existing job templates, as AWX's API lists them.
    type: list
    elements: dict
    default: []
  kept_credentials:
    description:
      - The ids of credentials that existing templates keep if they have them. By default, they keep none.
    type: list
    elements: int
    default: []
  update_kept_credentials:
    description:
      - The same for the job template that O(update) describes.
    type: list
    elements: int
    default: []
  update:
    description:
      - The options of the playbook C(selfservice.aws.awx_job_templates), for a job template that runs the playbook
        itself. If absent, there is no such template.
    type: dict
  targets:
    description:
      - The names of the provisioned products that the first question of each survey offers. With an empty list the
        question takes any name.
      - If absent, there is no such question, and O(extra_vars) should have the target.
    type: list
    elements: str
  secrets:
    description:
      - Which parameters are secrets, as a list of names, or as a regular expression that is searched in the names.
    type: raw
    default: (?i)password|passwd|secret|token
  lists:
    description:
      - Names of parameters that are lists although they have no more than one default.
    type: list
    elements: str
    default: []
  optional:
    description:
      - Names of parameters that may be left empty although they have no default.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Look up the service actions of a provisioned product
  selfservice.aws.servicecatalog_service_action_info:
    provisioned_product_name: orders-db
  register: offered

- name: Show the survey of each
  ansible.builtin.debug:
    msg: "{{ item.name }} asks for {{ item.survey_spec.spec | map(attribute='question_name') | join(', ') }}"
  loop: "{{ (offered.service_actions | selfservice.aws.awx_job_templates(title='orders-db', scope='pp-1')).templates }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    templates:
      description: One job template for each service action, in their order.
      type: list
      elements: dict
      contains:
        name:
          description: The title and the name of the service action.
          type: str
          sample: orders-db - Restart
        description:
          description: The description of the service action. Absent if the existing template's was changed by hand.
          type: str
        is_new:
          description: Whether there is no template of this name yet.
          type: bool
        credentials:
          description: The ids of the credentials that the existing template has, and keeps.
          type: list
          elements: int
        extra_vars:
          description:
            - The variables of C(selfservice.aws.run_service_action), such as C(run_service_action_survey), and
              C(awx_job_templates_mark), by which the template is recognized.
            - Variables that were added to the existing template by hand are kept.
          type: dict
        survey_spec:
          description: The survey.
          type: dict
    updates:
      description: The job template that runs the playbook itself, or none. It has no survey.
      type: list
      elements: dict
    gone:
      description:
        - The names of existing templates of the same scope, with any title, whose service action no longer exists.
      type: list
      elements: str
    foreign:
      description: The names of existing templates that are needed, but were not created for this scope.
      type: list
      elements: str
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Callable

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.selfservice.aws.plugins.plugin_utils import _survey
from ansible_collections.selfservice.aws.plugins.plugin_utils._templating import never_templated

SECRETS = "(?i)password|passwd|secret|token"
# The limit of AWX.
NAME_LENGTH = 512
ACTION = "run_service_action_service_action_id"
MARK = "awx_job_templates_mark"
UPDATE = "Update job templates"
UPDATE_DESCRIPTION = "Updates the job templates to the current service actions and parameters."
DESCRIBED = "awx_job_templates_described"


def awx_job_templates(
    actions: Iterable[Mapping[str, Any]],
    *,
    title: str,
    scope: str,
    extra_vars: Mapping[str, Any] | None = None,
    existing: Iterable[Mapping[str, Any]] = (),
    kept_credentials: Iterable[int] = (),
    update_kept_credentials: Iterable[int] = (),
    targets: list[str] | None = None,
    secrets: str | Iterable[str] = SECRETS,
    lists: Iterable[str] = (),
    optional: Iterable[str] = (),
    update: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the job templates for the service actions, and their differences from the existing ones."""
    is_secret = _survey.secret_test(secrets)
    found = {each["name"]: each for each in existing}
    templates: list[dict[str, Any]] = []
    for action in actions:
        questions, asked = _survey.questions(action.get("parameters") or [], is_secret, lists=lists, optional=optional)
        spec = [*_survey.target_questions(targets), *questions, *_survey.running_questions()]
        name = f"{title} - {action['name']}"
        variables = {
            **(extra_vars or {}),
            ACTION: str(action["id"]),
            "run_service_action_survey": asked,
            MARK: _mark(scope, name),
        }
        template = _template(name, str(action.get("description") or "").strip(), variables, found.get(name))
        templates.append({**template, "survey_spec": {"name": "", "description": "", "spec": spec}})
    updates = [_update_template(title, scope, update, found)] if update else []
    _keep_credentials(templates, {*kept_credentials})
    _keep_credentials(updates, {*update_kept_credentials})
    names = [template["name"] for template in [*templates, *updates]]
    _check_names(names)
    compared = _compare(names, found, scope, {template["extra_vars"][ACTION] for template in templates})
    return never_templated({"templates": templates, "updates": updates, **compared})


def _template(
    name: str, description: str, variables: Mapping[str, Any], old: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return a job template without the fields that were changed by hand in the existing one."""
    before = _variables(old)
    # If the description is not the one that this filter returned, it was changed by hand. The variables contain only
    # its hash, since Ansible templates the variables and the text comes from AWS.
    is_free = not old or before.get(DESCRIBED) == _hash(old.get("description") or "")
    merged = {**before, **variables, DESCRIBED: _hash(description)}
    template = {"name": name, "is_new": not old, "credentials": _credentials(old)}
    template["extra_vars"] = dict(sorted(merged.items(), key=lambda variable: str(variable[0])))
    return {**template, "description": description} if is_free else template


def _update_template(
    title: str, scope: str, options: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the job template that updates all others. Its variables are the options that are not empty."""
    name = f"{title} - {UPDATE}"
    variables = {option: value for option, value in options.items() if value not in ("", [], None)}
    template = _template(name, UPDATE_DESCRIPTION, {**variables, MARK: _mark(scope, name)}, found.get(name))
    # Options that only an earlier run had.
    for option in options.keys() - variables.keys():
        template["extra_vars"].pop(option, None)
    return template


def _variables(template: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the variables of a job template, or none if they can't be read."""
    try:
        variables = yaml.safe_load((template or {}).get("extra_vars") or "")
    except yaml.YAMLError:
        variables = None
    # The variables are stored as JSON, which has no dates.
    return dict(json.loads(json.dumps(variables, default=str))) if isinstance(variables, dict) else {}


def _keep_credentials(templates: Iterable[dict[str, Any]], kept: Collection[int]) -> None:
    for template in templates:
        template["credentials"] = [each for each in template["credentials"] if each in kept]


def _credentials(template: Mapping[str, Any] | None) -> list[int]:
    return [each["id"] for each in (template or {}).get("summary_fields", {}).get("credentials", [])]


def _compare(
    names: list[str], found: Mapping[str, Mapping[str, Any]], scope: str, action_ids: Collection[str]
) -> dict[str, list[str]]:
    """Return the existing templates whose action no longer exists, and the names that other templates already use."""
    variables = {name: _variables(template) for name, template in found.items()}
    ours = [name for name in found if variables[name].get(MARK) == _mark(scope, name)]
    return {
        # The template of the scheduled job runs no action.
        "gone": [name for name in ours if variables[name].get(ACTION) not in {*action_ids, None}],
        "foreign": [name for name in names if name in found and name not in ours],
    }


def _check_names(names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise AnsibleFilterError(f"Two service actions would have the job template {name!r}.")
        if "++" in name or len(name) > NAME_LENGTH:
            raise AnsibleFilterError(
                f"AWX can't look up a job template whose name has ++ or more than {NAME_LENGTH} characters: {name!r}."
                " Give a shorter title without ++."
            )


def _mark(scope: str, name: str) -> str:
    """Return a value that identifies the template with this name. In a copy, the value does not match the name."""
    return _hash(f"{scope}\n{name}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class FilterModule:
    """The entry point for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"awx_job_templates": awx_job_templates}
