# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effect of each fault on botocore, and the calls to which it applies."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Callable

import pytest
from botocore import exceptions
from botocore.client import BaseClient
from emulator import ControlError, Emulator
from emulator.faults import KINDS

Execute = Callable[..., dict[str, Any]]
Connect = Callable[..., BaseClient]
RUN = "ExecuteProvisionedProductServiceAction"

ERRORS = [
    ("throttling", 400, "ThrottlingException", 0),
    ("internal", 500, "InternalFailure", 0),
    ("unavailable", 503, "ServiceUnavailableException", 0),
    ("access_denied", 400, "AccessDeniedException", 0),
    ("expired_token", 400, "ExpiredTokenException", 0),
    ("validation", 400, "ValidationException", 0),
    ("internal_after", 500, "InternalFailure", 1),
    ("unavailable_after", 503, "ServiceUnavailableException", 1),
]
BROKEN = [
    ("reset_before", exceptions.ConnectionClosedError, 0),
    ("reset_after", exceptions.ConnectionClosedError, 1),
]


def outcome(call: Callable[[], Any]) -> str:
    """Make a call, and return a dot for success or an x for an error."""
    try:
        call()
    except (exceptions.BotoCoreError, exceptions.ClientError):
        return "x"
    return "."


def outcomes(count: int, call: Callable[[], Any]) -> str:
    """Make calls, and return one character of outcome() for each."""
    return "".join(outcome(call) for _number in range(count))


@pytest.mark.parametrize(("kind", "status", "code", "records"), ERRORS)
def test_errors_are_returned_with_their_status_and_code(
    emulator: Emulator, execute: Execute, kind: str, status: int, code: str, records: int
) -> None:
    emulator.fault(RUN, kind, calls=[1])
    with pytest.raises(exceptions.ClientError) as caught:
        execute()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert len(emulator.records()) == records
    (call,) = emulator.calls(RUN)
    assert (call["status"], call["error_code"], call["fault"]) == (status, code, kind)
    assert call["parameters"]["ServiceActionId"] == "act-restart000001"
    assert execute()


@pytest.mark.parametrize(("kind", "error", "records"), BROKEN)
def test_connections_can_be_reset(
    emulator: Emulator, execute: Execute, kind: str, error: type[Exception], records: int
) -> None:
    emulator.fault(RUN, kind, calls=[1])
    with pytest.raises(error):
        execute()
    assert len(emulator.records()) == records
    assert execute()


@pytest.mark.json
@pytest.mark.parametrize("kind", ["truncated", "short_body", "garbage", "empty"])
def test_botocore_parses_a_malformed_response_as_an_empty_one(emulator: Emulator, execute: Execute, kind: str) -> None:
    emulator.fault(RUN, kind, calls=[1])
    # Not all versions of urllib3 raise an error for a truncated body.
    with suppress(exceptions.ConnectionClosedError if kind == "short_body" else ()):
        assert execute(ExecuteToken="lost") == {}
    (record,) = emulator.records()
    assert execute(ExecuteToken="lost")["RecordId"] == record["RecordId"]


@pytest.mark.json
def test_a_truncated_page_looks_like_the_last(client: BaseClient, emulator: Emulator) -> None:
    emulator.fault("ListServiceActions", "truncated")
    response = client.list_service_actions(PageSize=1)
    assert set(response) == {"ResponseMetadata"}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_response_can_have_another_date_or_none(client: BaseClient, emulator: Emulator) -> None:
    emulator.fault("ListServiceActions", "date", date="", calls=[1])
    emulator.fault("ListServiceActions", "date", date="yesterday", calls=[2])
    headers = [client.list_service_actions()["ResponseMetadata"]["HTTPHeaders"] for _call in range(3)]
    assert "date" not in headers[0]
    assert headers[1]["date"] == "yesterday"
    assert headers[2]["date"].endswith("GMT")


