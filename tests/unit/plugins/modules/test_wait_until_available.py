# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wait_until_available of the module for one product, over real HTTP to the emulator and on a simulated clock."""

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
def patient(service_action: Make) -> Make:
    """Return a function that makes an attempt to restart a product, and to wait until it is available."""

    def make(**params: Any) -> Any:
        given = {"provisioned_product_id": ORDERS, "service_action_id": RESTART, "wait_until_available": True}
        return service_action(**{**given, **params})

    return make


def change_product(emulator: Emulator, seconds: float, **more: Any) -> None:
    """Let somebody else change the product from now on."""
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


def test_a_product_that_is_available_costs_no_more_calls(patient: Make, emulator: Emulator) -> None:
    assert patient().run()["changed"] is True
    assert operations(emulator) == [EXECUTE]


@pytest.mark.parametrize("status", ["UNDER_CHANGE", "PLAN_IN_PROGRESS"])
@pytest.mark.parametrize("ends", ["AVAILABLE", "TAINTED"])
def test_the_same_token_is_sent_again_once_the_product_is_available(
    patient: Make, emulator: Emulator, status: str, ends: str
) -> None:
    change_product(emulator, 35, status=status, ends=ends)
    attempt = patient()
    result = attempt.run()
    assert result["changed"] is True
    (record,) = emulator.records()
    assert result["record_detail"]["record_id"] == record["RecordId"]
    assert tokens(emulator) == {result["execute_token"]} == {record["ExecuteToken"]}
    calls = operations(emulator)
    # One read for each poll: at once, and then about every two to four seconds.
    assert calls == [EXECUTE, *[PRODUCT] * (len(calls) - 2), EXECUTE]
    assert 10 <= calls.count(PRODUCT) <= 20
    assert 35 <= attempt.task.clock.slept <= 39


def test_the_fixed_interval_is_used_where_it_is_given(patient: Make, emulator: Emulator) -> None:
    change_product(emulator, 35)
    attempt = patient(wait_delay=10)
    attempt.run()
    assert attempt.task.clock.slept == 40
    assert operations(emulator).count(PRODUCT) == 5


def test_one_timeout_covers_the_wait_for_the_product_and_the_wait_for_the_record(
    patient: Make, emulator: Emulator
) -> None:
    change_product(emulator, 60)
    emulator.update_product(ORDERS, run={"seconds": 100})
    attempt = patient(wait=True, wait_timeout=120)
    result = attempt.result()
    assert (result["failed"], result["changed"]) == (True, True)
    assert "had not ended after 120 s (wait_timeout)" in result["msg"]
    assert attempt.task.clock.slept == 120
    again = patient(wait=True, change_id=result["change_id"]).run()
    assert (again["changed"], len(emulator.records())) == (False, 1)


def test_a_record_is_polled_by_its_own_age_and_not_by_that_of_the_wait_before(
    patient: Make, emulator: Emulator
) -> None:
    change_product(emulator, 600)
    attempt = patient(wait=True)
    attempt.run()
    ended = emulator.records()[0]["UpdatedTime"]
    assert emulator.now() - ended <= 3


@pytest.mark.parametrize("wait", [True, False])
def test_at_the_deadline_nothing_was_started(patient: Make, emulator: Emulator, *, wait: bool) -> None:
    change_product(emulator, 1000)
    attempt = patient(wait=wait, wait_timeout=60, change_id="CHG-1")
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
    assert patient(wait=wait, wait_timeout=60, change_id="CHG-1").run()["changed"] is True


def test_a_call_that_hangs_is_abandoned_soon_after_the_deadline_without_a_wait_for_the_record_too(
    patient: Make,
) -> None:
    attempt = patient(wait_timeout=60)
    attempt.run()
    assert attempt.task.service.seconds_left() == 60 + 25
    attempt.task.clock.sleep(75)
    assert attempt.task.polling_service.seconds_left() == 60 + 30 - 75


def test_the_last_look_is_at_the_deadline(patient: Make, emulator: Emulator) -> None:
    change_product(emulator, 60)
    assert patient(wait_timeout=60, wait_delay=45).run()["changed"] is True


def test_without_any_time_the_product_is_read_once(patient: Make, emulator: Emulator) -> None:
    change_product(emulator, 60)
    with pytest.raises(_exceptions.ProductUnavailable, match=r"was UNDER_CHANGE .* within 0 s"):
        patient(wait_timeout=0).run()
    assert operations(emulator) == [EXECUTE, PRODUCT]


