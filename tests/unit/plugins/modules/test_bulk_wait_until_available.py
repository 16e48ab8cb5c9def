# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wait_until_available in the bulk module, over real HTTP to the emulator and on a simulated clock."""

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
def restart_when_available(make_attempt: Make) -> Make:
    """Return a function that creates an Attempt to restart products with wait_until_available."""

    def make(ids: list[str], *, check_mode: bool = False, **params: Any) -> Any:
        given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "wait_until_available": True}
        return make_attempt(run_on_many, {**given, **params}, check_mode=check_mode)

    return make


def create_products(
    emulator: Emulator, count: int, changes: Mapping[int, Mapping[str, Any]], *, seconds: float = 10
) -> list[str]:
    """Create products whose restart takes `seconds`, some of which have a change by another user; return all ids."""
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
    """Return the same change for each of the first `count` products."""
    return dict.fromkeys(range(count), change)


def delay(attempt: Any, operation: str, seconds: float) -> None:
    """Let each call of an operation take some seconds."""
    connect, clock = attempt.task.connect, attempt.task.clock

    def connect_slowly(config: Any) -> Any:
        client = connect(config)
        client.meta.events.register(f"needs-retry.servicecatalog.{operation}", lambda **_kwargs: clock.sleep(seconds))
        return client

    attempt.task.connect = connect_slowly


def outcomes(result: Mapping[str, Any]) -> list[str]:
    return [item["outcome"] for item in result["results"]]


def starts(emulator: Emulator) -> list[str]:
    return [call["parameters"]["ProvisionedProductId"] for call in emulator.calls(EXECUTE)]


def max_concurrent(records: list[dict[str, Any]]) -> int:
    """Return the maximum number of concurrent actions, from the times in the records."""
    changes = [(record["CreatedTime"], 1) for record in records] + [(record["UpdatedTime"], -1) for record in records]
    return max(accumulate(change for _time, change in sorted(changes)), default=0)


@pytest.mark.parametrize("status", ["UNDER_CHANGE", "PLAN_IN_PROGRESS"])
@pytest.mark.parametrize("wait", [True, False])
def test_busy_products_are_waited_for_while_others_run(
    restart_when_available: Make, emulator: Emulator, status: str, *, wait: bool
) -> None:
    ids = create_products(emulator, 6, {0: {"seconds": 35, "status": status}, 3: {"seconds": 60, "status": status}})
    attempt = restart_when_available(ids, wait=wait)
    result = attempt.run()
    assert outcomes(result) == ["succeeded" if wait else "started"] * 6
    # The first six are sent concurrently, so in any order.
    assert (sorted(starts(emulator)[:6]), starts(emulator)[6:]) == (ids, [ids[0], ids[3]])
    assert len({call["parameters"]["ExecuteToken"] for call in emulator.calls(EXECUTE)}) == len(emulator.records()) == 6
    assert 60 <= attempt.task.clock.slept <= (82 if wait else 70)


def test_a_waiting_target_holds_no_slot(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 6, {0: {"seconds": 25}, 1: {"seconds": 25}})
    attempt = restart_when_available(ids, max_concurrency="1")
    assert outcomes(attempt.run()) == ["succeeded"] * 6
    # One at a time. The busy targets start last, and no other target waits for them.
    assert [record["ProvisionedProductId"] for record in emulator.records()] == [*ids[2:], *ids[:2]]
    assert max_concurrent(emulator.records()) == 1
    assert attempt.task.clock.slept <= 75


def test_many_busy_products_are_read_with_few_calls(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 80, busy(60, seconds=300))
    result = restart_when_available(ids).run()
    assert outcomes(result) == ["succeeded"] * 80
    # Each poll reads one page, and then each product that is no longer on it.
    assert len(emulator.calls(SEARCH)) <= 40
    assert len(emulator.calls(PRODUCT)) <= 70
    assert len(emulator.calls(EXECUTE)) == 140