@pytest.mark.parametrize(("kind", "options"), [("hang", {}), ("slow", {"seconds": 30})])
def test_a_hanging_request_ends_with_the_server(connect: Connect, kind: str, options: dict[str, float]) -> None:
    with Emulator(clock="manual") as emulator:
        emulator.fault("*", kind, **options)
        with pytest.raises(exceptions.ReadTimeoutError):
            connect(emulator.url, read_timeout=0.1).list_service_actions()
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 2


def test_a_slow_write_takes_effect_despite_a_client_timeout(emulator: Emulator, connect: Connect) -> None:
    emulator.fault(RUN, "slow", seconds=0.3)
    with pytest.raises(exceptions.ReadTimeoutError):
        connect(emulator.url, read_timeout=0.1).execute_provisioned_product_service_action(
            ProvisionedProductId="pp-orders0000001", ServiceActionId="act-restart000001"
        )
    assert len(emulator.records()) == 1


def test_access_denied_names_user_and_action(client: BaseClient, emulator: Emulator) -> None:
    emulator.fault("ListServiceActions", "access_denied")
    with pytest.raises(exceptions.ClientError) as caught:
        client.list_service_actions()
    text = caught.value.response["Error"]["Message"]
    assert "assumed-role/SelfService/demo" in text
    assert "servicecatalog:ListServiceActions" in text


@pytest.mark.parametrize(
    ("options", "seen"),
    [({"calls": [2, 5]}, ".x..x."), ({"every": 3}, "..x..x"), ({}, "xxxxxx"), ({"calls": []}, "......")],
)
def test_a_fault_hits_the_selected_calls(
    client: BaseClient, emulator: Emulator, options: dict[str, Any], seen: str
) -> None:
    client.list_service_actions()
    emulator.fault("ListServiceActions", "throttling", **options)
    client.scan_provisioned_products()
    assert outcomes(6, client.list_service_actions) == seen


def test_a_fault_can_hit_any_operation(client: BaseClient, emulator: Emulator) -> None:
    emulator.fault("*", "internal", calls=[1, 3])
    calls = [client.list_service_actions, client.scan_provisioned_products, client.list_record_history]
    assert "".join(map(outcome, calls)) == "x.x"
    emulator.clear_faults()
    assert outcomes(3, client.list_service_actions) == "..."


def test_a_fault_can_affect_only_the_calls_for_one_product(
    client: BaseClient, emulator: Emulator, execute: Execute
) -> None:
    ids = {"orders-db": "pp-orders0000001", "billing-db": "pp-billing000001"}
    records = [execute(ProvisionedProductId=product)["RecordId"] for product in ids.values()]
    emulator.fault("*", "internal", product=ids["orders-db"])
    for call, members in [
        (client.describe_provisioned_product, [{"Id": each} for each in ids.values()]),
        (client.describe_provisioned_product, [{"Name": each} for each in ids]),
        (client.describe_record, [{"Id": each} for each in records]),
        (execute, [{"ProvisionedProductId": each} for each in ids.values()]),
    ]:
        assert [outcome(lambda call=call, each=each: call(**each)) for each in members] == ["x", "."]  # type: ignore[misc]
    assert outcomes(1, client.list_record_history) == "."


def test_a_fault_can_be_limited_to_a_time_window(client: BaseClient, emulator: Emulator) -> None:
    now = emulator.now()
    emulator.fault("ListServiceActions", "internal", between=[now + 10, now + 20])
    seen = outcomes(1, client.list_service_actions)
    for _step in range(4):
        emulator.advance(5)
        seen += outcomes(1, client.list_service_actions)
    assert seen == "..xx."


def test_a_rate_limit_follows_the_emulators_clock(client: BaseClient, emulator: Emulator) -> None:
    emulator.fault("*", "rate_limit", per_second=2, burst=3)
    assert outcomes(5, client.list_service_actions) == "...xx"
    emulator.advance(1)
    assert outcomes(3, client.list_service_actions) == "..x"
    emulator.advance(60)
    assert outcomes(5, client.list_service_actions) == "...xx"
    assert {call["error_code"] for call in emulator.calls()} == {None, "ThrottlingException"}


