# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of a bulk run, and whether the task fails."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._exceptions import BulkFailed
from .._secrets.masker import mask
from .._servicecatalog import results
from .._servicecatalog.models import Outcome

if TYPE_CHECKING:
    from .._action.tokens import Change
    from .._clock import Interrupted
    from .queue import Budget, TargetQueue
    from .target import Target

# How many targets a warning names, how many of each outcome an error, and how many characters it has of the first.
_MOST_NAMED, _MOST_OF_EACH, _LONGEST_ERROR = 10, 5, 200
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
    targets: Sequence[Target],
    queue: TargetQueue,
    *,
    change: Change,
    interrupted: Interrupted | None,
    warn: Callable[[str], None],
) -> None:
    """Raise BulkFailed if there are too many errors, a target timed out, no place was free, or a signal came.

    Failures of a task that succeeds are passed to `warn`.
    """
    counts, budget = _count(targets), queue.budget
    blocked = "" if interrupted else _describe_blockers(queue)
    is_over = counts[Outcome.FAILED] > budget.max_errors or counts[Outcome.TIMED_OUT]
    if is_over or interrupted or blocked:
        signal = str(interrupted or "")
        first = _first_error(targets)
        parts = [_describe_counts(targets, counts, budget), "" if signal in first else signal, first, blocked]
        raise BulkFailed(" ".join([*filter(None, parts), *_how_to_continue(targets, change, interrupted)]))
    if failed := _name_targets(targets, Outcome.FAILED, _MOST_NAMED):
        total = f"{counts[Outcome.FAILED]} of {len(targets)} targets failed"
        warn(f"{total} (max_errors allows {budget.max_errors}): {failed}.")


def _describe_counts(targets: Sequence[Target], counts: Mapping[Outcome, int], budget: Budget) -> str:
    words = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in counts.items() if count)
    text = f"Of {len(targets)} targets: {words} (max_errors is {budget.max_errors})."
    for outcome in (Outcome.FAILED, Outcome.TIMED_OUT):
        if counts[outcome]:
            text += f" {outcome.replace('_', ' ').capitalize()}: {_name_targets(targets, outcome, _MOST_OF_EACH)}."
    return text


def _name_targets(targets: Sequence[Target], outcome: Outcome, most: int) -> str:
    """Return the names of the first targets with an outcome, or their ids, as a list in a sentence."""
    return _join([_name_of(target) for target in targets if _outcome_of(target) is outcome], most)


def _join(names: Sequence[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _name_of(target: Target) -> str:
    return mask(target.product_name) if target.product_name else str(target.product_id)


def _first_error(targets: Sequence[Target]) -> str:
    error = next((target.error for target in targets if target.error), "")
    # How to continue is said once, for all.
    error = re.split(" To (?:go on|find out), ", error)[0]
    shortened = error if len(error) <= _LONGEST_ERROR else f"{error[:_LONGEST_ERROR]}..."
    return f"The first: {shortened}" if error else ""


def _how_to_continue(targets: Sequence[Target], change: Change, interrupted: Interrupted | None) -> list[str]:
    again = f"run this task again with {change.option}"
    failed = [target for target in targets if target.outcome is Outcome.FAILED]
    if any(target.record for target in failed):
        retry = "and with retry_failed: true if those that failed are to run again"
        return [f"To continue, fix the cause and {again}, {retry}."]
    cause = "fix the cause and " if any(not target.changed for target in failed) else ""
    return [f"To continue, {cause}{again}."] if _can_go_on(targets, interrupted) else []


def _describe_blockers(queue: TargetQueue) -> str:
    """Return which targets kept the rest from starting, and what to do."""
    names = [_describe_blocker(target) for target in queue.blockers]
    if not names:
        return ""
    return (
        "The rest was not started, since these targets may still run and hold every place (max_concurrency is "
        f"{queue.budget.max_concurrency}): {_join(names, _MOST_NAMED)}. Stop what they run, wait for it, or "
        "raise max_concurrency."
    )


def _describe_blocker(target: Target) -> str:
    seen = f"record {target.record.record_id}" if target.record else "no record seen"
    return f"{_name_of(target)} ({seen})"


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
