# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module with every fault of the emulator, alone and in pairs; the tables are in tests/faults."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

import botocore.config
import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from botocore.client import BaseClient
from emulator import Emulator
from faults.cases import INVENTORY, LIMITED, PAIRS, PARTIAL, PATCHED, SESSIONS, SINGLES, Case
from faults.scenarios import IDS, NAMES, RESTART, TIMEOUT, WORLD, Scenario

PLUGIN = "selfservice.aws.servicecatalog_provisioned_products"
OPTIONS = botocore.config.Config.OPTION_DEFAULTS
# The seconds by which a hanging endpoint may extend wait_timeout.
HANG_ALLOWANCE = 30
# The scenarios whose cases are not marked as exhaustive, so that they always run.
MAIN_SCENARIOS = ("one", "many", "wait_for_many")


def mark_most(cases: Sequence[Case]) -> list[Any]:
    """Return the cases as parameters. Those of all other scenarios are marked as exhaustive."""
    marks = {True: (), False: (pytest.mark.exhaustive,)}
    return [pytest.param(case, id=str(case), marks=marks[case.scenario.name in MAIN_SCENARIOS]) for case in cases]


@pytest.fixture
def check_case(
    run_scenario: Callable[..., Any], emulator: Emulator, connect: Callable[..., BaseClient]
) -> Callable[[Case], None]:
    """Return a function that runs a case, repeats it without faults, and checks both runs."""

    def check(case: Case) -> None:
        scenario, params = case.scenario, {}
        emulator.reset(scenario.world)
        before = _start_records(emulator, connect({}), scenario.records)
        if scenario.module == "record_info":
            emulator.advance(TIMEOUT)
        if "record_ids" in scenario.given:
            params = {"record_ids": before}
        emulator.set(session_seconds=60)
        for fault in case.faults:
            emulator.fault(fault.operation, fault.kind, **fault.options(emulator.now()))
        hangs = any(fault.kind in ("hang", "slow") for fault in case.faults)
        first = run_scenario(scenario, hangs=hangs, assumes_role=case.assumes_role, threads=case.threads, **params)
        assert list(_violations(scenario, first, _new_records(emulator, before))) == []
        emulator.clear_faults()
        emulator.advance(TIMEOUT)
        old = _new_records(emulator, before)
        if scenario.runs_actions:
            params["change_id"] = first.result["change_id"]
        second = run_scenario(scenario, **params)
        made = _new_records(emulator, before)
        assert list(_violations_of_repetition(scenario, second, old=old, made=made)) == []
        # Replaced members are returned unchanged, so the results differ.
        if not any(fault.patch for fault in case.faults):
            assert list(_incomplete_results(scenario, first, second)) == []

    return check


def _start_records(emulator: Emulator, client: BaseClient, count: int) -> list[str]:
    for each in IDS[:count]:
        client.execute_provisioned_product_service_action(ProvisionedProductId=each, ServiceActionId=RESTART)
    return [record["RecordId"] for record in emulator.records()]


def _new_records(emulator: Emulator, before: list[str]) -> dict[str, str]:
    """Return the products of the records created since `before`, by record id."""
    made = {record["RecordId"]: record["ProvisionedProductId"] for record in emulator.records()}
    return {record_id: product for record_id, product in made.items() if record_id not in before}


def _violations(scenario: Scenario, outcome: Any, made: Mapping[str, str]) -> Iterator[str]:
    """Yield violations of the invariants that hold with any fault."""
    result, text = outcome.result, json.dumps(outcome.result)
    yield from (f"{product} ran {count} times" for product, count in Counter(made.values()).items() if count > 1)
    if scenario.modes.get("check_mode") and made:
        yield "check mode made a record"
    yield from (f"record {each} is lost" for each in outcome.record_ids if each not in text)
    if scenario.runs_actions and not result.get("change_id"):
        yield "the token is lost"
    if outcome.slept > TIMEOUT + HANG_ALLOWANCE:
        yield f"it took {outcome.slept} s"
    if scenario.targets and result["changed"] != bool(made) and "may have started" not in text:
        yield f"changed is {result['changed']}, with {len(made)} records made"
    if result["failed"]:
        yield from _unclear_messages(scenario, outcome)


