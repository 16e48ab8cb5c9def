# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Response structures in wire form. Times are in POSIX seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .models import Output, ProvisionedProduct, ServiceAction, World
from .records import Record, Snapshot


def record_detail(record: Record, snapshot: Snapshot, record_type: str) -> dict[str, Any]:
    """Return a RecordDetail."""
    product = record.product
    return {
        "RecordId": record.record_id,
        "ProvisionedProductName": product.name,
        "Status": snapshot.status,
        "CreatedTime": round(record.created, 3),
        "UpdatedTime": round(snapshot.updated, 3),
        "ProvisionedProductType": product.type,
        "RecordType": record_type,
        "ProvisionedProductId": product.id,
        "ProductId": product.product,
        "ProvisioningArtifactId": product.artifact,
        "PathId": f"lpv3-{product.product.split('-', 1)[-1]}",
        "RecordErrors": [{"Code": error.code, "Description": error.description} for error in snapshot.errors],
        "RecordTags": _tag_list(product.tags),
        "LaunchRoleArn": product.launch_role_arn,
    }


def record_outputs(outputs: Iterable[Output]) -> list[dict[str, str]]:
    """Return the RecordOutputs of a record or of a provisioned product."""
    return [
        {
            "OutputKey": output.key,
            "OutputValue": output.value,
            **({"Description": output.description} if output.description else {}),
        }
        for output in outputs
    ]


def provisioned_product_detail(product: ProvisionedProduct, world: World) -> dict[str, Any]:
    """Return a ProvisionedProductDetail."""
    return {**_common_members(product, world), "LaunchRoleArn": product.launch_role_arn}


def _common_members(product: ProvisionedProduct, world: World) -> dict[str, Any]:
    """Return the members that a ProvisionedProductDetail and a ProvisionedProductAttribute share."""
    return _without_empty(
        {
            "Name": product.name,
            "Arn": f"arn:aws:servicecatalog:{world.region}:{world.account}:stack/{product.name}/{product.id}",
            "Type": product.type,
            "Id": product.id,
            "Status": product.status,
            "StatusMessage": product.status_message,
            "CreatedTime": round(product.created_time, 3),
            "IdempotencyToken": f"provision-{product.id.removeprefix('pp-')}",
            "LastRecordId": product.last_record_id,
            "LastProvisioningRecordId": product.provisioning_record_id,
            "LastSuccessfulProvisioningRecordId": product.provisioning_record_id,
            "ProductId": product.product,
            "ProvisioningArtifactId": product.artifact,
        }
    )


def provisioned_product_attribute(product: ProvisionedProduct, world: World) -> dict[str, Any]:
    """Return a ProvisionedProductAttribute."""
    catalog_product = world.products[product.product]
    return _without_empty(
        {
            **_common_members(product, world),
            "Tags": _tag_list(product.tags),
            "PhysicalId": _stack_arn(product, world) if product.type == "CFN_STACK" else "",
            "ProductName": catalog_product.name,
            "ProvisioningArtifactName": catalog_product.artifacts[product.artifact].name,
            "UserArn": product.user_arn,
            "UserArnSession": product.user_arn,
        }
    )


def service_action_summary(action: ServiceAction) -> dict[str, Any]:
    """Return a ServiceActionSummary."""
    return {
        "Id": action.id,
        "Name": action.name,
        "Description": action.description,
        "DefinitionType": "SSM_AUTOMATION",
    }


def service_action_definition(action: ServiceAction) -> dict[str, str]:
    """Return the Definition map of a service action."""
    definition = action.definition
    return _without_empty(
        {
            "Name": definition.name,
            "Version": definition.version,
            "AssumeRole": definition.assume_role,
            "Parameters": definition.parameters,
        }
    )


def _stack_arn(product: ProvisionedProduct, world: World) -> str:
    return f"arn:aws:cloudformation:{world.region}:{world.account}:stack/SC-{world.account}-{product.id}"


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _without_empty(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in ("", [])}
