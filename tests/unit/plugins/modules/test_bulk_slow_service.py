# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bulk runs whose calls take a long time in parallel, over real HTTP to the emulator and on a simulated clock."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from threading import Condition
from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk import run_on_many
from emulator import Control, Emulator, EmulatorClock

Make = Callable[..., Any]
RESTART = "act-restart"
EXECUTE, DESCRIBE, HISTORY, PRODUCT = (
    "ExecuteProvisionedProductServiceAction",
    "DescribeRecord",
    "ListRecordHistory",
    "DescribeProvisionedProduct",
)


class ParallelClock(EmulatorClock):
    """A clock on which calls take time in parallel: it advances once each call in flight spends time."""

    def __init__(self, emulator: Control) -> None:
        super().__init__(emulator)
        self._changed = Condition()
        self._ends: list[float] = []

    def spend(self, seconds: float) -> None:
        """Let a call take some seconds."""
        with self._changed:
            ends_at = self.slept + seconds
            self._ends.append(ends_at)
            self._changed.wait_for(lambda: self.slept >= ends_at)

    def wait(self, futures: Collection[Future[Any]], seconds: float | None) -> set[Future[Any]]:
        """Return the futures that are done, once one is or the time has passed on this clock."""
        ends_at = self.slept + (math.inf if seconds is None else seconds)
        while True:
            done, pending = wait(futures, 0.005, FIRST_COMPLETED)
            if done or self.slept >= ends_at:
                return done
            with self._changed:
                ends = [each for each in self._ends if each > self.slept]
                if len(ends) >= len(pending):
                    self.sleep(min(*ends, ends_at) - self.slept)
                    self._changed.notify_all()

    def release(self) -> None:
        """End all calls."""
        with self._changed:
            self.slept = math.inf
            self._changed.notify_all()


@pytest.fixture
def slow_bulk(make_attempt: Make, emulator: Emulator) -> Iterator[Make]:
    """Return a function that creates an Attempt; `seconds_of` returns the duration of a call, given its parameters."""
    clock = ParallelClock(emulator)

    def make(ids: list[str], seconds_of: Callable[[str, Mapping[str, Any]], float], **params: Any) -> Any:
        attempt = make_attempt(run_on_many, {"provisioned_product_ids": ids, "service_action_id": RESTART, **params})
        attempt.task.clock, connect = clock, attempt.task.connect

        def connect_slowly(config: Any) -> Any:
            client = connect(config)
            client.meta.events.register("provide-client-params.servicecatalog", note_parameters)
            client.meta.events.register("needs-retry.servicecatalog", spend)
            return client

        def note_parameters(params: Mapping[str, Any], context: dict[str, Any], **_kwargs: Any) -> None:
            context["given"] = params

        def spend(operation: Any, request_dict: Mapping[str, Any], **_kwargs: Any) -> None:
            clock.spend(seconds_of(operation.name, request_dict["context"]["given"]))

        attempt.task.connect = connect_slowly
        return attempt

    yield make
    clock.release()


def create_products(emulator: Emulator, *products: Mapping[str, Any]) -> list[str]:
    """Create a product for each mapping of members that differ from the default; return the ids."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": [RESTART]}]
    plain = {"product": "prod-1", "artifact": "pa-1"}
    ids = [f"pp-{number}" for number in range(len(products))]
    emulator.reset(
        {
            "service_actions": [{"id": RESTART, "name": "Restart", "run": {"seconds": 1}}],
            "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
            "provisioned_products": [
                {"id": each, "name": each.replace("pp", "web"), **plain, **more} for each, more in zip(ids, products)
            ],
        }
    )
    return ids


def outcomes(result: Mapping[str, Any]) -> list[str]:
    return [item["outcome"] for item in result["results"]]


def test_a_record_that_arrives_during_a_long_poll_is_not_polled_after_its_deadline(
    slow_bulk: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, {}, {}, {}, {}, {"run": {"seconds": 1000}})

    def seconds_of(operation: str, given: Mapping[str, Any]) -> float:
        if operation == EXECUTE:
            return 3 if given["ProvisionedProductId"] == ids[4] else 0
        return 19.5

    attempt = slow_bulk(ids, seconds_of, wait_timeout=60, return_outputs="all")
    result = attempt.result()
    assert outcomes(result) == ["succeeded"] * 4 + ["timed_out"]
    assert result["results"][4]["record_detail"]["status"] == "CREATED"
    # One poll: a page of the history and three records.
    assert [call["operation"] for call in emulator.calls()[5:]] == [HISTORY, DESCRIBE, DESCRIBE, DESCRIBE]
    assert attempt.task.clock.slept == 2 + 4 * 19.5


def test_a_single_target_is_waited_for_until_its_deadline_even_if_each_poll_takes_long(
    slow_bulk: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, {"run": {"seconds": 80}})
    attempt = slow_bulk(ids, lambda operation, _given: 5 if operation == DESCRIBE else 0, wait_timeout=100)
    assert outcomes(attempt.result()) == ["succeeded"]


def test_a_target_times_out_in_time_even_during_a_long_poll_of_younger_ones(
    slow_bulk: Make, emulator: Emulator
) -> None:
    lasting, busy = {"run": {"seconds": 1000}}, {"change": {"seconds": 92}}
    ids = create_products(emulator, lasting, {"run": {"seconds": 40}}, {"run": {"seconds": 40}}, lasting, busy)

    def seconds_of(operation: str, _given: Mapping[str, Any]) -> float:
        return 20 if operation == DESCRIBE and attempt.task.clock.slept >= 60 else 0

    attempt = slow_bulk(ids, seconds_of, wait_timeout=60, max_concurrency="3", wait_until_available=True)
    result = attempt.result()
    # The product of the last target becomes available while the fourth is polled, after the error budget is exceeded.
    assert outcomes(result) == ["timed_out", "succeeded", "succeeded", "timed_out", "not_started"]


def test_a_product_whose_refusal_arrives_too_late_is_not_read(slow_bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, {"change": {"seconds": 1000}})

    def seconds_of(operation: str, _given: Mapping[str, Any]) -> float:
        return 84 if operation == EXECUTE else 25

    attempt = slow_bulk(ids, seconds_of, wait_timeout=60, wait_until_available=True)
    result = attempt.result()
    (item,) = result["results"]
    assert (item["outcome"], item["changed"], result["remaining"]) == ("failed", False, [])
    assert "was not started" in item["msg"]
    assert "within 60 s (wait_timeout)" in item["msg"]
    assert (attempt.task.clock.slept, emulator.calls(PRODUCT)) == (84, [])
