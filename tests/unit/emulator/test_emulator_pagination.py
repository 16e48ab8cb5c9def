# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pagination: page sizes, ordered and unordered pages, and page tokens that are valid only for their own search."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from emulator import Emulator
from emulator.world import DEMO, read_world

Execute = Callable[..., dict[str, Any]]
OTHER = "arn:aws:sts::123456789012:assumed-role/SelfService/someone"
STRANGER = "arn:aws:iam::123456789012:user/stranger"
FLEET: dict[str, Any] = {
    "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": 3}}],
    "products": [
        {
            "id": "prod-1",
            "name": "Web Server",
            "artifacts": [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}],
        }
    ],
    "generated": [
        {
            "count": 25,
            "id": "pp-{n}",
            "name": "web-{n:05}",
            "product": "prod-1",
            "artifact": "pa-1",
            "tags": {"n": "{n}"},
        },
        {"count": 3, "id": "pp-o{n}", "name": "other-{n}", "product": "prod-1", "artifact": "pa-1", "user_arn": OTHER},
        {"count": 2, "id": "pp-s{n}", "name": "odd-{n}", "product": "prod-1", "artifact": "pa-1", "user_arn": STRANGER},
    ],
}


@pytest.fixture
def fleet(emulator: Emulator) -> Emulator:
    emulator.reset(FLEET)
    return emulator


def pages(call: Callable[..., dict[str, Any]], member: str, **members: Any) -> list[list[dict[str, Any]]]:
    found = []
    more: dict[str, str] = {}
    while True:
        response = call(**members, **more)
        found.append(response[member])
        if "NextPageToken" not in response:
            return found
        more = {"PageToken": response["NextPageToken"]}


def ids(found: list[list[dict[str, Any]]], key: str = "Id") -> list[str]:
    return [item[key] for page in found for item in page]


def refused(call: Callable[..., Any], **members: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**members)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.usefixtures("fleet")
def test_a_search_without_an_order_omits_and_repeats_products(client: BaseClient) -> None:
    found = ids(pages(client.search_provisioned_products, "ProvisionedProducts", PageSize=10))
    assert len(found) == 30
    assert len(set(found)) < 30


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("field", ["id", "name", "arn", "lastRecordId"])
def test_a_search_with_an_order_is_complete(client: BaseClient, field: str) -> None:
    search = client.search_provisioned_products
    found = ids(pages(search, "ProvisionedProducts", PageSize=7, SortBy=field))
    assert len(found) == len(set(found)) == 30
    back = ids(pages(search, "ProvisionedProducts", PageSize=7, SortBy=field, SortOrder="DESCENDING"))
    assert back == found[::-1]


@pytest.mark.usefixtures("fleet")
def test_products_are_created_in_the_order_of_the_world(client: BaseClient) -> None:
    response = client.search_provisioned_products(SortBy="id")
    assert (len(response["ProvisionedProducts"]), response["TotalResultsCount"]) == (20, 30)
    products = client.search_provisioned_products(SortBy="id", PageSize=100)["ProvisionedProducts"]
    oldest_first = sorted(products, key=lambda product: product["CreatedTime"])
    assert [product["Id"] for product in oldest_first[:3]] == ["pp-1", "pp-2", "pp-3"]


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ([], 30),
        (["name:web-00007"], 1),
        (["name:WEB-00007"], 1),
        (["name:web-0000*"], 9),
        (["name:web"], 0),
        (["name:web-0000?"], 0),
        (["web"], 30),
        (["other"], 3),
        (["name:web-0000*", "tags:n=7"], 1),
        (["tags:7"], 1),
        (["productName:web server"], 30),
        (["userArn:*stranger"], 2),
        (["createdTime:2026-01-01T00:00:0*"], 10),
        (["idempotencyToken:none"], 0),
        (["status:AVAILABLE", "other-1"], 1),
    ],
)
def test_search_terms_select_products(client: BaseClient, query: list[str], count: int) -> None:
    response = client.search_provisioned_products(Filters={"SearchQuery": query}, SortBy="id")
    assert response["TotalResultsCount"] == count


@pytest.mark.parametrize(("choice", "count"), [("all", 0), ("any", 2)])
def test_how_search_terms_combine_is_a_switch(client: BaseClient, emulator: Emulator, choice: str, count: int) -> None:
    emulator.set(search_terms=choice)
    query = ["name:orders-db", "name:billing-db"]
    found = client.search_provisioned_products(Filters={"SearchQuery": query}, SortBy="id")
    assert len(found["ProvisionedProducts"]) == count


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(("level", "count"), [(None, 30), ("Account", 30), ("Role", 28), ("User", 25)])
def test_search_access_levels(client: BaseClient, level: str | None, count: int) -> None:
    access = {"AccessLevelFilter": {"Key": level, "Value": "self"}} if level else {}
    assert client.search_provisioned_products(**access)["TotalResultsCount"] == count


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(("level", "count"), [(None, 25), ("Account", 30), ("Role", 28), ("User", 25)])
def test_scan_access_levels(client: BaseClient, level: str | None, count: int) -> None:
    access = {"AccessLevelFilter": {"Key": level, "Value": "self"}} if level else {}
    found = ids(pages(client.scan_provisioned_products, "ProvisionedProducts", **access))
    assert len(found) == len(set(found)) == count


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(("level", "count"), [(None, 1), ("Account", 3), ("Role", 2), ("User", 1)])
def test_history_access_levels(client: BaseClient, execute: Execute, level: str | None, count: int) -> None:
    for product in ("pp-1", "pp-o1", "pp-s1"):
        execute(ProvisionedProductId=product, ServiceActionId="act-1")
    access = {"AccessLevelFilter": {"Key": level, "Value": "self"}} if level else {}
    assert len(client.list_record_history(**access)["RecordDetails"]) == count


