# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wait_until_available of the module for many products, over real HTTP to the emulator and on a simulated clock."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk import run_on_many
from emulator import Emulator
from faults.in_process import InterruptedClock

Make = Callable[..., Any]
RESTART = "act-restart"
EXECUTE, PRODUCT, SEARCH = (
    "ExecuteProvisionedProductServiceAction",
    "DescribeProvisionedProduct",
    "SearchProvisionedProducts",
)
ONE_TRY = {"retries": {"total_max_attempts": 1}}


@pytest.fixture
def patient(make_attempt: Make) -> Make:
    """Return a function that makes an attempt to restart products, and to wait until each is available."""

    def make(ids: list[str], *, check_mode: bool = False, **params: Any) -> Any:
        given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "wait_until_available": True}
        return make_attempt(run_on_many, {**given, **params}, check_mode=check_mode)

    return make


def create_products(
    emulator: Emulator, count: int, changes: Mapping[int, Mapping[str, Any]], *, seconds: float = 10
) -> list[str]:
    """Create products whose restart takes so many seconds, some of which somebody else changes; return all ids."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": [RESTART]}]
    plain = {"product": "prod-1", "artifact": "pa-1"}
    products = [
        {"id": f"pp-{number:03}", "name": f"web-{number:03}", **plain, "change": changes.get(number)}
        for number in range(count)
    ]
    emulator.reset(
        {
            "service_actions": [{"id": RESTART, "name": "Restart", "run": {"seconds": seconds}}],
            "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
            "provisioned_products": products,
        }
    )
    return [str(each["id"]) for each in products]


def busy(count: int, **change: Any) -> dict[int, dict[str, Any]]:
    """Return changes of the first products."""
    return dict.fromkeys(range(count), change)


def outcomes(result: Mapping[str, Any]) -> list[str]:
    return [item["outcome"] for item in result["results"]]


def starts(emulator: Emulator) -> list[str]:
    return [call["parameters"]["ProvisionedProductId"] for call in emulator.calls(EXECUTE)]


def most_at_once(records: list[dict[str, Any]]) -> int:
    """Return how many actions ran at once at most, by the service's own times."""
    changes = [(record["CreatedTime"], 1) for record in records] + [(record["UpdatedTime"], -1) for record in records]
    return max(accumulate(change for _time, change in sorted(changes)), default=0)


@pytest.mark.parametrize("status", ["UNDER_CHANGE", "PLAN_IN_PROGRESS"])
@pytest.mark.parametrize("wait", [True, False])
def test_busy_products_are_waited_for_while_others_run(
    patient: Make, emulator: Emulator, status: str, *, wait: bool
) -> None:
    ids = create_products(emulator, 6, {0: {"seconds": 35, "status": status}, 3: {"seconds": 60, "status": status}})
    attempt = patient(ids, wait=wait)
    result = attempt.run()
    assert outcomes(result) == ["succeeded" if wait else "started"] * 6
    # The first ones are sent at once, in any order.
    assert (sorted(starts(emulator)[:6]), starts(emulator)[6:]) == (ids, [ids[0], ids[3]])
    assert len({call["parameters"]["ExecuteToken"] for call in emulator.calls(EXECUTE)}) == len(emulator.records()) == 6
    assert 60 <= attempt.task.clock.slept <= (82 if wait else 70)


def test_a_target_that_waits_holds_no_place(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 6, {0: {"seconds": 25}, 1: {"seconds": 25}})
    attempt = patient(ids, max_concurrency="1")
    assert outcomes(attempt.run()) == ["succeeded"] * 6
    # One at a time, those that were busy last; none waits for them.
    assert [record["ProvisionedProductId"] for record in emulator.records()] == [*ids[2:], *ids[:2]]
    assert most_at_once(emulator.records()) == 1
    assert attempt.task.clock.slept <= 75


