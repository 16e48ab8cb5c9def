# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module, met by every fault that the emulator knows, alone and in pairs; tests/faults has the tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
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
from faults.cases import INVENTORY, PAIRS, SINGLES, Case
from faults.scenarios import IDS, NAMES, RESTART, TIMEOUT, WORLD, Scenario

PLUGIN = "selfservice.aws.servicecatalog_provisioned_products"
OPTIONS = botocore.config.Config.OPTION_DEFAULTS
# What an endpoint that hangs may add to wait_timeout.
HANGS = 30


@pytest.fixture
def survive(
    run_scenario: Callable[..., Any], emulator: Emulator, connect: Callable[..., BaseClient]
) -> Callable[[Case], None]:
    """Run a case, and run it again without its faults: both as they should be."""

    def check(case: Case) -> None:
        emulator.reset(WORLD)
        scenario, params = case.scenario, {}
        before = _records(emulator, connect({}), scenario.records)
        if scenario.module == "record_info":
            emulator.advance(TIMEOUT)
        if "record_ids" in scenario.given:
            params = {"record_ids": before}
        for fault in case.faults:
            emulator.fault(fault.operation, fault.kind, **fault.options)
        hangs = any(fault.kind in ("hang", "slow") for fault in case.faults)
        first = run_scenario(scenario, hangs=hangs, **params)
        assert list(_wrong(scenario, first, _made(emulator, before))) == []
        emulator.clear_faults()
        emulator.advance(TIMEOUT)
        old = _made(emulator, before)
        if scenario.runs_actions:
            params["execute_token"] = first.result["execute_token"]
        second = run_scenario(scenario, **params)
        assert list(_wrong_again(scenario, first, second, old=old, made=_made(emulator, before))) == []

    return check


def _records(emulator: Emulator, client: BaseClient, count: int) -> list[str]:
    for each in IDS[:count]:
        client.execute_provisioned_product_service_action(ProvisionedProductId=each, ServiceActionId=RESTART)
    return [record["RecordId"] for record in emulator.records()]


def _made(emulator: Emulator, before: list[str]) -> dict[str, str]:
    """Return the records made since, by id, with their product."""
    made = {record["RecordId"]: record["ProvisionedProductId"] for record in emulator.records()}
    return {record_id: product for record_id, product in made.items() if record_id not in before}


def _wrong(scenario: Scenario, outcome: Any, made: Mapping[str, str]) -> Iterator[str]:
    """Yield what must never be, whatever has gone wrong."""
    result, text = outcome.result, json.dumps(outcome.result)
    yield from (f"{product} ran {count} times" for product, count in Counter(made.values()).items() if count > 1)
    if scenario.modes.get("check_mode") and made:
        yield "check mode made a record"
    yield from (f"record {each} is lost" for each in outcome.told if each not in text)
    if scenario.runs_actions and not result.get("execute_token"):
        yield "the token is lost"
    if outcome.slept > TIMEOUT + HANGS:
        yield f"it took {outcome.slept} s"
    if scenario.targets and result["changed"] != bool(made) and "may have started" not in text:
        yield f"changed is {result['changed']}, with {len(made)} records made"
    if result["failed"]:
        yield from _unclear(scenario, outcome)


def _unclear(scenario: Scenario, outcome: Any) -> Iterator[str]:
    said = outcome.result["msg"]
    if "exception" in outcome.result or "This is a bug" in said or "Traceback" in said or "None" in said:
        yield f"not clear: {said}"
    if scenario.module == "service_action" and not all(each in said for each in outcome.told):
        yield f"the record is not named: {said}"


def _wrong_again(
    scenario: Scenario, first: Any, second: Any, *, old: Mapping[str, str], made: Mapping[str, str]
) -> Iterator[str]:
    """Yield what must not be after the same again, without faults: it brings what the first run should have brought."""
    result = second.result
    yield from _wrong(scenario, second, {} if result["changed"] is False else made)
    if sorted(made.values()) != sorted(scenario.targets):
        yield f"there are records of {sorted(made.values())}"
    if result["failed"] != (scenario.targets == (IDS[-1],)):
        yield f"run again, it says {result.get('msg')}"
    if scenario.targets and result["changed"] != (len(made) > len(old)):
        yield f"run again, changed is {result['changed']}, with {len(old)} of {len(made)} records there before"
    if not scenario.runs_actions and not first.result["failed"] and not first.warnings and first.result != result:
        yield f"it took a part for the whole: {first.result}"


@pytest.mark.parametrize("case", SINGLES, ids=str)
def test_a_fault_is_survived(survive: Callable[[Case], None], case: Case) -> None:
    survive(case)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", PAIRS, ids=str)
def test_two_faults_are_survived(survive: Callable[[Case], None], case: Case) -> None:
    survive(case)


@pytest.fixture
def hosts(emulator: Emulator, tmp_path: Path, no_pauses: None) -> Callable[..., set[str]]:  # noqa: ARG001
    """Have the inventory plugin read the emulator, in this process, and return the hosts."""
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
def test_the_inventory_is_whole_or_fails(hosts: Callable[..., set[str]], emulator: Emulator, case: Case) -> None:
    emulator.reset(WORLD)
    for fault in case.faults:
        emulator.fault(fault.operation, fault.kind, **fault.options)
    slow = any(fault.kind in ("hang", "slow") for fault in case.faults)
    found, said = set(), ""
    try:
        found = hosts(**({"read_timeout": 0.1} if slow else {}))
    except AnsibleParserError as error:
        said = str(error)
    assert found == set(NAMES) or (not found and "servicecatalog.yml: " in said)
    assert "Traceback" not in said
    emulator.clear_faults()
    assert hosts() == set(NAMES)
