# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the results of the role run_service_action, publish them to AWX, and decide whether the play continues."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.selfservice.aws.plugins.plugin_utils._role import batch, results


class ActionModule(ActionBase):
    """The action plugin of the module with the same name, which only documents it."""

    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return whether and why the play ends, the input of the report, and the task file to include next, if any."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        checked = batch.registered(task_vars, batch.BATCH)
        call, series, change = (checked.get(name) for name in ("call", "series", "change_id"))
        registered = results.Registered.of(task_vars)
        hosts = batch.hosts_of_call(task_vars, call)
        found = {name: registered.result_of(name, host) for name, host in hosts.items()}
        options = results.common_options(hosts)
        ignores = options.get("ignore_failures", False)
        ends = not ignores and results.ends_play(found, registered.run, options.get("max_errors", ""))
        end = ""
        if ends:
            later = batch.count_later_hosts(self._task, task_vars)
            end = results.explain_end(found, options.get("max_errors"), later_hosts=later)
        warning = results.describe_failures(found) * ignores
        result.update(changed=False, call=call, series=series, change_id=change, ignores_failures=ignores)
        result.update(ends=ends, end=end)
        result.update(tasks="end.yml" if ends else "", warnings=[warning] * bool(warning))
        if self._writes_report(options, registered):
            now = {name: results.explained(item, end, change) for name, item in found.items()}
            context = results.report_context(options, change, task_vars)
            report = results.report({**batch.earlier_results(task_vars, series), **now}, context, options)
            result.update(tasks="report.yml", report=report)
        data = results.statistics(found, task_vars.get("awx_job_id"))
        return {**result, "ansible_stats": {"data": data, "per_host": False, "aggregate": True}}

    def _writes_report(self, options: dict[str, Any], registered: results.Registered) -> bool:
        return bool(options.get("report")) and not (registered.refusal or self._task.check_mode)
