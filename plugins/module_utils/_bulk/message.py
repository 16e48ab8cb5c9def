# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the message of a failed bulk run: what happened and how to continue, within a length limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._action.attempts import MOST_ATTEMPTS
from .._exceptions import BulkFailed
from .._secrets.masker import mask
from .._servicecatalog.models import Outcome
from .target import PROBLEMS, Target, count_outcomes

if TYPE_CHECKING:
    from .._action.tokens import Change
    from .._budget import Budget
    from .._clock import Interrupted
    from .queue import TargetQueue

# The most targets that a warning names, that a message names for each outcome, and that it names as blockers.
MOST_NAMED, _MOST_OF_EACH, _MOST_BLOCKERS = 10, 5, 3
# The most characters of a message, apart from the change id, of the first failure in it, and of a name.
_LONGEST_MESSAGE, _LONGEST_FAILURE, _LONGEST_NAME = 599, 200, 40
_SHORTEST = 30


def bulk_failure(
    targets: Sequence[Target],
    budget: Budget,
    *,
    change: Change,
    interrupted: Interrupted | None,
    blocked: str,
    is_check: bool,
) -> BulkFailed:
    """Return the failure of a bulk run; to limit its length, name fewer targets and quote less of the first failure."""
    # Without its how_to_continue, because the message says that once for all targets.
    first = next((target.failure.what_happened for target in targets if target.failure), "")
    signal = "" if str(interrupted) in first else str(interrupted or "")
    first = _shorten(f"The first failure: {first}", _LONGEST_FAILURE) if first else ""
    ways = [blocked, _how_to_continue(targets, change, interrupted), _describe_given_up(targets)]
    end = " ".join(filter(None, ["Nothing was started."] if is_check else [_nothing_started(targets, change), *ways]))
    room = _LONGEST_MESSAGE + len(str(change.id)) - len(f"  {signal} {end}")
    # If the run is blocked, the targets that timed out are already named as blockers.
    named = (Outcome.FAILED,) if blocked else PROBLEMS
    for most in range(_MOST_OF_EACH, 0, -1):
        counts = _describe_counts(targets, budget, named, most)
        if len(counts) + len(first) <= room:
            break
    what_happened = " ".join(filter(None, [counts, signal, _shorten(first, room - len(counts))]))
    return BulkFailed(what_happened, how_to_continue=end)


def _nothing_started(targets: Sequence[Target], change: Change) -> str:
    if any(target.changed or target.record for target in targets):
        return ""
    return "Nothing was started." if change.is_new else "This run started nothing."


def _shorten(text: str, longest: int) -> str:
    """Return the text cut to `longest` characters, or nothing if that leaves too little of it."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 3]}..." if longest >= _SHORTEST else ""


def _describe_counts(targets: Sequence[Target], budget: Budget, named: Sequence[Outcome], most: int) -> str:
    counts = count_outcomes(targets)
    words = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in counts.items() if count)
    text = f"Of {len(targets)} targets: {words} (max_errors is {budget.max_errors})."
    for outcome in named:
        if counts[outcome]:
            text += f" {outcome.replace('_', ' ').capitalize()}: {name_targets(targets, outcome, most)}."
    return text


def name_targets(targets: Sequence[Target], outcome: Outcome, most: int) -> str:
    """Return the names or ids of the targets with an outcome, at most `most` of them, as a list in a sentence."""
    return join_names([name_of(target) for target in targets if target.outcome_so_far is outcome], most)


def join_names(names: Sequence[str], most: int) -> str:
    """Return the first `most` names as a list in a sentence, and the number of the others."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def name_of(target: Target) -> str:
    """Return the name of a target, or its id if the name is long or unknown."""
    name = mask(target.product_name or "")
    return name if 0 < len(name) <= _LONGEST_NAME else _shorten(target.product_id or name, _LONGEST_NAME)


def _how_to_continue(targets: Sequence[Target], change: Change, interrupted: Interrupted | None) -> str:
    again = f"run {change.same_task}"
    failed = [target for target in targets if target.outcome is Outcome.FAILED and not _is_given_up(target)]
    if any(target.record for target in failed):
        retry = "and with retry_failed: true if those that failed are to run again"
        return f"To continue, fix the cause and {again}, {retry}."
    if not _can_go_on(targets, interrupted):
        return ""
    return f"To continue, {_what_to_correct(targets, failed)}{again}."


def _what_to_correct(targets: Sequence[Target], failed: Sequence[Target]) -> str:
    if all(target.changed for target in failed):
        return ""
    if any(target.outcome_so_far is Outcome.NOT_STARTED for target in targets):
        # Targets that are rejected again count as errors again, and prevent the others from starting.
        return "correct or remove the rejected targets, or increase max_errors, and "
    return "fix the cause and "


def _describe_given_up(targets: Sequence[Target]) -> str:
    """Return a sentence that names the targets that are not retried any more and says what to do."""
    names = [name_of(target) for target in targets if _is_given_up(target)]
    if not names:
        return ""
    given_up = f"Failed {MOST_ATTEMPTS} times, and not retried again: {join_names(names, _MOST_OF_EACH)}."
    return f"{given_up} Fix the cause, and run the action on only these targets with a new change_id."


def _is_given_up(target: Target) -> bool:
    return target.outcome is Outcome.FAILED and target.record is not None and target.attempt >= MOST_ATTEMPTS


def describe_blockers(queue: TargetQueue) -> str:
    """Return sentences that name the targets that prevented the rest from starting and say what to do."""
    names = [_describe_blocker(target) for target in queue.blockers]
    if not names:
        return ""
    return (
        f"The rest was not started, since max_concurrency ({queue.budget.max_concurrency}) is used up by targets that "
        f"may still be running: {join_names(names, _MOST_BLOCKERS)}. Stop their actions, wait for them, or increase "
        "max_concurrency."
    )


def _describe_blocker(target: Target) -> str:
    seen = f"record {target.record.record_id}" if target.record else "no record seen"
    return f"{name_of(target)} ({seen})"


def _can_go_on(targets: Sequence[Target], interrupted: Interrupted | None) -> bool:
    """Return whether running the same task again may start something or find out more."""
    open_ends = (Outcome.NOT_STARTED, Outcome.TIMED_OUT, Outcome.STARTED)
    return bool(interrupted) or any(each.outcome_so_far in open_ends or not each.record for each in targets)
