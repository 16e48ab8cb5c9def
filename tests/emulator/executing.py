# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation and start of executions by ExecuteProvisionedProductServiceAction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .catalog import Catalog
from .exceptions import InvalidParameters, InvalidState
from .models import ProvisionedProduct, ServiceAction
from .records import Record

BLOCKING_STATUSES = ("UNDER_CHANGE", "PLAN_IN_PROGRESS", "ERROR")
TERRAFORM_TYPES = ("TERRAFORM_OPEN_SOURCE", "TERRAFORM_CLOUD", "EXTERNAL")
TARGET = "TARGET"

Values = Mapping[str, Sequence[str]]


def execute(
    catalog: Catalog, product_id: str, action_id: str, *, token: str, parameters: Values
) -> tuple[Record, bool]:
    """Start an execution or replay its token; return the record, and whether it was replayed."""
    replayed = catalog.replay(token, product_id=product_id, action_id=action_id, parameters=parameters)
    if replayed is not None and catalog.switches.replay_while_busy == "accept":
        return replayed, True
    product = catalog.get_provisioned_product(product_id)
    action = catalog.get_service_action(product, action_id)
    if product.type in TERRAFORM_TYPES:
        raise InvalidParameters(f"Service actions are not supported for provisioned products of type {product.type}")
    if product.status in BLOCKING_STATUSES:
        raise InvalidState(f"Provisioned product {product_id} is in status {product.status}")
    if replayed is not None:
        return replayed, True
    effective = {**default_parameters(product, action), **parameters}
    _check_parameters(product, action, parameters, effective=effective)
    return catalog.start_execution(product, action, token=token, parameters=parameters, effective=effective), False


def default_parameters(product: ProvisionedProduct, action: ServiceAction) -> dict[str, list[str]]:
    """Return the default values of the parameters. Those of targets are the product's resources."""
    return {
        parameter.name: list(product.resources if parameter.type == TARGET else parameter.default_values)
        for parameter in action.parameters
    }


def _check_parameters(product: ProvisionedProduct, action: ServiceAction, given: Values, *, effective: Values) -> None:
    defined = [parameter.name for parameter in action.parameters]
    for name, values in given.items():
        if name not in defined:
            raise InvalidParameters(f"Parameter {name} with value {list(values)} is not defined for {action.id}")
    for name in (parameter.name for parameter in action.parameters if parameter.type == TARGET):
        if not effective[name]:
            raise InvalidParameters(f"Parameter {name} has no value: {product.id} has no resource of its target type")
        for value in effective[name]:
            if value not in product.resources:
                raise InvalidParameters(f"Value {value} of parameter {name} is not a resource of {product.id}")
