# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's handler, over real HTTP to the emulator and on a simulated clock."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any, Callable

import botocore.endpoint
import botocore.parsers
import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _exceptions
from ansible_collections.selfservice.aws.plugins.module_utils._action.attempts import MOST_ATTEMPTS
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import Change
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from emulator import Emulator

ORDERS, BILLING, LEGACY = "pp-orders0000001", "pp-billing000001", "pp-legacy0000001"
RESTART, BACKUP, ROTATE, FAILOVER = "act-restart000001", "act-backup0000001", "act-rotate0000001", "act-failover00001"
EXECUTE = "ExecuteProvisionedProductServiceAction"
DESCRIBE = "DescribeRecord"
# Times that botocore parses, but that are out of range in UTC, or have no valid offset.
ODD_TIMES = ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2026-11-22T00:00:00+99:99", "2026-11-22"]
Make = Callable[..., Any]

restart = {"provisioned_product_id": ORDERS, "service_action_id": RESTART}
failover = {"provisioned_product_id": ORDERS, "service_action_id": FAILOVER}


def operations(emulator: Emulator) -> list:
    return [call["operation"] for call in emulator.calls()]


def reset_with_slow_restart(emulator: Emulator, seconds: float) -> None:
    """Reset the emulator to one product whose restart takes `seconds`."""
    emulator.reset(
        {
            "service_actions": [{"id": RESTART, "name": "Restart", "run": {"seconds": seconds}}],
            "products": [
                {
                    "id": "prod-1",
                    "name": "db",
                    "artifacts": [{"id": "pa-1", "name": "v1", "service_actions": [RESTART]}],
                }
            ],
            "provisioned_products": [{"id": ORDERS, "name": "orders-db", "product": "prod-1", "artifact": "pa-1"}],
        }
    )


# Calls


def test_a_start_by_ids_without_wait_takes_one_call(service_action: Make, emulator: Emulator) -> None:
    result = service_action(**restart).run()
    assert operations(emulator) == [EXECUTE]
    assert result["changed"] is True
    assert result["record_detail"]["record_id"] == emulator.records()[0]["RecordId"]
    assert result["record_detail"]["status"] == "CREATED"
    assert result["ansible_facts"] == {"servicecatalog_record_detail": result["record_detail"]}
    assert result["execute_token"] == emulator.records()[0]["ExecuteToken"]
    assert result["record_outputs"] == {}


def test_a_product_name_takes_one_more_call(service_action: Make, emulator: Emulator) -> None:
    service_action(provisioned_product_name="orders-db", service_action_id=RESTART).run()
    assert operations(emulator) == ["DescribeProvisionedProduct", EXECUTE]


@pytest.mark.parametrize(("page_size", "pages"), [(1, 3), (2, 2), (20, 1)])
def test_pages_of_actions_are_read_until_the_name_is_found(
    service_action: Make, emulator: Emulator, page_size: int, pages: int
) -> None:
    emulator.set(page_size=page_size)
    result = service_action(provisioned_product_id=ORDERS, service_action_name="RotatePassword").run()
    listing = ["ListServiceActionsForProvisioningArtifact"] * pages
    assert operations(emulator) == ["DescribeProvisionedProduct", *listing, EXECUTE]
    assert result["request"]["service_action_id"] == ROTATE


def test_empty_parameters_are_not_sent(service_action: Make, emulator: Emulator) -> None:
    service_action(**restart, parameters={}).run()
    assert set(emulator.calls()[0]["parameters"]) == {"ProvisionedProductId", "ServiceActionId", "ExecuteToken"}


def test_options_are_sent_and_returned_as_the_request(service_action: Make, emulator: Emulator) -> None:
    result = service_action(**restart, parameters={"Mode": True}, execute_token="t-1", accept_language="jp").run()
    assert emulator.calls()[0]["parameters"] == {
        "ProvisionedProductId": ORDERS,
        "ServiceActionId": RESTART,
        "ExecuteToken": "t-1",
        "AcceptLanguage": "jp",
        "Parameters": {"Mode": ["true"]},
    }
    assert result["request"] == {
        "provisioned_product_id": ORDERS,
        "service_action_id": RESTART,
        "execute_token": "t-1",
        "accept_language": "jp",
        "parameters": {"Mode": ["true"]},
    }


@pytest.mark.parametrize(
    "params",
    [
        {"execute_token": "no spaces"},
        {"wait_timeout": -1},
        {"wait_delay": 0.0},
        {"parameters": {"Mode": None}},
        {"parameters": {"Mode": ["x"] * 26}},
        {"sensitive_parameters": {"Mode": "abc"}},
        {"sensitive_parameters": {"Mode": None}},
    ],
)
def test_bad_input_makes_no_call(service_action: Make, emulator: Emulator, params: dict) -> None:
    with pytest.raises(_exceptions.InvalidInput):
        service_action(**restart, **params).run()
    assert emulator.calls() == []