@pytest.mark.parametrize("order", ["newest", "oldest", "random"])
def test_the_history_can_have_any_order(client: BaseClient, fleet: Emulator, execute: Execute, order: str) -> None:
    started = []
    for number in range(1, 26):
        started.append(execute(ProvisionedProductId=f"pp-{number}", ServiceActionId="act-1")["RecordId"])
        fleet.advance(1)
    fleet.set(history_order=order)
    found = ids(pages(client.list_record_history, "RecordDetails", PageSize=10), "RecordId")
    assert len(found) == 25
    if order == "random":
        assert found not in (started, started[::-1])
    else:
        assert found == (started if order == "oldest" else started[::-1])


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("key", "value", "count"),
    [
        ("provisionedproduct", "pp-1", 2),
        ("provisionedproduct", "pp-9", 0),
        ("product", "prod-1", 3),
        ("product", "x", 0),
    ],
)
def test_history_filters(client: BaseClient, execute: Execute, key: str, value: str, count: int) -> None:
    for product in ("pp-1", "pp-2", "pp-1"):
        execute(ProvisionedProductId=product, ServiceActionId="act-1")
    assert len(client.list_record_history(SearchFilter={"Key": key, "Value": value})["RecordDetails"]) == count


def test_outputs_are_returned_in_pages(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    emulator.update_product("pp-orders0000001", run={"outputs": {f"Key{n:02}": str(n) for n in range(25)}})
    record = execute()["RecordId"]
    emulator.advance(4)
    found = pages(client.describe_record, "RecordOutputs", Id=record)
    assert [len(page) for page in found] == [20, 5]
    assert ids(found, "OutputKey") == [f"Key{n:02}" for n in range(25)]


def test_the_outputs_of_a_product_are_returned_in_pages(client: BaseClient, emulator: Emulator) -> None:
    outputs = [{"key": f"Key{n:02}", "value": str(n), "description": f"No. {n}"} for n in range(25)]
    emulator.reset({**FLEET, "generated": [{**FLEET["generated"][0], "outputs": outputs}]})
    read = client.get_provisioned_product_outputs
    found = pages(read, "Outputs", ProvisionedProductId="pp-1")
    assert [len(page) for page in found] == [20, 5]
    assert found[1][4] == {"OutputKey": "Key24", "OutputValue": "24", "Description": "No. 24"}
    some = pages(read, "Outputs", ProvisionedProductName="web-00001", OutputKeys=["Key07", "None", "Key01"])
    assert ids(some, "OutputKey") == ["Key01", "Key07"]
    token = read(ProvisionedProductId="pp-1", PageSize=5)["NextPageToken"]
    assert refused(read, ProvisionedProductId="pp-2", PageToken=token) == "InvalidParametersException"


def test_the_page_size_can_be_capped(client: BaseClient, emulator: Emulator) -> None:
    emulator.set(page_size=2)
    artifact = {"ProductId": "prod-database00001", "ProvisioningArtifactId": "pa-database00001"}
    list_actions = client.list_service_actions_for_provisioning_artifact
    found = pages(list_actions, "ServiceActionSummaries", PageSize=20, **artifact)
    assert [[item["Name"] for item in page] for page in found] == [
        ["Restart", "Backup"],
        ["RotatePassword", "Failover"],
    ]
    assert len(pages(client.list_service_actions, "ServiceActionSummaries")) == 2


@pytest.mark.usefixtures("fleet")
def test_page_tokens_are_valid_only_for_their_own_search(client: BaseClient) -> None:
    token = client.search_provisioned_products(SortBy="id", PageSize=5)["NextPageToken"]
    assert client.search_provisioned_products(SortBy="id", PageSize=6, PageToken=token)["ProvisionedProducts"]
    search = client.search_provisioned_products
    for call, members in (
        (search, {"SortBy": "name", "PageToken": token}),
        (search, {"SortBy": "id", "PageToken": token[:-8] + "AAAAAAA="}),
        (search, {"SortBy": "id", "PageToken": "bogus"}),
        (search, {"SortBy": "id", "PageToken": "\u00fc"}),
        (client.scan_provisioned_products, {"PageToken": token}),
    ):
        assert refused(call, **members) == "InvalidParametersException"


def test_page_tokens_are_invalid_after_a_reset(client: BaseClient, fleet: Emulator) -> None:
    token = client.scan_provisioned_products()["NextPageToken"]
    fleet.reset(FLEET)
    assert refused(client.scan_provisioned_products, PageToken=token) == "InvalidParametersException"


def test_defaults_of_execution_parameters(client: BaseClient) -> None:
    action = {"ServiceActionId": "act-backup0000001"}
    describe = client.describe_service_action_execution_parameters
    orders = describe(ProvisionedProductId="pp-orders0000001", **action)["ServiceActionParameters"]
    assert {item["Name"]: item["DefaultValues"] for item in orders} == {
        "TARGET": ["db-orders-1"],
        "Retention": ["7"],
        "Tables": [],
    }
    bare = describe(ProvisionedProductId="pp-bare00000001", **action)["ServiceActionParameters"]
    assert bare[0]["DefaultValues"] == []


def test_an_action_is_described_with_its_definition(client: BaseClient) -> None:
    for action in read_world(DEMO).service_actions.values():
        detail = client.describe_service_action(Id=action.id)["ServiceActionDetail"]
        assert detail["ServiceActionSummary"]["Name"] == action.name
        assert set(detail["Definition"]) == {"Name", "Version", "AssumeRole", "Parameters"}
