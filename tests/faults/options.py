# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a module as Ansible passes them if a task gives none."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import pytest


class _Spec(Exception):
    """Ends main() before it runs anything, with the argument spec."""


@cache
def default_options(module: str) -> dict[str, Any]:
    """Return the defaults of a module's argument spec, by the full name of the module; treat them as read-only."""

    def keep_spec(*, argument_spec: dict[str, dict[str, Any]], **_more: Any) -> None:
        raise _Spec(argument_spec)

    imported = importlib.import_module(module)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imported, "AnsibleAWSModule", keep_spec)
        with pytest.raises(_Spec) as caught:
            imported.main()
    return {name: option.get("default") for name, option in caught.value.args[0].items()}