@pytest.mark.parametrize("config", [{"speed": "fast"}, {"retries": 3}])
def test_an_aws_config_that_botocore_rejects_is_invalid_input(service_action: Make, config: dict) -> None:
    with pytest.raises(_exceptions.InvalidInput, match="aws_config is invalid"):
        service_action(**restart, aws_config=config).run()


# Waiting


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
@pytest.mark.parametrize(("seconds", "lag", "polls"), [(20, 2, 14), (1200, 33, 80)])
def test_the_end_is_detected_quickly_and_with_few_polls(
    service_action: Make, emulator: Emulator, seconds: float, lag: float, polls: int, jitter: float
) -> None:
    reset_with_slow_restart(emulator, seconds)
    attempt = service_action(**restart, wait=True, jitter=jitter)
    assert attempt.run()["record_detail"]["status"] == "SUCCEEDED"
    assert seconds <= attempt.task.clock.slept <= seconds + lag
    assert operations(emulator).count(DESCRIBE) <= polls


def test_outputs_of_all_pages_are_returned_at_the_end(service_action: Make, emulator: Emulator) -> None:
    emulator.set(page_size=1)
    result = service_action(**restart, wait=True).run()
    assert set(result["record_outputs"]) == {"AutomationExecutionId", "RestartedAt"}
    assert result["ansible_facts"]["servicecatalog_record_detail"]["status"] == "SUCCEEDED"


def test_a_fixed_delay_is_used_between_polls(service_action: Make, emulator: Emulator) -> None:
    reset_with_slow_restart(emulator, 20)
    service_action(**restart, wait=True, wait_delay=5).run()
    assert operations(emulator).count(DESCRIBE) == 4


def test_a_timeout_returns_the_record_and_how_to_continue(service_action: Make, emulator: Emulator) -> None:
    reset_with_slow_restart(emulator, 1000)
    attempt = service_action(**restart, wait=True, wait_timeout=15)
    with pytest.raises(_exceptions.WaitTimedOut) as caught:
        attempt.run()
    result = attempt.task.result
    assert attempt.task.clock.slept == 15
    assert result["changed"] is True
    assert result["record_detail"]["status"] == "IN_PROGRESS"
    for word in (result["record_detail"]["record_id"], "IN_PROGRESS", "15 s", result["change_id"]):
        assert word in str(caught.value)


FAILOVER_DB = {"provisioned_product_id": ORDERS, "service_action_id": FAILOVER}


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_a_change_is_retried_only_after_it_has_failed(
    service_action: Make, emulator: Emulator, replay_detail: str
) -> None:
    emulator.set(replay_detail=replay_detail)
    given = {**FAILOVER_DB, "change_id": "CHG-1", "wait": True}
    first = service_action(**given).result()
    assert "fix the cause and run this task again with change_id: CHG-1 and retry_failed: true." in first["msg"]
    assert (first["attempt"], first["changed"]) == (1, True)
    emulator.advance(60)
    again = service_action(**given).result()
    assert (again["attempt"], again["changed"], again["failed"]) == (1, False, True)
    second = service_action(**given, retry_failed=True).result()
    assert (second["attempt"], second["changed"], second["failed"]) == (2, True, True)
    assert second["execute_token"] == emulator.records()[-1]["ExecuteToken"] == second["request"]["execute_token"]
    emulator.advance(60)
    emulator.update_product(ORDERS, run={"seconds": 10, "ends": "SUCCEEDED"})
    third = service_action(**given, retry_failed=True).result()
    assert (third["attempt"], third["changed"], third["failed"]) == (3, True, False)
    calls = len(emulator.calls())
    emulator.advance(60)
    last = service_action(**given, retry_failed=True).result()
    assert (last["attempt"], last["changed"], last["failed"]) == (3, False, False)
    # A start for each attempt, a read for each response without a final status, and one read of the outputs.
    assert len(emulator.calls()) - calls == (4 if replay_detail == "current" else 7)
    assert len(emulator.records()) == 3


def test_a_running_or_unreadable_attempt_is_not_retried(service_action: Make, emulator: Emulator) -> None:
    given = {**FAILOVER_DB, "change_id": "CHG-1"}
    emulator.update_product(ORDERS, run={"seconds": 30, "ends": "FAILED"})
    service_action(**given).run()
    emulator.advance(5)
    running = service_action(**given, retry_failed=True).result()
    assert (running["attempt"], running["changed"]) == (1, False)
    emulator.set(replay_detail="original")
    emulator.advance(60)
    emulator.fault(DESCRIBE, "access_denied")
    unread = service_action(**given, retry_failed=True).result()
    assert (unread["attempt"], unread["changed"]) == (1, False)
    assert len(emulator.records()) == 1


