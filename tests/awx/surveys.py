# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX's validation of surveys, and of the answers at launch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import bad_request

ANSWER_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "textarea": (str,),
    "password": (str,),
    "multiplechoice": (str,),
    "multiselect": (str,),
    "integer": (int,),
    "float": (int, float),
}
CHOICE_TYPES = ("multiplechoice", "multiselect")
REQUIRED_FIELDS = {"type": str, "question_name": str, "variable": str, "required": bool}
ENCRYPTED = "$encrypted$"
Question = dict[str, Any]


def check_survey(document: Any) -> None:
    """Reject a survey document that AWX rejects."""
    for field, expected in (("name", str), ("description", str), ("spec", list)):
        if field not in document:
            raise bad_request(f"Field '{field}' is missing from survey spec.")
        if not isinstance(document[field], expected):
            raise bad_request(f"Expected {expected.__name__} for field '{field}'.")
    if not document["spec"]:
        raise bad_request("'spec' doesn't contain any items.")
    variables = set()
    for number, question in enumerate(document["spec"]):
        _check_question(number, question)
        if question["variable"] in variables:
            raise bad_request(f"'variable' '{question['variable']}' duplicated in survey question {number}.")
        variables.add(question["variable"])


def _check_question(number: int, question: Any) -> None:
    if not isinstance(question, dict):
        raise bad_request(f"Survey question {number} is not a json object.")
    for field, expected in REQUIRED_FIELDS.items():
        if not isinstance(question.get(field), expected):
            raise bad_request(f"'{field}' in survey question {number} expected to be {expected.__name__}.")
    if question["type"] not in ANSWER_TYPES:
        raise bad_request(f"'{question['type']}' in survey question {number} is not one of {', '.join(ANSWER_TYPES)}.")
    _check_limits(number, question)
    if question["type"] in CHOICE_TYPES and not parse_choices(question):
        raise bad_request(f"Survey question {number} of type {question['type']} must specify choices.")
    if question.get("default", "") != "":
        _check_default(number, question)


def _check_limits(number: int, question: Question) -> None:
    for field in ("min", "max"):
        if question.get(field) is not None and not _has_type(question[field], (int,)):
            raise bad_request(f"The {field} limit in survey question {number} expected to be integer.")


def _check_default(number: int, question: Question) -> None:
    default, kind = question["default"], question["type"]
    if not _has_type(default, ANSWER_TYPES[kind]):
        raise bad_request(f"Default value {default!r} in survey question {number} expected to be of type {kind}.")
    if kind != "password" and isinstance(default, str) and default.startswith(ENCRYPTED):
        raise bad_request(
            f"{ENCRYPTED} is a reserved keyword for password question defaults, question {number} is {kind}."
        )
    if kind in CHOICE_TYPES:
        chosen = default.splitlines()
        if kind == "multiplechoice" and len(chosen) > 1:
            raise bad_request("Multiple choice questions have one default.")
        if not set(chosen) <= set(parse_choices(question)):
            raise bad_request("Default choice must be answered from the choices listed.")


def parse_choices(question: Question) -> list[str]:
    """Return the choices of a question, which can be a list or a string with one choice per line."""
    choices = question.get("choices") or []
    return [choice for choice in choices.splitlines() if choice.strip()] if isinstance(choices, str) else list(choices)


def find_answer_errors(spec: list[Question], answers: Mapping[str, Any]) -> list[str]:
    """Return the errors for which AWX rejects a launch with these answers."""
    errors: list[str] = []
    for question in spec:
        name = question["variable"]
        if name in answers:
            errors += _find_value_errors(question, answers[name])
        elif question["required"]:
            errors.append(f"'{name}' value missing")
    return errors


def _find_value_errors(question: Question, answer: Any) -> list[str]:
    name, kind = question["variable"], question["type"]
    if kind == "multiselect" and not isinstance(answer, list):
        return [f"'{name}' value is expected to be a list."]
    if kind != "multiselect" and not _has_type(answer, ANSWER_TYPES[kind]):
        return [f"Value {answer} for '{name}' expected to be of type {kind}."]
    if kind in CHOICE_TYPES:
        return _find_choice_errors(question, answer if kind == "multiselect" else [answer])
    return _find_size_errors(question, answer)


def _find_choice_errors(question: Question, chosen: Iterable[str]) -> list[str]:
    invalid = set(chosen) - set(parse_choices(question))
    return [f"Value {choice} for '{question['variable']}' is not one of the choices." for choice in invalid]


def _find_size_errors(question: Question, answer: Any) -> list[str]:
    size = len(answer) if isinstance(answer, str) else answer
    name, low, high = question["variable"], question.get("min"), question.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        return [f"'{name}' value {answer} is too small or too large (must be between {low} and {high})."]
    return []


def default_answers(spec: list[Question]) -> dict[str, Any]:
    """Return the answers that AWX uses for unanswered questions: all defaults that are valid answers."""
    return {
        question["variable"]: question["default"]
        for question in spec
        if question.get("default") is not None and not _find_value_errors(question, question["default"])
    }


def _has_type(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and not isinstance(value, bool)
