# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many targets: one bulk task compared with a loop and with the API's limits, and how its cost grows."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emulator import Control

from .figures import Figure, Finding, Plot
from .processes import Usage, ansible, emulator, fleet, listed, run, run_module

BULK = "servicecatalog_service_action_bulk"
ACTION_SECONDS = 10.0
LATENCY = 0.05
LOOPED = 50


def measure_starting() -> Iterator[Finding]:
    """Start 1,000 targets with one task of ansible-playbook, and 50 with a loop over a minimal module."""
    with emulator(fleet(1000), LATENCY) as control:
        ids = listed(control)
        loop = {
            "minimal_service_action": {"provisioned_product_id": "{{ item }}", "service_action_id": "act-1"},
            "loop": ids[:LOOPED],
        }
        bulk = {
            f"selfservice.aws.{BULK}": {
                "provisioned_product_ids": ids,
                "service_action_id": "act-1",
                "max_concurrency": "1000",
                "wait": False,
            }
        }
        empty = play(control, None).seconds
        looped = (play(control, loop).seconds - empty) / LOOPED * 1000
        started = play(control, bulk).seconds - empty
        assert len(control.records()) == LOOPED + 1000
    yield Figure(
        "Starting 1,000 targets, 50 ms latency: a loop's time over the bulk task's",
        looped / started,
        "times",
        bound=100,
        more_is_better=True,
        remark=f"The loop runs a minimal module built on amazon.aws; it was timed on {LOOPED} targets, and the result "
        f"multiplied by {1000 // LOOPED}. The time of a play without tasks is subtracted from both",
    )
    yield Plot("Seconds to start 1,000 targets", {"a loop": looped, "one bulk task": started}, "s")


def measure_waiting() -> Iterator[Finding]:
    """Run an action to the end on 1,000 targets at once, and on 200 with a rate limit."""
    with emulator(fleet(1000, seconds=ACTION_SECONDS), LATENCY) as control:
        usage, result = _run_on_all(control)
        summary = result["summary"]
        assert summary["succeeded"] == 1000
    yield Figure(
        "1,000 targets at once, an action of 10 s, 50 ms latency: until all have ended",
        usage.seconds,
        "s",
        bound=25,
        remark="The process of the module, from its start to its end",
    )
    yield Figure("The same run: calls", summary["api_calls"] / 1000, "a target", bound=1.5, remark="Retries included")
    with emulator(fleet(200, seconds=ACTION_SECONDS), 0.01) as control:
        control.fault("*", "rate_limit", per_second=10, burst=10)
        usage, result = _run_on_all(control)
        assert result["summary"]["succeeded"] == 200
    shortest = 200 / 10 + ACTION_SECONDS
    yield Figure(
        "200 targets, throttled to 10 calls a second: time over the least that the limit allows",
        usage.seconds / shortest,
        "times",
        bound=1.5,
        remark=f"At that rate, 200 starts and the action take at least {shortest:.0f} s; no target failed",
    )


def measure_growth() -> Iterator[Finding]:
    """Run an action to the end on 100, 1,000 and 10,000 targets, for CPU and memory of the module's process."""
    each: dict[int, float] = {}
    for size in (100, 1_000, 10_000):
        with emulator(fleet(size, seconds=ACTION_SECONDS)) as control:
            empty, _result = run_module(BULK, control, provisioned_product_ids=[], service_action_id="act-1")
            usage, result = _run_on_all(control, max_concurrency="100%")
            assert result["summary"]["succeeded"] == size
        each[size] = (usage.cpu - empty.cpu) / size * 1000
    yield Figure(
        "CPU per target: 10,000 targets over 1,000 targets",
        each[10_000] / each[1_000],
        "times",
        bound=1.3,
        remark="User and system time of the module's process, less that of a run without targets",
    )
    yield Figure("The same: 1,000 targets over 100 targets", each[1_000] / each[100], "times", bound=1.3)
    yield Figure("Peak memory of the module's process at 10,000 targets", usage.peak, "MB", bound=250)
    yield Plot("CPU per target", {f"{size:,} targets": value for size, value in each.items()}, "ms")


def _run_on_all(control: Control, **options: Any) -> tuple[Usage, dict[str, Any]]:
    params = {"search_query": ["web"], "service_action_id": "act-1", "max_concurrency": "1000", **options}
    return run_module(BULK, control, **params)


def play(control: Control, task: dict[str, Any] | None, *settings: str) -> Usage:
    """Run a play of one task or none; `settings` are NAME=VALUE pairs for its environment."""
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [task] if task else []}]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "play.yml"
        file.write_text(json.dumps(plays))
        return run(["env", *settings, ansible("ansible-playbook"), str(file)], control)
