# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of a bulk run, and whether the task fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._action.attempts import MOST_ATTEMPTS
from .._exceptions import BulkFailed
from .._secrets.masker import mask
from .._servicecatalog import results
from .._servicecatalog.models import Outcome

if TYPE_CHECKING:
    from .._action.tokens import Change
    from .._clock import Interrupted
    from .queue import Budget, TargetQueue
    from .target import Target

# How many targets a warning names, how many of each outcome a message, and how many of those that hold the places.
_MOST_NAMED, _MOST_OF_EACH, _MOST_BLOCKERS = 10, 5, 3
# How many characters a message has beside the change id, how many of the first failure, and how many of a name.
_LONGEST_MESSAGE, _LONGEST_FAILURE, _LONGEST_NAME = 599, 200, 40
_SHORTEST = 30
# How many problems and how many remaining targets are returned if only problems are.
_MOST_PROBLEMS, _MOST_REMAINING = 10, 20
_PROBLEMS = (Outcome.FAILED, Outcome.TIMED_OUT)
# In the order in which they are reported.
_OUTCOMES = (
    Outcome.SUCCEEDED,
    Outcome.FAILED,
    Outcome.TIMED_OUT,
    Outcome.NOT_STARTED,
    Outcome.STARTED,
    Outcome.WOULD_START,
)


def bulk_results(
    targets: Sequence[Target], params: Mapping[str, Any], *, is_check: bool, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Return changed, results, remaining, and a summary of counts, whatever has happened.

    Outputs that are to be returned and could not be read are passed to `warn`.
    """
    # Else it is found by starting the attempts before.
    found = _all_results(targets, attempts_are_known=not (is_check and params["retry_failed"]))
    if params["return_results"] == "problems":
        _keep_problems(found)
    if params["wait"] and params["return_outputs"] == "all":
        _warn_of_missing_outputs(targets, warn)
    return found


def _all_results(targets: Sequence[Target], *, attempts_are_known: bool) -> dict[str, Any]:
    counts = {str(outcome): count for outcome, count in _count(targets).items()}
    remaining = [target for target in targets if _outcome_of(target) is Outcome.NOT_STARTED]
    return {
        "changed": any(target.changed for target in targets),
        "results": [_target_result(target, is_planned=attempts_are_known and target.attempt > 0) for target in targets],
        "summary": {**counts, "results_omitted": 0},
        "remaining": [target.product_id or target.reference.name for target in remaining],
    }


def _keep_problems(found: dict[str, Any]) -> None:
    """Keep of the results of a bulk run only what failed or timed out, and of all lists only the beginning."""
    problems = [each for each in found["results"] if each["outcome"] in _PROBLEMS]
    found["results"] = problems[:_MOST_PROBLEMS]
    found["summary"]["results_omitted"] = len(problems) - len(found["results"])
    found["remaining"] = found["remaining"][:_MOST_REMAINING]


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
        raise BulkFailed(_message(targets, budget, change=change, interrupted=interrupted, blocked=blocked))
    if failed := _name_targets(targets, Outcome.FAILED, _MOST_NAMED):
        total = f"{counts[Outcome.FAILED]} of {len(targets)} targets failed"
        warn(f"{total} (max_errors allows {budget.max_errors}): {failed}.")


def _warn_of_missing_outputs(targets: Sequence[Target], warn: Callable[[str], None]) -> None:
    """Warn of targets that succeeded, and whose outputs could not be read."""
    unread = [_name_of(each) for each in targets if each.outcome is Outcome.SUCCEEDED and not _has_outputs(each)]
    if unread:
        warn(f"The outputs of {len(unread)} of {len(targets)} targets could not be read: {_join(unread, _MOST_NAMED)}.")


def _has_outputs(target: Target) -> bool:
    return target.record is not None and target.record.outputs is not None


def _message(
    targets: Sequence[Target], budget: Budget, *, change: Change, interrupted: Interrupted | None, blocked: str
) -> str:
    """Return what has happened and how to continue, with fewer names and less of the first failure if it gets long."""
    # How to continue is said once, for all.
    first = next((target.failure.what_happened for target in targets if target.failure), "")
    signal = "" if str(interrupted) in first else str(interrupted or "")
    first = _shorten(f"The first: {first}", _LONGEST_FAILURE) if first else ""
    ways = [blocked, _how_to_continue(targets, change, interrupted), _describe_given_up(targets)]
    end = " ".join(filter(None, ways))
    room = _LONGEST_MESSAGE + len(str(change.id)) - len(f"  {signal} {end}")
    # Those that hold the places are named anyway.
    named = (Outcome.FAILED,) if blocked else _PROBLEMS
    for most in range(_MOST_OF_EACH, 0, -1):
        counts = _describe_counts(targets, budget, named, most)
        if len(counts) + len(first) <= room:
            break
    return " ".join(filter(None, [counts, signal, _shorten(first, room - len(counts)), end]))


def _shorten(text: str, longest: int) -> str:
    """Return a text of so many characters at most, or none of one of which next to nothing would be left."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 3]}..." if longest >= _SHORTEST else ""


def _describe_counts(targets: Sequence[Target], budget: Budget, named: Sequence[Outcome], most: int) -> str:
    counts = _count(targets)
    words = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in counts.items() if count)
    text = f"Of {len(targets)} targets: {words} (max_errors is {budget.max_errors})."
    for outcome in named:
        if counts[outcome]:
            text += f" {outcome.replace('_', ' ').capitalize()}: {_name_targets(targets, outcome, most)}."
    return text