def test_check_mode_does_not_predict_the_attempt_of_a_retry(service_action: Make, emulator: Emulator) -> None:
    result = service_action(**restart, change_id="CHG-1", retry_failed=True, check_mode=True).run()
    assert [result["attempt"], result["execute_token"], result["request"]["execute_token"]] == [None] * 3
    assert emulator.records() == []


def test_a_change_with_the_maximum_number_of_attempts_says_to_use_a_new_change(
    service_action: Make, emulator: Emulator, connect: Callable[..., BaseClient]
) -> None:
    token = partial(Change("CHG-1").token, ORDERS, FAILOVER, parameters={}, secret_names=())
    ids = {"ProvisionedProductId": ORDERS, "ServiceActionId": FAILOVER}
    for attempt in range(1, MOST_ATTEMPTS + 1):
        connect({}).execute_provisioned_product_service_action(**ids, ExecuteToken=token(attempt=attempt))
    emulator.advance(60)
    last = service_action(**FAILOVER_DB, change_id="CHG-1", retry_failed=True).result()
    assert (last["attempt"], last["changed"], last["failed"]) == (MOST_ATTEMPTS, False, True)
    assert "retry_failed" not in last["msg"]
    assert last["msg"].endswith("fix the cause and run this task with a new change_id.")
    assert len(emulator.records()) == MOST_ATTEMPTS


@pytest.mark.parametrize("more", [{}, {"execute_token": "t-1"}])
def test_a_retry_requires_a_change(service_action: Make, emulator: Emulator, more: dict[str, str]) -> None:
    with pytest.raises(_exceptions.InvalidInput, match="retry_failed requires change_id"):
        service_action(**restart, retry_failed=True, **more).run()
    assert emulator.calls() == []


def test_the_change_of_a_timed_out_task_resumes_the_wait(service_action: Make, emulator: Emulator) -> None:
    reset_with_slow_restart(emulator, 100)
    attempt = service_action(**restart, wait=True, wait_timeout=15)
    with pytest.raises(_exceptions.WaitTimedOut):
        attempt.run()
    again = service_action(**restart, wait=True, change_id=attempt.task.result["change_id"]).run()
    assert again["changed"] is False
    assert again["record_detail"]["status"] == "SUCCEEDED"
    assert len(emulator.records()) == 1


@pytest.mark.parametrize(
    "kind", ["throttling", "internal", "unavailable", "reset_before", "truncated", "garbage", "empty"]
)
def test_twelve_failed_polls_in_a_row_do_not_end_a_wait(service_action: Make, emulator: Emulator, kind: str) -> None:
    emulator.fault(DESCRIBE, kind, calls=list(range(1, 13)))
    assert service_action(**restart, wait=True).run()["record_detail"]["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("kind", "word"), [("expired_token", "ExpiredToken"), ("access_denied", "servicecatalog:DescribeRecord")]
)
def test_a_permanent_error_ends_the_wait_and_returns_the_record(
    service_action: Make, emulator: Emulator, kind: str, word: str
) -> None:
    emulator.fault(DESCRIBE, kind, calls=[3])
    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=BACKUP, wait=True)
    with pytest.raises(_exceptions.PollingFailed, match=word) as caught:
        attempt.run()
    result = attempt.task.result
    assert operations(emulator).count(DESCRIBE) == 3
    assert result["changed"] is True
    assert result["record_detail"]["status"] == "IN_PROGRESS"
    assert result["change_id"] in str(caught.value)
    assert caught.value.facts["error"]["code"]


@pytest.mark.parametrize("kind", ["expired_token", "access_denied"])
@pytest.mark.parametrize(("action", "failure"), [(RESTART, None), (FAILOVER, _exceptions.RecordFailed)])
def test_an_ended_record_keeps_its_outcome_if_its_outputs_cannot_be_read(
    service_action: Make, emulator: Emulator, kind: str, action: str, failure: Any
) -> None:
    emulator.set(page_size=1)
    emulator.fault(DESCRIBE, kind, calls=[3])
    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=action, wait=True)
    if failure:
        with pytest.raises(failure, match="AutomationExecutionFailed"):
            attempt.run()
    else:
        attempt.run()
        assert "could not be read completely" in attempt.warnings[0]
    assert attempt.task.result["record_detail"]["status"] == ("FAILED" if failure else "SUCCEEDED")


def test_a_timeout_during_failed_polls_reports_the_last_error(service_action: Make, emulator: Emulator) -> None:
    emulator.fault(DESCRIBE, "throttling")
    with pytest.raises(_exceptions.WaitTimedOut, match=r"not seen to end within 8 s.*failed: ThrottlingException"):
        service_action(**restart, wait=True, wait_timeout=8).run()


def test_a_new_record_that_cannot_be_read_yet_does_not_end_the_wait(service_action: Make, emulator: Emulator) -> None:
    emulator.set(describable_after=20)
    assert service_action(**restart, wait=True).run()["record_detail"]["status"] == "SUCCEEDED"


