# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of a bulk run, and whether the task fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._exceptions import BulkFailed
from .._servicecatalog import results
from .._servicecatalog.models import Outcome

if TYPE_CHECKING:
    from .._clock import Interrupted
    from .queue import Budget
    from .target import Target

# In the order in which they are counted.
OUTCOMES = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.NOT_STARTED, Outcome.STARTED)


def bulk_results(targets: Sequence[Target], *, seconds: float, api_calls: int, is_check: bool) -> dict[str, Any]:
    """Return results, summary, remaining and changed, whatever has happened."""
    counts = _count(targets)
    remaining = [target.product_id for target in targets if _outcome_of(target) is Outcome.NOT_STARTED]
    return {
        "changed": bool(remaining) if is_check else any(target.changed for target in targets),
        "results": [_target_result(target) for target in targets],
        "summary": {
            **{str(outcome): counts[outcome] for outcome in OUTCOMES},
            "seconds": round(seconds, 1),
            "api_calls": api_calls,
        },
        "remaining": remaining,
    }


def raise_for_failures(
    targets: Sequence[Target], budget: Budget, *, seed: str, interrupted: Interrupted | None
) -> None:
    """Raise BulkFailed if there are more errors than the budget has, a target timed out, or a signal came."""
    counts = _count(targets)
    if counts[Outcome.FAILED] <= budget.max_errors and not counts[Outcome.TIMED_OUT] and not interrupted:
        return
    words = [f"{counts[outcome]} {outcome.replace('_', ' ')}" for outcome in OUTCOMES if counts[outcome]]
    wrong = [target for target in targets if target.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)]
    cause = f"The first: {wrong[0].error}" if wrong else interrupted
    may_have_started = any(target.changed and not target.record for target in targets)
    goes_on = counts[Outcome.NOT_STARTED] or counts[Outcome.TIMED_OUT] or may_have_started
    how_to_continue = f" To go on, run the whole task again with execute_token: {seed}." if goes_on else ""
    raise BulkFailed(
        f"Of {len(targets)} targets: {', '.join(words)} (max_errors is {budget.max_errors}). {cause}{how_to_continue}"
    )


def _count(targets: Sequence[Target]) -> Counter[Outcome]:
    return Counter(map(_outcome_of, targets))


def _outcome_of(target: Target) -> Outcome:
    """Return the outcome; an unforeseen exception may have kept a target from having one."""
    return target.outcome or (Outcome.STARTED if target.record else Outcome.NOT_STARTED)


def _target_result(target: Target) -> dict[str, Any]:
    result = {
        "provisioned_product_id": target.product_id,
        "provisioned_product_name": target.product_name,
        "outcome": str(_outcome_of(target)),
        "record_detail": results.record_detail(target.record.detail) if target.record else None,
    }
    if target.error:
        outputs = target.record.outputs if target.record else None
        result.update(error=target.error, record_outputs=dict(outputs or {}))
    return result