def test_many_busy_products_are_read_by_few_calls(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 80, busy(60, seconds=300))
    result = patient(ids).run()
    assert outcomes(result) == ["succeeded"] * 80
    # A page for each poll, and a call for each product that is not on it any more.
    assert len(emulator.calls(SEARCH)) <= 40
    assert len(emulator.calls(PRODUCT)) <= 70
    assert len(emulator.calls(EXECUTE)) == 140


def test_products_are_read_one_by_one_where_they_may_not_be_listed(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 10, busy(10, seconds=30))
    emulator.fault(SEARCH, "access_denied")
    assert outcomes(patient(ids).run()) == ["succeeded"] * 10
    # Each access level once.
    assert len(emulator.calls(SEARCH)) == 3


def test_at_the_deadline_a_target_fails_and_nothing_was_started(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 4, {1: {"seconds": 1000, "message": "Stack update in progress"}})
    attempt = patient(ids, wait_timeout=60, max_errors="1", change_id="CHG-1")
    result = attempt.result()
    assert outcomes(result) == ["succeeded", "failed", "succeeded", "succeeded"]
    assert result["failed"] is False
    assert result["results"][1]["record_detail"]["record_id"] is None
    assert result["results"][1]["msg"] == (
        f"The service action {RESTART} was not started on {ids[1]} by this run: the provisioned product 'web-001' "
        f"({ids[1]}) was UNDER_CHANGE (Stack update in progress), and did not become available within 60 s "
        "(wait_timeout). It may be busy with this change."
    )
    assert attempt.task.clock.slept == 60
    emulator.advance(1000)
    again = patient(ids, change_id="CHG-1").run()
    assert outcomes(again) == ["succeeded"] * 4
    assert len(emulator.records()) == 4


def test_a_start_that_hangs_is_abandoned_soon_after_the_deadline_without_a_wait_for_records_too(
    patient: Make, emulator: Emulator
) -> None:
    attempt = patient(create_products(emulator, 1, {}), wait=False, wait_timeout=60)
    attempt.run()
    assert attempt.task.bulk_service(1).seconds_left() == 60 + 25


def test_a_target_that_times_out_waiting_counts_against_the_budget(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 5, {0: {"seconds": 1000}, 1: {"seconds": 90}}, seconds=40)
    result = patient(ids, wait_timeout=60, max_concurrency="1", change_id="CHG-1").result()
    assert (result["failed"], result["changed"]) == (True, True)
    # The second one is busy for its whole time, too, but the first error ends the starts.
    assert outcomes(result) == ["failed", "not_started", "succeeded", "succeeded", "not_started"]
    assert "did not become available within 60 s" in result["msg"]
    assert "run this task again with change_id: CHG-1" in result["msg"]


def test_a_spent_budget_leaves_those_that_wait_unstarted(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 4, {0: {"seconds": 300}, 1: {"seconds": 300}})
    emulator.update_product(ids[2], run={"seconds": 20, "ends": "FAILED"})
    attempt = patient(ids, change_id="CHG-1")
    result = attempt.result()
    assert outcomes(result) == ["not_started", "not_started", "failed", "succeeded"]
    assert result["remaining"] == ids[:2]
    assert attempt.task.clock.slept <= 25
    assert sorted(starts(emulator)) == ids


@pytest.mark.parametrize("number", [3, 4, 6, 9])
def test_a_signal_leaves_those_that_wait_unstarted(patient: Make, emulator: Emulator, number: int) -> None:
    ids = create_products(emulator, 3, {0: {"seconds": 300}, 2: {"seconds": 300}})
    attempt = patient(ids, change_id="CHG-1", wait=False)
    attempt.task.clock = InterruptedClock(emulator, interrupt_at=number)
    result = attempt.result()
    assert result["failed"] is True
    assert "SIGTERM ended this process." in result["msg"]
    assert "run this task again with change_id: CHG-1" in result["msg"]
    assert [item["outcome"] for item in result["results"]][::2] == ["not_started"] * 2
    emulator.advance(300)
    assert outcomes(patient(ids, change_id="CHG-1").run()) == ["succeeded"] * 3
    assert len(emulator.records()) == 3


