# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for each run of a task and for all of them, checked with the emulator's log of calls and records."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from emulator.faults import CANNED_RESPONSES, ERRORS

from .attempts import ENDS, early_retries, had_ended, seconds, token_of, wrong_attempts
from .scenarios import EXECUTE, Scenario

ERROR_OUTCOMES = ("failed", "timed_out")
# A replay within 2 s of its start counts as new, since the service's Date header has whole seconds. The time that a
# response takes to arrive, which is seconds under load, is added to that.
REPLAY_SLACK = 10.0
# After a signal, a process under load may take this long to notice it.
SIGNAL_SLACK = 1.0
# The module can't recognize a replay from these responses.
AGELESS = ("date", "replaced")
MAY_HAVE_STARTED = ("may have started", "It may have started")


@dataclass(frozen=True)
class Run:
    """One run: its result, None if it was killed; its calls; the ids of the records that existed before and after it.

    `issued` are the ids of the records that were returned to the module. Times are the emulator's, in POSIX seconds.
    """

    scenario: Scenario
    result: Mapping[str, Any] | None
    began: float
    ended: float
    calls: Sequence[Mapping[str, Any]]
    before: Collection[str]
    after: Collection[str]
    issued: Collection[str] = ()
    signalled: float | None = None
    text: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", json.dumps(self.result))

    @property
    def attempts(self) -> list[Mapping[str, Any]]:
        """The starts that were sent, without those that a killed process left before its request was read."""
        return [call for call in self.calls if call["operation"] == EXECUTE and call["parameters"]]

    @property
    def starts(self) -> list[Mapping[str, Any]]:
        """The starts that were carried out, or returned an older record."""
        carried_out = [call for call in self.attempts if call["fault"] not in {*ERRORS, *CANNED_RESPONSES}]
        return [call for call in carried_out if call["error_code"] != "InvalidStateException"]

    @property
    def made(self) -> set[str]:
        """The ids of the records that were made during the run."""
        return set(self.after) - set(self.before)

    @property
    def is_limited(self) -> bool:
        """Whether max_concurrency limits what runs at once."""
        return self.scenario.module == "service_action_bulk" and bool(self.scenario.params["wait"])

    @property
    def limits(self) -> tuple[int, int]:
        """max_concurrency and max_errors as counts."""
        total, params = len(self.scenario.targets), self.scenario.params
        return _count(params["max_concurrency"], total, 1), _count(params["max_errors"], total, 0)


