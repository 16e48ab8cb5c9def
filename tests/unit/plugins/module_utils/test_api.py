# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each API call against botocore's Stubber, pagination, and malformed responses."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import datetime, timezone
from types import MappingProxyType, SimpleNamespace
from typing import Any

import boto3
import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import transport
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.api import ServiceCatalog
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.errors import (
    SERVICE_ERRORS,
    MalformedResponse,
    NotSent,
)
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import ExecutionParameter, Request
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.client import BaseClient
from botocore.config import Config
from botocore.stub import Stubber
from emulator.environment import CBOR_CLIENT, HAS_CBOR

CBOR = "CBOR"
NOT_CBOR = [
    b'{"ProvisionedProductDetail": {"Id": "pp-1"}}',
    b" [1]",
    b"<html>",
    b"\xa1\x78\x18Provisioned",
    b"\x81" * 100_000,
]
REQUEST = Request("pp-1", "act-1", "token-1", {"Mode": ["forced"]})


def make_client(**config: Any) -> BaseClient:
    return boto3.Session().client(
        "servicecatalog",
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="not-a-real-secret-key",
        config=Config(**config),
    )


@pytest.fixture
def stubbed() -> Iterator[tuple[BaseClient, Stubber]]:
    client = make_client()
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def catalog(client: BaseClient, language: str | None = None) -> ServiceCatalog:
    """Return the service without its response checks, because the Stubber's responses have no body."""
    service = ServiceCatalog(client, language)
    client.meta.events.unregister("after-call.servicecatalog", unique_id="selfservice-refuse")
    return service


def stub_response(members: dict[str, Any], **headers: str) -> dict[str, Any]:
    return {**members, "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": headers}}