def test_a_record_that_never_appears_ends_the_wait(service_action: Make, emulator: Emulator) -> None:
    emulator.set(describable_after=10_000)
    attempt = service_action(**restart, wait=True)
    with pytest.raises(_exceptions.PollingFailed, match="ResourceNotFound"):
        attempt.run()
    assert 30 <= attempt.task.clock.slept < 60
    assert attempt.task.result["record_detail"]["record_id"]


# Records that fail


def test_a_failed_record_fails_with_errors_outputs_and_hints(service_action: Make) -> None:
    attempt = service_action(**failover, wait=True)
    with pytest.raises(_exceptions.RecordFailed, match=r"FAILED on 'orders-db'.*AutomationExecutionFailed: ") as caught:
        attempt.run()
    result = attempt.task.result
    assert result["changed"] is True
    assert result["record_detail"]["status"] == "FAILED"
    assert result["record_detail"]["record_errors"][0]["code"] == "AutomationExecutionFailed"
    assert result["record_outputs"]
    assert "ansible_facts" not in result
    assert any("trust policy" in hint for hint in caught.value.facts["hints"])


def test_in_progress_in_error_does_not_end_the_wait(service_action: Make, emulator: Emulator) -> None:
    emulator.reset(
        {
            "service_actions": [{"id": RESTART, "name": "Restart", "run": {"seconds": 60, "in_error_from": 5}}],
            "products": [
                {
                    "id": "prod-1",
                    "name": "db",
                    "artifacts": [{"id": "pa-1", "name": "v1", "service_actions": [RESTART]}],
                }
            ],
            "provisioned_products": [{"id": ORDERS, "name": "orders-db", "product": "prod-1", "artifact": "pa-1"}],
        }
    )
    attempt = service_action(**restart, wait=True)
    assert attempt.run()["record_detail"]["status"] == "SUCCEEDED"
    assert attempt.task.clock.slept >= 60


# Tokens and lost responses


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_a_replayed_token_changes_nothing_and_returns_the_current_record(
    service_action: Make, emulator: Emulator, replay_detail: str
) -> None:
    emulator.set(replay_detail=replay_detail)
    first = service_action(**restart, execute_token="t-1").run()
    emulator.advance(60)
    again = service_action(**restart, execute_token="t-1").run()
    assert (first["changed"], again["changed"]) == (True, False)
    assert again["record_detail"]["record_id"] == first["record_detail"]["record_id"]
    assert again["record_detail"]["status"] == "SUCCEEDED"
    assert set(again["record_outputs"]) == {"AutomationExecutionId", "RestartedAt"}


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_a_replayed_failed_record_fails_even_without_wait(
    service_action: Make, emulator: Emulator, replay_detail: str
) -> None:
    emulator.set(replay_detail=replay_detail)
    service_action(**failover, execute_token="t-1").run()
    emulator.advance(60)
    attempt = service_action(**failover, execute_token="t-1")
    with pytest.raises(_exceptions.RecordFailed):
        attempt.run()
    assert attempt.task.result["changed"] is False
    assert attempt.task.result["record_outputs"]


def test_all_outputs_of_a_replayed_record_are_read_without_wait_even_after_a_slow_start(
    service_action: Make, emulator: Emulator
) -> None:
    outputs = {"A": "1", "B": "2", "C": "3"}
    emulator.set(page_size=1)
    emulator.update_product(ORDERS, run={"seconds": 1, "outputs": outputs})
    given = {**restart, "change_id": "CHG-1"}
    service_action(**given).run()
    emulator.advance(60)
    attempt = service_action(**given)
    connect = attempt.task.connect

    def connect_slowly(config: Any) -> Any:
        client = connect(config)
        event = f"after-call.servicecatalog.{EXECUTE}"
        client.meta.events.register(event, lambda **_kwargs: attempt.task.clock.sleep(9))
        return client

    attempt.task.connect = connect_slowly
    assert attempt.run()["record_outputs"] == outputs
    assert attempt.warnings == []


def test_a_replayed_record_that_cannot_be_read_is_a_warning(service_action: Make, emulator: Emulator) -> None:
    service_action(**restart, execute_token="t-1").run()
    emulator.advance(60)
    emulator.fault(DESCRIBE, "access_denied")
    attempt = service_action(**restart, execute_token="t-1")
    assert attempt.run()["changed"] is False
    assert any("could not be read" in warning for warning in attempt.warnings)


@pytest.mark.parametrize("other", [{"provisioned_product_id": BILLING}, {"provisioned_product_name": "billing-db"}])
def test_a_token_used_for_another_product_is_rejected(service_action: Make, emulator: Emulator, other: dict) -> None:
    first = service_action(**restart, execute_token="t-1").run()
    attempt = service_action(**{**restart, "provisioned_product_id": None, **other}, execute_token="t-1")
    with pytest.raises(_exceptions.Refused, match=f"t-1 belongs to record .* on .* {ORDERS}") as caught:
        attempt.run()
    assert caught.value.facts["changed"] is False
    assert caught.value.facts["record_detail"]["record_id"] == first["record_detail"]["record_id"]
    assert len(emulator.records()) == 1


