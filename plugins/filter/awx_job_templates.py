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
  - Makes a job template with a survey out of each service action and its execution parameters, to be handed to
    C(awx.awx.job_template).
  - The playbook C(selfservice.aws.awx_job_templates) does that. Use the filter to make the templates in another way, or
    to look at what the playbook would make.
  - A text parameter becomes a question of the type C(text) with its default, one with several defaults a C(textarea)
    with an item on each line, and a secret a C(password). A password never has a default, since C(awx.awx.job_template)
    would be changed at every run.
  - A parameter of the type TARGET is optional and has no default, since Service Catalog fills it in. Any other is
    required if it has no default.
  - Defaults that a survey can't hold, such as a list whose items have several lines, are left to Service Catalog.
  - What comes out is never templated.
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
      - What the names of the templates begin with. The name of the service action follows.
    type: str
    required: true
  scope:
    description:
      - What the templates are made for, such as the id of the provisioned product. It tells the templates of one
        product from those of another when actions are gone.
    type: str
    required: true
  extra_vars:
    description:
      - Variables that all templates have. AWX allows Jinja in them, so nothing that comes from AWS as free text belongs
        here.
    type: dict
    default: {}
  existing:
    description:
      - The job templates that there are, as AWX' API lists them.
    type: list
    elements: dict
    default: []
  targets:
    description:
      - The names of the provisioned products of which a survey's first question offers one. With an empty list the
        question takes any name.
      - If absent, there is no such question, and O(extra_vars) should say what the target is.
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
  description: What is to be done.
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
          description: The description of the service action.
          type: str
        extra_vars:
          description:
            - The variables of C(selfservice.aws.run_service_action), among them C(run_service_action_survey),
              and C(awx_job_templates_mark), by which the template is known again.
          type: dict
        survey_spec:
          description: The survey.
          type: dict
    gone:
      description: The names of the existing templates that were made for the same scope, and have no action any more.
      type: list
      elements: str
    foreign:
      description: The names of the existing templates that are in the way, since they were not made by this filter.
      type: list
      elements: str
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.selfservice.aws.plugins.plugin_utils._templating import never_templated

SECRETS = "(?i)password|passwd|secret|token"
# Limits of Service Catalog on a parameter's value, of the module on a secret, and of AWX on a name.
VALUE_LENGTH = 512
SECRET_LENGTH = 4
NAME_LENGTH = 512
JINJA = ("{{", "{%", "{#")
# AWX reserves it for passwords.
RESERVED = "$encrypted$"
MARK = "awx_job_templates_mark"

Question = dict[str, Any]


