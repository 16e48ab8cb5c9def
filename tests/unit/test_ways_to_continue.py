# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instructions for continuing in an error message lead to success if they are followed literally."""

from __future__ import annotations

import math
import re
from typing import Any, Callable, NamedTuple

import pytest
import yaml
from botocore.client import BaseClient
from emulator import Emulator
from faults.in_process import ScenarioRunner
from faults.scenarios import EXECUTE, HISTORY, IDS, RECORD, RESTART, SCENARIOS, TIMEOUT, WORLD

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
# The phrase that says how to continue: a task, and options with values in YAML.
_VALUE = r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[\w.-]*\w'
_OPTION = rf"\w+: (?:{_VALUE})"
NEXT_TASK = re.compile(
    r"(?P<task>this task again|selfservice\.aws\.servicecatalog_record_wait) with "
    rf"(?P<options>{_OPTION}(?: and {_OPTION})*)"
    rf"(?:, and with (?P<more>{_OPTION}) if)?"
)


class NextTask(NamedTuple):
    """The task that a message says to run: the same task or another module, with options."""

    is_same_task: bool
    options: dict[str, Any]


class Failure(NamedTuple):
    """A failing scenario: its options, its faults until they are cleared, and when a signal arrives.

    If `is_repeated`, the scenario runs twice before the faults are cleared, so that the second run finds the records of
    the first. `status` is the status of the first product until then.
    """

    scenario: str
    params: dict[str, Any] | None = None
    faults: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    interrupt_at: float = math.inf
    is_repeated: bool = False
    status: str = ""


def next_tasks(message: str) -> list[NextTask]:
    """Return all alternatives that a message gives for continuing."""
    found = []
    for match in NEXT_TASK.finditer(message):
        options = [match["options"], *([f"{match['options']} and {match['more']}"] if match["more"] else [])]
        for each in options:
            given = dict(yaml.safe_load(part).popitem() for part in re.findall(_OPTION, each))
            found.append(NextTask(match["task"] == "this task again", given))
    return found


LOST = (EXECUTE, "reset_after", {})
FAILURES = {
    "a start that is not confirmed": Failure("one", faults=(LOST,)),
    "a start that is not confirmed, with a change": Failure("one", {"change_id": "CHG: 1"}, faults=(LOST,)),
    "a start that is not confirmed, with a token": Failure("one", {"execute_token": "token-1"}, faults=(LOST,)),
    "a record that failed": Failure("one_that_fails"),
    "a record that had failed before": Failure("one_that_fails", {"change_id": "CHG-1"}, is_repeated=True),
    "a record that had failed before, without a wait": Failure(
        "one_that_fails", {"change_id": "CHG-1", "wait": False}, is_repeated=True
    ),
    "a record that had not ended in time": Failure("one", {"wait_timeout": 5}),
    "a record that can't be polled": Failure("one", faults=((RECORD, "access_denied", {}),)),
    "a signal while waiting for one": Failure("one", interrupt_at=3),
    "a bulk run with too many errors": Failure("many", {"max_errors": "0", "max_concurrency": "1"}),
    "a bulk run whose errors are older": Failure("many", {"max_errors": "0", "change_id": "CHG-1"}, is_repeated=True),
    "a bulk run with a start that is not confirmed": Failure(
        "many", {"max_errors": "0", "wait_timeout": 5}, faults=((EXECUTE, "reset_after", {"product": IDS[1]}),)
    ),
    "a bulk run with starts that are refused": Failure("many", faults=((EXECUTE, "access_denied", {}),)),
    "a bulk run with targets that timed out": Failure("many", {"wait_timeout": 5, "max_errors": "5"}),
    "a bulk run whose records can't be polled": Failure(
        "many", faults=((HISTORY, "access_denied", {}), (RECORD, "access_denied", {}))
    ),
    "a bulk run whose slots are all taken": Failure(
        "many", {"wait_timeout": 5, "max_concurrency": "1", "max_errors": "5"}
    ),
    "a bulk run that a signal ends": Failure("many", interrupt_at=4),
    "a product that is busy for too long": Failure(
        "one", {"wait_until_available": True, "wait_timeout": 10, "change_id": "CHG-1"}, status="UNDER_CHANGE"
    ),
    "a product that is in error": Failure("one", {"wait_until_available": True}, status="ERROR"),
    "a bulk run with a product that is busy for too long": Failure(
        "many", {"wait_until_available": True, "wait_timeout": 10, "max_errors": "0"}, status="UNDER_CHANGE"
    ),
    "records that had not ended in time": Failure("wait_for_many", {"wait_timeout": 2}),
    "records that can't be polled": Failure(
        "wait_for_many", faults=((HISTORY, "access_denied", {}), (RECORD, "access_denied", {}))
    ),
    "a signal while waiting for records": Failure("wait_for_many", interrupt_at=3),
}


