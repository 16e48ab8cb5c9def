# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The launch of job templates, and the resulting jobs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
import yaml

from .errors import ApiError
from .resource_types import Item
from .surveys import default_answers, find_answer_errors


class UnsafeDumper(yaml.SafeDumper):
    """Tags all strings as unsafe, so that Ansible never templates them."""

    def represent_data(self, data: Any) -> yaml.Node:
        """Tag strings."""
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


@dataclass(frozen=True)
class Job:
    """A launched job; `extra_vars` is the YAML text of a variables file."""

    id: int
    playbook: str
    extra_vars: str
    environment: dict[str, str]
    ignored_vars: dict[str, Any]


def launch(
    job_id: int, template: Item, *, survey: Item, answers: Mapping[str, Any], credentials: Iterable[tuple[Item, Item]]
) -> Job:
    """Return the job that the operator's answers launch, or reject the answers as AWX does.

    Each credential is a pair of its inputs and its type.
    """
    spec = survey.get("spec", []) if template["survey_enabled"] else []
    questions = {question["variable"] for question in spec}
    accepted = {name: answers[name] for name in answers if name in questions or template["ask_variables_on_launch"]}
    if errors := find_answer_errors(spec, accepted):
        raise ApiError(400, {"variables_needed_to_start": errors})
    template_vars = json.loads(template["extra_vars"] or "{}")
    variables = {**_job_metadata(job_id, template), **template_vars, **default_answers(spec), **accepted}
    return Job(
        job_id,
        template["playbook"],
        _dump_extra_vars(variables, template_vars),
        render_environment(credentials),
        {name: value for name, value in answers.items() if name not in accepted},
    )


def _job_metadata(job_id: int, template: Item) -> dict[str, Any]:
    metadata = {"job_id": job_id, "job_template_id": template["id"], "job_template_name": template["name"]}
    metadata |= {"job_launch_type": "manual", "user_name": "operator", "user_id": 2}
    return {f"{prefix}_{name}": value for name, value in metadata.items() for prefix in ("awx", "tower")}


def _dump_extra_vars(variables: Mapping[str, Any], trusted: Mapping[str, Any]) -> str:
    """Return extra vars as AWX writes them: only the template's own values may contain Jinja."""
    return "".join(
        yaml.dump({name: value}, Dumper=yaml.SafeDumper if name in trusted and trusted[name] == value else UnsafeDumper)
        for name, value in variables.items()
    )


def render_environment(credentials: Iterable[tuple[Item, Item]]) -> dict[str, str]:
    """Return the environment variables that credentials inject; each credential is a pair of inputs and type."""
    environment: dict[str, str] = {}
    for inputs, credential_type in credentials:
        fields = credential_type["inputs"].get("fields", [])
        values = {field["id"]: inputs.get(field["id"], "") for field in fields}
        for name, template in credential_type["injectors"].get("env", {}).items():
            environment[name] = jinja2.Template(template, undefined=jinja2.StrictUndefined).render(values)
    return environment