def awx_job_templates(
    actions: Iterable[Mapping[str, Any]],
    *,
    title: str,
    scope: str,
    extra_vars: Mapping[str, Any] | None = None,
    existing: Iterable[Mapping[str, Any]] = (),
    targets: list[str] | None = None,
    secrets: str | Iterable[str] = SECRETS,
    lists: Iterable[str] = (),
    optional: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the job templates that the service actions need, and how the existing ones compare."""
    is_secret = _secret_test(secrets)
    templates: list[dict[str, Any]] = []
    for action in actions:
        questions, asked = _questions(action.get("parameters") or [], is_secret, lists=lists, optional=optional)
        spec = [*_target_questions(targets), *questions, *_running_questions()]
        name = f"{title} - {action['name']}"
        variables = {
            **(extra_vars or {}),
            "run_service_action_service_action_id": str(action["id"]),
            "run_service_action_survey": asked,
            MARK: _mark(scope, name),
        }
        template = {"name": name, "description": str(action.get("description") or "")}
        survey = {"name": "", "description": "", "spec": spec}
        templates.append({**template, "extra_vars": dict(sorted(variables.items())), "survey_spec": survey})
    names = [template["name"] for template in templates]
    _check_names(names)
    return never_templated({"templates": templates, **_compare(names, existing, scope)})


def _compare(names: list[str], existing: Iterable[Mapping[str, Any]], scope: str) -> dict[str, list[str]]:
    """Return which of the existing templates are not needed any more, and which needed names others have taken."""
    made = {each["name"]: _mark(scope, each["name"]) in str(each.get("extra_vars") or "") for each in existing}
    return {
        "gone": [name for name, is_ours in made.items() if is_ours and name not in names],
        "foreign": [name for name in names if made.get(name) is False],
    }


def _questions(
    parameters: Iterable[Mapping[str, Any]],
    is_secret: Callable[[str], bool],
    *,
    lists: Iterable[str],
    optional: Iterable[str],
) -> tuple[list[Question], dict[str, dict[str, str]]]:
    """Return a question for each parameter, and the parameter of each variable, by texts, lists and secrets."""
    questions: list[Question] = []
    asked: dict[str, dict[str, str]] = {"texts": {}, "lists": {}, "secrets": {}}
    used: set[str] = set()
    for parameter in parameters:
        name = str(parameter["name"])
        if any(mark in name for mark in JINJA):
            raise AnsibleFilterError(
                f"AWX would template the name of the parameter {name!r}, so it can't be asked for."
            )
        kind, question = _question(parameter, is_secret(name), is_list=name in lists, is_optional=name in optional)
        question["variable"] = _variable(name, used)
        asked[kind][question["variable"]] = name
        questions.append(question)
    return questions, {kind: names for kind, names in asked.items() if names}


def _question(
    parameter: Mapping[str, Any], is_secret: bool, *, is_list: bool, is_optional: bool
) -> tuple[str, Question]:
    """Return how to read the answer, and the question without its variable."""
    name = str(parameter["name"])
    is_target = "TARGET" in (parameter.get("type"), name)
    defaults = _defaults(parameter, is_target)
    required = not (defaults or is_target or is_optional)
    description = "Left empty, Service Catalog fills it in." if is_target else ""
    # An empty answer to an optional question has to pass.
    base = {"question_name": name, "question_description": description, "required": required, "min": int(required)}
    if is_secret and not is_target:
        return "secrets", {**base, "type": "password", "min": required * SECRET_LENGTH, "max": VALUE_LENGTH}
    if is_list or len(defaults) > 1:
        return "lists", {**base, **_list_question(description, defaults)}
    return "texts", {**base, "type": _text_type(defaults), "max": VALUE_LENGTH, **_default("".join(defaults))}


def _defaults(parameter: Mapping[str, Any], is_target: bool) -> list[str]:
    # Those of a target are one product's own.
    return [] if is_target else [str(value) for value in parameter.get("default_values") or []]


def _list_question(description: str, defaults: list[str]) -> Question:
    default = _default("\n".join(defaults), _holds_lines(defaults))
    return {"type": "textarea", "question_description": description or "One item on each line.", **default}


def _text_type(defaults: Iterable[str]) -> str:
    return "textarea" if re.search("[\r\n]", "".join(defaults)) else "text"


def _default(text: str, can_hold: bool = True) -> dict[str, str]:
    """Return the default of a question, if a survey can hold it."""
    return {"default": text} if text and can_hold and not text.startswith(RESERVED) else {}


def _holds_lines(values: Iterable[str]) -> bool:
    """Tell whether each value, on a line of its own, is read back unchanged."""
    return all(value and value == value.strip() and len(value.splitlines()) == 1 for value in values)


def _variable(name: str, used: set[str]) -> str:
    """Return a variable for a parameter that is valid and not used yet, and note it as used."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    base = "answer_" + (re.sub(r"\W+", "_", plain).strip("_") or "parameter")
    variable, number = base, 1
    while variable in used:
        number += 1
        variable = f"{base}_{number}"
    used.add(variable)
    return variable


def _target_questions(targets: list[str] | None) -> list[Question]:
    if targets is None:
        return []
    question: Question = {
        "question_name": "Provisioned product",
        "question_description": "The name of the provisioned product to run the action on.",
        "variable": "provisioned_product_name",
        "required": True,
    }
    if targets:
        return [{**question, "type": "multiplechoice", "choices": list(targets)}]
    return [{**question, "type": "text", "min": 1, "max": 128}]


def _running_questions() -> list[Question]:
    return [
        {
            "question_name": "Change",
            "question_description": "Launched again with the same change, a job takes up where the last one was.",
            "variable": "run_service_action_change_id",
            "type": "text",
            "required": False,
        },
        {
            "question_name": "Wait until it has ended",
            "question_description": "",
            "variable": "run_service_action_wait",
            "type": "multiplechoice",
            "choices": ["true", "false"],
            "default": "true",
            "required": False,
        },
        {
            "question_name": "Seconds to wait",
            "question_description": "",
            "variable": "run_service_action_wait_timeout",
            "type": "integer",
            "min": 0,
            "default": 1800,
            "required": False,
        },
    ]


def _secret_test(secrets: str | Iterable[str]) -> Callable[[str], bool]:
    if not isinstance(secrets, str):
        return set(secrets).__contains__
    try:
        pattern = re.compile(secrets)
    except re.error as error:
        raise AnsibleFilterError(f"secrets is no regular expression: {secrets!r}: {error}") from error
    return lambda name: pattern.search(name) is not None


def _check_names(names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise AnsibleFilterError(f"Two service actions would have the job template {name!r}.")
        if "++" in name or len(name) > NAME_LENGTH:
            raise AnsibleFilterError(
                f"AWX can't look up a job template whose name has ++ or more than {NAME_LENGTH} characters: {name!r}."
                " Give a title that makes it one."
            )


def _mark(scope: str, name: str) -> str:
    """Return what tells the template of this name from all others, its copies too."""
    return hashlib.sha256(f"{scope}\n{name}".encode()).hexdigest()


class FilterModule:
    """The filter, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"awx_job_templates": awx_job_templates}
