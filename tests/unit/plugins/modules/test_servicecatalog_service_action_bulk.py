# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many targets over real HTTP to the emulator, on a clock that costs nothing."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _exceptions
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk import run_on_many
from emulator import Emulator

Make = Callable[..., Any]
ORDERS, BILLING, LEGACY = "pp-orders0000001", "pp-billing000001", "pp-legacy0000001"
RESTART, FAILOVER = "act-restart000001", "act-failover00001"
EXECUTE, DESCRIBE, HISTORY = "ExecuteProvisionedProductServiceAction", "DescribeRecord", "ListRecordHistory"


OPTIONS = (
    "provisioned_product_ids",
    "provisioned_product_names",
    "search_query",
    "targets",
    "service_action_id",
    "service_action_name",
    "parameters",
    "sensitive_parameters",
    "execute_token",
    "accept_language",
    "wait_delay",
)


@pytest.fixture
def bulk(prepare: Make) -> Make:
    def make(*, check_mode: bool = False, **params: Any) -> Any:
        options: dict[str, Any] = dict.fromkeys(OPTIONS)
        options.update(wait=True, wait_timeout=1800, max_concurrency="50", max_errors="0")
        return prepare(run_on_many, {**options, **params}, check_mode=check_mode)

    return make


def fleet(emulator: Emulator, count: int, *, seconds: float = 10, failing: int = 0) -> list[str]:
    """Make so many products whose restart takes so long, the first few of which fail; return all ids."""
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


def outcomes(known: dict) -> list[str]:
    return [item["outcome"] for item in known["results"]]


def interfere(made: Any, event: str, handler: Callable[..., None]) -> None:
    """Have the clients of a task call a handler at an event of botocore's."""
    connect = made.task.connect

    def connected(config: Any) -> Any:
        client = connect(config)
        client.meta.events.register(event, handler)
        return client

    made.task.connect = connected


def test_names_need_no_right_to_search(bulk: Make, emulator: Emulator) -> None:
    fleet(emulator, 12)
    emulator.fault("SearchProvisionedProducts", "access_denied")
    names = [f"web-{number:04}" for number in range(12)]
    known = bulk(provisioned_product_names=names, service_action_name="Restart", wait=False).run()
    assert outcomes(known) == ["started"] * 12


def test_no_search_terms_are_no_targets(bulk: Make, emulator: Emulator) -> None:
    fleet(emulator, 3)
    known = bulk(search_query=[], service_action_id=RESTART).run()
    assert (known["changed"], known["results"]) == (False, [])
    with pytest.raises(_exceptions.InvalidInput, match="search_query has a term that is empty"):
        bulk(search_query=["web", " "], service_action_id=RESTART).run()
    assert not emulator.calls()


def test_what_nobody_foresaw_loses_no_record_of_the_others(bulk: Make, emulator: Emulator) -> None:
    ids = fleet(emulator, 20)
    made = bulk(provisioned_product_ids=ids, service_action_id=RESTART)
    signed: list[None] = []

    def without_credentials(**_kwargs: Any) -> None:
        signed.append(None)
        if len(signed) % 2:
            raise FileNotFoundError("token")

    interfere(made, f"before-sign.servicecatalog.{EXECUTE}", without_credentials)
    result = made.result()
    assert result["failed"]
    assert "FileNotFoundError: token" in result["msg"]
    told = [item["record_detail"]["record_id"] for item in result["results"] if item["record_detail"]]
    assert sorted(told) == sorted(record["RecordId"] for record in emulator.records())
    assert len(told) == 10


def test_a_slow_service_does_not_stretch_the_wait(bulk: Make, emulator: Emulator) -> None:
    ids = fleet(emulator, 50, seconds=1000)
    emulator.fault(HISTORY, "access_denied")
    made = bulk(provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=5)
    interfere(made, f"after-call.servicecatalog.{DESCRIBE}", lambda **_kwargs: made.task.clock.sleep(1.5))
    assert outcomes(made.result()) == ["timed_out"] * 50
    assert made.task.clock.slept <= 5 + 30


