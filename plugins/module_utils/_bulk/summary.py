# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the results of a bulk run, and decide whether the task fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._secrets.masker import mask
from .._servicecatalog import results
from .._servicecatalog.models import Outcome
from .message import MOST_NAMED, bulk_failure, describe_blockers, join_names, name_of, name_targets
from .target import PROBLEMS, Target, count_outcomes

if TYPE_CHECKING:
    from .._action.tokens import Change
    from .._clock import Interrupted
    from .queue import TargetQueue

# The most problems and the most remaining targets in the results if only problems are returned.
_MOST_PROBLEMS, _MOST_REMAINING = 10, 20


def bulk_results(
    targets: Sequence[Target], params: Mapping[str, Any], *, is_check: bool, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Return `changed`, `results`, `remaining` and `summary`, on success and on failure.

    Warn about outputs that should be returned and could not be read.
    """
    # In check mode with retry_failed, the attempt is unknown, because only starting earlier attempts would tell.
    found = _all_results(targets, attempts_are_known=not (is_check and params["retry_failed"]))
    if params["return_results"] == "problems":
        _keep_problems(found)
    if params["wait"] and params["return_outputs"] == "all":
        _warn_of_missing_outputs(targets, warn)
    return found


def _all_results(targets: Sequence[Target], *, attempts_are_known: bool) -> dict[str, Any]:
    counts = {str(outcome): count for outcome, count in count_outcomes(targets).items()}
    remaining = [target for target in targets if target.outcome_so_far is Outcome.NOT_STARTED]
    return {
        "changed": any(target.changed for target in targets),
        "results": [_target_result(target, is_planned=attempts_are_known and target.attempt > 0) for target in targets],
        "summary": {**counts, "results_omitted": 0},
        "remaining": [target.product_id or mask(target.reference.name) for target in remaining],
    }


def _keep_problems(found: dict[str, Any]) -> None:
    """Keep only the targets that failed or timed out, and only the beginning of each list."""
    problems = [each for each in found["results"] if each["outcome"] in PROBLEMS]
    found["results"] = problems[:_MOST_PROBLEMS]
    found["summary"]["results_omitted"] = len(problems) - len(found["results"])
    found["remaining"] = found["remaining"][:_MOST_REMAINING]


def raise_for_failures(
    targets: Sequence[Target],
    queue: TargetQueue,
    *,
    change: Change,
    interrupted: Interrupted | None,
    is_check: bool,
    warn: Callable[[str], None],
) -> None:
    """Raise BulkFailed after too many errors, a timeout or a signal, or if no slot was free for the rest.

    Warn about failures if the task succeeds.
    """
    counts, budget = count_outcomes(targets), queue.budget
    blocked = "" if interrupted else describe_blockers(queue)
    is_over = counts[Outcome.FAILED] > budget.max_errors or counts[Outcome.TIMED_OUT]
    if is_over or interrupted or blocked:
        raise bulk_failure(targets, budget, change=change, interrupted=interrupted, blocked=blocked, is_check=is_check)
    if failed := name_targets(targets, Outcome.FAILED, MOST_NAMED):
        total = f"{counts[Outcome.FAILED]} of {len(targets)} targets failed"
        warn(f"{total} (max_errors allows {budget.max_errors}): {failed}.")


def _warn_of_missing_outputs(targets: Sequence[Target], warn: Callable[[str], None]) -> None:
    """Warn about targets that succeeded but whose outputs could not be read."""
    unread = [name_of(each) for each in targets if each.outcome is Outcome.SUCCEEDED and not _has_outputs(each)]
    if unread:
        some = join_names(unread, MOST_NAMED)
        warn(f"The outputs of {len(unread)} of {len(targets)} targets could not be read: {some}.")


def _has_outputs(target: Target) -> bool:
    return target.record is not None and target.record.outputs is not None


def _target_result(target: Target, *, is_planned: bool) -> dict[str, Any]:
    failure = target.failure
    return {
        "provisioned_product_id": target.product_id,
        "provisioned_product_name": target.product_name,
        "outcome": str(target.outcome_so_far),
        "changed": target.changed,
        "execute_token": target.plan.request.execute_token if is_planned else None,
        "attempt": target.attempt if is_planned else None,
        **results.record(target.record),
        "msg": str(failure) if failure else None,
        "error": failure.facts.get("error") if failure else None,
    }
