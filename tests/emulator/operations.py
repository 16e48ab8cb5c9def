# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations. Each takes the members of the request, and returns those of the response in wire form."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Callable

from .catalog import Catalog
from .exceptions import InvalidParameters, ResourceNotFound
from .executing import default_parameters, execute
from .models import ProvisionedProduct
from .records import Record, snapshot_at
from .responses import (
    provisioned_product_attribute,
    provisioned_product_detail,
    record_detail,
    record_outputs,
    service_action_definition,
    service_action_summary,
)
from .searching import access_filter, cache_key, search

Members = Mapping[str, Any]
Operation = Callable[[Catalog, Members], dict[str, Any]]


def execute_provisioned_product_service_action(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Start an action, or return the record that its token created earlier."""
    record, replayed = execute(
        catalog,
        parameters["ProvisionedProductId"],
        parameters["ServiceActionId"],
        token=parameters["ExecuteToken"],
        parameters=parameters.get("Parameters") or {},
    )
    if replayed and catalog.switches.replay_detail == "current":
        return {"RecordDetail": _visible_detail(catalog, record)}
    return {"RecordDetail": record_detail(record, snapshot_at(record, record.created), catalog.switches.record_type)}


def describe_service_action_execution_parameters(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return the parameters of an action, with their defaults for a provisioned product."""
    product = catalog.get_provisioned_product(parameters["ProvisionedProductId"])
    action = catalog.get_service_action(product, parameters["ServiceActionId"])
    defaults = default_parameters(product, action)
    return {
        "ServiceActionParameters": [
            {"Name": parameter.name, "Type": parameter.type, "DefaultValues": defaults[parameter.name]}
            for parameter in action.parameters
        ]
    }


def describe_record(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return a record and a page of its outputs."""
    record = catalog.get_record(parameters["Id"])
    outputs = record_outputs(catalog.visible_snapshot(record).outputs)
    page, next_page = catalog.paginator.page(
        outputs, "DescribeRecord", parameters=parameters, max_size=catalog.switches.page_size
    )
    return {"RecordDetail": _visible_detail(catalog, record), "RecordOutputs": page, **next_page}


def list_record_history(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return a page of the records that the access level and the search filter allow."""
    ids = catalog.cached_search(cache_key("records", parameters), lambda: _allowed_record_ids(catalog, parameters))
    records = [catalog.records[record_id] for record_id in ids]
    order = catalog.switches.history_order
    if order == "newest":
        records.reverse()
    elif order == "random":
        catalog.random.shuffle(records)
    page, next_page = catalog.paginator.page(
        records, "ListRecordHistory", parameters=parameters, max_size=catalog.switches.page_size
    )
    return {"RecordDetails": [_visible_detail(catalog, record) for record in page], **next_page}


def list_service_actions_for_provisioning_artifact(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return a page of an artifact's actions."""
    actions = catalog.list_service_actions(parameters["ProductId"], parameters["ProvisioningArtifactId"])
    return _action_page(catalog, "ListServiceActionsForProvisioningArtifact", parameters, actions=actions)


def list_service_actions(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return a page of the account's actions."""
    actions = list(catalog.world.service_actions.values())
    return _action_page(catalog, "ListServiceActions", parameters, actions=actions)


def describe_service_action(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return an action and its definition."""
    action = catalog.world.service_actions.get(parameters["Id"])
    if action is None:
        raise ResourceNotFound(f"No service action found with id: {parameters['Id']}")
    summary = service_action_summary(action)
    return {
        "ServiceActionDetail": {
            "ServiceActionSummary": summary,
            "Definition": service_action_definition(action),
        }
    }


def describe_provisioned_product(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return a provisioned product by its id or its name."""
    product = _find_product(catalog, parameters, by_id="Id", by_name="Name")
    dashboards = [{"Name": name} for name in product.dashboards]
    detail = provisioned_product_detail(product, catalog.world)
    return {"ProvisionedProductDetail": detail, "CloudWatchDashboards": dashboards}


def get_provisioned_product_outputs(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return a page of a provisioned product's outputs, all or only those with certain keys."""
    names = {"by_id": "ProvisionedProductId", "by_name": "ProvisionedProductName"}
    product = _find_product(catalog, parameters, **names)
    if not product.outputs and product.status in ("ERROR", "PLAN_IN_PROGRESS"):
        # The message is AWS's.
        raise InvalidParameters("Last Successful Provisioning Record doesn't exist.")
    outputs, keys = record_outputs(product.outputs), parameters.get("OutputKeys")
    found = [output for output in outputs if not keys or output["OutputKey"] in keys]
    operation, max_size = "GetProvisionedProductOutputs", catalog.switches.page_size
    page, next_page = catalog.paginator.page(found, operation, parameters=parameters, max_size=max_size)
    return {"Outputs": page, **next_page}


def search_provisioned_products(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return a page of the provisioned products that match a search."""
    product_ids = search(catalog, parameters)
    operation, max_size = "SearchProvisionedProducts", catalog.switches.page_size
    page, next_page = catalog.paginator.page(product_ids, operation, parameters=parameters, max_size=max_size)
    products = [provisioned_product_attribute(catalog.get_provisioned_product(item), catalog.world) for item in page]
    return {"ProvisionedProducts": products, "TotalResultsCount": len(product_ids), **next_page}


def scan_provisioned_products(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return a page of all provisioned products that the access level allows."""
    allowed = access_filter(catalog, "ScanProvisionedProducts", parameters)
    visible = [product for product in catalog.provisioned_products.values() if allowed(product)]
    operation, max_size = "ScanProvisionedProducts", catalog.switches.page_size
    page, next_page = catalog.paginator.page(visible, operation, parameters=parameters, max_size=max_size)
    products = [provisioned_product_detail(catalog.with_current_status(item), catalog.world) for item in page]
    return {"ProvisionedProducts": products, **next_page}


def get_caller_identity(catalog: Catalog, _parameters: Members) -> dict[str, Any]:
    """Return the caller."""
    return {
        "UserId": f"AROAEMULATOR:{catalog.user_arn.rsplit('/', 1)[-1]}",
        "Account": catalog.world.account,
        "Arn": catalog.user_arn,
    }


def assume_role(catalog: Catalog, parameters: Members) -> dict[str, Any]:
    """Return credentials of a role. Every caller may assume any role.

    The expiration is based on the machine's clock, because clients compare it with that.
    """
    session = f"{parameters['RoleArn'].rsplit('/', 1)[-1]}/{parameters['RoleSessionName']}"
    seconds = catalog.switches.session_seconds
    return {
        "Credentials": {
            "AccessKeyId": "ASIAEMULATOR00001",
            "SecretAccessKey": "not-a-real-secret-key",
            "SessionToken": "not-a-real-session-token",
            "Expiration": time.time() + float(parameters.get("DurationSeconds", 3600) if seconds is None else seconds),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"AROAEMULATOR0001:{parameters['RoleSessionName']}",
            "Arn": f"arn:aws:sts::{catalog.world.account}:assumed-role/{session}",
        },
    }


def _find_product(catalog: Catalog, parameters: Members, *, by_id: str, by_name: str) -> ProvisionedProduct:
    """Return the provisioned product with the given id or name; exactly one of them must be present."""
    if (by_id in parameters) == (by_name in parameters):
        raise InvalidParameters(f"Exactly one of {by_id} and {by_name} is needed")
    name = parameters.get(by_name)
    product_id = parameters[by_id] if name is None else catalog.find_provisioned_product_id(name)
    if product_id is None:
        raise ResourceNotFound(f"No provisioned product found with name: {name}")
    return catalog.get_provisioned_product(product_id)


def _action_page(catalog: Catalog, operation: str, parameters: Members, *, actions: list[Any]) -> dict[str, Any]:
    page, next_page = catalog.paginator.page(
        actions, operation, parameters=parameters, max_size=catalog.switches.page_size
    )
    return {"ServiceActionSummaries": [service_action_summary(action) for action in page], **next_page}


def _allowed_record_ids(catalog: Catalog, parameters: Members) -> list[str]:
    allowed = access_filter(catalog, "ListRecordHistory", parameters)
    records = [
        catalog.records[record_id] for record_id in _matching_record_ids(catalog, parameters.get("SearchFilter"))
    ]
    return [
        record.record_id
        for record in records
        if allowed(catalog.provisioned_products[record.product.id]) and catalog.is_describable(record)
    ]


def _matching_record_ids(catalog: Catalog, search_filter: Any) -> list[str]:
    if not search_filter:
        return list(catalog.records)
    key, value = search_filter.get("Key"), search_filter.get("Value")
    if key not in ("product", "provisionedproduct") or not value:
        raise InvalidParameters(f"SearchFilter takes product or provisionedproduct and a value, not {key}: {value}")
    if key == "provisionedproduct":
        return list(catalog.record_ids_by_product.get(value, ()))
    return [record_id for record_id, record in catalog.records.items() if record.product.product == value]


def _visible_detail(catalog: Catalog, record: Record) -> dict[str, Any]:
    return record_detail(record, catalog.visible_snapshot(record), catalog.switches.record_type)


OPERATIONS: dict[str, dict[str, Operation]] = {
    "servicecatalog": {
        "ExecuteProvisionedProductServiceAction": execute_provisioned_product_service_action,
        "DescribeServiceActionExecutionParameters": describe_service_action_execution_parameters,
        "DescribeRecord": describe_record,
        "ListRecordHistory": list_record_history,
        "ListServiceActionsForProvisioningArtifact": list_service_actions_for_provisioning_artifact,
        "DescribeProvisionedProduct": describe_provisioned_product,
        "GetProvisionedProductOutputs": get_provisioned_product_outputs,
        "SearchProvisionedProducts": search_provisioned_products,
        "ScanProvisionedProducts": scan_provisioned_products,
        "ListServiceActions": list_service_actions,
        "DescribeServiceAction": describe_service_action,
    },
    "sts": {"GetCallerIdentity": get_caller_identity, "AssumeRole": assume_role},
}