def test_targets_by_ids_are_about_one_call_each(bulk: Make, emulator: Emulator) -> None:
    ids = fleet(emulator, 200)
    known = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_concurrency="200").run()
    assert known["changed"] is True
    assert [item["provisioned_product_id"] for item in known["results"]] == ids
    assert set(outcomes(known)) == {"succeeded"}
    assert known["results"][0]["record_detail"]["status"] == "SUCCEEDED"
    assert known["summary"] == {
        "succeeded": 200,
        "failed": 0,
        "timed_out": 0,
        "not_started": 0,
        "started": 0,
        "seconds": known["summary"]["seconds"],
        "api_calls": len(emulator.calls()),
    }
    assert known["remaining"] == []
    assert len(emulator.calls()) <= 300
    assert emulator.calls(DESCRIBE) == []


def test_names_of_products_and_of_the_action_are_read_in_pages(bulk: Make, emulator: Emulator) -> None:
    fleet(emulator, 200)
    names = [f"web-{number:04}" for number in range(0, 200, 4)]
    known = bulk(provisioned_product_names=names, service_action_name="Restart", wait=False).run()
    assert set(outcomes(known)) == {"started"}
    calls = [call["operation"] for call in emulator.calls()]
    assert calls.count("SearchProvisionedProducts") == 2
    assert calls.count("ListServiceActionsForProvisioningArtifact") == 1
    assert calls.count("DescribeProvisionedProduct") == 0
    assert calls.count(EXECUTE) == 50


def test_a_search_gives_the_targets(bulk: Make) -> None:
    known = bulk(search_query=["status:TAINTED"], service_action_name="Restart").run()
    assert [item["provisioned_product_name"] for item in known["results"]] == ["billing-db"]


def test_parameters_of_a_target_are_merged_over_the_tasks(bulk: Make, emulator: Emulator) -> None:
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
    ("params", "said"),
    [
        ({"provisioned_product_ids": [ORDERS, BILLING, ORDERS]}, f"more than once: {ORDERS}"),
        ({"targets": [{"provisioned_product_id": ORDERS, "parameters": {"Mode": None}}]}, "null for 'Mode'"),
        ({"targets": [{"provisioned_product_id": "a b"}]}, "provisioned_product_id is 'a b'"),
        ({"provisioned_product_ids": [ORDERS], "max_concurrency": "0"}, "max_concurrency is '0'"),
        ({"provisioned_product_ids": [ORDERS], "max_errors": "most"}, "max_errors is 'most'"),
        ({"search_query": ["x"], "max_errors": "101%"}, "max_errors is '101%'"),
    ],
)
def test_bad_input_makes_no_call(bulk: Make, emulator: Emulator, params: dict, said: str) -> None:
    with pytest.raises(_exceptions.InvalidInput, match=said):
        bulk(service_action_id=RESTART, **params).run()
    assert emulator.calls() == []


def test_the_same_product_by_id_and_by_name_is_refused_before_any_start(bulk: Make, emulator: Emulator) -> None:
    targets = [{"provisioned_product_id": ORDERS}, {"provisioned_product_name": "orders-db"}]
    with pytest.raises(_exceptions.InvalidInput, match="more than once"):
        bulk(targets=targets, service_action_id=RESTART).run()
    assert emulator.records() == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_no_targets_are_a_success(bulk: Make, check_mode: bool) -> None:
    known = bulk(provisioned_product_ids=[], service_action_id=RESTART, check_mode=check_mode).run()
    assert (known["changed"], known["results"], known["remaining"]) == (False, [], [])


def test_never_more_run_than_allowed(bulk: Make, emulator: Emulator) -> None:
    ids = fleet(emulator, 30)
    emulator.set(describable_after=0)
    made = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_concurrency="20%")
    known = made.run()
    assert set(outcomes(known)) == {"succeeded"}
    # Six at once, ten seconds each, seen within two: five rounds.
    assert 50 <= made.task.clock.slept <= 65


