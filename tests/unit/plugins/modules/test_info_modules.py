# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The info modules, over real HTTP to the emulator."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _exceptions
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import errors
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_provisioned_product_info import (
    list_provisioned_products,
)
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_record_info import look_up_records
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_info import list_service_actions
from botocore.exceptions import ClientError
from emulator import Emulator

Make = Callable[..., Any]
ORDERS, BILLING = "pp-orders0000001", "pp-billing000001"
RESTART, FAILOVER = "act-restart000001", "act-failover00001"


@pytest.fixture
def products(make_attempt: Make) -> Make:
    return lambda **params: make_attempt(list_provisioned_products, params)


@pytest.fixture
def actions(make_attempt: Make) -> Make:
    return lambda **params: make_attempt(list_service_actions, params)


@pytest.fixture
def records(make_attempt: Make) -> Make:
    return lambda **params: make_attempt(look_up_records, params)


def create_products(emulator: Emulator, count: int, **members: Any) -> None:
    products = [{"id": "prod-1", "name": "web", "artifacts": [{"id": "pa-1", "name": "v1"}]}]
    generated = {"count": count, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1", **members}
    emulator.reset({"products": products, "generated": [generated]})


def names(result: dict[str, Any]) -> list[str]:
    return [product["name"] for product in result["provisioned_products"]]


# Provisioned products


def test_a_product_is_returned_with_all_its_attributes(products: Make) -> None:
    (orders,) = products(provisioned_product_ids=[ORDERS]).run()["provisioned_products"]
    assert orders["name"] == "orders-db"
    assert orders["tags"] == {"team": "orders", "env": "prod"}
    assert orders["created_time"].endswith("+00:00")
    assert orders["product_id"] == "prod-database00001"


def test_products_are_returned_in_the_order_of_ids_or_names_without_missing_ones(products: Make) -> None:
    assert names(products(provisioned_product_ids=[BILLING, "pp-none", ORDERS]).run()) == ["billing-db", "orders-db"]
    assert names(products(provisioned_product_names=["orders-db", "none", "billing-db"]).run()) == [
        "orders-db",
        "billing-db",
    ]


def test_only_exact_names_match(products: Make, emulator: Emulator) -> None:
    emulator.update_product(BILLING, name="orders-db-2")
    assert names(products(provisioned_product_names=["orders-db"]).run()) == ["orders-db"]


def test_a_search_without_matches_returns_an_empty_list(products: Make) -> None:
    assert products(search_query=["name:nothing"]).run()["provisioned_products"] == []
    assert products(provisioned_product_ids=[]).run()["provisioned_products"] == []


def test_products_are_found_by_tag(products: Make) -> None:
    assert "orders-db" in names(products(search_query=["tags:orders"]).run())


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"tags": {"team": "orders"}}, ["orders-db", "legacy-db"]),
        ({"tags": {"team": "orders", "env": "prod"}}, ["orders-db"]),
        ({"tags": {"team": "order"}}, []),
        ({"tags": {"Team": "orders"}}, []),
        ({"tags": {"team": "Orders"}}, []),
        ({"tags": {"team": "orders"}, "search_query": ["status:UNDER_CHANGE"]}, ["legacy-db"]),
        ({"tags": {"team": "orders"}, "limit": 1}, ["orders-db"]),
        ({"tags": {"cost": 7}}, ["bare-db"]),
        ({"tags": {}, "search_query": ["name:network"]}, ["network"]),
    ],
)
def test_tags_select_products_by_their_exact_keys_and_values(
    products: Make, emulator: Emulator, params: dict, expected: list[str]
) -> None:
    emulator.update_product("pp-bare00000001", tags={"cost": "7", "team": "orders-x"})
    assert names(products(**params).run()) == expected


