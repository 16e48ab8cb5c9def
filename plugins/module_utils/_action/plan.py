# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the request to start an action, and validate it with reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypeVar

from .._exceptions import Refused, SelfServiceError
from .._secrets.masker import mask_parameters
from .._servicecatalog.errors import INVALID, SERVICE_ERRORS, describe_error, error_facts, is_access_denied
from .._servicecatalog.models import ExecutionParameter, Parameters, Record, Reference, Request
from .._servicecatalog.products import BUSY, CHANGING, MAY_BE_BUSY_WITH_THIS_CHANGE, describe_product, describe_status
from . import lookup
from .parameters import check_known

if TYPE_CHECKING:
    from .._servicecatalog.api import ServiceCatalog
    from .tokens import Change

T = TypeVar("T")

# The error codes of refusals whose cause reads can find.
_EXPLAINED = (*INVALID, "InvalidStateException", "ResourceNotFoundException")
_WAIT_FOR_IT = "Wait for that, or run the task with wait_until_available: true."
_RUN_AGAIN = "To continue, fix the cause and run the task again."
_WITHOUT_ACTIONS = ("TERRAFORM_OPEN_SOURCE", "TERRAFORM_CLOUD", "EXTERNAL")


class Plan(NamedTuple):
    """A request with resolved ids, the change it belongs to, and what was read to resolve the ids.

    `waits_until_available`: whether the task waits for a busy product.
    """

    request: Request
    change: Change
    secret_names: Collection[str] = ()
    waits_until_available: bool = False
    product: Mapping[str, Any] | None = None
    action_was_found: bool = False

    @property
    def token_is_new(self) -> bool:
        """Whether no run has sent the token before."""
        return self.change.is_new

    def with_attempt(self, attempt: int) -> Plan:
        """Return the plan of another attempt, which differs only in its token."""
        sent = self.request
        return self._replace(
            request=make_request(
                self.change,
                sent.provisioned_product_id,
                sent.service_action_id,
                parameters=sent.parameters,
                secret_names=self.secret_names,
                attempt=attempt,
            )
        )


class PlanCheck(NamedTuple):
    """What validation has read; None if the caller lacks the permission."""

    product: Mapping[str, Any] | None
    definitions: list[ExecutionParameter] | None


def plan(
    service: ServiceCatalog,
    target: Reference,
    action: Reference,
    *,
    parameters: Parameters,
    secret_names: Collection[str],
    change: Change,
    waits_until_available: bool = False,
) -> Plan:
    """Return the plan for a target, with names resolved to ids; raise NotFound or Refused if that fails.

    Cost: no call if both ids are given; otherwise one for the product, and pages of actions if the action has no id.
    """
    product, product_id, action_id = None, target.id, action.id
    if not (product_id and action_id):
        try:
            product = lookup.find_provisioned_product(service, target)
            product_id = str(product["Id"])
            action_id = action.id or str(lookup.find_action(service, product, action)["Id"])
        except SERVICE_ERRORS as error:
            text = f"Nothing was started, since the names could not be looked up: {describe_error(error)}."
            raise Refused(text, how_to_continue=_RUN_AGAIN, changed=False, **error_facts(error)) from error
    request = make_request(change, product_id, action_id, parameters=parameters, secret_names=secret_names)
    return Plan(request, change, secret_names, waits_until_available, product, action_was_found=not action.id)


def make_request(
    change: Change,
    product_id: str,
    action_id: str,
    *,
    parameters: Parameters,
    secret_names: Collection[str],
    attempt: int = 1,
) -> Request:
    """Return the request for one attempt of a change."""
    token = change.token(product_id, action_id, parameters=parameters, secret_names=secret_names, attempt=attempt)
    return Request(product_id, action_id, token, parameters)


def validate(
    service: ServiceCatalog, planned: Plan, warn: Callable[[str], None], *, is_refused: bool = False
) -> PlanCheck:
    """Check with reads that the service would accept the request, or raise NotFound or Refused.

    What the caller may not read is a warning. A busy product is a warning if the task waits for it or if it may be busy
    with this change, unless the service has already refused the start (`is_refused`).
    """
    sent = planned.request
    target, action = Reference(sent.provisioned_product_id), Reference(sent.service_action_id)
    product = planned.product or _if_allowed(lambda: lookup.find_provisioned_product(service, target), warn)
    if product is not None:
        found = product
        _check_ready(found, planned, warn, is_refused=is_refused)
        if not planned.action_was_found:
            _if_allowed(lambda: lookup.find_action(service, found, action), warn)
    definitions = _if_allowed(lambda: read_definitions(service, sent), warn)
    if definitions is not None:
        check_known(definitions, sent.parameters, sent.service_action_id)
    return PlanCheck(product, definitions)


