# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of a bulk run, and whether the task fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._exceptions import BulkFailed
from .._secrets.masker import mask
from .._servicecatalog import results
from .._servicecatalog.models import Outcome

if TYPE_CHECKING:
    from .._clock import Interrupted
    from .queue import TargetQueue
    from .target import Target

_MOST_NAMED = 10
# In the order in which they are reported.
_OUTCOMES = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.NOT_STARTED, Outcome.STARTED)


def bulk_results(targets: Sequence[Target], *, is_check: bool) -> dict[str, Any]:
    """Return changed, results, remaining, and a summary of counts, whatever has happened."""
    remaining = [target.product_id for target in targets if _outcome_of(target) is Outcome.NOT_STARTED]
    return {
        "changed": bool(remaining) if is_check else any(target.changed for target in targets),
        "results": [_target_result(target) for target in targets],
        "summary": {str(outcome): count for outcome, count in _count(targets).items()},
        "remaining": remaining,
    }


def raise_for_failures(
    targets: Sequence[Target], queue: TargetQueue, *, seed: str, interrupted: Interrupted | None
) -> None:
    """Raise BulkFailed if there are too many errors, a target timed out, no place was free, or a signal came."""
    counts, budget = _count(targets), queue.budget
    blocked = "" if interrupted else _describe_blockers(queue)
    if counts[Outcome.FAILED] <= budget.max_errors and not counts[Outcome.TIMED_OUT] and not (interrupted or blocked):
        return
    words = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in counts.items() if count)
    cause = _first_error(targets) or interrupted
    can_go_on = _can_go_on(targets, interrupted)
    hint = f" To go on, run the whole task again with execute_token: {seed}." if can_go_on else ""
    raise BulkFailed(f"Of {len(targets)} targets: {words} (max_errors is {budget.max_errors}). {cause}{blocked}{hint}")


def _first_error(targets: Sequence[Target]) -> str:
    return next((f"The first: {target.error}" for target in targets if target.error), "")


def _describe_blockers(queue: TargetQueue) -> str:
    """Return which targets kept the rest from starting, and what to do, as a sentence with a space in front."""
    names = [_describe_blocker(target) for target in queue.blockers]
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (
        " The rest was not started, since these targets may still run and hold every place (max_concurrency is "
        f"{queue.budget.max_concurrency}): {', '.join(names[:_MOST_NAMED])}{more}. Stop what they run, wait for it, or "
        "raise max_concurrency."
    )


def _describe_blocker(target: Target) -> str:
    seen = f"record {target.record.record_id}" if target.record else "no record seen"
    return f"{mask(target.product_name) if target.product_name else target.product_id} ({seen})"


def _count(targets: Sequence[Target]) -> dict[Outcome, int]:
    found = Counter(map(_outcome_of, targets))
    return {outcome: found[outcome] for outcome in _OUTCOMES}


def _can_go_on(targets: Sequence[Target], interrupted: Interrupted | None) -> bool:
    """Tell whether the same task, run again, may start something or find out more."""
    open_ends = (Outcome.NOT_STARTED, Outcome.TIMED_OUT, Outcome.STARTED)
    return bool(interrupted) or any(_outcome_of(each) in open_ends or not each.record for each in targets)


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