@pytest.mark.parametrize("after", [0, 30])
def test_an_error_of_the_product_ends_the_wait(patient: Make, emulator: Emulator, after: float) -> None:
    change_product(emulator, after, ends="ERROR")
    emulator.update_product(ORDERS, status_message="Rollback failed")
    attempt = patient()
    with pytest.raises(
        _exceptions.ProductUnavailable, match=r"has the status ERROR \(Rollback failed\), which"
    ) as caught:
        attempt.run()
    assert "To continue, correct that and run this task again with change_id: " in str(caught.value)
    assert caught.value.facts["changed"] is False
    assert after <= attempt.task.clock.slept <= after + 4
    assert emulator.records() == []


def test_a_product_that_became_available_right_after_it_refused_is_sent_to_at_once(
    patient: Make, emulator: Emulator
) -> None:
    change_product(emulator, 1000)
    attempt = patient()
    on_call(attempt, PRODUCT, lambda: emulator.update_product(ORDERS, change=None))
    assert attempt.run()["changed"] is True
    assert operations(emulator) == [EXECUTE, PRODUCT, EXECUTE]
    assert attempt.task.clock.slept == 0


def test_a_product_that_refuses_although_it_reads_as_available_is_sent_to_twice_more(
    patient: Make, emulator: Emulator
) -> None:
    attempt = patient()
    on_call(attempt, EXECUTE, lambda: change_product(emulator, 1000))
    on_call(attempt, PRODUCT, lambda: emulator.update_product(ORDERS, change=None))
    with pytest.raises(_exceptions.ProductUnavailable, match="has the status AVAILABLE, but refuses it: InvalidState"):
        attempt.run()
    assert operations(emulator) == [EXECUTE, PRODUCT] * 3
    assert attempt.task.clock.slept == 4
    assert emulator.records() == []


def test_a_product_that_is_busy_in_between_may_refuse_more_often(patient: Make, emulator: Emulator) -> None:
    statuses = iter(["AVAILABLE", "UNDER_CHANGE", "AVAILABLE", "UNDER_CHANGE", "AVAILABLE"])
    answers = iter(["UNDER_CHANGE", "UNDER_CHANGE", "UNDER_CHANGE", "AVAILABLE"])
    attempt = patient()
    on_call(attempt, PRODUCT, lambda: emulator.update_product(ORDERS, status=next(statuses)))
    on_call(attempt, EXECUTE, lambda: emulator.update_product(ORDERS, status=next(answers)))
    assert attempt.run()["changed"] is True
    assert len(emulator.calls(EXECUTE)) == 4


def test_another_change_that_comes_first_is_waited_for_too(patient: Make, emulator: Emulator) -> None:
    change_product(emulator, 30)
    attempt, starts = patient(), []

    def begin_another() -> None:
        starts.append(emulator.now())
        if len(starts) == 2:
            change_product(emulator, 30)

    on_call(attempt, EXECUTE, begin_another)
    assert attempt.run()["changed"] is True
    assert len(starts) == 3
    assert len(tokens(emulator)) == 1


@pytest.mark.parametrize("kind", ["throttling", "unavailable", "reset_after", "truncated"])
def test_reads_that_fail_for_a_while_do_not_end_the_wait(patient: Make, emulator: Emulator, kind: str) -> None:
    change_product(emulator, 30)
    emulator.fault(PRODUCT, kind, calls=[1, 2, 3, 5])
    assert patient().run()["changed"] is True


def test_a_product_that_can_not_be_read_in_time_is_told(patient: Make, emulator: Emulator) -> None:
    change_product(emulator, 1000)
    emulator.fault(PRODUCT, "throttling")
    with pytest.raises(_exceptions.ProductUnavailable, match=r"could not be read within 60 s .*: ThrottlingException"):
        patient(wait_timeout=60).run()


@pytest.mark.parametrize("call", [1, 4])
@pytest.mark.parametrize(
    ("kind", "word"), [("access_denied", f"servicecatalog:{PRODUCT}"), ("expired_token", "ExpiredToken")]
)
def test_a_product_that_may_not_be_read_is_not_waited_for(
    patient: Make, emulator: Emulator, kind: str, word: str, call: int
) -> None:
    change_product(emulator, 1000)
    emulator.fault(PRODUCT, kind, calls=[call])
    attempt = patient()
    result = attempt.result()
    assert (result["failed"], result["changed"]) == (True, False)
    assert "can't be read to wait for another one" in result["msg"]
    assert word in result["msg"]
    assert operations(emulator).count(PRODUCT) == call


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("kind", ["reset_after", "truncated", "internal_after"])
def test_a_lost_answer_to_the_second_start_makes_one_record(
    patient: Make, emulator: Emulator, kind: str, *, wait: bool
) -> None:
    change_product(emulator, 30)
    emulator.fault(EXECUTE, kind, calls=[2])
    result = patient(wait=wait).run()
    assert (result["changed"], len(tokens(emulator)), len(emulator.records())) == (True, 1, 1)