def test_products_are_returned_with_their_outputs(products: Make, emulator: Emulator) -> None:
    plain = products(provisioned_product_ids=[ORDERS]).run()["provisioned_products"][0]
    assert (plain["outputs"], plain["output_list"]) == (None, None)
    assert (plain["launch_role_arn"], plain["cloud_watch_dashboards"]) == (None, None)
    assert len(emulator.calls()) == 1
    result = products(provisioned_product_names=["orders-db", "bare-db"], outputs=True).run()
    orders, bare = result["provisioned_products"]
    assert orders["outputs"] == {"Endpoint": "orders.db.example.com", "Port": "5432"}
    assert orders["output_list"] == [
        {"key": "Endpoint", "value": "orders.db.example.com", "description": "The address of the database"},
        {"key": "Port", "value": "5432", "description": None},
    ]
    assert (bare["outputs"], bare["output_list"]) == ({}, [])
    assert len(emulator.calls("GetProvisionedProductOutputs")) == 2


def test_details_are_read_with_one_call_for_each_product(products: Make, emulator: Emulator) -> None:
    roles = [f"arn:aws:iam::123456789012:role/Launch{n}" for n in range(1, 4)]
    create_products(emulator, 3, launch_role_arn="arn:aws:iam::123456789012:role/Launch{n}", dashboards=["Web-{n}"])
    found = products(details=True).run()["provisioned_products"]
    assert [product["launch_role_arn"] for product in found] == roles
    assert [product["cloud_watch_dashboards"] for product in found] == [[{"name": f"Web-{n}"}] for n in (1, 2, 3)]
    assert found[0]["last_provisioning_record_id"] is not None
    assert found[0]["last_provisioning_record_id"] == found[0]["last_successful_provisioning_record_id"]
    assert len(emulator.calls()) == 1 + 3


def test_details_of_a_deleted_product_are_null_and_denied_details_are_an_error(
    products: Make, emulator: Emulator
) -> None:
    gone = {"ProvisionedProducts": [{"Id": "pp-gone", "Name": "gone"}]}
    emulator.fault("SearchProvisionedProducts", "replaced", members=gone)
    (found,) = products(details=True).run()["provisioned_products"]
    assert (found["name"], found["launch_role_arn"], found["cloud_watch_dashboards"]) == ("gone", None, None)
    emulator.fault("DescribeProvisionedProduct", "access_denied")
    result = products(details=True).result()
    assert "servicecatalog:DescribeProvisionedProduct" in result["msg"]
    assert [each["name"] for each in result["provisioned_products"]] == ["gone"]


@pytest.mark.parametrize(
    ("params", "total"),
    [
        ({}, 5),
        ({"limit": 1}, 5),
        ({"tags": {"team": "orders"}}, 5),
        ({"search_query": ["name:none"]}, 0),
        ({"provisioned_product_ids": [ORDERS]}, None),
    ],
)
def test_the_services_total_count_is_returned(products: Make, params: dict[str, Any], total: int | None) -> None:
    assert products(**params).run()["total_results_count"] == total


def test_all_pages_of_outputs_are_read(products: Make, emulator: Emulator) -> None:
    create_products(emulator, 2, outputs=[{"key": f"Key{n}", "value": str(n)} for n in range(45)])
    for product in products(outputs=True).run()["provisioned_products"]:
        assert product["outputs"] == {f"Key{n}": str(n) for n in range(45)}
    assert len(emulator.calls("GetProvisionedProductOutputs")) == 2 * 3


def test_products_without_readable_outputs_get_empty_outputs_and_one_common_warning(
    products: Make, emulator: Emulator
) -> None:
    emulator.update_product("pp-bare00000001", status="ERROR")
    emulator.fault("GetProvisionedProductOutputs", "replaced", product=ORDERS, members={"Outputs": []})
    attempt = products(search_query=["type:CFN_STACK"], outputs=True)
    found = {each["name"]: each["outputs"] for each in attempt.run()["provisioned_products"]}
    assert found == {"orders-db": {}, "billing-db": {}, "legacy-db": {}, "bare-db": None}
    (warning,) = attempt.warnings
    assert warning == (
        "No outputs can be read of bare-db (pp-bare00000001): InvalidParametersException: Last Successful Provisioning "
        "Record doesn't exist."
    )


