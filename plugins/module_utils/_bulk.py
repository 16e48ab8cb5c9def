# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bulk task as a whole: its targets, what came of each, and what is said of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable

from . import _plan, _results, _targets
from ._bulk_loop import WORKERS, Attempt, BulkLoop
from ._clock import Clock, Stopped
from ._errors import SERVICE_ERRORS, BulkFailed, SelfServiceError, sentence
from ._fleet import FAILED, NOT_STARTED, OUTCOMES, STARTED, TIMED_OUT, Budget, Fleet
from ._types import Parameters, Waiting

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from ._following import FollowedRecords
    from ._progress import Progress


class Bulk:
    """The targets of a task, resolved, and the one outcome of each."""

    def __init__(
        self,
        targets: list[_targets.BulkTarget],
        budget: Budget,
        *,
        seed: str,
        seed_is_new: bool,
        secrets: Parameters,
        language: str | None,
    ) -> None:
        self._targets = targets
        self._seed = seed
        self._stopped: Stopped | None = None
        self._attempts = {number: Attempt(error=target.error) for number, target in enumerate(targets)}
        self._fleet = Fleet((number for number, target in enumerate(targets) if not target.error), budget)
        self._plans = {
            number: _targets.plan_of(
                targets[number],
                _targets.token_of(seed, targets[number], secrets),
                token_is_new=seed_is_new,
                language=language,
            )
            for number in self._fleet.pending
        }
        for number, target in enumerate(targets):
            if target.error:
                self._fleet.ends(number, FAILED)

    def run(
        self,
        client: BaseClient,
        followed: FollowedRecords,
        *,
        waiting: Waiting | None,
        clock: Clock,
        progress: Progress,
    ) -> None:
        """Start what the budget allows, and with `waiting` wait until it has ended."""
        loop = BulkLoop(
            client,
            self._plans,
            self._fleet,
            attempts=self._attempts,
            followed=followed,
            waiting=waiting,
            clock=clock,
            progress=progress,
        )
        try:
            loop.run()
        except Stopped as stopped:
            self._stopped = stopped

    def prove(self, client: BaseClient, warn: Callable[[str], None]) -> None:
        """Show by reads for each target that its start would be accepted."""

        def refusal(number: int) -> str | None:
            try:
                _plan.prove(client, self._plans[number], warnings.add)
            except (SelfServiceError, *SERVICE_ERRORS) as error:
                return sentence(error)
            return None

        warnings: set[str] = set()
        numbers = self._fleet.close()
        with ThreadPoolExecutor(WORKERS) as pool:
            for number, error in zip(numbers, pool.map(refusal, numbers)):
                self._attempts[number].error = error
                if error:
                    self._fleet.ends(number, FAILED)
        for warning in sorted(warnings):
            warn(warning)

    def results(self, *, seconds: float, api_calls: int, is_check: bool) -> dict[str, Any]:
        """Return results, summary, remaining and changed, whatever has happened."""
        self._fleet.close()
        shaped = [self._shaped(number) for number in range(len(self._targets))]
        counts = {outcome: sum(item["outcome"] == outcome for item in shaped) for outcome in OUTCOMES}
        left = [item["provisioned_product_id"] for item in shaped if item["outcome"] == NOT_STARTED]
        changed = bool(left) if is_check else any(attempt.changed for attempt in self._attempts.values())
        return {
            "changed": changed,
            "results": shaped,
            "summary": {**counts, "seconds": round(seconds, 1), "api_calls": api_calls},
            "remaining": left,
        }

    def conclude(self) -> None:
        """Raise BulkFailed if the task has failed: more errors than it allows, a target that timed out, or a signal."""
        counts, outcomes = self._fleet.counts, self._fleet.outcomes
        if self._fleet.errors <= self._fleet.budget.max_errors and not counts[TIMED_OUT] and not self._stopped:
            return
        words = [f"{counts[outcome]} {outcome.replace('_', ' ')}" for outcome in OUTCOMES if counts[outcome]]
        wrong = [number for number in range(len(self._targets)) if outcomes.get(number) in (FAILED, TIMED_OUT)]
        cause = f"The first: {self._attempts[wrong[0]].error}" if wrong else self._stopped
        may_have_started = any(attempt.changed and not attempt.record for attempt in self._attempts.values())
        goes_on = counts[NOT_STARTED] or counts[TIMED_OUT] or may_have_started
        way_on = f" To go on, run the whole task again with execute_token: {self._seed}." if goes_on else ""
        raise BulkFailed(
            f"Of {len(self._targets)} targets: {', '.join(words)} (max_errors is {self._fleet.budget.max_errors}). "
            f"{cause}{way_on}"
        )

    def _shaped(self, number: int) -> dict[str, Any]:
        target, attempt = self._targets[number], self._attempts[number]
        outcome = self._fleet.outcomes.get(number, STARTED if attempt.record else NOT_STARTED)
        detail = attempt.record.detail if attempt.record else {}
        name = detail.get("ProvisionedProductName") or (target.product or {}).get("Name") or target.reference.name
        shaped = {
            "provisioned_product_id": target.product_id,
            "provisioned_product_name": name,
            "outcome": outcome,
            "record_detail": _results.record_detail(detail) if attempt.record else None,
        }
        if attempt.error:
            outputs = attempt.record.outputs if attempt.record else None
            shaped.update(error=attempt.error, record_outputs=dict(outputs or {}))
        return shaped
