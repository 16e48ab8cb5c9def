# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's playbooks, called by their full names."""

from __future__ import annotations

from typing import Any, Callable

from emulator import Emulator


def test_the_demo_runs_as_described(run: Callable[..., Any], emulator: Emulator) -> None:
    # Takes as long as with `make demo`: a replay within 2 s of its start would count as new.
    emulator.update_product("pp-orders0000001", run={"seconds": 60})
    done = run("ansible-playbook", "selfservice.aws.demo")
    assert done.code == 0, done.output
    assert "rescued=1" in done.output
    assert "[WARNING]" not in done.output
    for word in ("SUCCEEDED", "SnapshotId", "********", "AutomationExecutionFailed"):
        assert word in done.output
    assert sorted(record["Status"] for record in emulator.records()).count("FAILED") == 1
    assert len(emulator.records()) == 5
    assert "orders-db, billing-db" in done.output
    announced, failed = (done.output.index(text) for text in ("The next action is going to fail", "fatal: "))
    assert announced < failed < done.output.index("All steps went as intended, including the failure in step 8.")


def test_the_actions_of_a_product_are_printed_as_a_table(run: Callable[..., Any]) -> None:
    done = run("ansible-playbook", "selfservice.aws.list_service_actions", "-e", "provisioned_product_name=orders-db")
    assert done.code == 0, done.output
    rows = [line.strip().strip('",').split() for line in done.output.splitlines() if "  " in line.strip()]
    assert ["ACTION", "ID", "PARAMETER", "TYPE", "DEFAULT"] in rows
    assert any(row[:3] == ["Restart", "act-restart000001", "TARGET"] and row[-1] == "db-orders-1" for row in rows)
    assert any(row[0] == "Mode" and row[-1] == "graceful" for row in rows)


def test_the_table_requires_a_product(run: Callable[..., Any]) -> None:
    done = run("ansible-playbook", "selfservice.aws.list_service_actions")
    assert done.code == 2
    assert "-e provisioned_product_name=NAME" in done.output
