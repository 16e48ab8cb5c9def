# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Return the result of one host of the role run_service_action, and fail the host if its action failed."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.selfservice.aws.plugins.plugin_utils._role import batch, results

_SKIPPED = (
    "Not started, because the run_once tasks of the role were skipped: `when` is false on the first host of the batch. "
    "Call the role with include_role, whose `when` excludes only the hosts for which it is false."
)


class ActionModule(ActionBase):
    """The action plugin of the module with the same name, which only documents it."""

    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return the result of the host. It also fails if the batch was not run."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        host, collected = batch.registered(task_vars, batch.HOST), task_vars.get(batch.RESULTS, {})
        if collected.get("call") != host.get("call"):
            return {**result, "changed": False, "failed": True, "outcome": "not_started", "msg": _SKIPPED}
        item = results.Registered.of(task_vars).result_of(task_vars["inventory_hostname"], host)
        item = results.explained(item, collected["end"], collected["change_id"])
        is_failed = results.failed(item) and not collected["ignores_failures"]
        return {**result, **item, "change_id": collected["change_id"], "failed": is_failed}
