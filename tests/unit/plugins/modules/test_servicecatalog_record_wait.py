# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many records over real HTTP to the emulator, on a clock that costs nothing."""

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
def wait(prepare: Make) -> Make:
    def make(record_ids: list[Any], *, check_mode: bool = False, **params: Any) -> Any:
        options = {"record_ids": record_ids, "sensitive_parameters": None, "wait_timeout": 1800, "wait_delay": None}
        return prepare(wait_until_ended, {**options, **params}, check_mode=check_mode)

    return make


@pytest.fixture
def start(attempt: Make) -> Make:
    def make(product: str = ORDERS, action: str = RESTART) -> str:
        return attempt(provisioned_product_id=product, service_action_id=action).run()["record_detail"]["record_id"]

    return make


def fleet(emulator: Emulator, client: BaseClient, count: int, seconds: float) -> list[str]:
    """Start an action that takes so long on so many products; return the ids of the records."""
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
        Request(product["Id"], RESTART, "t-" + product["Id"], accept_language=None, parameters={})
        for product in service.search_provisioned_products()
    ]
    responses = [service.execute_provisioned_product_service_action(request) for request in requests]
    return [response.record_detail["RecordId"] for response in responses]


def calls(emulator: Emulator, operation: str) -> int:
    return len(emulator.calls(operation))


def test_records_come_in_the_order_given_with_outputs_and_outcome(wait: Make, start: Make) -> None:
    first, second = start(), start()
    known = wait([second, first]).run()
    assert [record["record_id"] for record in known["records"]] == [second, first]
    for record in known["records"]:
        assert record["status"] == "SUCCEEDED"
        assert record["outcome"] == "succeeded"
        assert set(record["record_outputs"]) == {"AutomationExecutionId", "RestartedAt"}
        assert "error" not in record
    assert known["changed"] is False


@pytest.mark.parametrize("order", ["newest", "oldest", "random"])
def test_two_hundred_records_cost_few_calls(wait: Make, connect: Make, emulator: Emulator, order: str) -> None:
    ids = fleet(emulator, connect({}), 200, 10)
    emulator.set(history_order=order)
    before = len(emulator.calls())
    known = wait(ids).run()
    assert {record["outcome"] for record in known["records"]} == {"succeeded"}
    assert known["records"][0]["record_outputs"] == {"Done": "yes"}
    if order == "newest":
        assert len(emulator.calls()) - before <= 100 + 200


def test_a_history_that_does_not_help_is_left_at_once(wait: Make, start: Make, emulator: Emulator) -> None:
    old = [start() for _each in range(6)]
    emulator.advance(60)
    for _each in range(25):
        start()
    before = calls(emulator, HISTORY)
    wait(old).run()
    assert calls(emulator, HISTORY) - before == 1


def test_a_history_that_is_denied_is_asked_once(wait: Make, start: Make, emulator: Emulator) -> None:
    ids = [start() for _each in range(6)]
    emulator.fault(HISTORY, "access_denied")
    known = wait(ids).run()
    assert {record["outcome"] for record in known["records"]} == {"succeeded"}
    assert calls(emulator, HISTORY) == 1


def test_one_that_failed_fails_the_task_after_all_have_ended(wait: Make, start: Make) -> None:
    ids = [start(), start(action=FAILOVER), start()]
    made = wait(ids)
    with pytest.raises(
        _exceptions.RecordFailed, match=r"Of 3 records, 1 failed\. The first: Record .* FAILED"
    ) as caught:
        made.run()
    outcomes = [record["outcome"] for record in made.task.result["records"]]
    assert outcomes == ["succeeded", "failed", "succeeded"]
    assert "AutomationExecutionFailed" in made.task.result["records"][1]["error"]
    assert caught.value.facts["hints"]


def test_a_single_record_fails_in_its_own_words(wait: Make, start: Make) -> None:
    with pytest.raises(_exceptions.RecordFailed, match=r"^Record .* FAILED on 'orders-db'"):
        wait([start(action=FAILOVER)]).run()


def test_a_timeout_tells_what_ended_and_what_did_not(wait: Make, start: Make, emulator: Emulator) -> None:
    ids = [start(), start()]
    emulator.finish_record(ids[0], "SUCCEEDED")
    made = wait(ids, wait_timeout=2)
    with pytest.raises(
        _exceptions.WaitTimedOut, match=r"Of 2 records, 1 timed out.*servicecatalog_record_wait with record_ids"
    ):
        made.run()
    records = made.task.result["records"]
    assert [record["outcome"] for record in records] == ["succeeded", "timed_out"]
    assert records[1]["status"] == "IN_PROGRESS"
    assert made.task.clock.slept == 2


def test_what_can_not_be_read_is_told_for_each(wait: Make, start: Make) -> None:
    ids = [start(), "rec-none"]
    made = wait(ids)
    with pytest.raises(_exceptions.PollingFailed, match="rec-none can't be followed any further: ResourceNotFound"):
        made.run()
    assert [record["outcome"] for record in made.task.result["records"]] == ["succeeded", "unknown"]
    assert made.task.result["records"][1]["record_id"] == "rec-none"


def test_expired_credentials_end_the_wait_for_all(wait: Make, start: Make, emulator: Emulator) -> None:
    ids = [start(), start()]
    emulator.fault(DESCRIBE, "expired_token", calls=[3, 4])
    made = wait(ids)
    with pytest.raises(_exceptions.PollingFailed, match="Of 2 records, 2 unknown"):
        made.run()
    assert {record["outcome"] for record in made.task.result["records"]} == {"unknown"}
    assert {record["status"] for record in made.task.result["records"]} == {"CREATED"}


def test_twelve_bad_polls_do_not_end_the_wait(wait: Make, start: Make, emulator: Emulator) -> None:
    emulator.fault(DESCRIBE, "throttling", calls=list(range(1, 13)))
    assert wait([start()]).run()["records"][0]["outcome"] == "succeeded"


@pytest.mark.parametrize("given", [[], [None], ["", None]])
def test_check_mode_drops_what_was_not_started(wait: Make, emulator: Emulator, given: list) -> None:
    assert wait(given, check_mode=True).run()["records"] == []
    assert emulator.calls() == []


def test_nothing_to_wait_for_is_a_success(wait: Make) -> None:
    assert wait([]).run()["records"] == []


@pytest.mark.parametrize("given", [[None], ["rec-1", ""]])
def test_an_id_that_is_empty_is_refused(wait: Make, emulator: Emulator, given: list) -> None:
    with pytest.raises(_exceptions.InvalidInput, match=r"record_ids\[\d\] has 0 characters"):
        wait(given).run()
    assert emulator.calls() == []


def test_the_same_id_twice_is_read_once_and_returned_twice(wait: Make, start: Make) -> None:
    record_id = start()
    assert len(wait([record_id, record_id]).run()["records"]) == 2
