# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Input that violates the model, or does not match the world, is rejected with the service's own errors."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from emulator import Emulator

ORDERS = "pp-orders0000001"
RESTART = "act-restart000001"
EXECUTE = {"ProvisionedProductId": ORDERS, "ServiceActionId": RESTART}
ARTIFACT = {"ProductId": "prod-database00001", "ProvisioningArtifactId": "pa-database00001"}
SEARCH = "search_provisioned_products"
OUTPUTS = "get_provisioned_product_outputs"
HISTORY = "list_record_history"
RUN = "execute_provisioned_product_service_action"

NOT_IN_THE_MODEL = [
    ("describe_record", {}, "null"),
    ("describe_record", {"Id": ""}, "length greater than or equal to 1"),
    ("describe_record", {"Id": "r" * 101}, "length less than or equal to 100"),
    ("describe_record", {"Id": "rec 1"}, "regular expression pattern"),
    ("describe_record", {"Id": "rec-1\n"}, "regular expression pattern"),
    ("describe_record", {"Id": "rec-1", "PageSize": 21}, "less than or equal to 20"),
    ("describe_record", {"Id": "rec-1", "PageSize": -1}, "greater than or equal to 0"),
    ("describe_record", {"Id": "rec-1", "AcceptLanguage": "de"}, "en, jp, zh"),
    ("describe_provisioned_product", {"Name": "-orders"}, "regular expression pattern"),
    ("describe_provisioned_product", {"Name": "o" * 129}, "length less than or equal to 128"),
    (RUN, {**EXECUTE, "ExecuteToken": "-token"}, "regular expression pattern"),
    (RUN, {**EXECUTE, "ExecuteToken": "t" * 129}, "length less than or equal to 128"),
    (RUN, {**EXECUTE, "Parameters": {}}, "length greater than or equal to 1"),
    (RUN, {**EXECUTE, "Parameters": {f"P{n}": ["v"] for n in range(201)}}, "length less than or equal to 200"),
    (RUN, {**EXECUTE, "Parameters": {"": ["v"]}}, "length greater than or equal to 1"),
    (RUN, {**EXECUTE, "Parameters": {"P" * 51: ["v"]}}, "length less than or equal to 50"),
    (RUN, {**EXECUTE, "Parameters": {"Mode": ["v"] * 26}}, "length less than or equal to 25"),
    (RUN, {**EXECUTE, "Parameters": {"Mode": ["v" * 513]}}, "length less than or equal to 512"),
    pytest.param(RUN, {**EXECUTE, "Parameters": {"Mode": [True]}}, "type string", marks=pytest.mark.json),
    (SEARCH, {"PageSize": 101}, "less than or equal to 100"),
    pytest.param(SEARCH, {"PageSize": True}, "type integer", marks=pytest.mark.json),
    (SEARCH, {"SortBy": "id", "SortOrder": "UPWARDS"}, "enum value set"),
    (SEARCH, {"AccessLevelFilter": {"Key": "Everyone", "Value": "self"}}, "enum value set"),
    (SEARCH, {"Filters": {"Query": ["a"]}}, "enum value set"),
    (HISTORY, {"PageSize": 21}, "less than or equal to 20"),
    (OUTPUTS, {"ProvisionedProductId": ORDERS, "PageSize": 21}, "less than or equal to 20"),
    (OUTPUTS, {"ProvisionedProductId": ORDERS, "OutputKeys": ["k"] * 61}, "length less than or equal to 60"),
    (OUTPUTS, {"ProvisionedProductId": "pp 1"}, "regular expression pattern"),
    (OUTPUTS, {"ProvisionedProductName": "-orders"}, "regular expression pattern"),
    ("scan_provisioned_products", {"PageSize": 21}, "less than or equal to 20"),
    ("list_service_actions", {"PageSize": 21}, "less than or equal to 20"),
    ("list_service_actions_for_provisioning_artifact", {**ARTIFACT, "PageSize": 21}, "less than or equal to 20"),
]