# A header cached by a proxy, one from a wrong clock, no header, and values that are not dates.
@pytest.mark.parametrize(
    "date", ["Wed, 01 Jan 2025 00:00:00 GMT", "Tue, 01 Jan 2199 00:00:00 GMT", "", "yesterday", "0"]
)
@pytest.mark.parametrize(("age", "changed"), [(0, True), (890, True), (910, False)])
def test_without_a_valid_date_header_a_record_is_a_replay_if_it_is_older_than_the_tolerance_of_clocks(
    service_action: Make, emulator: Emulator, date: str, age: float, changed: bool
) -> None:
    emulator.fault(EXECUTE, "date", date=date)
    first = service_action(**restart, execute_token="t-1").run()
    emulator.advance(age)
    again = service_action(**restart, execute_token="t-1").run()
    assert (first["changed"], again["changed"]) == (True, changed)


@pytest.mark.parametrize("created", [None, "2020-01-01T00:00:00"])
@pytest.mark.parametrize("age", [0, 3600])
def test_a_record_of_unknown_age_counts_as_new(
    service_action: Make, emulator: Emulator, created: str | None, age: float
) -> None:
    service_action(**restart, execute_token="t-1").run()
    emulator.advance(age)
    emulator.fault(EXECUTE, "replaced", members={"RecordDetail": {"CreatedTime": created}})
    assert service_action(**restart, execute_token="t-1").run()["changed"] is True


LOST = ["reset_after", "truncated", "short_body", "garbage", "empty", "internal_after", "unavailable_after"]


@pytest.mark.parametrize("given", [None, "t-1"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("kind", [*LOST, "reset_before", "internal", "unavailable"])
def test_a_start_whose_response_is_lost_once_or_twice_creates_one_record(
    service_action: Make, emulator: Emulator, kind: str, times: int, given: Any
) -> None:
    emulator.fault(EXECUTE, kind, calls=list(range(1, times + 1)))
    result = service_action(**restart, execute_token=given).run()
    assert result["changed"] is True
    assert [record["RecordId"] for record in emulator.records()] == [result["record_detail"]["record_id"]]
    assert {call["parameters"]["ExecuteToken"] for call in emulator.calls(EXECUTE)} == {result["execute_token"]}
    assert len(emulator.calls(EXECUTE)) == times + 1


@pytest.mark.parametrize("kind", LOST)
def test_a_start_whose_responses_are_all_lost_may_have_started(
    service_action: Make, emulator: Emulator, kind: str
) -> None:
    emulator.fault(EXECUTE, kind)
    attempt = service_action(**restart)
    with pytest.raises(_exceptions.StartUnconfirmed, match="may have started") as caught:
        attempt.run()
    assert caught.value.facts["changed"] is True
    assert attempt.task.result["change_id"] in str(caught.value)
    emulator.clear_faults()
    again = service_action(**restart, change_id=attempt.task.result["change_id"]).run()
    assert [record["RecordId"] for record in emulator.records()] == [again["record_detail"]["record_id"]]


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("kind", LOST)
def test_a_start_whose_response_is_lost_in_the_only_attempt_may_have_started(
    service_action: Make, emulator: Emulator, kind: str, mode: str
) -> None:
    emulator.fault(EXECUTE, kind)
    with pytest.raises(_exceptions.StartUnconfirmed) as caught:
        service_action(**restart, aws_config={"retries": {"mode": mode, "total_max_attempts": 1}}).run()
    assert caught.value.facts["changed"] is True
    assert len(emulator.records()) == 1


@pytest.mark.parametrize("last", ["throttling", "access_denied", "expired_token"])
def test_a_start_rejected_after_a_lost_response_may_have_started(
    service_action: Make, emulator: Emulator, last: str
) -> None:
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    emulator.fault(EXECUTE, last, calls=[2, 3, 4, 5])
    with pytest.raises(_exceptions.StartUnconfirmed) as caught:
        service_action(**restart).run()
    assert caught.value.facts["changed"] is True
    assert len(emulator.records()) == 1


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("throttling", "ThrottlingException"),
        ("access_denied", f"servicecatalog:{EXECUTE}"),
        ("expired_token", "ExpiredToken"),
    ],
)
def test_a_rejected_start_changes_nothing(service_action: Make, emulator: Emulator, kind: str, word: str) -> None:
    emulator.fault(EXECUTE, kind)
    attempt = service_action(**restart)
    with pytest.raises(_exceptions.Refused, match=word) as caught:
        attempt.run()
    assert caught.value.facts["changed"] is False
    assert "was not started" in str(caught.value)
    assert attempt.task.result["execute_token"]
    assert emulator.records() == []


