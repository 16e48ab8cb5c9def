# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wait_until_available for a single product, over real HTTP to the emulator and on a simulated clock."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _exceptions
from emulator import Emulator
from faults.in_process import InterruptedClock

Make = Callable[..., Any]
ORDERS, RESTART, FAILOVER = "pp-orders0000001", "act-restart000001", "act-failover00001"
EXECUTE, PRODUCT, RECORD = "ExecuteProvisionedProductServiceAction", "DescribeProvisionedProduct", "DescribeRecord"
ONE_TRY = {"retries": {"total_max_attempts": 1}}
NOT_STARTED = f"The service action {RESTART} was not started on {ORDERS}: "


@pytest.fixture
def restart_when_available(service_action: Make) -> Make:
    """Return a function that creates an Attempt to restart a product with wait_until_available."""

    def make(**params: Any) -> Any:
        given = {"provisioned_product_id": ORDERS, "service_action_id": RESTART, "wait_until_available": True}
        return service_action(**{**given, **params})

    return make


def change_product(emulator: Emulator, seconds: float, **more: Any) -> None:
    """Start a change of the product by another user, which takes `seconds`."""
    emulator.update_product(ORDERS, change={"seconds": seconds, "message": "Stack update in progress", **more})


def on_call(attempt: Any, operation: str, handler: Callable[[], object]) -> None:
    """Call a handler before each request of an operation is sent."""
    connect = attempt.task.connect

    def connected(config: Any) -> Any:
        client = connect(config)
        client.meta.events.register(f"before-send.servicecatalog.{operation}", lambda **_kwargs: handler() and None)
        return client

    attempt.task.connect = connected


def operations(emulator: Emulator) -> list[str]:
    return [call["operation"] for call in emulator.calls()]


def tokens(emulator: Emulator) -> set[str]:
    return {call["parameters"]["ExecuteToken"] for call in emulator.calls(EXECUTE)}


def test_an_available_product_needs_no_additional_calls(restart_when_available: Make, emulator: Emulator) -> None:
    assert restart_when_available().run()["changed"] is True
    assert operations(emulator) == [EXECUTE]


@pytest.mark.parametrize("status", ["UNDER_CHANGE", "PLAN_IN_PROGRESS"])
@pytest.mark.parametrize("ends", ["AVAILABLE", "TAINTED"])
def test_the_same_token_is_resent_once_the_product_is_available(
    restart_when_available: Make, emulator: Emulator, status: str, ends: str
) -> None:
    change_product(emulator, 35, status=status, ends=ends)
    attempt = restart_when_available()
    result = attempt.run()
    assert result["changed"] is True
    (record,) = emulator.records()
    assert result["record_detail"]["record_id"] == record["RecordId"]
    assert tokens(emulator) == {result["execute_token"]} == {record["ExecuteToken"]}
    calls = operations(emulator)
    # Each poll is one read: immediately, and then every two to four seconds.
    assert calls == [EXECUTE, *[PRODUCT] * (len(calls) - 2), EXECUTE]
    assert 10 <= calls.count(PRODUCT) <= 20
    assert 35 <= attempt.task.clock.slept <= 39


def test_a_fixed_interval_is_used_if_set(restart_when_available: Make, emulator: Emulator) -> None:
    change_product(emulator, 35)
    attempt = restart_when_available(wait_delay=10)
    attempt.run()
    assert attempt.task.clock.slept == 40
    assert operations(emulator).count(PRODUCT) == 5


def test_one_timeout_covers_the_wait_for_the_product_and_the_wait_for_the_record(
    restart_when_available: Make, emulator: Emulator
) -> None:
    change_product(emulator, 60)
    emulator.update_product(ORDERS, run={"seconds": 100})
    attempt = restart_when_available(wait=True, wait_timeout=120)
    result = attempt.result()
    assert (result["failed"], result["changed"]) == (True, True)
    assert "had not ended after 120 s (wait_timeout)" in result["msg"]
    assert attempt.task.clock.slept == 120
    again = restart_when_available(wait=True, change_id=result["change_id"]).run()
    assert (again["changed"], len(emulator.records())) == (False, 1)


