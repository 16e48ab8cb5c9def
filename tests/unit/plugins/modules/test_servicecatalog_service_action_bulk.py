# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bulk module's handler, over real HTTP to the emulator and on a simulated clock."""

from __future__ import annotations

import io
import json
import math
import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random
from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _exceptions
from ansible_collections.selfservice.aws.plugins.module_utils._action.attempts import MOST_ATTEMPTS
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import Change
from ansible_collections.selfservice.aws.plugins.module_utils._bulk import runner, starts
from ansible_collections.selfservice.aws.plugins.module_utils._clock import Interrupted
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk import run_on_many
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError
from emulator import Emulator, EmulatorClock, cbor
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

Make = Callable[..., Any]
ORDERS, BILLING, LEGACY = "pp-orders0000001", "pp-billing000001", "pp-legacy0000001"
RESTART, FAILOVER = "act-restart000001", "act-failover00001"
EXECUTE, DESCRIBE, HISTORY = "ExecuteProvisionedProductServiceAction", "DescribeRecord", "ListRecordHistory"


@pytest.fixture
def bulk(make_attempt: Make) -> Make:
    def make(*, check_mode: bool = False, diff_mode: bool = False, **params: Any) -> Any:
        return make_attempt(run_on_many, params, check_mode=check_mode, diff_mode=diff_mode)

    return make


