# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect what the role run_service_action has done, host by host, and tell the workflow."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.selfservice.aws.plugins.plugin_utils._role import batch, results


class ActionModule(ActionBase):
    """The action behind the module of the same name, which only documents it."""

    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return the result of each host, and with which tasks the role goes on."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        checked, run, waited = (task_vars.get(name, {}) for name in (batch.BATCH, batch.RUN, batch.WAITED))
        call, change = checked.get("call"), checked.get("change_id")
        hosts = batch.hosts_of_call(task_vars, call)
        found = results.results_by_host(hosts, run=run, waited=waited, refusal=checked.get("refusal"))
        options: dict[str, Any] = next((host["options"] for host in hosts.values() if host["options"]), {})
        ignores = options.get("ignore_failures", False)
        ends = not ignores and results.is_beyond_budget(found, run)
        if ends:
            later = batch.count_later_hosts(self._task, task_vars)
            end = results.explain_end(found, options.get("max_errors"), change=change, later_hosts=later)
            found = results.with_message(found, end)
        warning = results.describe_failures(found) * ignores
        result.update(changed=False, call=call, hosts=found, change_id=change, ignores_failures=ignores)
        result.update(tasks=_last_tasks(ends), last_tasks=_last_tasks(ends), warnings=[warning] * bool(warning))
        if options.get("report") and not self._task.check_mode:
            so_far = {**batch.earlier_results(task_vars, call), **found}
            context = results.report_context(options, change, task_vars)
            report = results.report(so_far, context, with_json=options.get("report_json", False))
            result.update(tasks="report.yml", report=report)
        data = results.statistics(found, task_vars.get("awx_job_id"))
        return {**result, "ansible_stats": {"data": data, "per_host": False, "aggregate": True}}


def _last_tasks(ends: bool) -> str:
    return "results_and_end.yml" if ends else "results.yml"
