# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: survey_answers
version_added: 1.0.0
short_description: Restore the answers of an AWX survey as the operator typed them
description:
  - AWX passes the answers of a survey to a playbook as YAML with tagged strings, such as V(!unsafe '007'). ansible-core
    2.19 and later read such a string like any other YAML, so that V(007) becomes the number V(7), V(yes) becomes
    V(true), V(12:30) becomes V(750), and an empty answer becomes null.
  - This filter returns the original strings. Other values, such as the answer to a question of type integer, are
    returned unchanged.
  - The playbook C(selfservice.aws.run_service_action) uses it for the name and the parameters of a service
    action.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  _input:
    description:
      - The values of the variables.
    type: list
    elements: raw
    required: true
  names:
    description:
      - The names of the variables, in the same order.
    type: list
    elements: str
    required: true
notes:
  - The filter reads the files of extra vars that C(ansible-playbook) was started with.
positional: _input, names
"""

EXAMPLES = r"""
- name: Show two answers as they were given
  ansible.builtin.debug:
    msg: "{{ query('ansible.builtin.vars', *names, default='') | selfservice.aws.survey_answers(names) }}"
  vars:
    names:
      - answer_pin
      - answer_time
"""

RETURN = r"""
_value:
  description: The answers, in the same order. One that is null is an empty text.
  type: list
  elements: raw
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Callable

import yaml
from ansible import context

UNSAFE = "!unsafe"


def survey_answers(values: Iterable[Any], names: Iterable[str]) -> list[Any]:
    """Return the values of variables, with the original string for each one that AWX wrote as a string."""
    values = list(values)
    # Releases of ansible-core before 2.19 don't change the strings.
    if all(isinstance(value, str) for value in values):
        return values
    texts = _texts(context.CLIARGS.get("extra_vars") or ())
    return [_answer(value, texts.get(name)) for name, value in zip(names, values)]


def _answer(value: Any, text: str | list[str] | None) -> Any:
    # A later --extra-vars option may have set a different value.
    is_same = text is not None and _read(text) == value
    return text if is_same else "" if value is None else value


def _texts(options: Iterable[str]) -> dict[str, str | list[str]]:
    """Return the strings tagged !unsafe in the files passed with --extra-vars, by variable name."""
    found: dict[str, str | list[str]] = {}
    for option in options:
        if option.startswith("@"):
            for key, node in _pairs(Path(option[1:]).expanduser()):
                if isinstance(node, yaml.ScalarNode) and node.tag == UNSAFE:
                    found[key] = node.value
                elif isinstance(node, yaml.SequenceNode) and all(each.tag == UNSAFE for each in node.value):
                    found[key] = [each.value for each in node.value]
    return found


def _pairs(file: Path) -> list[tuple[str, yaml.Node]]:
    """Return the variables of a file, or an empty list if it is not YAML, for example because it is encrypted."""
    try:
        document = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeError, yaml.YAMLError):
        return []
    return [(key.value, node) for key, node in document.value] if isinstance(document, yaml.MappingNode) else []


def _read(text: str | list[str]) -> Any:
    """Return the value that ansible-core 2.19 and later make of a string tagged !unsafe."""
    if isinstance(text, list):
        return [_read(each) for each in text]
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))
    return yaml.SafeLoader("").construct_object(yaml.ScalarNode(tag, text))


class FilterModule:
    """The entry point for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"survey_answers": survey_answers}