def test_an_error_too_many_stops_new_starts(bulk: Make, emulator: Emulator) -> None:
    ids = fleet(emulator, 30, failing=3)
    made = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_concurrency="5", max_errors="2")
    with pytest.raises(
        _exceptions.BulkFailed, match=r"Of 30 targets: \d+ succ.*, 3 failed, \d+ not started.*Broken: It"
    ) as caught:
        made.run()
    known = made.task.result
    assert f"with execute_token: {known['execute_token']}." in str(caught.value)
    assert outcomes(known)[:3] == ["failed"] * 3
    assert known["results"][0]["error"]
    assert known["results"][0]["record_detail"]["status"] == "FAILED"
    assert known["remaining"] == [
        item["provisioned_product_id"] for item in known["results"] if item["outcome"] == "not_started"
    ]
    assert 20 <= len(known["remaining"]) <= 25
    assert len(emulator.records()) + len(known["remaining"]) == 30


def test_errors_within_the_budget_do_not_fail_the_task(bulk: Make, emulator: Emulator) -> None:
    ids = fleet(emulator, 30, failing=3)
    known = bulk(provisioned_product_ids=ids, service_action_id=RESTART, max_errors="10%").run()
    assert known["summary"]["failed"] == 3
    assert known["summary"]["succeeded"] == 27


def test_refused_and_unknown_targets_are_errors_of_their_own(bulk: Make) -> None:
    names = ["orders-db", "nothing", "legacy-db"]
    known = bulk(provisioned_product_names=names, service_action_id=RESTART, max_errors="2").run()
    assert outcomes(known) == ["succeeded", "failed", "failed"]
    assert "no provisioned product with the name 'nothing'" in known["results"][1]["error"]
    assert known["results"][1]["record_detail"] is None
    assert "InvalidStateException" in known["results"][2]["error"]


def test_a_target_that_times_out_fails_the_task(bulk: Make, emulator: Emulator) -> None:
    ids = fleet(emulator, 3, seconds=100)
    made = bulk(provisioned_product_ids=ids, service_action_id=RESTART, wait_timeout=20, max_errors="3")
    with pytest.raises(_exceptions.BulkFailed, match=r"3 timed out.*run the whole task again"):
        made.run()
    assert set(outcomes(made.task.result)) == {"timed_out"}
    assert made.task.clock.slept == 20
    assert made.task.result["results"][0]["record_detail"]["status"] == "IN_PROGRESS"


def test_the_same_seed_takes_up_where_it_was(bulk: Make, emulator: Emulator) -> None:
    ids = fleet(emulator, 20, seconds=30)
    seed = {"service_action_id": RESTART, "execute_token": "change-1"}
    with pytest.raises(_exceptions.BulkFailed):
        bulk(provisioned_product_ids=ids[:15], wait_timeout=10, **seed).run()
    emulator.advance(5)
    known = bulk(provisioned_product_ids=ids, **seed).run()
    assert set(outcomes(known)) == {"succeeded"}
    assert len(emulator.records()) == 20
    assert known["changed"] is True
    emulator.advance(60)
    again = bulk(provisioned_product_ids=ids, **seed).run()
    assert again["changed"] is False
    assert set(outcomes(again)) == {"succeeded"}
    assert len(emulator.records()) == 20


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_a_failed_target_fails_again_with_the_same_seed(bulk: Make, emulator: Emulator, replay_detail: str) -> None:
    emulator.set(replay_detail=replay_detail)
    seed = {"provisioned_product_ids": [ORDERS], "service_action_id": FAILOVER, "execute_token": "change-1"}
    for _run in range(2):
        made = bulk(**seed)
        with pytest.raises(_exceptions.BulkFailed, match="AutomationExecutionFailed"):
            made.run()
        assert made.task.result["results"][0]["record_outputs"]
        emulator.advance(60)
    assert len(emulator.records()) == 1


@pytest.mark.parametrize("kind", ["throttling", "unavailable", "reset_after", "truncated"])
def test_calls_that_fail_now_and_then_fail_no_target(bulk: Make, emulator: Emulator, kind: str) -> None:
    ids = fleet(emulator, 20)
    emulator.fault("*", kind, every=7)
    known = bulk(provisioned_product_ids=ids, service_action_id=RESTART).run()
    assert set(outcomes(known)) == {"succeeded"}
    assert len(emulator.records()) == 20


