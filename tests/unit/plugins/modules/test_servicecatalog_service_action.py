# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's handler over real HTTP to the emulator, on a clock that costs nothing."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _exceptions
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import errors
from botocore.exceptions import ClientError
from emulator import Emulator

ORDERS, BILLING, LEGACY = "pp-orders0000001", "pp-billing000001", "pp-legacy0000001"
RESTART, BACKUP, ROTATE, FAILOVER = "act-restart000001", "act-backup0000001", "act-rotate0000001", "act-failover00001"
EXECUTE = "ExecuteProvisionedProductServiceAction"
DESCRIBE = "DescribeRecord"
Make = Callable[..., Any]

restart = {"provisioned_product_id": ORDERS, "service_action_id": RESTART}
failover = {"provisioned_product_id": ORDERS, "service_action_id": FAILOVER}


def operations(emulator: Emulator) -> list:
    return [call["operation"] for call in emulator.calls()]


def slow_world(emulator: Emulator, seconds: float) -> None:
    """Make the restart take so long, and everything else as in the demo world."""
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


def test_ids_without_wait_are_one_call(attempt: Make, emulator: Emulator) -> None:
    known = attempt(**restart).run()
    assert operations(emulator) == [EXECUTE]
    assert known["changed"] is True
    assert known["record_detail"]["record_id"] == emulator.records()[0]["RecordId"]
    assert known["record_detail"]["status"] == "CREATED"
    assert known["ansible_facts"] == {"servicecatalog_record_detail": known["record_detail"]}
    assert known["execute_token"] == emulator.records()[0]["ExecuteToken"]
    assert known["record_outputs"] == {}


def test_a_name_of_the_product_is_one_call_more(attempt: Make, emulator: Emulator) -> None:
    attempt(provisioned_product_name="orders-db", service_action_id=RESTART).run()
    assert operations(emulator) == ["DescribeProvisionedProduct", EXECUTE]


@pytest.mark.parametrize(("page_size", "pages"), [(1, 3), (2, 2), (20, 1)])
def test_a_name_of_the_action_reads_pages_until_found(
    attempt: Make, emulator: Emulator, page_size: int, pages: int
) -> None:
    emulator.set(page_size=page_size)
    known = attempt(provisioned_product_id=ORDERS, service_action_name="RotatePassword").run()
    listing = ["ListServiceActionsForProvisioningArtifact"] * pages
    assert operations(emulator) == ["DescribeProvisionedProduct", *listing, EXECUTE]
    assert known["request"]["service_action_id"] == ROTATE


def test_empty_parameters_are_not_sent(attempt: Make, emulator: Emulator) -> None:
    attempt(**restart, parameters={}).run()
    assert set(emulator.calls()[0]["parameters"]) == {"ProvisionedProductId", "ServiceActionId", "ExecuteToken"}


