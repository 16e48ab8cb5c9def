# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random faults, and signals to real processes, while a random task runs again and again; all drawn from a seed."""

from __future__ import annotations

import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, Callable

import boto3
import pytest
from emulator import Emulator
from faults.cases import Fault
from faults.invariants import Run
from faults.random_cases import BROKEN, CHANGE, FIXED, Disturbance, RandomCase, Signal, draw, run_until_done
from faults.scenarios import EXECUTE, HISTORY, RECORD, RESTART, Scenario, world_of

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "not-a-real-secret-key"}
# An undisturbed run starts all targets; only failures beyond max_errors need another run.
MOST_RUNS = 8
RETURNED = (None, "date")
# A signal is sent after a number of these calls; before them, nothing has started that could be lost.
COUNTED = (EXECUTE, RECORD, HISTORY)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator on the real clock, since a faster one makes a new record look like one that is replayed."""
    with Emulator() as running:
        yield running


@pytest.fixture
def run_once(kill: Callable[..., str], run: Callable[..., Any], emulator: Emulator) -> Callable[..., Run]:
    """Return a function that runs a case's task once, signals its processes, and returns the run with its calls."""

    def start(case: RandomCase, disturbance: Disturbance, **params: Any) -> Run:
        before, first, began = _record_ids(emulator), len(emulator.calls()), emulator.now()
        _set(emulator, disturbance.faults)
        given = {name: value for name, value in {**case.scenario.params, **params}.items() if value is not None}
        module = f"selfservice.aws.servicecatalog_{case.scenario.module}"
        command = ("ansible", "localhost", "-m", module, "-a", json.dumps(given))
        moments: list[float] = []

        def is_time(wanted: Signal) -> bool:
            if sum(call["operation"] in COUNTED for call in emulator.calls()[first:]) < wanted.calls:
                return False
            moments.append(emulator.now())
            return True

        if wanted := disturbance.signal:
            number = signal.Signals[f"SIG{wanted.name}"]
            output = kill(lambda: is_time(wanted), *command, who=wanted.who, number=number, may_end=True)
        else:
            output = run(*command).output
        calls = emulator.calls()[first:]
        issued = _issued(emulator, calls)
        signalled = moments[-1] if moments else None
        result, after = _result_in(output), _record_ids(emulator)
        return Run(case.scenario, result, began, emulator.now(), calls, before, after, issued, signalled)

    return start


def _set(emulator: Emulator, faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        emulator.fault(fault.operation, fault.kind, **fault.options(emulator.now()))


def _record_ids(emulator: Emulator) -> list[str]:
    return [record["RecordId"] for record in emulator.records()]


def _issued(emulator: Emulator, calls: list[dict[str, Any]]) -> set[str]:
    """Return the ids of the records that were in a response without a fault."""
    ids = {record["ExecuteToken"]: record["RecordId"] for record in emulator.records()}
    answered = [each for each in calls if (each["operation"], each["status"]) == (EXECUTE, 200)]
    return {ids[each["parameters"]["ExecuteToken"]] for each in answered if each["fault"] in RETURNED}


def _result_in(output: str) -> dict[str, Any] | None:
    """Return the result of an ad-hoc command, or None if the module returned none."""
    found = re.search(r"localhost \| (\w+)!? => (\{.*)", output, re.DOTALL)
    if found is None:
        return None
    result: dict[str, Any] = json.JSONDecoder().raw_decode(found[2])[0]
    return None if "module_stdout" in result else {**result, "failed": found[1] == "FAILED"}


def test_a_task_whose_processes_are_killed_is_done_in_the_end(
    run_once: Callable[..., Run], emulator: Emulator, process_seed: int
) -> None:
    case = draw(process_seed, in_process=False)
    emulator.reset(case.world)
    params = _start_records(emulator, case)
    found = run_until_done(case, run_once, emulator, most_runs=MOST_RUNS, **params)
    assert not found, "\n".join([*found, f'make faults ARGS="--seed {process_seed} -k done_in_the_end"'])


def _start_records(emulator: Emulator, case: RandomCase) -> dict[str, Any]:
    """Start the records that the task waits for, and return its option for them."""
    if not case.scenario.records:
        return {}
    client = boto3.client("servicecatalog", region_name="us-east-1", endpoint_url=emulator.url, **KEYS)
    for product in case.world["provisioned_products"]:
        client.execute_provisioned_product_service_action(ProvisionedProductId=product["id"], ServiceActionId=RESTART)
    return {"record_ids": _record_ids(emulator)}


def test_two_hundred_targets_run_as_often_as_they_need_despite_kills_at_random_moments(
    run_once: Callable[..., Run], emulator: Emulator
) -> None:
    case = two_hundred_targets(Random(4711))
    emulator.reset(case.world)
    runs: list[Run] = []

    def run(*arguments: Any) -> Run:
        runs.append(run_once(*arguments))
        return runs[-1]

    assert run_until_done(case, run, emulator, most_runs=MOST_RUNS) == []
    first, last = runs[0].result, runs[-1].result
    assert first
    assert first["summary"]["failed"] > 10
    assert first["summary"]["not_started"] > 0
    assert [run.result is None for run in runs[1:-1]].count(True) >= 3
    assert last
    assert last["summary"]["succeeded"] == 200
    ran = Counter(record["ProvisionedProductId"] for record in emulator.records())
    assert ran == {each: 1 + case.failures.get(each, 0) for each in case.scenario.targets}


def two_hundred_targets(chance: Random) -> RandomCase:
    """Return a case in which a tenth of the targets fails at first: one run exceeds max_errors, others are killed."""
    ids = [f"pp-{number:03}" for number in range(200)]
    failures = dict.fromkeys(chance.sample(ids, 20), 1)
    runs = {each: {"seconds": chance.uniform(0.3, 1), **(BROKEN if each in failures else FIXED)} for each in ids}
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": CHANGE, "wait_delay": 0.3}
    limits = {"max_concurrency": "25", "max_errors": "5%"}
    kills = [
        Disturbance((), Signal("KILL", "tree", chance.randint(20, 240)), retry_failed=chance.random() < 0.7)
        for _kill in range(6)
    ]
    scenario = Scenario("many", "service_action_bulk", (), {**given, **limits}, tuple(ids))
    return RandomCase(4711, world_of(runs, {}), scenario, (Disturbance(()), *kills), (5.0,) * 7, 5.0, failures)
