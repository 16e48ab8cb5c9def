# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The output of a bulk task on many targets on the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from emulator import Emulator

EXECUTION = "arn:aws:ssm:us-east-1:123456789012:automation-execution/4105a4fc-f944-11e6-9d32-8fb2db27a909"
TROUBLE = (
    "Step 2 of Acme-RestartServer failed: the instance i-0123456789abcdef0 did not reach the state running within "
    "the 600 seconds that the step allows. See the output of the step in the console of Systems Manager."
)


def create_servers(emulator: Emulator, counts: dict[str, int]) -> None:
    """Create servers whose restart ends with a status, or does not end."""
    errors = [{"code": "AutomationExecutionFailed", "description": TROUBLE}]
    outputs = {"AutomationExecutionArn": EXECUTION, "FailureMessage": TROUBLE}
    runs: dict[str, dict[str, Any]] = {
        "SUCCEEDED": {"seconds": 4},
        "FAILED": {"seconds": 4, "ends": "FAILED", "errors": errors, "outputs": outputs},
        "RUNNING": {"seconds": 100_000},
    }
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    plain = {"product": "prod-1", "artifact": "pa-1", "tags": {"team": "orders", "env": "production"}}
    emulator.reset(
        {
            "service_actions": [{"id": "act-1", "name": "Restart"}],
            "products": [{"id": "prod-1", "name": "server", "artifacts": artifacts}],
            "generated": [
                {"count": count, "name": f"{ends.lower()}-production-{{n:04}}", "run": runs[ends], **plain}
                for ends, count in counts.items()
            ],
        }
    )


def test_a_failed_task_of_a_thousand_targets_prints_little(play: Callable[..., Any], emulator: Emulator) -> None:
    create_servers(emulator, {"SUCCEEDED": 400, "FAILED": 300, "RUNNING": 300})
    done = play("""
        - selfservice.aws.servicecatalog_service_action_bulk:
            search_query: [production]
            service_action_name: Restart
            change_id: CHG-4711
            max_concurrency: "400"
            max_errors: "599"
            wait_timeout: 5
            return_results: problems
        """)
    assert done.code == 2
    assert len(done.output.encode()) < 30_000
    result = json.loads(done.output.split("=> ", 1)[1].splitlines()[0])
    counts = result["summary"]
    assert counts["failed"] + counts["timed_out"] == 10 + counts["results_omitted"]
    assert len(result["results"]) == 10
    assert len(result["remaining"]) == min(20, counts["not_started"])
    assert counts["timed_out"] >= 300
    assert len(result["msg"]) < 600 + len("change_id: CHG-4711")
    assert "Failed: failed-production-0001, " in result["msg"]
    assert "Timed out: running-production-0001, " in result["msg"]
    assert "CHG-4711" in result["msg"]