def create_products(emulator: Emulator, count: int, *, seconds: float = 10, failing: int = 0) -> list[str]:
    """Create `count` products whose restart takes `seconds` and fails on the first `failing`; return all ids."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": [RESTART]}]
    ids = [f"pp-web{number:010}" for number in range(count)]
    broken = {"seconds": 3, "ends": "FAILED", "errors": [{"code": "Broken", "description": "It broke."}]}
    emulator.reset(
        {
            "service_actions": [{"id": RESTART, "name": "Restart", "run": {"seconds": seconds}}],
            "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
            "provisioned_products": [
                {
                    "id": each,
                    "name": f"web-{number:04}",
                    "product": "prod-1",
                    "artifact": "pa-1",
                    **({"run": broken} if number < failing else {}),
                }
                for number, each in enumerate(ids)
            ],
        }
    )
    return ids


def outcomes(result: dict) -> list[str]:
    return [item["outcome"] for item in result["results"]]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"tags": {"team": "orders", "env": "prod"}}, [ORDERS]),
        ({"tags": {"env": "prod"}}, [ORDERS, BILLING]),
        ({"tags": {"env": "prod"}, "search_query": ["status:TAINTED"]}, [BILLING]),
        ({"tags": {"env": "PROD"}}, []),
        ({"tags": {}}, []),
        ({"tags": {}, "search_query": ["db"]}, []),
        ({"tags": {"env": "prod"}, "search_query": []}, []),
    ],
)
def test_targets_are_found_by_exact_tags(
    bulk: Make, emulator: Emulator, params: dict[str, Any], expected: list[str]
) -> None:
    result = bulk(**params, service_action_id=RESTART, wait=False).run()
    assert [item["provisioned_product_id"] for item in result["results"]] == expected
    assert len(emulator.calls(EXECUTE)) == len(expected)
    # An empty search must not list all products of the account.
    assert all(params.values()) == bool(emulator.calls("SearchProvisionedProducts"))


@pytest.mark.parametrize(
    ("level", "denied", "sent", "warns"), [(None, 0, 1, False), (None, 2, 3, True), ("user", 0, 1, False)]
)
def test_a_search_at_a_level_below_account_causes_a_warning(
    bulk: Make, emulator: Emulator, level: str | None, denied: int, sent: int, warns: bool
) -> None:
    emulator.fault("SearchProvisionedProducts", "access_denied", calls=list(range(1, denied + 1)) or [99])
    attempt = bulk(tags={"env": "prod"}, service_action_id=RESTART, access_level=level)
    assert attempt.run()["summary"]["succeeded"] == 2
    assert len(emulator.calls("SearchProvisionedProducts")) == sent
    assert [("set access_level: user" in warning) for warning in attempt.warnings] == [True] * warns


def test_a_listing_that_only_saves_calls_causes_no_warning(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 12)
    emulator.fault("SearchProvisionedProducts", "access_denied", calls=[1])
    attempt = bulk(provisioned_product_ids=ids, service_action_name="Restart")
    assert attempt.run()["summary"]["succeeded"] == 12
    assert attempt.warnings == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tags": {"team": None}}, "The tag 'team' in tags has no value"),
        ({"tags": {"env": "prod"}, "search_query": [""]}, "search_query has an empty term"),
        ({}, "One of provisioned_product_ids, .*, search_query, tags must have a value other than null"),
    ],
)
def test_a_search_is_validated_before_any_call(bulk: Make, emulator: Emulator, params: dict, message: str) -> None:
    with pytest.raises(_exceptions.InvalidInput, match=message):
        bulk(**params, service_action_id=RESTART).run()
    assert emulator.calls() == []


def register_handler(attempt: Any, event: str, handler: Callable[..., None]) -> None:
    """Register a handler for a botocore event on every client of an attempt."""
    connect = attempt.task.connect

    def connected(config: Any) -> Any:
        client = connect(config)
        client.meta.events.register(event, handler)
        return client

    attempt.task.connect = connected


def test_names_do_not_need_permission_to_search(bulk: Make, emulator: Emulator) -> None:
    create_products(emulator, 12)
    emulator.fault("SearchProvisionedProducts", "access_denied")
    names = [f"web-{number:04}" for number in range(12)]
    result = bulk(provisioned_product_names=names, service_action_name="Restart", wait=False).run()
    assert outcomes(result) == ["started"] * 12


def test_an_empty_search_query_selects_no_targets(bulk: Make, emulator: Emulator) -> None:
    create_products(emulator, 3)
    result = bulk(search_query=[], service_action_id=RESTART).run()
    assert (result["changed"], result["results"]) == (False, [])
    with pytest.raises(_exceptions.InvalidInput, match="search_query has an empty term"):
        bulk(search_query=["web", " "], service_action_id=RESTART).run()
    assert not emulator.calls()


def test_an_unexpected_error_keeps_the_records_of_the_other_targets(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 20)
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART)
    signed: list[None] = []

    def raise_every_second_time(**_kwargs: Any) -> None:
        signed.append(None)
        if len(signed) % 2:
            raise AssertionError("impossible")

    register_handler(attempt, f"before-sign.servicecatalog.{EXECUTE}", raise_every_second_time)
    result = attempt.result()
    assert result["failed"]
    assert "AssertionError: impossible" in result["msg"]
    returned = [item["record_detail"]["record_id"] for item in result["results"] if item["record_detail"]["record_id"]]
    assert sorted(returned) == sorted(record["RecordId"] for record in emulator.records())
    assert len(returned) == 10


@pytest.mark.parametrize("wait", [False, True])
def test_malformed_start_responses_do_not_lose_records(bulk: Make, emulator: Emulator, wait: bool) -> None:
    emulator.fault(EXECUTE, "replaced", members={"RecordDetail": {"Status": []}}, calls=[2, 3])
    ids = create_products(emulator, 12)
    result = bulk(provisioned_product_ids=ids, service_action_id=RESTART, wait=wait).result()
    returned = [item["record_detail"]["record_id"] for item in result["results"] if item["record_detail"]["record_id"]]
    assert sorted(returned) == sorted(record["RecordId"] for record in emulator.records())
    assert len(returned) == 12


def test_a_slow_service_does_not_extend_the_wait(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 50, seconds=1000)
    emulator.fault(HISTORY, "access_denied")
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=5)
    register_handler(attempt, f"after-call.servicecatalog.{DESCRIBE}", lambda **_kwargs: attempt.task.clock.sleep(1.5))
    assert outcomes(attempt.result()) == ["timed_out"] * 50
    assert attempt.task.clock.slept <= 5 + 30


@pytest.mark.parametrize("wait", [True, False])
def test_calls_are_limited_for_each_target_but_together_for_a_single_one(
    bulk: Make, emulator: Emulator, wait: bool
) -> None:
    ids = create_products(emulator, 2)
    for count in (1, 2):
        attempt = bulk(provisioned_product_ids=ids[:count], service_action_id=RESTART, wait=wait, wait_timeout=60)
        attempt.run()
        service, clock = attempt.task.bulk_service(1), attempt.task.clock
        clock.sleep(40 - clock.slept)
        # A call that begins now, and one that began 10 s ago.
        left = [service.seconds_left(), service.seconds_left(clock.slept - 10)]
        assert left == ([60 + 25, 60 + 25 - 10] if count > 1 else [60 + 25 - 40] * 2)


@pytest.mark.parametrize("single", [True, False])
def test_the_timeout_of_a_single_target_includes_its_lookup(bulk: Make, emulator: Emulator, single: bool) -> None:
    create_products(emulator, 2, seconds=1000)
    names = ["web-0000"] if single else ["web-0000", "web-0001"]
    attempt = bulk(provisioned_product_names=names, service_action_name="Restart", wait_timeout=60)
    operation = "ListServiceActionsForProvisioningArtifact"
    register_handler(attempt, f"after-call.servicecatalog.{operation}", lambda **_each: attempt.task.clock.sleep(20))
    assert outcomes(attempt.result()) == ["timed_out"] * len(names)
    assert attempt.task.clock.slept == pytest.approx(60 if single else 80)


def test_a_start_that_hangs_is_unconfirmed_even_without_a_wait(
    bulk: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.fault(EXECUTE, "hang")
    attempt = bulk(provisioned_product_ids=[ORDERS], service_action_id=RESTART, wait=False, wait_timeout=60)

    def wait_in_vain(futures: Any, seconds: float | None) -> set[Any]:
        attempt.task.clock.sleep(seconds or 0.0)
        return {future for future in futures if future.done()}

    monkeypatch.setattr(attempt.task.clock, "wait", wait_in_vain)
    result = attempt.result()
    assert (result["failed"], result["changed"], outcomes(result)) == (True, True, ["failed"])
    assert "may have started" in result["results"][0]["msg"]
    assert 60 <= attempt.task.clock.slept <= 60 + 30


def test_slow_pages_of_outputs_do_not_extend_the_wait(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1)
    emulator.update_product(ids[0], run={"seconds": 59.5, "outputs": {"A": "1", "B": "2", "C": "3"}})
    emulator.set(page_size=1)
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=60, return_outputs="all")
    clock = attempt.task.clock

    def slow_down(**_kwargs: Any) -> None:
        clock.sleep(19 if clock.slept >= 60 else 0)

    register_handler(attempt, f"after-call.servicecatalog.{DESCRIBE}", slow_down)
    assert outcomes(attempt.result()) == ["succeeded"]
    assert clock.slept == 60 + 19
    assert attempt.warnings == ["The outputs of 1 of 1 targets could not be read: web-0000."]


def test_targets_by_id_take_about_one_call_each(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 200)
    result = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_concurrency="200").run()
    assert result["changed"] is True
    assert [item["provisioned_product_id"] for item in result["results"]] == ids
    assert set(outcomes(result)) == {"succeeded"}
    assert result["results"][0]["record_detail"]["status"] == "SUCCEEDED"
    assert result["summary"] == {
        "succeeded": 200,
        "failed": 0,
        "timed_out": 0,
        "not_started": 0,
        "started": 0,
        "results_omitted": 0,
        "would_start": 0,
        "seconds": result["summary"]["seconds"],
        "api_calls": len(emulator.calls()),
    }
    assert result["remaining"] == []
    assert len(emulator.calls()) <= 300
    assert emulator.calls(DESCRIBE) == []


def test_product_and_action_names_are_looked_up_in_pages(bulk: Make, emulator: Emulator) -> None:
    create_products(emulator, 200)
    names = [f"web-{number:04}" for number in range(0, 200, 4)]
    result = bulk(provisioned_product_names=names, service_action_name="Restart", wait=False).run()
    assert set(outcomes(result)) == {"started"}
    calls = [call["operation"] for call in emulator.calls()]
    assert calls.count("SearchProvisionedProducts") == 2
    assert calls.count("ListServiceActionsForProvisioningArtifact") == 1
    assert calls.count("DescribeProvisionedProduct") == 0
    assert calls.count(EXECUTE) == 50


def test_a_search_selects_the_targets(bulk: Make) -> None:
    result = bulk(search_query=["status:TAINTED"], service_action_name="Restart").run()
    assert [item["provisioned_product_name"] for item in result["results"]] == ["billing-db"]


def test_parameters_of_a_target_override_those_of_the_task(bulk: Make, emulator: Emulator) -> None:
    bulk(
        targets=[
            {"provisioned_product_id": ORDERS, "parameters": {"Mode": "forced"}},
            {"provisioned_product_name": "billing-db", "parameters": None},
        ],
        service_action_id=RESTART,
        parameters={"Mode": "gentle"},
    ).run()
    assert {record["ProvisionedProductId"]: record["Parameters"] for record in emulator.records()} == {
        ORDERS: {"Mode": ["forced"]},
        BILLING: {"Mode": ["gentle"]},
    }


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"provisioned_product_ids": [ORDERS, BILLING, ORDERS]}, f"more than once: {ORDERS}"),
        ({"targets": [{"provisioned_product_id": ORDERS, "parameters": {"Mode": None}}]}, "null for 'Mode'"),
        (
            {"targets": [{"provisioned_product_id": "a b"}]},
            "provisioned_product_id must have only letters, digits, '_' and '-', not 'a b'",
        ),
        ({"provisioned_product_ids": [ORDERS], "max_concurrency": "0"}, "max_concurrency must be .*, not '0'"),
        ({"provisioned_product_ids": [ORDERS], "max_errors": "most"}, "max_errors must be .*, not 'most'"),
        ({"search_query": ["x"], "max_errors": "101%"}, "max_errors must be .*, not '101%'"),
    ],
)
def test_bad_input_makes_no_call(bulk: Make, emulator: Emulator, params: dict, message: str) -> None:
    with pytest.raises(_exceptions.InvalidInput, match=message):
        bulk(service_action_id=RESTART, **params).run()
    assert emulator.calls() == []


def test_the_same_product_by_id_and_by_name_is_rejected_before_any_start(bulk: Make, emulator: Emulator) -> None:
    targets = [{"provisioned_product_id": ORDERS}, {"provisioned_product_name": "orders-db"}]
    with pytest.raises(_exceptions.InvalidInput, match="more than once"):
        bulk(targets=targets, service_action_id=RESTART).run()
    assert emulator.records() == []


def test_secrets_are_masked_in_names_and_not_in_ids(bulk: Make, emulator: Emulator) -> None:
    given = {"service_action_id": RESTART, "sensitive_parameters": {"Mode": "orders0000001"}}
    targets = [{"provisioned_product_id": ORDERS}, {"provisioned_product_name": "db-orders0000001"}]
    result = bulk(targets=[*targets, *targets], **given).result()
    assert result["msg"].startswith(f"These targets are given more than once: {ORDERS}, db-********. ")
    # Different names may look the same once they are masked.
    names = ["db-orders0000001", "db-ORDERS0000001", *(f"db-{number}" for number in range(10))]
    emulator.fault("SearchProvisionedProducts", "expired_token")
    result = bulk(provisioned_product_names=names, **given).result()
    assert result["error"]["code"] == "ExpiredTokenException"
    assert result["remaining"] == ["db-********", "db-********", *names[2:]]


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_empty_list_of_targets_succeeds(bulk: Make, check_mode: bool) -> None:
    result = bulk(provisioned_product_ids=[], service_action_id=RESTART, check_mode=check_mode).run()
    assert (result["changed"], result["results"], result["remaining"]) == (False, [], [])


def test_no_more_targets_run_at_once_than_max_concurrency(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 30)
    emulator.set(describable_after=0)
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_concurrency="20%")
    result = attempt.run()
    assert set(outcomes(result)) == {"succeeded"}
    # Five rounds of six concurrent actions. Each takes ten seconds, and its end is detected within two more.
    assert 50 <= attempt.task.clock.slept <= 65


def test_exceeding_max_errors_stops_new_starts(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 30, failing=3)
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_concurrency="5", max_errors="2")
    with pytest.raises(
        _exceptions.BulkFailed, match=r"Of 30 targets: \d+ succ.*, 3 failed, \d+ not started.*Broken: It"
    ) as caught:
        attempt.run()
    result = attempt.task.result
    assert f"fix the cause and run this task again with {Change(result['change_id']).option}, and with retry" in str(
        caught.value
    )
    assert outcomes(result)[:3] == ["failed"] * 3
    assert result["results"][0]["msg"]
    assert result["results"][0]["record_detail"]["status"] == "FAILED"
    assert result["remaining"] == [
        item["provisioned_product_id"] for item in result["results"] if item["outcome"] == "not_started"
    ]
    assert 20 <= len(result["remaining"]) <= 25
    assert len(emulator.records()) + len(result["remaining"]) == 30


def test_errors_within_max_errors_do_not_fail_the_task(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 30, failing=3)
    result = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_errors="10%").run()
    assert result["summary"]["failed"] == 3
    assert result["summary"]["succeeded"] == 27


def test_rejected_and_unknown_targets_do_not_fail_others(bulk: Make) -> None:
    names = ["orders-db", "nothing", "legacy-db"]
    result = bulk(provisioned_product_names=names, service_action_id=RESTART, max_errors="2").run()
    assert outcomes(result) == ["succeeded", "failed", "failed"]
    assert "no provisioned product named 'nothing'" in result["results"][1]["msg"]
    assert result["results"][1]["record_detail"]["record_id"] is None
    assert "'legacy-db' (pp-legacy0000001) has the status UNDER_CHANGE" in result["results"][2]["msg"]
    assert result["results"][2]["error"]["code"] == "InvalidStateException"


def test_the_reasons_of_the_first_ten_rejections_are_read(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 30)
    for each in ids:
        emulator.update_product(each, status="UNDER_CHANGE")
    result = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_errors="30").run()
    explained = [
        item for item in result["results"] if "can start once the product is AVAILABLE or TAINTED" in item["msg"]
    ]
    assert outcomes(result) == ["failed"] * 30
    assert len(explained) == 10
    assert emulator.records() == []


def test_a_target_that_times_out_fails_the_task(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3, seconds=100)
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=20, max_errors="3")
    with pytest.raises(_exceptions.BulkFailed, match=r"3 timed out.*run this task again"):
        attempt.run()
    assert set(outcomes(attempt.task.result)) == {"timed_out"}
    assert attempt.task.clock.slept == 20
    assert attempt.task.result["results"][0]["record_detail"]["status"] == "IN_PROGRESS"


def test_the_same_change_resumes_the_run(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 20, seconds=30)
    given = {"service_action_id": RESTART, "change_id": "change-1"}
    with pytest.raises(_exceptions.BulkFailed):
        bulk(provisioned_product_ids=ids[:15], wait_timeout=10, **given).run()
    emulator.advance(5)
    result = bulk(provisioned_product_ids=ids, **given).run()
    assert set(outcomes(result)) == {"succeeded"}
    assert len(emulator.records()) == 20
    assert result["changed"] is True
    emulator.advance(60)
    again = bulk(provisioned_product_ids=ids, **given).run()
    assert again["changed"] is False
    assert set(outcomes(again)) == {"succeeded"}
    assert len(emulator.records()) == 20


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_a_failed_target_fails_again_with_the_same_change(bulk: Make, emulator: Emulator, replay_detail: str) -> None:
    emulator.set(replay_detail=replay_detail)
    given = {"provisioned_product_ids": [ORDERS], "service_action_id": FAILOVER, "change_id": "change-1"}
    for _run in range(2):
        attempt = bulk(**given)
        with pytest.raises(_exceptions.BulkFailed, match="AutomationExecutionFailed"):
            attempt.run()
        assert attempt.task.result["results"][0]["record_outputs"]
        emulator.advance(60)
    assert len(emulator.records()) == 1


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_failures_of_earlier_runs_do_not_prevent_other_starts(
    bulk: Make, emulator: Emulator, replay_detail: str, *, wait: bool
) -> None:
    ids = create_products(emulator, 10, failing=2)
    emulator.set(replay_detail=replay_detail)
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "max_concurrency": "1", "wait": wait}
    seen = []
    for _run in range(3):
        result = bulk(change_id="change-1", max_errors="0", **given).result()
        seen.append(result["summary"]["failed"])
        assert result["failed"] is (seen[-1] > 0)
        emulator.advance(60)
    assert len(emulator.records()) == 10
    assert seen == ([1, 2, 2] if wait else [0, 2, 2])


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_targets_that_failed_before_are_retried_after_all_others(
    bulk: Make, emulator: Emulator, replay_detail: str, *, wait: bool
) -> None:
    ids = create_products(emulator, 6, failing=2)
    emulator.set(replay_detail=replay_detail)
    given = {"service_action_id": RESTART, "change_id": "CHG-1", "max_concurrency": "1", "wait": wait}
    bulk(provisioned_product_ids=ids[:4], max_errors="2", **given).run()
    emulator.advance(60)
    for each in ids[:2]:
        emulator.update_product(each, run={"seconds": 3, "ends": "SUCCEEDED"})
    result = bulk(provisioned_product_ids=ids, retry_failed=True, **given).result()
    assert (result["failed"], result["changed"]) == (False, True)
    started = [record["ProvisionedProductId"] for record in emulator.records()]
    assert started == [*ids[:4], *ids[4:], *ids[:2]]
    assert [item["attempt"] for item in result["results"]] == [2, 2, 1, 1, 1, 1]
    check_tokens(result["results"], emulator.records())
    emulator.advance(60)
    again = bulk(provisioned_product_ids=ids, retry_failed=True, **given).result()
    assert (again["failed"], again["changed"], len(emulator.records())) == (False, False, 8)


@pytest.mark.parametrize("others", [0, 1])
def test_targets_with_the_maximum_number_of_attempts_require_a_new_change(
    bulk: Make, emulator: Emulator, connect: Callable[..., BaseClient], others: int
) -> None:
    ids = create_products(emulator, 1 + others, failing=1 + others)
    client, product = connect({}), {"ProvisionedProductId": ids[0], "ServiceActionId": RESTART}
    for attempt in range(1, MOST_ATTEMPTS + 1):
        token = Change("CHG-1").token(ids[0], RESTART, parameters={}, secret_names=(), attempt=attempt)
        client.execute_provisioned_product_service_action(**product, ExecuteToken=token)
    emulator.advance(60)
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": "CHG-1"}
    message = bulk(**given, retry_failed=True).result()["msg"]
    assert ("and with retry_failed: true" in message) is bool(others)
    assert message.endswith(
        "Failed 100 times, and not retried again: web-0000. Fix the cause, and run the action on only these targets "
        "with a new change_id."
    )
    assert len(emulator.records()) == MOST_ATTEMPTS + others


def test_failures_within_the_budget_are_named_in_a_warning(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 20, failing=11)
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_errors="11")
    assert attempt.result()["failed"] is False
    names = ", ".join(f"web-{number:04}" for number in range(10))
    assert attempt.warnings == [f"11 of 20 targets failed (max_errors allows 11): {names} and 1 more."]


def test_the_message_of_a_failure_is_short(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 100, failing=50)
    for each in ids[:50]:
        error = {"code": "Broken", "description": "x" * 1000}
        emulator.update_product(each, run={"seconds": 3, "ends": "FAILED", "errors": [error]})
    given = {"service_action_id": RESTART, "change_id": "CHG-1", "wait_timeout": 5, "max_concurrency": "100"}
    result = bulk(provisioned_product_ids=ids, **given).result()
    assert len(result["msg"]) < 600
    assert result["msg"].startswith("Of 100 targets: 50 failed, 50 timed out (max_errors is 0). Failed: web-0000, ")
    assert "Timed out: web-0050, " in result["msg"]
    assert result["msg"].endswith(
        "To continue, fix the cause and run this task again with change_id: CHG-1, and with retry_failed: true if "
        "those that failed are to run again."
    )


def test_the_message_is_short_with_long_names_and_no_free_slot(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 20)
    error = {"code": "Broken", "description": "x" * 1000}
    for number, each in enumerate(ids):
        run = {"seconds": 3, "ends": "FAILED", "errors": [error]} if number < 7 else {"seconds": 1000}
        emulator.update_product(each, name=f"{number:02}-{'n' * 100}", run=run)
    given = {"service_action_id": RESTART, "change_id": "c" * 500, "wait_timeout": 20, "max_errors": "20"}
    result = bulk(provisioned_product_ids=ids, max_concurrency="7", **given).result()
    message = result["msg"]
    assert len(message) < 600 + 500
    # Long names are replaced by ids.
    assert f"Failed: {ids[0]} and 6 more." in message
    assert message.count(" (record rec-") == 3
    assert "and 4 more. Stop their actions" in message
    assert "The first failure: Record rec-" in message


def test_only_the_first_problems_are_returned(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 60, failing=25)
    given = {"service_action_id": RESTART, "max_concurrency": "15", "return_results": "problems"}
    result = bulk(provisioned_product_ids=ids, **given).result()
    counts = result["summary"]
    assert [item["provisioned_product_id"] for item in result["results"]] == ids[:10]
    assert set(outcomes(result)) == {"failed"}
    assert counts["results_omitted"] == counts["failed"] - 10 == 5
    assert counts["not_started"] == 45
    assert result["remaining"] == ids[15:35]


def test_unconfirmed_targets_are_problems_and_successes_are_not(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3)
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    given = {"service_action_id": RESTART, "wait": False, "max_errors": "1", "max_concurrency": "1"}
    result = bulk(provisioned_product_ids=ids, return_results="problems", aws_config=ONE_TRY, **given).run()
    (item,) = result["results"]
    assert "may have started" in item["msg"]
    assert (item["provisioned_product_id"], item["changed"], item["attempt"]) == (ids[0], True, 1)
    assert (result["summary"]["started"], result["summary"]["results_omitted"]) == (2, 0)


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_outputs_of_successes_are_read_on_request(bulk: Make, emulator: Emulator, replay_detail: str) -> None:
    ids = create_products(emulator, 8)
    emulator.set(replay_detail=replay_detail)
    for each in ids:
        emulator.update_product(each, run={"seconds": 10, "outputs": {"Id": each}})
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": "CHG-1"}
    assert [item["record_outputs"] for item in bulk(**given).run()["results"]] == [{}] * 8
    assert emulator.calls(DESCRIBE) == []
    emulator.advance(60)
    for more in ({}, {"change_id": "CHG-2"}):
        attempt = bulk(**{**given, **more}, return_outputs="all")
        assert [item["record_outputs"] for item in attempt.run()["results"]] == [{"Id": each} for each in ids]
        assert attempt.warnings == []
    assert len(emulator.calls(DESCRIBE)) == 16


def test_unreadable_outputs_cause_a_warning(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 6)
    emulator.fault(DESCRIBE, "access_denied")
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, return_outputs="all")
    assert set(outcomes(attempt.run())) == {"succeeded"}
    names = ", ".join(f"web-{number:04}" for number in range(6))
    assert attempt.warnings == [f"The outputs of 6 of 6 targets could not be read: {names}."]


def test_a_task_that_cannot_look_up_its_targets_returns_them(bulk: Make, emulator: Emulator) -> None:
    emulator.fault("SearchProvisionedProducts", "expired_token")
    names = [f"web-{number:04}" for number in range(12)]
    result = bulk(provisioned_product_names=names, service_action_id=RESTART).result()
    assert (result["failed"], result["error"]["code"]) == (True, "ExpiredTokenException")
    assert outcomes(result) == ["not_started"] * 12
    assert result["remaining"] == names
    assert [item["execute_token"] for item in result["results"]] == [None] * 12


def check_tokens(items: list[dict[str, Any]], records: list[dict[str, Any]]) -> None:
    """Check that each target has the token with which the emulator created its record."""
    tokens = {record["RecordId"]: record["ExecuteToken"] for record in records}
    for item in items:
        if item["record_detail"]["record_id"]:
            assert item["execute_token"] == tokens[item["record_detail"]["record_id"]]


def test_single_and_bulk_runs_derive_the_same_token(bulk: Make, service_action: Make, emulator: Emulator) -> None:
    given = {"service_action_name": "Restart", "parameters": {"Mode": "forced"}, "change_id": "CHG-1"}
    service_action(provisioned_product_name="orders-db", **given).run()
    emulator.advance(60)
    result = bulk(provisioned_product_ids=[ORDERS], **given).result()
    assert (result["changed"], len(emulator.records())) == (False, 1)


def test_a_retry_prevented_by_the_error_budget_stays_failed(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 4, failing=4)
    given = {"service_action_id": RESTART, "change_id": "CHG-1", "max_concurrency": "1"}
    bulk(provisioned_product_ids=ids[:3], max_errors="3", **given).run()
    emulator.advance(60)
    result = bulk(provisioned_product_ids=ids, retry_failed=True, max_errors="0", **given).result()
    assert outcomes(result) == ["failed"] * 4
    assert [bool(item["msg"]) for item in result["results"]] == [True] * 4
    assert [item["attempt"] for item in result["results"]] == [1] * 4
    check_tokens(result["results"], emulator.records())
    # The last target, which had not been tried yet, started before the retries.
    assert [record["ProvisionedProductId"] for record in emulator.records()] == [*ids[:3], ids[3]]


def test_a_failure_during_the_run_prevents_other_starts(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 10)
    emulator.update_product(ids[0], run={"seconds": 60, "ends": "FAILED"})
    given = {"service_action_id": RESTART, "max_concurrency": "1", "change_id": "change-1"}
    bulk(provisioned_product_ids=ids[:1], wait=False, **given).run()
    emulator.advance(10)
    assert bulk(provisioned_product_ids=ids, **given).result()["summary"]["not_started"] == 9


@pytest.mark.parametrize("kind", ["throttling", "unavailable", "reset_after", "truncated"])
def test_transient_errors_fail_no_target(bulk: Make, emulator: Emulator, kind: str) -> None:
    ids = create_products(emulator, 20)
    emulator.fault("*", kind, every=7)
    result = bulk(provisioned_product_ids=ids, service_action_id=RESTART).run()
    assert set(outcomes(result)) == {"succeeded"}
    assert len(emulator.records()) == 20


def test_a_start_whose_responses_are_all_lost_is_an_error_with_changed(bulk: Make, emulator: Emulator) -> None:
    emulator.fault(EXECUTE, "reset_after")
    attempt = bulk(
        provisioned_product_ids=[ORDERS], service_action_id=RESTART, aws_config={"retries": {"total_max_attempts": 1}}
    )
    with pytest.raises(_exceptions.BulkFailed, match="may have started") as caught:
        attempt.run()
    assert attempt.task.result["changed"] is True
    # The message contains the change id, but no target's token.
    (record,) = emulator.records()
    assert str(caught.value).endswith(f"with {Change(attempt.task.result['change_id']).option}.")
    assert record["ExecuteToken"] not in str(caught.value)


def test_expired_credentials_end_the_wait_and_return_every_record(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 10)
    emulator.fault(HISTORY, "expired_token")
    emulator.fault(DESCRIBE, "expired_token")
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART)
    with pytest.raises(_exceptions.BulkFailed, match=r"10 timed out.*ExpiredToken"):
        attempt.run()
    assert all(item["record_detail"]["record_id"] for item in attempt.task.result["results"])


@pytest.mark.parametrize("max_errors", ["0", "2"])
def test_check_mode_validates_each_target(bulk: Make, emulator: Emulator, max_errors: str) -> None:
    ids = [LEGACY, "pp-none", "pp-bare00000001", ORDERS]
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_errors=max_errors, check_mode=True)
    result = attempt.result()
    assert outcomes(result) == ["failed", "failed", "failed", "would_start"]
    assert (result["changed"], result["remaining"], result["failed"]) == (True, [], True)
    assert (result["summary"]["would_start"], result["summary"]["failed"]) == (1, 3)
    assert result["msg"].startswith("Of 4 targets: 3 failed, 1 would start (max_errors is ")
    assert "UNDER_CHANGE" in result["results"][0]["msg"]
    assert "needs a TARGET" in result["results"][2]["msg"]
    assert result["results"][3]["provisioned_product_name"] == "orders-db"
    assert emulator.calls(EXECUTE) == []


def test_check_mode_succeeds_within_max_errors_and_predicts_no_change_if_none_would_start(bulk: Make) -> None:
    attempt = bulk(provisioned_product_ids=["pp-none"], service_action_id=RESTART, max_errors="1", check_mode=True)
    result = attempt.result()
    assert (outcomes(result), result["changed"], result["failed"]) == (["failed"], False, False)
    assert attempt.warnings == ["1 of 1 targets failed (max_errors allows 1): pp-none."]


def test_check_mode_reads_each_thing_once(bulk: Make, emulator: Emulator) -> None:
    create_products(emulator, 20)
    names = [f"web-{number:04}" for number in range(20)]
    result = bulk(provisioned_product_names=names, service_action_name="Restart", check_mode=True).run()
    assert outcomes(result) == ["would_start"] * 20
    # One page of products, one page of actions, and the parameters of each target.
    assert len(emulator.calls()) == 22


def test_denied_reads_in_check_mode_cause_one_warning(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 20)
    denied = ["DescribeProvisionedProduct", "DescribeServiceActionExecutionParameters"]
    for operation in denied:
        emulator.fault(operation, "access_denied")
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, check_mode=True, diff_mode=True)
    assert outcomes(attempt.run()) == ["would_start"] * 20
    assert [
        operation for operation in denied for text in attempt.warnings if f"servicecatalog:{operation} because" in text
    ] == denied
    assert len(attempt.warnings) == 2


def test_check_mode_warns_about_products_that_may_be_busy_with_the_change(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 12)
    for each in ids:
        emulator.update_product(each, status="UNDER_CHANGE")
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "check_mode": True}
    attempt = bulk(change_id="CHG-1", **given)
    assert outcomes(attempt.run()) == ["would_start"] * 12
    assert attempt.warnings[0].startswith("The provisioned product 'web-0000' (pp-web0000000000) has the status UNDER_")
    assert attempt.warnings[10:] == ["There are 2 more warnings like these."]
    assert outcomes(bulk(**given).result()) == ["failed"] * 12


def test_check_mode_does_not_predict_the_attempts_of_retries(bulk: Make, emulator: Emulator) -> None:
    given = {"provisioned_product_ids": [ORDERS, "pp-none"], "service_action_id": RESTART, "max_errors": "1"}
    result = bulk(**given, change_id="CHG-1", retry_failed=True, check_mode=True).run()
    assert [(item["attempt"], item["execute_token"]) for item in result["results"]] == [(None, None)] * 2
    assert emulator.records() == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_diff_shows_the_effective_parameters_of_each_target(bulk: Make, check_mode: bool) -> None:
    result = bulk(
        targets=[
            {"provisioned_product_id": ORDERS, "parameters": {"Mode": "forced"}},
            {"provisioned_product_id": "pp-none"},
            {"provisioned_product_name": "billing-db"},
        ],
        service_action_name="Restart",
        sensitive_parameters={"TARGET": "db-orders-1"},
        max_errors="3",
        check_mode=check_mode,
        diff_mode=True,
    ).result()
    first, last = result["diff"]
    assert first["before_header"] == "orders-db: defaults of the service action"
    assert first["after_header"] == "orders-db: effective parameters"
    assert last["before_header"] == "billing-db: defaults of the service action"
    assert first["before"]["parameters"]["Mode"] == last["after"]["parameters"]["Mode"] == ["graceful"]
    assert first["after"]["parameters"] == {"TARGET": ["********"], "Mode": ["forced"]}
    assert "db-orders-1" not in str(result)


def test_a_diff_without_defaults_does_not_stop_a_run(bulk: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeServiceActionExecutionParameters", "expired_token")
    given = {"provisioned_product_ids": [ORDERS, BILLING], "service_action_id": RESTART}
    attempt = bulk(**given, parameters={"Mode": "forced"}, diff_mode=True)
    result = attempt.run()
    assert [each["after"]["parameters"] for each in result["diff"]] == [{"Mode": ["forced"]}] * 2
    assert outcomes(result) == ["succeeded"] * 2
    assert len(attempt.warnings) == 1
    assert "The diff lacks the action's defaults" in attempt.warnings[0]


def test_secrets_are_sent_but_masked_in_the_result(bulk: Make, emulator: Emulator) -> None:
    attempt = bulk(
        provisioned_product_ids=[ORDERS],
        service_action_id="act-rotate0000001",
        sensitive_parameters={"NewPassword": "s3cr3t-value"},
    )
    result = attempt.run()
    assert "s3cr3t-value" not in str(result)
    assert emulator.records()[0]["Parameters"] == {"NewPassword": ["s3cr3t-value"]}


def test_the_same_record_for_two_targets_is_an_error_and_does_not_wait_forever(bulk: Make, emulator: Emulator) -> None:
    replaced = {"RecordDetail": {"RecordId": "rec-same", "ProvisionedProductId": None}}
    emulator.fault(EXECUTE, "replaced", members=replaced)
    attempt = bulk(
        provisioned_product_ids=[ORDERS, BILLING], service_action_id=RESTART, max_errors="2", wait_timeout=60
    )
    with pytest.raises(_exceptions.BulkFailed):
        attempt.run()
    assert sorted(outcomes(attempt.task.result)) == ["failed", "timed_out"]
    assert "Record rec-same was returned for another target too." in [
        item["msg"] for item in attempt.task.result["results"]
    ]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("option", ["parameters", "sensitive_parameters"])
@pytest.mark.parametrize(
    "source",
    [
        {"search_query": ["status:TAINTED"]},
        {"provisioned_product_ids": [ORDERS]},
        {"provisioned_product_names": ["orders-db"]},
        {"targets": [{"provisioned_product_id": ORDERS}]},
    ],
)
def test_parameters_beyond_the_limits_are_rejected_before_any_call_and_never_quoted(
    bulk: Make, emulator: Emulator, source: dict[str, Any], option: str, check_mode: bool
) -> None:
    attempt = bulk(**source, service_action_name="Restart", **{option: {"Mode": "v4lue" * 120}}, check_mode=check_mode)
    with pytest.raises(_exceptions.InvalidInput, match="'Mode' has a value of 600 characters") as caught:
        attempt.run()
    assert emulator.calls() == []
    assert "v4lue" not in f"{caught.value} {attempt.task.result}"


def test_a_product_returned_with_an_invalid_id_fails_only_its_target(bulk: Make, emulator: Emulator) -> None:
    found = [{"Id": "pp/1", "Name": "odd"}, {"Id": BILLING, "Name": "billing-db"}]
    emulator.fault("SearchProvisionedProducts", "replaced", members={"ProvisionedProducts": found})
    result = bulk(search_query=["x"], service_action_id=RESTART, max_errors="1").run()
    assert outcomes(result) == ["failed", "succeeded"]
    assert ", not 'pp/1'" in result["results"][0]["msg"]
    assert [record["ProvisionedProductId"] for record in emulator.records()] == [BILLING]


@pytest.mark.parametrize("operation", [EXECUTE, "ListRecordHistory", "DescribeRecord"])
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+05:00", "2026-11-22T00:00:00+99:99", "2026-11-22"])
def test_an_odd_time_of_a_record_loses_no_result(bulk: Make, emulator: Emulator, operation: str, time: str) -> None:
    odd = {"CreatedTime": time, "UpdatedTime": time}
    records = {"RecordDetails": [{"RecordId": "rec-1", "Status": "FAILED", **odd}]}
    emulator.fault(operation, "replaced", members=records if operation.startswith("List") else {"RecordDetail": odd})
    given = {"provisioned_product_ids": [ORDERS, BILLING], "service_action_id": RESTART, "change_id": "CHG-1"}
    for retry_failed in (False, True):
        result = bulk(**given, retry_failed=retry_failed).result()
        assert not result["failed"], result["msg"]
        assert outcomes(result) == ["succeeded", "succeeded"]
    assert len(emulator.records()) == 2


def test_a_common_parameter_that_every_target_overrides_need_not_be_valid(bulk: Make, emulator: Emulator) -> None:
    targets = [{"provisioned_product_id": ORDERS, "parameters": {"Retention": 7}}]
    result = bulk(targets=targets, service_action_name="Backup", parameters={"Retention": "x" * 600}).run()
    assert result["summary"]["succeeded"] == 1
    assert emulator.records()[0]["Parameters"] == {"Retention": ["7"]}


def test_a_throttled_start_is_not_resent_once_the_error_budget_is_exceeded(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 12)
    emulator.fault(EXECUTE, "throttling", calls=list(range(2, 13)))
    emulator.fault(EXECUTE, "access_denied", calls=[1])
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, wait=False)
    result = attempt.result()
    # A retry may be sent before the run has processed the error.
    assert len(emulator.records()) <= 3
    assert result["summary"]["failed"] == 1
    assert result["summary"]["not_started"] == 11 - len(emulator.records())
    assert len(result["remaining"]) == result["summary"]["not_started"]


def test_the_message_for_a_rejected_target_says_how_to_continue(bulk: Make, emulator: Emulator) -> None:
    emulator.fault(EXECUTE, "access_denied")
    result = bulk(provisioned_product_ids=[ORDERS], service_action_id=RESTART).result()
    assert result["summary"]["failed"] == 1
    assert f"run this task again with {Change(result['change_id']).option}" in result["msg"]


@pytest.mark.parametrize("threads", [0, 1, 5])
def test_no_record_is_lost_if_no_more_threads_can_be_started(
    bulk: Make, emulator: Emulator, limit_threads: Callable[[int], AbstractContextManager[list[Any]]], threads: int
) -> None:
    ids = create_products(emulator, 30)
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART)
    with limit_threads(threads) as wanted:
        result = attempt.run()
    assert len(wanted) > threads
    assert result["summary"]["succeeded"] == 30
    assert sorted(item["record_detail"]["record_id"] for item in result["results"]) == sorted(
        record["RecordId"] for record in emulator.records()
    )


@pytest.mark.parametrize(
    ("term", "token", "warns"),
    [
        ("status:TAINTED", "t-1", True),
        ("status:TAINTED", None, False),
        ("lastRecordId:rec-1", "t-1", True),
        # A word matches in every field.
        ("tainted", "t-1", True),
        ("orders-db", "t-1", False),
        ("name:available", "t-1", False),
    ],
)
def test_continuing_a_search_by_status_causes_a_warning(bulk: Make, term: str, token: str | None, warns: bool) -> None:
    attempt = bulk(search_query=[term], service_action_name="Restart", change_id=token)
    attempt.run()
    assert any("which change while actions run" in warning for warning in attempt.warnings) is warns


# Disable botocore's retries, so that only the bulk run resends a start whose response was lost.
ONE_TRY = {"retries": {"total_max_attempts": 1}}


def max_concurrent(records: list[dict[str, Any]]) -> int:
    """Return the maximum number of concurrent actions, from the times in the records."""
    ended = ("SUCCEEDED", "FAILED")
    changes = [(record["CreatedTime"], 1) for record in records]
    changes += [(record["UpdatedTime"], -1) for record in records if record["Status"] in ended]
    return max(accumulate(change for _time, change in sorted(changes)), default=0)


def test_a_timed_out_target_keeps_its_slot_and_is_named_in_the_message(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 6, seconds=1000)
    attempt = bulk(
        provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=20, max_concurrency="1", max_errors="6"
    )
    result = attempt.result()
    assert outcomes(result) == ["timed_out"] + ["not_started"] * 5
    (record,) = emulator.records()
    assert (
        f"max_concurrency (1) is used up by targets that may still be running: web-0000 (record {record['RecordId']})"
        in result["msg"]
    )
    assert "Stop their actions, wait for them, or increase max_concurrency." in result["msg"]
    assert attempt.task.clock.slept == 20


def test_the_late_end_of_a_timed_out_target_frees_its_slot(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 8, seconds=30)
    emulator.update_product(ids[0], run={"seconds": 100})
    attempt = bulk(
        provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=50, max_concurrency="2", max_errors="1"
    )
    result = attempt.result()
    assert outcomes(result) == ["timed_out"] + ["succeeded"] * 7
    assert result["results"][0]["record_detail"]["status"] == "SUCCEEDED"
    assert "ended only after" in result["results"][0]["msg"]
    assert max_concurrent(emulator.records()) == 2
    # Three run alongside the first one, then the other four in pairs.
    assert 150 <= attempt.task.clock.slept <= 175


def test_the_run_does_not_wait_for_a_timed_out_target_if_nothing_else_runs(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3, seconds=10)
    emulator.update_product(ids[0], run={"seconds": 1000})
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=50, max_errors="3")
    result = attempt.result()
    assert outcomes(result) == ["timed_out", "succeeded", "succeeded"]
    assert attempt.task.clock.slept == 50
    assert "max_concurrency" not in result["msg"]


def test_a_start_without_a_response_is_resent_with_the_same_token(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1, seconds=30)
    emulator.fault(EXECUTE, "reset_after", calls=[1, 2, 3, 4])
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, change_id="change-1", aws_config=ONE_TRY)
    result = attempt.run()
    assert outcomes(result) == ["succeeded"]
    # The record is older than the last attempt by then, but newer than the first.
    assert result["changed"] is True
    assert len({call["parameters"]["ExecuteToken"] for call in emulator.calls(EXECUTE)}) == 1
    assert len(emulator.calls(EXECUTE)) == 5
    assert len(emulator.records()) == 1


def test_a_start_without_any_response_keeps_its_slot_and_fails_at_wait_timeout(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3)
    emulator.fault(EXECUTE, "reset_after")
    attempt = bulk(
        provisioned_product_ids=ids,
        service_action_id=RESTART,
        wait_timeout=60,
        max_concurrency="1",
        max_errors="3",
        aws_config=ONE_TRY,
    )
    result = attempt.result()
    assert outcomes(result) == ["failed", "not_started", "not_started"]
    assert "may have started" in result["results"][0]["msg"]
    assert (result["failed"], result["changed"]) == (True, True)
    assert "may still be running: pp-web0000000000 (no record seen)" in result["msg"]
    assert attempt.task.clock.slept == 60
    # Sent after 0, 4, 12, 28 and 58 seconds, and at wait_timeout.
    assert len(emulator.calls(EXECUTE)) == 6


def test_a_bulk_start_rejected_after_a_lost_response_may_have_started(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 2)
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    emulator.fault(EXECUTE, "expired_token", calls=[2])
    attempt = bulk(
        provisioned_product_ids=ids, service_action_id=RESTART, max_concurrency="1", max_errors="2", aws_config=ONE_TRY
    )
    result = attempt.result()
    assert outcomes(result) == ["failed", "not_started"]
    assert "may have started" in result["results"][0]["msg"]
    assert len(emulator.calls(EXECUTE)) == 2


def test_no_start_is_resent_once_the_error_budget_is_exceeded(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3, failing=3)
    emulator.fault(EXECUTE, "reset_after", calls=list(range(2, 100)))
    attempt = bulk(
        provisioned_product_ids=ids, service_action_id=RESTART, max_concurrency="2", wait_delay=4, aws_config=ONE_TRY
    )
    result = attempt.result()
    assert sorted(outcomes(result)) == ["failed", "failed", "not_started"]
    assert attempt.task.clock.slept == 4
    assert "max_concurrency" not in result["msg"]


def test_without_a_wait_a_start_without_a_response_fails_immediately(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3)
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    attempt = bulk(
        provisioned_product_ids=ids,
        service_action_id=RESTART,
        wait=False,
        max_concurrency="1",
        max_errors="1",
        aws_config=ONE_TRY,
    )
    assert outcomes(attempt.run()) == ["failed", "started", "started"]
    assert len(emulator.calls(EXECUTE)) == 3


def test_a_record_returned_after_its_deadline_is_not_polled(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 2, seconds=1000)
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=60, max_concurrency="1")
    register_handler(attempt, f"after-call.servicecatalog.{EXECUTE}", lambda **_kwargs: attempt.task.clock.sleep(84))
    result = attempt.result()
    assert outcomes(result) == ["timed_out", "not_started"]
    assert result["results"][0]["record_detail"]["record_id"] == emulator.records()[0]["RecordId"]
    assert len(emulator.calls()) == 1


def test_a_failed_record_returned_after_its_deadline_holds_no_slot(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 2, failing=1)
    given = {"service_action_id": RESTART, "change_id": "change-1", "wait_timeout": 20, "max_errors": "2"}
    bulk(provisioned_product_ids=ids[:1], **given).run()
    attempt = bulk(provisioned_product_ids=ids, max_concurrency="1", **given)

    def delay(parsed: Mapping[str, Any], **_kwargs: Any) -> None:
        if parsed["RecordDetail"]["ProvisionedProductId"] == ids[0]:
            attempt.task.clock.sleep(26)

    register_handler(attempt, f"after-call.servicecatalog.{EXECUTE}", delay)
    assert outcomes(attempt.result()) == ["failed", "succeeded"]


def test_a_target_whose_polls_fail_keeps_its_slot(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 2)
    emulator.fault(DESCRIBE, "access_denied")
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_concurrency="1", max_errors="2")
    result = attempt.result()
    assert outcomes(result) == ["timed_out", "not_started"]
    assert "max_concurrency (1) is used up by targets that may still be running: web-0000" in result["msg"]
    assert len(emulator.records()) == 1


def test_a_start_that_no_worker_resends_in_time_is_abandoned(
    bulk: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starts, "WORKERS", 1)
    ids = create_products(emulator, 2)
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    attempt = bulk(
        provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=60, max_errors="2", aws_config=ONE_TRY
    )
    # The second start returns only after the deadline of the first.
    register_handler(attempt, f"after-call.servicecatalog.{EXECUTE}", lambda **_kwargs: attempt.task.clock.sleep(65))
    assert outcomes(attempt.result()) == ["failed", "timed_out"]
    assert len(emulator.calls(EXECUTE)) == 2


def test_a_late_response_with_an_old_failure_starts_one_action(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1, failing=1)
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": "CHG-1", "wait_timeout": 20}
    bulk(max_errors="1", **given).run()
    emulator.advance(60)
    emulator.update_product(ids[0], run={"seconds": 3, "ends": "SUCCEEDED"})
    attempt = bulk(retry_failed=True, **given)
    answers, polled = [], threading.Event()

    def delay(**_kwargs: Any) -> None:
        answers.append(None)
        attempt.task.clock.sleep({1: 26, 2: 10}.get(len(answers), 0))
        if len(answers) == 2:
            # The response to the second attempt arrives after a poll of the old record, if there is such a poll.
            polled.wait(1)

    register_handler(attempt, f"after-call.servicecatalog.{EXECUTE}", delay)
    register_handler(attempt, f"after-call.servicecatalog.{DESCRIBE}", lambda **_kwargs: polled.set())
    attempt.result()
    assert len(emulator.records()) == 2


def test_an_old_failure_in_a_late_response_is_retried_after_the_others(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 2, failing=1)
    given = {"service_action_id": RESTART, "change_id": "CHG-1", "wait_timeout": 20, "max_errors": "2"}
    bulk(provisioned_product_ids=ids[:1], **given).run()
    emulator.advance(60)
    emulator.update_product(ids[0], run={"seconds": 3, "ends": "SUCCEEDED"})
    attempt = bulk(provisioned_product_ids=ids, max_concurrency="1", retry_failed=True, **given)
    late: list[None] = []

    def delay(parsed: Mapping[str, Any], **_kwargs: Any) -> None:
        if parsed["RecordDetail"]["ProvisionedProductId"] == ids[0] and not late:
            late.append(None)
            attempt.task.clock.sleep(26)

    register_handler(attempt, f"after-call.servicecatalog.{EXECUTE}", delay)
    assert outcomes(attempt.result()) == ["succeeded", "succeeded"]


def test_old_failures_are_retried_even_if_polls_of_their_records_fail(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 6, failing=6)
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": "CHG-1", "max_errors": "6"}
    bulk(**given).run()
    emulator.advance(60)
    for each in ids:
        emulator.update_product(each, run={"seconds": 8, "ends": "SUCCEEDED"})
    emulator.fault(DESCRIBE, "unavailable", calls=[1, 2, 3, 4, 5])
    result = bulk(retry_failed=True, wait_timeout=20, wait_delay=20, **given).result()
    assert outcomes(result) == ["succeeded"] * 6


@pytest.mark.parametrize("detail", ["current", "original"])
def test_any_number_of_old_failures_is_retried(bulk: Make, emulator: Emulator, detail: str) -> None:
    ids = create_products(emulator, 60, failing=60)
    emulator.set(replay_detail=detail)
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": "CHG-1"}
    given |= {"max_errors": "60", "max_concurrency": "60"}
    bulk(**given).run()
    emulator.advance(60)
    for each in ids:
        emulator.update_product(each, run={"seconds": 8, "ends": "SUCCEEDED"})
    attempt = bulk(retry_failed=True, **given)
    register_handler(attempt, f"after-call.servicecatalog.{EXECUTE}", lambda **_kwargs: attempt.task.clock.sleep(0.5))
    assert attempt.result()["summary"]["succeeded"] == 60


def test_many_old_failures_do_not_prevent_other_starts(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 120, failing=60)
    given = {"service_action_id": RESTART, "change_id": "CHG-1", "max_concurrency": "60"}
    bulk(provisioned_product_ids=ids[:60], max_errors="60", **given).run()
    emulator.advance(60)
    attempt = bulk(provisioned_product_ids=ids, **given)
    register_handler(attempt, f"after-call.servicecatalog.{EXECUTE}", lambda **_kwargs: attempt.task.clock.sleep(0.1))
    assert attempt.result()["summary"]["not_started"] == 0


def test_a_failed_poll_does_not_make_an_old_failure_one_of_this_run(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 3, failing=1)
    given = {"service_action_id": RESTART, "change_id": "CHG-1", "max_concurrency": "1"}
    bulk(provisioned_product_ids=ids[:1], **given).result()
    emulator.advance(60)
    emulator.fault(DESCRIBE, "unavailable", calls=[1])
    result = bulk(provisioned_product_ids=ids, **given).result()
    assert outcomes(result) == ["failed", "succeeded", "succeeded"]


@pytest.mark.parametrize("detail", ["current", "original"])
def test_an_action_found_running_is_not_retried(bulk: Make, emulator: Emulator, detail: str) -> None:
    ids = create_products(emulator, 1)
    emulator.set(replay_detail=detail)
    emulator.update_product(ids[0], run={"seconds": 60, "ends": "FAILED"})
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": "CHG-1"}
    bulk(wait=False, **given).run()
    emulator.advance(10)
    bulk(retry_failed=True, wait_delay=60, wait_timeout=600, **given).result()
    assert len(emulator.records()) == 1


def test_a_retry_without_a_free_slot_is_reported(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 2, failing=1)
    given = {"service_action_id": RESTART, "change_id": "CHG-1", "max_concurrency": "1"}
    bulk(provisioned_product_ids=ids[:1], max_errors="1", **given).run()
    emulator.advance(60)
    emulator.fault(EXECUTE, "reset_after", calls=list(range(2, 60)))
    more = {"retry_failed": True, "wait_timeout": 30, "max_errors": "2", "aws_config": ONE_TRY}
    result = bulk(provisioned_product_ids=ids, **more, **given).result()
    assert "max_concurrency (1)" in result["msg"]


def test_a_retry_without_a_response_does_not_return_the_old_record(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 1, failing=1)
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": "CHG-1", "wait_timeout": 30}
    bulk(max_errors="1", **given).run()
    emulator.advance(60)
    emulator.fault(EXECUTE, "reset_after", calls=list(range(2, 60)))
    (item,) = bulk(retry_failed=True, aws_config=ONE_TRY, **given).result()["results"]
    assert "may have started" in item["msg"]
    assert item["record_detail"]["record_id"] is None


def test_the_message_says_once_how_to_continue(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 2, seconds=1000)
    given = {"service_action_id": RESTART, "wait_timeout": 20, "change_id": "CHG-1"}
    message = bulk(provisioned_product_ids=ids, **given).result()["msg"]
    assert message.count("run this task again") == 1


def test_a_signal_is_reported_in_addition_to_failures(bulk: Make, emulator: Emulator) -> None:
    ids = create_products(emulator, 30, failing=1)
    attempt = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_errors="5", max_concurrency="2")
    sleeps: list[float] = []
    sleep = attempt.task.clock.sleep

    def interrupt(seconds: float) -> None:
        sleeps.append(seconds)
        if len(emulator.records()) > 4:
            raise Interrupted("SIGTERM ended this process.")
        sleep(seconds)

    attempt.task.clock.sleep = interrupt
    message = attempt.result()["msg"]
    assert "SIGTERM ended this process." in message
    assert "It broke" in message


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_retry_prevented_by_a_signal_stays_failed(bulk: Make, emulator: Emulator, is_sent: bool) -> None:
    ids = create_products(emulator, 3, failing=3)
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": "CHG-1"}
    bulk(max_errors="3", **given).run()
    emulator.advance(60)
    attempt = bulk(retry_failed=True, max_concurrency="1", **given)
    if is_sent:
        # After it was throttled and before it is resent, the first retry is neither pending nor started.
        emulator.fault(EXECUTE, "throttling", calls=list(range(4, 50)))
    last, sleep = (7 if is_sent else 6), attempt.task.clock.sleep

    def interrupt(seconds: float = 0.0) -> None:
        if len(emulator.calls(EXECUTE)) >= last:
            raise Interrupted("SIGTERM ended this process.")
        sleep(seconds)

    def wait_or_interrupt(futures: Collection[Future[Any]], _seconds: float | None) -> set[Future[Any]]:
        while not (done := wait(futures, 0.02).done):
            interrupt()
        return done

    attempt.task.clock.sleep, attempt.task.clock.wait = interrupt, wait_or_interrupt
    result = attempt.result()
    assert outcomes(result) == ["failed"] * 3
    assert all("It broke" in item["msg"] and item["record_detail"] for item in result["results"])
    assert (result["changed"], result["remaining"], len(emulator.records())) == (False, [], 3)
    assert "SIGTERM ended this process." in result["msg"]
    assert result["msg"].endswith("and with retry_failed: true if those that failed are to run again.")


@pytest.mark.parametrize("is_retry", [False, True])
def test_a_start_that_is_held_back_for_longer_than_the_grace_of_a_signal_was_not_started(
    bulk: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, is_retry: bool
) -> None:
    monkeypatch.setattr(runner, "_LOOK", 0.01)
    ids = create_products(emulator, 1, failing=1)
    given = {"provisioned_product_ids": ids, "service_action_id": RESTART, "change_id": "CHG-1"}
    if is_retry:
        bulk(max_errors="1", **given).run()
        emulator.advance(60)
    emulator.fault(EXECUTE, "throttling", calls=list(range(2 if is_retry else 1, 50)))
    attempt = bulk(retry_failed=True, **given)
    clock, is_held, is_over = attempt.task.clock, threading.Event(), threading.Event()

    def hold(response: tuple[Any, Any], **_kwargs: Any) -> None:
        """Hold back a retry, like botocore's backoff or its rate limit."""
        if response[0].status_code == 400:
            is_held.set()
            is_over.wait(30)

    def wait_or_interrupt(futures: Collection[Future[Any]], _seconds: float | None) -> set[Future[Any]]:
        while not (done := wait(futures, 0.02).done):
            if is_held.is_set():
                raise Interrupted("SIGTERM ended this process.")
        return done

    def monotonic() -> float:
        clock.slept += is_held.is_set()
        return float(clock.slept)

    register_handler(attempt, "needs-retry.servicecatalog", hold)
    clock.wait, clock.monotonic = wait_or_interrupt, monotonic
    result = attempt.result()
    is_over.set()
    (item,) = result["results"]
    assert (item["outcome"], result["changed"]) == ("failed" if is_retry else "not_started", False)
    assert (item["record_detail"]["status"], result["remaining"]) == (("FAILED", []) if is_retry else (None, ids))
    assert (item["msg"] or "").count("It broke") == is_retry
    assert item["attempt"] == 1
    assert len(emulator.records()) == is_retry