def test_the_poll_interval_of_a_record_depends_on_its_own_age_only(
    restart_when_available: Make, emulator: Emulator
) -> None:
    change_product(emulator, 600)
    attempt = restart_when_available(wait=True)
    attempt.run()
    ended = emulator.records()[0]["UpdatedTime"]
    assert emulator.now() - ended <= 3


@pytest.mark.parametrize("wait", [True, False])
def test_at_the_deadline_nothing_was_started(restart_when_available: Make, emulator: Emulator, *, wait: bool) -> None:
    change_product(emulator, 1000)
    attempt = restart_when_available(wait=wait, wait_timeout=60, change_id="CHG-1")
    result = attempt.result()
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["msg"] == (
        f"The service action {RESTART} was not started on {ORDERS} by this run: the provisioned product 'orders-db' "
        f"({ORDERS}) was UNDER_CHANGE (Stack update in progress), and did not become available within 60 s "
        "(wait_timeout). It may be busy with this change. To continue, run this task again with change_id: CHG-1."
    )
    assert result["error"]["code"] == "InvalidStateException"
    assert attempt.task.clock.slept == 60
    assert emulator.records() == []
    emulator.advance(1000)
    assert restart_when_available(wait=wait, wait_timeout=60, change_id="CHG-1").run()["changed"] is True


def test_a_hanging_call_is_abandoned_soon_after_the_deadline_even_without_waiting_for_the_record(
    restart_when_available: Make,
) -> None:
    attempt = restart_when_available(wait_timeout=60)
    attempt.run()
    assert attempt.task.service.seconds_left() == 60 + 25
    attempt.task.clock.sleep(75)
    assert attempt.task.polling_service.seconds_left() == 60 + 30 - 75


def test_the_last_read_is_at_the_deadline(restart_when_available: Make, emulator: Emulator) -> None:
    change_product(emulator, 60)
    assert restart_when_available(wait_timeout=60, wait_delay=45).run()["changed"] is True


def test_with_a_timeout_of_zero_the_product_is_read_once(restart_when_available: Make, emulator: Emulator) -> None:
    change_product(emulator, 60)
    with pytest.raises(_exceptions.ProductUnavailable, match=r"was UNDER_CHANGE .* within 0 s"):
        restart_when_available(wait_timeout=0).run()
    assert operations(emulator) == [EXECUTE, PRODUCT]


@pytest.mark.parametrize("after", [0, 30])
def test_the_status_error_ends_the_wait(restart_when_available: Make, emulator: Emulator, after: float) -> None:
    change_product(emulator, after, ends="ERROR")
    emulator.update_product(ORDERS, status_message="Rollback failed")
    attempt = restart_when_available()
    with pytest.raises(
        _exceptions.ProductUnavailable, match=r"has the status ERROR \(Rollback failed\), which"
    ) as caught:
        attempt.run()
    assert "To continue, correct that and run this task again with change_id: " in str(caught.value)
    assert caught.value.facts["changed"] is False
    assert after <= attempt.task.clock.slept <= after + 4
    assert emulator.records() == []


def test_a_product_that_becomes_available_right_after_its_rejection_gets_the_start_immediately(
    restart_when_available: Make, emulator: Emulator
) -> None:
    change_product(emulator, 1000)
    attempt = restart_when_available()
    on_call(attempt, PRODUCT, lambda: emulator.update_product(ORDERS, change=None))
    assert attempt.run()["changed"] is True
    assert operations(emulator) == [EXECUTE, PRODUCT, EXECUTE]
    assert attempt.task.clock.slept == 0


def test_a_start_rejected_by_a_product_that_is_available_is_resent_twice(
    restart_when_available: Make, emulator: Emulator
) -> None:
    attempt = restart_when_available()
    on_call(attempt, EXECUTE, lambda: change_product(emulator, 1000))
    on_call(attempt, PRODUCT, lambda: emulator.update_product(ORDERS, change=None))
    with pytest.raises(_exceptions.ProductUnavailable, match="has the status AVAILABLE, but refuses it: InvalidState"):
        attempt.run()
    assert operations(emulator) == [EXECUTE, PRODUCT] * 3
    assert attempt.task.clock.slept == 4
    assert emulator.records() == []