def test_denied_outputs_fail_the_task_and_name_the_product_and_the_permission(
    products: Make, emulator: Emulator
) -> None:
    emulator.fault("GetProvisionedProductOutputs", "access_denied")
    result = products(provisioned_product_names=["orders-db"], outputs=True).result()
    assert result["failed"]
    assert result["msg"].startswith("The outputs of orders-db (pp-orders0000001) can't be read: AccessDenied")
    assert "servicecatalog:GetProvisionedProductOutputs" in result["msg"]
    assert result["error"]["code"] == "AccessDeniedException"
    assert [each["name"] for each in result["provisioned_products"]] == ["orders-db"]


def test_all_pages_are_read_in_a_fixed_order_at_an_explicit_access_level(products: Make, emulator: Emulator) -> None:
    create_products(emulator, 250)
    assert len(set(names(products(access_level="user").run()))) == 250
    calls = emulator.calls("SearchProvisionedProducts")
    assert len(calls) == 3
    for call in calls:
        assert call["parameters"]["SortBy"] == "id"
        assert call["parameters"]["AccessLevelFilter"] == {"Key": "User", "Value": "self"}


ALL = ["Account", "Role", "User"]
SEARCH, HISTORY = "SearchProvisionedProducts", "ListRecordHistory"


def levels_of(emulator: Emulator, operation: str) -> list[str]:
    return [call["parameters"]["AccessLevelFilter"]["Key"] for call in emulator.calls(operation)]


@pytest.mark.parametrize(
    ("fixture", "operation", "what"), [("products", SEARCH, "provisioned products"), ("records", HISTORY, "records")]
)
@pytest.mark.parametrize("denied", [0, 1, 2])
def test_without_a_level_the_widest_allowed_level_is_used_and_a_narrower_one_causes_one_warning(
    request: pytest.FixtureRequest, emulator: Emulator, fixture: str, operation: str, what: str, denied: int
) -> None:
    emulator.fault(operation, "access_denied", calls=list(range(1, denied + 1)) or [99])
    attempt = request.getfixturevalue(fixture)()
    attempt.run()
    assert levels_of(emulator, operation) == ALL[: denied + 1]
    level = ALL[denied].lower()
    warning = (
        f"{operation} is not allowed for the whole account, so only the {what} of this {level} are listed. To avoid "
        f"this warning, set access_level: {level}."
    )
    assert attempt.warnings == ([warning] if denied else [])


@pytest.mark.parametrize("level", ALL)
def test_an_explicit_level_is_used_without_a_warning(products: Make, emulator: Emulator, level: str) -> None:
    attempt = products(access_level=level.lower())
    attempt.run()
    assert (levels_of(emulator, SEARCH), attempt.warnings) == ([level], [])


def test_the_level_is_determined_once_for_many_searches(products: Make, emulator: Emulator) -> None:
    emulator.fault(SEARCH, "access_denied", calls=[1])
    attempt = products(provisioned_product_names=["orders-db", "billing-db"])
    assert names(attempt.run()) == ["orders-db", "billing-db"]
    assert levels_of(emulator, SEARCH) == ["Account", "Role", "Role"]
    assert len(attempt.warnings) == 1


def test_a_denial_of_a_later_page_is_an_error_and_pages_of_two_levels_are_not_mixed(
    products: Make, emulator: Emulator
) -> None:
    create_products(emulator, 250)
    emulator.fault(SEARCH, "access_denied", calls=[2])
    attempt = products()
    result = attempt.result()
    assert result["failed"]
    assert result["msg"].startswith("AccessDeniedException")
    assert "provisioned_products" not in result
    assert (levels_of(emulator, SEARCH), attempt.warnings) == (["Account", "Account"], [])


