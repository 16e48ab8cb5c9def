# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of AWX surveys: the execution parameters of a service action, and how to run it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

# The maximum length of a parameter's value in Service Catalog, and the minimum length of a secret in the modules.
VALUE_LENGTH = 512
SECRET_LENGTH = 4
JINJA = ("{{", "{%", "{#")
# AWX reserves this prefix for passwords.
RESERVED = "$encrypted$"

Question = dict[str, Any]


def questions(
    parameters: Iterable[Mapping[str, Any]],
    is_secret: Callable[[str], bool],
    *,
    lists: Iterable[str],
    optional: Iterable[str],
) -> tuple[list[Question], dict[str, dict[str, str]]]:
    """Return a question for each parameter, and the parameters' names by kind (texts, lists, secrets) and variable."""
    asked_for: list[Question] = []
    asked: dict[str, dict[str, str]] = {"texts": {}, "lists": {}, "secrets": {}}
    used: set[str] = set()
    for parameter in parameters:
        name = str(parameter["name"])
        if any(mark in name for mark in JINJA):
            raise AnsibleFilterError(
                f"AWX would template the name of the parameter {name!r}, so a survey can't ask for it."
            )
        kind, question = _question(parameter, is_secret(name), is_list=name in lists, is_optional=name in optional)
        question["variable"] = _variable(name, used)
        asked[kind][question["variable"]] = name
        asked_for.append(question)
    return asked_for, {kind: names for kind, names in asked.items() if names}


def _question(
    parameter: Mapping[str, Any], is_secret: bool, *, is_list: bool, is_optional: bool
) -> tuple[str, Question]:
    """Return the kind of the answer (texts, lists or secrets), and the question without its variable name."""
    name = str(parameter["name"])
    is_target = "TARGET" in (parameter.get("type"), name)
    defaults = _defaults(parameter, is_target)
    required = not (defaults or is_target or is_optional)
    description = "Left empty, Service Catalog fills it in." if is_target else ""
    # AWX must accept an empty answer to an optional question.
    base = {"question_name": name, "question_description": description, "required": required, "min": int(required)}
    if is_secret and not is_target:
        return "secrets", {**base, "type": "password", "min": required * SECRET_LENGTH, "max": VALUE_LENGTH}
    if is_list or len(defaults) > 1:
        return "lists", {**base, **_list_question(description, defaults)}
    return "texts", {**base, "type": _text_type(defaults), "max": VALUE_LENGTH, **_default("".join(defaults))}


def _defaults(parameter: Mapping[str, Any], is_target: bool) -> list[str]:
    # The defaults of a target are the resources of one product.
    return [] if is_target else [str(value) for value in parameter.get("default_values") or []]


def _list_question(description: str, defaults: list[str]) -> Question:
    default = _default("\n".join(defaults), _holds_lines(defaults))
    return {"type": "textarea", "question_description": description or "One item on each line.", **default}


def _text_type(defaults: Iterable[str]) -> str:
    return "textarea" if re.search("[\r\n]", "".join(defaults)) else "text"


def _default(text: str, can_hold: bool = True) -> dict[str, str]:
    """Return the default of a question, or an empty dict if a survey can't represent the default."""
    return {"default": text} if text and can_hold and not text.startswith(RESERVED) else {}


def _holds_lines(values: Iterable[str]) -> bool:
    """Return whether the values can be written one per line and read back unchanged."""
    return all(value and value == value.strip() and len(value.splitlines()) == 1 for value in values)


def _variable(name: str, used: set[str]) -> str:
    """Return a valid, unused variable name for a parameter, and add it to the used ones."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    base = "answer_" + (re.sub(r"\W+", "_", plain).strip("_") or "parameter")
    variable, number = base, 1
    while variable in used:
        number += 1
        variable = f"{base}_{number}"
    used.add(variable)
    return variable


def target_questions(targets: list[str] | None) -> list[Question]:
    """Return the question for the provisioned product, if any.

    The answer is one of `targets`, or any name if the list is empty. Without `targets`, there is no question.
    """
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


def running_questions() -> list[Question]:
    """Return the questions about how to run the action. All job templates have them.

    The descriptions start with the names of the variables, since the messages of failed jobs refer to these names.
    """
    return [
        {
            "question_name": "Change",
            "question_description": "run_service_action_change_id, such as CHG-4711. A job with the change of an"
            " earlier job continues it, and starts nothing twice. If it is empty, each job is a change of its own. In a"
            " schedule, leave it empty or add the date: otherwise only the first job starts anything.",
            "variable": "run_service_action_change_id",
            "type": "text",
            "required": False,
        },
        {
            **_yes_or_no("Retry what failed", "run_service_action_retry_failed", default="false"),
            "question_description": "run_service_action_retry_failed. With true and the change of an earlier job, the"
            " action is started again where it failed in that job.",
        },
        {
            **_yes_or_no("Add the date to the change", "run_service_action_change_id_adds_date", default="false"),
            "question_description": "run_service_action_change_id_adds_date. With true, the date (UTC) is added, such"
            " as CHG-4711@2030-01-31, so that each day is a change of its own. For schedules that have a change.",
        },
        _yes_or_no("Wait until the action has ended", "run_service_action_wait", default="true"),
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


def _yes_or_no(name: str, variable: str, *, default: str) -> Question:
    question = {"question_name": name, "question_description": "", "variable": variable, "required": False}
    return {**question, "type": "multiplechoice", "choices": ["true", "false"], "default": default}


def secret_test(secrets: str | Iterable[str]) -> Callable[[str], bool]:
    """Return a function that returns whether the parameter with a given name is a secret."""
    if not isinstance(secrets, str):
        return set(secrets).__contains__
    try:
        pattern = re.compile(secrets)
    except re.error as error:
        raise AnsibleFilterError(f"secrets is not a valid regular expression: {secrets!r}: {error}") from error
    return lambda name: pattern.search(name) is not None