ENDS = ("SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED")


class Killed(BaseException):
    """The process was killed. No code catches this, so the run returns nothing."""


class CutClock(EmulatorClock):
    """A clock that waits for all pending calls, so that a run is reproducible, and cuts the run off at a given step."""

    def __init__(self, emulator: Emulator, cut_off: Callable[[], None], step: int) -> None:
        super().__init__(emulator)
        self._cut_off = cut_off
        self._steps_left = step

    def sleep(self, seconds: float) -> None:
        self._take_step()
        super().sleep(seconds)

    def wait(self, futures: Collection[Future[Any]], _seconds: float | None) -> set[Future[Any]]:
        done = wait(futures).done
        self._take_step()
        return done

    def _take_step(self) -> None:
        self._steps_left -= 1
        if not self._steps_left:
            self._cut_off()


class Body(io.BytesIO):
    """The body of a response, with the method by which botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


class Network:
    """Creates clients whose starts may get no response, and logs their requests and responses.

    The `fates` of a product apply to its first starts: the service has `missed` the request, or it has executed it
    and the response is `lost`.
    """

    def __init__(self, connect: Callable[[Mapping[str, Any]], BaseClient], emulator: Emulator) -> None:
        self.fates: dict[str, list[str]] = {}
        self.starts: list[tuple[str, float]] = []
        self.record_ids: set[str] = set()
        self._connect = connect
        self._emulator = emulator
        self._clients: dict[str, BaseClient] = {}
        self._lost: set[str] = set()

    def connect(self, config: Mapping[str, Any]) -> BaseClient:
        client = self._clients.get(str(config))
        if client is None:
            client = self._clients[str(config)] = self._connect(config)
            client.meta.events.register(f"before-send.servicecatalog.{EXECUTE}", self._send)
            client.meta.events.register(f"after-call.servicecatalog.{EXECUTE}", self._answer)
        # Runs share clients, but each run counts only its own requests.
        client.meta.events.unregister("before-send.servicecatalog", unique_id="selfservice-request")
        return client

    def _send(self, request: Any, **_kwargs: Any) -> AWSResponse | None:
        decode = json.loads if request.body.startswith(b"{") else cbor.decode
        product = decode(request.body)["ProvisionedProductId"]
        self.starts.append((product, self._emulator.now()))
        fate = self.fates[product].pop(0) if self.fates.get(product) else ""
        if fate == "lost":
            self._lost.add(product)
        return AWSResponse(request.url, 500, {}, Body(b"{}")) if fate == "missed" else None

    def _answer(self, parsed: Mapping[str, Any], **_kwargs: Any) -> None:
        detail = parsed.get("RecordDetail", {})
        if detail.get("ProvisionedProductId") in self._lost:
            self._lost.remove(detail["ProvisionedProductId"])
            raise ConnectionClosedError(endpoint_url="the service")
        self.record_ids |= {detail["RecordId"]} if detail else set()


@dataclass(frozen=True)
class Fleet:
    """The run of each product's action, the fates of its starts, and the options of the bulk runs."""

    runs: Mapping[str, Mapping[str, Any]]
    fates: Mapping[str, list[str]]
    max_concurrency: int
    max_errors: int
    wait_timeout: int


