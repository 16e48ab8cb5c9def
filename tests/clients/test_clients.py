# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator works with clients other than boto3: every operation, pagination, errors and signatures."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

import pytest
from emulator import Emulator
from emulator.operations import OPERATIONS

Members = dict[str, Any]
ORDERS, RESTART, ACCOUNT = "pp-orders0000001", "act-restart000001", "123456789012"
EXECUTE = "ExecuteProvisionedProductServiceAction"
ACTION = {"ProvisionedProductId": ORDERS, "ServiceActionId": RESTART}
START = {**ACTION, "ExecuteToken": "token-1"}
ARTIFACT = {"ProductId": "prod-database00001", "ProvisioningArtifactId": "pa-database00001"}
ROLE = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/Fleet", "RoleSessionName": "clients"}
SUMMARY = {"Id": RESTART, "Name": "Restart", "DefinitionType": "SSM_AUTOMATION"}
MODE = {"Name": "Mode", "Type": "TEXT_VALUE", "DefaultValues": ["graceful"]}
ENDPOINT = {"OutputKey": "Endpoint", "OutputValue": "orders.db.example.com"}
PRODUCT = {"Id": ORDERS, "Name": "orders-db", "Status": "AVAILABLE"}
RECORD = {"ProvisionedProductId": ORDERS, "Status": "SUCCEEDED", "RecordErrors": []}
TAGS = [{"Key": "team", "Value": "orders"}, {"Key": "env", "Value": "prod"}]

# The members of each operation's request, and some of the expected members of its response. RECORD stands for the id of
# a record.
CALLS: dict[str, tuple[Members, Members]] = {
    EXECUTE: (
        {**START, "Parameters": {"Mode": ["fast"]}},
        {"RecordDetail": {**RECORD, "Status": "CREATED", "RecordTags": TAGS}},
    ),
    "DescribeServiceActionExecutionParameters": (
        ACTION,
        {"ServiceActionParameters": [{"Name": "TARGET", "DefaultValues": ["db-orders-1"]}, MODE]},
    ),
    "DescribeRecord": ({"Id": "RECORD"}, {"RecordDetail": RECORD, "RecordOutputs": [{}, {"OutputKey": "RestartedAt"}]}),
    "ListRecordHistory": (
        {
            "SearchFilter": {"Key": "provisionedproduct", "Value": ORDERS},
            "AccessLevelFilter": {"Key": "User", "Value": "self"},
        },
        {"RecordDetails": [RECORD, {}, {}]},
    ),
    "ListServiceActionsForProvisioningArtifact": (ARTIFACT, {"ServiceActionSummaries": [SUMMARY, {}, {}, {}]}),
    "DescribeProvisionedProduct": (
        {"Name": "orders-db"},
        {"ProvisionedProductDetail": PRODUCT, "CloudWatchDashboards": []},
    ),
    "GetProvisionedProductOutputs": (
        {"ProvisionedProductId": ORDERS, "OutputKeys": ["Endpoint"]},
        {"Outputs": [{**ENDPOINT, "Description": "The address of the database"}]},
    ),
    "SearchProvisionedProducts": (
        {"SortBy": "name", "SortOrder": "DESCENDING", "Filters": {"SearchQuery": ["name:*s-db"]}},
        {"ProvisionedProducts": [{**PRODUCT, "Tags": TAGS}], "TotalResultsCount": 1},
    ),
    "ScanProvisionedProducts": ({}, {"ProvisionedProducts": [PRODUCT, {}, {}, {}, {}]}),
    "ListServiceActions": ({}, {"ServiceActionSummaries": [SUMMARY, {}, {}, {}]}),
    "DescribeServiceAction": (
        {"Id": RESTART},
        {"ServiceActionDetail": {"ServiceActionSummary": SUMMARY, "Definition": {"AssumeRole": "LAUNCH_ROLE"}}},
    ),
    "GetCallerIdentity": ({}, {"Account": ACCOUNT}),
    "AssumeRole": (
        {**ROLE, "DurationSeconds": 900},
        {"AssumedRoleUser": {"Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Fleet/clients"}},
    ),
}
# Operations that clients paginate: members of the request, the list in the response, and its number of items.
PAGED: dict[str, tuple[Members, str, int]] = {
    "ListRecordHistory": ({}, "RecordDetails", 3),
    "ListServiceActionsForProvisioningArtifact": (ARTIFACT, "ServiceActionSummaries", 4),
    "ScanProvisionedProducts": ({}, "ProvisionedProducts", 5),
    "ListServiceActions": ({}, "ServiceActionSummaries", 4),
}
# Operations that clients do not paginate: the response has one page and the token of the next one.
PAGED_BY_HAND: dict[str, tuple[Members, str, int]] = {
    "DescribeRecord": ({"Id": "RECORD"}, "RecordOutputs", 2),
    "GetProvisionedProductOutputs": ({"ProvisionedProductId": ORDERS}, "Outputs", 2),
    "SearchProvisionedProducts": ({"SortBy": "id"}, "ProvisionedProducts", 5),
}
MODELED = ("InvalidParametersException", "InvalidStateException", "ResourceNotFoundException")