def test_an_answer_lost_for_good_is_an_error_that_may_have_changed(bulk: Make, emulator: Emulator) -> None:
    emulator.fault(EXECUTE, "reset_after")
    made = bulk(
        provisioned_product_ids=[ORDERS], service_action_id=RESTART, aws_config={"retries": {"total_max_attempts": 1}}
    )
    with pytest.raises(_exceptions.BulkFailed, match="may have started") as caught:
        made.run()
    assert made.task.result["changed"] is True
    # What is said is the seed, never a target's own token: with that as the seed all would run again.
    (record,) = emulator.records()
    assert str(caught.value).endswith(f"with execute_token: {made.task.result['execute_token']}.")
    assert record["ExecuteToken"] not in str(made.task.result) + str(caught.value)


def test_expired_credentials_end_the_wait_with_every_record(bulk: Make, emulator: Emulator) -> None:
    ids = fleet(emulator, 10)
    emulator.fault(HISTORY, "expired_token")
    emulator.fault(DESCRIBE, "expired_token")
    made = bulk(provisioned_product_ids=ids, service_action_id=RESTART)
    with pytest.raises(_exceptions.BulkFailed, match=r"10 timed out.*ExpiredToken"):
        made.run()
    assert all(item["record_detail"]["record_id"] for item in made.task.result["results"])


def test_check_mode_proves_each_target(bulk: Make, emulator: Emulator) -> None:
    known = bulk(
        provisioned_product_ids=[ORDERS, LEGACY, "pp-none"],
        service_action_id=RESTART,
        max_errors="2",
        check_mode=True,
    ).run()
    assert outcomes(known) == ["not_started", "failed", "failed"]
    assert known["changed"] is True
    assert "UNDER_CHANGE" in known["results"][1]["error"]
    assert emulator.records() == []


def test_secrets_of_a_bulk_run_are_sent_and_hidden(bulk: Make, emulator: Emulator) -> None:
    made = bulk(
        provisioned_product_ids=[ORDERS],
        service_action_id="act-rotate0000001",
        sensitive_parameters={"NewPassword": "s3cr3t-value"},
    )
    known = made.run()
    assert "s3cr3t-value" in made.masked
    assert "s3cr3t-value" not in str(known)
    assert emulator.records()[0]["Parameters"] == {"NewPassword": ["s3cr3t-value"]}


def test_one_record_for_two_targets_is_an_error_and_no_endless_wait(bulk: Make, emulator: Emulator) -> None:
    replaced = {"RecordDetail": {"RecordId": "rec-same", "ProvisionedProductId": None}}
    emulator.fault(EXECUTE, "replaced", members=replaced)
    made = bulk(provisioned_product_ids=[ORDERS, BILLING], service_action_id=RESTART, max_errors="2", wait_timeout=60)
    with pytest.raises(_exceptions.BulkFailed):
        made.run()
    assert sorted(outcomes(made.task.result)) == ["failed", "timed_out"]
    assert "Record rec-same was returned for another target too." in [
        item["error"] for item in made.task.result["results"]
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
    made = bulk(**source, service_action_name="Restart", **{option: {"Mode": "v4lue" * 120}}, check_mode=check_mode)
    with pytest.raises(_exceptions.InvalidInput, match="'Mode' has a value of 600 characters") as caught:
        made.run()
    assert emulator.calls() == []
    assert "v4lue" not in f"{caught.value} {made.task.result}"


def test_a_product_that_the_search_returns_with_an_impossible_id_fails_alone(bulk: Make, emulator: Emulator) -> None:
    found = [{"Id": "pp/1", "Name": "odd"}, {"Id": BILLING, "Name": "billing-db"}]
    emulator.fault("SearchProvisionedProducts", "replaced", members={"ProvisionedProducts": found})
    known = bulk(search_query=["x"], service_action_id=RESTART, max_errors="1").run()
    assert outcomes(known) == ["failed", "succeeded"]
    assert "provisioned_product_id is 'pp/1'" in known["results"][0]["error"]
    assert [record["ProvisionedProductId"] for record in emulator.records()] == [BILLING]