def _name_targets(targets: Sequence[Target], outcome: Outcome, most: int) -> str:
    """Return the names of the first targets with an outcome, or their ids, as a list in a sentence."""
    return _join([_name_of(target) for target in targets if _outcome_of(target) is outcome], most)


def _join(names: Sequence[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _name_of(target: Target) -> str:
    """Return the name, or the id of a target whose name is long."""
    name = mask(target.product_name or "")
    return name if 0 < len(name) <= _LONGEST_NAME else _shorten(target.product_id or name, _LONGEST_NAME)


def _how_to_continue(targets: Sequence[Target], change: Change, interrupted: Interrupted | None) -> str:
    again = f"run this task again with {change.option}"
    failed = [target for target in targets if target.outcome is Outcome.FAILED and not _is_given_up(target)]
    if any(target.record for target in failed):
        retry = "and with retry_failed: true if those that failed are to run again"
        return f"To continue, fix the cause and {again}, {retry}."
    cause = "fix the cause and " if any(not target.changed for target in failed) else ""
    return f"To continue, {cause}{again}." if _can_go_on(targets, interrupted) else ""


def _describe_given_up(targets: Sequence[Target]) -> str:
    """Return which targets are not retried any more, and what to do."""
    names = [_name_of(target) for target in targets if _is_given_up(target)]
    if not names:
        return ""
    return (
        f"Failed {MOST_ATTEMPTS} times, and not retried any more: {_join(names, _MOST_OF_EACH)}. Fix the cause and run "
        "those, and only those, with a new change_id."
    )


def _is_given_up(target: Target) -> bool:
    return target.outcome is Outcome.FAILED and target.record is not None and target.attempt >= MOST_ATTEMPTS


def _describe_blockers(queue: TargetQueue) -> str:
    """Return which targets kept the rest from starting, and what to do."""
    names = [_describe_blocker(target) for target in queue.blockers]
    if not names:
        return ""
    return (
        "The rest was not started: these targets may still run and hold every place (max_concurrency is "
        f"{queue.budget.max_concurrency}): {_join(names, _MOST_BLOCKERS)}. Stop what they run, wait for it, or "
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


def _target_result(target: Target, *, is_planned: bool) -> dict[str, Any]:
    failure = target.failure
    return {
        "provisioned_product_id": target.product_id,
        "provisioned_product_name": target.product_name,
        "outcome": str(_outcome_of(target)),
        "changed": target.changed,
        "execute_token": target.plan.request.execute_token if is_planned else None,
        "attempt": target.attempt if is_planned else None,
        **results.record(target.record),
        "msg": str(failure) if failure else None,
        "error": failure.facts.get("error") if failure else None,
    }