def test_a_start_sends_all_members_of_the_request(stubbed: tuple[BaseClient, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_response(
        "execute_provisioned_product_service_action",
        stub_response({"RecordDetail": {"RecordId": "rec-1"}}, date="Sun, 22 Nov 2026 22:39:38 GMT"),
        {
            "ProvisionedProductId": "pp-1",
            "ServiceActionId": "act-1",
            "ExecuteToken": "token-1",
            "AcceptLanguage": "jp",
            "Parameters": {"Mode": ["forced"]},
        },
    )
    started = catalog(client, "jp").execute_provisioned_product_service_action(REQUEST)
    assert started.record_detail["RecordId"] == "rec-1"
    assert started.date == datetime(2026, 11, 22, 22, 39, 38, tzinfo=timezone.utc)


def test_empty_members_are_not_sent() -> None:
    assert set(Request("pp-1", "act-1", "token-1", {}).to_members()) == {
        "ProvisionedProductId",
        "ServiceActionId",
        "ExecuteToken",
    }


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 2026 22:39:38 GMT"])
def test_an_invalid_date_is_ignored(stubbed: tuple[BaseClient, Stubber], date: str) -> None:
    client, stubber = stubbed
    stubber.add_response(
        "execute_provisioned_product_service_action", stub_response({"RecordDetail": {"RecordId": "rec-1"}}, date=date)
    )
    assert catalog(client, "jp").execute_provisioned_product_service_action(REQUEST).date is None


def test_a_date_without_a_zone_is_utc(stubbed: tuple[BaseClient, Stubber]) -> None:
    client, stubber = stubbed
    date = "Sun, 22 Nov 2026 22:39:38 -0000"
    stubber.add_response(
        "execute_provisioned_product_service_action", stub_response({"RecordDetail": {"RecordId": "rec-1"}}, date=date)
    )
    assert catalog(client, "jp").execute_provisioned_product_service_action(REQUEST).date == datetime(
        2026, 11, 22, 22, 39, 38, tzinfo=timezone.utc
    )


@pytest.mark.parametrize("members", [{}, {"RecordDetail": {}}, {"RecordDetail": {"Status": "CREATED"}}])
def test_a_start_response_without_a_record_is_malformed(stubbed: tuple[BaseClient, Stubber], members: dict) -> None:
    client, stubber = stubbed
    stubber.add_response("execute_provisioned_product_service_action", stub_response(members))
    with pytest.raises(MalformedResponse, match="without a record"):
        catalog(client, "jp").execute_provisioned_product_service_action(REQUEST)


@pytest.mark.parametrize("members", [{}, {"ProvisionedProductDetail": {"Id": "pp-1"}}])
def test_a_product_without_its_ids_is_malformed(stubbed: tuple[BaseClient, Stubber], members: dict) -> None:
    client, stubber = stubbed
    stubber.add_response("describe_provisioned_product", members)
    with pytest.raises(MalformedResponse, match="without the ids"):
        catalog(client).describe_provisioned_product(Id="pp-1")


@pytest.mark.parametrize(
    ("asked", "is_another"),
    [({"Id": "pp-2"}, True), ({"Name": "api"}, True), ({"Name": "web"}, False), ({"Name": "WEB"}, False)],
)
def test_a_response_with_another_product_than_the_one_asked_for_is_malformed(
    stubbed: tuple[BaseClient, Stubber], asked: dict[str, str], is_another: bool
) -> None:
    client, stubber = stubbed
    detail = {"Id": "pp-1", "Name": "web", "ProductId": "prod-1", "ProvisioningArtifactId": "pa-1"}
    stubber.add_response("describe_provisioned_product", {"ProvisionedProductDetail": detail}, asked)
    with pytest.raises(MalformedResponse, match="with another") if is_another else nullcontext():
        assert catalog(client).describe_provisioned_product(**asked) == {**detail, "CloudWatchDashboards": []}


@pytest.mark.parametrize(
    ("operation", "listed", "arguments"),
    [
        ("search_provisioned_products", "ProvisionedProducts", ()),
        ("list_service_actions_for_provisioning_artifact", "ServiceActionSummaries", ("prod-1", "pa-1")),
    ],
)
def test_a_listed_item_without_an_id_is_malformed(
    stubbed: tuple[BaseClient, Stubber], operation: str, listed: str, arguments: tuple[str, ...]
) -> None:
    client, stubber = stubbed
    stubber.add_response(operation, {listed: [{"Id": "first-1"}, {"Name": "second"}]})
    with pytest.raises(MalformedResponse, match="without an id"):
        list(getattr(catalog(client), operation)(*arguments))


def respond(status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> Any:
    """Return a before-send handler that returns this response, so that nothing is sent."""
    raw = SimpleNamespace(stream=lambda **_options: [body])
    return lambda request, **_kwargs: AWSResponse(request.url, status, headers, raw)


@pytest.mark.parametrize(
    ("status", "body", "protocol"),
    [
        (200, b'{"ProvisionedProductDetail": {"Id": "pp-1", "CreatedTime": "yesterday"}}', "json"),
        (200, b'{"a": ' * 100_000, "json"),
        (200, b"\xa1aax", "json"),
        (400, b'{"__type": ["not a text"]}', "json"),
        *((200, body, CBOR) for body in NOT_CBOR if HAS_CBOR),
        *((400, body, CBOR) for body in NOT_CBOR if HAS_CBOR),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_response_that_botocore_cannot_parse_is_one_line_with_the_call_and_the_endpoint(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, protocol: str
) -> None:
    monkeypatch.setenv("AWS_DATA_PATH", CBOR_CLIENT if protocol == CBOR else os.devnull)
    client = make_client()
    client.meta.events.register("before-send.servicecatalog", respond(status, body))
    endpoint = re.escape("https://servicecatalog.us-east-1.amazonaws.com")
    problem = f": the response from {endpoint} can't be parsed: [A-Z].*| was answered by {endpoint} with HTTP .*"
    if (status, protocol, body) == (200, CBOR, NOT_CBOR[0]) and boto3.__version__.startswith("1.38."):
        # This botocore reads the JSON as an empty response.
        problem += "| was answered without the ids of the product"
    with pytest.raises(MalformedResponse, match=f"DescribeProvisionedProduct({problem})") as caught:
        ServiceCatalog(client).describe_provisioned_product(Id="pp-1")
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "/token"),
            "/token can't be used .No such file or directory.",
        ),
        (OSError("no more processes"), "OSError: no more processes"),
        (KeyError("Credentials"), "KeyError: 'Credentials'"),
        (ValueError("Invalid header"), "ValueError: Invalid header"),
    ],
)
@pytest.mark.parametrize("attempts", [1, 2])
def test_a_call_that_fails_before_it_is_sent_is_reported_as_not_sent(
    error: Exception, text: str, attempts: int
) -> None:
    client, signed = make_client(), []

    def sign(**_kwargs: Any) -> None:
        signed.append(None)
        if len(signed) == attempts:
            raise error

    client.meta.events.register("before-sign.servicecatalog", sign)
    client.meta.events.register("before-send.servicecatalog", respond(500, b"{}"))
    with pytest.raises(NotSent, match=f"DescribeProvisionedProduct could not be sent: {text}"):
        ServiceCatalog(client).describe_provisioned_product(Id="pp-1")


def test_outputs_are_read_from_all_pages(stubbed: tuple[BaseClient, Stubber]) -> None:
    client, stubber = stubbed
    for number, token in ((1, "more"), (2, None)):
        page: dict[str, Any] = {
            "RecordDetail": {"RecordId": "rec-1", "Status": "SUCCEEDED"},
            "RecordOutputs": [{"OutputKey": f"Key{number}", "OutputValue": str(number)}],
        }
        sent = {"Id": "rec-1", "AcceptLanguage": "zh"}
        stubber.add_response(
            "describe_record",
            {**page, "NextPageToken": token} if token else page,
            sent if number == 1 else {**sent, "PageToken": "more"},
        )
    detail, outputs = catalog(client, "zh").describe_record("rec-1")
    assert detail == {"RecordId": "rec-1", "Status": "SUCCEEDED"}
    assert [output["OutputKey"] for output in outputs] == ["Key1", "Key2"]


def test_the_outputs_of_a_product_are_read_from_all_pages(stubbed: tuple[BaseClient, Stubber]) -> None:
    client, stubber = stubbed
    asked = {"ProvisionedProductId": "pp-1", "PageSize": 20, "AcceptLanguage": "zh"}
    operation, first, second = "get_provisioned_product_outputs", {"OutputKey": "A"}, {"OutputKey": "B"}
    stubber.add_response(operation, {"Outputs": [first], "NextPageToken": "more"}, asked)
    stubber.add_response(operation, {"Outputs": [second]}, {**asked, "PageToken": "more"})
    assert list(catalog(client, "zh").get_provisioned_product_outputs("pp-1")) == [first, second]


@pytest.mark.parametrize("members", [{}, {"RecordDetail": {"RecordId": "rec-1"}}])
def test_a_response_without_the_described_record_is_malformed(
    stubbed: tuple[BaseClient, Stubber], members: dict
) -> None:
    client, stubber = stubbed
    stubber.add_response("describe_record", members)
    with pytest.raises(MalformedResponse, match="without the record"):
        catalog(client).describe_record("rec-1")


def test_a_repeated_page_token_is_malformed(stubbed: tuple[BaseClient, Stubber]) -> None:
    client, stubber = stubbed
    for _page in range(2):
        stubber.add_response(
            "list_service_actions_for_provisioning_artifact", {"ServiceActionSummaries": [], "NextPageToken": "again"}
        )
    with pytest.raises(MalformedResponse, match="the same page token twice"):
        list(catalog(client).list_service_actions_for_provisioning_artifact("prod-1", "pa-1"))


def test_products_are_searched_in_a_fixed_order_at_an_explicit_access_level(
    stubbed: tuple[BaseClient, Stubber],
) -> None:
    client, stubber = stubbed
    stubber.add_response(
        "search_provisioned_products",
        {"ProvisionedProducts": [{"Id": "pp-1"}]},
        {
            "AccessLevelFilter": {"Key": "Account", "Value": "self"},
            "SortBy": "id",
            "SortOrder": "ASCENDING",
            "PageSize": 100,
        },
    )
    assert [product["Id"] for product in catalog(client).search_provisioned_products()] == ["pp-1"]


def test_parameters_of_an_action_are_returned_with_their_defaults(stubbed: tuple[BaseClient, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_response(
        "describe_service_action_execution_parameters",
        {"ServiceActionParameters": [{"Name": "TARGET", "Type": "T", "DefaultValues": ["a"]}, {"Name": "Mode"}]},
        {"ProvisionedProductId": "pp-1", "ServiceActionId": "act-1"},
    )
    assert catalog(client).describe_service_action_execution_parameters("pp-1", "act-1") == [
        ExecutionParameter("TARGET", "T", ("a",)),
        ExecutionParameter("Mode", None, ()),
    ]


@pytest.mark.parametrize(
    ("status", "content_type", "body", "malformed"),
    [
        (200, "application/x-amz-json-1.1", b'{"RecordDetail": {}}', False),
        (200, "application/x-amz-json-1.1", b'{"RecordDetail": {"Rec', True),
        (200, "application/x-amz-json-1.1", b"", True),
        (200, "application/x-amz-json-1.1", b"[]", True),
        (200, "text/html", b"<html>", True),
        (200, "application/cbor", b"\xa0", False),
        (200, "application/cbor", b"", True),
        (200, "application/cbor", b"<html>", True),
        (400, "text/html", b"<html>", False),
    ],
)
def test_malformed_responses_are_detected(status: int, content_type: str, body: bytes, malformed: bool) -> None:
    response = SimpleNamespace(status_code=status, headers={"Content-Type": content_type}, content=body)
    assert transport._is_malformed(response) is malformed


@pytest.mark.parametrize(
    ("status", "body", "headers", "may_have_acted"),
    [
        (408, b"", {}, True),
        (403, b'{"error": "timeout"}', {}, True),
        (413, b"<html>", {}, True),
        (400, b'{"a": ' * 100_000 + b"__type", {}, True),
        (302, b"", {"Location": "/"}, False),
        (400, b'{"__type": "ValidationException"}', {}, False),
        (400, b'{"message": "no"}', {"x-amzn-ErrorType": "ValidationException"}, False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_only_an_error_with_a_code_says_that_nothing_was_started(
    status: int, body: bytes, headers: dict[str, str], may_have_acted: bool
) -> None:
    client = make_client()
    client.meta.events.register("before-send.servicecatalog", respond(status, body, HeadersDict(headers)))
    with transport.track_attempts(transport.Attempts()) as attempts, pytest.raises(SERVICE_ERRORS):
        catalog(client).execute_provisioned_product_service_action(REQUEST)
    assert attempts.may_have_acted is may_have_acted


@pytest.mark.parametrize(
    ("config", "environment", "attempts"),
    [
        ({"retries": {"mode": "standard"}}, None, 3),
        ({"retries": {"mode": "legacy"}}, None, 5),
        ({"retries": {"total_max_attempts": 2, "mode": "adaptive"}}, None, 2),
        ({"retries": {"mode": "standard"}}, "7", 7),
    ],
)
def test_a_malformed_response_is_retried_as_often_as_botocore_retries(
    monkeypatch: pytest.MonkeyPatch, config: dict, environment: Any, attempts: int
) -> None:
    if environment:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", environment)
    handlers: dict[str, Any] = {}

    def register(event: str, handler: Any, **_unique_id: Any) -> None:
        handlers[event] = handler

    events = SimpleNamespace(register=register, register_first=register, register_last=register)
    transport.install_response_checks(
        SimpleNamespace(meta=SimpleNamespace(config=make_client(**config).meta.config, events=events))
    )
    retry = handlers["needs-retry.servicecatalog"]
    malformed = SimpleNamespace(status_code=200, headers={}, content=b"{")
    delays = [
        retry(response=(malformed, {}), caught_exception=None, attempts=number) for number in range(1, attempts + 1)
    ]
    assert delays[-1] is None
    assert all(0 <= delay <= 20 for delay in delays[:-1])
