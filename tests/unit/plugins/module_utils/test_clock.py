# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signal interrupts a module during sleep(), and the task still returns its records."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _exceptions
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import Change
from ansible_collections.selfservice.aws.plugins.module_utils._clock import Interrupted, SystemClock
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_record_wait import wait_until_ended
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk import run_on_many
from emulator import Emulator, EmulatorClock
from faults.scenarios import SCENARIOS, WORLD

ORDERS, BILLING, RESTART = "pp-orders0000001", "pp-billing000001", "act-restart000001"
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class InterruptedClock(EmulatorClock):
    """The emulator's clock, which raises Interrupted, as for a signal, after `interrupted_after` seconds."""

    interrupted_after = 3.0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.slept >= self.interrupted_after:
            raise Interrupted("SIGTERM ended this process.")


@pytest.fixture
def clock() -> Iterator[SystemClock]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    clock_with_handlers = SystemClock()
    clock_with_handlers.raise_on_signals()
    yield clock_with_handlers
    for number, handler in before.items():
        signal.signal(number, handler)


def run_interrupted(attempt: Any, emulator: Emulator, seconds: float = 3.0) -> tuple[str, dict[str, Any]]:
    """Run a handler, interrupt it as if by a signal, and return the error message and the result."""
    attempt.task.clock = InterruptedClock(emulator)
    attempt.task.clock.interrupted_after = seconds
    with pytest.raises(_exceptions.SelfServiceError) as caught:
        attempt.run()
    return str(caught.value), attempt.task.result


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_a_sleep_interrupts_it(clock: SystemClock, number: int) -> None:
    signal.raise_signal(number)
    with pytest.raises(Interrupted, match=f"{signal.Signals(number).name} ended this process"):
        clock.sleep(60)


def test_a_signal_during_a_sleep_interrupts_it(clock: SystemClock) -> None:
    started = time.monotonic()
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(Interrupted):
        clock.sleep(60)
    assert time.monotonic() - started < 30


def test_an_interrupted_action_returns_its_record(service_action: Callable[..., Any], emulator: Emulator) -> None:
    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=RESTART, wait=True)
    message, result = run_interrupted(attempt, emulator)
    record = emulator.records()[0]["RecordId"]
    assert message.startswith(f"Record {record} can't be polled any further: SIGTERM ended this process.")
    assert "servicecatalog_record_wait with record_ids" in message
    assert (result["changed"], result["record_detail"]["record_id"]) == (True, record)


def test_an_interrupted_wait_returns_every_record(
    service_action: Callable[..., Any], make_attempt: Callable[..., Any], emulator: Emulator
) -> None:
    ids = [
        service_action(provisioned_product_id=each, service_action_id=RESTART).run()["record_detail"]["record_id"]
        for each in (ORDERS, BILLING)
    ]
    params = {"record_ids": ids, "sensitive_parameters": None, "wait_timeout": 1800, "wait_delay": None}
    message, result = run_interrupted(make_attempt(wait_until_ended, params), emulator, 1.0)
    assert message.startswith("Of 2 records, 2 unknown.")
    assert "SIGTERM" in message
    assert [record["record_detail"]["record_id"] for record in result["records"]] == ids


def test_an_interrupted_bulk_run_says_how_to_continue_even_if_all_targets_were_started(
    run_scenario: Callable[..., Any], emulator: Emulator
) -> None:
    emulator.reset(WORLD)
    scenario = next(each for each in SCENARIOS if each.name == "many")
    result = run_scenario(scenario, interrupt_at=2, threads=0, wait=False).result
    assert {item["outcome"] for item in result["results"]} == {"started"}
    assert f"run this task again with {Change(result['change_id']).option}" in result["msg"]


@pytest.mark.parametrize(("wait", "seconds"), [(True, 0.0), (True, 2.0), (False, 0.0)])
def test_an_interrupted_bulk_run_returns_the_started_records(
    make_attempt: Callable[..., Any], emulator: Emulator, *, wait: bool, seconds: float
) -> None:
    scenario = next(each for each in SCENARIOS if each.name == "many")
    given = {"provisioned_product_ids": [ORDERS, BILLING], "service_action_id": RESTART, "max_concurrency": "1"}
    attempt = make_attempt(run_on_many, {**scenario.params, **given, "wait": wait})
    message, result = run_interrupted(attempt, emulator, seconds)
    started = ["timed_out", "not_started"] if seconds else ["not_started"] * 2
    assert [item["outcome"] for item in result["results"]] == started
    assert "SIGTERM ended this process" in message
    assert f"run this task again with {Change(result['change_id']).option}" in message
    assert {item["record_detail"]["record_id"] for item in result["results"] if item["record_detail"]["record_id"]} == {
        record["RecordId"] for record in emulator.records()
    }
    assert result["changed"] is bool(seconds)


def test_an_interrupted_bulk_run_resends_no_start(make_attempt: Callable[..., Any], emulator: Emulator) -> None:
    emulator.fault("ExecuteProvisionedProductServiceAction", "reset_after")
    scenario = next(each for each in SCENARIOS if each.name == "many")
    given = {"provisioned_product_ids": [ORDERS, BILLING], "service_action_id": RESTART, "max_concurrency": "1"}
    lost = {"aws_config": {"retries": {"total_max_attempts": 1}}}
    attempt = make_attempt(run_on_many, {**scenario.params, **given, **lost})
    _message, result = run_interrupted(attempt, emulator, 4.0)
    assert [item["outcome"] for item in result["results"]] == ["failed", "not_started"]
    assert "may have started" in result["results"][0]["msg"]
    assert len(emulator.calls()) == 1