@pytest.mark.parametrize("kind", ["throttling", "validation", "expired_token"])
def test_no_other_error_leads_to_the_next_level(products: Make, emulator: Emulator, kind: str) -> None:
    emulator.fault(SEARCH, kind)
    result = products(aws_config={"retries": {"total_max_attempts": 1}}).result()
    assert result["failed"]
    assert levels_of(emulator, SEARCH) == ["Account"]


@pytest.mark.parametrize(
    ("params", "advice"),
    [
        (
            {},
            (
                "(it is denied at every access level; ask for the permission servicecatalog:SearchProvisionedProducts "
                "with the condition servicecatalog:userLevel = self, or with a wider one)."
            ),
        ),
        (
            {"access_level": "role"},
            (
                "(it is denied at the access level role; ask for the permission "
                "servicecatalog:SearchProvisionedProducts with the condition servicecatalog:roleLevel = self, or omit "
                "access_level)."
            ),
        ),
    ],
)
def test_a_denied_listing_is_one_error_that_names_the_missing_permission(
    products: Make, emulator: Emulator, params: dict[str, str], advice: str
) -> None:
    emulator.fault(SEARCH, "access_denied")
    attempt = products(**params)
    result = attempt.result()
    assert result["msg"].startswith("AccessDeniedException: User: ")
    assert result["msg"].endswith(advice)
    assert result["error"]["code"] == "AccessDeniedException"
    assert attempt.warnings == []


def test_listing_ten_thousand_products_takes_a_hundred_calls(products: Make, emulator: Emulator) -> None:
    create_products(emulator, 10_000)
    assert len(set(names(products().run()))) == 10_000
    assert len(emulator.calls()) == 100


def test_a_limit_returns_the_oldest_products_regardless_of_their_ids(products: Make, emulator: Emulator) -> None:
    create_products(emulator, 120)
    # The products were created at intervals of one second.
    oldest_first = names(products().run())
    emulator.reset(
        {
            "products": [{"id": "prod-1", "name": "web", "artifacts": [{"id": "pa-1", "name": "v1"}]}],
            "provisioned_products": [
                {"id": f"pp-{999 - number}", "name": name, "product": "prod-1", "artifact": "pa-1"}
                for number, name in enumerate(oldest_first)
            ],
        }
    )
    assert names(products(limit=3).run()) == ["web-00001", "web-00002", "web-00003"]
    assert names(products().run()) == oldest_first
    assert len(emulator.calls()) == 4


def test_with_a_limit_no_more_names_are_looked_up_than_are_returned(products: Make, emulator: Emulator) -> None:
    result = products(provisioned_product_names=["orders-db", "billing-db", "legacy-db"], limit=2).run()
    assert names(result) == ["orders-db", "billing-db"]
    assert len(emulator.calls()) == 2


def test_after_denied_outputs_no_further_product_is_read(products: Make, emulator: Emulator) -> None:
    create_products(emulator, 100)
    emulator.fault("GetProvisionedProductOutputs", "access_denied")
    assert products(outputs=True).result()["failed"]
    assert len(emulator.calls()) <= 20