def test_products_are_read_one_by_one_if_listing_is_denied(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 10, busy(10, seconds=30))
    emulator.fault(SEARCH, "access_denied")
    assert outcomes(restart_when_available(ids).run()) == ["succeeded"] * 10
    # One denied search for each access level.
    assert len(emulator.calls(SEARCH)) == 3


def test_products_are_read_one_by_one_if_a_listing_has_an_id_that_is_no_text(
    restart_when_available: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, 4, busy(4, seconds=30))
    emulator.fault(SEARCH, "replaced", members={"ProvisionedProducts": [{"Id": [ids[0]], "Name": "odd"}]})
    assert outcomes(restart_when_available(ids).result()) == ["succeeded"] * 4


def test_slow_denials_of_a_listing_do_not_extend_the_wait(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 4, busy(4, seconds=1000))
    emulator.fault(SEARCH, "access_denied")
    attempt = restart_when_available(ids, wait_timeout=1, max_errors="4")
    delay(attempt, SEARCH, 20)
    assert outcomes(attempt.result()) == ["failed"] * 4
    assert attempt.task.clock.slept == 1 + 20


def test_at_the_deadline_a_target_fails_and_nothing_was_started(
    restart_when_available: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, 4, {1: {"seconds": 1000, "message": "Stack update in progress"}})
    attempt = restart_when_available(ids, wait_timeout=60, max_errors="1", change_id="CHG-1")
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
    again = restart_when_available(ids, change_id="CHG-1").run()
    assert outcomes(again) == ["succeeded"] * 4
    assert len(emulator.records()) == 4


def test_a_hanging_start_is_abandoned_soon_after_the_deadline_even_without_waiting_for_records(
    restart_when_available: Make, emulator: Emulator
) -> None:
    attempt = restart_when_available(create_products(emulator, 2, {}), wait=False, wait_timeout=60)
    attempt.run()
    assert attempt.task.bulk_service(1).seconds_left() == 60 + 25


def test_a_target_that_times_out_waiting_counts_against_the_budget(
    restart_when_available: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, 5, {0: {"seconds": 1000}, 1: {"seconds": 90}}, seconds=40)
    result = restart_when_available(ids, wait_timeout=60, max_concurrency="1", change_id="CHG-1").result()
    assert (result["failed"], result["changed"]) == (True, True)
    # The second target also waits until its deadline, but the first error already prevents further starts.
    assert outcomes(result) == ["failed", "not_started", "succeeded", "succeeded", "not_started"]
    assert "did not become available within 60 s" in result["msg"]
    assert "run this task again with change_id: CHG-1" in result["msg"]


def test_waiting_targets_are_not_started_once_the_error_budget_is_exceeded(
    restart_when_available: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, 4, {0: {"seconds": 300}, 1: {"seconds": 300}})
    emulator.update_product(ids[2], run={"seconds": 20, "ends": "FAILED"})
    attempt = restart_when_available(ids, change_id="CHG-1")
    result = attempt.result()
    assert outcomes(result) == ["not_started", "not_started", "failed", "succeeded"]
    assert result["remaining"] == ids[:2]
    assert attempt.task.clock.slept <= 25
    assert sorted(starts(emulator)) == ids


@pytest.mark.parametrize("number", [3, 4, 6, 9])
def test_waiting_targets_are_not_started_after_a_signal(
    restart_when_available: Make, emulator: Emulator, number: int
) -> None:
    ids = create_products(emulator, 3, {0: {"seconds": 300}, 2: {"seconds": 300}})
    attempt = restart_when_available(ids, change_id="CHG-1", wait=False)
    attempt.task.clock = InterruptedClock(emulator, interrupt_at=number)
    result = attempt.result()
    assert result["failed"] is True
    assert "SIGTERM ended this process." in result["msg"]
    assert "run this task again with change_id: CHG-1" in result["msg"]
    assert [item["outcome"] for item in result["results"]][::2] == ["not_started"] * 2
    emulator.advance(300)
    assert outcomes(restart_when_available(ids, change_id="CHG-1").run()) == ["succeeded"] * 3
    assert len(emulator.records()) == 3


