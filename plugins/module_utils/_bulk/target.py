# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One object for each target of a bulk run, from what a task gives to its outcome."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .._action.parameters import to_parameters
from .._action.plan import Plan, make_request
from .._action.tokens import Change
from .._arguments import PRODUCT, check_identifiers, check_one_given
from .._exceptions import InvalidInput, Refused, SelfServiceError
from .._servicecatalog.errors import error_facts, error_sentence
from .._servicecatalog.history import oldest_first
from .._servicecatalog.models import Outcome, Parameters, Record, Reference, check_parameters
from .._servicecatalog.tags import Tags, with_tags

if TYPE_CHECKING:
    from .._action.start import Execution
    from .._servicecatalog.api import ServiceCatalog
    from .._wait.availability import BusyProduct

# In the order in which they are reported.
OUTCOMES = (
    Outcome.SUCCEEDED,
    Outcome.FAILED,
    Outcome.TIMED_OUT,
    Outcome.NOT_STARTED,
    Outcome.STARTED,
    Outcome.WOULD_START,
)
PROBLEMS = (Outcome.FAILED, Outcome.TIMED_OUT)


@dataclass(eq=False, repr=False)
class Target:
    """A provisioned product, the request for it, and its result.

    `failure` is why it has failed or timed out; `outcome` is None until it has one; `began` is when its start was first
    sent, in monotonic seconds; `attempt` is the attempt of its plan, 0 until it has one; `ran_in_this_run` says that
    its record was seen before it ended. `busy` is its product, if that refused the start; `waited` is how long it
    waited for it, without the time in the queue afterwards.
    """

    reference: Reference
    parameters: Parameters
    product: Mapping[str, Any] | None = None
    action_id: str | None = None
    plan: Plan = field(init=False)
    record: Record | None = None
    changed: bool = False
    failure: SelfServiceError | None = None
    outcome: Outcome | None = None
    began: float = 0.0
    attempt: int = 0
    ran_in_this_run: bool = False
    busy: BusyProduct | None = None
    waited: float = 0.0

    @property
    def product_id(self) -> str | None:
        """The id of the provisioned product, None while it is not known."""
        return self.reference.id or (self.product or {}).get("Id")

    @property
    def product_name(self) -> str | None:
        """The name of the provisioned product, as far as it is known."""
        detail = self.record.detail if self.record else {}
        return detail.get("ProvisionedProductName") or (self.product or {}).get("Name") or self.reference.name

    @property
    def outcome_so_far(self) -> Outcome:
        """The outcome; an unforeseen exception may have kept it from having one."""
        return self.outcome or (Outcome.STARTED if self.record else Outcome.NOT_STARTED)

    @property
    def same_task(self) -> str:
        """How to run the task again that it belongs to, in words."""
        return self.plan.change.same_task

    @property
    def has_run(self) -> bool:
        """Whether this run created its record, or saw it before it ended."""
        return self.record is not None and (self.changed or self.ran_in_this_run)

    @property
    def failed_before(self) -> bool:
        """Whether its record, which has FAILED, had done so before this run."""
        return not self.has_run

    @property
    def failed_at(self) -> float:
        """When the attempt before has FAILED, in POSIX seconds: 0 without one, infinity if the service did not say."""
        if self.attempt == 1:
            return 0.0
        updated = self.record.detail.get("UpdatedTime") if self.record else None
        return updated.timestamp() if isinstance(updated, datetime) else math.inf

    def note_answer(self, execution: Execution, *, is_read: bool) -> None:
        """Note what its start was answered with; an older record `is_read` if the answer did not tell its end.

        Then it is not retried if it ran, or could not be read.
        """
        self.record, self.changed, self.failure = execution.record, execution.changed, None
        self.ran_in_this_run = is_read and not execution.changed and execution.record.outcome is not Outcome.FAILED

    def note_poll(self, record: Record) -> None:
        """Note its record after a poll; one that was not read is the same object as before."""
        if record is not self.record and record.outcome is Outcome.RUNNING:
            self.ran_in_this_run = True
        self.record = record

    def retry(self) -> None:
        """Plan the next attempt; the record and the failure of this one stay until then."""
        self.busy, self.waited = None, 0.0
        self._plan_attempt(self.attempt + 1)

    def withdraw(self) -> Outcome:
        """Return its outcome if the attempt that is planned is not sent: a retry stays the failure that it is."""
        if self.attempt == 1:
            return Outcome.NOT_STARTED
        self._plan_attempt(self.attempt - 1)
        return Outcome.FAILED

    def _plan_attempt(self, attempt: int) -> None:
        self.attempt, self.plan = attempt, self.plan.with_attempt(attempt)

    def reject(self, error: Exception) -> None:
        """Give it its outcome before anything is started."""
        if not isinstance(error, SelfServiceError):
            error = Refused(error_sentence(error), **error_facts(error))
        self.failure, self.outcome = error, Outcome.FAILED


def count_outcomes(targets: Iterable[Target]) -> dict[Outcome, int]:
    """Return how many targets have come to each outcome, in the order in which they are reported."""
    found = Counter(target.outcome_so_far for target in targets)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def given_targets(params: Mapping[str, Any], common: Parameters, secrets: Parameters) -> list[Target]:
    """Return the targets of `targets`, `provisioned_product_ids` or `provisioned_product_names`, checked."""
    plain: list[Mapping[str, Any]] = [
        *({"provisioned_product_id": each} for each in params["provisioned_product_ids"] or ()),
        *({"provisioned_product_name": each} for each in params["provisioned_product_names"] or ()),
        *(params["targets"] or ()),
    ]
    found = []
    for item in plain:
        check_one_given(item, PRODUCT)
        check_identifiers(item)
        own = to_parameters(item.get("parameters"), "parameters of a target")
        parameters = {**common, **own, **secrets}
        check_parameters(parameters)
        reference = Reference(item.get("provisioned_product_id"), item.get("provisioned_product_name"))
        found.append(Target(reference, parameters))
    return found


def searched_targets(
    service: ServiceCatalog, queries: list[str], parameters: Parameters, *, tags: Tags | None
) -> list[Target]:
    """Return a target for each provisioned product that the search finds, and that has the tags, oldest first."""
    products = oldest_first(with_tags(service.search_provisioned_products(queries), tags))
    # By id, since pages that shift meanwhile may list one twice.
    found = {product["Id"]: product for product in products}
    return [Target(Reference(product_id), parameters, product) for product_id, product in found.items()]


def make_plans(
    targets: Iterable[Target], change: Change, secret_names: Collection[str], params: Mapping[str, Any]
) -> None:
    """Give the targets that are resolved their requests, or reject those whose request the service would not take."""
    for target in targets:
        if target.outcome is not None:
            continue
        ids = (str(target.product_id), str(target.action_id))
        try:
            request = make_request(change, *ids, parameters=target.parameters, secret_names=secret_names)
        except InvalidInput as error:
            target.reject(error)
        else:
            target.attempt, target.plan = 1, Plan(
                request,
                change,
                secret_names,
                params["wait_until_available"],
                target.product,
                action_was_found=not params["service_action_id"],
            )