def _unclear_messages(scenario: Scenario, outcome: Any) -> Iterator[str]:
    message = outcome.result["msg"]
    if "exception" in outcome.result or "This is a bug" in message or "Traceback" in message or "None" in message:
        yield f"not clear: {message}"
    if scenario.module == "service_action" and not all(each in message for each in outcome.record_ids):
        yield f"the record is not named: {message}"


def _violations_of_repetition(
    scenario: Scenario, second: Any, *, old: Mapping[str, str], made: Mapping[str, str]
) -> Iterator[str]:
    """Yield violations by the repeated run, which must return what a run without faults returns."""
    result = second.result
    yield from _violations(scenario, second, {} if result["changed"] is False else made)
    if sorted(made.values()) != sorted(scenario.targets):
        yield f"there are records of {sorted(made.values())}"
    if result["failed"] != (scenario.targets == (IDS[-1],)):
        yield f"run again, it says {result.get('msg')}"
    if scenario.targets and result["changed"] != (len(made) > len(old)):
        yield f"run again, changed is {result['changed']}, with {len(old)} of {len(made)} records there before"


def _incomplete_results(scenario: Scenario, first: Any, second: Any) -> Iterator[str]:
    succeeded = not first.result["failed"] and not first.warnings
    if not scenario.runs_actions and succeeded and first.result != second.result:
        yield f"the first run returned an incomplete result: {first.result}"


@pytest.mark.parametrize("case", SINGLES, ids=str)
def test_a_fault_is_survived(check_case: Callable[[Case], None], case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize("case", mark_most(PARTIAL))
def test_an_outage_of_one_product_or_for_some_time_is_survived(check_case: Callable[[Case], None], case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize("case", mark_most(PATCHED))
def test_a_response_with_wrong_members_is_survived(check_case: Callable[[Case], None], case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize("case", mark_most(SESSIONS))
def test_credentials_that_can_not_be_refreshed_are_survived(check_case: Callable[[Case], None], case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize("case", mark_most(LIMITED))
def test_a_limit_of_threads_is_survived(check_case: Callable[[Case], None], case: Case) -> None:
    check_case(case)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", PAIRS, ids=str)
def test_two_faults_are_survived(check_case: Callable[[Case], None], case: Case) -> None:
    check_case(case)


@pytest.fixture
def hosts(emulator: Emulator, tmp_path: Path, no_retry_delays: None) -> Callable[..., set[str]]:  # noqa: ARG001
    """Return a function that runs the inventory plugin in this process and returns the host names."""
    source = tmp_path / "servicecatalog.yml"

    def read(**config: Any) -> set[str]:
        connection = {"endpoint_url": emulator.url, "region": "us-east-1", "access_key": "AKID", "secret_key": "none"}
        source.write_text(json.dumps({"plugin": PLUGIN, **connection}))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(botocore.config.Config, "OPTION_DEFAULTS", {**OPTIONS, **config})
            found = InventoryData()
            inventory_loader.get(PLUGIN).parse(found, DataLoader(), str(source), cache=False)
        return set(found.hosts)

    return read


@pytest.mark.parametrize("case", INVENTORY, ids=str)
def test_the_inventory_is_complete_or_fails(hosts: Callable[..., set[str]], emulator: Emulator, case: Case) -> None:
    emulator.reset(WORLD)
    for fault in case.faults:
        emulator.fault(fault.operation, fault.kind, **fault.options(emulator.now()))
    slow = any(fault.kind in ("hang", "slow") for fault in case.faults)
    found, message = set(), ""
    try:
        found = hosts(**({"read_timeout": 0.1} if slow else {}))
    except AnsibleParserError as error:
        message = str(error)
    assert found == set(NAMES) or (not found and "servicecatalog.yml: " in message)
    assert "Traceback" not in message
    emulator.clear_faults()
    assert hosts() == set(NAMES)
