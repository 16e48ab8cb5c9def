# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a service action: the plan (reads only), the one write, and what its answer means."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from . import _api, _parameters, _resolve
from ._errors import (
    SERVICE_ERRORS,
    GarbledAnswer,
    MayHaveStarted,
    Refused,
    ResponseParserError,
    SelfServiceError,
    error_facts,
    explain,
    is_access_denied,
)
from ._records import hints
from ._types import Answer, ExecutionParameter, Parameters, Record, Reference, Request

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from ._clock import Clock

T = TypeVar("T")

_BUSY = ("UNDER_CHANGE", "PLAN_IN_PROGRESS", "ERROR")
_WITHOUT_ACTIONS = ("TERRAFORM_OPEN_SOURCE", "TERRAFORM_CLOUD", "EXTERNAL")
# How far the service's own two clocks, CreatedTime and the Date header, may be apart.
_CLOCK_SLACK = timedelta(seconds=2)


@dataclass(frozen=True)
class Plan:
    """A request with its ids known, and the provisioned product where it had to be read for that."""

    request: Request
    product: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Proof:
    """What check mode has read: None where the caller may not."""

    product: Mapping[str, Any] | None
    definitions: list[ExecutionParameter] | None


@dataclass(frozen=True)
class Execution:
    """A record, and whether this run created it."""

    record: Record
    changed: bool


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
    accept_language: str | None,
) -> Plan:
    """Return the request, names resolved to ids: no call for ids, else one for the product and those for the action."""
    product: Mapping[str, Any] | None = None
    product_id, action_id = target.id, action.id
    if not product_id or not action_id:
        product = _resolve.find_provisioned_product(client, target, language=accept_language)
        product_id = str(product["Id"])
    if not action_id:
        action_id = str(_resolve.find_action(client, product or {}, action, language=accept_language)["Id"])
    return Plan(Request(product_id, action_id, execute_token, accept_language, parameters), product)


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
        check_ready(found)
        _if_allowed(lambda: _resolve.find_action(client, found, action, language=language), warn)
    definitions = read_definitions(client, sent, warn)
    if definitions is not None:
        _parameters.check_known(definitions, sent.parameters)
    return Proof(product, definitions)


def read_definitions(client: BaseClient, sent: Request, warn: Callable[[str], None]) -> list[ExecutionParameter] | None:
    """Return the parameters that the action takes on this product, or None where the caller may not read them."""
    return _if_allowed(
        lambda: _api.describe_service_action_execution_parameters(
            client, sent.provisioned_product_id, sent.service_action_id, language=sent.accept_language
        ),
        warn,
    )


def check_ready(product: Mapping[str, Any]) -> None:
    """Refuse a provisioned product that takes no action, now or ever."""
    name = f"The provisioned product {product.get('Name')!r} ({product.get('Id')})"
    if product.get("Type") in _WITHOUT_ACTIONS:
        raise Refused(f"{name} is of the type {product['Type']}, which has no service actions.", changed=False)
    if product.get("Status") in _BUSY:
        reason = f" ({product['StatusMessage']})" if product.get("StatusMessage") else ""
        raise Refused(
            f"{name} has the status {product['Status']}{reason}; it takes an action when AVAILABLE or TAINTED.",
            changed=False,
        )


def execute(client: BaseClient, sent: Request, clock: Clock, *, token_is_new: bool) -> Execution:
    """Start the action and tell whether this run created the record, or raise Refused or MayHaveStarted."""
    started = clock.monotonic()
    with _api.open_attempts() as unanswered:
        try:
            answer = _api.execute_provisioned_product_service_action(client, sent)
        except SERVICE_ERRORS as error:
            raise _not_started(error, bool(unanswered), sent) from error
    replayed = not token_is_new and is_replay(answer, clock.monotonic() - started)
    return Execution(Record(answer.record_detail), changed=not replayed)


def is_replay(answer: Answer, elapsed: float) -> bool:
    """Tell whether the record is older than the first attempt, `elapsed` seconds before the answer.

    Both times are the service's own, so that this machine's clock does not count.
    """
    created = answer.record_detail.get("CreatedTime")
    if created is None or answer.date is None:
        return False
    return created < answer.date - timedelta(seconds=elapsed) - _CLOCK_SLACK


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


def _not_started(error: BaseException, unanswered: bool, sent: Request) -> SelfServiceError:
    if unanswered or isinstance(error, (GarbledAnswer, ResponseParserError)):
        return MayHaveStarted(
            f"The service action {sent.service_action_id} may have started on {sent.provisioned_product_id}: no usable "
            f"answer came back ({explain(error)}). To find out, run this task again with execute_token: "
            f"{sent.execute_token}: it returns the record of this start, or makes the start that did not happen.",
            changed=True,
            **error_facts(error),
        )
    return Refused(
        f"The service action {sent.service_action_id} was not started on {sent.provisioned_product_id}: "
        f"{explain(error)}. Nothing was changed.",
        changed=False,
        hints=hints(explain(error), {}),
        **error_facts(error),
    )


def _if_allowed(read: Callable[[], T], warn: Callable[[str], None]) -> T | None:
    try:
        return read()
    except SERVICE_ERRORS as error:
        if not is_access_denied(error):
            raise
        warn(f"This could not be checked: {explain(error)}")
        return None