def test_what_is_given_is_what_is_sent(attempt: Make, emulator: Emulator) -> None:
    known = attempt(**restart, parameters={"Mode": True}, execute_token="t-1", accept_language="jp").run()
    assert emulator.calls()[0]["parameters"] == {
        "ProvisionedProductId": ORDERS,
        "ServiceActionId": RESTART,
        "ExecuteToken": "t-1",
        "AcceptLanguage": "jp",
        "Parameters": {"Mode": ["true"]},
    }
    assert known["request"] == {
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
def test_bad_input_makes_no_call(attempt: Make, emulator: Emulator, params: dict) -> None:
    with pytest.raises(_exceptions.InvalidInput):
        attempt(**restart, **params).run()
    assert emulator.calls() == []


@pytest.mark.parametrize("config", [{"speed": "fast"}, {"retries": 3}])
def test_a_config_that_botocore_does_not_know_is_bad_input(attempt: Make, config: dict) -> None:
    with pytest.raises(_exceptions.InvalidInput, match="aws_config is not what botocore takes"):
        attempt(**restart, aws_config=config).run()


# Waiting


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
@pytest.mark.parametrize(("seconds", "lag", "polls"), [(20, 2, 14), (1200, 33, 80)])
def test_the_end_is_seen_soon_and_with_few_polls(
    attempt: Make, emulator: Emulator, seconds: float, lag: float, polls: int, jitter: float
) -> None:
    slow_world(emulator, seconds)
    made = attempt(**restart, wait=True, jitter=jitter)
    assert made.run()["record_detail"]["status"] == "SUCCEEDED"
    assert seconds <= made.task.clock.slept <= seconds + lag
    assert operations(emulator).count(DESCRIBE) <= polls


def test_outputs_of_all_pages_come_with_the_end(attempt: Make, emulator: Emulator) -> None:
    emulator.set(page_size=1)
    known = attempt(**restart, wait=True).run()
    assert set(known["record_outputs"]) == {"AutomationExecutionId", "RestartedAt"}
    assert known["ansible_facts"]["servicecatalog_record_detail"]["status"] == "SUCCEEDED"


def test_a_fixed_delay_is_kept(attempt: Make, emulator: Emulator) -> None:
    slow_world(emulator, 20)
    attempt(**restart, wait=True, wait_delay=5).run()
    assert operations(emulator).count(DESCRIBE) == 4


def test_a_timeout_hands_back_the_record_and_the_way_on(attempt: Make, emulator: Emulator) -> None:
    slow_world(emulator, 1000)
    made = attempt(**restart, wait=True, wait_timeout=15)
    with pytest.raises(_exceptions.WaitTimedOut) as caught:
        made.run()
    known = made.task.result
    assert made.task.clock.slept == 15
    assert known["changed"] is True
    assert known["record_detail"]["status"] == "IN_PROGRESS"
    for word in (known["record_detail"]["record_id"], "IN_PROGRESS", "15 s", known["execute_token"]):
        assert word in str(caught.value)


def test_the_token_of_a_timeout_goes_on_waiting(attempt: Make, emulator: Emulator) -> None:
    slow_world(emulator, 100)
    made = attempt(**restart, wait=True, wait_timeout=15)
    with pytest.raises(_exceptions.WaitTimedOut):
        made.run()
    again = attempt(**restart, wait=True, execute_token=made.task.result["execute_token"]).run()
    assert again["changed"] is False
    assert again["record_detail"]["status"] == "SUCCEEDED"
    assert len(emulator.records()) == 1


@pytest.mark.parametrize(
    "kind", ["throttling", "internal", "unavailable", "reset_before", "truncated", "garbage", "empty"]
)
def test_twelve_bad_polls_in_a_row_do_not_end_a_wait(attempt: Make, emulator: Emulator, kind: str) -> None:
    emulator.fault(DESCRIBE, kind, calls=list(range(1, 13)))
    assert attempt(**restart, wait=True).run()["record_detail"]["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("kind", "word"), [("expired_token", "ExpiredToken"), ("access_denied", "servicecatalog:DescribeRecord")]
)
def test_what_will_not_get_better_ends_the_wait_with_the_record(
    attempt: Make, emulator: Emulator, kind: str, word: str
) -> None:
    emulator.fault(DESCRIBE, kind, calls=[3])
    made = attempt(provisioned_product_id=ORDERS, service_action_id=BACKUP, wait=True)
    with pytest.raises(_exceptions.PollingFailed, match=word) as caught:
        made.run()
    known = made.task.result
    assert operations(emulator).count(DESCRIBE) == 3
    assert known["changed"] is True
    assert known["record_detail"]["status"] == "IN_PROGRESS"
    assert known["execute_token"] in str(caught.value)
    assert caught.value.facts["error"]["code"]


@pytest.mark.parametrize("kind", ["expired_token", "access_denied"])
@pytest.mark.parametrize(("action", "failure"), [(RESTART, None), (FAILOVER, _exceptions.RecordFailed)])
def test_an_ended_record_is_judged_though_its_outputs_can_not_be_read(
    attempt: Make, emulator: Emulator, kind: str, action: str, failure: Any
) -> None:
    emulator.set(page_size=1)
    emulator.fault(DESCRIBE, kind, calls=[3])
    made = attempt(provisioned_product_id=ORDERS, service_action_id=action, wait=True)
    if failure:
        with pytest.raises(failure, match="AutomationExecutionFailed"):
            made.run()
    else:
        made.run()
        assert "could not be read to its end" in made.warnings[0]
    assert made.task.result["record_detail"]["status"] == ("FAILED" if failure else "SUCCEEDED")


def test_a_timeout_over_bad_looks_does_not_claim_to_know(attempt: Make, emulator: Emulator) -> None:
    emulator.fault(DESCRIBE, "throttling")
    with pytest.raises(_exceptions.WaitTimedOut, match=r"not seen to end within 8 s.*failed: ThrottlingException"):
        attempt(**restart, wait=True, wait_timeout=8).run()


def test_a_new_record_that_is_not_there_yet_is_waited_for(attempt: Make, emulator: Emulator) -> None:
    emulator.set(describable_after=20)
    assert attempt(**restart, wait=True).run()["record_detail"]["status"] == "SUCCEEDED"


def test_a_record_that_never_appears_ends_the_wait(attempt: Make, emulator: Emulator) -> None:
    emulator.set(describable_after=10_000)
    made = attempt(**restart, wait=True)
    with pytest.raises(_exceptions.PollingFailed, match="ResourceNotFound"):
        made.run()
    assert 30 <= made.task.clock.slept < 60
    assert made.task.result["record_detail"]["record_id"]


# Records that fail


def test_a_failed_record_fails_with_all_there_is(attempt: Make) -> None:
    made = attempt(**failover, wait=True)
    with pytest.raises(_exceptions.RecordFailed, match=r"FAILED on 'orders-db'.*AutomationExecutionFailed: ") as caught:
        made.run()
    known = made.task.result
    assert known["changed"] is True
    assert known["record_detail"]["status"] == "FAILED"
    assert known["record_detail"]["record_errors"][0]["code"] == "AutomationExecutionFailed"
    assert known["record_outputs"]
    assert "ansible_facts" not in known
    assert any("trust policy" in hint for hint in caught.value.facts["hints"])


def test_in_error_is_no_end(attempt: Make, emulator: Emulator) -> None:
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
    made = attempt(**restart, wait=True)
    assert made.run()["record_detail"]["status"] == "SUCCEEDED"
    assert made.task.clock.slept >= 60


# Tokens and lost answers


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_a_replayed_token_changes_nothing_and_shows_how_it_stands(
    attempt: Make, emulator: Emulator, replay_detail: str
) -> None:
    emulator.set(replay_detail=replay_detail)
    first = attempt(**restart, execute_token="t-1").run()
    emulator.advance(60)
    again = attempt(**restart, execute_token="t-1").run()
    assert (first["changed"], again["changed"]) == (True, False)
    assert again["record_detail"]["record_id"] == first["record_detail"]["record_id"]
    assert again["record_detail"]["status"] == "SUCCEEDED"
    assert set(again["record_outputs"]) == {"AutomationExecutionId", "RestartedAt"}


@pytest.mark.parametrize("replay_detail", ["current", "original"])
def test_a_replayed_failed_record_fails_without_wait_too(attempt: Make, emulator: Emulator, replay_detail: str) -> None:
    emulator.set(replay_detail=replay_detail)
    attempt(**failover, execute_token="t-1").run()
    emulator.advance(60)
    made = attempt(**failover, execute_token="t-1")
    with pytest.raises(_exceptions.RecordFailed):
        made.run()
    assert made.task.result["changed"] is False
    assert made.task.result["record_outputs"]


def test_a_replay_that_can_not_be_read_again_is_a_warning(attempt: Make, emulator: Emulator) -> None:
    attempt(**restart, execute_token="t-1").run()
    emulator.advance(60)
    emulator.fault(DESCRIBE, "access_denied")
    made = attempt(**restart, execute_token="t-1")
    assert made.run()["changed"] is False
    assert any("could not be read" in warning for warning in made.warnings)


@pytest.mark.parametrize("other", [{"provisioned_product_id": BILLING}, {"provisioned_product_name": "billing-db"}])
def test_a_token_of_another_product_starts_nothing_and_says_so(attempt: Make, emulator: Emulator, other: dict) -> None:
    first = attempt(**restart, execute_token="t-1").run()
    made = attempt(**{**restart, "provisioned_product_id": None, **other}, execute_token="t-1")
    with pytest.raises(_exceptions.Refused, match=f"t-1 stands for record .* on .* {ORDERS}") as caught:
        made.run()
    assert caught.value.facts["changed"] is False
    assert caught.value.facts["record_detail"]["record_id"] == first["record_detail"]["record_id"]
    assert len(emulator.records()) == 1


def test_without_a_date_a_record_counts_as_new(attempt: Make, emulator: Emulator) -> None:
    attempt(**restart, execute_token="t-1").run()
    emulator.advance(60)
    emulator.fault(EXECUTE, "no_date")
    assert attempt(**restart, execute_token="t-1").run()["changed"] is True


LOST = ["reset_after", "truncated", "short_body", "garbage", "empty", "internal_after", "unavailable_after"]


@pytest.mark.parametrize("given", [None, "t-1"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("kind", [*LOST, "reset_before", "internal", "unavailable"])
def test_an_answer_lost_once_or_twice_is_one_record(
    attempt: Make, emulator: Emulator, kind: str, times: int, given: Any
) -> None:
    emulator.fault(EXECUTE, kind, calls=list(range(1, times + 1)))
    known = attempt(**restart, execute_token=given).run()
    assert known["changed"] is True
    assert [record["RecordId"] for record in emulator.records()] == [known["record_detail"]["record_id"]]
    assert {call["parameters"]["ExecuteToken"] for call in emulator.calls(EXECUTE)} == {known["execute_token"]}
    assert len(emulator.calls(EXECUTE)) == times + 1


@pytest.mark.parametrize("kind", LOST)
def test_an_answer_lost_for_good_may_have_started(attempt: Make, emulator: Emulator, kind: str) -> None:
    emulator.fault(EXECUTE, kind)
    made = attempt(**restart)
    with pytest.raises(_exceptions.StartUnconfirmed, match="may have started") as caught:
        made.run()
    assert caught.value.facts["changed"] is True
    assert made.task.result["execute_token"] in str(caught.value)
    emulator.clear_faults()
    again = attempt(**restart, execute_token=made.task.result["execute_token"]).run()
    assert [record["RecordId"] for record in emulator.records()] == [again["record_detail"]["record_id"]]


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("kind", LOST)
def test_an_answer_lost_in_the_only_attempt_may_have_started(
    attempt: Make, emulator: Emulator, kind: str, mode: str
) -> None:
    emulator.fault(EXECUTE, kind)
    with pytest.raises(_exceptions.StartUnconfirmed) as caught:
        attempt(**restart, aws_config={"retries": {"mode": mode, "total_max_attempts": 1}}).run()
    assert caught.value.facts["changed"] is True
    assert len(emulator.records()) == 1


@pytest.mark.parametrize("last", ["throttling", "access_denied", "expired_token"])
def test_a_refusal_after_a_lost_answer_may_have_started_too(attempt: Make, emulator: Emulator, last: str) -> None:
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    emulator.fault(EXECUTE, last, calls=[2, 3, 4, 5])
    with pytest.raises(_exceptions.StartUnconfirmed) as caught:
        attempt(**restart).run()
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
def test_a_refusal_changes_nothing(attempt: Make, emulator: Emulator, kind: str, word: str) -> None:
    emulator.fault(EXECUTE, kind)
    made = attempt(**restart)
    with pytest.raises(_exceptions.Refused, match=word) as caught:
        made.run()
    assert caught.value.facts["changed"] is False
    assert "Nothing was changed" in str(caught.value)
    assert made.task.result["execute_token"]
    assert emulator.records() == []


def test_an_endpoint_that_is_not_there_changes_nothing(attempt: Make) -> None:
    made = attempt(**restart, aws_config={"proxies": {"http": "http://127.0.0.1:1"}})
    with pytest.raises(_exceptions.Refused, match="Nothing was changed"):
        made.run()


def test_refusals_of_the_service_are_told(attempt: Make) -> None:
    with pytest.raises(_exceptions.Refused, match="InvalidStateException") as caught:
        attempt(provisioned_product_id=LEGACY, service_action_id=RESTART).run()
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
def test_a_start_refused_for_what_is_unknown_lists_the_choices(attempt: Make, params: dict, choice: str) -> None:
    with pytest.raises(_exceptions.Refused, match=f"Nothing was changed.*{choice}") as caught:
        attempt(**{**restart, **params}).run()
    assert choice in caught.value.facts["choices"]
    assert caught.value.facts["error"]["code"] in ("InvalidParametersException", "ResourceNotFoundException")


def test_a_refusal_is_told_also_where_its_reasons_can_not_be_read(attempt: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeProvisionedProduct", "expired_token")
    with pytest.raises(_exceptions.Refused, match="InvalidParametersException"):
        attempt(**restart, parameters={"Mood": "x"}).run()


# Names


def test_an_unknown_product_lists_the_choices(attempt: Make) -> None:
    with pytest.raises(_exceptions.NotFound, match=r"'order-db'.*billing-db.*orders-db") as caught:
        attempt(provisioned_product_name="order-db", service_action_id=RESTART).run()
    assert "orders-db" in caught.value.facts["choices"]


def test_an_unknown_product_is_told_also_where_the_choices_are_denied(attempt: Make, emulator: Emulator) -> None:
    emulator.fault("SearchProvisionedProducts", "access_denied")
    with pytest.raises(_exceptions.NotFound, match=r"could not be listed: AccessDenied.*servicecatalog:Search"):
        attempt(provisioned_product_name="order-db", service_action_id=RESTART).run()


def test_an_unknown_action_lists_the_choices(attempt: Make, emulator: Emulator) -> None:
    with pytest.raises(_exceptions.NotFound, match=r"'Reboot'\. It has: Backup, Failover, Restart, RotatePassword"):
        attempt(provisioned_product_id=ORDERS, service_action_name="Reboot").run()
    assert emulator.records() == []


def test_many_choices_are_cut_in_the_message_and_whole_in_the_result(attempt: Make, emulator: Emulator) -> None:
    products = [{"id": "prod-1", "name": "web", "artifacts": [{"id": "pa-1", "name": "v1"}]}]
    fleet = {"count": 150, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1"}
    emulator.reset({"products": products, "generated": [fleet]})
    with pytest.raises(_exceptions.NotFound, match="and more") as caught:
        attempt(provisioned_product_name="db", service_action_id=RESTART).run()
    assert len(caught.value.facts["choices"]) == 100


def test_names_that_may_not_be_read_name_the_permission(attempt: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeProvisionedProduct", "access_denied")
    with pytest.raises(ClientError) as caught:
        attempt(provisioned_product_name="orders-db", service_action_id=RESTART).run()
    assert "servicecatalog:DescribeProvisionedProduct" in errors.describe_error(caught.value)


# Check mode and diff


def test_check_mode_reads_only_and_predicts(attempt: Make, emulator: Emulator) -> None:
    known = attempt(**restart, check_mode=True).run()
    assert emulator.records() == []
    assert EXECUTE not in operations(emulator)
    assert known["changed"] is True
    assert known["record_detail"]["provisioned_product_name"] == "orders-db"
    assert known["record_detail"]["product_id"] == "prod-database00001"
    assert known["record_detail"]["record_id"] is None
    assert known["record_detail"]["status"] is None


def test_check_mode_returns_the_keys_of_a_run(attempt: Make) -> None:
    checked, done = attempt(**restart, check_mode=True).run(), attempt(**restart).run()
    assert set(checked) == set(done)
    assert set(checked["record_detail"]) == set(done["record_detail"])


def test_check_mode_with_names_reads_the_product_once(attempt: Make, emulator: Emulator) -> None:
    attempt(provisioned_product_name="orders-db", service_action_name="Restart", check_mode=True).run()
    assert operations(emulator).count("DescribeProvisionedProduct") == 1


def test_check_mode_lists_the_actions_once(attempt: Make, emulator: Emulator) -> None:
    attempt(provisioned_product_id=ORDERS, service_action_name="Restart", check_mode=True).run()
    assert operations(emulator).count("ListServiceActionsForProvisioningArtifact") == 1


def test_check_mode_warns_of_a_busy_product_that_a_given_token_may_keep_busy(attempt: Make, emulator: Emulator) -> None:
    emulator.update_product(ORDERS, status="UNDER_CHANGE")
    made = attempt(**restart, execute_token="t-1", check_mode=True)
    assert made.run()["changed"] is True
    assert "status UNDER_CHANGE" in made.warnings[0]


@pytest.mark.parametrize("status", ["UNDER_CHANGE", "PLAN_IN_PROGRESS", "ERROR"])
def test_check_mode_refuses_a_busy_product(attempt: Make, emulator: Emulator, status: str) -> None:
    emulator.update_product(ORDERS, status=status)
    with pytest.raises(_exceptions.Refused, match=f"status {status}"):
        attempt(**restart, check_mode=True).run()


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"provisioned_product_id": "pp-none"}, "no provisioned product with the id 'pp-none'"),
        ({"provisioned_product_id": "pp-terraform0001"}, "type TERRAFORM_OPEN_SOURCE"),
        ({"provisioned_product_id": "pp-bare00000001"}, "needs a TARGET"),
        ({"service_action_id": "act-none"}, "no service action with the id 'act-none'"),
        ({"parameters": {"Mood": "x"}}, "no parameter 'Mood'"),
    ],
)
def test_check_mode_refuses_what_the_service_would(attempt: Make, params: dict, said: str) -> None:
    with pytest.raises(_exceptions.SelfServiceError, match=said):
        attempt(**{**restart, **params}, check_mode=True).run()


def test_a_tainted_product_takes_actions(attempt: Make) -> None:
    assert attempt(provisioned_product_id=BILLING, service_action_id=RESTART, check_mode=True).run()["changed"]
    assert attempt(provisioned_product_id=BILLING, service_action_id=RESTART).run()["changed"]


@pytest.mark.parametrize(
    "operation",
    [
        "DescribeProvisionedProduct",
        "ListServiceActionsForProvisioningArtifact",
        "DescribeServiceActionExecutionParameters",
    ],
)
def test_what_check_mode_may_not_read_is_a_warning(attempt: Make, emulator: Emulator, operation: str) -> None:
    emulator.fault(operation, "access_denied")
    made = attempt(**restart, check_mode=True, diff_mode=True)
    assert made.run()["changed"] is True
    assert any(f"servicecatalog:{operation}" in warning for warning in made.warnings)


def test_what_fails_for_another_reason_in_check_mode_is_a_failure(attempt: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeServiceActionExecutionParameters", "expired_token")
    with pytest.raises(ClientError):
        attempt(**restart, check_mode=True).run()


@pytest.mark.parametrize("check_mode", [True, False])
def test_diff_shows_defaults_and_what_overrides_them(attempt: Make, check_mode: bool) -> None:
    known = attempt(**restart, parameters={"Mode": "forced"}, check_mode=check_mode, diff_mode=True).run()
    assert known["diff"]["before"]["parameters"] == {"TARGET": ["db-orders-1"], "Mode": ["graceful"]}
    assert known["diff"]["after"]["parameters"] == {"TARGET": ["db-orders-1"], "Mode": ["forced"]}


def test_a_diff_that_can_not_be_made_does_not_stop_a_run(attempt: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeServiceActionExecutionParameters", "expired_token")
    made = attempt(**restart, parameters={"Mode": "forced"}, diff_mode=True)
    assert made.run()["changed"] is True
    assert "The diff lacks the action's defaults" in made.warnings[0]
    assert made.task.result["diff"]["after"]["parameters"] == {"Mode": ["forced"]}


# Secrets


@pytest.mark.parametrize("check_mode", [True, False])
def test_secrets_are_sent_hidden_and_masked(attempt: Make, emulator: Emulator, check_mode: bool) -> None:
    made = attempt(
        provisioned_product_id=ORDERS,
        service_action_id=ROTATE,
        parameters={"NewPassword": "overridden"},
        sensitive_parameters={"NewPassword": "s3cr3t-value"},
        check_mode=check_mode,
        diff_mode=True,
    )
    known = made.run()
    assert set(made.masked) == {"s3cr3t-value"}
    assert "s3cr3t-value" not in str(known)
    assert known["request"]["parameters"] == {"NewPassword": ["VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"]}
    if not check_mode:
        assert emulator.records()[0]["Parameters"] == {"NewPassword": ["s3cr3t-value"]}