@pytest.mark.parametrize("kind", ["throttling", "reset_after"])
def test_botocores_retries_repeat_the_token(emulator: Emulator, connect: Connect, kind: str) -> None:
    emulator.fault(RUN, kind, calls=[1])
    client = connect(emulator.url, retries={"total_max_attempts": 2, "mode": "standard"})
    response = client.execute_provisioned_product_service_action(
        ProvisionedProductId="pp-orders0000001", ServiceActionId="act-restart000001"
    )
    (record,) = emulator.records()
    assert response["RecordDetail"]["RecordId"] == record["RecordId"]
    assert len({call["parameters"]["ExecuteToken"] for call in emulator.calls(RUN)}) == 1


@pytest.mark.parametrize(
    ("operation", "kind", "options"),
    [
        ("*", "earthquake", {}),
        ("RunAction", "throttling", {}),
        ("*", "slow", {}),
        ("*", "throttling", {"seconds": 1}),
        ("*", "rate_limit", {"burst": 1}),
        ("*", "throttling", {"calls": [1], "every": 2}),
        ("*", "throttling", {"every": 0}),
        ("*", "throttling", {"product": "pp-unknown"}),
        ("*", "throttling", {"between": [2, 1]}),
        ("*", "throttling", {"between": [1]}),
        ("AssumeRole", "replaced", {"members": {}}),
    ],
)
def test_invalid_faults_are_rejected(emulator: Emulator, operation: str, kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        emulator.fault(operation, kind, **options)


def test_members_of_a_response_can_be_replaced(client: BaseClient, emulator: Emulator) -> None:
    members = {"ProvisionedProductDetail": {"Name": "{{ odd }}", "Status": None, "Arn": {"not": ["a", "text"]}}}
    emulator.fault("DescribeProvisionedProduct", "replaced", members=members)
    detail = client.describe_provisioned_product(Id="pp-orders0000001")["ProvisionedProductDetail"]
    assert (detail["Name"], detail["Id"]) == ("{{ odd }}", "pp-orders0000001")
    assert "Status" not in detail
    assert emulator.output_violations() == []


@pytest.mark.json
def test_a_redirect_does_not_execute_the_call(emulator: Emulator, execute: Execute) -> None:
    emulator.fault(RUN, "redirect", location="http://127.0.0.1:9/", status=302)
    with pytest.raises(exceptions.ClientError) as caught:
        execute()
    metadata = caught.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["HTTPHeaders"]["location"]) == (302, "http://127.0.0.1:9/")
    assert emulator.records() == []


@pytest.mark.json
def test_a_proxys_error_page_does_not_execute_the_call(emulator: Emulator, execute: Execute) -> None:
    emulator.fault(RUN, "page", status=403)
    with pytest.raises(exceptions.ClientError, match="Blocked"):
        execute()
    assert emulator.records() == []


def test_every_kind_of_fault_is_tested_here() -> None:
    others = {
        "replaced",
        "redirect",
        "page",
        "truncated",
        "short_body",
        "garbage",
        "empty",
        "date",
        "hang",
        "slow",
        "trickle",
        "rate_limit",
    }
    assert others | {kind for kind, *_expected in [*ERRORS, *BROKEN]} == set(KINDS)


def test_a_trickled_response_arrives_completely(emulator: Emulator, connect: Connect) -> None:
    """A client's read timeout restarts with each byte."""
    emulator.fault("DescribeProvisionedProduct", "trickle", seconds=0.001)
    client = connect(emulator.url, read_timeout=0.3)
    response = client.describe_provisioned_product(Name="orders-db")
    assert response["ProvisionedProductDetail"]["Name"] == "orders-db"
