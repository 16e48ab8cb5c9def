# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that tell a module to end: it ends at its next pause, with all that it knows."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _exceptions
from ansible_collections.selfservice.aws.plugins.module_utils._clock import Interrupted, SystemClock
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_record_wait import wait_until_ended
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk import run_on_many
from emulator import Emulator, EmulatorClock
from faults.scenarios import SCENARIOS

ORDERS, BILLING, RESTART = "pp-orders0000001", "pp-billing000001", "act-restart000001"
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class EndingClock(EmulatorClock):
    """The emulator's clock, on which a signal comes once so many seconds have passed."""

    ends_after = 3.0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.slept >= self.ends_after:
            raise Interrupted("SIGTERM told this process to end.")


@pytest.fixture
def clock() -> Iterator[SystemClock]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    clock_with_handlers = SystemClock()
    clock_with_handlers.raise_on_signals()
    yield clock_with_handlers
    for number, handler in before.items():
        signal.signal(number, handler)


def run(attempt: Any, emulator: Emulator, seconds: float = 3.0) -> tuple[str, dict[str, Any]]:
    """Run a handler that a signal ends, and return its message and what it hands back."""
    attempt.task.clock = EndingClock(emulator)
    attempt.task.clock.ends_after = seconds
    with pytest.raises(_exceptions.SelfServiceError) as caught:
        attempt.run()
    return str(caught.value), attempt.task.result


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_busy_ends_the_next_pause(clock: SystemClock, number: int) -> None:
    signal.raise_signal(number)
    with pytest.raises(Interrupted, match=f"{signal.Signals(number).name} told"):
        clock.sleep(60)


def test_a_signal_ends_the_pause_under_way(clock: SystemClock) -> None:
    started = time.monotonic()
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(Interrupted):
        clock.sleep(60)
    assert time.monotonic() - started < 30


def test_one_action_that_is_told_to_end_hands_its_record_back(attempt: Callable[..., Any], emulator: Emulator) -> None:
    made = attempt(provisioned_product_id=ORDERS, service_action_id=RESTART, wait=True)
    said, known = run(made, emulator)
    record = emulator.records()[0]["RecordId"]
    assert said.startswith(f"Record {record} can't be followed any further: SIGTERM told this process to end.")
    assert "servicecatalog_record_wait with record_ids" in said
    assert (known["changed"], known["record_detail"]["record_id"]) == (True, record)


def test_a_wait_that_is_told_to_end_names_every_record(
    attempt: Callable[..., Any], prepare: Callable[..., Any], emulator: Emulator
) -> None:
    ids = [
        attempt(provisioned_product_id=each, service_action_id=RESTART).run()["record_detail"]["record_id"]
        for each in (ORDERS, BILLING)
    ]
    params = {"record_ids": ids, "sensitive_parameters": None, "wait_timeout": 1800, "wait_delay": None}
    said, known = run(prepare(wait_until_ended, params), emulator, 1.0)
    assert said.startswith("Of 2 records, 2 unknown.")
    assert "SIGTERM" in said
    assert [record["record_id"] for record in known["records"]] == ids


@pytest.mark.parametrize(("wait", "seconds"), [(True, 0.0), (True, 2.0), (False, 0.0)])
def test_many_that_are_told_to_end_hand_back_what_has_started(
    prepare: Callable[..., Any], emulator: Emulator, *, wait: bool, seconds: float
) -> None:
    scenario = next(each for each in SCENARIOS if each.name == "many")
    given = {"provisioned_product_ids": [ORDERS, BILLING], "service_action_id": RESTART, "max_concurrency": "1"}
    said, known = run(prepare(run_on_many, {**scenario.params, **given, "wait": wait}), emulator, seconds)
    started = ["timed_out", "not_started"] if seconds else ["not_started"] * 2
    assert [item["outcome"] for item in known["results"]] == started
    assert "SIGTERM told this process to end" in said
    assert f"run the whole task again with execute_token: {known['execute_token']}" in said
    assert {item["record_detail"]["record_id"] for item in known["results"] if item["record_detail"]} == {
        record["RecordId"] for record in emulator.records()
    }
    assert known["changed"] is bool(seconds)