def select(expected: Any, found: Any) -> Any:
    """Return only the expected members of a response. Lists must have the expected length."""
    if isinstance(expected, dict):
        return {name: select(value, found.get(name)) for name, value in expected.items()}
    if isinstance(expected, list) and len(expected) == len(found):
        return [select(*pair) for pair in zip(expected, found)]
    return found


def with_record(members: Members, records: list[str]) -> Members:
    return {name: records[0] if value == "RECORD" else value for name, value in members.items()}


@pytest.mark.parametrize("operation", [each for operations in OPERATIONS.values() for each in operations])
def test_every_operation_is_understood(client: Any, records: list[str], operation: str) -> None:
    members, expected = CALLS[operation]
    found = client.call(operation, with_record(members, records))
    assert select(expected, found) == expected


def test_parameters_and_times_arrive(client: Any, emulator: Emulator) -> None:
    parameters = {"Mode": ["fast", "h\u00f6fer"]}
    started = client.call(EXECUTE, {**START, "Parameters": parameters})["RecordDetail"]
    (record,) = emulator.records()
    assert record["Parameters"] == parameters
    found = datetime.fromisoformat(started["CreatedTime"]).timestamp()
    assert (started["RecordId"], found) == (record["RecordId"], pytest.approx(record["CreatedTime"], abs=0.001))


def count_different(items: list[Any]) -> int:
    return len({json.dumps(each) for each in items})


@pytest.mark.parametrize("operation", PAGED)
@pytest.mark.usefixtures("records")
def test_a_client_reads_all_pages(client: Any, emulator: Emulator, operation: str) -> None:
    members, listed, count = PAGED[operation]
    emulator.set(page_size=2)
    assert count_different(client.call(operation, members)[listed]) == count
    assert len(emulator.calls(operation)) == math.ceil(count / 2)


@pytest.mark.parametrize("operation", PAGED_BY_HAND)
def test_page_tokens_lead_to_all_pages(client: Any, records: list[str], operation: str) -> None:
    members, listed, count = PAGED_BY_HAND[operation]
    asked = {**with_record(members, records), "PageSize": math.ceil(count / 2)}
    first = client.call(operation, asked)
    second = client.call(operation, {**asked, "PageToken": first["NextPageToken"]})
    assert count_different(first[listed] + second[listed]) == count
    assert "NextPageToken" not in second


@pytest.mark.parametrize(
    ("operation", "members", "code", "text"),
    [
        ("DescribeRecord", {"Id": "rec-none"}, "ResourceNotFoundException", "No record found with id: rec-none"),
        (EXECUTE, {**START, "ProvisionedProductId": "pp-legacy0000001"}, "InvalidStateException", "pp-legacy0000001"),
        ("ScanProvisionedProducts", {"PageToken": "x"}, "InvalidParametersException", "Invalid page token: x"),
        (
            "ListPortfolios",
            {},
            "UnknownOperationException",
            "The emulator does not support the operation ListPortfolios",
        ),
        ("DescribeRecord", {"Id": "a b"}, "ValidationException", "'a b' at 'id'"),
        ("ListServiceActions", {}, "AccessDeniedException", "to perform: servicecatalog:ListServiceActions"),
        ("AssumeRole", {**ROLE, "RoleSessionName": "a b"}, "ValidationError", "'a b' at 'roleSessionName'"),
    ],
)
def test_an_error_is_told_by_its_code_and_text(
    client: Any, emulator: Emulator, operation: str, members: Members, code: str, text: str
) -> None:
    emulator.fault("ListServiceActions", "access_denied")
    refused = client.refusal(operation, members)
    assert str(refused).startswith(f"An error occurred ({code}) when calling the {operation} operation: ")
    assert text in str(refused)
    # aiobotocore has exception classes only for errors in the service's model.
    assert refused.kind in {"exit code 255", code if code in MODELED else "ClientError"}


def test_a_throttled_call_is_sent_again_with_the_same_token(client: Any, emulator: Emulator) -> None:
    emulator.fault(EXECUTE, "throttling", calls=[1])
    members = {name: value for name, value in START.items() if name != "ExecuteToken"}
    client.call(EXECUTE, members)
    sent = [call["parameters"]["ExecuteToken"] for call in emulator.calls()]
    assert sent == [sent[0]] * 2


@pytest.mark.parametrize(
    ("connection", "code", "text"),
    [
        ({"secret_key": "wrong"}, "InvalidSignatureException", "The request signature we calculated does not match"),
        (
            {"access_key": "AKIDOTHER"},
            "UnrecognizedClientException",
            "The security token included in the request is invalid",
        ),
        ({"access_key": ""}, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        ({"region": "eu-west-1"}, "InvalidSignatureException", "Credential should be scoped to a valid region"),
    ],
)
def test_a_call_must_be_signed_with_the_secret_for_a_region_of_the_service(
    client: Any, emulator: Emulator, connection: dict[str, str], code: str, text: str
) -> None:
    emulator.set(regions=["us-east-1"])
    refused = client.refusal("ScanProvisionedProducts", {}, **connection)
    assert f"({code}) when calling the ScanProvisionedProducts operation: {text}" in str(refused)


def test_an_old_signature_is_refused(client: Any, emulator: Emulator) -> None:
    emulator.set(signature_seconds=0)
    refused = client.refusal("GetCallerIdentity", {})
    assert "(SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature expired" in str(refused)