def test_an_error_of_a_product_fails_its_target_alone(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 4, {0: {"seconds": 20, "ends": "ERROR"}, 1: {"seconds": 20}})
    result = patient(ids, max_errors="1").result()
    assert outcomes(result) == ["failed", "succeeded", "succeeded", "succeeded"]
    assert "has the status ERROR, which the task does not wait for." in result["results"][0]["msg"]


@pytest.mark.parametrize("count", [1, 6])
def test_a_product_that_may_not_be_read_fails_its_target_alone(patient: Make, emulator: Emulator, count: int) -> None:
    ids = create_products(emulator, 8, busy(count, seconds=300, status="PLAN_IN_PROGRESS"))
    emulator.fault(PRODUCT, "access_denied", product=ids[0])
    result = patient(ids, max_errors="1").result()
    assert outcomes(result) == ["failed", *["succeeded"] * 7]
    assert f"servicecatalog:{PRODUCT}" in result["results"][0]["msg"]


@pytest.mark.parametrize("kind", ["throttling", "unavailable", "reset_after", "truncated"])
def test_polls_that_fail_for_a_while_fail_no_target(patient: Make, emulator: Emulator, kind: str) -> None:
    ids = create_products(emulator, 8, busy(6, seconds=30))
    emulator.fault(SEARCH, kind, calls=[1, 2, 3])
    emulator.fault(PRODUCT, kind, calls=list(range(1, 10)))
    assert outcomes(patient(ids).run()) == ["succeeded"] * 8


def test_credentials_that_have_expired_fail_those_that_wait(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 6, busy(6, seconds=300))
    emulator.fault(SEARCH, "expired_token")
    emulator.fault(PRODUCT, "expired_token")
    result = patient(ids, max_errors="6").result()
    assert outcomes(result) == ["failed"] * 6
    assert "can't be read to wait for another one: ExpiredToken" in result["results"][5]["msg"]
    assert len(emulator.calls(PRODUCT)) == 1


def test_a_lost_answer_to_the_second_start_makes_one_record(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3, {0: {"seconds": 30}})
    emulator.fault(EXECUTE, "reset_after", calls=[4, 5])
    result = patient(ids, aws_config=ONE_TRY).run()
    assert (outcomes(result), len(emulator.records())) == (["succeeded"] * 3, 3)


def test_a_second_start_without_any_answer_may_have_started(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1, {0: {"seconds": 30}})
    emulator.fault(EXECUTE, "reset_after", calls=list(range(2, 100)))
    attempt = patient(ids, aws_config=ONE_TRY, wait_timeout=60)
    result = attempt.result()
    assert (outcomes(result), result["changed"], len(emulator.records())) == (["failed"], True, 1)
    assert "may have started" in result["results"][0]["msg"]
    assert attempt.task.clock.slept == 60


@pytest.mark.parametrize("wait", [True, False])
def test_a_product_that_is_busy_with_a_lost_start_is_sent_to_again(
    patient: Make, emulator: Emulator, *, wait: bool
) -> None:
    ids = create_products(emulator, 1, {}, seconds=40)
    emulator.set(product_status_while_running="UNDER_CHANGE", replay_while_busy="refuse")
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    result = patient(ids, aws_config=ONE_TRY, wait=wait).run()
    assert (outcomes(result)[0], len(emulator.records())) == ("succeeded" if wait else "started", 1)
    assert result["changed"] is True
    assert PRODUCT not in [call["operation"] for call in emulator.calls()]


def test_one_timeout_covers_both_waits(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 2, {0: {"seconds": 60}}, seconds=100)
    attempt = patient(ids, wait_timeout=120, max_errors="2")
    result = attempt.result()
    assert outcomes(result) == ["timed_out", "succeeded"]
    assert attempt.task.clock.slept == 120


