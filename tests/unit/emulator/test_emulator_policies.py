# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers, and the calls that their policies allow."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from emulator import Emulator
from emulator.policies import MANAGED_POLICIES, allowed_level
from emulator.world import WorldError, read_world

FULL, READ_ONLY, ADMIN = MANAGED_POLICIES
ME, COLLEAGUE, STRANGER = (f"arn:aws:sts::123456789012:assumed-role/{name}" for name in ("A/me", "A/you", "B/you"))
OWNERS = {"pp-mine": ME, "pp-role": COLLEAGUE, "pp-other": STRANGER}
EXECUTE = "ExecuteProvisionedProductServiceAction"


def world(policy: Any, **more: Any) -> dict[str, Any]:
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    plain = {"product": "prod-1", "artifact": "pa-1"}
    return {
        "user_arn": ME,
        "service_actions": [{"id": "act-1", "name": "Restart"}],
        "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
        "provisioned_products": [{"id": each, "name": each, "user_arn": arn, **plain} for each, arn in OWNERS.items()],
        "callers": [{"policy": policy}],
        **more,
    }


def at_level(level: str) -> dict[str, Any]:
    condition = {"StringEquals": {f"servicecatalog:{level}Level": "self"}}
    return {"Statement": [{"Effect": "Allow", "Action": "servicecatalog:*", "Resource": "*", "Condition": condition}]}


def is_allowed(call: Callable[..., Any], **members: Any) -> bool:
    """Return whether a call is allowed, and check that a denied call gets AWS's error."""
    try:
        call(**members)
    except ClientError as error:
        denied, action = error, f"servicecatalog:{error.operation_name}"
    else:
        return True
    reason = f"because no identity-based policy allows the {action} action"
    assert denied.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: {ME} is not authorized to perform: {action} {reason}",
    }
    return False


@pytest.mark.parametrize(
    ("policy", "levels", "products"),
    [
        (None, "Account Role User", list(OWNERS)),
        (at_level("account"), "Account Role User", list(OWNERS)),
        (at_level("role"), "Role User", ["pp-mine", "pp-role"]),
        (at_level("user"), "User", ["pp-mine"]),
        (FULL, "User", ["pp-mine"]),
        (READ_ONLY, "User", ["pp-mine"]),
        (ADMIN, "Account Role User", list(OWNERS)),
    ],
)
def test_a_policy_allows_a_level_and_all_narrower_levels(
    client: BaseClient, emulator: Emulator, policy: Any, levels: str, products: list[str]
) -> None:
    emulator.reset(world(policy))
    for listing in (client.search_provisioned_products, client.list_record_history, client.scan_provisioned_products):
        asked = ["Account", "Role", "User"]
        allowed = [each for each in asked if is_allowed(listing, AccessLevelFilter={"Key": each, "Value": "self"})]
        assert " ".join(allowed) == levels
    # The default level is Account for a search, and User for the history.
    assert is_allowed(client.search_provisioned_products) == ("Account" in levels)
    assert is_allowed(client.list_record_history)
    assert [each for each in OWNERS if is_allowed(client.describe_provisioned_product, Id=each)] == products
    assert [each for each in OWNERS if is_allowed(client.describe_provisioned_product, Name=each)] == products
    execute, action = client.execute_provisioned_product_service_action, {
        "ServiceActionId": "act-1",
        "ExecuteToken": "t",
    }
    started = [each for each in OWNERS if is_allowed(execute, **{**action, "ProvisionedProductId": each})]
    assert started == ([] if policy == READ_ONLY else products)


