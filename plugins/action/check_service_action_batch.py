# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the batch of the role run_service_action, and choose the change id with which to continue it."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.selfservice.aws.plugins.plugin_utils._role import batch, options


class ActionModule(ActionBase):
    """The action plugin of the module with the same name, which only documents it."""

    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return the targets and the change id; no targets if the batch is rejected."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        call = batch.registered(task_vars, batch.HOST).get("call")
        hosts = batch.hosts_of_call(task_vars, call)
        positions = {name: number for number, name in enumerate(hosts)}
        calls, series = batch.calls_with(self._task, task_vars), batch.series_of(self._task, task_vars)
        result.update(changed=False, call=call, calls=calls, series=series, positions=positions)
        try:
            batch.check_batch(hosts, self._loader.get_basedir())
        except options.RoleError as error:
            why = f"Nothing is started. {error}"
            return {**result, "targets": [], "change_id": None, "refusal": why, "how_to_continue": "nothing is started"}
        first = next(iter(hosts.values()))
        # In check mode, a change id would downgrade the error for a busy product to a warning, so none is generated.
        change = first["options"].get("change_id", None if self._task.check_mode else series)
        targets = [host["target"] for host in hosts.values()]
        result.update(targets=targets, change_id=change, how_to_continue=_how_to_continue(change))
        return {**result, "_ansible_no_log": any(host["has_secrets"] for host in hosts.values())}


def _how_to_continue(change: Any) -> str:
    if change is None:
        return "in check mode nothing is started"
    return f"to continue after anything, {batch.same_run(change)}"