@pytest.fixture
def fail(run_scenario: ScenarioRunner, emulator: Emulator, connect: Callable[..., BaseClient]) -> Callable[..., str]:
    """Return a function that causes a failure in a new world, and returns the message."""

    def run(failure: Failure) -> str:
        scenario = BY_NAME[failure.scenario]
        emulator.reset(WORLD)
        client = connect({})
        for number in range(scenario.records):
            client.execute_provisioned_product_service_action(
                ProvisionedProductId=IDS[number], ServiceActionId=RESTART, ExecuteToken=f"t-{number}"
            )
        for operation, kind, options in failure.faults:
            emulator.fault(operation, kind, **options)
        if failure.status:
            emulator.update_product(IDS[0], status=failure.status)
        given = dict(failure.params or {})
        if scenario.records:
            given["record_ids"] = [record["RecordId"] for record in emulator.records()]
        for _time in range(1 + failure.is_repeated):
            result = run_scenario(scenario, interrupt_at=failure.interrupt_at, **given).result
            emulator.advance(60)
        assert result["failed"] is True
        emulator.clear_faults()
        emulator.update_product(IDS[0], status="AVAILABLE")
        emulator.update_product(IDS[-1], run=WORLD["provisioned_products"][0]["run"])
        return str(result["msg"])

    return run


def follow(task: NextTask, failure: Failure, run_scenario: ScenarioRunner) -> dict[str, Any]:
    """Run the task that a message says to run, and return its result."""
    if task.is_same_task:
        given = {"wait_timeout": TIMEOUT} if "wait_timeout" in (failure.params or {}) else {}
        scenario, given = BY_NAME[failure.scenario], {**(failure.params or {}), **given, **task.options}
    else:
        scenario, given = BY_NAME["wait_for_many"], task.options
    return run_scenario(scenario, **given).result


@pytest.mark.parametrize("name", FAILURES)
def test_following_the_message_of_a_failure_succeeds(
    fail: Callable[..., str], run_scenario: ScenarioRunner, emulator: Emulator, name: str
) -> None:
    failure = FAILURES[name]
    number = len(next_tasks(fail(failure)))
    assert number
    for index in range(number):
        message = fail(failure)
        tasks = next_tasks(message)[index:]
        # The continued run can find another failure, so follow its message as well.
        for _step in range(3):
            assert tasks, message
            result = follow(tasks[0], failure, run_scenario)
            emulator.advance(60)
            message = result.get("msg", "")
            tasks = next_tasks(message)[::-1]
            if not result["failed"]:
                break
        assert not message
        statuses: dict[str, list[str]] = {}
        for record in emulator.records():
            statuses.setdefault(record["ProvisionedProductId"], []).append(record["Status"])
        # The action fails on the last product until its cause is fixed, which max_errors may allow. Nothing runs twice.
        within_budget = [["FAILED"]] if result.get("summary", {}).get("failed") else []
        assert statuses.pop(IDS[-1], []) in [["FAILED", "SUCCEEDED"], ["SUCCEEDED"], [], *within_budget]
        assert all(found == ["SUCCEEDED"] for found in statuses.values())


def test_the_message_of_a_failure_with_a_given_token_says_to_use_another_token(fail: Callable[..., str]) -> None:
    message = fail(Failure("one_that_fails", {"execute_token": "token-1"}))
    assert message.endswith("To run the action again, fix the cause and run this task with a new execute_token.")