def test_a_product_with_the_status_error_fails_only_its_target(
    restart_when_available: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, 4, {0: {"seconds": 20, "ends": "ERROR"}, 1: {"seconds": 20}})
    result = restart_when_available(ids, max_errors="1").result()
    assert outcomes(result) == ["failed", "succeeded", "succeeded", "succeeded"]
    assert "has the status ERROR, which the task does not wait for." in result["results"][0]["msg"]


@pytest.mark.parametrize("count", [1, 6])
def test_a_product_without_read_permission_fails_only_its_target(
    restart_when_available: Make, emulator: Emulator, count: int
) -> None:
    ids = create_products(emulator, 8, busy(count, seconds=300, status="PLAN_IN_PROGRESS"))
    emulator.fault(PRODUCT, "access_denied", product=ids[0])
    result = restart_when_available(ids, max_errors="1").result()
    assert outcomes(result) == ["failed", *["succeeded"] * 7]
    assert f"servicecatalog:{PRODUCT}" in result["results"][0]["msg"]


@pytest.mark.parametrize("kind", ["throttling", "unavailable", "reset_after", "truncated"])
def test_temporarily_failing_polls_fail_no_target(restart_when_available: Make, emulator: Emulator, kind: str) -> None:
    ids = create_products(emulator, 8, busy(6, seconds=30))
    emulator.fault(SEARCH, kind, calls=[1, 2, 3])
    emulator.fault(PRODUCT, kind, calls=list(range(1, 10)))
    assert outcomes(restart_when_available(ids).run()) == ["succeeded"] * 8


def test_expired_credentials_fail_the_waiting_targets(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 6, busy(6, seconds=300))
    emulator.fault(SEARCH, "expired_token")
    emulator.fault(PRODUCT, "expired_token")
    result = restart_when_available(ids, max_errors="6").result()
    assert outcomes(result) == ["failed"] * 6
    assert "can't be read to wait for another one: ExpiredToken" in result["results"][5]["msg"]
    assert len(emulator.calls(PRODUCT)) == 1


def test_a_lost_response_to_the_second_start_creates_one_record(
    restart_when_available: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, 3, {0: {"seconds": 30}})
    emulator.fault(EXECUTE, "reset_after", calls=[4, 5])
    result = restart_when_available(ids, aws_config=ONE_TRY).run()
    assert (outcomes(result), len(emulator.records())) == (["succeeded"] * 3, 3)


def test_a_second_start_without_any_response_may_have_started(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1, {0: {"seconds": 30}})
    emulator.fault(EXECUTE, "reset_after", calls=list(range(2, 100)))
    attempt = restart_when_available(ids, aws_config=ONE_TRY, wait_timeout=60)
    result = attempt.result()
    assert (outcomes(result), result["changed"], len(emulator.records())) == (["failed"], True, 1)
    assert "may have started" in result["results"][0]["msg"]
    assert attempt.task.clock.slept == 60


@pytest.mark.parametrize("wait", [True, False])
def test_a_start_with_a_lost_response_is_resent_to_the_product_that_it_made_busy(
    restart_when_available: Make, emulator: Emulator, *, wait: bool
) -> None:
    ids = create_products(emulator, 1, {}, seconds=40)
    emulator.set(product_status_while_running="UNDER_CHANGE", replay_while_busy="refuse")
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    result = restart_when_available(ids, aws_config=ONE_TRY, wait=wait).run()
    assert (outcomes(result)[0], len(emulator.records())) == ("succeeded" if wait else "started", 1)
    assert result["changed"] is True
    assert PRODUCT not in [call["operation"] for call in emulator.calls()]


def test_one_timeout_covers_both_waits(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 2, {0: {"seconds": 60}}, seconds=100)
    attempt = restart_when_available(ids, wait_timeout=120, max_errors="2")
    result = attempt.result()
    assert outcomes(result) == ["timed_out", "succeeded"]
    assert attempt.task.clock.slept == 120