def test_outputs_rejected_as_invalid_only_cause_a_warning(products: Make, emulator: Emulator) -> None:
    emulator.fault("GetProvisionedProductOutputs", "validation")
    attempt = products(provisioned_product_ids=[ORDERS], outputs=True)
    assert attempt.run()["provisioned_products"][0]["outputs"] is None
    assert "No outputs can be read of orders-db" in attempt.warnings[0]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": 0}, "limit must be between 1 and 1000000000, not 0"),
        ({"limit": 10**20}, "limit must be between 1 and 1000000000, not a number of more than 20 digits"),
        (
            {"provisioned_product_ids": ["pp-1", "pp 2"]},
            r"provisioned_product_ids\[1\] must have only letters, .*, not 'pp 2'",
        ),
        ({"provisioned_product_names": [""]}, r"provisioned_product_names\[0\] must have 1 to 128 characters, not 0"),
        ({"tags": {"team": None}}, "The tag 'team' in tags has no value"),
        ({"tags": {"team": ""}}, "The tag 'team' in tags has no value"),
        ({"tags": {"on": True}}, "The value of the tag 'on' in tags is True, which is not a string; quote it"),
        ({"tags": {True: "yes"}}, "A key in tags was read as True, which is not a string; quote it"),
        ({"tags": {"version": 1.10}}, "The value of the tag 'version' in tags is 1.1, which is not a string; quote it"),
        ({"tags": {"team": ["a", "b"]}}, "The value of the tag 'team' in tags is a list or a dictionary"),
    ],
)
def test_bad_input_makes_no_call(products: Make, emulator: Emulator, params: dict, message: str) -> None:
    with pytest.raises(_exceptions.InvalidInput, match=message):
        products(**params).run()
    assert emulator.calls() == []


# Service actions


def test_listing_the_actions_of_a_product_takes_two_calls_and_one_per_action(actions: Make, emulator: Emulator) -> None:
    found = actions(provisioned_product_name="orders-db").run()["service_actions"]
    assert len(found) == 4
    assert len(emulator.calls()) == 2 + 4
    restart = next(action for action in found if action["name"] == "Restart")
    assert restart["id"] == RESTART
    assert {"name": "Mode", "type": "TEXT_VALUE", "default_values": ["graceful"]} in restart["parameters"]


def test_listing_the_actions_of_an_artifact_takes_one_call(actions: Make, emulator: Emulator) -> None:
    found = actions(product_id="prod-database00001", provisioning_artifact_id="pa-database00001").run()
    assert len(found["service_actions"]) == 4
    assert len(emulator.calls()) == 1
    assert found["service_actions"][0]["parameters"] is None


def test_an_action_is_returned_with_its_definition(actions: Make) -> None:
    (restart,) = actions(service_action_id=RESTART).run()["service_actions"]
    assert restart["name"] == "Restart"
    assert set(restart["definition"]) >= {"name", "version", "assume_role", "parameters"}
    assert isinstance(restart["definition"]["parameters"], list)