def violations(runs: Sequence[Run], records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the violations of all runs of a task, whose records have ended."""
    counts = Counter(record["ExecuteToken"] for record in records)
    yield from (f"token {token} has {count} records" for token, count in counts.items() if count > 1)
    yield from wrong_attempts(runs, records)
    undisturbed = all(call["fault"] is None for run in runs for call in run.calls)
    # Otherwise a run may not count a product that is busy with its own action.
    waits_until_available = runs[0].scenario.params.get("wait_until_available")
    if undisturbed and runs[0].is_limited and not waits_until_available:
        yield from _too_many_at_once(_changes_of(records), runs[0].limits[0])
    by_token = {record["ExecuteToken"]: record for record in records}
    for number, run in enumerate(runs, 1):
        yield from (f"run {number}: {each}" for each in _violations_of(run, by_token))


def is_done(run: Run, records: Sequence[Mapping[str, Any]], ends: Collection[str] = ENDS) -> bool:
    """Return whether a run has returned one of these ends for every target; without a wait, whether they ended so."""
    if run.result is None:
        return False
    statuses = {record["ProvisionedProductId"]: record["Status"] for record in records}
    targets = set(run.scenario.targets or statuses)
    if run.scenario.params.get("wait", True):
        returned = _records_in(run.result)
        statuses = {each.get("provisioned_product_id"): each.get("status") for each in returned}
    return {product for product, status in statuses.items() if status in ends} >= targets


def _violations_of(run: Run, records: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from _late_starts(run)
    is_bulk = run.scenario.module == "service_action_bulk"
    if run.is_limited:
        yield from _too_many_at_once(_changes_during(run, records), run.limits[0])
    if is_bulk:
        yield from early_retries(run)
    if run.result is None:
        return
    yield from (f"record {each} is lost" for each in _issued(run, records) if each not in run.text)
    yield from _wrong_changed(run, records)
    yield from _denied_starts(run, records)
    # A task that could not look up its targets failed for another reason.
    if is_bulk and "results" in run.result and (run.attempts or not run.result["failed"]):
        yield from _too_many_errors(run, records)
    if run.result["failed"]:
        yield from _dead_ends(run, records)


def _late_starts(run: Run) -> Iterator[str]:
    if run.signalled is not None:
        late = [call for call in run.attempts if call["time"] > run.signalled + SIGNAL_SLACK]
        yield from (f"{call['parameters']} was started after the signal" for call in late)


def _issued(run: Run, records: Mapping[str, Mapping[str, Any]]) -> Collection[str]:
    """Return the records that were returned to the module, without old failures, which it may have retried."""
    if not run.scenario.params.get("retry_failed"):
        return run.issued
    old = {each["RecordId"] for each in records.values() if each["Status"] == "FAILED"} & set(run.before)
    return set(run.issued) - old


def _too_many_at_once(changes: Sequence[tuple[float, int]], allowed: int) -> Iterator[str]:
    most = max(accumulate(change for _time, change in sorted(changes)), default=0)
    if most > allowed:
        yield f"{most} actions ran at once, and max_concurrency is {allowed}"


def _changes_of(records: Sequence[Mapping[str, Any]]) -> list[tuple[float, int]]:
    """Return when the actions of all runs started and ended; all of them have ended."""
    begins = [(seconds(record["CreatedTime"]), 1) for record in records]
    return begins + [(seconds(record["UpdatedTime"]), -1) for record in records]


def _changes_during(run: Run, records: Mapping[str, Mapping[str, Any]]) -> list[tuple[float, int]]:
    """Return when the actions that this run started or found running began to count, and when they ended."""
    changes: dict[str, list[tuple[float, int]]] = {}
    for call in run.starts:
        token = call["parameters"]["ExecuteToken"]
        end = seconds(records[token]["UpdatedTime"]) if token in records else 0.0
        # The module can't see an end before the service has recorded it, to the millisecond.
        if token not in changes and end > call["time"]:
            changes[token] = [(call["time"], 1), (min(end - 0.001, run.ended), -1)]
    return [change for both in changes.values() for change in both]


def _wrong_changed(run: Run, records: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    assert run.result is not None
    if run.made and not run.result["changed"]:
        yield f"changed is false, and {len(run.made)} records were made"
    if run.result["changed"] and not run.made and not _may_have_changed(run, records):
        yield "changed is true, and no record was made"


def _may_have_changed(run: Run, records: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether the module says that it can't know, or can't distinguish its record from an older one."""
    if any(words in run.text for words in MAY_HAVE_STARTED) or any(call["fault"] in AGELESS for call in run.starts):
        return True
    found = [records[token_of(call)] for call in run.starts if token_of(call) in records]
    return any(seconds(record["CreatedTime"]) >= run.began - REPLAY_SLACK for record in found)


def _denied_starts(run: Run, records: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for product in (record["ProvisionedProductId"] for record in records.values() if record["RecordId"] in run.made):
        if f"was not started on {product}:" in run.text:
            yield f"a record was made for {product}, and the result says that nothing was started"


def _too_many_errors(run: Run, records: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    assert run.result is not None
    # The first call of each target's last attempt.
    first = {token_of(call): call for call in reversed(run.attempts)}
    called = {call["parameters"]["ProvisionedProductId"]: first[token_of(call)] for call in run.attempts}
    most_running, most_errors = run.limits
    old = {product for product, call in called.items() if had_ended(records.get(token_of(call)), call["time"])}
    wrong = {each["provisioned_product_id"] for each in run.result["results"] if each["outcome"] in ERROR_OUTCOMES}
    own = wrong & set(called) - old
    # A target that waits for its product does not count as running, so it may fail in addition to those that run.
    waiting = bool(run.scenario.params["wait_until_available"])
    if len(own) > most_errors + most_running + waiting:
        yield f"{len(own)} errors, with max_errors {most_errors} and max_concurrency {most_running}"
    summary = run.result["summary"]
    is_blocked = "may still be running" in run.result.get("msg", "")
    is_over = sum(summary[each] for each in ERROR_OUTCOMES) > most_errors or summary["timed_out"] or is_blocked
    if bool(is_over) != run.result["failed"] and run.signalled is None:
        yield f"failed is {run.result['failed']} with {summary}"


def _dead_ends(run: Run, records: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a message that is not clear, or that does not say how to continue although something is left to do."""
    assert run.result is not None
    message = run.result["msg"]
    if "exception" in run.result or re.search(r"This is a bug|Traceback|\bNone\b", message):
        yield f"not clear: {message}"
    ended = {record["ProvisionedProductId"] for record in records.values() if had_ended(record, run.ended)}
    is_open = bool(set(run.scenario.targets) - ended)
    token = run.scenario.params.get("change_id")
    ways = ([token] if token else ["record_wait with record_ids"]) + ["Nothing was started", "was not started"]
    if run.starts and is_open and not any(way in message for way in ways):
        yield f"no way to continue: {message}"


def _records_in(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the records in the result of any module."""
    items = [*result.get("results", ()), *result.get("records", ()), *([result] if "record_detail" in result else [])]
    return [each["record_detail"] for each in items]


def _count(text: str, total: int, least: int) -> int:
    return max(least, int(text[:-1]) * total // 100) if text.endswith("%") else int(text)
