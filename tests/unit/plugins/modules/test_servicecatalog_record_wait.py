# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for records, over real HTTP to the emulator and on a simulated clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _exceptions
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.api import ServiceCatalog
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Request
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_record_wait import wait_until_ended
from emulator import Emulator

if TYPE_CHECKING:
    from botocore.client import BaseClient

Make = Callable[..., Any]
ORDERS = "pp-orders0000001"
RESTART, FAILOVER = "act-restart000001", "act-failover00001"
HISTORY, DESCRIBE = "ListRecordHistory", "DescribeRecord"


@pytest.fixture
def wait(make_attempt: Make) -> Make:
    def make(record_ids: list[Any] | None = None, *, check_mode: bool = False, **params: Any) -> Any:
        return make_attempt(wait_until_ended, {"record_ids": record_ids, **params}, check_mode=check_mode)

    return make


@pytest.fixture
def start(service_action: Make) -> Make:
    def make(product: str = ORDERS, action: str = RESTART) -> str:
        return service_action(provisioned_product_id=product, service_action_id=action).run()["record_detail"][
            "record_id"
        ]

    return make


def start_on_many(emulator: Emulator, client: BaseClient, count: int, seconds: float) -> list[str]:
    """Start an action that takes `seconds` on `count` products; return the record ids."""
    actions = [{"id": RESTART, "name": "Restart", "run": {"seconds": seconds, "outputs": {"Done": "yes"}}}]
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": [RESTART]}]
    emulator.reset(
        {
            "service_actions": actions,
            "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
            "generated": [{"count": count, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1"}],
        }
    )
    service = ServiceCatalog(client)
    requests = [
        Request(product["Id"], RESTART, "t-" + product["Id"], {}) for product in service.search_provisioned_products()
    ]
    responses = [service.execute_provisioned_product_service_action(request) for request in requests]
    return [response.record_detail["RecordId"] for response in responses]


def calls(emulator: Emulator, operation: str) -> int:
    return len(emulator.calls(operation))


def test_records_are_returned_in_the_given_order_with_outputs_and_outcome(wait: Make, start: Make) -> None:
    first, second = start(), start()
    result = wait([second, first]).run()
    assert [record["record_detail"]["record_id"] for record in result["records"]] == [second, first]
    for record in result["records"]:
        assert record["record_detail"]["status"] == "SUCCEEDED"
        assert record["outcome"] == "succeeded"
        assert set(record["record_outputs"]) == {"AutomationExecutionId", "RestartedAt"}
        assert (record["msg"], record["error"]) == (None, None)
    assert result["changed"] is False


@pytest.mark.parametrize("order", ["newest", "oldest", "random"])
def test_waiting_for_two_hundred_records_takes_few_calls(
    wait: Make, connect: Make, emulator: Emulator, order: str
) -> None:
    ids = start_on_many(emulator, connect({}), 200, 10)
    emulator.set(history_order=order)
    before = len(emulator.calls())
    result = wait(ids).run()
    assert {record["outcome"] for record in result["records"]} == {"succeeded"}
    assert result["records"][0]["record_outputs"] == {"Done": "yes"}
    if order == "newest":
        assert len(emulator.calls()) - before <= 100 + 200


def test_a_history_that_does_not_show_the_records_is_read_once_at_each_level(
    wait: Make, start: Make, emulator: Emulator
) -> None:
    old = [start() for _each in range(6)]
    emulator.advance(60)
    for _each in range(25):
        start()
    before = calls(emulator, HISTORY)
    wait(old).run()
    assert calls(emulator, HISTORY) - before == 2


def test_a_denied_history_is_requested_once_at_each_level(wait: Make, start: Make, emulator: Emulator) -> None:
    ids = [start() for _each in range(6)]
    emulator.fault(HISTORY, "access_denied")
    result = wait(ids).run()
    assert {record["outcome"] for record in result["records"]} == {"succeeded"}
    assert calls(emulator, HISTORY) == 2


def test_one_failed_record_fails_the_task_after_all_have_ended(wait: Make, start: Make) -> None:
    ids = [start(), start(action=FAILOVER), start()]
    attempt = wait(ids)
    with pytest.raises(
        _exceptions.RecordFailed, match=r"Of 3 records, 1 failed\. The first failure: Record .* FAILED"
    ) as caught:
        attempt.run()
    outcomes = [record["outcome"] for record in attempt.task.result["records"]]
    assert outcomes == ["succeeded", "failed", "succeeded"]
    assert "AutomationExecutionFailed" in attempt.task.result["records"][1]["msg"]
    assert caught.value.facts["hints"]


def test_a_single_failed_record_is_reported_without_counts(wait: Make, start: Make) -> None:
    with pytest.raises(_exceptions.RecordFailed, match=r"^Record .* FAILED on 'orders-db'"):
        wait([start(action=FAILOVER)]).run()


def test_a_timeout_returns_the_outcome_of_each_record(wait: Make, start: Make, emulator: Emulator) -> None:
    ids = [start(), start()]
    emulator.finish_record(ids[0], "SUCCEEDED")
    attempt = wait(ids, wait_timeout=2)
    with pytest.raises(
        _exceptions.WaitTimedOut, match=r"Of 2 records, 1 timed out.*servicecatalog_record_wait with record_ids"
    ):
        attempt.run()
    records = attempt.task.result["records"]
    assert [record["outcome"] for record in records] == ["succeeded", "timed_out"]
    assert records[1]["record_detail"]["status"] == "IN_PROGRESS"
    assert attempt.task.clock.slept == 2


def test_a_record_that_cannot_be_read_has_the_outcome_unknown(wait: Make, start: Make) -> None:
    ids = [start(), "rec-none"]
    attempt = wait(ids)
    with pytest.raises(_exceptions.NotFound, match="The service can't find the record rec-none"):
        attempt.run()
    assert [record["outcome"] for record in attempt.task.result["records"]] == ["succeeded", "unknown"]
    assert attempt.task.result["records"][1]["record_detail"]["record_id"] == "rec-none"


def test_an_unknown_id_fails_after_thirty_seconds(wait: Make) -> None:
    attempt = wait(["rec-none"])
    result = attempt.result()
    assert 30 <= attempt.task.clock.slept < 40
    assert result["msg"] == (
        "The service can't find the record rec-none, and a new one would have been found by now: "
        "ResourceNotFoundException: No record found with id: rec-none. Check the id, and that it belongs to this "
        "region and account."
    )
    assert result["error"]["code"] == "ResourceNotFoundException"
    assert [record["outcome"] for record in result["records"]] == ["unknown"]


@pytest.mark.parametrize("wait_timeout", [0, 5])
def test_an_unknown_id_at_the_deadline_is_not_reported_as_running(wait: Make, wait_timeout: int) -> None:
    result = wait(["rec-none"], wait_timeout=wait_timeout).result()
    assert result["msg"].startswith(f"The service did not find the record rec-none within {wait_timeout} s")
    assert "continue waiting" not in result["msg"]
    assert "and continues" not in result["msg"]
    assert [record["outcome"] for record in result["records"]] == ["timed_out"]


def test_a_record_that_becomes_visible_late_is_waited_for(wait: Make, start: Make, emulator: Emulator) -> None:
    emulator.set(describable_after=25)
    assert wait([start()]).run()["records"][0]["outcome"] == "succeeded"


def test_an_unknown_id_whose_last_read_is_throttled_may_still_be_running(wait: Make, emulator: Emulator) -> None:
    emulator.fault(DESCRIBE, "throttling", between=[emulator.now() + 4, emulator.now() + 100])
    result = wait(["rec-none"], wait_timeout=10).result()
    assert "the last poll failed: ThrottlingException" in result["msg"]


@pytest.mark.parametrize("target", [{"provisioned_product_id": ORDERS}, {"provisioned_product_name": "orders-db"}])
def test_the_newest_record_of_a_product_is_waited_for(
    wait: Make, start: Make, emulator: Emulator, target: dict[str, str]
) -> None:
    start()
    emulator.advance(10)
    newest = start(action="act-backup0000001")
    emulator.advance(1)
    start("pp-billing000001")
    result = wait(**target).run()
    assert [record["record_detail"]["record_id"] for record in result["records"]] == [newest]
    assert result["records"][0]["outcome"] == "succeeded"
    assert result["records"][0]["record_outputs"]["SnapshotId"]
    assert result["changed"] is False
    assert calls(emulator, "DescribeProvisionedProduct") == 1
    assert calls(emulator, HISTORY) == 0


@pytest.mark.parametrize(("seconds", "outcome"), [(10, "succeeded"), (1000, "timed_out")])
def test_a_slow_lookup_of_the_product_does_not_extend_the_wait(
    wait: Make, start: Make, emulator: Emulator, seconds: float, outcome: str
) -> None:
    emulator.update_product(ORDERS, run={"seconds": seconds})
    start()
    attempt = wait(provisioned_product_id=ORDERS, wait_timeout=60)
    connect, clock = attempt.task.connect, attempt.task.clock

    def connect_slowly(config: Any) -> Any:
        client = connect(config)
        event = "after-call.servicecatalog.DescribeProvisionedProduct"
        client.meta.events.register(event, lambda **_kwargs: clock.sleep(61))
        return client

    attempt.task.connect = connect_slowly
    assert attempt.result()["records"][0]["outcome"] == outcome
    # The record is still read, but only once.
    assert (clock.slept, calls(emulator, DESCRIBE)) == (61, 1)


def test_a_failed_newest_record_fails_the_task(wait: Make, start: Make) -> None:
    start(action=FAILOVER)
    with pytest.raises(_exceptions.RecordFailed, match="FAILED on 'orders-db'"):
        wait(provisioned_product_name="orders-db").run()


def test_a_product_without_records_fails_the_task(wait: Make, emulator: Emulator) -> None:
    result = wait(provisioned_product_name="orders-db").result()
    assert result["msg"] == (
        "The provisioned product 'orders-db' (pp-orders0000001) has no record yet, so there is nothing to wait for."
    )
    assert result["records"] == []
    # In check mode, earlier tasks of the play have started nothing.
    assert wait(provisioned_product_name="orders-db", check_mode=True).run()["records"] == []
    assert calls(emulator, DESCRIBE) == 0


def test_a_product_that_is_not_found_fails_with_the_choices(wait: Make) -> None:
    result = wait(provisioned_product_name="order-db").result()
    assert result["failed"]
    assert "'order-db'" in result["msg"]
    assert "orders-db" in result["choices"]


def test_a_wait_for_one_record_updates_the_fact(wait: Make, start: Make) -> None:
    first, second = start(), start()
    fact = wait([first]).run()["ansible_facts"]["servicecatalog_record_detail"]
    assert (fact["record_id"], fact["status"]) == (first, "SUCCEEDED")
    assert "record_outputs" not in fact
    assert wait([first, first]).run()["ansible_facts"]["servicecatalog_record_detail"]["record_id"] == first
    assert "ansible_facts" not in wait([first, second]).run()
    assert "ansible_facts" not in wait([]).run()
    assert "ansible_facts" not in wait([start(action=FAILOVER)]).result()


def test_expired_credentials_end_the_wait_for_all_records(wait: Make, start: Make, emulator: Emulator) -> None:
    ids = [start(), start()]
    emulator.fault(DESCRIBE, "expired_token", calls=[3, 4])
    attempt = wait(ids)
    with pytest.raises(_exceptions.PollingFailed, match="Of 2 records, 2 unknown"):
        attempt.run()
    assert {record["outcome"] for record in attempt.task.result["records"]} == {"unknown"}
    assert {record["record_detail"]["status"] for record in attempt.task.result["records"]} == {"CREATED"}


def test_twelve_failed_polls_do_not_end_the_wait(wait: Make, start: Make, emulator: Emulator) -> None:
    emulator.fault(DESCRIBE, "throttling", calls=list(range(1, 13)))
    assert wait([start()]).run()["records"][0]["outcome"] == "succeeded"


@pytest.mark.parametrize("given", [None, [], [None], ["", None]])
def test_check_mode_ignores_the_empty_ids_of_records_that_were_not_started(
    wait: Make, emulator: Emulator, given: list | None
) -> None:
    assert wait(given, check_mode=True).run()["records"] == []
    assert emulator.calls() == []


def test_an_empty_list_of_records_succeeds(wait: Make) -> None:
    assert wait([]).run()["records"] == []


@pytest.mark.parametrize("given", [[None], ["rec-1", ""]])
def test_an_empty_id_is_rejected_before_any_call(wait: Make, emulator: Emulator, given: list) -> None:
    with pytest.raises(_exceptions.InvalidInput, match=r"record_ids\[\d\] must have 1 to 100 characters, not 0"):
        wait(given).run()
    assert emulator.calls() == []


def test_a_null_target_is_rejected_before_any_call(wait: Make, emulator: Emulator) -> None:
    with pytest.raises(_exceptions.InvalidInput, match=r"One of record_ids, .* must have a value other than null"):
        wait(None).run()
    with pytest.raises(_exceptions.InvalidInput, match=r"provisioned_product_id must have only .*, not 'pp 1'"):
        wait(provisioned_product_id="pp 1").run()
    assert emulator.calls() == []


def test_the_same_id_twice_is_read_once_and_returned_twice(wait: Make, start: Make) -> None:
    record_id = start()
    assert len(wait([record_id, record_id]).run()["records"]) == 2
