# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would be sent, found out and proven by reads alone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypeVar

from . import _api, _parameters, _resolve
from ._errors import SERVICE_ERRORS, Refused, SelfServiceError, explain, is_access_denied
from ._types import ExecutionParameter, Parameters, Reference, Request

if TYPE_CHECKING:
    from botocore.client import BaseClient

T = TypeVar("T")

_BUSY = ("UNDER_CHANGE", "PLAN_IN_PROGRESS", "ERROR")
_WITHOUT_ACTIONS = ("TERRAFORM_OPEN_SOURCE", "TERRAFORM_CLOUD", "EXTERNAL")


class Plan(NamedTuple):
    """A request with its ids known, and what was read to know them."""

    request: Request
    token_is_new: bool
    product: Mapping[str, Any] | None = None
    action_was_found: bool = False


class Proof(NamedTuple):
    """What check mode has read: None where the caller may not."""

    product: Mapping[str, Any] | None
    definitions: list[ExecutionParameter] | None


def new_token() -> str:
    """Return an idempotency token that no other run has."""
    return str(uuid.uuid4())


def plan(
    client: BaseClient,
    target: Reference,
    action: Reference,
    *,
    parameters: Parameters,
    execute_token: str,
    token_is_new: bool,
    accept_language: str | None,
) -> Plan:
    """Return the request, names resolved to ids: no call for ids, else one for the product and those for the action."""
    if target.id and action.id:
        return Plan(Request(target.id, action.id, execute_token, accept_language, parameters), token_is_new)
    product = _resolve.find_provisioned_product(client, target, language=accept_language)
    action_id = action.id or str(_resolve.find_action(client, product, action, language=accept_language)["Id"])
    sent = Request(str(product["Id"]), action_id, execute_token, accept_language, parameters)
    return Plan(sent, token_is_new, product, action_was_found=not action.id)


def prove(client: BaseClient, planned: Plan, warn: Callable[[str], None]) -> Proof:
    """Show by reads that the request would be accepted, or raise what is against it.

    What the caller may not read is passed to `warn`.
    """
    sent, language = planned.request, planned.request.accept_language
    target, action = Reference(sent.provisioned_product_id), Reference(sent.service_action_id)
    product = planned.product or _if_allowed(
        lambda: _resolve.find_provisioned_product(client, target, language=language), warn
    )
    if product is not None:
        found = product
        _check_ready(found, planned, warn)
        if not planned.action_was_found:
            _if_allowed(lambda: _resolve.find_action(client, found, action, language=language), warn)
    definitions = _if_allowed(lambda: read_definitions(client, sent), warn)
    if definitions is not None:
        _parameters.check_known(definitions, sent.parameters)
    return Proof(product, definitions)


def read_definitions(client: BaseClient, sent: Request) -> list[ExecutionParameter]:
    """Return the parameters that the action takes on this provisioned product."""
    return _api.describe_service_action_execution_parameters(
        client, sent.provisioned_product_id, sent.service_action_id, language=sent.accept_language
    )


def with_reasons(refusal: Refused, client: BaseClient, planned: Plan) -> Refused:
    """Return the refusal of a start with what reads find against it, such as the choices for an unknown name.

    They only help a message that is due anyway, so what can't be read is left out.
    """
    if refusal.facts.get("error", {}).get("code") not in ("InvalidParametersException", "ResourceNotFoundException"):
        return refusal
    try:
        prove(client, planned, lambda _text: None)
    except SelfServiceError as found:
        return Refused(f"{refusal} {found}", **{**found.facts, **refusal.facts})
    except SERVICE_ERRORS:
        pass
    return refusal


def planned_detail(sent: Request, product: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what is known, before it exists, of the record that the request would create: a RecordDetail."""
    known = product or {}
    return {
        "ProvisionedProductId": sent.provisioned_product_id,
        "ProvisionedProductName": known.get("Name"),
        "ProvisionedProductType": known.get("Type"),
        "ProductId": known.get("ProductId"),
        "ProvisioningArtifactId": known.get("ProvisioningArtifactId"),
        "LaunchRoleArn": known.get("LaunchRoleArn"),
    }


def _check_ready(product: Mapping[str, Any], planned: Plan, warn: Callable[[str], None]) -> None:
    name = f"The provisioned product {product.get('Name')!r} ({product.get('Id')})"
    if product.get("Type") in _WITHOUT_ACTIONS:
        raise Refused(f"{name} is of the type {product['Type']}, which has no service actions.", changed=False)
    if product.get("Status") not in _BUSY:
        return
    reason = f" ({product['StatusMessage']})" if product.get("StatusMessage") else ""
    busy = f"{name} has the status {product['Status']}{reason}; it takes an action when AVAILABLE or TAINTED."
    if planned.token_is_new:
        raise Refused(busy, changed=False)
    # It may be busy with the very action that the token stands for, and its replay is accepted.
    warn(f"{busy} The start is refused, unless execute_token stands for an action that has started.")


def _if_allowed(read: Callable[[], T], warn: Callable[[str], None]) -> T | None:
    try:
        return read()
    except SERVICE_ERRORS as error:
        if not is_access_denied(error):
            raise
        warn(f"This could not be checked: {explain(error)}")
        return None