NOT_IN_THE_WORLD = [
    ("describe_record", {"Id": "rec-none"}, "ResourceNotFoundException"),
    ("describe_service_action", {"Id": "act-none"}, "ResourceNotFoundException"),
    ("describe_provisioned_product", {"Id": "pp-none"}, "ResourceNotFoundException"),
    ("describe_provisioned_product", {"Name": "none"}, "ResourceNotFoundException"),
    ("describe_provisioned_product", {}, "InvalidParametersException"),
    ("describe_provisioned_product", {"Id": ORDERS, "Name": "orders-db"}, "InvalidParametersException"),
    (OUTPUTS, {}, "InvalidParametersException"),
    (
        OUTPUTS,
        {"ProvisionedProductId": ORDERS, "ProvisionedProductName": "orders-db"},
        "InvalidParametersException",
    ),
    (OUTPUTS, {"ProvisionedProductId": "pp-none"}, "ResourceNotFoundException"),
    (OUTPUTS, {"ProvisionedProductName": "none"}, "ResourceNotFoundException"),
    (OUTPUTS, {"ProvisionedProductId": ORDERS, "PageToken": "bogus"}, "InvalidParametersException"),
    (
        "list_service_actions_for_provisioning_artifact",
        {**ARTIFACT, "ProductId": "prod-none"},
        "ResourceNotFoundException",
    ),
    (
        "list_service_actions_for_provisioning_artifact",
        {**ARTIFACT, "ProvisioningArtifactId": "pa-none"},
        "ResourceNotFoundException",
    ),
    (
        "describe_service_action_execution_parameters",
        {**EXECUTE, "ServiceActionId": "act-none"},
        "ResourceNotFoundException",
    ),
    (RUN, {**EXECUTE, "ProvisionedProductId": "pp-none"}, "ResourceNotFoundException"),
    (RUN, {**EXECUTE, "ServiceActionId": "act-none"}, "ResourceNotFoundException"),
    (
        RUN,
        {"ProvisionedProductId": "pp-terraform0001", "ServiceActionId": "act-backup0000001"},
        "ResourceNotFoundException",
    ),
    (RUN, {**EXECUTE, "ProvisionedProductId": "pp-terraform0001"}, "InvalidParametersException"),
    (RUN, {**EXECUTE, "ProvisionedProductId": "pp-legacy0000001"}, "InvalidStateException"),
    (RUN, {**EXECUTE, "ProvisionedProductId": "pp-bare00000001"}, "InvalidParametersException"),
    (SEARCH, {"SortBy": "shoeSize"}, "ValidationException"),
    (SEARCH, {"SortBy": "createdTime"}, "ValidationException"),
    (SEARCH, {"SortOrder": "ASCENDING"}, "ValidationException"),
    (SEARCH, {"Filters": {"SearchQuery": ["shoeSize:44"]}}, "InvalidParametersException"),
    (SEARCH, {"Filters": {"SearchQuery": [" "]}}, "InvalidParametersException"),
    (SEARCH, {"AccessLevelFilter": {"Key": "User", "Value": "someone"}}, "InvalidParametersException"),
    (SEARCH, {"AccessLevelFilter": {"Value": "self"}}, "InvalidParametersException"),
    (HISTORY, {"SearchFilter": {"Key": "status", "Value": "FAILED"}}, "InvalidParametersException"),
    (HISTORY, {"SearchFilter": {"Key": "product"}}, "InvalidParametersException"),
]


def refusal(client: BaseClient, method: str, members: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**members)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RequestId"]
    error: dict[str, str] = caught.value.response["Error"]
    return error


@pytest.mark.parametrize(("method", "members", "text"), NOT_IN_THE_MODEL)
def test_input_that_violates_the_model_is_rejected(
    client: BaseClient, emulator: Emulator, method: str, members: dict[str, Any], text: str
) -> None:
    error = refusal(client, method, members)
    assert error["Code"] == "ValidationException"
    assert text in error["Message"]
    assert not emulator.records()


@pytest.mark.parametrize(("method", "members", "code"), NOT_IN_THE_WORLD)
def test_input_that_does_not_match_the_world_is_rejected(
    client: BaseClient, emulator: Emulator, method: str, members: dict[str, Any], code: str
) -> None:
    assert refusal(client, method, members)["Code"] == code
    assert [call["error_code"] for call in emulator.calls()] == [code]
    assert not emulator.records()


@pytest.mark.parametrize("status", ["UNDER_CHANGE", "PLAN_IN_PROGRESS", "ERROR"])
def test_a_product_that_is_not_available_rejects_actions(client: BaseClient, emulator: Emulator, status: str) -> None:
    emulator.update_product(ORDERS, status=status)
    error = refusal(client, RUN, EXECUTE)
    assert error["Code"] == "InvalidStateException"
    assert status in error["Message"]


@pytest.mark.parametrize("status", ["PLAN_IN_PROGRESS", "ERROR"])
def test_a_product_that_was_never_provisioned_has_no_outputs(
    client: BaseClient, emulator: Emulator, status: str
) -> None:
    bare = "pp-bare00000001"
    assert client.get_provisioned_product_outputs(ProvisionedProductId=bare)["Outputs"] == []
    for product in (bare, ORDERS):
        emulator.update_product(product, status=status)
    error = refusal(client, OUTPUTS, {"ProvisionedProductId": bare})
    assert error == {
        "Code": "InvalidParametersException",
        "Message": "Last Successful Provisioning Record doesn't exist.",
    }
    assert client.get_provisioned_product_outputs(ProvisionedProductName="orders-db")["Outputs"]


@pytest.mark.parametrize("product", [ORDERS, "pp-billing000001"])
def test_an_available_product_accepts_actions(execute: Callable[..., dict[str, Any]], product: str) -> None:
    assert execute(ProvisionedProductId=product)["ProvisionedProductId"] == product


@pytest.mark.parametrize("parameters", [{"Shoes": ["s3cret-44"]}, {"TARGET": ["db-orders-1", "s3cret-44"]}])
def test_invalid_parameters_are_echoed_in_the_error(client: BaseClient, parameters: dict[str, list[str]]) -> None:
    error = refusal(client, RUN, {**EXECUTE, "Parameters": parameters})
    assert error["Code"] == "InvalidParametersException"
    assert "s3cret-44" in error["Message"]


def test_the_target_can_be_set(emulator: Emulator, execute: Callable[..., dict[str, Any]]) -> None:
    execute(Parameters={"TARGET": ["db-orders-1"]})
    assert emulator.records()[0]["Parameters"] == {"TARGET": ["db-orders-1"]}