def test_a_second_start_without_any_answer_may_have_started(patient: Make, emulator: Emulator) -> None:
    change_product(emulator, 30)
    emulator.fault(EXECUTE, "reset_after", calls=[2])
    result = patient(aws_config=ONE_TRY, change_id="CHG-1").result()
    assert (result["failed"], result["changed"], len(emulator.records())) == (True, True, 1)
    assert "may have started" in result["msg"]
    assert "change_id: CHG-1" in result["msg"]


def lose_answer_then_refuse(emulator: Emulator) -> None:
    """Let the first start be carried out without an answer, and the product be busy with it for its retries."""
    emulator.set(product_status_while_running="UNDER_CHANGE", replay_while_busy="refuse")
    emulator.update_product(ORDERS, run={"seconds": 40})
    emulator.fault(EXECUTE, "reset_after", calls=[1])


def test_a_product_that_is_busy_with_a_lost_start_is_waited_for(patient: Make, emulator: Emulator) -> None:
    lose_answer_then_refuse(emulator)
    attempt = patient()
    result = attempt.run()
    assert (result["changed"], result["record_detail"]["status"]) == (True, "SUCCEEDED")
    assert (len(tokens(emulator)), len(emulator.records())) == (1, 1)
    assert 40 <= attempt.task.clock.slept <= 45
    assert PRODUCT not in operations(emulator)


def test_a_lost_start_may_have_started_whatever_the_status_of_its_product(patient: Make, emulator: Emulator) -> None:
    lose_answer_then_refuse(emulator)
    result = patient(wait_timeout=20, change_id="CHG-1").result()
    assert (result["failed"], result["changed"]) == (True, True)
    assert "may have started" in result["msg"]
    assert "Nothing was changed" not in result["msg"]


def test_a_record_of_another_run_that_comes_meanwhile_is_a_replay(
    patient: Make, service_action: Make, emulator: Emulator
) -> None:
    change_product(emulator, 30)
    attempt, calls = patient(change_id="CHG-1", wait_delay=60), []

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
def test_a_signal_ends_the_wait_and_tells_what_was_started(patient: Make, emulator: Emulator, *, lost: bool) -> None:
    if lost:
        lose_answer_then_refuse(emulator)
    else:
        change_product(emulator, 1000)
    attempt = patient(change_id="CHG-1")
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
def test_the_attempt_of_a_retry_that_is_refused_is_waited_for(
    patient: Make, emulator: Emulator, replay_while_busy: str
) -> None:
    emulator.set(replay_while_busy=replay_while_busy)
    given = {"service_action_id": FAILOVER, "change_id": "CHG-1", "wait": True}
    assert patient(**given).result()["failed"] is True
    emulator.update_product(ORDERS, run={"seconds": 10, "ends": "SUCCEEDED"})
    emulator.advance(60)
    change_product(emulator, 30)
    result = patient(**given, retry_failed=True).result()
    assert (result["failed"], result["changed"], result["attempt"]) == (False, True, 2)
    assert len(emulator.records()) == 2
    assert result["execute_token"] == emulator.records()[-1]["ExecuteToken"]


@pytest.mark.parametrize(("status", "refused"), [("UNDER_CHANGE", False), ("PLAN_IN_PROGRESS", False), ("ERROR", True)])
def test_check_mode_warns_of_a_product_that_would_be_waited_for(
    patient: Make, emulator: Emulator, status: str, *, refused: bool
) -> None:
    emulator.update_product(ORDERS, status=status)
    attempt = patient(check_mode=True)
    if refused:
        with pytest.raises(_exceptions.Refused, match="status ERROR"):
            attempt.run()
        return
    assert attempt.run()["changed"] is True
    assert (
        f"has the status {status}; an action can start once the product is AVAILABLE or TAINTED. The start will wait"
        in attempt.warnings[0]
    )


def test_secrets_in_the_message_of_a_busy_product_are_masked(patient: Make, emulator: Emulator) -> None:
    change_product(emulator, 1000, message="Setting s3cr3t-value")
    result = patient(sensitive_parameters={"Mode": "s3cr3t-value"}, wait_timeout=10).result()
    assert "Setting ********" in result["msg"]
    assert "s3cr3t-value" not in str(result)
