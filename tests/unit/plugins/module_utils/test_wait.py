# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcomes, poll intervals, hints, and the wait loop on a simulated clock."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import (
    PollingFailed,
    SelfServiceError,
    WaitTimedOut,
)
from ansible_collections.selfservice.aws.plugins.module_utils._progress import Progress
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.api import ServiceCatalog
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.errors import MalformedResponse
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.hints import find_hints
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Outcome, Record
from ansible_collections.selfservice.aws.plugins.module_utils._wait.outcome import failure_of, unknown_status
from ansible_collections.selfservice.aws.plugins.module_utils._wait.poller import RecordPoller
from ansible_collections.selfservice.aws.plugins.module_utils._wait.schedule import WaitOptions, poll_interval
from ansible_collections.selfservice.aws.plugins.module_utils._wait.wait import wait_for_records
from botocore.exceptions import ClientError, EndpointConnectionError

RUNNING, ENDED, BROKEN = "IN_PROGRESS", "SUCCEEDED", "FAILED"


class SimulatedClock:
    """A clock that is advanced only by sleep(), or by a test that sets `now`."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def jitter(self) -> float:
        return 0.0


def service_with(**calls: Callable[..., Any]) -> ServiceCatalog:
    """Return a service whose client has only these methods."""
    events = SimpleNamespace(
        register=lambda *_args, **_kwargs: None,
        register_first=lambda *_args, **_kwargs: None,
        register_last=lambda *_args, **_kwargs: None,
    )
    client: Any = SimpleNamespace(**calls, meta=SimpleNamespace(config=SimpleNamespace(retries=None), events=events))
    return ServiceCatalog(client)


def wait(
    clock: SimulatedClock,
    timeout: float,
    describe: Callable[[str], Any],
    *ids: str,
    listing: Callable[[], Any] | None = None,
) -> tuple[RecordPoller, dict[str, SelfServiceError]]:
    """Wait for records. `describe` returns their status or raises an error; `listing` does so for the history."""

    def describe_record(Id: str) -> dict:
        return {"RecordDetail": {"RecordId": Id, "Status": describe(Id)}}

    def list_record_history(**_members: Any) -> dict:
        assert listing
        return listing()

    service = service_with(describe_record=describe_record, list_record_history=list_record_history)
    poller = RecordPoller(service, [Record({"RecordId": each}) for each in ids or ("rec-1",)], clock)
    more: dict[str, Any] = {"started": clock.now, "warn": lambda _text: None, "progress": Progress(clock, "")}
    failures = wait_for_records(poller, WaitOptions(timeout), clock=clock, **more)
    return poller, failures


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("CREATED", Outcome.RUNNING),
        ("IN_PROGRESS", Outcome.RUNNING),
        ("IN_PROGRESS_IN_ERROR", Outcome.RUNNING),
        ("SUCCEEDED", Outcome.SUCCEEDED),
        ("FAILED", Outcome.FAILED),
    ],
)
def test_only_succeeded_and_failed_end_a_record(status: str, outcome: Outcome) -> None:
    assert Record({"RecordId": "rec-1", "Status": status}).outcome is outcome


@pytest.mark.parametrize("status", ["ABORTED", None])
def test_an_unknown_status_fails_the_poll(status: str | None) -> None:
    record = Record({"RecordId": "rec-1", "Status": status})
    assert record.outcome is Outcome.UNKNOWN
    failure = failure_of(record, None, error=unknown_status(record), how_to_continue="Go on so.")
    assert isinstance(failure, PollingFailed)
    assert f"its status {status!r} is none of CREATED" in str(failure)


@pytest.mark.parametrize(
    ("waited", "fixed", "failures", "jitter", "interval"),
    [
        (0, None, 0, 0.0, 2),
        (0, None, 0, 0.5, 1.9),
        (20, None, 0, 0.0, 2),
        (100, None, 0, 0.0, 10),
        (100, None, 0, 1.0, 9),
        (3000, None, 0, 0.0, 30),
        (0, None, 1, 0.0, 4),
        (0, None, 3, 0.0, 16),
        (0, None, 500, 0.0, 30),
        (3000, 5, 0, 0.9, 5),
        (0, 5, 1, 0.0, 10),
        (0, 60, 4, 0.0, 60),
    ],
)
def test_the_interval_is_a_tenth_of_the_wait_or_the_fixed_delay(
    waited: float, fixed: float | None, failures: int, jitter: float, interval: float
) -> None:
    assert poll_interval(waited, fixed, failures, jitter) == pytest.approx(interval)


def test_the_last_poll_is_at_the_deadline() -> None:
    clock, polls = SimulatedClock(), []  # type: ignore[var-annotated]
    _poller, failures = wait(clock, 5, lambda _id: polls.append(clock.now) or RUNNING)
    assert isinstance(failures["rec-1"], WaitTimedOut)
    # The first poll is immediate, because the status of the record is not known yet.
    assert polls == [100, 102, 104, 105]


def test_a_timeout_of_zero_is_one_poll() -> None:
    clock, polls = SimulatedClock(), []  # type: ignore[var-annotated]
    wait(clock, 0, lambda _id: polls.append(clock.now) or RUNNING)
    assert polls == [100]


def test_a_poll_that_hangs_past_the_deadline_is_the_last() -> None:
    clock, polls = SimulatedClock(), []  # type: ignore[var-annotated]

    def hang(_record_id: str) -> str:
        polls.append(clock.now)
        clock.now += 25
        raise MalformedResponse("nothing came")

    _poller, failures = wait(clock, 5, hang)
    assert polls == [100]
    assert "the last poll failed: nothing came" in str(failures["rec-1"])


def test_transient_errors_do_not_end_the_wait() -> None:
    clock = SimulatedClock()
    responses: list[Exception | str] = [_error("ThrottlingException", 400)] * 12 + [_error("Whatever", 503), ENDED]

    def respond(_record_id: str) -> str:
        found = responses.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    assert wait(clock, 1800, respond)[1] == {}
    assert responses == []
    assert clock.now - 100 <= 14 * 30


def test_a_permanent_error_ends_the_wait_immediately() -> None:
    clock = SimulatedClock()

    def refuse(_record_id: str) -> str:
        raise _error("ExpiredTokenException", 400)

    _poller, failures = wait(clock, 1800, refuse)
    assert isinstance(failures["rec-1"].__cause__ or failures["rec-1"], PollingFailed)
    assert clock.now == 100


@pytest.mark.parametrize("broken", ["rec-1", "rec-2", "rec-3"])
@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [("InternalError", 500, WaitTimedOut), ("InvalidParametersException", 400, PollingFailed)],
)
def test_a_record_that_cannot_be_read_does_not_affect_the_others(
    broken: str, code: str, status: int, failure: type[SelfServiceError]
) -> None:
    def describe(record_id: str) -> str:
        if record_id == broken:
            raise _error(code, status)
        return ENDED

    poller, failures = wait(SimulatedClock(), 60, describe, "rec-1", "rec-2", "rec-3")
    assert {record_id: type(each) for record_id, each in failures.items()} == {broken: failure}
    assert code in str(failures[broken])
    assert [record.status for record in poller.records.values() if record.record_id != broken] == [ENDED] * 2


def test_expired_credentials_end_the_wait_for_all_records_after_one_call() -> None:
    calls: list[str] = []

    def describe(record_id: str) -> str:
        calls.append(record_id)
        raise _error("ExpiredTokenException", 400)

    _poller, failures = wait(SimulatedClock(), 60, describe, "rec-1", "rec-2", "rec-3")
    assert calls == ["rec-1"]
    assert all("ExpiredTokenException" in str(failures[each]) for each in ("rec-1", "rec-2", "rec-3"))


@pytest.mark.parametrize(
    "error", ["InternalError", "InvalidStateException", "AccessDeniedException", "connection", "garbage", "page token"]
)
def test_records_are_read_even_if_the_history_cannot_be_listed(error: str) -> None:
    def listing() -> dict:
        if error == "page token":
            return {"RecordDetails": [], "NextPageToken": "again"}
        if error == "garbage":
            raise MalformedResponse("garbage")
        if error == "connection":
            raise EndpointConnectionError(endpoint_url="https://there")
        raise _error(error, 500 if error == "InternalError" else 400)

    clock, ids = SimulatedClock(), [f"rec-{number}" for number in range(10)]
    _poller, failures = wait(clock, 1800, lambda _id: ENDED, *ids, listing=listing)
    assert failures == {}
    assert clock.now == 100


@pytest.mark.parametrize(
    ("listed", "denied", "asked"),
    [
        # The caller's own records are listed at the level User, so no other level is read.
        ({"User"}, set(), ["User", "User"]),
        # Records on products of other users may not be, so the next listing starts with the level Account.
        ({"Account"}, set(), ["User", "Account", "Account"]),
        (set(), set(), ["User", "Account", "User", "Account"]),
        # A level that is denied is not tried again.
        ({"User"}, {"Account"}, ["User", "User"]),
        (set(), {"Account"}, ["User", "Account", "User"]),
        ({"Account"}, {"User"}, ["User", "Account", "Account"]),
        (set(), {"Account", "User"}, ["User", "Account"]),
    ],
)
def test_the_history_is_polled_at_the_level_that_lists_the_records(
    listed: set[str], denied: set[str], asked: list[str]
) -> None:
    clock, ids, levels = SimulatedClock(), [f"rec-{number}" for number in range(10)], list[str]()

    def listing(level: str) -> dict:
        levels.append(level)
        if level in denied:
            raise _error("AccessDeniedException", 400)
        return {"RecordDetails": [{"RecordId": each, "Status": RUNNING} for each in ids if level in listed]}

    def list_record_history(AccessLevelFilter: dict, **_members: Any) -> dict:
        return listing(AccessLevelFilter["Key"])

    def describe_record(Id: str) -> dict:
        return {"RecordDetail": {"RecordId": Id, "Status": RUNNING}}

    service = service_with(describe_record=describe_record, list_record_history=list_record_history)
    poller = RecordPoller(service, [Record({"RecordId": each}) for each in ids], clock)
    for _poll in range(2):
        assert poller.poll(math.inf)
    assert levels == asked
    assert len(poller.outstanding) == 10


@pytest.mark.parametrize(
    ("status", "waits", "error", "message"),
    [
        (ENDED, True, None, None),
        (ENDED, True, ("AccessDeniedException", 400), None),
        (BROKEN, True, ("AccessDeniedException", 400), "rec-1 FAILED on 'db' (pp-1): Broken: It broke."),
        (BROKEN, False, None, "rec-1 FAILED on 'db' (pp-1): Broken: It broke."),
        (RUNNING, False, None, None),
        (RUNNING, False, ("AccessDeniedException", 400), None),
        (
            RUNNING,
            True,
            None,
            "not ended after 9 s (wait_timeout): it is IN_PROGRESS (Broken: It broke), and continues.",
        ),
        (
            RUNNING,
            True,
            ("ThrottlingException", 400),
            "was not seen to end within 9 s (wait_timeout): when last read",
        ),
        (RUNNING, True, ("ThrottlingException", 400), "the last poll failed: ThrottlingException: no. Go on so."),
        (
            RUNNING,
            True,
            ("ExpiredTokenException", 400),
            "can't be polled any further: ExpiredTokenException: no (log in again",
        ),
    ],
)
def test_the_status_of_a_record_takes_precedence_over_the_last_error(
    status: str, waits: bool, error: tuple[str, int] | None, message: str | None
) -> None:
    detail = {"RecordId": "rec-1", "Status": status, "ProvisionedProductName": "db", "ProvisionedProductId": "pp-1"}
    errors = [] if status == ENDED else [{"Code": "Broken", "Description": "It broke."}]
    failure = failure_of(
        Record({**detail, "RecordErrors": errors}),
        WaitOptions(9) if waits else None,
        error=_error(*error) if error else None,
        how_to_continue="Go on so.",
    )
    assert (failure is None) == (message is None)
    assert (message or "") in str(failure)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The provided role arn:aws:iam::1:role/x cannot be assumed", "trust policy"),
        ("Service Catalog was unable to assume role", "trust policy"),
        (
            "User is not authorized to perform: ssm:StartAutomationExecution",
            "ssm:StartAutomationExecution on the document",
        ),
        ("StartAutomationExecution: Rate exceeded", "how many automations"),
        ("Document AWS-Foo does not exist", "document, or its version"),
        ("TARGET db-9 is not a resource of the provisioned product", "TARGET must be a resource"),
        ("Value is not in allowedValues", "AllowedValues"),
        ("Parameter has wrong type", "StringList"),
        ("Undefined parameter Foo", "not in the action's definition"),
        ("Step 2 failed: timed out", "open the execution"),
        ("Execution failed at step Restart", "open the execution"),
    ],
)
def test_documented_causes_have_a_hint(text: str, word: str) -> None:
    assert any(word in hint for hint in find_hints(text))
    assert any(word in hint for hint in find_hints("", text))


@pytest.mark.parametrize(
    "text",
    [
        "The moon is in the wrong phase.",
        "The target group has no healthy hosts",
        "AutomationExecutionFailed: see the outputs",
        "A role was assumed, and all went well",
    ],
)
def test_an_unknown_cause_has_no_hint(text: str) -> None:
    assert find_hints(text, None) == []


def _error(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "DescribeRecord"
    )


def test_throttling_does_not_always_prevent_the_same_records_from_being_read() -> None:
    """Each poll starts with the records whose last read was the longest time ago."""
    calls: list[str] = []

    def describe(record_id: str) -> str:
        calls.append(record_id)
        if len(calls) % 11 == 0:
            raise _error("ThrottlingException", 400)
        return RUNNING if int(record_id[4:]) < 10 else ENDED

    def deny() -> dict:
        raise _error("AccessDeniedException", 400)

    ids = [f"rec-{number}" for number in range(40)]
    poller, failures = wait(SimulatedClock(), 600, describe, *ids, listing=deny)
    assert sorted(failures, key=lambda record_id: int(record_id[4:])) == ids[:10]
    assert all(poller.records[each].status == ENDED for each in ids[10:])


def test_a_slow_poll_that_ends_after_the_deadline_is_the_last() -> None:
    clock, polls = SimulatedClock(), []  # type: ignore[var-annotated]

    def describe(_record_id: str) -> str:
        polls.append(clock.now)
        clock.now += 24 if clock.now > 150 else 0
        return RUNNING

    wait(clock, 60, describe)
    assert clock.now - 100 <= 60 + 30
    assert [moment for moment in polls if moment > 150] == polls[-1:]


def test_a_listing_that_uses_up_the_time_is_the_reason_for_the_timeout() -> None:
    clock = SimulatedClock()

    def hang() -> dict:
        clock.now += 20
        raise _error("InternalError", 500)

    ids = [f"rec-{number}" for number in range(5)]
    _poller, failures = wait(clock, 0, lambda _id: RUNNING, *ids, listing=hang)
    assert all("the last poll failed: InternalError" in str(failures[each]) for each in ids)


def test_a_listed_record_whose_id_is_no_text_is_ignored() -> None:
    ids = [f"rec-{number}" for number in range(5)]
    odd = {
        "RecordDetails": [{"RecordId": each, "Status": ENDED} for each in (["rec-0"], {"rec-1": 1}, 2, None, "rec-4")]
    }
    poller, failures = wait(SimulatedClock(), 60, lambda _id: ENDED, *ids, listing=lambda: odd)
    assert failures == {}
    assert [record.status for record in poller.records.values()] == [ENDED] * 5


@pytest.mark.parametrize(("seconds", "asked"), [(1, ["User", "Account"]), (20, ["User"])])
def test_after_a_slow_denial_no_time_is_left_for_another_level(seconds: float, asked: list[str]) -> None:
    clock, levels = SimulatedClock(), list[str]()

    def list_record_history(AccessLevelFilter: dict, **_members: Any) -> dict:
        levels.append(AccessLevelFilter["Key"])
        clock.now += seconds
        raise _error("AccessDeniedException", 400)

    def describe_record(Id: str) -> dict:
        return {"RecordDetail": {"RecordId": Id, "Status": RUNNING}}

    service = service_with(describe_record=describe_record, list_record_history=list_record_history)
    poller = RecordPoller(service, [Record({"RecordId": f"rec-{number}"}) for number in range(5)], clock)
    poller.poll(clock.now + 5)
    assert levels == asked
    levels.clear()
    poller.poll(math.inf)
    assert levels == (["Account"] if seconds == 20 else [])


@pytest.mark.parametrize(("code", "status"), [("Whatever", 429), ("Whatever", 503)])
def test_a_service_that_does_not_respond_is_not_called_for_every_record(code: str, status: int) -> None:
    calls: list[str] = []

    def describe(record_id: str) -> str:
        calls.append(record_id)
        raise _error(code, status)

    def deny() -> dict:
        raise _error("AccessDeniedException", 400)

    wait(SimulatedClock(), 300, describe, *(f"rec-{number}" for number in range(1000)), listing=deny)
    assert len(calls) <= 100