def test_a_product_that_is_busy_in_between_may_reject_more_starts(
    restart_when_available: Make, emulator: Emulator
) -> None:
    statuses = iter(["AVAILABLE", "UNDER_CHANGE", "AVAILABLE", "UNDER_CHANGE", "AVAILABLE"])
    answers = iter(["UNDER_CHANGE", "UNDER_CHANGE", "UNDER_CHANGE", "AVAILABLE"])
    attempt = restart_when_available()
    on_call(attempt, PRODUCT, lambda: emulator.update_product(ORDERS, status=next(statuses)))
    on_call(attempt, EXECUTE, lambda: emulator.update_product(ORDERS, status=next(answers)))
    assert attempt.run()["changed"] is True
    assert len(emulator.calls(EXECUTE)) == 4


def test_a_further_change_of_the_product_is_also_waited_for(restart_when_available: Make, emulator: Emulator) -> None:
    change_product(emulator, 30)
    attempt, starts = restart_when_available(), []

    def start_another_change() -> None:
        starts.append(emulator.now())
        if len(starts) == 2:
            change_product(emulator, 30)

    on_call(attempt, EXECUTE, start_another_change)
    assert attempt.run()["changed"] is True
    assert len(starts) == 3
    assert len(tokens(emulator)) == 1


@pytest.mark.parametrize("kind", ["throttling", "unavailable", "reset_after", "truncated"])
def test_temporarily_failing_reads_do_not_end_the_wait(
    restart_when_available: Make, emulator: Emulator, kind: str
) -> None:
    change_product(emulator, 30)
    emulator.fault(PRODUCT, kind, calls=[1, 2, 3, 5])
    assert restart_when_available().run()["changed"] is True


def test_a_product_that_can_not_be_read_in_time_is_reported(restart_when_available: Make, emulator: Emulator) -> None:
    change_product(emulator, 1000)
    emulator.fault(PRODUCT, "throttling")
    with pytest.raises(_exceptions.ProductUnavailable, match=r"could not be read within 60 s .*: ThrottlingException"):
        restart_when_available(wait_timeout=60).run()


@pytest.mark.parametrize("call", [1, 4])
@pytest.mark.parametrize(
    ("kind", "word"), [("access_denied", f"servicecatalog:{PRODUCT}"), ("expired_token", "ExpiredToken")]
)
def test_a_product_without_read_permission_is_not_waited_for(
    restart_when_available: Make, emulator: Emulator, kind: str, word: str, call: int
) -> None:
    change_product(emulator, 1000)
    emulator.fault(PRODUCT, kind, calls=[call])
    attempt = restart_when_available()
    result = attempt.result()
    assert (result["failed"], result["changed"]) == (True, False)
    assert "can't be read to wait for another one" in result["msg"]
    assert word in result["msg"]
    assert operations(emulator).count(PRODUCT) == call


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("kind", ["reset_after", "truncated", "internal_after"])
def test_a_lost_response_to_the_second_start_creates_one_record(
    restart_when_available: Make, emulator: Emulator, kind: str, *, wait: bool
) -> None:
    change_product(emulator, 30)
    emulator.fault(EXECUTE, kind, calls=[2])
    result = restart_when_available(wait=wait).run()
    assert (result["changed"], len(tokens(emulator)), len(emulator.records())) == (True, 1, 1)


def test_a_second_start_without_any_response_may_have_started(restart_when_available: Make, emulator: Emulator) -> None:
    change_product(emulator, 30)
    emulator.fault(EXECUTE, "reset_after", calls=[2])
    result = restart_when_available(aws_config=ONE_TRY, change_id="CHG-1").result()
    assert (result["failed"], result["changed"], len(emulator.records())) == (True, True, 1)
    assert "may have started" in result["msg"]
    assert "change_id: CHG-1" in result["msg"]


def lose_response_then_reject(emulator: Emulator) -> None:
    """Lose the response to the first start, which is executed and makes the product reject its retries as busy."""
    emulator.set(product_status_while_running="UNDER_CHANGE", replay_while_busy="refuse")
    emulator.update_product(ORDERS, run={"seconds": 40})
    emulator.fault(EXECUTE, "reset_after", calls=[1])


def test_a_product_that_is_busy_with_a_lost_start_is_waited_for(
    restart_when_available: Make, emulator: Emulator
) -> None:
    lose_response_then_reject(emulator)
    attempt = restart_when_available()
    result = attempt.run()
    assert (result["changed"], result["record_detail"]["status"]) == (True, "SUCCEEDED")
    assert (len(tokens(emulator)), len(emulator.records())) == (1, 1)
    assert 40 <= attempt.task.clock.slept <= 45
    assert PRODUCT not in operations(emulator)