@dataclass(frozen=True)
class FinishedRun:
    """The result of a run, its starts (product and time) and polls, its end, and whether a signal ended it."""

    result: Mapping[str, Any]
    starts: list[tuple[str, float]]
    polls: list[Mapping[str, Any]]
    ended: float
    is_cut: bool

    def first_starts(self) -> dict[str, float]:
        return dict(reversed(self.starts))


def make_fleet(chance: Random) -> Fleet:
    ids = [f"pp-web{number:010}" for number in range(chance.randint(3, 8))]
    fates = ([], [], [], ["lost"], ["missed", "lost"], ["lost"] * 20, ["missed"] * 20)
    return Fleet(
        {each: {"seconds": chance.choice([3, 12, 25, 40, 90]), "ends": chance.choice(ENDS)} for each in ids},
        {each: list(chance.choice(fates)) for each in ids},
        max_concurrency=chance.randint(1, 3),
        max_errors=chance.choice([0, 2, len(ids), len(ids)]),
        wait_timeout=chance.choice([0, 20, 20, 50]),
    )


def check_run(run: FinishedRun, fleet: Fleet, records: list[dict[str, Any]]) -> None:
    """Check the invariants of a run that was not killed, from its result and from the emulator's log."""
    items = run.result["results"]
    first_starts = run.first_starts()
    assert list(fleet.runs) == [item["provisioned_product_id"] for item in items]
    check_tokens(items, records)
    assert set(first_starts) == {item["provisioned_product_id"] for item in items if item["outcome"] != "not_started"}
    for product, began in first_starts.items():
        # At most one attempt is sent at the deadline, and none later.
        assert len([each for each, time in run.starts if each == product and time >= began + fleet.wait_timeout]) <= 1
    check_error_budget(run, fleet, {record["ProvisionedProductId"]: record for record in records})
    if run.is_cut:
        return
    assert run.ended <= max(first_starts.values()) + fleet.wait_timeout + 30
    errors = sum(item["outcome"] in ("failed", "timed_out") for item in items)
    if len(first_starts) < len(items) and "may still be running" in run.result["msg"]:
        blockers = [item for item in items if may_still_run(item)]
        assert len(blockers) == fleet.max_concurrency
        assert run.result["failed"]
        message = run.result["msg"].partition("may still be running")[2]
        assert all((item["provisioned_product_name"] or item["provisioned_product_id"]) in message for item in blockers)
    else:
        assert "may still be running" not in run.result.get("msg", "")
        assert len(first_starts) == len(items) or errors > fleet.max_errors


