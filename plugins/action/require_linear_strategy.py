# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fail unless the play's strategy runs a run_once task once; no variable tells the strategy."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.plugins.loader import strategy_loader


class ActionModule(ActionBase):
    """The action behind the module of the same name, which only documents it."""

    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return a failure that names the strategy, unless it is linear or made from it, such as debug."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        name = self._task.get_play().strategy
        strategy = strategy_loader.get(name, class_only=True)
        # By name, since a strategy that is named with its namespace is loaded as another class.
        if any(base.__module__.endswith(".strategy.linear") for base in strategy.__mro__):
            return {**result, "changed": False}
        return {
            **result,
            "failed": True,
            "msg": f"The play has the strategy {name}, which ignores run_once: each host would run what is to run once "
            "for the whole batch. Nothing was started. Give the play the strategy linear.",
        }
