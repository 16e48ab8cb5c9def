# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire protocol: signatures, unknown operations, and responses that conform to botocore's model."""

from __future__ import annotations

import http.client
import json
import logging
import time
import urllib.parse
from typing import Any, Callable

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from emulator import Emulator
from emulator.operations import OPERATIONS

Connect = Callable[..., BaseClient]
KEYS = ("AKIDCONFIGURED", "a-configured-secret")
SIGNED = "host;x-amz-date;x-amz-target"


def date(age: float = 0) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - age))


def authorization(service: str = "servicecatalog", signed: str = SIGNED, region: str = "us-east-1") -> str:
    scope = f"AKIDEXAMPLE/DAY/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, Signature={'0' * 64}"


HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AWS242ServiceCatalogService.ListServiceActions",
    "Authorization": authorization(),
}


def send(url: str, body: Any = "{}", *, path: str = "/", **headers: str | None) -> http.client.HTTPResponse:
    """Send a request signed today with some headers replaced (None removes one), and return the response."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=20)
    wanted = {**HEADERS, "X-Amz-Date": date(), **{name.replace("_", "-"): value for name, value in headers.items()}}
    wanted = {name: value.replace("DAY", date()[:8]) for name, value in wanted.items() if value is not None}
    connection.request("POST", path, body, wanted)
    return connection.getresponse()


def post(url: str, body: Any = "{}", *, path: str = "/", **headers: str | None) -> tuple[int, dict[str, Any]]:
    """Send a request like send(), and return the status and the decoded JSON."""
    with send(url, body, path=path, **headers) as response:
        return response.status, json.loads(response.read())


@pytest.fixture(scope="module")
def guarded() -> Any:
    with Emulator(clock="manual", access_key=KEYS[0], secret_key=KEYS[1]) as running:
        yield running


def error_code(call: Callable[..., Any], **members: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**members)
    return str(caught.value.response["Error"]["Code"])


def test_a_plain_request_succeeds(emulator: Emulator) -> None:
    status, response = post(emulator.url)
    assert status == 200
    assert len(response["ServiceActionSummaries"]) == 4


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Authorization": None}, "MissingAuthenticationTokenException"),
        ({"Authorization": "Basic YTpi"}, "InvalidSignatureException"),
        ({"Authorization": authorization("sts")}, "InvalidSignatureException"),
        ({"Authorization": authorization(signed="x-amz-date;x-amz-target")}, "InvalidSignatureException"),
        ({"Authorization": authorization(signed="host;x-amz-target")}, "InvalidSignatureException"),
        ({"Authorization": authorization(signed="host;x-amz-date")}, "InvalidSignatureException"),
        ({"X_Amz_Security_Token": "unsigned"}, "InvalidSignatureException"),
        ({"Authorization": authorization(region="us-east1")}, "InvalidSignatureException"),
        ({"X_Amz_Date": None}, "InvalidSignatureException"),
        ({"X_Amz_Date": "20250101T000000Z"}, "InvalidSignatureException"),
        ({"X_Amz_Date": "DAY-midnight"}, "InvalidSignatureException"),
        ({"Content_Type": "application/json"}, "SerializationException"),
        ({"X_Amz_Target": None}, "UnknownOperationException"),
        ({"X_Amz_Target": "ServiceCatalog.ListServiceActions"}, "UnknownOperationException"),
        ({"X_Amz_Target": "AWS242ServiceCatalogService.ListEverything"}, "UnknownOperationException"),
        ({"X_Amz_Target": "AWS242ServiceCatalogService.ListPortfolios"}, "UnknownOperationException"),
        ({"path": "/actions"}, "UnknownOperationException"),
    ],
)
def test_invalid_requests_are_rejected(emulator: Emulator, headers: dict[str, str | None], code: str) -> None:
    status, response = post(emulator.url, **headers)  # type: ignore[arg-type]
    assert (status, response["__type"]) == (400, code)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("{", "SerializationException", "can't be read"),
        ("[]", "SerializationException", "not an object"),
        ("\ufeff{}".encode(), "SerializationException", "BOM"),
        ("{}".encode("utf-16"), "SerializationException", "can't be read"),
        ('{"PageSize": NaN}', "SerializationException", "NaN"),
        ('{"PageSize": ' + "[" * 40 + "]" * 40 + "}", "SerializationException", "nested too deeply"),
        ('{"a":' * 100_000, "SerializationException", "can't be read"),
        ('{"PageSize": null, "PageToken": null, "AcceptLanguage": "xx"}', "ValidationException", "1 validation error"),
        ('{"Shoes": 44}', "ValidationException", "'shoes' failed to satisfy constraint: Member is unknown"),
        ('{"PageSize": "1"}', "ValidationException", "type integer"),
        ('{"PageSize": 99, "PageToken": 7}', "ValidationException", "2 validation errors detected"),
    ],
)
def test_invalid_bodies_are_rejected(emulator: Emulator, body: str | bytes, code: str, text: str) -> None:
    status, response = post(emulator.url, body)
    assert (status, response["__type"]) == (400, code)
    assert text in response["Message"]


def test_parameters_must_be_lists(emulator: Emulator) -> None:
    members = {
        "ProvisionedProductId": "pp-orders0000001",
        "ServiceActionId": "act-restart000001",
        "ExecuteToken": "t",
        "Parameters": {"Mode": "fast"},
    }
    operation = "AWS242ServiceCatalogService.ExecuteProvisionedProductServiceAction"
    status, response = post(emulator.url, json.dumps(members), X_Amz_Target=operation)
    assert status == 400
    assert "'parameters.Mode.member' failed to satisfy constraint: Member must be of type list" in response["Message"]


def test_null_members_are_ignored(emulator: Emulator) -> None:
    operation = "AWS242ServiceCatalogService."
    members = {"Id": "pp-orders0000001", "Name": None, "AcceptLanguage": None}
    describe, search = f"{operation}DescribeProvisionedProduct", f"{operation}SearchProvisionedProducts"
    assert post(emulator.url, json.dumps(members), X_Amz_Target=describe)[0] == 200
    given = {"Filters": None, "AccessLevelFilter": {"Key": None, "Value": "self"}, "SortBy": None}
    status, response = post(emulator.url, json.dumps(given), X_Amz_Target=search)
    assert (status, response["__type"]) == (400, "InvalidParametersException")
    status, response = post(emulator.url, '{"Id": null}', X_Amz_Target=f"{operation}DescribeRecord")
    assert (status, response["__type"]) == (400, "ValidationException")


@pytest.mark.parametrize("age", [0, 299, -290])
def test_a_signature_is_valid_for_five_minutes(emulator: Emulator, age: float) -> None:
    emulator.advance(86400)
    assert post(emulator.url, X_Amz_Date=date(age), Authorization=of_day(age))[0] == 200


@pytest.mark.parametrize(("age", "text"), [(302, "Signature expired"), (-310, "Signature not yet current")])
def test_a_signature_from_another_time_is_rejected_unless_a_switch_allows_it(
    emulator: Emulator, age: float, text: str
) -> None:
    headers = {"X_Amz_Date": date(age), "Authorization": of_day(age)}
    status, response = post(emulator.url, **headers)
    assert (status, response["__type"]) == (400, "InvalidSignatureException")
    assert text in response["Message"]
    emulator.set(signature_seconds=None)
    assert post(emulator.url, **headers)[0] == 200


def of_day(age: float) -> str:
    return authorization().replace("DAY", date(age)[:8])


def test_an_endpoint_can_serve_only_some_regions(emulator: Emulator) -> None:
    emulator.set(regions=["eu-west-1", "us-gov-west-1"])
    assert post(emulator.url)[1]["Message"] == "Credential should be scoped to a valid region."
    assert post(emulator.url, Authorization=authorization(region="us-gov-west-1"))[0] == 200


def test_an_unknown_operation_is_not_retried(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator.url, retries={"total_max_attempts": 5, "mode": "standard"})
    assert error_code(client.list_portfolios) == "UnknownOperationException"
    (call,) = emulator.calls()
    assert (call["operation"], call["status"], call["error_code"]) == (
        "ListPortfolios",
        400,
        "UnknownOperationException",
    )


@pytest.mark.parametrize("service", ["servicecatalog", "sts"])
def test_configured_keys_are_verified(guarded: Emulator, connect: Connect, service: str) -> None:
    method, codes = {
        "servicecatalog": ("list_service_actions", ("UnrecognizedClientException", "InvalidSignatureException")),
        "sts": ("get_caller_identity", ("InvalidClientTokenId", "SignatureDoesNotMatch")),
    }[service]
    assert getattr(connect(guarded.url, service, keys=KEYS), method)()
    unknown = connect(guarded.url, service, keys=("AKIDOTHER", KEYS[1]))
    forged = connect(guarded.url, service, keys=(KEYS[0], "another-secret"))
    assert (error_code(getattr(unknown, method)), error_code(getattr(forged, method))) == codes


def test_a_modified_body_fails_the_verification(guarded: Emulator, connect: Connect) -> None:
    client = connect(guarded.url, keys=KEYS)

    def tamper(request: Any, **_kwargs: Any) -> None:
        request.body = b'{"PageSize": 20}'
        request.headers["Content-Length"] = "16"

    client.meta.events.register("before-send.servicecatalog", tamper)
    assert error_code(client.list_service_actions, PageSize=10) == "InvalidSignatureException"


def test_the_caller_identity_is_returned(emulator: Emulator, connect: Connect) -> None:
    sts = connect(emulator.url, "sts")
    identity = sts.get_caller_identity()
    assert identity["Account"] == "123456789012"
    assert identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/SelfService/demo"
    assert error_code(sts.get_session_token) == "InvalidAction"
    for fault, status in (("access_denied", 403), ("expired_token", 403), ("throttling", 400)):
        emulator.fault("GetCallerIdentity", fault, calls=[1])
        with pytest.raises(ClientError) as caught:
            sts.get_caller_identity()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    emulator.fault("GetCallerIdentity", "throttling")
    assert error_code(sts.get_caller_identity) == "Throttling"


@pytest.mark.parametrize(
    ("switch", "asked", "lasts"), [(None, {}, 3600), (None, {"DurationSeconds": 900}, 900), (60, {}, 60)]
)
def test_credentials_of_an_assumed_role_expire_by_this_machines_clock(
    emulator: Emulator, connect: Connect, switch: float | None, asked: dict[str, int], lasts: float
) -> None:
    emulator.set(session_seconds=switch)
    emulator.advance(86400)
    sts = connect(emulator.url, "sts")
    given = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/Fleet", RoleSessionName="me", **asked)
    assert given["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/Fleet/me"
    assert given["Credentials"]["Expiration"].timestamp() == pytest.approx(time.time() + lasts, abs=30)
    assert error_code(sts.assume_role, RoleArn="short", RoleSessionName="me") == "ValidationError"
    emulator.fault("AssumeRole", "access_denied")
    denied = error_code(sts.assume_role, RoleArn="arn:aws:iam::123456789012:role/Fleet", RoleSessionName="me")
    assert denied == "AccessDenied"


def test_a_response_that_does_not_fit_the_model_is_an_error(
    client: BaseClient, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    assert emulator.output_violations() == []
    emulator.update_product("pp-orders0000001", status="BROKEN")
    with caplog.at_level(logging.ERROR, logger="emulator"):
        assert error_code(client.describe_provisioned_product, Id="pp-orders0000001") == "InternalFailure"
    (violation,) = emulator.output_violations()
    assert "'provisionedProductDetail.status' failed to satisfy constraint" in violation
    assert "violates botocore's model" in caplog.text


def test_every_operation_exists_in_botocores_model(client: BaseClient) -> None:
    assert set(OPERATIONS["servicecatalog"]) <= set(client.meta.service_model.operation_names)