def may_still_run(item: Mapping[str, Any]) -> bool:
    if item["outcome"] == "timed_out":
        return item["record_detail"]["status"] not in ENDS
    return item["outcome"] == "failed" and item["record_detail"]["record_id"] is None


def check_error_budget(run: FinishedRun, fleet: Fleet, record_of: Mapping[str, Mapping[str, Any]]) -> None:
    """Check in the emulator's log that nothing was started after the run had observed too many errors."""
    known = []
    for item in run.result["results"]:
        product = item["provisioned_product_id"]
        record = record_of.get(product, {})
        since = run.first_starts().get(product, math.inf) + fleet.wait_timeout
        if item["outcome"] == "failed" and item["record_detail"]["record_id"]:
            id_, ended = {"Id": record["RecordId"]}, record["UpdatedTime"]
            polls = [call["time"] for call in run.polls if call["parameters"] == id_]
            # A failure found by the first poll of an older record doesn't count: it happened before this run.
            is_older = record["CreatedTime"] < run.first_starts()[product] - 2
            is_known = is_older and polls[:1] >= [ended]
            known += [time for time in polls if time >= ended and not is_known][:1]
        elif item["outcome"] == "failed":
            known += [time for each, time in run.starts if each == product and time >= since][:1]
        elif item["outcome"] == "timed_out":
            known += [call["time"] for call in run.polls if call["time"] >= since][:1]
    if len(known) > fleet.max_errors:
        spent = sorted(known)[fleet.max_errors]
        assert [start for start in run.starts if start[1] > spent] == []


