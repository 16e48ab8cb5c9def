# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals at random moments to the playbook, its process tree or the module alone, and faults during the role."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator
from faults.cases import KILLS, ROLE, Case, Kill
from faults.scenarios import EXECUTE, IDS, NAMES, RECORD, RESTART, WORLD, world_of

MODULE = "selfservice.aws.servicecatalog_service_action"
CHANGE = "change-1"
OFTEN = {"wait": True, "wait_delay": 0.2}
TASKS: dict[str, dict[str, Any]] = {
    "one": {
        MODULE: {"provisioned_product_id": IDS[0], "service_action_id": RESTART, "change_id": CHANGE, **OFTEN},
    },
    "busy": {
        MODULE: {
            "provisioned_product_id": IDS[0],
            "service_action_id": RESTART,
            "change_id": CHANGE,
            "wait_until_available": True,
            **OFTEN,
        },
    },
    "many": {
        f"{MODULE}_bulk": {
            "provisioned_product_ids": IDS[:-1],
            "service_action_id": RESTART,
            "change_id": CHANGE,
            "max_concurrency": "2",
            **OFTEN,
        },
    },
    "role": {
        "ansible.builtin.import_role": {"name": "selfservice.aws.run_service_action"},
        "vars": {
            "provisioned_product_id": IDS[0],
            "run_service_action_service_action_id": RESTART,
            "run_service_action_change_id": CHANGE,
            "run_service_action_wait_delay": 0.2,
        },
    },
}
# One case of each kind; the others are marked as exhaustive.
FEW_KILLS = ("one-tree-KILL", "one-playbook-INT", "many-module-TERM", "role-tree-KILL", "busy-module-TERM")
FEW_OF_THE_ROLE = (f"role-{EXECUTE}.each.reset_after", f"role-{RECORD}.each.truncated")
EXPECTED = {"one": IDS[:1], "busy": IDS[:1], "many": IDS[:-1], "role": IDS[:1]}


def mark_all_but(few: Sequence[str], cases: Sequence[Any]) -> list[Any]:
    """Return the cases as parameters, all but a few of them marked as exhaustive."""
    assert {*few} <= {*map(str, cases)}
    marks = {str(case): () if str(case) in few else (pytest.mark.exhaustive,) for case in cases}
    return [pytest.param(case, id=str(case), marks=marks[str(case)]) for case in cases]


@pytest.mark.parametrize("case", mark_all_but(FEW_KILLS, KILLS))
def test_a_killed_task_that_is_run_again_runs_each_action_once(
    run: Callable[..., Any], kill: Callable[..., str], emulator: Emulator, tmp_path: Path, case: Kill
) -> None:
    busy = {IDS[0]: 1000.0} if case.what == "busy" else {}
    # Ten seconds, so that the role's second module begins to wait before they are over.
    emulator.reset(world_of({each: {"seconds": 200} for each in IDS}, WORLD["switches"], busy))
    emulator.fault(EXECUTE, "slow", seconds=0.3)
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [TASKS[case.what]]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(plays))
    # The first call is the start, which is slow; the polls follow.
    moment = random.Random(str(case)).randint(1, 5)
    output = kill(
        lambda: len(emulator.calls()) >= moment,
        "ansible-playbook",
        "play.yml",
        who=case.who,
        number=signal.Signals[f"SIG{case.signal}"],
    )
    emulator.clear_faults()
    if case.who == "module" and case.signal != "KILL":
        # The role still succeeds in starting the action, and waits for it in a separate task.
        assert case.what == "role" or f"SIG{case.signal} ended this process" in output
        assert all(record["RecordId"] in output for record in emulator.records())
    if busy:
        assert emulator.records() == []
        emulator.update_product(IDS[0], change=None)
    emulator.advance(10)
    for each in IDS:
        emulator.update_product(each, run={"seconds": 40})
    done = run("ansible-playbook", "play.yml")
    assert done.code == 0, done.output
    assert sorted(record["ProvisionedProductId"] for record in emulator.records()) == EXPECTED[case.what]
    assert {record["Status"] for record in emulator.records()} == {"SUCCEEDED"}


@pytest.mark.parametrize("case", mark_all_but(FEW_OF_THE_ROLE, ROLE))
def test_a_change_runs_once_despite_faults_during_the_role(
    run: Callable[..., Any], emulator: Emulator, case: Case
) -> None:
    emulator.reset(WORLD)
    for fault in case.faults:
        emulator.fault(fault.operation, fault.kind, **fault.options(emulator.now()))
    options: dict[str, Any] = {
        "provisioned_product_name": NAMES[0],
        "service_action_name": "Restart",
        "change_id": CHANGE,
        "wait_timeout": 3,
        "wait_delay": 0.2,
    }
    product = {"provisioned_product_name": options.pop("provisioned_product_name")}
    named = {f"run_service_action_{name}": value for name, value in options.items()}
    extra = ["-e", json.dumps({**product, **named})]
    command = ("ansible-playbook", "selfservice.aws.run_service_action", *extra)
    first = run(*command, ANSIBLE_SHOW_CUSTOM_STATS="1")
    assert "Traceback" not in first.output
    assert "This is a bug" not in first.output
    responded = [call for call in emulator.calls(EXECUTE) if call["status"] == 200 and call["fault"] is None]
    returned = [record["RecordId"] for record in emulator.records()] if responded else []
    assert first.stats["record_ids"] == returned
    assert (first.code == 0) == (first.stats["succeeded"] == 1)
    emulator.clear_faults()
    again = run(*command, ANSIBLE_SHOW_CUSTOM_STATS="1")
    assert again.code == 0, again.output
    (record,) = emulator.records()
    assert again.stats["record_ids"] == [record["RecordId"]]
