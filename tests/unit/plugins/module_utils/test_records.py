# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts, pauses, hints, and the loop on a clock that costs nothing."""

from __future__ import annotations

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _records, _waiting
from ansible_collections.selfservice.aws.plugins.module_utils._errors import GarbledAnswer, WaitInterrupted
from ansible_collections.selfservice.aws.plugins.module_utils._types import Record, Waiting
from botocore.exceptions import ClientError


class TableClock:
    """Time that passes by sleeping, or by a look that takes long."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def jitter(self) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("CREATED", _records.RUNNING),
        ("IN_PROGRESS", _records.RUNNING),
        ("IN_PROGRESS_IN_ERROR", _records.RUNNING),
        ("SUCCEEDED", _records.SUCCEEDED),
        ("FAILED", _records.FAILED),
    ],
)
def test_only_succeeded_and_failed_are_ends(status: str, verdict: str) -> None:
    assert _records.verdict(Record({"RecordId": "rec-1", "Status": status})) == verdict


@pytest.mark.parametrize("status", ["ABORTED", None])
def test_an_unknown_status_is_neither_running_nor_an_end(status: str | None) -> None:
    record = Record({"RecordId": "rec-1", "Status": status})
    assert _records.verdict(record) == _records.UNKNOWN
    failure = _waiting.problem(record, None, error=_records.unknown_status(record), way_on="Go on so.")
    assert isinstance(failure, WaitInterrupted)
    assert f"its status {status!r} is none of CREATED" in str(failure)


@pytest.mark.parametrize(
    ("waited", "fixed", "failures", "jitter", "pause"),
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
def test_the_pause_is_a_tenth_of_the_wait_or_as_fixed(
    waited: float, fixed: float | None, failures: int, jitter: float, pause: float
) -> None:
    assert _waiting.pause_before_look(waited, fixed, failures, jitter) == pytest.approx(pause)


def test_the_last_look_is_at_the_deadline() -> None:
    clock, looks = TableClock(), []  # type: ignore[var-annotated]
    assert _waiting.wait_until(lambda _until: bool(looks.append(clock.now)), Waiting(timeout=5), clock) is None
    assert looks == [102, 104, 105]


def test_a_timeout_of_zero_is_one_look() -> None:
    clock, looks = TableClock(), []  # type: ignore[var-annotated]
    assert _waiting.wait_until(lambda _until: bool(looks.append(clock.now)), Waiting(timeout=0), clock) is None
    assert looks == [100]


def test_a_look_that_hangs_over_the_deadline_is_the_last() -> None:
    clock, looks = TableClock(), []  # type: ignore[var-annotated]

    def hang(_until: float) -> bool:
        looks.append(clock.now)
        clock.now += 25
        raise GarbledAnswer("nothing came")

    assert isinstance(_waiting.wait_until(hang, Waiting(timeout=5), clock), GarbledAnswer)
    assert looks == [102]


def test_what_may_be_better_next_time_does_not_end_the_wait() -> None:
    clock = TableClock()
    answers: list[Exception | None] = [_error("ThrottlingException", 400)] * 12 + [_error("Whatever", 503), None]

    def look(_until: float) -> bool:
        answer = answers.pop(0)
        if answer:
            raise answer
        return True

    assert _waiting.wait_until(look, Waiting(timeout=1800), clock) is None
    assert answers == []
    assert clock.now - 100 <= 14 * 30


def test_what_will_not_be_better_ends_the_wait_at_once() -> None:
    clock = TableClock()

    def look(_until: float) -> bool:
        raise _error("ExpiredTokenException", 400)

    assert isinstance(_waiting.wait_until(look, Waiting(timeout=1800), clock), ClientError)
    assert clock.now == 102


RUNNING, ENDED, BROKEN = "IN_PROGRESS", "SUCCEEDED", "FAILED"


@pytest.mark.parametrize(
    ("status", "waits", "error", "said"),
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
            "not ended after 9 s (wait_timeout): it is IN_PROGRESS (Broken: It broke), and goes on.",
        ),
        (
            RUNNING,
            True,
            ("ThrottlingException", 400),
            "was not seen to end within 9 s (wait_timeout): when last read",
        ),
        (RUNNING, True, ("ThrottlingException", 400), "the last look failed: ThrottlingException: no. Go on so."),
        (RUNNING, True, ("ExpiredTokenException", 400), "can't be followed any further: ExpiredTokenException: no."),
    ],
)
def test_a_record_is_judged_by_its_status_first(
    status: str, waits: bool, error: tuple[str, int] | None, said: str | None
) -> None:
    detail = {"RecordId": "rec-1", "Status": status, "ProvisionedProductName": "db", "ProvisionedProductId": "pp-1"}
    errors = [] if status == ENDED else [{"Code": "Broken", "Description": "It broke."}]
    failure = _waiting.problem(
        Record({**detail, "RecordErrors": errors}),
        Waiting(9) if waits else None,
        error=_error(*error) if error else None,
        way_on="Go on so.",
    )
    assert (failure is None) == (said is None)
    assert (said or "") in str(failure)


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
    assert any(word in hint for hint in _records.hints(text, {}))
    assert any(word in hint for hint in _records.hints("", {"Reason": text}))


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
    assert _records.hints(text, {"A": None}) == []


def _error(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "DescribeRecord"
    )
