# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message says to do next is done word for word, and ends well."""

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
# The words of a way to continue: a task, and options with the values that YAML reads.
_VALUE = r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[\w.-]*\w'
_OPTION = rf"\w+: (?:{_VALUE})"
WAY = re.compile(
    r"(?P<task>this task again|selfservice\.aws\.servicecatalog_record_wait) with "
    rf"(?P<options>{_OPTION}(?: and {_OPTION})*)"
    rf"(?:, and with (?P<more>{_OPTION}) if)?"
)


class Way(NamedTuple):
    """A task to run next: this one or another module, and the options that the message gives."""

    is_same_task: bool
    options: dict[str, Any]


class Failure(NamedTuple):
    """A scenario that fails: its options, the faults of the service until they are mended, and when a signal comes.

    With `is_repeated` it is run twice before anything is mended, so that the second run finds the records of the first.
    `status` is that of the first product until then.
    """

    scenario: str
    params: dict[str, Any] | None = None
    faults: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    interrupt_at: float = math.inf
    is_repeated: bool = False
    status: str = ""


def ways_of(message: str) -> list[Way]:
    """Return what a message says to do, each of its alternatives."""
    found = []
    for match in WAY.finditer(message):
        options = [match["options"], *([f"{match['options']} and {match['more']}"] if match["more"] else [])]
        for each in options:
            given = dict(yaml.safe_load(part).popitem() for part in re.findall(_OPTION, each))
            found.append(Way(match["task"] == "this task again", given))
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
    "a bulk run whose places are all held": Failure(
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
    """Return a function that runs into a failure in a new world, and returns the message."""

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


def follow(way: Way, failure: Failure, run_scenario: ScenarioRunner) -> dict[str, Any]:
    """Run what a message says to run, and return the result."""
    if way.is_same_task:
        given = {"wait_timeout": TIMEOUT} if "wait_timeout" in (failure.params or {}) else {}
        scenario, given = BY_NAME[failure.scenario], {**(failure.params or {}), **given, **way.options}
    else:
        scenario, given = BY_NAME["wait_for_many"], way.options
    return run_scenario(scenario, **given).result


@pytest.mark.parametrize("name", FAILURES)
def test_what_a_message_says_to_do_ends_well(
    fail: Callable[..., str], run_scenario: ScenarioRunner, emulator: Emulator, name: str
) -> None:
    failure = FAILURES[name]
    number = len(ways_of(fail(failure)))
    assert number
    for index in range(number):
        message = fail(failure)
        ways = ways_of(message)[index:]
        # What is found when a run is continued may be a failure, too.
        for _step in range(3):
            assert ways, message
            result = follow(ways[0], failure, run_scenario)
            emulator.advance(60)
            message = result.get("msg", "")
            ways = ways_of(message)[::-1]
            if not result["failed"]:
                break
        assert not message
        statuses: dict[str, list[str]] = {}
        for record in emulator.records():
            statuses.setdefault(record["ProvisionedProductId"], []).append(record["Status"])
        # The action fails on the last product until it is mended, max_errors may allow that, and nothing runs twice.
        within_budget = [["FAILED"]] if result.get("summary", {}).get("failed") else []
        assert statuses.pop(IDS[-1], []) in [["FAILED", "SUCCEEDED"], ["SUCCEEDED"], [], *within_budget]
        assert all(found == ["SUCCEEDED"] for found in statuses.values())


def test_a_failure_of_a_given_token_says_to_give_another(fail: Callable[..., str]) -> None:
    message = fail(Failure("one_that_fails", {"execute_token": "token-1"}))
    assert message.endswith("To run the action again, fix the cause and run this task with a new execute_token.")
