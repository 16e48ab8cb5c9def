# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random tasks that run repeatedly with random faults and signals, on a simulated clock, determined by a seed."""

from __future__ import annotations

import math
from typing import Any, Callable

import pytest
from botocore.client import BaseClient
from emulator import Emulator
from faults.invariants import Run
from faults.random_cases import Disturbance, RandomCase, draw, run_until_done
from faults.scenarios import RESTART


@pytest.fixture
def run_once(run_scenario: Callable[..., Any], emulator: Emulator) -> Callable[..., Run]:
    """Return a function that runs the task of a case once, and returns the run and its calls."""

    def run(case: RandomCase, disturbance: Disturbance, **params: Any) -> Run:
        before, calls, began = _record_ids(emulator), len(emulator.calls()), emulator.now()
        for fault in disturbance.faults:
            emulator.fault(fault.operation, fault.kind, **fault.options(began))
        outcome = run_scenario(
            case.scenario,
            hangs=any(fault.kind in ("hang", "slow") for fault in disturbance.faults),
            interrupt_at=disturbance.signal.calls if disturbance.signal else math.inf,
            kills=disturbance.signal is not None and disturbance.signal.name == "KILL",
            threads=disturbance.threads,
            assumes_role=disturbance.assumes_role,
            **params,
        )
        return Run(
            case.scenario,
            outcome.result,
            began,
            emulator.now(),
            emulator.calls()[calls:],
            before,
            _record_ids(emulator),
            outcome.record_ids,
            None if outcome.interrupted_after is None else began + outcome.interrupted_after,
        )

    return run


def _record_ids(emulator: Emulator) -> list[str]:
    return [record["RecordId"] for record in emulator.records()]


def _start_records(client: BaseClient, case: RandomCase) -> None:
    for product in case.world["provisioned_products"][: case.scenario.records]:
        client.execute_provisioned_product_service_action(ProvisionedProductId=product["id"], ServiceActionId=RESTART)


def test_a_task_repeated_until_it_succeeds_keeps_every_promise(
    run_once: Callable[..., Run], emulator: Emulator, connect: Callable[..., BaseClient], seed: int
) -> None:
    case = draw(seed)
    emulator.reset(case.world)
    _start_records(connect({}), case)
    params = {"record_ids": _record_ids(emulator)} if case.scenario.records else {}
    found = run_until_done(case, run_once, emulator, most_runs=len(case.scenario.targets) + 3, **params)
    assert not found, "\n".join([*found, f'make faults ARGS="--seed {seed} -k until_it_is_done"'])
