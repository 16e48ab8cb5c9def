# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attempts of a change: the next one starts only if the previous one FAILED in an earlier run."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Callable

from .._clock import Interrupted
from .._exceptions import Refused
from .._servicecatalog.errors import SERVICE_ERRORS
from .._servicecatalog.models import Outcome, Record
from .plan import add_diagnosis

if TYPE_CHECKING:
    from .._clock import Clock
    from .._servicecatalog.api import ServiceCatalog
    from .plan import Plan
    from .start import Execution

MOST_ATTEMPTS = 100
_CONTINUED = "Use retry_failed whenever you continue this change."


def start_attempt(
    service: ServiceCatalog,
    planned: Plan,
    *,
    send: Callable[[Plan], Execution],
    tell: Callable[[Plan, int], None],
    retry_failed: bool,
    clock: Clock,
) -> Execution:
    """Start the first attempt, or with `retry_failed` the first one that is not known to have FAILED before this run.

    The search ends at an attempt that this run created, that still runs, that SUCCEEDED, that can't be read, or whose
    age is unknown, so a run starts at most one action. Each attempt is passed to `tell`, then to `send`. After a
    signal, no further attempt is started, and the last failed one is returned. Raises Refused, with its cause if known.

    Cost: for each old failure one start request, and one read if the response to it does not contain the final status.
    """
    most = MOST_ATTEMPTS if retry_failed else 1
    for attempt in range(1, most + 1):
        sent = planned.with_attempt(attempt) if attempt > 1 else planned
        tell(sent, attempt)
        try:
            execution = send(sent)
        except Refused as refusal:
            raise add_diagnosis(refusal, service, sent) from refusal
        is_last = attempt == most or execution.changed
        if is_last or read_replay(service, execution.record).outcome is not Outcome.FAILED or _is_interrupted(clock):
            break
    return execution


def _is_interrupted(clock: Clock) -> bool:
    try:
        clock.sleep(0.0)
    except Interrupted:
        return True
    return False


def how_to_retry(again: str, attempt: int | None) -> str:
    """Return the advice on how to repeat an action whose attempt FAILED.

    `again` is the phrase for running the same task again. `attempt` is None with a given token, which has no attempts.
    """
    if attempt is None:
        return "To run the action again, fix the cause and run this task with a new execute_token."
    if attempt >= MOST_ATTEMPTS:
        new = "fix the cause and run this task with a new change_id"
        return f"This was the last of {MOST_ATTEMPTS} attempts. To run the action again, {new}."
    return f"To run the action again, fix the cause and run {again} and retry_failed: true. {_CONTINUED}"


def read_replay(service: ServiceCatalog, record: Record) -> Record:
    """Return an existing record in its current state, or unchanged if it had ended or can't be read."""
    if record.outcome is Outcome.RUNNING:
        with suppress(*SERVICE_ERRORS):
            detail, outputs = service.describe_record(record.record_id)
            return Record(detail, list(outputs))
    return record