def test_whether_sessions_of_one_role_share_the_user_level_is_a_switch(client: BaseClient, emulator: Emulator) -> None:
    emulator.reset(world(FULL))
    for switch, products in ((False, ["pp-mine"]), (True, ["pp-mine", "pp-role"]), (False, ["pp-mine"])):
        emulator.set(sessions_share_user_level=switch)
        found = client.search_provisioned_products(AccessLevelFilter={"Key": "User", "Value": "self"}, SortBy="id")
        assert [each["Id"] for each in found["ProvisionedProducts"]] == products
        assert [each for each in OWNERS if is_allowed(client.describe_provisioned_product, Id=each)] == products
        # The role's own level stays as it is.
        assert not is_allowed(client.search_provisioned_products, AccessLevelFilter={"Key": "Role", "Value": "self"})


@pytest.mark.parametrize(("policy", "allowed"), [(FULL, False), (READ_ONLY, False), (ADMIN, True), (None, True)])
def test_end_users_are_denied_the_reads_of_administrators(
    client: BaseClient, emulator: Emulator, policy: str | None, allowed: bool
) -> None:
    emulator.reset(world(policy))
    assert is_allowed(client.describe_service_action, Id="act-1") is allowed
    assert is_allowed(client.list_service_actions) is allowed
    assert is_allowed(client.get_provisioned_product_outputs, ProvisionedProductId="pp-mine") is allowed


@pytest.mark.parametrize("name", MANAGED_POLICIES)
def test_the_managed_policies_allow_two_systems_manager_reads_but_not_stopping_an_execution(name: str) -> None:
    policy = MANAGED_POLICIES[name]
    assert allowed_level(policy, "ssm:GetAutomationExecution") == "Account"
    assert allowed_level(policy, "ssm:DescribeDocument") == "Account"
    assert allowed_level(policy, "ssm:StopAutomationExecution") is None
    assert allowed_level(policy, "ssm:DescribeAutomationExecutions") is None


def test_a_record_is_read_at_the_level_of_its_product(client: BaseClient, emulator: Emulator) -> None:
    emulator.reset(world(None, callers=[]))
    ids = {}
    for each in OWNERS:
        started = client.execute_provisioned_product_service_action(
            ProvisionedProductId=each, ServiceActionId="act-1", ExecuteToken=each
        )
        ids[each] = started["RecordDetail"]["RecordId"]
    catalog = emulator.server.endpoint.catalog
    catalog.world = read_world(world(FULL))
    assert [each for each in OWNERS if is_allowed(client.describe_record, Id=ids[each])] == ["pp-mine"]


def test_callers_are_identified_by_their_access_keys(
    connect: Callable[..., Any], client: BaseClient, emulator: Emulator
) -> None:
    callers = [{"access_key": "AKIASTRANGER", "user_arn": STRANGER}, {"policy": FULL}]
    emulator.reset(world(None, callers=callers))
    own = {"AccessLevelFilter": {"Key": "User", "Value": "self"}}
    stranger = connect(emulator.url, keys=("AKIASTRANGER", "secret"))
    assert [each["Id"] for each in stranger.search_provisioned_products(**own)["ProvisionedProducts"]] == ["pp-other"]
    assert [each["Id"] for each in client.search_provisioned_products(**own)["ProvisionedProducts"]] == ["pp-mine"]
    assert [call["access_key"] for call in emulator.calls()] == ["AKIASTRANGER", "AKIDEXAMPLE"]
    sts = connect(emulator.url, "sts", keys=("AKIASTRANGER", "secret"))
    assert sts.get_caller_identity()["Arn"] == STRANGER


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("AdministratorAccess", "unknown policy 'AdministratorAccess'; the managed policies are AWSServiceCatalogE"),
        ({"Statement": [{"Effect": "Deny", "Action": "*"}]}, "a statement must have the Effect Allow"),
        (
            {"Statement": [{"Effect": "Allow", "Action": "*", "Condition": {"Bool": {"x": "y"}}}]},
            "a condition must be String",
        ),
        ({"Version": "2012-10-17"}, "callers, policy"),
    ],
)
def test_a_policy_that_can_not_be_evaluated_is_rejected_when_the_world_is_loaded(policy: Any, message: str) -> None:
    with pytest.raises(WorldError, match=message):
        read_world({"callers": [{"policy": policy}]})
