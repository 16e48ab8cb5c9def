# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX holds a survey to when it is set, and answers when it is launched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .refusals import broken

TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "textarea": (str,),
    "password": (str,),
    "multiplechoice": (str,),
    "multiselect": (str,),
    "integer": (int,),
    "float": (int, float),
}
CHOICES = ("multiplechoice", "multiselect")
ENCRYPTED = "$encrypted$"
Question = dict[str, Any]


def check_survey(document: Any) -> None:
    """Refuse a survey document that AWX refuses."""
    for field, kind in (("name", str), ("description", str), ("spec", list)):
        if field not in document:
            raise broken(f"Field '{field}' is missing from survey spec.")
        if not isinstance(document[field], kind):
            raise broken(f"Expected {kind.__name__} for field '{field}'.")
    if not document["spec"]:
        raise broken("'spec' doesn't contain any items.")
    variables = set()
    for number, question in enumerate(document["spec"]):
        _check_question(number, question)
        if question["variable"] in variables:
            raise broken(f"'variable' '{question['variable']}' duplicated in survey question {number}.")
        variables.add(question["variable"])


def _check_question(number: int, question: Any) -> None:
    if not isinstance(question, dict):
        raise broken(f"Survey question {number} is not a json object.")
    for field in ("type", "question_name", "variable", "required"):
        kind = bool if field == "required" else str
        if not isinstance(question.get(field), kind):
            raise broken(f"'{field}' in survey question {number} expected to be {kind.__name__}.")
    if question["type"] not in TYPES:
        raise broken(f"'{question['type']}' in survey question {number} is not one of {', '.join(TYPES)}.")
    for field in ("min", "max"):
        if question.get(field) is not None and not _is(question[field], (int,)):
            raise broken(f"The {field} limit in survey question {number} expected to be integer.")
    if question["type"] in CHOICES and not choices_of(question):
        raise broken(f"Survey question {number} of type {question['type']} must specify choices.")
    if question.get("default", "") != "":
        _check_default(number, question)


def _check_default(number: int, question: Question) -> None:
    default, kind = question["default"], question["type"]
    if not _is(default, TYPES[kind]):
        raise broken(f"Default value {default!r} in survey question {number} expected to be of type {kind}.")
    if kind != "password" and isinstance(default, str) and default.startswith(ENCRYPTED):
        raise broken(f"{ENCRYPTED} is a reserved keyword for password question defaults, question {number} is {kind}.")
    if kind in CHOICES:
        chosen = default.splitlines()
        if kind == "multiplechoice" and len(chosen) > 1:
            raise broken("Multiple choice questions have one default.")
        if not set(chosen) <= set(choices_of(question)):
            raise broken("Default choice must be answered from the choices listed.")


def choices_of(question: Question) -> list[str]:
    """Return the choices of a question, which may be a text with one on each line."""
    choices = question.get("choices") or []
    return [each for each in choices.splitlines() if each.strip()] if isinstance(choices, str) else list(choices)


def refused_answers(spec: list[Question], answers: Mapping[str, Any]) -> list[str]:
    """Return why AWX would refuse to launch with these answers."""
    found: list[str] = []
    for question in spec:
        name = question["variable"]
        if name in answers:
            found += _refused(question, answers[name])
        elif question["required"]:
            found.append(f"'{name}' value missing")
    return found


def _refused(question: Question, answer: Any) -> list[str]:
    name, kind = question["variable"], question["type"]
    if kind == "multiselect":
        if not isinstance(answer, list):
            return [f"'{name}' value is expected to be a list."]
        others = set(answer) - set(choices_of(question))
        return [f"Value {each} for '{name}' is not one of the choices." for each in others]
    if not _is(answer, TYPES[kind]):
        return [f"Value {answer} for '{name}' expected to be of type {kind}."]
    if kind == "multiplechoice":
        return [] if answer in choices_of(question) else [f"Value {answer} for '{name}' is not one of the choices."]
    size = len(answer) if isinstance(answer, str) else answer
    least, most = question.get("min"), question.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        return [f"'{name}' value {answer} is too small or too large (must be between {least} and {most})."]
    return []


def defaults_of(spec: list[Question]) -> dict[str, Any]:
    """Return what AWX fills in where there is no answer: defaults that are answers."""
    found = {each["variable"]: each["default"] for each in spec if each.get("default") is not None}
    return {name: value for name, value in found.items() if not refused_answers(_only(spec, name), {name: value})}


def _only(spec: list[Question], name: str) -> list[Question]:
    return [each for each in spec if each["variable"] == name]


def _is(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and not isinstance(value, bool)
