# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launching a job template, and what its playbook meets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
import yaml

from .kinds import Item
from .refusals import Refusal
from .surveys import defaults_of, refused_answers


class Unsafe(yaml.SafeDumper):
    """Writes all text so that Ansible never templates it."""

    def represent_data(self, data: Any) -> yaml.Node:
        """Tag what is text."""
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


@dataclass(frozen=True)
class Job:
    """A launched job: the playbook of its project, its extra vars as a file has them, its environment."""

    id: int
    playbook: str
    extra_vars: str
    environment: dict[str, str]
    ignored: dict[str, Any]


def launch(
    number: int, template: Item, *, survey: Item, answers: Mapping[str, Any], credentials: Iterable[tuple[Item, Item]]
) -> Job:
    """Return a job of a template with the answers of an operator, or refuse them as AWX does.

    A credential is its inputs and its type.
    """
    spec = survey.get("spec", []) if template["survey_enabled"] else []
    asked = {question["variable"] for question in spec}
    taken = {name: value for name, value in answers.items() if name in asked or template["ask_variables_on_launch"]}
    if found := refused_answers(spec, taken):
        raise Refusal(400, {"variables_needed_to_start": found})
    own = json.loads(template["extra_vars"] or "{}")
    known = {"job_id": number, "job_template_id": template["id"], "job_template_name": template["name"]}
    known |= {"job_launch_type": "manual", "user_name": "operator", "user_id": 2}
    always = {f"{prefix}_{name}": value for name, value in known.items() for prefix in ("awx", "tower")}
    variables = {**always, **own, **defaults_of(spec), **taken}
    return Job(
        number,
        template["playbook"],
        _extra_vars(variables, own),
        _environment(credentials),
        {name: value for name, value in answers.items() if name not in taken},
    )


def _extra_vars(variables: Mapping[str, Any], trusted: Mapping[str, Any]) -> str:
    """Return extra vars as AWX writes them: only what the template itself says may have Jinja in it."""
    return "".join(
        yaml.dump({name: value}, Dumper=yaml.SafeDumper if name in trusted and trusted[name] == value else Unsafe)
        for name, value in variables.items()
    )


def _environment(credentials: Iterable[tuple[Item, Item]]) -> dict[str, str]:
    environment: dict[str, str] = {}
    for inputs, kind in credentials:
        values = {field["id"]: inputs.get(field["id"], "") for field in kind["inputs"].get("fields", [])}
        for name, template in kind["injectors"].get("env", {}).items():
            environment[name] = jinja2.Template(template, undefined=jinja2.StrictUndefined).render(values)
    return environment
