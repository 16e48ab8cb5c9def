# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of a bulk run, from the options of the task to the outcome of each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._action.parameters import to_parameters
from .._action.plan import Plan, make_request
from .._action.tokens import Change
from .._arguments import PRODUCT, check_identifiers, check_one_given
from .._exceptions import InvalidInput, Refused, SelfServiceError
from .._servicecatalog.errors import error_facts, error_sentence
from .._servicecatalog.history import oldest_first
from .._servicecatalog.models import Outcome, Parameters, Record, Reference, check_parameters, in_utc
from .._servicecatalog.tags import Tags, with_tags

if TYPE_CHECKING:
    from .._action.start import Execution
    from .._servicecatalog.api import ServiceCatalog
    from .._wait.availability import BusyProduct

# In reporting order.
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

    `failure` is why it failed or timed out. `outcome` is None until it is known. `began` is when its start was first
    sent, in monotonic seconds. `attempt` is the attempt of its plan, 0 without a plan. `ran_in_this_run`: whether its
    record was seen before it ended. `busy` is its product, if that has refused the start. `waited` is how long it
    waited for its product, in seconds, without the time in the queue afterwards; if it is the only target, also for its
    lookup.
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
        """The id of the provisioned product, or None while it is unknown."""
        return self.reference.id or (self.product or {}).get("Id")

    @property
    def product_name(self) -> str | None:
        """The name of the provisioned product, if it is known."""
        detail = self.record.detail if self.record else {}
        return detail.get("ProvisionedProductName") or (self.product or {}).get("Name") or self.reference.name

    @property
    def outcome_so_far(self) -> Outcome:
        """The outcome, or one derived from the record if an unforeseen exception came before it was set."""
        return self.outcome or (Outcome.STARTED if self.record else Outcome.NOT_STARTED)

    @property
    def same_task(self) -> str:
        """The phrase for running the task of this target again."""
        return self.plan.change.same_task

    @property
    def has_run(self) -> bool:
        """Whether this run created its record, or saw it before it ended."""
        return self.record is not None and (self.changed or self.ran_in_this_run)

    @property
    def failed_before(self) -> bool:
        """Whether its record, which FAILED, had failed before this run."""
        return not self.has_run

    @property
    def failed_at(self) -> float:
        """When the previous attempt FAILED, in POSIX seconds; 0 if there is none, infinity if the time is unknown."""
        if self.attempt == 1:
            return 0.0
        updated = in_utc(self.record.detail.get("UpdatedTime")) if self.record else None
        return updated.timestamp() if updated else math.inf

    def note_answer(self, execution: Execution, *, is_read: bool) -> None:
        """Note the response to its start.

        `is_read`: whether an older record was read again if the response did not contain its final status. A target
        whose older record has not FAILED by then is not retried in this run.
        """
        self.record, self.changed, self.failure = execution.record, execution.changed, None
        self.ran_in_this_run = is_read and not execution.changed and execution.record.outcome is not Outcome.FAILED

    def note_poll(self, record: Record) -> None:
        """Note its record after a poll; a record that was not read is the same object as before."""
        if record is not self.record and record.outcome is Outcome.RUNNING:
            self.ran_in_this_run = True
        self.record = record

    def retry(self) -> None:
        """Plan the next attempt; keep the record and the failure of this one until it gets a response."""
        self.busy, self.waited = None, 0.0
        self._plan_attempt(self.attempt + 1)

    def withdraw(self) -> Outcome:
        """Cancel the planned attempt, and return the outcome: NOT_STARTED, or FAILED if it was a retry."""
        if self.attempt == 1:
            return Outcome.NOT_STARTED
        self._plan_attempt(self.attempt - 1)
        return Outcome.FAILED

    def _plan_attempt(self, attempt: int) -> None:
        self.attempt, self.plan = attempt, self.plan.with_attempt(attempt)

    def reject(self, error: Exception) -> None:
        """Set its outcome to FAILED before anything is started."""
        if not isinstance(error, SelfServiceError):
            error = Refused(error_sentence(error), **error_facts(error))
        self.failure, self.outcome = error, Outcome.FAILED


def count_outcomes(targets: Iterable[Target]) -> dict[Outcome, int]:
    """Return the number of targets for each outcome, in reporting order."""
    found = Counter(target.outcome_so_far for target in targets)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def given_targets(params: Mapping[str, Any], common: Parameters, secrets: Parameters) -> list[Target]:
    """Return the targets of `targets`, `provisioned_product_ids` or `provisioned_product_names`, validated."""
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
    """Return a target for each provisioned product that matches the search and the tags, oldest first."""
    products = oldest_first(with_tags(service.search_provisioned_products(queries), tags))
    # By id, because pages that shift meanwhile may list a product twice.
    found = {product["Id"]: product for product in products}
    return [Target(Reference(product_id), parameters, product) for product_id, product in found.items()]


def make_plans(
    targets: Iterable[Target], change: Change, secret_names: Collection[str], params: Mapping[str, Any]
) -> None:
    """Set the plans of resolved targets, or reject targets whose request the service would not accept."""
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