def test_an_unreachable_endpoint_changes_nothing(service_action: Make) -> None:
    attempt = service_action(**restart, aws_config={"proxies": {"http": "http://127.0.0.1:1"}})
    with pytest.raises(_exceptions.Refused, match="was not started"):
        attempt.run()


def test_a_rejected_start_returns_the_error_of_the_service(service_action: Make) -> None:
    with pytest.raises(_exceptions.Refused, match="has the status UNDER_CHANGE") as caught:
        service_action(provisioned_product_id=LEGACY, service_action_id=RESTART).run()
    assert caught.value.facts["error"]["code"] == "InvalidStateException"
    assert caught.value.facts["response_metadata"]["request_id"]


@pytest.mark.parametrize(
    ("params", "choice"),
    [
        ({"provisioned_product_id": "pp-none"}, ORDERS),
        ({"service_action_id": "act-none"}, BACKUP),
        ({"parameters": {"Mood": "x"}}, "Mode"),
    ],
)
def test_a_start_rejected_for_an_unknown_id_or_parameter_lists_the_choices(
    service_action: Make, params: dict, choice: str
) -> None:
    with pytest.raises(_exceptions.Refused, match=f"{choice}.*Nothing was started") as caught:
        service_action(**{**restart, **params}).run()
    assert choice in caught.value.facts["choices"]
    assert caught.value.facts["error"]["code"] in ("InvalidParametersException", "ResourceNotFoundException")


def test_a_start_rejected_by_validation_lists_the_same_choices_as_one_for_invalid_parameters(
    service_action: Make, emulator: Emulator
) -> None:
    emulator.fault(EXECUTE, "validation")
    with pytest.raises(_exceptions.Refused, match=r"Mode.*Nothing was started") as caught:
        service_action(**restart, parameters={"Mood": "x"}).run()
    assert caught.value.facts["error"]["code"] == "ValidationException"
    assert not emulator.records()


def test_a_rejection_is_reported_even_if_its_diagnosis_fails(service_action: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeProvisionedProduct", "expired_token")
    with pytest.raises(_exceptions.Refused, match="InvalidParametersException"):
        service_action(**restart, parameters={"Mood": "x"}).run()


# Names


def test_an_unknown_product_lists_the_choices(service_action: Make) -> None:
    with pytest.raises(_exceptions.NotFound, match=r"'order-db'.*orders-db.*billing-db") as caught:
        service_action(provisioned_product_name="order-db", service_action_id=RESTART).run()
    assert "orders-db" in caught.value.facts["choices"]


def test_an_unknown_product_is_reported_even_if_the_choices_are_denied(
    service_action: Make, emulator: Emulator
) -> None:
    emulator.fault("SearchProvisionedProducts", "access_denied")
    with pytest.raises(_exceptions.NotFound, match=r"could not be listed: AccessDenied.*servicecatalog:Search"):
        service_action(provisioned_product_name="order-db", service_action_id=RESTART).run()


def test_an_unknown_action_lists_the_choices(service_action: Make, emulator: Emulator) -> None:
    with pytest.raises(
        _exceptions.NotFound, match=r"'Reboot'. Existing ones: Backup, Failover, Restart, RotatePassword"
    ):
        service_action(provisioned_product_id=ORDERS, service_action_name="Reboot").run()
    assert emulator.records() == []


def test_many_choices_are_shortened_in_the_message_and_limited_in_the_result(
    service_action: Make, emulator: Emulator
) -> None:
    products = [{"id": "prod-1", "name": "web", "artifacts": [{"id": "pa-1", "name": "v1"}]}]
    generated = {"count": 150, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1"}
    emulator.reset({"products": products, "generated": [generated]})
    with pytest.raises(_exceptions.NotFound, match="and more") as caught:
        service_action(provisioned_product_name="db", service_action_id=RESTART).run()
    assert len(caught.value.facts["choices"]) == 100


def test_a_denied_lookup_names_the_missing_permission(service_action: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeProvisionedProduct", "access_denied")
    with pytest.raises(_exceptions.Refused, match=r"Nothing was started, .* servicecatalog:DescribeProvisionedProduct"):
        service_action(provisioned_product_name="orders-db", service_action_id=RESTART).run()


# Check mode and diff


def test_check_mode_only_reads_and_predicts_the_result(service_action: Make, emulator: Emulator) -> None:
    result = service_action(**restart, check_mode=True).run()
    assert emulator.records() == []
    assert EXECUTE not in operations(emulator)
    assert result["changed"] is True
    assert result["record_detail"]["provisioned_product_name"] == "orders-db"
    assert result["record_detail"]["product_id"] == "prod-database00001"
    assert result["record_detail"]["record_id"] is None
    assert result["record_detail"]["status"] is None


def test_check_mode_returns_the_same_keys_as_a_run(service_action: Make) -> None:
    checked, done = service_action(**restart, check_mode=True).run(), service_action(**restart).run()
    assert set(checked) == set(done)
    assert set(checked["record_detail"]) == set(done["record_detail"])


def test_check_mode_with_names_reads_the_product_once(service_action: Make, emulator: Emulator) -> None:
    service_action(provisioned_product_name="orders-db", service_action_name="Restart", check_mode=True).run()
    assert operations(emulator).count("DescribeProvisionedProduct") == 1


def test_check_mode_lists_the_actions_once(service_action: Make, emulator: Emulator) -> None:
    service_action(provisioned_product_id=ORDERS, service_action_name="Restart", check_mode=True).run()
    assert operations(emulator).count("ListServiceActionsForProvisioningArtifact") == 1


def test_check_mode_with_a_token_only_warns_about_a_busy_product(service_action: Make, emulator: Emulator) -> None:
    emulator.update_product(ORDERS, status="UNDER_CHANGE")
    attempt = service_action(**restart, execute_token="t-1", check_mode=True)
    assert attempt.run()["changed"] is True
    assert "status UNDER_CHANGE" in attempt.warnings[0]


@pytest.mark.parametrize("status", ["UNDER_CHANGE", "PLAN_IN_PROGRESS", "ERROR"])
def test_check_mode_rejects_a_busy_product(service_action: Make, emulator: Emulator, status: str) -> None:
    emulator.update_product(ORDERS, status=status)
    with pytest.raises(_exceptions.Refused, match=f"status {status}"):
        service_action(**restart, check_mode=True).run()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"provisioned_product_id": "pp-none"}, "no provisioned product with the id 'pp-none'"),
        ({"provisioned_product_id": "pp-terraform0001"}, "type TERRAFORM_OPEN_SOURCE"),
        ({"provisioned_product_id": "pp-bare00000001"}, "needs a TARGET"),
        ({"service_action_id": "act-none"}, "no service action with the id 'act-none'"),
        ({"parameters": {"Mood": "x"}}, "no parameter 'Mood'"),
    ],
)
def test_check_mode_rejects_what_the_service_would_reject(service_action: Make, params: dict, message: str) -> None:
    with pytest.raises(_exceptions.SelfServiceError, match=message):
        service_action(**{**restart, **params}, check_mode=True).run()