def test_the_time_in_the_queue_does_not_count(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 5, {0: {"seconds": 20}}, seconds=50)
    result = patient(ids, wait_timeout=90, max_concurrency="1").result()
    assert outcomes(result) == ["succeeded"] * 5


def test_what_waits_when_nothing_but_timed_out_targets_hold_places_is_not_started(
    patient: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, 2, {0: {"seconds": 500}}, seconds=1000)
    attempt = patient(ids, wait_timeout=60, max_concurrency="1", max_errors="2")
    attempt.task.params = {**attempt.task.params, "provisioned_product_ids": ids[::-1]}
    result = attempt.result()
    assert outcomes(result) == ["timed_out", "not_started"]
    assert "max_concurrency (1)" in result["msg"]


def test_a_place_is_free_for_what_waits_once_a_late_end_is_seen(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3, {0: {"seconds": 80}})
    emulator.update_product(ids[1], run={"seconds": 75})
    result = patient(ids, wait_timeout=70, max_concurrency="2", max_errors="3").result()
    # The first one was busy for longer than it may, the second ran for longer.
    assert outcomes(result) == ["failed", "timed_out", "succeeded"]


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_a_retry_that_is_refused_as_busy_is_waited_for(patient: Make, emulator: Emulator, replay_detail: str) -> None:
    ids = create_products(emulator, 3, {})
    emulator.set(replay_detail=replay_detail)
    emulator.update_product(ids[0], run={"seconds": 5, "ends": "FAILED"})
    given = {"change_id": "CHG-1", "max_errors": "0"}
    assert outcomes(patient(ids, **given).result()) == ["failed", "succeeded", "succeeded"]
    emulator.advance(60)
    emulator.update_product(ids[0], run={"seconds": 5, "ends": "SUCCEEDED"}, change={"seconds": 30})
    result = patient(ids, retry_failed=True, **given).result()
    assert (result["failed"], outcomes(result), len(emulator.records())) == (False, ["succeeded"] * 3, 4)


def test_a_retry_whose_product_stays_busy_tells_that(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1, {})
    emulator.update_product(ids[0], run={"seconds": 5, "ends": "FAILED"})
    patient(ids, change_id="CHG-1").result()
    emulator.advance(60)
    emulator.update_product(ids[0], change={"seconds": 300})
    result = patient(ids, change_id="CHG-1", retry_failed=True, wait_timeout=30).result()
    assert (outcomes(result), result["changed"]) == (["failed"], False)
    assert "did not become available within 30 s" in result["results"][0]["msg"]
    assert result["results"][0]["record_detail"]["record_id"] is None


def test_a_retry_that_a_signal_keeps_from_starting_stays_failed(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1, {})
    emulator.update_product(ids[0], run={"seconds": 5, "ends": "FAILED"})
    patient(ids, change_id="CHG-1").result()
    emulator.advance(60)
    emulator.update_product(ids[0], change={"seconds": 300})
    attempt = patient(ids, change_id="CHG-1", retry_failed=True)
    attempt.task.clock = InterruptedClock(emulator, interrupt_at=12)
    result = attempt.result()
    assert (outcomes(result), result["changed"]) == (["failed"], False)
    assert result["results"][0]["record_detail"]["record_id"] == emulator.records()[0]["RecordId"]


def test_check_mode_warns_of_products_that_would_be_waited_for(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3, {0: {"seconds": 300}})
    attempt = patient(ids, check_mode=True)
    result = attempt.run()
    assert "failed" not in outcomes(result)
    assert any(f"({ids[0]}) has the status UNDER_CHANGE" in warning for warning in attempt.warnings)


def test_the_option_costs_nothing_while_no_product_is_busy(patient: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 20, {})
    patient(ids, wait=False).run()
    assert len(emulator.calls()) == 20
