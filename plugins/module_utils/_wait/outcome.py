# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Map a record and its last error to an outcome and a failure; does no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .._exceptions import NotFound, PollingFailed, RecordFailed, SelfServiceError, WaitTimedOut
from .._secrets.masker import mask
from .._servicecatalog.errors import describe_error, error_facts, is_transient
from .._servicecatalog.hints import find_hints
from .._servicecatalog.models import STATUSES, Outcome, Record

if TYPE_CHECKING:
    from .schedule import WaitOptions

_OUTCOMES = {RecordFailed: Outcome.FAILED, WaitTimedOut: Outcome.TIMED_OUT}


def outcome_of(failure: SelfServiceError | None) -> Outcome:
    """Return the outcome of a wait for a record; UNKNOWN if it could not be polled to its end."""
    return _OUTCOMES.get(type(failure), Outcome.UNKNOWN) if failure else Outcome.SUCCEEDED


def how_to_wait(*record_ids: str) -> str:
    """Return how to continue waiting for records, as a sentence without a full stop."""
    return (
        "To continue waiting, run selfservice.aws.servicecatalog_record_wait with record_ids: "
        f"[{', '.join(record_ids)}]"
    )


def failure_of(
    record: Record, options: WaitOptions | None, *, error: BaseException | None, how_to_continue: str
) -> SelfServiceError | None:
    """Return the failure of the task that a record causes, if any.

    `options` are those of the wait, or None without a wait; `error` is the last error of a poll.
    """
    if record.outcome is Outcome.FAILED:
        return record_failed(record)
    if record.outcome is Outcome.SUCCEEDED:
        return None
    if error is not None and not is_transient(error) and (options is not None or record.outcome is Outcome.UNKNOWN):
        return PollingFailed(
            f"Record {record.record_id} can't be polled any further: {describe_error(error)}. When last read, it was "
            f"{_describe_status(record)}.",
            how_to_continue=how_to_continue,
            **error_facts(error),
        )
    return _timed_out(record, options, error, how_to_continue) if options is not None else None


def record_failed(record: Record) -> RecordFailed:
    """Return the failure of a record that FAILED, with hints on the causes that AWS documents."""
    errors = _describe_errors(record)
    outputs = (output.get("OutputValue") for output in record.outputs or ())
    return RecordFailed(
        f"Record {record.record_id} FAILED on {mask(record.detail.get('ProvisionedProductName'))!r} "
        f"({record.detail.get('ProvisionedProductId')}): "
        f"{errors or 'the service returned no error; see record_outputs'}.",
        hints=find_hints(errors, *outputs),
    )


def ended_late(record: Record, *, how_to_continue: str) -> WaitTimedOut:
    """Return the failure of a record that ended after the deadline of its wait."""
    text = f"Record {record.record_id} ended only after wait_timeout: it is {_describe_status(record)}."
    return WaitTimedOut(text, how_to_continue=how_to_continue)


def unknown_status(record: Record) -> PollingFailed:
    """Return the error of a record whose status this version does not know."""
    known = ", ".join(map(str, STATUSES))
    return PollingFailed(f"its status {record.status!r} is none of {known}, so it is unknown whether it has ended")


def record_not_found(record_id: str, options: WaitOptions, error: BaseException | None) -> SelfServiceError:
    """Return the failure of a record that was never found; without an `error`, it may still have been too new."""
    hint = "Check the id, and that it belongs to this region and account."
    if error is None:
        return WaitTimedOut(
            f"The service did not find the record {record_id} within {options.timeout} s (wait_timeout). {hint} A "
            "new record may not be found at once: if it was created just now, run the task again."
        )
    return NotFound(
        f"The service can't find the record {record_id}, and a new one would have been found by now: "
        f"{describe_error(error)}. {hint}",
        **error_facts(error),
    )


def combined_failure(failures: Mapping[str, SelfServiceError], total: int) -> SelfServiceError:
    """Return the failure of a wait for `total` records: the only failure, or the counts and the first one."""
    first = next(iter(failures.values()))
    if total == 1:
        return first
    counts = Counter(outcome_of(failure) for failure in failures.values())
    text = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in counts.items())
    hints = {hint: None for failure in failures.values() for hint in failure.facts.get("hints", ())}
    return type(first)(
        f"Of {total} records, {text}. The first failure: {first.what_happened}",
        how_to_continue=first.how_to_continue,
        **{**first.facts, "hints": list(hints)},
    )


def _timed_out(record: Record, options: WaitOptions, error: BaseException | None, how_to_continue: str) -> WaitTimedOut:
    if error is None:
        seen = (
            f"had not ended after {options.timeout} s (wait_timeout): it is {_describe_status(record)}, and continues."
        )
    else:
        seen = (
            f"was not seen to end within {options.timeout} s (wait_timeout): when last read, it was "
            f"{_describe_status(record)}, and the last poll failed: {describe_error(error)}."
        )
    facts = error_facts(error) if error else {}
    return WaitTimedOut(f"Record {record.record_id} {seen}", how_to_continue=how_to_continue, **facts)


def _describe_status(record: Record) -> str:
    """Return the record's status and errors as a phrase: `FAILED (Code: Description)`."""
    errors = _describe_errors(record)
    return f"{record.status or 'not seen yet'}{f' ({errors})' if errors else ''}"


def _describe_errors(record: Record) -> str:
    errors = filter(None, record.detail.get("RecordErrors") or ())
    return "; ".join(f"{error.get('Code')}: {mask(error.get('Description'))}".rstrip(".") for error in errors)