def test_a_tainted_product_accepts_actions(service_action: Make) -> None:
    assert service_action(provisioned_product_id=BILLING, service_action_id=RESTART, check_mode=True).run()["changed"]
    assert service_action(provisioned_product_id=BILLING, service_action_id=RESTART).run()["changed"]


@pytest.mark.parametrize(
    "operation",
    [
        "DescribeProvisionedProduct",
        "ListServiceActionsForProvisioningArtifact",
        "DescribeServiceActionExecutionParameters",
    ],
)
def test_a_denied_read_in_check_mode_is_a_warning(service_action: Make, emulator: Emulator, operation: str) -> None:
    emulator.fault(operation, "access_denied")
    attempt = service_action(**restart, check_mode=True, diff_mode=True)
    assert attempt.run()["changed"] is True
    assert any(f"servicecatalog:{operation}" in warning for warning in attempt.warnings)


def test_any_other_failed_read_in_check_mode_fails_the_task(service_action: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeServiceActionExecutionParameters", "expired_token")
    with pytest.raises(ClientError):
        service_action(**restart, check_mode=True).run()


@pytest.mark.parametrize("check_mode", [True, False])
def test_diff_shows_defaults_and_what_overrides_them(service_action: Make, check_mode: bool) -> None:
    result = service_action(**restart, parameters={"Mode": "forced"}, check_mode=check_mode, diff_mode=True).run()
    assert result["diff"]["before"]["parameters"] == {"TARGET": ["db-orders-1"], "Mode": ["graceful"]}
    assert result["diff"]["after"]["parameters"] == {"TARGET": ["db-orders-1"], "Mode": ["forced"]}


def test_an_incomplete_diff_does_not_stop_a_run(service_action: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeServiceActionExecutionParameters", "expired_token")
    attempt = service_action(**restart, parameters={"Mode": "forced"}, diff_mode=True)
    assert attempt.run()["changed"] is True
    assert "The diff lacks the action's defaults" in attempt.warnings[0]
    assert attempt.task.result["diff"]["after"]["parameters"] == {"Mode": ["forced"]}


# Secrets


@pytest.mark.parametrize("check_mode", [True, False])
def test_secrets_are_sent_but_masked_in_the_result(service_action: Make, emulator: Emulator, check_mode: bool) -> None:
    attempt = service_action(
        provisioned_product_id=ORDERS,
        service_action_id=ROTATE,
        parameters={"NewPassword": "overridden"},
        sensitive_parameters={"NewPassword": "s3cr3t-value"},
        check_mode=check_mode,
        diff_mode=True,
    )
    result = attempt.run()
    assert "s3cr3t-value" not in str(result)
    assert result["request"]["parameters"] == {"NewPassword": ["********"]}
    if not check_mode:
        assert emulator.records()[0]["Parameters"] == {"NewPassword": ["s3cr3t-value"]}


@pytest.mark.parametrize(
    "error",
    [
        ResponseParserError("Unable to parse response: <html>"),
        ClientError({"Error": {"Code": "ExpiredToken", "Message": "no"}}, "AssumeRole"),
        ValueError("Invalid timestamp"),
    ],
)
def test_a_credential_error_means_that_nothing_was_started(
    service_action: Make, emulator: Emulator, error: Exception
) -> None:
    def refresh(**_kwargs: Any) -> None:
        raise error

    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=RESTART)
    connect = attempt.task.connect

    def connected(config: Any) -> Any:
        client = connect(config)
        client.meta.events.register("before-sign.servicecatalog", refresh)
        return client

    attempt.task.connect = connected
    result = attempt.result()
    assert result["failed"]
    assert result["changed"] is False
    assert "was not started" in result["msg"]
    assert emulator.calls() == []


@pytest.mark.parametrize(
    "error", [MemoryError(), RecursionError("maximum recursion depth exceeded"), ResponseParserError("bad\nb'<html>'")]
)
def test_an_unparsable_start_response_may_have_started_and_an_earlier_one_is_a_one_line_error(
    service_action: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_arguments: Any) -> None:
        raise error

    monkeypatch.setattr(botocore.parsers.ResponseParser, "parse", fail)
    emulator.fault(EXECUTE, "garbage")
    result = service_action(**restart, change_id="CHG-1").result()
    assert (result["failed"], result["changed"]) == (True, True)
    problem = f": the response from {emulator.url} can't be parsed: {type(error).__name__}"
    assert "may have started" in result["msg"]
    assert f"{EXECUTE}{problem}" in result["msg"]
    assert "To find out, run this task again with change_id: CHG-1: it returns" in result["msg"]
    assert len(emulator.records()) == 1
    before = service_action(provisioned_product_name="orders-db", service_action_id=RESTART).result()
    assert (before["failed"], before["changed"]) == (True, False)
    assert f"DescribeProvisionedProduct{problem}" in before["msg"]
    assert "Nothing was started" in before["msg"]
    assert "exception" not in before
    assert len(before["msg"].splitlines()) == 1


@pytest.mark.parametrize("proxy", ["http://[::bad", "http://:::", "http://127.0.0.1:99999", "nonsense"])
def test_an_invalid_proxy_setting_means_that_nothing_was_started(
    service_action: Make, emulator: Emulator, proxy: str
) -> None:
    given = {"proxies": {"http": proxy}, "retries": {"total_max_attempts": 1}}
    result = service_action(provisioned_product_id=ORDERS, service_action_id=RESTART, aws_config=given).result()
    assert (result["failed"], result["changed"]) == (True, False)
    assert "was not started" in result["msg"]
    assert emulator.calls() == []


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(
    "odd",
    [
        {"CreatedTime": "yesterday"},
        *({"CreatedTime": time} for time in ODD_TIMES),
        {"UpdatedTime": {"a": 1}},
        {"RecordTags": "team"},
        {"RecordTags": {"Key": "team"}},
        {"RecordErrors": [["broken"]]},
    ],
)
def test_a_malformed_member_of_the_response_does_not_lose_the_record(
    service_action: Make, emulator: Emulator, odd: dict[str, Any], wait: bool
) -> None:
    emulator.fault(EXECUTE, "replaced", members={"RecordDetail": odd})
    result = service_action(**restart, change_id="CHG-1", wait=wait).result()
    if odd.get("CreatedTime") not in ODD_TIMES and "before-parse" not in inspect.getsource(botocore.endpoint):
        # Older botocore releases don't expose a body that they can't parse.
        assert "may have started" in result["msg"]
        return
    assert not result["failed"], result["msg"]
    assert result["record_detail"]["record_id"] == emulator.records()[0]["RecordId"]


@pytest.mark.parametrize("other", [{"RecordId": None}, {"RecordId": "rec-another"}])
def test_a_poll_that_returns_another_record_does_not_replace_the_started_one(
    service_action: Make, emulator: Emulator, other: dict[str, Any]
) -> None:
    emulator.fault("DescribeRecord", "replaced", members={"RecordDetail": other}, calls=[1, 2])
    result = service_action(provisioned_product_id=ORDERS, service_action_id=RESTART, wait=True).result()
    assert not result["failed"], result["msg"]
    assert result["record_detail"]["record_id"] == emulator.records()[0]["RecordId"]
    assert result["record_detail"]["status"] == "SUCCEEDED"