def test_a_start_with_a_lost_response_may_have_started_even_if_its_product_is_busy(
    restart_when_available: Make, emulator: Emulator
) -> None:
    lose_response_then_reject(emulator)
    result = restart_when_available(wait_timeout=20, change_id="CHG-1").result()
    assert (result["failed"], result["changed"]) == (True, True)
    assert "may have started" in result["msg"]
    assert "Nothing was changed" not in result["msg"]


def test_a_record_created_by_another_run_during_the_wait_is_a_replay(
    restart_when_available: Make, service_action: Make, emulator: Emulator
) -> None:
    change_product(emulator, 30)
    attempt, calls = restart_when_available(change_id="CHG-1", wait_delay=60), []

    def run_another() -> None:
        calls.append(None)
        if len(calls) == 2:
            given = {"provisioned_product_id": ORDERS, "service_action_id": RESTART, "change_id": "CHG-1"}
            assert service_action(**given).run()["changed"] is True
            emulator.advance(10)

    on_call(attempt, PRODUCT, run_another)
    assert attempt.run()["changed"] is False
    assert len(emulator.records()) == 1


@pytest.mark.parametrize("lost", [False, True])
def test_a_signal_ends_the_wait_and_the_message_says_whether_anything_was_started(
    restart_when_available: Make, emulator: Emulator, *, lost: bool
) -> None:
    if lost:
        lose_response_then_reject(emulator)
    else:
        change_product(emulator, 1000)
    attempt = restart_when_available(change_id="CHG-1")
    attempt.task.clock = InterruptedClock(emulator, interrupt_at=3)
    result = attempt.result()
    assert (result["failed"], result["changed"]) == (True, lost)
    assert result["msg"].startswith("SIGTERM ended this process. The service action")
    assert ("may have started" if lost else "To continue, run this task again with") in result["msg"]
    assert "change_id: CHG-1" in result["msg"]
    calls = len(emulator.calls())
    emulator.advance(1000)
    assert len(emulator.calls()) == calls


@pytest.mark.parametrize("replay_while_busy", ["accept", "refuse"])
def test_a_retry_rejected_as_busy_waits_for_the_product(
    restart_when_available: Make, emulator: Emulator, replay_while_busy: str
) -> None:
    emulator.set(replay_while_busy=replay_while_busy)
    given = {"service_action_id": FAILOVER, "change_id": "CHG-1", "wait": True}
    assert restart_when_available(**given).result()["failed"] is True
    emulator.update_product(ORDERS, run={"seconds": 10, "ends": "SUCCEEDED"})
    emulator.advance(60)
    change_product(emulator, 30)
    result = restart_when_available(**given, retry_failed=True).result()
    assert (result["failed"], result["changed"], result["attempt"]) == (False, True, 2)
    assert len(emulator.records()) == 2
    assert result["execute_token"] == emulator.records()[-1]["ExecuteToken"]


@pytest.mark.parametrize(("status", "refused"), [("UNDER_CHANGE", False), ("PLAN_IN_PROGRESS", False), ("ERROR", True)])
def test_check_mode_warns_about_a_busy_product(
    restart_when_available: Make, emulator: Emulator, status: str, *, refused: bool
) -> None:
    emulator.update_product(ORDERS, status=status)
    attempt = restart_when_available(check_mode=True)
    if refused:
        with pytest.raises(_exceptions.Refused, match="status ERROR"):
            attempt.run()
        return
    assert attempt.run()["changed"] is True
    assert (
        f"has the status {status}; an action can start once the product is AVAILABLE or TAINTED. The start will wait"
        in attempt.warnings[0]
    )


def test_secrets_in_the_message_of_a_busy_product_are_masked(restart_when_available: Make, emulator: Emulator) -> None:
    change_product(emulator, 1000, message="Setting s3cr3t-value")
    result = restart_when_available(sensitive_parameters={"Mode": "s3cr3t-value"}, wait_timeout=10).result()
    assert "Setting ********" in result["msg"]
    assert "s3cr3t-value" not in str(result)