def preview(
    service: ServiceCatalog, planned: Plan, warn: Callable[[str], None], *, with_diff: bool
) -> tuple[Record, dict[str, Any]]:
    """Validate a request, and return the record that it would create and the results to add: `changed` and `diff`."""
    check = validate(service, planned, warn)
    record = Record(predicted_record_detail(planned.request, check.product))
    diff = {"diff": parameters_diff(check.definitions, planned)} if with_diff else {}
    return record, {"changed": True, **diff}


def read_definitions(service: ServiceCatalog, request: Request) -> list[ExecutionParameter]:
    """Return the parameters that the action accepts for this provisioned product."""
    return service.describe_service_action_execution_parameters(
        request.provisioned_product_id, request.service_action_id
    )


def read_diff(service: ServiceCatalog, planned: Plan, warn: Callable[[str], None]) -> dict[str, Any]:
    """Return the diff of a plan, without the action's defaults if they can't be read."""
    definitions = None
    try:
        definitions = read_definitions(service, planned.request)
    except SERVICE_ERRORS as error:
        warn(f"The diff lacks the action's defaults: {describe_error(error)}")
    return parameters_diff(definitions, planned)


def add_diagnosis(refusal: Refused, service: ServiceCatalog, planned: Plan) -> Refused:
    """Return the refusal of a start with the cause that reads find, such as the choices for an unknown name.

    The service's own text is then only in the fact `error`. If the reads fail or find no cause, return it unchanged.
    """
    code = (refusal.facts.get("error") or {}).get("code")
    if code not in _EXPLAINED:
        return refusal
    try:
        # Read the product again, because its status may have changed.
        validate(service, planned._replace(product=None), lambda _text: None, is_refused=True)
    except SERVICE_ERRORS:
        # Handled first, because some SERVICE_ERRORS are SelfServiceErrors as well.
        return refusal
    except SelfServiceError as found:
        # This sentence covers a single start: earlier runs may have started the action, and a bulk run, which omits the
        # sentence, may have started others.
        nothing = "Nothing was started." if planned.token_is_new else "Nothing was started by this run."
        return Refused(str(found), how_to_continue=nothing, **{**found.facts, **refusal.facts})
    return refusal


def predicted_record_detail(sent: Request, product: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the RecordDetail of the record that the request would create, as far as it is known in advance."""
    known = product or {}
    return {
        "ProvisionedProductId": sent.provisioned_product_id,
        "ProvisionedProductName": known.get("Name"),
        "ProvisionedProductType": known.get("Type"),
        "ProductId": known.get("ProductId"),
        "ProvisioningArtifactId": known.get("ProvisioningArtifactId"),
        "LaunchRoleArn": known.get("LaunchRoleArn"),
    }


def request_result(planned: Plan, accept_language: str | None) -> dict[str, Any]:
    """Return the request as a result, with the values of secrets masked."""
    sent = planned.request
    return {
        "provisioned_product_id": sent.provisioned_product_id,
        "service_action_id": sent.service_action_id,
        "execute_token": sent.execute_token,
        "accept_language": accept_language,
        "parameters": mask_parameters(sent.parameters, planned.secret_names),
    }


def parameters_diff(definitions: Collection[ExecutionParameter] | None, planned: Plan) -> dict[str, Any]:
    """Return the parameters as an Ansible diff: the action's defaults before, the effective values after.

    `definitions` is None if they can't be read.
    """
    defaults = {definition.name: list(definition.default_values) for definition in definitions or ()}
    return {
        "before_header": "defaults of the service action",
        "after_header": "effective parameters",
        "before": {"parameters": mask_parameters(defaults, planned.secret_names)},
        "after": {"parameters": mask_parameters({**defaults, **planned.request.parameters}, planned.secret_names)},
    }


def _check_ready(product: Mapping[str, Any], planned: Plan, warn: Callable[[str], None], *, is_refused: bool) -> None:
    name = f"The {describe_product(product)}"
    if product.get("Type") in _WITHOUT_ACTIONS:
        raise Refused(f"{name} is of the type {product['Type']}, which has no service actions.", changed=False)
    if product.get("Status") not in BUSY:
        return
    needed = "an action can start once the product is AVAILABLE or TAINTED"
    busy = f"{name} has the status {describe_status(product)}; {needed}."
    is_changing = product["Status"] in CHANGING
    waits = planned.waits_until_available and is_changing
    if is_refused or (planned.token_is_new and not waits):
        ways = [] if planned.token_is_new else [MAY_BE_BUSY_WITH_THIS_CHANGE]
        raise Refused(" ".join([busy, *ways, _WAIT_FOR_IT] if is_changing else [busy]), changed=False)
    # The service may accept a repeated start request for the action that the product is busy with.
    other = "The start will be rejected, unless the product is busy with this change."
    warn(f"{busy} {'The start will wait for that, for at most wait_timeout seconds.' if waits else other}")


def _if_allowed(read: Callable[[], T], warn: Callable[[str], None]) -> T | None:
    try:
        return read()
    except SERVICE_ERRORS as error:
        if not is_access_denied(error):
            raise
        warn(f"This could not be checked: {describe_error(error)}")
        return None