def test_a_denied_definition_names_the_missing_permission(actions: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeServiceAction", "access_denied")
    with pytest.raises(ClientError) as caught:
        actions(service_action_id=RESTART).run()
    assert "servicecatalog:DescribeServiceAction" in errors.describe_error(caught.value)


@pytest.mark.parametrize(
    "params",
    [
        {"provisioned_product_name": "none"},
        {"provisioned_product_id": "pp-none"},
        {"product_id": "prod-none", "provisioning_artifact_id": "pa-none"},
        {"service_action_id": "act-none"},
    ],
)
def test_listing_the_actions_of_a_missing_object_returns_an_empty_list_and_a_warning(
    actions: Make, params: dict
) -> None:
    attempt = actions(**params)
    assert attempt.run()["service_actions"] == []
    (warning,) = attempt.warnings
    assert ("orders-db" if "provisioned_product_name" in params else list(params.values())[-1]) in warning


def test_an_action_deleted_during_the_lookup_fails_the_task(actions: Make, emulator: Emulator) -> None:
    listed = [{"Id": RESTART, "Name": "Restart"}, {"Id": "act-gone", "Name": "Gone"}]
    emulator.fault("ListServiceActionsForProvisioningArtifact", "replaced", members={"ServiceActionSummaries": listed})
    result = actions(provisioned_product_id=ORDERS).result()
    assert result["failed"]
    assert result["msg"].startswith(
        "The parameters of the service action Gone (act-gone) can't be read: ResourceNotFoundException: Service action "
        "act-gone is not associated"
    )


def test_a_null_target_is_rejected_before_any_call(actions: Make, emulator: Emulator) -> None:
    with pytest.raises(_exceptions.InvalidInput, match="provisioning_artifact_id, service_action_id must have a value"):
        actions().run()
    assert emulator.calls() == []


# Records


def run_actions(service_action: Make, emulator: Emulator) -> list[str]:
    """Run three actions at intervals of ten minutes, the second of which fails; return their record ids."""
    ids = []
    for product, action in ((ORDERS, RESTART), (BILLING, FAILOVER), (ORDERS, RESTART)):
        result = service_action(provisioned_product_id=product, service_action_id=action).run()
        ids.append(result["record_detail"]["record_id"])
        emulator.advance(600)
    return ids


def ids_of(result: dict[str, Any]) -> list[str]:
    return [record["record_detail"]["record_id"] for record in result["records"]]


def test_records_by_id_are_returned_in_order_with_outputs(
    service_action: Make, records: Make, emulator: Emulator
) -> None:
    first, second, third = run_actions(service_action, emulator)
    result = records(record_ids=[third, "rec-none", first]).run()
    assert ids_of(result) == [third, first]
    assert set(result["records"][0]["record_outputs"]) == {"AutomationExecutionId", "RestartedAt"}
    assert second not in ids_of(result)


@pytest.mark.parametrize("order", ["newest", "oldest", "random"])
def test_the_history_is_newest_first_in_any_order_of_the_service(
    service_action: Make, records: Make, emulator: Emulator, order: str
) -> None:
    emulator.set(history_order=order)
    first, second, third = run_actions(service_action, emulator)
    assert ids_of(records().run()) == [third, second, first]
    assert ids_of(records(limit=1).run()) == [third]
    assert ids_of(records(status=["FAILED"]).run()) == [second]
    assert ids_of(records(status=["SUCCEEDED", "FAILED"], limit=2).run()) == [third, second]
    assert ids_of(records(status=[]).run()) == [third, second, first]
    assert ids_of(records(provisioned_product_name="billing-db").run()) == [second]
    assert ids_of(records(provisioned_product_name="orders-db", status=["SUCCEEDED"]).run()) == [third, first]
    assert ids_of(records(provisioned_product_id=ORDERS).run()) == [third, first]
    assert ids_of(records(product_id="prod-database00001", limit=2).run()) == [third, second]
    assert ids_of(records(provisioned_product_id=ORDERS, product_id="prod-none").run()) == []


def test_the_history_of_a_missing_product_is_an_empty_list(
    service_action: Make, records: Make, emulator: Emulator
) -> None:
    run_actions(service_action, emulator)
    assert ids_of(records(provisioned_product_id="pp-none").run()) == []
    attempt = records(provisioned_product_name="order-db")
    assert ids_of(attempt.run()) == []
    (warning,) = attempt.warnings
    assert "'order-db'" in warning
    assert "orders-db" in warning
    with pytest.raises(_exceptions.InvalidInput, match=r"provisioned_product_name must have only .*, not 'order db'"):
        records(provisioned_product_name="order db").run()


def test_a_history_can_start_at_a_given_time(service_action: Make, records: Make, emulator: Emulator) -> None:
    first, second, third = run_actions(service_action, emulator)
    created = {
        each["record_id"]: each["created_time"]
        for each in (item["record_detail"] for item in records().run()["records"])
    }
    assert ids_of(records(since=created[second]).run()) == [third, second]
    assert ids_of(records(since="2001-01-01").run()) == [third, second, first]
    assert ids_of(records(since="2999-01-01T00:00:00Z").run()) == []


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01"])
def test_an_invalid_time_is_rejected_before_any_call(records: Make, emulator: Emulator, since: str) -> None:
    with pytest.raises(_exceptions.InvalidInput, match="must be a time in ISO 8601"):
        records(since=since).run()
    assert emulator.calls() == []


def test_a_denied_read_of_a_record_fails_the_task(records: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeRecord", "access_denied")
    with pytest.raises(ClientError):
        records(record_ids=["rec-1"]).run()
