# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A product with a region exists only there, and a fault can be limited to one region."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from emulator import Emulator

HERE, ELSEWHERE = "eu-central-1", "eu-west-1"


@pytest.fixture
def world(emulator: Emulator) -> Emulator:
    """Return an emulator with two products of the same name in two regions, and one that exists in both."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    common = {"product": "prod-1", "artifact": "pa-1"}
    emulator.reset(
        {
            "service_actions": [{"id": "act-1", "name": "Restart"}],
            "products": [{"id": "prod-1", "name": "Web", "artifacts": artifacts}],
            "provisioned_products": [
                {"id": "pp-there", "name": "web", "region": ELSEWHERE, **common},
                {"id": "pp-here", "name": "web", "region": HERE, **common},
                {"id": "pp-both", "name": "both", **common},
            ],
        }
    )
    return emulator


def test_a_product_is_found_only_in_its_region(world: Emulator, client: BaseClient) -> None:
    searched = client.search_provisioned_products()["ProvisionedProducts"]
    scanned = client.scan_provisioned_products()["ProvisionedProducts"]
    for found in (searched, scanned):
        assert sorted(product["Id"] for product in found) == ["pp-both", "pp-here"]
    assert client.describe_provisioned_product(Name="web")["ProvisionedProductDetail"]["Id"] == "pp-here"
    assert f":{HERE}:" in client.describe_provisioned_product(Id="pp-here")["ProvisionedProductDetail"]["Arn"]
    elsewhere: dict[str, Any] = {"Id": "pp-there"}
    for call, members in (
        (client.describe_provisioned_product, elsewhere),
        (client.execute_provisioned_product_service_action, _start("pp-there")),
    ):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            call(**members)
    client.execute_provisioned_product_service_action(**_start("pp-here"))
    assert [record["ProvisionedProductId"] for record in world.records()] == ["pp-here"]


def test_a_fault_affects_only_its_region(world: Emulator, client: BaseClient) -> None:
    world.fault("*", "access_denied", region=ELSEWHERE)
    client.search_provisioned_products()
    world.fault("*", "access_denied", region=HERE)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.search_provisioned_products()
    assert [call["region"] for call in world.calls()] == [HERE, HERE]


def _start(product: str) -> dict[str, str]:
    return {"ProvisionedProductId": product, "ServiceActionId": "act-1", "ExecuteToken": product}