def test_slots_are_held_with_late_ends_lost_responses_and_killed_runs(
    bulk: Make, emulator: Emulator, connect: Callable[[Mapping[str, Any]], BaseClient]
) -> None:
    network = Network(connect, emulator)

    def run_bulk(fleet: Fleet, cut: BaseException | None, step: int) -> FinishedRun | None:
        attempt = bulk(
            provisioned_product_ids=list(fleet.runs),
            service_action_id=RESTART,
            change_id="change-1",
            max_concurrency=str(fleet.max_concurrency),
            max_errors=str(fleet.max_errors),
            wait_timeout=fleet.wait_timeout,
            wait_delay=8,
            aws_config=ONE_TRY,
        )
        sent: list[int] = []

        def cut_off() -> None:
            if cut is not None:
                sent.append(len(network.starts))
                raise cut

        attempt.task.connect, attempt.task.clock = network.connect, CutClock(emulator, cut_off, step)
        network.starts, network.record_ids = [], set()
        before = len(emulator.calls())
        try:
            result = attempt.result()
        except Killed:
            return None
        returned = {
            item["record_detail"]["record_id"] for item in result["results"] if item["record_detail"]["record_id"]
        }
        assert returned >= network.record_ids
        assert not sent or sent == [len(network.starts)], "it started something after a signal"
        polls = [call for call in emulator.calls()[before:] if call["operation"] != EXECUTE]
        return FinishedRun(result, network.starts, polls, emulator.now(), bool(sent))

    @settings(
        max_examples=100,
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(chance=st.randoms(use_true_random=True))
    def check(chance: Random) -> None:
        # Draw with a Random, because hypothesis prefers small fleets, in which no target is late while others run.
        fleet = make_fleet(chance)
        note(str(fleet))
        create_products(emulator, len(fleet.runs))
        emulator.set(replay_detail=chance.choice(["current", "original"]))
        for product, its_run in fleet.runs.items():
            emulator.update_product(product, run=dict(its_run))
        network.fates = {product: list(fates) for product, fates in fleet.fates.items()}
        for _run in range(chance.randint(1, 3)):
            cut = chance.choice([None, None, Killed(), Interrupted("SIGTERM ended this process.")])
            run = run_bulk(fleet, cut, chance.randint(1, 30))
            records = emulator.records()
            assert max_concurrent(records) <= fleet.max_concurrency
            if run is not None:
                check_run(run, fleet, records)
            emulator.advance(chance.choice([0, 10, 60]))
        network.fates = {}
        last = run_bulk(replace(fleet, max_errors=len(fleet.runs), wait_timeout=1800), None, 0)
        assert last is not None
        assert outcomes(last.result) == [each["ends"].lower() for each in fleet.runs.values()]
        records = emulator.records()
        assert max_concurrent(records) <= fleet.max_concurrency
        assert sorted(record["ProvisionedProductId"] for record in records) == list(fleet.runs)
        assert len({record["ExecuteToken"] for record in records}) == len(records)

    check()