def test_the_time_in_the_queue_does_not_count(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 5, {0: {"seconds": 20}}, seconds=50)
    result = restart_when_available(ids, wait_timeout=90, max_concurrency="1").result()
    assert outcomes(result) == ["succeeded"] * 5


def test_waiting_targets_are_not_started_if_only_timed_out_targets_hold_slots(
    restart_when_available: Make, emulator: Emulator
) -> None:
    ids = create_products(emulator, 2, {0: {"seconds": 500}}, seconds=1000)
    attempt = restart_when_available(ids, wait_timeout=60, max_concurrency="1", max_errors="2")
    attempt.task.params = {**attempt.task.params, "provisioned_product_ids": ids[::-1]}
    result = attempt.result()
    assert outcomes(result) == ["timed_out", "not_started"]
    assert "max_concurrency (1)" in result["msg"]


def test_a_late_end_frees_the_slot_for_a_waiting_target(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3, {0: {"seconds": 80}})
    emulator.update_product(ids[1], run={"seconds": 75})
    result = restart_when_available(ids, wait_timeout=70, max_concurrency="2", max_errors="3").result()
    # The first was busy for longer than wait_timeout, and the second ran for longer.
    assert outcomes(result) == ["failed", "timed_out", "succeeded"]


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_a_retry_rejected_as_busy_is_waited_for(
    restart_when_available: Make, emulator: Emulator, replay_detail: str
) -> None:
    ids = create_products(emulator, 3, {})
    emulator.set(replay_detail=replay_detail)
    emulator.update_product(ids[0], run={"seconds": 5, "ends": "FAILED"})
    given = {"change_id": "CHG-1", "max_errors": "0"}
    assert outcomes(restart_when_available(ids, **given).result()) == ["failed", "succeeded", "succeeded"]
    emulator.advance(60)
    emulator.update_product(ids[0], run={"seconds": 5, "ends": "SUCCEEDED"}, change={"seconds": 30})
    result = restart_when_available(ids, retry_failed=True, **given).result()
    assert (result["failed"], outcomes(result), len(emulator.records())) == (False, ["succeeded"] * 3, 4)


def test_a_retry_whose_product_stays_busy_reports_it(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1, {})
    emulator.update_product(ids[0], run={"seconds": 5, "ends": "FAILED"})
    restart_when_available(ids, change_id="CHG-1").result()
    emulator.advance(60)
    emulator.update_product(ids[0], change={"seconds": 300})
    result = restart_when_available(ids, change_id="CHG-1", retry_failed=True, wait_timeout=30).result()
    assert (outcomes(result), result["changed"]) == (["failed"], False)
    assert "did not become available within 30 s" in result["results"][0]["msg"]
    assert result["results"][0]["record_detail"]["record_id"] is None


def test_a_retry_prevented_by_a_signal_stays_failed(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1, {})
    emulator.update_product(ids[0], run={"seconds": 5, "ends": "FAILED"})
    restart_when_available(ids, change_id="CHG-1").result()
    emulator.advance(60)
    emulator.update_product(ids[0], change={"seconds": 300})
    attempt = restart_when_available(ids, change_id="CHG-1", retry_failed=True)
    attempt.task.clock = InterruptedClock(emulator, interrupt_at=12)
    result = attempt.result()
    assert (outcomes(result), result["changed"]) == (["failed"], False)
    assert result["results"][0]["record_detail"]["record_id"] == emulator.records()[0]["RecordId"]


def test_check_mode_warns_about_busy_products(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3, {0: {"seconds": 300}})
    attempt = restart_when_available(ids, check_mode=True)
    result = attempt.run()
    assert "failed" not in outcomes(result)
    assert any(f"({ids[0]}) has the status UNDER_CHANGE" in warning for warning in attempt.warnings)


def test_without_busy_products_the_option_causes_no_calls(restart_when_available: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 20, {})
    restart_when_available(ids, wait=False).run()
    assert len(emulator.calls()) == 20
